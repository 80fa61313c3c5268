package logistic

import (
	"context"
	"errors"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// tolerance is the share of the first gradient's length at which the optimum is
// found.
const tolerance = 1e-6

// objective is what is minimised.
type objective struct {
	x       *mat.Dense
	labels  []int
	weights []float64 // of the examples; nil for 1 each
	c       float64
}

// at returns the loss at the parameters w, its gradient, and the probabilities
// [n, classes].
func (o *objective) at(w []float64, classes int) (loss float64, grad []float64, p *mat.Dense) {
	p = model(w, classes).logits(o.x)
	diff := mat.NewDense(len(o.labels), classes, nil)
	for i, y := range o.labels {
		row := p.RawRowView(i)
		z := row[y]
		loss += o.weight(i) * (softmax(row) - z)
		copy(diff.RawRowView(i), row)
		diff.RawRowView(i)[y]--
	}
	weights := w[:len(w)-classes]
	loss = floats.Dot(weights, weights)/2 + o.c*loss
	return loss, o.back(diff, w, classes), p
}

func (o *objective) weight(i int) float64 {
	if o.weights == nil {
		return 1
	}
	return o.weights[i]
}

// back is C diff^T [x 1], with diff's rows weighted in place, plus the penalty's
// gradient at w.
func (o *objective) back(diff *mat.Dense, w []float64, classes int) []float64 {
	g := make([]float64, len(w))
	m := model(g, classes)
	if o.weights != nil {
		for i, v := range o.weights {
			floats.Scale(v, diff.RawRowView(i))
		}
	}
	m.W.Mul(diff.T(), o.x)
	for i := range o.labels {
		floats.Add(m.B, diff.RawRowView(i))
	}
	floats.Scale(o.c, g)
	cut := len(w) - classes
	floats.Add(g[:cut], w[:cut])
	return g
}

// curve is the product of the Hessian with a direction v.
func (o *objective) curve(v []float64, p *mat.Dense, classes int) []float64 {
	z := model(v, classes).logits(o.x)
	for i := range o.labels {
		row, pi := z.RawRowView(i), p.RawRowView(i)
		mean := floats.Dot(row, pi)
		for k := range row {
			row[k] = pi[k] * (row[k] - mean)
		}
	}
	return o.back(z, v, classes)
}

// minimise takes Newton steps, each from conjugate gradients that stop the
// sooner the farther the optimum is, and halved until the loss falls.
func (o *objective) minimise(ctx context.Context, classes int) ([]float64, error) {
	_, dim := o.x.Dims()
	w := make([]float64, classes*(dim+1))
	loss, grad, p := o.at(w, classes)
	first := floats.Norm(grad, 2)
	for range 100 {
		length := floats.Norm(grad, 2)
		if length <= tolerance*first {
			return w, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		step := o.solve(ctx, grad, p, classes, min(.1, math.Sqrt(length/first))*length)
		slope := floats.Dot(step, grad)
		next := make([]float64, len(w))
		size := 1.0
		for ; ; size /= 2 {
			floats.AddScaledTo(next, w, size, step)
			l, g, q := o.at(next, classes)
			if l <= loss+1e-4*size*slope {
				w, loss, grad, p = next, l, g, q
				break
			}
			if size < 1e-10 { // no lower in float64
				return w, nil
			}
		}
	}
	return nil, errors.New("logistic: no optimum in 100 Newton steps: are the columns of similar size?")
}

// solve returns s with |H s + grad| <= enough.
func (o *objective) solve(ctx context.Context, grad []float64, p *mat.Dense, classes int, enough float64) []float64 {
	s := make([]float64, len(grad))
	r := make([]float64, len(grad)) // -grad - H s
	floats.ScaleTo(r, -1, grad)
	d := append([]float64(nil), r...)
	rr := floats.Dot(r, r)
	for range 2 * len(grad) {
		if math.Sqrt(rr) <= enough || ctx.Err() != nil {
			break
		}
		h := o.curve(d, p, classes)
		curvature := floats.Dot(d, h)
		if !(curvature > 0) { // the constant in the biases, or rounding
			break
		}
		a := rr / curvature
		floats.AddScaled(s, a, d)
		floats.AddScaled(r, -a, h)
		next := floats.Dot(r, r)
		floats.Scale(next/rr, d)
		floats.Add(d, r)
		rr = next
	}
	return s
}
