package diffumatch

import (
	"context"
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/geometry/funcmap"
)

// Loss is a loss of a map [k x k] with its gradient.
type Loss func(c *mat.Dense) (loss float64, gradient *mat.Dense, err error)

// Loss is the distillation as a loss: the mean of (|C| - target)^2 / 2 for the
// target |C| - G, in which no gradient goes through the target. Its gradient is
// sign(C) G / k^2; see [Prior.Gradient] for the noise and the draws.
func (p *Prior) Loss(noise float64, draws int, rng *rand.Rand) Loss {
	return func(c *mat.Dense) (float64, *mat.Dense, error) {
		g, err := p.Gradient(c, noise, draws, rng)
		if err != nil {
			return 0, nil, err
		}
		n := float64(p.k * p.k)
		norm := mat.Norm(g, 2)
		g.Scale(1/n, g)
		return norm * norm / (2 * n), g, nil
	}
}

// RefineConfig says how a map is refined. Zero values take the defaults.
type RefineConfig struct {
	Weight float64 // of the loss; .1
	Steps  int     // of Adam; 100
	LR     float64 // at first; falls linearly to a tenth; .02
}

// Refine minimises over the entries of a map |C A - B|^2 / k^2 for descriptors
// a, b [k x p] plus a weighted loss, from a start [k x k].
func Refine(ctx context.Context, start, a, b *mat.Dense, loss Loss, c RefineConfig) (*mat.Dense, error) {
	if c.Weight == 0 {
		c.Weight = .1
	}
	if c.Steps == 0 {
		c.Steps = 100
	}
	if c.LR == 0 {
		c.LR = .02
	}
	if c.Steps < 0 || !(c.LR > 0) || !(c.Weight > 0) {
		return nil, fmt.Errorf("diffumatch: %d steps, learning rate %v, weight %v", c.Steps, c.LR, c.Weight)
	}
	k, p := a.Dims()
	if r, cols := b.Dims(); r != k || cols != p {
		return nil, fmt.Errorf("diffumatch: descriptors of %d x %d and %d x %d", k, p, r, cols)
	}
	if r, cols := start.Dims(); r != k || cols != k {
		return nil, fmt.Errorf("diffumatch: a map of %d x %d from descriptors of %d", r, cols, k)
	}
	m := mat.DenseCopyOf(start)
	entries := m.RawMatrix().Data
	w, gradient := make([]float32, k*k), make([]float32, k*k)
	for i, v := range entries {
		w[i] = float32(v)
	}
	opt := adam.New(k*k, c.LR)
	for step := range c.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		_, g, err := loss(m)
		if err != nil {
			return nil, err
		}
		var e, fit mat.Dense
		e.Mul(m, a)
		e.Sub(&e, b)
		fit.Mul(&e, a.T())
		for i, v := range fit.RawMatrix().Data {
			gradient[i] = float32(2*v/float64(k*k) + c.Weight*g.RawMatrix().Data[i])
		}
		opt.LR = c.LR * (1 - .9*float64(step)/float64(c.Steps))
		opt.Step(w, gradient)
		for i, v := range w {
			entries[i] = float64(v)
		}
	}
	return m, nil
}

// MatchConfig says how features are optimised. Zero values take the defaults.
type MatchConfig struct {
	Lambda float64 // weight of the penalty; .1
	Steps  int     // of Adam; 100
	LR     float64 // .01
}

// Match optimises the features of one pair of shapes under a loss of its map, and
// returns the map that comes out: there is no training set. Features are
// descriptors a, b [k x p] times a matrix W [p x p], the same for both shapes, at
// first the identity; the map is that of [funcmap.Solve] with a penalty [k x k].
func Match(ctx context.Context, a, b, penalty *mat.Dense, loss Loss, c MatchConfig) (*mat.Dense, error) {
	if c.Lambda == 0 {
		c.Lambda = .1
	}
	if c.Steps == 0 {
		c.Steps = 100
	}
	if c.LR == 0 {
		c.LR = .01
	}
	if c.Steps < 0 || !(c.LR > 0) {
		return nil, fmt.Errorf("diffumatch: %d steps, learning rate %v", c.Steps, c.LR)
	}
	_, p := a.Dims()
	w, gradient := make([]float32, p*p), make([]float32, p*p)
	for i := range p {
		w[i*p+i] = 1
	}
	opt := adam.New(p*p, c.LR)
	features := func() (*funcmap.Solution, error) {
		layer := mat.NewDense(p, p, nil)
		for i, v := range w {
			layer.RawMatrix().Data[i] = float64(v)
		}
		var fa, fb mat.Dense
		fa.Mul(a, layer)
		fb.Mul(b, layer)
		return funcmap.Solve(&fa, &fb, penalty, c.Lambda)
	}
	if r, cols := b.Dims(); cols != p {
		return nil, fmt.Errorf("diffumatch: %d descriptors and %d x %d", p, r, cols)
	}
	for range c.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s, err := features()
		if err != nil {
			return nil, err
		}
		_, g, err := loss(s.C)
		if err != nil {
			return nil, err
		}
		da, db, err := s.Gradients(g)
		if err != nil {
			return nil, err
		}
		var dw, more mat.Dense
		dw.Mul(a.T(), da)
		more.Mul(b.T(), db)
		dw.Add(&dw, &more)
		for i, v := range dw.RawMatrix().Data {
			gradient[i] = float32(v)
		}
		opt.Step(w, gradient)
	}
	s, err := features()
	if err != nil {
		return nil, err
	}
	return s.C, nil
}
