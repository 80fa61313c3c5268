package neuralcompile

import (
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/offprint/offprint/methods/graph"
)

// stateWidth is the number of features of a node's state: whether it is reached,
// and its distance or whether it has the token.
const stateWidth = 2

// batch are the inputs of the network for graphs with the same number of nodes.
type batch struct {
	size, n                      int
	traces                       bool
	nodes, edges, next           []float32
	joined                       []bool
	parents                      []int32
	nodeWidth, edgeWidth, filled int
	near                         []edge
}

func newBatch(size, n int, traces bool) *batch {
	b := &batch{size: size, n: n, traces: traces, nodeWidth: 2, edgeWidth: 3}
	if traces {
		b.nodeWidth += stateWidth
		b.edgeWidth++
	}
	b.nodes = make([]float32, size*n*b.nodeWidth)
	b.edges = make([]float32, size*n*n*b.edgeWidth)
	b.joined = make([]bool, size*n*n)
	b.parents = make([]int32, size*n)
	b.next = make([]float32, size*n*stateWidth)
	return b
}

func (b *batch) reset() {
	clear(b.nodes)
	clear(b.edges)
	clear(b.joined)
	clear(b.next)
	b.filled = 0
}

// add appends a graph. State and after are read with traces alone; targets are
// the parents to learn, or nil.
func (b *batch) add(g *graph.Graph, source int, state, after State, parents []int) {
	at := b.filled
	b.filled++
	for i := range b.n {
		x := b.nodes[(at*b.n+i)*b.nodeWidth:][:b.nodeWidth]
		x[0] = float32(i) / float32(b.n)
		if i == source {
			x[1] = 1
		}
		if b.traces {
			state.features(i, x[2:])
			after.features(i, b.next[(at*b.n+i)*stateWidth:])
		}
		pair := func(j int) []float32 {
			k := (at*b.n+i)*b.n + j
			b.joined[k] = true
			e := b.edges[k*b.edgeWidth:][:b.edgeWidth]
			if b.traces && state.Parents[i] == j {
				e[3] = 1
			}
			return e
		}
		pair(i)[1] = 1
		b.near = edges(b.near, g, i)
		for _, n := range b.near {
			e := pair(n.to)
			e[0], e[2] = 1, float32(n.weight)
		}
		if parents != nil {
			b.parents[at*b.n+i] = int32(parents[i])
		}
	}
}

// features writes node i's features.
func (s State) features(i int, x []float32) {
	if s.Reached == nil {
		return
	}
	x[0], x[1] = 0, 0
	if s.Reached[i] {
		x[0] = 1
		if s.Distance != nil {
			x[1] = float32(s.Distance[i])
		}
	}
	if s.Token == i {
		x[1] = 1
	}
}

func (b *batch) inputs() []*tensors.Tensor {
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(b.nodes, b.size, b.n, b.nodeWidth),
		tensors.FromFlatDataAndDimensions(b.edges, b.size, b.n, b.n, b.edgeWidth),
		tensors.FromFlatDataAndDimensions(b.joined, b.size, b.n, b.n),
	}
}

func (b *batch) targets() []*tensors.Tensor {
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(b.parents, b.size, b.n),
		tensors.FromFlatDataAndDimensions(b.next, b.size, b.n, stateWidth),
	}
}
