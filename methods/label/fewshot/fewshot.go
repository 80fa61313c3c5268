// Package fewshot labels many points from a handful of examples a class, by
// clustering all of them together (Ziko, Boudiaf, Dolz, Granger and Ben Ayed,
// "Transductive Few-Shot Learning: Clustering is All You Need?", 2021,
// arXiv:2106.09516). One objective has a term for the distance to class
// prototypes, one for neighbours that should agree, and labels that are held
// fixed; one solver covers seeded K-means, K-modes and their Laplacian versions.
//
// Points x_p, p = 1..N, have rows s_p of S [N x K] on the simplex; those of the
// examples are fixed, s_p = one-hot(y_p). With prototypes M = (m_k) and
// affinities W [N x N],
//
//	E(S, M) = sum_p s_p.a_p - (lambda/2) sum_pq w_pq s_p.s_q,               (1)
//	a_pk = |x_p - m_k|^2                          means,                    (2)
//	a_pk = -exp(-|x_p - m_k|^2 / (2 sigma^2))     modes.
//
// Relaxed, a barrier keeps s_p in the simplex, and the second part is concave:
//
//	F(S, M) = E(S, M) + sum_p s_p.log s_p.                                  (3)
//
// Its tangent at S bounds it from above; the bound falls apart into the points:
//
//	s_p <- softmax(-a_p + lambda (W S)_p).                                  (4)
//
// Rounds of prototypes, then steps (4) until F stands still, are [Solve].
// [Assign] prepares it for examples and queries.
//
// Unlike the authors' code, W is symmetric and has the factor lambda/2 in the
// objective, so that (4) lowers what is printed; examples keep their label in
// every step, not only in the first of a round; and [Options.Monotone] has the
// form for which the descent is guaranteed from the first step to the last.
package fewshot

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/sparse"
)

// Unlabelled is the label of a point that is to be labelled.
const Unlabelled = -1

// Mode is the kind of prototype.
type Mode int

// The kinds of prototypes of equation (2).
const (
	Means Mode = iota // the mean of a class
	Modes             // its densest place, found by mean shift
)

// Options choose among the methods that the objective covers. The zero value is
// seeded K-means.
type Options struct {
	Lambda float64 // weight of the neighbours; 0: K-means or K-modes. About 1 is strong for vectors of length 1
	Mode   Mode
	Sigma  float64 // width of the modes' kernel; 0: see [Bandwidth]

	// Affinity is W, symmetric and not negative; nil, with a Lambda, links each
	// point to its nearest Neighbours (default 2), see [KNNAffinity].
	Affinity   *sparse.Matrix
	Neighbours int

	// CenterShift moves the queries of [Assign] so that their mean is that of
	// the examples. It helps where both have the same share of each class, and
	// hurts where they have not.
	CenterShift bool

	// Monotone makes every step lower the relaxed objective F, whatever W is:
	// prototypes come from the soft assignment, which goes on where the last
	// round left it, and W + delta I stands in place of W, which changes nothing
	// for whole labels, and is convex with delta the largest sum of a row. A
	// large delta holds on to first guesses: for labels alone, leave it off.
	Monotone bool

	MaxOuter int // rounds (default 100)
	MaxInner int // steps (4) in a round (default 600)

	fixed bool // prototypes stay
}

// withDefaults fills in the zero values, or says what is wrong.
func (o Options) withDefaults() (Options, error) {
	if !(o.Lambda >= 0) || !(o.Sigma >= 0) || o.Neighbours < 0 || o.MaxOuter < 0 || o.MaxInner < 0 {
		return o, fmt.Errorf("fewshot: lambda %v, sigma %v, %d neighbours, at most %d rounds of %d steps: none may be negative", o.Lambda, o.Sigma, o.Neighbours, o.MaxOuter, o.MaxInner)
	}
	if o.Mode != Means && o.Mode != Modes {
		return o, fmt.Errorf("fewshot: unknown mode %d", o.Mode)
	}
	for _, d := range []struct {
		value *int
		or    int
	}{{&o.Neighbours, 2}, {&o.MaxOuter, 100}, {&o.MaxInner, 600}} {
		if *d.value == 0 {
			*d.value = d.or
		}
	}
	return o, nil
}

// Result is what [Solve] and [Assign] found. Of Assign, Labels and Soft are the
// queries' alone.
type Result struct {
	Labels     []int      // [N]
	Soft       *mat.Dense // S [N x K]; without neighbours the softmax of -a
	Prototypes *mat.Dense // M [K x D], in the space of the points that were clustered
	First      *mat.Dense // the prototypes at the start

	Energy  []float64   // E of the labels after each round
	Relaxed [][]float64 // F in each round: with its prototypes, then after each step
}

// Assign labels the queries [n x d] from the support [m x d], the examples,
// whose labels are 0..k-1 with at least one of each. It clusters both together:
// in an affinity of one's own the examples come first.
func Assign(ctx context.Context, support *mat.Dense, labels []int, queries *mat.Dense, k int, o Options) (*Result, error) {
	p, err := join(support, labels, queries, k, o.CenterShift)
	if err != nil {
		return nil, err
	}
	r, err := Solve(ctx, p, o)
	if err != nil {
		return nil, err
	}
	m, n := len(labels), len(p.Labels)
	r.Labels, r.Soft = r.Labels[m:], mat.DenseCopyOf(r.Soft.Slice(m, n, 0, k))
	return r, nil
}

// LaplacianShot labels as Assign does with the prototypes left at the means of
// the examples (Ziko, Dolz, Granger and Ben Ayed, 2020, arXiv:2006.15486). That
// paper links the queries only; here the examples are in the graph too, by which
// it finds more.
func LaplacianShot(ctx context.Context, support *mat.Dense, labels []int, queries *mat.Dense, k int, o Options) (*Result, error) {
	o.fixed = true
	return Assign(ctx, support, labels, queries, k, o)
}

// NearestPrototype labels each query by the nearest mean of the examples of a
// class: without the shift, what one can do for a query alone. Arguments are as
// of [Assign].
func NearestPrototype(support *mat.Dense, labels []int, queries *mat.Dense, k int, centerShift bool) ([]int, error) {
	p, err := join(support, labels, queries, k, centerShift)
	if err != nil {
		return nil, err
	}
	m, err := p.start()
	if err != nil {
		return nil, err
	}
	return lowest(distances(p.X, m))[len(labels):], nil
}

// join puts examples and queries into one problem.
func join(support *mat.Dense, labels []int, queries *mat.Dense, k int, centerShift bool) (Problem, error) {
	if support == nil || queries == nil || support.IsEmpty() || queries.IsEmpty() {
		return Problem{}, fmt.Errorf("fewshot: no examples or no queries")
	}
	m, d := support.Dims()
	n, qd := queries.Dims()
	if d != qd || m != len(labels) {
		return Problem{}, fmt.Errorf("fewshot: %d labels of %d examples of %d numbers, queries of %d", len(labels), m, d, qd)
	}
	p := Problem{X: mat.NewDense(m+n, d, nil), Labels: make([]int, m+n), K: k}
	p.X.Slice(0, m, 0, d).(*mat.Dense).Copy(support)
	copy(p.Labels, labels)
	for i, y := range labels {
		if y < 0 {
			return Problem{}, fmt.Errorf("fewshot: example %d has the label %d", i, y)
		}
	}
	for i := range n {
		p.Labels[m+i] = Unlabelled
	}
	q := p.X.Slice(m, m+n, 0, d).(*mat.Dense)
	q.Copy(queries)
	if centerShift {
		shift := Mean(support)
		for j, v := range Mean(queries) {
			shift[j] -= v
		}
		for i := range n {
			row := q.RawRowView(i)
			for j, v := range shift {
				row[j] += v
			}
		}
	}
	return p, p.check()
}
