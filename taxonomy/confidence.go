package taxonomy

import (
	"context"
	"math"
	"slices"
)

const (
	mostSure = .99 // no guess is surer
	pull     = 10  // papers' worth of pull of a category's offset towards that of all
)

// calibrate fits how often a guess k is one of the paper's categories, given its
// probability p, on papers that were not learned from: logistic(offset_k +
// slope logit p), after Platt (1999). Some categories are guessed more surely
// than others; one with few guesses stays near the mean of all.
func (g *Guesser) calibrate(ctx context.Context, vectors []float32, categories [][]string) error {
	var guesses []outcome
	for i, of := range categories {
		if i%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if !slices.ContainsFunc(of, category.MatchString) {
			continue
		}
		if k, p := g.best(vectors[i*g.dim : (i+1)*g.dim]); k >= 0 {
			guesses = append(guesses, outcome{k, logit(p), slices.Contains(of, g.names[k])})
		}
	}
	mean, slope := 0., 0.
	offsets := make([]float64, len(g.names))
	for range calibrations {
		var num, den, up, down float64
		nums, dens := make([]float64, len(offsets)), make([]float64, len(offsets))
		for _, o := range guesses {
			q := 1 / (1 + math.Exp(-mean-offsets[o.guess]-slope*o.logit))
			r, v := -q, q*(1-q)
			if o.right {
				r++
			}
			num, den = num+r, den+v
			up, down = up+r*o.logit, down+v*o.logit*o.logit
			nums[o.guess], dens[o.guess] = nums[o.guess]+r, dens[o.guess]+v
		}
		// Half a Newton step in each, since they are not independent.
		mean += num / (den + 1) / 2
		slope = max(0, slope+up/(down+1)/2)
		for k := range offsets {
			offsets[k] += (nums[k] - pull/4*offsets[k]) / (dens[k] + pull/4) / 2
		}
	}
	g.slope = float32(slope)
	for k := range offsets {
		g.offsets[k] = float32(mean + offsets[k])
	}
	return nil
}

const calibrations = 60 // rounds of Newton's steps

// outcome is a guess on a paper whose categories are known.
type outcome struct {
	guess int
	logit float64 // of the guess's probability
	right bool
}

func (g *Guesser) confidence(k int, p float64) float32 {
	return float32(min(mostSure, 1/(1+math.Exp(-float64(g.offsets[k])-float64(g.slope)*logit(p)))))
}

func logit(p float64) float64 {
	p = min(max(p, 1e-6), 1-1e-6)
	return math.Log(p / (1 - p))
}
