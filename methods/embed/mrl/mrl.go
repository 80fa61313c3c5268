// Package mrl is Matryoshka Representation Learning (Kusupati et al., 2022,
// arXiv:2205.13147): one embedding of d dimensions whose first m coordinates,
// for each m of a short list M, are themselves a good embedding. The same loss
// is applied to every prefix and summed; at use a vector is cut where the budget
// ends, with nothing to retrain.
//
// With z = F(x) in R^d, z_{1:m} its first m coordinates, and weights c_m (1 by
// default), the losses are
//
//	classification  L = sum_m c_m CE(W^(m) z_{1:m} + b^(m), y)
//	                with a head of its own for each size, or ("efficient")
//	                W^(m) = the first m columns of one W, and one b
//	pairs           L = sum_m c_m InfoNCE(q_{1:m}, d_{1:m}),
//	                each prefix normalised again
//
// and the use is adaptive: classification that stops at the first size that is
// sure enough ([Cascade]), and retrieval that ranks everything by a short prefix
// and the best of it by longer ones ([Index.Funnel]).
//
// Differences from the paper: none in the losses. The thresholds of a cascade
// are chosen size by size against the next size alone.
package mrl

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"

	"github.com/offprint/offprint/methods/embed/contrast"
	"github.com/offprint/offprint/methods/vector"
)

// Sizes is the list M of prefix lengths, ascending; the last is the full one.
type Sizes []int

// Halvings returns d, d/2, d/4, ... down to least, ascending: 128 and 8 give 8,
// 16, 32, 64, 128.
func Halvings(d, least int) Sizes {
	var s Sizes
	for ; d >= max(1, least); d /= 2 {
		s = append(s, d)
	}
	slices.Reverse(s)
	return s
}

// Full is the last of the sizes.
func (s Sizes) Full() int { return s[len(s)-1] }

func (s Sizes) check() error {
	if len(s) == 0 || s[0] < 1 {
		return fmt.Errorf("mrl: no sizes, or one below 1: %v", s)
	}
	for i := 1; i < len(s); i++ {
		if s[i] <= s[i-1] {
			return fmt.Errorf("mrl: sizes must ascend: %v", s)
		}
	}
	return nil
}

// Contrastive is the loss of pairs: q and d are [B, full size] as encoded, row i
// of one belonging to row i of the other. Weights has one for each size, or is
// nil for 1. The batch and the temperature are the same for all sizes.
func Contrastive(q, d *graph.Node, s Sizes, weights []float64, temperature float64) *graph.Node {
	return s.sum(weights, func(m int) *graph.Node {
		return contrast.InfoNCE(Prefix(q, m), Prefix(d, m), temperature)
	})
}

// Prefix is the first m columns of x [B, d].
func Prefix(x *graph.Node, m int) *graph.Node {
	if m == x.Shape().Dim(-1) {
		return x
	}
	return graph.Slice(x, graph.AxisRange(), graph.AxisRange(0, m))
}

// sum adds the weighted losses of the sizes. Like all graph functions it panics
// on mistakes, which the executor returns as errors.
func (s Sizes) sum(weights []float64, loss func(m int) *graph.Node) *graph.Node {
	if err := s.check(); err != nil {
		panic(err)
	}
	if weights != nil && len(weights) != len(s) {
		panic(fmt.Errorf("mrl: %d weights for %d sizes", len(weights), len(s)))
	}
	var total *graph.Node
	for i, m := range s {
		l := loss(m)
		if weights != nil && weights[i] != 1 {
			l = graph.MulScalar(l, weights[i])
		}
		if total == nil {
			total = l
		} else {
			total = graph.Add(total, l)
		}
	}
	return total
}

// Truncate sets dst to the first len(dst) coordinates of z, scaled to length 1.
func Truncate(dst, z []float32) {
	copy(dst, z[:len(dst)])
	vector.Normalize(dst)
}

// TruncateRows returns the first m coordinates of each row of z [n x dim],
// scaled to length 1: [n x m].
func TruncateRows(z []float32, dim, m int) []float32 {
	out := make([]float32, len(z)/dim*m)
	for i := range len(z) / dim {
		Truncate(out[i*m:(i+1)*m], z[i*dim:(i+1)*dim])
	}
	return out
}
