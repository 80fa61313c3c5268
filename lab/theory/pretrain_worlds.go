package theory

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/theory/pretrain"
)

// The worlds in which the best prediction is linear in features that can be
// learned without labels: factors, and pairs.

const (
	// labelNoise is the variance of the noise in y.
	labelNoise = .25
	// labelDraws is how many samples of labels stand for each n, with each seed.
	labelDraws = 8
)

// linearWorld is a distribution in which the best prediction is linear in a few
// features that can be learned without labels.
type linearWorld struct {
	sizes
	d, r     int
	cov      *mat.SymDense
	best     []float64       // weights of the best prediction
	known    pretrain.Linear // the true features
	errorVar float64         // of y given x

	labelled func(n int, rng *rand.Rand) (x *mat.Dense, y []float64)
	// unlabelled draws the most points, and returns phase 1 on the first m of them.
	unlabelled func(rng *rand.Rand) func(ctx context.Context, m int) (pretrain.Linear, error)
	// fromLabelled is phase 1 on labelled points alone; nil where these say nothing.
	fromLabelled func(x *mat.Dense) (pretrain.Linear, error)
}

// frame is an orthonormal frame [d x r].
func frame(d, r int, rng *rand.Rand) *mat.Dense {
	var qr mat.QR
	qr.Factorize(mat.NewDense(d, r, normals(d*r, 1, rng)))
	var q mat.Dense
	qr.QTo(&q)
	return mat.DenseCopyOf(q.Slice(0, d, 0, r))
}

// direction is a random vector of length 1.
func direction(r int, rng *rand.Rand) []float64 {
	v := mat.NewVecDense(r, normals(r, 1, rng))
	v.ScaleVec(1/mat.Norm(v, 2), v)
	return v.RawVector().Data
}

// newFactorWorld is x = B z + mu with B = 2 Q, y = beta.z + nu.
func newFactorWorld(seed uint64, broken func(string) bool, full bool) (linearWorld, error) {
	d, r := 64, 4
	if full {
		d = 256
	}
	w := linearWorld{sizes: factorSizes, d: d, r: r}
	rng := random.New(seed, 1400)
	b := frame(d, r, rng)
	b.Scale(2, b)
	beta := direction(r, rng)
	truth, err := pretrain.NewFactor(b, 1)
	if err != nil {
		return w, err
	}
	w.known = truth.Linear
	w.best = truth.Weights(pretrain.Head{W: beta})
	w.errorVar = labelNoise + 1./5 // B^T B + 1 = 5 in every factor
	w.cov = mat.NewSymDense(d, nil)
	w.cov.SymOuterK(1, b)
	for i := range d {
		w.cov.SetSym(i, i, w.cov.At(i, i)+1)
	}
	draw := func(b *mat.Dense, n int, rng *rand.Rand) (x *mat.Dense, y []float64) {
		z, x := mat.NewDense(n, r, normals(n*r, 1, rng)), mat.NewDense(n, d, normals(n*d, 1, rng))
		var bz mat.Dense
		bz.Mul(z, b.T())
		x.Add(x, &bz)
		y = normals(n, math.Sqrt(labelNoise), rng)
		for i := range y {
			for j, v := range beta {
				y[i] += v * z.At(i, j)
			}
		}
		return x, y
	}
	w.labelled = func(n int, rng *rand.Rand) (*mat.Dense, []float64) { return draw(b, n, rng) }
	w.unlabelled = func(rng *rand.Rand) func(context.Context, int) (pretrain.Linear, error) {
		model := b
		if broken("foreign-points") {
			model = frame(d, r, rng)
			model.Scale(2, model)
		}
		x, _ := draw(model, slices.Max(w.ms), rng)
		return func(_ context.Context, m int) (pretrain.Linear, error) {
			switch {
			case broken("leak"):
				return w.known, nil
			case broken("smallest-directions"):
				return smallest(x.Slice(0, m, 0, d).(*mat.Dense), r)
			}
			f, err := pretrain.FactorMLE(x.Slice(0, m, 0, d).(*mat.Dense), r, 1)
			if err != nil {
				return pretrain.Linear{}, err
			}
			return f.Linear, nil
		}
	}
	w.fromLabelled = func(x *mat.Dense) (pretrain.Linear, error) {
		f, err := pretrain.FactorMLE(x, r, 1)
		if err != nil {
			return pretrain.Linear{}, err
		}
		return f.Linear, nil
	}
	return w, nil
}

// smallest are the directions in which points vary least.
func smallest(x *mat.Dense, r int) (pretrain.Linear, error) {
	_, d := x.Dims()
	s := mat.NewSymDense(d, nil)
	s.SymOuterK(1, x.T())
	var e mat.EigenSym
	if !e.Factorize(s, true) {
		return pretrain.Linear{}, fmt.Errorf("no eigenvectors of %d dimensions", d)
	}
	var v mat.Dense
	e.VectorsTo(&v)
	return pretrain.Linear{W: mat.DenseCopyOf(v.Slice(0, d, 0, r).T())}, nil
}

// newPairWorld is x ~ N(0, I), pairs alike with probability sigmoid(f(x).f(x')),
// f(x) = 1.5 Q^T x, and y = beta.Q^T x + nu.
func newPairWorld(seed uint64) linearWorld {
	const d, r, scale = 32, 3, 1.5
	w := linearWorld{sizes: pairSizes, d: d, r: r, errorVar: labelNoise}
	rng := random.New(seed, 1410)
	q := frame(d, r, rng)
	beta := direction(r, rng)
	w.known = pretrain.Linear{W: mat.DenseCopyOf(q.T())}
	w.best = w.known.Weights(pretrain.Head{W: beta})
	w.cov = mat.NewSymDense(d, nil)
	for i := range d {
		w.cov.SetSym(i, i, 1)
	}
	w.labelled = func(n int, rng *rand.Rand) (*mat.Dense, []float64) {
		x := mat.NewDense(n, d, normals(n*d, 1, rng))
		var xb mat.VecDense
		xb.MulVec(x, mat.NewVecDense(d, w.best))
		y := normals(n, math.Sqrt(labelNoise), rng)
		for i := range y {
			y[i] += xb.AtVec(i)
		}
		return x, y
	}
	w.unlabelled = func(rng *rand.Rand) func(context.Context, int) (pretrain.Linear, error) {
		n := slices.Max(w.ms)
		x, other := mat.NewDense(n, d, normals(n*d, 1, rng)), mat.NewDense(n, d, normals(n*d, 1, rng))
		var f, g mat.Dense
		f.Mul(x, q)
		g.Mul(other, q)
		alike := make([]bool, n)
		for i := range alike {
			alike[i] = rng.Float64() < 1/(1+math.Exp(-scale*scale*mat.Dot(f.RowView(i), g.RowView(i))))
		}
		return func(ctx context.Context, m int) (pretrain.Linear, error) {
			return pretrain.ContrastMLE(ctx, x.Slice(0, m, 0, d).(*mat.Dense), other.Slice(0, m, 0, d).(*mat.Dense), alike[:m], r, 50)
		}
	}
	return w
}
