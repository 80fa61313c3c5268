// Package logistic is multinomial logistic regression with an L2 penalty: the
// weights W [classes x dim] and biases b minimise
//
//	|W|^2 / 2 + C sum_i CE(softmax(W x_i + b), y_i)
//
// where the biases are free of the penalty. It is the plain classifier on top of
// given features. The optimum is unique but for a constant in all the biases,
// and is found by Newton's method with conjugate gradients.
package logistic

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Model is a trained classifier.
type Model struct {
	W *mat.Dense // [classes, dim]
	B []float64  // [classes]
}

// Fit trains on the rows of x [n, dim] and their classes, each within
// 0..classes-1. C weighs the examples against the penalty: 1 is usual, more fits
// closer. Columns should be of similar size.
func Fit(ctx context.Context, x *mat.Dense, labels []int, classes int, c float64) (*Model, error) {
	return FitWeighted(ctx, x, labels, nil, classes, c)
}

// FitWeighted is [Fit] with each example's loss multiplied by a weight of its own,
// at least 0: a larger one for those of a rare class, for instance. Without
// weights all have 1.
func FitWeighted(ctx context.Context, x *mat.Dense, labels []int, weights []float64, classes int, c float64) (*Model, error) {
	n, _ := x.Dims()
	if weights != nil && len(weights) != n {
		return nil, fmt.Errorf("logistic: %d rows, %d weights", n, len(weights))
	}
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 1) {
			return nil, fmt.Errorf("logistic: weight %v of row %d is not a number from 0", w, i)
		}
	}
	if n != len(labels) || classes < 2 || !(c > 0) || math.IsInf(c, 1) {
		return nil, fmt.Errorf("logistic: %d rows, %d labels of %d classes, C = %v", n, len(labels), classes, c)
	}
	for i, y := range labels {
		if y < 0 || y >= classes {
			return nil, fmt.Errorf("logistic: label %d of row %d is not within 0..%d", y, i, classes-1)
		}
		if s := floats.Sum(x.RawRowView(i)); math.IsNaN(s) || math.IsInf(s, 0) {
			return nil, fmt.Errorf("logistic: row %d is not finite", i)
		}
	}
	o := &objective{x: x, labels: labels, weights: weights, c: c}
	w, err := o.minimise(ctx, classes)
	if err != nil {
		return nil, err
	}
	return model(w, classes), nil
}

// model is the model with the parameters w: the weights, then the biases.
func model(w []float64, classes int) *Model {
	cut := len(w) - classes
	return &Model{W: mat.NewDense(classes, cut/classes, w[:cut]), B: w[cut:]}
}

// Probabilities returns the rows' probabilities of the classes [n, classes].
func (m *Model) Probabilities(x *mat.Dense) (*mat.Dense, error) {
	_, dim := m.W.Dims()
	if _, d := x.Dims(); d != dim {
		return nil, fmt.Errorf("logistic: rows of %d numbers for a model of %d", d, dim)
	}
	p := m.logits(x)
	n, _ := p.Dims()
	for i := range n {
		softmax(p.RawRowView(i))
	}
	return p, nil
}

// Predict returns the rows' most probable classes.
func (m *Model) Predict(x *mat.Dense) ([]int, error) {
	p, err := m.Probabilities(x)
	if err != nil {
		return nil, err
	}
	n, _ := p.Dims()
	best := make([]int, n)
	for i := range best {
		best[i] = floats.MaxIdx(p.RawRowView(i))
	}
	return best, nil
}

func (m *Model) logits(x *mat.Dense) *mat.Dense {
	z := new(mat.Dense)
	z.Mul(x, m.W.T())
	n, _ := z.Dims()
	for i := range n {
		floats.Add(z.RawRowView(i), m.B)
	}
	return z
}

// softmax turns logits into probabilities and returns the log of their sum of
// exponentials.
func softmax(z []float64) float64 {
	lse := floats.LogSumExp(z)
	for k, v := range z {
		z[k] = math.Exp(v - lse)
	}
	return lse
}
