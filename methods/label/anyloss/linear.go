package anyloss

import (
	"context"
	"fmt"
	"math"
)

// Linear is a linear classifier: the score of x is W x + B, and x is called
// positive where that is above 0.
type Linear struct {
	W []float64
	B float64
}

// Options say how [FitLinear] goes down the loss. The zero value has the defaults.
type Options struct {
	Steepness float64 // L; 0 for [Steepness]
	Rate      float64 // of the gradient descent; 0 for the paper's .1, less for long rows
	Steps     int     // over all examples; 0 for 1,000
}

// FitLinear fits a linear classifier to 1 - m by gradient descent over all
// examples at once, from all weights 0, as the paper does: x [n x dim] row by row,
// labels y [n], of which there must be both. It is not convex: features should be
// of the size of 1, and the result is one of its minima.
//
// Where the rate is too high for the features, one step throws all scores to where
// both sigmoids are flat, and nothing moves again. The default rate is therefore
// .1 divided by the mean squared length of a row, but at most .1.
func FitLinear(ctx context.Context, m Metric, x []float32, dim int, y []bool, o Options) (*Linear, error) {
	if dim < 1 || len(y) == 0 || len(x) != len(y)*dim {
		return nil, fmt.Errorf("anyloss: %d values are not %d rows of %d", len(x), len(y), dim)
	}
	if o.Steepness == 0 {
		o.Steepness = Steepness
	}
	if o.Steps == 0 {
		o.Steps = 1000
	}
	n := len(y)
	f, square, positives := make([]float64, len(x)), 0., 0
	for i, v := range x {
		f[i] = float64(v)
		square += f[i] * f[i]
	}
	for _, positive := range y {
		if positive {
			positives++
		}
	}
	if o.Rate == 0 {
		o.Rate = .1 / max(1, square/float64(n))
	}
	switch {
	case math.IsNaN(square) || math.IsInf(square, 0):
		return nil, fmt.Errorf("anyloss: a feature is not a finite number")
	case positives == 0 || positives == n:
		return nil, fmt.Errorf("anyloss: %d of %d examples are positive: both kinds are needed", positives, n)
	case o.Steps < 1 || !(o.Rate > 0) || math.IsInf(o.Rate, 0):
		return nil, fmt.Errorf("anyloss: %d steps at the rate %v", o.Steps, o.Rate)
	}
	// By hand: a step of 3,000 examples takes .08 ms, in a graph .12 ms, and that in
	// float32, where L is 33 at most.
	l := &Linear{W: make([]float64, dim)}
	z, grad := make([]float64, n), make([]float64, n)
	for range o.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i := range z {
			z[i] = l.score(f[i*dim : (i+1)*dim])
		}
		if _, err := Loss(m, o.Steepness, z, y, grad); err != nil {
			return nil, err
		}
		for i, g := range grad {
			g *= o.Rate
			l.B -= g
			for j, v := range f[i*dim : (i+1)*dim] {
				l.W[j] -= g * v
			}
		}
	}
	return l, nil
}

func (l *Linear) score(x []float64) float64 {
	z := l.B
	for j, v := range x {
		z += l.W[j] * v
	}
	return z
}

// Scores returns the scores of the rows of x [n x len(W)].
func (l *Linear) Scores(x []float32) ([]float64, error) {
	dim := len(l.W)
	if dim == 0 || len(x)%dim != 0 {
		return nil, fmt.Errorf("anyloss: %d values are not rows of %d", len(x), dim)
	}
	scores := make([]float64, len(x)/dim)
	for i := range scores {
		scores[i] = l.B
		for j, v := range x[i*dim : (i+1)*dim] {
			scores[i] += l.W[j] * float64(v)
		}
	}
	return scores, nil
}
