package loki

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/convex/lp"
)

// Locus reports which labels can be predicted when these are observed, ties
// counting for each of the tied. It solves a linear programme for each label,
// with N constraints and N + K variables. For a tree [Metric.TreeLocus] is much
// faster.
func (m *Metric) Locus(ctx context.Context, observed []int) ([]bool, error) {
	if err := m.check(observed); err != nil {
		return nil, err
	}
	in := make([]bool, m.n)
	for _, l := range observed {
		in[l] = true
	}
	for y := range in {
		if in[y] {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var err error
		if in[y], err = m.predictable(y, observed); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// predictable solves a game: one side picks weights of the observed labels, the
// other a label z to do better than y, by sum_i w_i (d(y,l_i)^2 - d(z,l_i)^2).
// The label is predictable if the first side can hold the other to 0, which z =
// y is always good for. With a constant added the payoffs B are not negative,
// and the value of the game is one over the largest sum of x with B x <= 1.
func (m *Metric) predictable(y int, observed []int) (bool, error) {
	k, n := len(observed), m.n
	scale := 0.0
	for _, l := range observed {
		for z := range n {
			scale = max(scale, m.At(z, l)*m.At(z, l))
		}
	}
	if scale == 0 { // all labels are in one place
		return true, nil
	}
	a, c := mat.NewDense(n, k+n, nil), make([]float64, k+n)
	b, slack := make([]float64, n), make([]int, n)
	for z := range n {
		for i, l := range observed {
			a.Set(z, i, 1+(m.At(y, l)*m.At(y, l)-m.At(z, l)*m.At(z, l))/scale)
			c[i] = -1
		}
		a.Set(z, k+z, 1)
		b[z], slack[z] = 1, k+z
	}
	sum, _, err := lp.Simplex(c, a, b, 1e-12, slack)
	if err != nil {
		return false, fmt.Errorf("loki: locus at label %d: %w", y, err)
	}
	return -sum >= 1-1e-9, nil
}

// TreeLocus is [Metric.Locus] in a tree: the nodes on the paths between two
// observed ones. In other spaces it is another set.
func (m *Metric) TreeLocus(observed []int) ([]bool, error) {
	if err := m.check(observed); err != nil {
		return nil, err
	}
	in := make([]bool, m.n)
	for i, a := range observed {
		for _, b := range observed[:i+1] {
			for y := range in {
				in[y] = in[y] || m.between(a, y, b)
			}
		}
	}
	return in, nil
}

// between reports whether y is on a shortest path from a to b.
func (m *Metric) between(a, y, b int) bool {
	return m.At(a, y)+m.At(y, b) <= m.At(a, b)*(1+1e-9)
}

// NextInTree returns which label of a tree to observe next: the one farthest
// from the locus of those that are. It is -1 when all are in the locus, and
// label 0 when none is.
func (m *Metric) NextInTree(locus []bool) (int, error) {
	if len(locus) != m.n {
		return 0, fmt.Errorf("loki: a locus of %d labels, there are %d", len(locus), m.n)
	}
	next, farthest := -1, 0.0
	for y := range m.n {
		if locus[y] {
			continue
		}
		nearest := math.Inf(1)
		for z, in := range locus {
			if in {
				nearest = min(nearest, m.At(y, z))
			}
		}
		if next < 0 || nearest > farthest {
			next, farthest = y, nearest
		}
	}
	return next, nil
}

// Next returns which label to observe next in any space: the one that makes the
// locus largest, of equals the farthest from the locus as it is, and -1 when all
// labels are in it. It computes a locus for each label outside.
func (m *Metric) Next(ctx context.Context, observed []int) (int, error) {
	locus, err := m.Locus(ctx, observed)
	if err != nil {
		return 0, err
	}
	next, most, farthest := -1, 0, 0.0
	for y, in := range locus {
		if in {
			continue
		}
		with, err := m.Locus(ctx, append(observed[:len(observed):len(observed)], y))
		if err != nil {
			return 0, err
		}
		nearest := math.Inf(1)
		for z, in := range locus {
			if in {
				nearest = min(nearest, m.At(y, z))
			}
		}
		if size := count(with); size > most || size == most && nearest > farthest {
			next, most, farthest = y, size, nearest
		}
	}
	return next, nil
}

func count(in []bool) int {
	n := 0
	for _, b := range in {
		if b {
			n++
		}
	}
	return n
}
