// Package lls finds classes in unlabelled data that comes from several domains
// in which the classes have different shares, but each looks the same (Roberts,
// Mani, Garg and Lipton, "Unsupervised Learning under Latent Label Shift", 2022,
// arXiv:2207.13179). What becomes more and less frequent together belongs
// together: classes are found even where they are no clusters of features.
//
// There are r domains, k <= r classes, p_d(x|y) = p(x|y) in all domains d, and
// the shares Q = [p(y|d)], k x r, have rank k. Let q be the mixture in which all
// domains are equal. Then
//
//	q(d|x) = sum_y q(d|y) q(y|x),   q(d|y) = Q_yd / sum_d' Q_yd',              (1)
//
// so that the vectors q(.|x) lie in a simplex with the corners q(.|y), and on a
// corner where x can be of one class only (an anchor). For x of finitely many
// kinds c,
//
//	[p(c|d)] = [p(c|y)] Q,                                                    (2)
//
// which is topic modelling, with the domains as documents.
//
// The algorithm, DDFA: a classifier's f(x) = p(d|x) of data that it has not seen
// ([CrossFit]); k-means of f(x) into kinds; the factors of (2), not negative
// ([NMF]); then, with B = [q(d|y)],
//
//	q(y|x) = B^+ f(x),   p_d(y|x) ~ q(y|x) q(d|y).                            (3)
//
// Unlike the paper, which holds a part of the data back from the classifier's
// training, scores are cross-fitted, so that all of it is used; and domains of
// different sizes are weighed equal in f before anything else.
package lls

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/cluster"
	"github.com/offprint/offprint/methods/random"
)

// Options of [Fit]. Only Classes must be set.
type Options struct {
	Classes  int // k, at most the number of domains
	Clusters int // kinds of data, at least k (default 3 k): more need more data
	Restarts int // of k-means and of the factorisation (default 5)
	Sweeps   int // of the factorisation (default 200)
	Seed     uint64
}

// Model is what is known about k classes in r domains. Classes are numbered in
// no particular order.
type Model struct {
	Prior         *mat.Dense // Q = p(y|d) [k x r]: columns have the sum 1
	DomainByClass *mat.Dense // B = q(d|y) [r x k], were all domains equal: columns have the sum 1
	KindByClass   *mat.Dense // p(c|y) [m x k]: columns have the sum 1; nil of [Known]
	Share         []float64  // of the domains in the data [r]

	kinds   *cluster.KMeans
	inverse mat.Dense // B^+ [k x r]
}

// Fit finds the classes in scores [n x r], a classifier's p(d|x) of each
// example, which it must not have been trained on (see [CrossFit]), and the
// examples' domains, each within 0..r-1.
func Fit(ctx context.Context, scores *mat.Dense, domain []int, o Options) (*Model, error) {
	if o.Clusters == 0 {
		o.Clusters = 3 * o.Classes
	}
	if o.Restarts == 0 {
		o.Restarts = 5
	}
	if o.Sweeps == 0 {
		o.Sweeps = 200
	}
	share, err := shares(scores, domain)
	if err != nil {
		return nil, err
	}
	n, r := scores.Dims()
	if o.Classes < 1 || o.Classes > r || o.Clusters < o.Classes || o.Clusters > n || o.Restarts < 1 || o.Sweeps < 1 {
		return nil, fmt.Errorf("lls: %d classes and %d kinds of %d examples from %d domains, %d restarts of %d sweeps", o.Classes, o.Clusters, n, r, o.Restarts, o.Sweeps)
	}
	m := &Model{Share: share}
	if err := m.discretise(ctx, scores, o); err != nil {
		return nil, err
	}
	counts := mat.NewDense(o.Clusters, r, nil)
	for i, c := range m.kinds.Assign {
		// A column of p(c|d) has the sum 1.
		counts.Set(int(c), domain[i], counts.At(int(c), domain[i])+1/(share[domain[i]]*float64(n)))
	}
	w, h, _, err := NMF(ctx, counts, o.Classes, NMFOptions{Restarts: o.Restarts, Sweeps: o.Sweeps, Seed: o.Seed})
	if err != nil {
		return nil, err
	}
	m.KindByClass, m.Prior = rescale(w, h)
	normaliseColumns(m.Prior)
	return m, m.invert()
}

// Known returns the model of classes whose shares in each domain, prior [k x r],
// are known, for data in which the domains have the given shares (nil: equal
// ones).
func Known(prior *mat.Dense, share []float64) (*Model, error) {
	k, r := prior.Dims()
	if share == nil {
		share = make([]float64, r)
		floats.AddConst(1/float64(r), share)
	}
	if k > r || len(share) != r {
		return nil, fmt.Errorf("lls: %d classes in %d domains, %d of which have a share", k, r, len(share))
	}
	for d, s := range share {
		if !(s > 0) || math.IsInf(s, 1) {
			return nil, fmt.Errorf("lls: domain %d has the share %v", d, s)
		}
	}
	for i, v := range prior.RawMatrix().Data {
		if !(v >= 0) || math.IsInf(v, 1) {
			return nil, fmt.Errorf("lls: class %d has the share %v of domain %d", i/r, v, i%r)
		}
	}
	m := &Model{Prior: mat.DenseCopyOf(prior), Share: share}
	normaliseColumns(m.Prior)
	return m, m.invert()
}

// invert sets B from Q, and B^+.
func (m *Model) invert() error {
	m.DomainByClass = mat.DenseCopyOf(m.Prior.T())
	normaliseColumns(m.DomainByClass)
	var svd mat.SVD
	if !svd.Factorize(m.DomainByClass, mat.SVDThin) {
		return fmt.Errorf("lls: the classes' shares have no singular values")
	}
	rank := svd.Rank(1e-10)
	if k, _ := m.Prior.Dims(); rank < k {
		return fmt.Errorf("lls: the shares of %d classes have rank %d: some of them never shift apart", k, rank)
	}
	r, _ := m.DomainByClass.Dims()
	eye := mat.NewDiagDense(r, nil)
	for d := range r {
		eye.SetDiag(d, 1)
	}
	svd.SolveTo(&m.inverse, eye, rank)
	return nil
}

// Posterior sets dst [k] to p_d(y|x) by (3), from a classifier's p(d|x) [r] and
// the domain d that x is from; a negative domain stands for an unknown one, and
// gives q(y|x).
func (m *Model) Posterior(dst, score []float64, domain int) error {
	r, k := m.DomainByClass.Dims()
	if len(dst) != k || len(score) != r || domain >= r {
		return fmt.Errorf("lls: %d scores and domain %d of %d domains, room for %d of %d classes", len(score), domain, r, len(dst), k)
	}
	var q mat.VecDense
	q.MulVec(&m.inverse, mat.NewVecDense(r, m.balanced(score)))
	sum, best := 0., 0
	for y := range dst {
		v := q.AtVec(y)
		if domain >= 0 {
			v *= m.DomainByClass.At(domain, y)
		}
		dst[y] = max(0, v) // the pseudo-inverse may leave the simplex
		sum += dst[y]
		if q.AtVec(y) > q.AtVec(best) {
			best = y
		}
	}
	if sum == 0 { // a class that the domain lacks
		dst[best], sum = 1, 1
	}
	floats.Scale(1/sum, dst)
	return nil
}

// Posteriors returns the rows of [Model.Posterior] for scores [n x r] and domains
// [n].
func (m *Model) Posteriors(scores *mat.Dense, domain []int) (*mat.Dense, error) {
	n, _ := scores.Dims()
	k, _ := m.Prior.Dims()
	if n != len(domain) {
		return nil, fmt.Errorf("lls: %d rows of scores and %d domains", n, len(domain))
	}
	p := mat.NewDense(n, k, nil)
	for i, d := range domain {
		if err := m.Posterior(p.RawRowView(i), scores.RawRowView(i), d); err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
	}
	return p, nil
}

// Kind returns the kind of an example with the scores p(d|x) [r]: the number of
// its cluster, a row of KindByClass. The model must be of [Fit].
func (m *Model) Kind(score []float64) int {
	f := make([]float32, len(score))
	for d, v := range m.balanced(score) {
		f[d] = float32(v)
	}
	c, _ := m.kinds.Nearest(f)
	return c
}

// balanced is what p(d|x) would be if all domains were equal.
func (m *Model) balanced(score []float64) []float64 {
	f := make([]float64, len(score))
	floats.DivTo(f, score, m.Share)
	floats.Scale(1/floats.Sum(f), f)
	return f
}

// discretise clusters the balanced scores, several times, and keeps the tightest.
func (m *Model) discretise(ctx context.Context, scores *mat.Dense, o Options) error {
	n, r := scores.Dims()
	f := make([]float32, 0, n*r)
	for i := range n {
		for _, v := range m.balanced(scores.RawRowView(i)) {
			f = append(f, float32(v))
		}
	}
	rng := random.New(o.Seed, 35)
	for range o.Restarts {
		c, err := cluster.Fit(ctx, f, r, o.Clusters, 100, rng)
		if err != nil {
			return err
		}
		if m.kinds == nil || c.Inertia < m.kinds.Inertia {
			m.kinds = c
		}
	}
	return nil
}

// shares returns the domains' shares of the examples.
func shares(scores *mat.Dense, domain []int) ([]float64, error) {
	n, r := scores.Dims()
	if n != len(domain) {
		return nil, fmt.Errorf("lls: %d rows of scores and %d domains", n, len(domain))
	}
	share := make([]float64, r)
	for i, d := range domain {
		if d < 0 || d >= r {
			return nil, fmt.Errorf("lls: example %d is from domain %d of %d", i, d, r)
		}
		share[d] += 1 / float64(n)
		sum := 0.
		for _, v := range scores.RawRowView(i) {
			if !(v >= 0) {
				return nil, fmt.Errorf("lls: example %d has a score of %v", i, v)
			}
			sum += v
		}
		if !(sum > 0) || math.IsInf(sum, 1) {
			return nil, fmt.Errorf("lls: example %d has scores with the sum %v", i, sum)
		}
	}
	for d, s := range share {
		if s == 0 {
			return nil, fmt.Errorf("lls: domain %d has no example", d)
		}
	}
	return share, nil
}

// normaliseColumns scales each column to the sum 1; a column of zeros becomes
// uniform.
func normaliseColumns(a *mat.Dense) {
	n, m := a.Dims()
	for j := range m {
		sum := mat.Sum(a.ColView(j))
		for i := range n {
			if sum > 0 {
				a.Set(i, j, a.At(i, j)/sum)
			} else {
				a.Set(i, j, 1/float64(n))
			}
		}
	}
}
