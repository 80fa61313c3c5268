// Package lowrank computes truncated singular value decompositions by
// randomised subspace iteration (Halko, Martinsson and Tropp, 2011).
package lowrank

import (
	"context"
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/sparse"
)

// Defaults of [SVD].
const (
	Oversample = 10 // columns beyond the rank
	PowerIters = 5  // multiplications by A^T A, each followed by a QR step
)

// SVD returns the rank largest singular values of a [m x n], descending, with
// their left singular vectors U [m x rank] and right ones V [n x rank]; signs
// are free. The rank must be within 1..min(m, n).
func SVD(ctx context.Context, a *sparse.Matrix, rank int, rng *rand.Rand) (u *mat.Dense, s []float64, v *mat.Dense, err error) {
	k := min(rank+Oversample, a.Rows, a.Cols)
	if rank < 1 || rank > min(a.Rows, a.Cols) {
		return nil, nil, nil, fmt.Errorf("lowrank: rank %d of a %d x %d matrix", rank, a.Rows, a.Cols)
	}
	at := a.T()
	q := mat.NewDense(a.Cols, k, nil)
	for i := range a.Cols {
		for j := range k {
			q.Set(i, j, rng.NormFloat64())
		}
	}
	for i := range PowerIters {
		if err := ctx.Err(); err != nil {
			return nil, nil, nil, err
		}
		// Between the iterations a basis need only be well conditioned.
		passes := 1
		if i == PowerIters-1 {
			passes = 2
		}
		q = orthonormal(mul(at, mul(a, q)), passes)
	}
	// A ~ (A q) q^T: the small factor's decomposition is A's.
	var small mat.SVD
	if !small.Factorize(mul(a, q), mat.SVDThin) {
		return nil, nil, nil, fmt.Errorf("lowrank: the %d x %d factor has no decomposition", a.Rows, k)
	}
	var uk, vk, vn mat.Dense
	small.UTo(&uk)
	small.VTo(&vk)
	vn.Mul(q, &vk)
	return mat.DenseCopyOf(uk.Slice(0, a.Rows, 0, rank)), small.Values(nil)[:rank], mat.DenseCopyOf(vn.Slice(0, a.Cols, 0, rank)), nil
}

// mul is the product of a sparse and a dense matrix.
func mul(a *sparse.Matrix, x *mat.Dense) *mat.Dense {
	_, d := x.Dims()
	in := make([]float32, a.Cols*d)
	for i, v := range x.RawMatrix().Data {
		in[i] = float32(v)
	}
	out := make([]float32, a.Rows*d)
	a.Mul(out, in, d)
	y := mat.NewDense(a.Rows, d, nil)
	for i, v := range out {
		y.RawMatrix().Data[i] = float64(v)
	}
	return y
}

// orthonormal returns an orthonormal basis of the columns of y, with as many
// columns. It goes through the Gram matrix, which for tall matrices is much
// faster than Householder reflections and in two passes as exact (CholeskyQR2);
// columns that depend on each other fall back to the reflections.
func orthonormal(y *mat.Dense, passes int) *mat.Dense {
	for range passes {
		_, k := y.Dims()
		gram := mat.NewSymDense(k, nil)
		gram.SymOuterK(1, y.T())
		var chol mat.Cholesky
		if !chol.Factorize(gram) || chol.Cond() > 1e13 {
			return householder(y)
		}
		var r mat.TriDense
		chol.UTo(&r)
		var inv mat.TriDense
		if err := inv.InverseTri(&r); err != nil {
			return householder(y)
		}
		var next mat.Dense
		next.Mul(y, &inv)
		y = &next
	}
	return y
}

func householder(y *mat.Dense) *mat.Dense {
	m, k := y.Dims()
	var qr mat.QR
	qr.Factorize(y)
	var q mat.Dense
	qr.QTo(&q)
	return mat.DenseCopyOf(q.Slice(0, m, 0, k))
}
