package spd

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Var is a matrix, and the gradient of a loss by it: dL = sum_ij G_ij dX_ij. Of
// the gradient of a symmetric matrix the symmetric part counts.
type Var struct {
	X *mat.Dense
	G *mat.Dense // nil for a constant

	result bool   // of an operation: X will not change
	eigen  *eigen // of a result, once it was asked for
}

// NewVar returns a variable with the value of x and a gradient of 0: a parameter.
func NewVar(x mat.Matrix) *Var {
	r, c := x.Dims()
	return &Var{X: mat.DenseCopyOf(x), G: mat.NewDense(r, c, nil)}
}

// Detached is a constant with the variable's value.
func (v *Var) Detached() *Var { return &Var{X: v.X} }

// Const returns a variable that is not asked for a gradient: an input, or what
// counts as one.
func Const(x mat.Matrix) *Var { return &Var{X: mat.DenseCopyOf(x)} }

// add adds to the gradient.
func (v *Var) add(scale float64, g mat.Matrix) {
	if scale == 1 {
		v.G.Add(v.G, g)
		return
	}
	var d mat.Dense
	d.Scale(scale, g)
	v.G.Add(v.G, &d)
}

// Sym is the value as a symmetric matrix.
func (v *Var) Sym() *mat.SymDense { return symmetric(v.X) }

// Tape records operations on variables, to take them back with [Tape.Backward].
// The zero value is empty. Operations panic on shapes that do not fit, as
// gonum's do. It is for one goroutine at a time.
//
// Each operation here has its gradient by hand, since GoMLX has no
// eigendecompositions.
type Tape struct {
	back []func()
	err  error
}

// Err is the first thing that went wrong: a matrix that is not finite. What
// follows from it is 0.
func (t *Tape) Err() error { return t.err }

// Fail sets the error, if there is none yet.
func (t *Tape) Fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// Backward adds to the gradients of all variables what follows from the
// gradients of the results that were set, and empties the tape.
func (t *Tape) Backward() {
	for i := len(t.back) - 1; i >= 0; i-- {
		t.back[i]()
	}
	t.back = t.back[:0]
}

// record adds an operation on some variables with the result x. If none of them
// has a gradient, the result is a constant as well.
func (t *Tape) record(x *mat.Dense, back func(g *mat.Dense), of ...*Var) *Var {
	out := &Var{X: x, result: true}
	for _, v := range of {
		if v.G != nil {
			r, c := x.Dims()
			out.G = mat.NewDense(r, c, nil)
			t.back = append(t.back, func() { back(out.G) })
			break
		}
	}
	return out
}

// decompose returns the eigendecomposition of a symmetric matrix.
func (t *Tape) decompose(x *Var) *eigen {
	if x.eigen != nil {
		return x.eigen
	}
	e, err := decompose(x.Sym())
	if err != nil {
		t.Fail(err)
		n, _ := x.X.Dims()
		e = &eigen{make([]float64, n), mat.NewDense(n, n, nil)}
	}
	if x.result {
		x.eigen = e
	}
	return e
}

// Mul is A B.
func (t *Tape) Mul(a, b *Var) *Var {
	var x mat.Dense
	x.Mul(a.X, b.X)
	return t.record(&x, func(g *mat.Dense) {
		if a.G != nil {
			var d mat.Dense
			d.Mul(g, b.X.T())
			a.add(1, &d)
		}
		if b.G != nil {
			var d mat.Dense
			d.Mul(a.X.T(), g)
			b.add(1, &d)
		}
	}, a, b)
}

// Transpose is A^T.
func (t *Tape) Transpose(a *Var) *Var {
	return t.record(mat.DenseCopyOf(a.X.T()), func(g *mat.Dense) { a.add(1, g.T()) }, a)
}

// Congruence is A X A^T for a symmetric X.
func (t *Tape) Congruence(a, x *Var) *Var {
	var ax, y mat.Dense
	ax.Mul(a.X, x.X)
	y.Mul(&ax, a.X.T())
	return t.record(&y, func(g *mat.Dense) {
		var ga, d mat.Dense
		ga.Mul(symmetric(g), a.X)
		if x.G != nil {
			d.Mul(a.X.T(), &ga)
			x.add(1, &d)
		}
		if a.G != nil {
			d.Reset()
			d.Mul(&ga, x.X)
			a.add(2, &d)
		}
	}, a, x)
}

// Combine is a X + b Y.
func (t *Tape) Combine(a float64, x *Var, b float64, y *Var) *Var {
	var sum, scaled mat.Dense
	sum.Scale(a, x.X)
	scaled.Scale(b, y.X)
	sum.Add(&sum, &scaled)
	return t.record(&sum, func(g *mat.Dense) {
		if x.G != nil {
			x.add(a, g)
		}
		if y.G != nil {
			y.add(b, g)
		}
	}, x, y)
}

// Scale is c s X, where s is a variable of one number.
func (t *Tape) Scale(c float64, s, x *Var) *Var {
	var y mat.Dense
	y.Scale(c*s.X.At(0, 0), x.X)
	return t.record(&y, func(g *mat.Dense) {
		if s.G != nil {
			var d mat.Dense
			d.MulElem(g, x.X)
			s.G.Set(0, 0, s.G.At(0, 0)+c*mat.Sum(&d))
		}
		if x.G != nil {
			x.add(c*s.X.At(0, 0), g)
		}
	}, s, x)
}

// Hadamard is H * X, entry by entry, with a symmetric matrix of constants.
func (t *Tape) Hadamard(h mat.Matrix, x *Var) *Var {
	var y mat.Dense
	y.MulElem(h, x.X)
	return t.record(&y, func(g *mat.Dense) {
		var d mat.Dense
		d.MulElem(h, g)
		x.add(1, &d)
	}, x)
}

// Apply is f(X) of a symmetric matrix.
func (t *Tape) Apply(f Function, x *Var) *Var {
	e := t.decompose(x)
	y := mat.DenseCopyOf(e.apply(f.F))
	return t.record(y, func(g *mat.Dense) { x.add(1, e.differential(f, g)) }, x)
}

// Orthonormal is A (A^T A)^-1/2: the matrix with orthonormal columns nearest to A.
func (t *Tape) Orthonormal(a *Var) *Var {
	var gram mat.Dense
	gram.Mul(a.X.T(), a.X)
	square := t.record(&gram, func(g *mat.Dense) {
		var d mat.Dense
		d.Mul(a.X, g)
		a.add(2, &d)
	}, a)
	return t.Mul(a, t.Apply(Power(-.5), square))
}

// Operator is a root of the operator V -> (W V + V W)/2, or of its inverse:
// applied to V it multiplies its entries in W's eigenbasis by f(a_ij), with a_ij
// = (w_i + w_j)/2.
type Operator struct {
	f        func(a float64) float64
	quotient func(a, b float64) float64 // (f(a) - f(b)) / (a - b)
}

// Operators of a positive definite W.
var (
	// ToPoint moves a tangent vector from the identity to W: f = a^1/2.
	ToPoint = Operator{math.Sqrt, func(a, b float64) float64 { return 1 / (math.Sqrt(a) + math.Sqrt(b)) }}
	// InverseRoot is f = a^-1/2: it moves a tangent vector from W to the identity.
	InverseRoot = Operator{
		func(a float64) float64 { return 1 / math.Sqrt(a) },
		func(a, b float64) float64 {
			a, b = math.Sqrt(a), math.Sqrt(b)
			return -1 / (a * b * (a + b))
		},
	}
	// Inverse is f = 1/a: twice the solution L of W L + L W = V.
	Inverse = Operator{
		func(a float64) float64 { return 1 / a },
		func(a, b float64) float64 { return -1 / (a * b) },
	}
)

// Operate applies an operator of W to V, both symmetric. Its derivative by W is
// that of the operator, not of eigenvectors: it is as good where eigenvalues are
// equal.
func (t *Tape) Operate(o Operator, w, v *Var) *Var {
	e := t.decompose(w)
	f := func(a, b float64) float64 { return o.f(max((a+b)/2, floor)) }
	y := mat.DenseCopyOf(e.scale(v.X, f))
	return t.record(y, func(g *mat.Dense) {
		if v.G != nil {
			v.add(1, e.scale(g, f))
		}
		if w.G == nil {
			return
		}
		// dY_ij = sum_k (dW_ik V_kj q(a_ij, a_kj) + V_ik dW_kj q(a_ij, a_ik)) / 2
		// in the eigenbasis. The two parts are each other's transpose.
		n := len(e.w)
		var gb, vb, d mat.Dense
		gb.Product(e.u.T(), symmetric(g), e.u)
		vb.Product(e.u.T(), v.X, e.u)
		half := mat.NewDense(n, n, nil)
		for i := range n {
			for k := range n {
				sum := 0.0
				for j := range n {
					sum += gb.At(i, j) * vb.At(k, j) * o.quotient(max((e.w[i]+e.w[j])/2, floor), max((e.w[k]+e.w[j])/2, floor))
				}
				half.Set(i, k, sum)
			}
		}
		d.Product(e.u, symmetric(half), e.u.T())
		w.add(1, &d)
	}, w, v)
}
