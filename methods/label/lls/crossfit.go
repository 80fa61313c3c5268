package lls

import (
	"context"
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/logistic"
)

// Discriminator learns which of some domains rows x come from, and returns the
// function that gives p(d|x) for other rows.
type Discriminator func(ctx context.Context, x *mat.Dense, domain []int, domains int) (func(x *mat.Dense) (*mat.Dense, error), error)

// Logistic is the discriminator of package logistic, with its constant C.
func Logistic(c float64) Discriminator {
	return func(ctx context.Context, x *mat.Dense, domain []int, domains int) (func(x *mat.Dense) (*mat.Dense, error), error) {
		m, err := logistic.Fit(ctx, x, domain, domains, c)
		if err != nil {
			return nil, err
		}
		return m.Probabilities, nil
	}
}

// CrossFit returns p(d|x) [n x domains] of the rows of x [n x dim], each by a
// discriminator that has not seen it, trained on the other folds of a random
// split. The domain of each row is within 0..domains-1. Scored by a
// discriminator that has seen them, rows would all be sure of their domain, and
// the simplex of (1) be lost.
func CrossFit(ctx context.Context, x *mat.Dense, domain []int, domains, folds int, f Discriminator, rng *rand.Rand) (*mat.Dense, error) {
	n, dim := x.Dims()
	if len(domain) != n || folds < 2 || folds > n {
		return nil, fmt.Errorf("lls: %d domains of %d rows in %d folds", len(domain), n, folds)
	}
	order := rng.Perm(n)
	out := mat.NewDense(n, domains, nil)
	for k := range folds {
		lo, hi := k*n/folds, (k+1)*n/folds
		train, test := mat.NewDense(n-(hi-lo), dim, nil), mat.NewDense(hi-lo, dim, nil)
		var from []int
		for i, row := range order {
			if i >= lo && i < hi {
				test.SetRow(i-lo, x.RawRowView(row))
			} else {
				train.SetRow(len(from), x.RawRowView(row))
				from = append(from, domain[row])
			}
		}
		scores, err := f(ctx, train, from, domains)
		if err != nil {
			return nil, fmt.Errorf("lls: fold %d: %w", k, err)
		}
		p, err := scores(test)
		if err != nil {
			return nil, fmt.Errorf("lls: fold %d: %w", k, err)
		}
		if pn, pd := p.Dims(); pn != hi-lo || pd != domains {
			return nil, fmt.Errorf("lls: fold %d: scores %d x %d of %d rows and %d domains", k, pn, pd, hi-lo, domains)
		}
		for i, row := range order[lo:hi] {
			out.SetRow(row, p.RawRowView(i))
		}
	}
	return out, nil
}
