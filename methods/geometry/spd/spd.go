// Package spd has geometries of the symmetric positive definite (SPD) matrices,
// such as covariances: functions of a matrix, distances, geodesics and means
// ([BuresWasserstein], [AffineInvariant], [LogEuclidean]), and a tape that
// differentiates compositions of them ([Tape]).
//
// With f(X) = U f(diag w) U^T for X = U diag(w) U^T, and the Lyapunov operator
// L_P[V] that solves P L + L P = V:
//
//	Bures-Wasserstein  d^2 = tr A + tr B - 2 tr (A^1/2 B A^1/2)^1/2,  g_P(V,V) = tr(V L_P[V]) / 2
//	affine-invariant   d^2 = |log(A^-1/2 B A^-1/2)|^2,                g_P(V,V) = |P^-1/2 V P^-1/2|^2
//	log-Euclidean      d^2 = |log A - log B|^2
//
// The first is generalised by a matrix M and deformed by a power theta: the
// distance of M^-1/2 A^theta M^-1/2 and M^-1/2 B^theta M^-1/2, over theta (Wang
// et al., 2025, arXiv:2504.00660). It works with roots in place of logarithms:
// its metric tensor at a matrix of condition number k has condition number k,
// that of the affine-invariant one k^2.
//
// All is float64 with eigendecompositions by gonum, which GoMLX has not; float32
// is too coarse from a condition number of about 1e5.
package spd

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Sqrt returns X^1/2 of a matrix that may be semi-definite.
func Sqrt(x *mat.SymDense) (*mat.SymDense, error) { return Pow(x, .5) }

// Pow returns X^p. For p < 0 the matrix must be positive definite.
func Pow(x *mat.SymDense, p float64) (*mat.SymDense, error) {
	e, err := decompose(x)
	if err != nil {
		return nil, err
	}
	if err := e.positive(p < 0); err != nil {
		return nil, err
	}
	return e.apply(powerOf(p)), nil
}

// powerOf is w^p, where rounding below 0 counts as 0.
func powerOf(p float64) func(w float64) float64 {
	if p == .5 {
		return func(w float64) float64 { return math.Sqrt(max(w, 0)) }
	}
	return func(w float64) float64 { return math.Pow(max(w, 0), p) }
}

// Log returns log X of a positive definite matrix.
func Log(x *mat.SymDense) (*mat.SymDense, error) {
	e, err := decompose(x)
	if err != nil {
		return nil, err
	}
	if err := e.positive(true); err != nil {
		return nil, err
	}
	return e.apply(math.Log), nil
}

// Exp returns exp X of any symmetric matrix.
func Exp(x *mat.SymDense) (*mat.SymDense, error) {
	e, err := decompose(x)
	if err != nil {
		return nil, err
	}
	return e.apply(math.Exp), nil
}

// Lyapunov returns the symmetric L with P L + L P = V, for a positive definite P.
func Lyapunov(p, v *mat.SymDense) (*mat.SymDense, error) {
	e, err := decompose(p)
	if err != nil {
		return nil, err
	}
	if err := e.positive(true); err != nil {
		return nil, err
	}
	if err := sameSize(p, v); err != nil {
		return nil, err
	}
	return e.scale(v, func(a, b float64) float64 { return 1 / (a + b) }), nil
}

// eigen is an eigendecomposition.
type eigen struct {
	w []float64  // ascending
	u *mat.Dense // vectors in the columns
}

func decompose(x *mat.SymDense) (*eigen, error) {
	var f mat.EigenSym
	if !finite(x.RawSymmetric().Data) || !f.Factorize(x, true) {
		return nil, fmt.Errorf("spd: a %d x %d matrix that is not finite", x.SymmetricDim(), x.SymmetricDim())
	}
	e := &eigen{w: f.Values(nil), u: new(mat.Dense)}
	f.VectorsTo(e.u)
	return e, nil
}

func finite(x []float64) bool {
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// positive says what is wrong with a matrix that should be positive definite, or
// semi-definite up to rounding.
func (e *eigen) positive(definite bool) error {
	least, most := e.w[0], e.w[len(e.w)-1]
	if definite && least <= 0 || least < -1e-12*most {
		return fmt.Errorf("spd: a matrix with eigenvalues from %g to %g is not positive", least, most)
	}
	return nil
}

// apply is U f(w) U^T.
func (e *eigen) apply(f func(float64) float64) *mat.SymDense {
	n := len(e.w)
	half := mat.NewDense(n, n, nil)
	for j, w := range e.w {
		v := f(w)
		for i := range n {
			half.Set(i, j, e.u.At(i, j)*v)
		}
	}
	var out mat.Dense
	out.Mul(half, e.u.T())
	return symmetric(&out)
}

// scale multiplies the entries of V in the eigenbasis by f(w_i, w_j), which must
// be symmetric.
func (e *eigen) scale(v mat.Matrix, f func(a, b float64) float64) *mat.SymDense {
	var in, out mat.Dense
	in.Product(e.u.T(), v, e.u)
	for i, a := range e.w {
		for j, b := range e.w {
			in.Set(i, j, in.At(i, j)*f(a, b))
		}
	}
	out.Product(e.u, &in, e.u.T())
	return symmetric(&out)
}

// symmetric is the symmetric part of a square matrix.
func symmetric(x *mat.Dense) *mat.SymDense {
	n, _ := x.Dims()
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, (x.At(i, j)+x.At(j, i))/2)
		}
	}
	return s
}

// congruence is A X A^T.
func congruence(a, x mat.Matrix) *mat.SymDense {
	var out mat.Dense
	out.Product(a, x, a.T())
	return symmetric(&out)
}

// sum is a A + b B.
func sum(a float64, x *mat.SymDense, b float64, y *mat.SymDense) *mat.SymDense {
	var s, t mat.SymDense
	s.ScaleSym(a, x)
	t.ScaleSym(b, y)
	s.AddSym(&s, &t)
	return &s
}

// frobenius2 is the sum of the squares of a matrix.
func frobenius2(x mat.Matrix) float64 { n := mat.Norm(x, 2); return n * n }

func identity(n int) *mat.SymDense {
	x := mat.NewSymDense(n, nil)
	for i := range n {
		x.SetSym(i, i, 1)
	}
	return x
}

func sameSize(xs ...*mat.SymDense) error {
	if len(xs) == 0 {
		return fmt.Errorf("spd: no matrices")
	}
	n := xs[0].SymmetricDim()
	for _, x := range xs {
		if x.SymmetricDim() != n {
			return fmt.Errorf("spd: a matrix of size %d among those of size %d", x.SymmetricDim(), n)
		}
	}
	return nil
}
