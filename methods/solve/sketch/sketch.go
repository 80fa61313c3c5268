// Package sketch solves tall least-squares problems by random compression, with
// an error that is small in every coordinate (Song, Ye, Yin and Zhang, "A
// Nearly-Optimal Bound for Fast Regression with l-infinity Guarantee", 2023,
// arXiv:2302.00248). A dense and fast matrix S, the subsampled randomised
// Hadamard transform, shrinks the rows of A and b to about as many as A has
// columns; the error of the small problem's solution then spreads evenly over
// the coordinates, where sparse matrices can put all of it on a few.
//
// For A [n x d] of full column rank and b [n], with x* = argmin |A x - b|,
// S [m x n] drawn independently of both and x' = argmin |S A x - S b|,
//
//	|x' - x*|_inf <= eps/sqrt(d) |A x* - b|_2 |A^+|_2                        (1)
//
// with probability 1 - delta, if m >= eps^-2 d log^3(n/delta), and likewise for
// <a, x' - x*> with any fixed a of length 1. The proof needs of S that it embeds
// the column space, and that for fixed g and h
//
//	E[g^T S^T S h] = g^T h
//	E[(g^T S^T S h)^2] <= (g^T h)^2 + alpha/m |g|^2 |h|^2                     (2)
//	|g^T S^T S h - g^T h| <= beta/sqrt(m) |g| |h|  with probability 1 - delta
//
// with alpha = O(1) and beta a power of a logarithm: the oblivious
// coordinate-wise embedding, which [OCE] measures. The transform is
//
//	S = sqrt(n2/m) P H D                                                     (3)
//
// with n2 the next power of two, D random signs, H the orthonormal Hadamard
// matrix and P a choice of m rows.
//
// Differences from the paper: P draws rows without replacement, which shrinks
// the squared error by 1 - m/n2. Its analysis is of worst cases; [RowsFor] is the
// row count that the errors' normal limit suggests, [TheoremRows] the paper's.
package sketch

import (
	"errors"
	"fmt"

	"gonum.org/v1/gonum/lapack"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"
)

// Sketch is a random matrix S [m x n], fixed when it was made. It must be drawn
// without a look at what it is applied to.
type Sketch interface {
	// Dims returns m and n.
	Dims() (m, n int)
	// Apply returns S a [m x c] for a [n x c]. Another number of rows is an error.
	Apply(a *mat.Dense) (*mat.Dense, error)
	// MACs is the number of multiply-adds of applying S to c dense columns.
	MACs(c int) int64
}

// ErrRank says that a matrix has no full column rank, to working precision.
var ErrRank = errors.New("sketch: the matrix has no full column rank")

// LeastSquares returns x' [d] = argmin |S A x - S b| for a [n x d] and b [n]. The
// same S is applied to both, and the small problem is solved by QR. Shapes that
// do not fit and values that are not finite are errors. If S A has no full column
// rank, the error is [ErrRank] and x' the solution of least length.
func LeastSquares(s Sketch, a *mat.Dense, b []float64) ([]float64, error) {
	if err := check(a, b); err != nil {
		return nil, err
	}
	left, err := s.Apply(a)
	if err != nil {
		return nil, err
	}
	right, err := s.Apply(mat.NewDense(len(b), 1, b))
	if err != nil {
		return nil, err
	}
	return solve(beside(left, right.RawMatrix().Data))
}

// Exact returns x* [d] = argmin |A x - b| by QR, with the errors of
// [LeastSquares].
func Exact(a *mat.Dense, b []float64) ([]float64, error) {
	if err := check(a, b); err != nil {
		return nil, err
	}
	return solve(beside(a, b))
}

// ExactMACs is the number of multiply-adds of a QR of m x d, and so of [Exact].
func ExactMACs(m, d int) int64 { return int64(m) * int64(d) * int64(d) }

// beside returns [a b].
func beside(a *mat.Dense, b []float64) *mat.Dense {
	n, d := a.Dims()
	both := mat.NewDense(n, d+1, nil)
	for i := range n {
		copy(both.RawRowView(i), a.RawRowView(i))
		both.Set(i, d, b[i])
	}
	return both
}

// solve returns the solution for [A b] [m x (d+1)]. In its QR decomposition, R has
// A's factor in the first d columns, and Q^T b in the last.
func solve(both *mat.Dense) ([]float64, error) {
	m, c := both.Dims()
	d := c - 1
	if m < d {
		return nil, fmt.Errorf("sketch: %d rows for %d columns", m, d)
	}
	if m == d { // QR wants a tall matrix
		both = mat.DenseCopyOf(both.Grow(1, 0))
	}
	var qr mat.QR
	qr.Factorize(both)
	var r mat.Dense
	qr.RTo(&r)
	x := mat.Col(nil, d, r.Slice(0, d, 0, c))
	factor := mat.NewTriDense(d, mat.Upper, nil)
	for i := range d {
		for j := i; j < d; j++ {
			factor.SetTri(i, j, r.At(i, j))
		}
	}
	if rcond := lapack64.Trcon(lapack.MaxColumnSum, factor.RawTriangular(), make([]float64, 3*d), make([]int, d)); rcond > 1e-14 {
		v := mat.NewVecDense(d, x)
		if err := v.SolveVec(factor, v); err != nil {
			return nil, fmt.Errorf("sketch: %w", err)
		}
		return x, nil
	}
	var svd mat.SVD
	if !svd.Factorize(factor, mat.SVDThin) {
		return nil, ErrRank
	}
	rank := svd.Rank(1e-12)
	if rank == 0 {
		return make([]float64, d), ErrRank
	}
	var least mat.VecDense
	svd.SolveVecTo(&least, mat.NewVecDense(d, x), rank)
	return least.RawVector().Data, ErrRank
}

func check(a *mat.Dense, b []float64) error {
	n, d := a.Dims()
	if n == 0 || d == 0 || n != len(b) {
		return fmt.Errorf("sketch: %d values for a matrix of %d x %d", len(b), n, d)
	}
	for i := range n {
		for j, v := range a.RawRowView(i) {
			if v-v != 0 { // not finite
				return fmt.Errorf("sketch: a(%d, %d) is %v", i, j, v)
			}
		}
		if v := b[i]; v-v != 0 {
			return fmt.Errorf("sketch: b(%d) is %v", i, v)
		}
	}
	return nil
}

// checkSize says what is wrong with the size of a sketch.
func checkSize(n, m int) error {
	if n < 1 || m < 1 {
		return fmt.Errorf("sketch: %d rows for %d", m, n)
	}
	return nil
}

// checkRows says when a sketch of n columns does not fit a.
func checkRows(n int, a *mat.Dense) error {
	if r, _ := a.Dims(); r != n {
		return fmt.Errorf("sketch: of %d rows, applied to %d", n, r)
	}
	return nil
}
