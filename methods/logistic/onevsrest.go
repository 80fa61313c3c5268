package logistic

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"
)

// OneVsRest has a binary classifier for each label, for examples with several
// labels or none.
type OneVsRest struct {
	W *mat.Dense // [classes, dim+1]; the last column has the biases
}

// FitOneVsRest trains a binary classifier for each label on the rows of x
// [n, dim] and their labels, each within 0..classes-1: each minimises
//
//	|w|^2 / 2 + C sum_i log(1 + exp(-y_i w.(x_i, 1))),   y_i = 1 or -1
//
// where, unlike in [Fit], the bias is one more weight, as in LIBLINEAR. All are
// found together, by accelerated steps in the metric of the bound
// I + C/4 X^T X of their Hessians (Böhning and Lindsay, 1988): one Cholesky
// factor serves them all.
func FitOneVsRest(ctx context.Context, x *mat.Dense, labels [][]int, classes int, c float64) (*OneVsRest, error) {
	n, dim := x.Dims()
	if n != len(labels) || classes < 1 || !(c > 0) || math.IsInf(c, 1) {
		return nil, fmt.Errorf("logistic: %d rows, %d lists of labels of %d classes, C = %v", n, len(labels), classes, c)
	}
	y := mat.NewDense(n, classes, nil)
	for i, ls := range labels {
		for _, l := range ls {
			if l < 0 || l >= classes {
				return nil, fmt.Errorf("logistic: label %d of row %d is not within 0..%d", l, i, classes-1)
			}
			y.Set(i, l, 1)
		}
		if s := floats.Sum(x.RawRowView(i)); math.IsNaN(s) || math.IsInf(s, 0) {
			return nil, fmt.Errorf("logistic: row %d is not finite", i)
		}
	}
	x = withOne(x)
	var span *mat.Dense // an orthonormal basis of fewer rows than columns, which has the optimum
	if n < dim+1 {
		x, span = rowSpan(x)
	}
	_, size := x.Dims()
	gram := mat.NewSymDense(size, nil)
	gram.SymOuterK(c/4, x.T())
	for j := range size {
		gram.SetSym(j, j, gram.At(j, j)+1)
	}
	var bound mat.Cholesky
	if !bound.Factorize(gram) {
		return nil, fmt.Errorf("logistic: the rows are too large")
	}

	w := mat.NewDense(size, classes, nil) // a column each
	ahead := mat.DenseCopyOf(w)           // where the gradient is taken
	var z, grad, next, step mat.Dense
	momentum, first := 1.0, 0.0
	const maxSteps = 2000
	for k := range maxSteps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		z.Mul(x, ahead)
		z.Apply(func(i, j int, v float64) float64 { return c * (1/(1+math.Exp(-v)) - y.At(i, j)) }, &z)
		grad.Mul(x.T(), &z)
		grad.Add(&grad, ahead)
		length := mat.Norm(&grad, 2)
		if k == 0 {
			first = length
		}
		if length <= oneVsRestTolerance*first {
			break
		}
		if err := bound.SolveTo(&step, &grad); err != nil {
			return nil, fmt.Errorf("logistic: %w", err)
		}
		next.Sub(ahead, &step)
		// Where the momentum has come to point uphill, it starts anew.
		step.Sub(&next, w)
		if dot(&step, &grad) > 0 {
			momentum = 1
		}
		before := momentum
		momentum = (1 + math.Sqrt(1+4*before*before)) / 2
		ahead.Scale((before-1)/momentum, &step)
		ahead.Add(ahead, &next)
		w.Copy(&next)
	}
	if span != nil {
		w.Reset()
		w.Mul(span, ahead)
		ahead = w
	}
	return &OneVsRest{mat.DenseCopyOf(ahead.T())}, nil
}

// rowSpan writes x [n, d], n < d, as y basis^T with orthonormal columns in the
// basis [d, n].
func rowSpan(x *mat.Dense) (y, basis *mat.Dense) {
	n, _ := x.Dims()
	basis = mat.DenseCopyOf(x.T())
	a, tau, work := basis.RawMatrix(), make([]float64, n), []float64{0}
	lapack64.Geqrf(a, tau, work, -1) // asks for the length of work
	work = make([]float64, int(work[0]))
	lapack64.Geqrf(a, tau, work, len(work))
	y = mat.NewDense(n, n, nil)
	for i := range n {
		for j := range i + 1 {
			y.Set(i, j, basis.At(j, i))
		}
	}
	lapack64.Orgqr(a, tau, work, len(work))
	return y, basis
}

// oneVsRestTolerance is the share of the first gradient's length at which the
// optimum is found.
const oneVsRestTolerance = 1e-4

// Scores returns the rows' logits of the labels [n, classes].
func (m *OneVsRest) Scores(x *mat.Dense) (*mat.Dense, error) {
	_, dim := m.W.Dims()
	if _, d := x.Dims(); d != dim-1 {
		return nil, fmt.Errorf("logistic: rows of %d numbers for a model of %d", d, dim-1)
	}
	z := new(mat.Dense)
	z.Mul(withOne(x), m.W.T())
	return z, nil
}

// withOne returns x with a column of ones behind it.
func withOne(x *mat.Dense) *mat.Dense {
	n, dim := x.Dims()
	out := mat.NewDense(n, dim+1, nil)
	for i := range n {
		row := out.RawRowView(i)
		copy(row, x.RawRowView(i))
		row[dim] = 1
	}
	return out
}

// dot is the sum of the products of the entries.
func dot(a, b *mat.Dense) float64 { return floats.Dot(a.RawMatrix().Data, b.RawMatrix().Data) }
