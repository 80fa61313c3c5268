package lls

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// NMFOptions of [NMF].
type NMFOptions struct {
	Restarts int // of which the best is kept (default 5)
	Sweeps   int // over all columns of W and rows of H (default 200)
	Seed     uint64
}

// NMF factorises a [n x m], not negative, into W [n x k] and H [k x m], not
// negative either, with the least sum of squares of A - W H that it finds: the
// residual. It updates a column of W or a row of H at a time (HALS, Cichocki and
// Phan, 2009),
//
//	W_y <- max(0, W_y + (A H_y^T - W H H_y^T) / |H_y|^2),
//
// from uniform random starts.
func NMF(ctx context.Context, a *mat.Dense, k int, o NMFOptions) (w, h *mat.Dense, residual float64, err error) {
	if o.Restarts == 0 {
		o.Restarts = 5
	}
	if o.Sweeps == 0 {
		o.Sweeps = 200
	}
	if a.IsEmpty() || k < 1 || o.Restarts < 1 || o.Sweeps < 1 {
		return nil, nil, 0, fmt.Errorf("lls: %d factors of an empty matrix or none, %d restarts of %d sweeps", k, o.Restarts, o.Sweeps)
	}
	n, m := a.Dims()
	for i := range n {
		for j := range m {
			if v := a.At(i, j); !(v >= 0) || math.IsInf(v, 1) {
				return nil, nil, 0, fmt.Errorf("lls: entry (%d, %d) to factorise is %v", i, j, v)
			}
		}
	}
	residual = math.Inf(1)
	rng := random.New(o.Seed, 3500)
	for range o.Restarts {
		if err := ctx.Err(); err != nil {
			return nil, nil, 0, err
		}
		// Products of the factors are as large as A's mean.
		size := 2 * math.Sqrt(mat.Sum(a)/float64(n*m*k))
		u, v := uniform(rng, n, k, size), uniform(rng, m, k, size) // W and H^T
		for range o.Sweeps {
			sweep(u, a, v)
			sweep(v, a.T(), u)
		}
		if e := misfit(a, u, v.T()); e < residual {
			w, h, residual = u, mat.DenseCopyOf(v.T()), e
		}
	}
	return w, h, residual, nil
}

// misfit is the sum of squares of A - W H.
func misfit(a, w, h mat.Matrix) float64 {
	var d mat.Dense
	d.Mul(w, h)
	d.Sub(a, &d)
	return math.Pow(mat.Norm(&d, 2), 2)
}

// sweep updates each column of w, for h^T.
func sweep(w *mat.Dense, a mat.Matrix, ht *mat.Dense) {
	var ah, hh mat.Dense
	ah.Mul(a, ht)
	hh.Mul(ht.T(), ht)
	n, k := w.Dims()
	for y := range k {
		if hh.At(y, y) == 0 {
			continue
		}
		for i := range n {
			step := ah.At(i, y)
			for j, v := range w.RawRowView(i) {
				step -= v * hh.At(j, y)
			}
			w.Set(i, y, max(0, w.At(i, y)+step/hh.At(y, y)))
		}
	}
}

func uniform(rng *rand.Rand, n, m int, size float64) *mat.Dense {
	u := mat.NewDense(n, m, nil)
	for i := range n * m {
		u.RawMatrix().Data[i] = size * rng.Float64()
	}
	return u
}

// rescale returns factors with the same product, of which the columns of the
// first have the sum 1. A column of zeros becomes uniform, and its row 0.
func rescale(w, h *mat.Dense) (c, q *mat.Dense) {
	c, q = mat.DenseCopyOf(w), mat.DenseCopyOf(h)
	k, r := q.Dims()
	for y := range k {
		sum := mat.Sum(w.ColView(y))
		for d := range r {
			q.Set(y, d, sum*q.At(y, d))
		}
	}
	normaliseColumns(c)
	return c, q
}
