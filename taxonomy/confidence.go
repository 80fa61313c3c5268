package taxonomy

import (
	"context"
	"math"
	"slices"
)

const (
	fewestToCalibrate = 50  // papers
	mostSure          = .99 // no guess is surer
)

// calibrate fits how often a guess is one of the paper's categories, given its
// probability p: logistic(a + b logit p), on papers that were not learned from
// (Platt, 1999). A pull towards b = 1 keeps few papers from deciding much.
func (g *Guesser) calibrate(ctx context.Context, vectors []float32, categories [][]string) error {
	var xs, ys []float64
	for i, of := range categories {
		if i%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if !slices.ContainsFunc(of, category.MatchString) {
			continue
		}
		k, p := g.best(vectors[i*g.dim : (i+1)*g.dim])
		if k < 0 {
			continue
		}
		y := 0.
		if slices.Contains(of, g.names[k]) {
			y = 1
		}
		xs, ys = append(xs, logit(p)), append(ys, y)
	}
	if len(xs) < fewestToCalibrate {
		return nil
	}
	a, b := 0., 1.
	for range 50 {
		ga, gb, aa, ab, bb := -a, 1-b, 1., 0., 1.
		for i, x := range xs {
			q := logistic(a + b*x)
			r, v := ys[i]-q, q*(1-q)
			ga, gb = ga+r, gb+r*x
			aa, ab, bb = aa+v, ab+v*x, bb+v*x*x
		}
		det := aa*bb - ab*ab
		da, db := (bb*ga-ab*gb)/det, (aa*gb-ab*ga)/det
		if math.IsNaN(da) || math.IsNaN(db) {
			return nil
		}
		a, b = a+da, b+db
		if math.Abs(da)+math.Abs(db) < 1e-9 {
			break
		}
	}
	g.scale = [2]float32{float32(a), float32(max(0, b))}
	return nil
}

func logistic(x float64) float64 { return min(mostSure, 1/(1+math.Exp(-x))) }

func logit(p float64) float64 {
	p = min(max(p, 1e-6), 1-1e-6)
	return math.Log(p / (1 - p))
}
