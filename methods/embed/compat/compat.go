// Package compat keeps the vectors of successive versions of an embedding model
// comparable, so that a new model can search what an old one has stored
// (Stationary Representations: Optimally Approximating Compatibility and
// Implications for Improved Model Replacements, 2024, arXiv:2405.02581). All
// versions are trained against the same fixed classifier, whose class vectors
// are the corners of a regular simplex; a contrastive term (HOC) ties a version
// to the one before it, and alone serves where there are no classes.
//
// A new model is compatible with an old one if, for all examples i and j,
//
//	same class:    |new(x_i) - old(x_j)| <= |old(x_i) - old(x_j)|
//	other classes: |new(x_i) - old(x_j)| >= |old(x_i) - old(x_j)|,
//
// of which a search says: new queries find more among the old vectors than old
// queries do ([Matrix], [Evaluate]). The classifier W [K x K-1] has
//
//	w_i . w_i = 1,   w_i . w_j = -1/(K-1),   sum_i w_i = 0,
//
// more corners than classes, logits W f without a bias for features f of any
// length, and is never trained. A class has its corner for ever ([Vertices]).
// With features z = f/|f| of a batch with classes y, the losses are
//
//	L_hoc = mean_i ( -mu z_i^old . z_i^new
//	                 + log sum_{j: y_j != y_i} exp(mu z_i^old . z_j^new) )
//	L     = lambda CE(W f, y) + (1 - lambda) L_hoc,   mu = 10, lambda = .1.
//
// Differences from the paper and its code: the logits need no product, for W is
// a shift and a scale of the coordinates ([SimplexLogits]); classes get corners
// from the first on, not from the last; and examples of the same class are left
// out of the sum, as the formula says, where the code multiplies their
// similarity by 0, which adds 1 for each ([HOC] has both).
package compat

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Procrustes returns the orthogonal matrix R [dim x dim] for which from R is
// nearest to "to" in the squared distance. Both are [n x dim], row i of one
// belonging to row i of the other. It is what can be done for models that were
// trained without regard to each other.
func Procrustes(from, to []float32, dim int) (*mat.Dense, error) {
	if dim < 1 || len(from) == 0 || len(from)%dim != 0 || len(to) != len(from) {
		return nil, fmt.Errorf("compat: a rotation of %d values to %d, in rows of %d", len(from), len(to), dim)
	}
	n := len(from) / dim
	wide := func(x []float32) *mat.Dense {
		m := mat.NewDense(n, dim, nil)
		for i, v := range x {
			m.RawMatrix().Data[i] = float64(v)
		}
		return m
	}
	var cross, u, v, r mat.Dense
	cross.Mul(wide(from).T(), wide(to))
	var svd mat.SVD
	if !svd.Factorize(&cross, mat.SVDFull) {
		return nil, fmt.Errorf("compat: no singular values of %d rows: are all finite?", n)
	}
	svd.UTo(&u)
	svd.VTo(&v)
	r.Mul(&u, v.T())
	return &r, nil
}
