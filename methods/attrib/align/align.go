// Package align compares what two networks have learned (Convergent Learning: Do
// different neural networks learn the same representations?, 2015,
// arXiv:1511.07543). From the activations of a layer of each on the same inputs
// it finds units of one that have a partner in the other, units that a few units
// of the other predict, and groups of units of both that belong together.
//
// Activations are A [n x s1] and B [n x s2], a row an input and a column a unit;
// in a convolution the channels are the units and the positions further inputs.
// With the mean mu and the deviation sigma of each unit, the correlations are
//
//	C_ij = mean_n (A_ni - mu_i)(B_nj - mu_j) / (sigma_i sigma_j)            (1)
//
// and a unit with sigma < [DeadSD] is dead: it correlates with nothing. Then
//
//	one to one     semi:      for each i the best j, which may repeat       (2)
//	               bipartite: the permutation of largest sum_i C_{i,pi(i)}  (3)
//	one to many    min_w |B_j - A w|^2 / 2n + alpha |w|_1, standardised     (4)
//	many to many   W = |[[C_AA, C_AB], [C_BA, C_BB]]|, zero diagonal; the k
//	               leading eigenvectors of D^-1/2 W D^-1/2, rows of length
//	               1, clustered by k-means                                  (5)
//
// [Correlate] and [Information] give the two tables to match by; [Semi] and
// [Bipartite] match; [Lasso], [Greedy] and [LeastSquares] predict; [JointClusters]
// groups; and [Compare] makes the report that decides whether one model can stand
// for another.
//
// A match must be chosen on some inputs and reported on others: the best of s
// noisy values is too good. And a matched correlation alone says little: a random
// rotation of B ([Rotate]) has the same subspace and no units, and shares much of
// it. What counts is the distance from that.
//
// Differences from the paper: the sparse prediction is solved exactly, by
// coordinate descent and by greedy selection, where the paper's code takes steps
// of stochastic gradients; the hierarchy over the clusters is left out; and the
// controls (rotated, shuffled) are additions.
package align

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// DeadSD is the standard deviation below which a unit is dead.
const DeadSD = 1e-3

// Correlate returns C [s1 x s2], equation 1, for a [n x s1] and b [n x s2]. Dead
// units have 0.
func Correlate(a, b *mat.Dense) (*mat.Dense, error) {
	if err := check(a, b); err != nil {
		return nil, err
	}
	return correlate(standardise(a), standardise(b)), nil
}

// Live returns the units of a [n x s] that are not dead.
func Live(a *mat.Dense) ([]int, error) {
	if err := check(a, a); err != nil {
		return nil, err
	}
	s := standardise(a)
	var live []int
	for j, sd := range s.sd {
		if sd > 0 {
			live = append(live, j)
		}
	}
	return live, nil
}

// Units returns the columns of a with these numbers.
func Units(a *mat.Dense, units []int) *mat.Dense {
	n, _ := a.Dims()
	out := mat.NewDense(n, max(1, len(units)), nil)
	for k, j := range units {
		for i := range n {
			out.Set(i, k, a.At(i, j))
		}
	}
	return out
}

// Rotate returns b [n x s] times a random orthogonal matrix: the same subspace
// in a basis that no network has learned. It is the control that tells shared
// units from a shared subspace.
func Rotate(b *mat.Dense, rng *rand.Rand) *mat.Dense {
	_, s := b.Dims()
	g := mat.NewDense(s, s, nil)
	for i := range s {
		for j := range s {
			g.Set(i, j, rng.NormFloat64())
		}
	}
	var qr mat.QR
	qr.Factorize(g)
	var q, r, out mat.Dense
	qr.QTo(&q)
	qr.RTo(&r)
	for j := range s { // the signs of R's diagonal make Q uniform
		if r.At(j, j) < 0 {
			for i := range s {
				q.Set(i, j, -q.At(i, j))
			}
		}
	}
	out.Mul(b, &q)
	return &out
}

// Shuffle returns the rows of b in random order: the control without anything
// shared.
func Shuffle(b *mat.Dense, rng *rand.Rand) *mat.Dense {
	n, s := b.Dims()
	out := mat.NewDense(n, s, nil)
	for i, row := range rng.Perm(n) {
		out.SetRow(i, b.RawRowView(row))
	}
	return out
}

// check tells whether a and b are activations on the same inputs.
func check(a, b *mat.Dense) error {
	if a == nil || b == nil || a.IsEmpty() || b.IsEmpty() {
		return fmt.Errorf("align: no activations")
	}
	n, _ := a.Dims()
	if m, _ := b.Dims(); m != n {
		return fmt.Errorf("align: activations on %d inputs and on %d", n, m)
	}
	if n < 2 {
		return fmt.Errorf("align: correlations of %d input", n)
	}
	for _, m := range []*mat.Dense{a, b} {
		_, s := m.Dims()
		for i := range n {
			for j, v := range m.RawRowView(i)[:s] {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return fmt.Errorf("align: unit %d is %v on input %d", j, v, i)
				}
			}
		}
	}
	return nil
}

// standard is activations with mean 0 and deviation 1; dead units are 0, and
// have the deviation 0.
type standard struct {
	*mat.Dense
	mean, sd []float64
}

func standardise(a *mat.Dense) standard {
	n, s := a.Dims()
	out := standard{mat.NewDense(n, s, nil), make([]float64, s), make([]float64, s)}
	for i := range n {
		for j, v := range a.RawRowView(i) {
			out.mean[j] += v / float64(n)
		}
	}
	for i := range n {
		for j, v := range a.RawRowView(i) {
			d := v - out.mean[j]
			out.sd[j] += d * d / float64(n)
		}
	}
	for j, v := range out.sd {
		if out.sd[j] = math.Sqrt(v); out.sd[j] < DeadSD {
			out.sd[j] = 0
		}
	}
	for i := range n {
		row := out.RawRowView(i)
		for j, v := range a.RawRowView(i) {
			if out.sd[j] > 0 {
				row[j] = (v - out.mean[j]) / out.sd[j]
			}
		}
	}
	return out
}

func correlate(a, b standard) *mat.Dense {
	n, _ := a.Dims()
	var c mat.Dense
	c.Mul(a.T(), b.Dense)
	c.Scale(1/float64(n), &c)
	return &c
}
