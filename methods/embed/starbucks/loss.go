package starbucks

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

// SRL is Starbucks representation learning: the loss of pairs over a fixed list
// of sizes.
type SRL struct {
	Sizes       []Size // ascending; the last is the full one
	Temperature float64
	KLWeight    float64 // w; 1 in the paper
}

// Loss is the scalar loss of the states of queries and documents, each [B, D],
// row i of one belonging to row i of the other.
func (l SRL) Loss(q, d []*graph.Node) *graph.Node {
	if len(l.Sizes) == 0 {
		panic(fmt.Errorf("starbucks: no sizes"))
	}
	last := l.Sizes[len(l.Sizes)-1]
	full := score(last.Cut(q), last.Cut(d), l.Temperature)
	total := full.infoNCE()
	for _, size := range l.Sizes[:len(l.Sizes)-1] {
		s := score(size.Cut(q), size.Cut(d), l.Temperature)
		total = graph.Add(total, s.infoNCE())
		if l.KLWeight != 0 {
			total = graph.Add(total, graph.MulScalar(s.klFrom(full), l.KLWeight))
		}
	}
	return total
}

// TwoD is 2D Matryoshka (Li et al., 2024, arXiv:2402.14776): each step trains the
// full size and, at a random layer n and a random width d, the sizes (n, D),
// (n, d) and (N, d), with the KL of (n, D) to the full scores.
type TwoD struct {
	Temperature float64
	KLWeight    float64
}

// Loss is the scalar loss of one draw: layer [N-1] is 1 at the layer below the
// last that was drawn and 0 elsewhere, width [D] is 1 for the first d
// coordinates and 0 for the others. Given as inputs, one graph serves all draws.
func (l TwoD) Loss(q, d []*graph.Node, layer, width *graph.Node) *graph.Node {
	n := len(q) - 1
	if n < 1 || layer.Shape().Dim(0) != n {
		panic(fmt.Errorf("starbucks: %d layers, with a choice of %s", len(q), layer.Shape()))
	}
	pick := func(states []*graph.Node) *graph.Node {
		var sum *graph.Node
		for i, h := range states[:n] {
			t := graph.Mul(h, graph.ExpandAxes(graph.Slice(layer, graph.AxisRange(i, i+1)), 0))
			if sum == nil {
				sum = t
			} else {
				sum = graph.Add(sum, t)
			}
		}
		return sum
	}
	cut := func(h *graph.Node) *graph.Node { return graph.Mul(h, graph.ExpandAxes(width, 0)) }
	lastQ, lastD, drawnQ, drawnD := q[n], d[n], pick(q), pick(d)
	full := score(lastQ, lastD, l.Temperature)
	drawn := score(drawnQ, drawnD, l.Temperature)
	total := graph.Add(full.infoNCE(), drawn.infoNCE())
	total = graph.Add(total, score(cut(drawnQ), cut(drawnD), l.Temperature).infoNCE())
	total = graph.Add(total, score(cut(lastQ), cut(lastD), l.Temperature).infoNCE())
	return graph.Add(total, graph.MulScalar(drawn.klFrom(full), l.KLWeight))
}
