package gendyn

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// rankTol is the size of an eigenvalue of X X^T, relative to the largest, below
// which it counts as 0: what rounding leaves of one.
const rankTol = 1e-12

// Flow is gradient flow on given samples: their eigen-system, from which every
// moment of training follows without steps.
type Flow struct {
	Lam []float64  // positive eigenvalues of X X^T, ascending
	U   *mat.Dense // their modes in the columns [N x rank]
	x   *mat.Dense
}

// NewFlow decomposes samples X [N x P], one in each column. It costs the
// eigen-decomposition of a square matrix of the smaller side.
func NewFlow(x *mat.Dense) (*Flow, error) {
	if x == nil || x.IsEmpty() {
		return nil, fmt.Errorf("gendyn: no samples")
	}
	n, p := x.Dims()
	for i := range n {
		for _, v := range x.RawRowView(i) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("gendyn: the %d x %d samples are not all finite", n, p)
			}
		}
	}
	m := min(n, p)
	gram := mat.NewSymDense(m, nil)
	if p < n {
		gram.SymOuterK(1, x.T())
	} else {
		gram.SymOuterK(1, x)
	}
	var e mat.EigenSym
	if !e.Factorize(gram, true) {
		return nil, fmt.Errorf("gendyn: no eigenvalues of %d x %d samples", n, p)
	}
	lam := e.Values(nil)
	zero := 0
	for zero < m && lam[zero] <= rankTol*lam[m-1] {
		zero++
	}
	if zero == m {
		return nil, fmt.Errorf("gendyn: all of the %d x %d samples are 0", n, p)
	}
	var v mat.Dense
	e.VectorsTo(&v)
	f := &Flow{Lam: lam[zero:], U: mat.DenseCopyOf(v.Slice(0, m, zero, m)), x: x}
	if p < n { // modes of X^T X: those of X X^T are X v / sqrt(l)
		var u mat.Dense
		u.Mul(x, f.U)
		for i := range n {
			for j, l := range f.Lam {
				u.Set(i, j, u.At(i, j)/math.Sqrt(l))
			}
		}
		f.U = &u
	}
	return f, nil
}

// Frozen is the dimension of the subspace in which weights never move: N less
// the rank of X.
func (f *Flow) Frozen() int {
	n, r := f.U.Dims()
	return n - r
}

// Path is a student's way on the samples of a flow.
type Path struct {
	flow   *Flow
	w0     []float64
	z0, to []float64 // modes at the start and at the end
}

// Path starts a student with weights w0 [N] on labels y [P]; nil is 0.
func (f *Flow) Path(y, w0 []float64) (*Path, error) {
	n, p := f.x.Dims()
	if w0 == nil {
		w0 = make([]float64, n)
	}
	if len(y) != p || len(w0) != n {
		return nil, fmt.Errorf("gendyn: %d labels and %d weights for %d x %d samples", len(y), len(w0), n, p)
	}
	_, r := f.U.Dims()
	var xy, b, z mat.VecDense
	xy.MulVec(f.x, mat.NewVecDense(p, y))
	b.MulVec(f.U.T(), &xy)
	z.MulVec(f.U.T(), mat.NewVecDense(n, w0))
	path := &Path{flow: f, w0: w0, z0: z.RawVector().Data, to: make([]float64, r)}
	for i, l := range f.Lam {
		path.to[i] = b.AtVec(i) / l
		if math.IsNaN(path.to[i]) || math.IsNaN(path.z0[i]) {
			return nil, fmt.Errorf("gendyn: labels or weights are not all numbers")
		}
	}
	return path, nil
}

// Modes are the coordinates of w(t) - w(0) in the columns of [Flow.U], equation
// (1), at time t >= 0 or +Inf.
func (p *Path) Modes(t float64) []float64 {
	z := make([]float64, len(p.to))
	for i, l := range p.flow.Lam {
		z[i] = -math.Expm1(-l*t) * (p.to[i] - p.z0[i])
	}
	return z
}

// Weights are w(t) [N], at time t >= 0 or +Inf.
func (p *Path) Weights(t float64) []float64 {
	return p.flow.from(p.w0, p.Modes(t))
}

// Ridge are the weights (X X^T + penalty I)^{-1} X y [N], for a penalty >= 0.
func (p *Path) Ridge(penalty float64) []float64 {
	z := make([]float64, len(p.to))
	for i, l := range p.flow.Lam {
		z[i] = p.to[i] * l / (l + penalty)
	}
	return p.flow.from(make([]float64, len(p.w0)), z)
}

func (f *Flow) from(w0, modes []float64) []float64 {
	var w mat.VecDense
	w.MulVec(f.U, mat.NewVecDense(len(modes), modes))
	out := w.RawVector().Data
	for i, v := range w0 {
		out[i] += v
	}
	return out
}

// Descend runs plain gradient descent on samples X [N x P] and labels y [P],
// from w0 [N], and returns the weights after each of the numbers of steps, which
// must ascend. Steps of a rate move time by that rate; it must stay below 2 over
// the largest eigenvalue of X X^T.
func Descend(ctx context.Context, x *mat.Dense, y, w0 []float64, rate float64, after []int) ([][]float64, error) {
	n, p := x.Dims()
	if len(y) != p || len(w0) != n || !(rate > 0) {
		return nil, fmt.Errorf("gendyn: descent at rate %v with %d labels and %d weights for %d x %d samples", rate, len(y), len(w0), n, p)
	}
	w := mat.NewVecDense(n, append([]float64{}, w0...))
	var residual, gradient mat.VecDense
	labels := mat.NewVecDense(p, y)
	out := make([][]float64, 0, len(after))
	done := 0
	for _, steps := range after {
		if steps < done {
			return nil, fmt.Errorf("gendyn: weights after %d steps, asked for after those of %d", steps, done)
		}
		for ; done < steps; done++ {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			residual.MulVec(x.T(), w)
			residual.SubVec(labels, &residual)
			gradient.MulVec(x, &residual)
			w.AddScaledVec(w, rate, &gradient)
		}
		out = append(out, append([]float64{}, w.RawVector().Data...))
	}
	return out, nil
}
