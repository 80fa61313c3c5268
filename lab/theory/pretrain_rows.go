package theory

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/theory/pretrain"
)

// What is measured in a world: pretraining beside the rows that it is held
// against.

// penalties are those that the oracle's ridge chooses from.
var penalties = logGrid(-1, 4, 16)

// measure has all rows on the world.
func (w linearWorld) measure(ctx context.Context, r *lab.Run, seed uint64) error {
	rng := random.New(seed, 1401)
	phase1 := w.unlabelled(rng)
	learned := make([]pretrain.Linear, len(w.ms))
	for i, m := range w.ms {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if learned[i], err = phase1(ctx, m); err != nil {
			return err
		}
	}
	guess := pretrain.Linear{W: mat.DenseCopyOf(frame(w.d, w.r, rng).T())}
	for _, n := range w.ns {
		risks := map[string]float64{}
		pretrained := make([]float64, len(w.ms))
		for range labelDraws {
			if err := ctx.Err(); err != nil {
				return err
			}
			x, y := w.labelled(n, rng)
			ols, best, err := w.ridges(x, y)
			if err != nil {
				return err
			}
			risks[variantOLS] += ols / labelDraws
			risks[variantRidgeBest] += best / labelDraws
			linear := map[string]pretrain.Linear{variantKnown: w.known, variantRandom: guess}
			if w.fromLabelled != nil {
				if linear[variantLabelled], err = w.fromLabelled(x); err != nil {
					return err
				}
			}
			for name, l := range linear {
				e, err := w.excess(l, x, y)
				if err != nil {
					return err
				}
				risks[name] += e / labelDraws
			}
			for i, l := range learned {
				e, err := w.excess(l, x, y)
				if err != nil {
					return err
				}
				pretrained[i] += e / labelDraws
			}
		}
		for i, m := range w.ms {
			r.Metric(w.risk(m, n), variantPretrained, seed, pretrained[i], "")
			for _, name := range []string{variantKnown, variantRidgeBest, variantOLS, variantLabelled, variantRandom} {
				if v, ok := risks[name]; ok {
					r.Metric(w.risk(m, n), name, seed, v, "")
				}
			}
		}
	}
	return nil
}

// excess is the excess risk of a head on features.
func (w linearWorld) excess(l pretrain.Linear, x *mat.Dense, y []float64) (float64, error) {
	h, err := pretrain.FitHead(l, x, y, 1e-9)
	if err != nil {
		return 0, err
	}
	return pretrain.ExcessRisk(l.Weights(h), w.best, w.cov)
}

// ridges are the excess risks of least squares on all dimensions, by the smallest
// norm where there are fewer labels, and of ridge with the best of the penalties.
func (w linearWorld) ridges(x *mat.Dense, y []float64) (ols, best float64, err error) {
	paths, err := newRidge(x, y)
	if err != nil {
		return 0, 0, err
	}
	if ols, err = pretrain.ExcessRisk(paths.weights(0), w.best, w.cov); err != nil {
		return 0, 0, err
	}
	best = math.Inf(1)
	for _, p := range penalties {
		e, err := pretrain.ExcessRisk(paths.weights(p), w.best, w.cov)
		if err != nil {
			return 0, 0, err
		}
		best = min(best, e)
	}
	return ols, best, nil
}

// ridge is ridge regression with any penalty, by one decomposition.
type ridge struct {
	values []float64
	v      mat.Dense
	z      mat.VecDense // V^T X^T y
}

func newRidge(x *mat.Dense, y []float64) (*ridge, error) {
	n, d := x.Dims()
	s := mat.NewSymDense(d, nil)
	s.SymOuterK(1, x.T())
	var e mat.EigenSym
	if !e.Factorize(s, true) {
		return nil, fmt.Errorf("no eigenvalues of %d points in %d dimensions", n, d)
	}
	r := &ridge{values: e.Values(nil)}
	e.VectorsTo(&r.v)
	var xy mat.VecDense
	xy.MulVec(x.T(), mat.NewVecDense(n, y))
	r.z.MulVec(r.v.T(), &xy)
	return r, nil
}

func (r *ridge) weights(penalty float64) []float64 {
	d := len(r.values)
	z := mat.NewVecDense(d, nil)
	for i, l := range r.values {
		if l > 1e-10*r.values[d-1] {
			z.SetVec(i, r.z.AtVec(i)/(l+penalty))
		}
	}
	var w mat.VecDense
	w.MulVec(&r.v, z)
	return w.RawVector().Data
}
