// Package graph has what the methods on graphs share: an undirected graph in
// compressed rows, and work over its nodes on all cores.
package graph

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/offprint/offprint/methods/sparse"
)

// Graph is an undirected graph without loops. Nodes are numbered from 0.
type Graph struct {
	ptr    []int     // the neighbours of node i are col[ptr[i]:ptr[i+1]]
	col    []int32   // ascending for each node
	weight []float32 // of col's edges; nil if all are 1
}

// Edge joins two nodes with a weight.
type Edge struct {
	U, V   int32
	Weight float32
}

// New makes a graph whose edges all have weight 1. An edge may be given in
// either direction, and more than once; loops are left out. A node outside of
// 0..nodes-1 is an error.
func New(nodes int, edges [][2]int32) (*Graph, error) {
	return build(nodes, len(edges), func(k int) Edge { return Edge{edges[k][0], edges[k][1], 1} }, false)
}

// NewWeighted makes a graph of edges in either direction; the weights of one
// that is given more than once are added, and loops are left out. A node outside
// of 0..nodes-1 is an error, and so is a weight that is not positive and finite.
func NewWeighted(nodes int, edges []Edge) (*Graph, error) {
	return build(nodes, len(edges), func(k int) Edge { return edges[k] }, true)
}

// build sorts by counting, twice: bucketed by one end, then by the other, the
// neighbours of each node ascend.
func build(nodes, edges int, edge func(k int) Edge, weighted bool) (*Graph, error) {
	if nodes < 0 || nodes > math.MaxInt32 {
		return nil, fmt.Errorf("graph: %d nodes", nodes)
	}
	ptr := make([]int, nodes+1)
	for k := range edges {
		e := edge(k)
		if e.U < 0 || int(e.U) >= nodes || e.V < 0 || int(e.V) >= nodes {
			return nil, fmt.Errorf("graph: edge %d joins %d and %d, of %d nodes", k, e.U, e.V, nodes)
		}
		if !(e.Weight > 0) || math.IsInf(float64(e.Weight), 1) {
			return nil, fmt.Errorf("graph: edge %d has the weight %v", k, e.Weight)
		}
		if e.U != e.V {
			ptr[e.U+1]++
			ptr[e.V+1]++
		}
	}
	for i := range nodes {
		ptr[i+1] += ptr[i]
	}
	half := &Graph{ptr: ptr, col: make([]int32, ptr[nodes])}
	if weighted {
		half.weight = make([]float32, ptr[nodes])
	}
	next := append([]int(nil), ptr[:nodes]...)
	put := func(from, to int32, w float32) {
		half.col[next[from]] = to
		if weighted {
			half.weight[next[from]] = w
		}
		next[from]++
	}
	for k := range edges {
		if e := edge(k); e.U != e.V {
			put(e.U, e.V, e.Weight)
			put(e.V, e.U, e.Weight)
		}
	}
	return half.sorted(), nil
}

// sorted is the graph with ascending neighbours, each once.
func (g *Graph) sorted() *Graph {
	n := g.Len()
	s := &Graph{ptr: make([]int, n+1), col: make([]int32, len(g.col))}
	if g.weight != nil {
		s.weight = make([]float32, len(g.col))
	}
	next := append([]int(nil), g.ptr[:n]...)
	for i := range n {
		for k := g.ptr[i]; k < g.ptr[i+1]; k++ {
			j := g.col[k]
			if at := next[j]; at > g.ptr[j] && s.col[at-1] == int32(i) {
				if s.weight != nil {
					s.weight[at-1] += g.weight[k]
				}
				continue
			}
			s.col[next[j]] = int32(i)
			if s.weight != nil {
				s.weight[next[j]] = g.weight[k]
			}
			next[j]++
		}
	}
	// Close the gaps that repeated edges have left.
	end := 0
	for i := range n {
		from := g.ptr[i]
		s.ptr[i] = end
		k := copy(s.col[end:], s.col[from:next[i]])
		if s.weight != nil {
			copy(s.weight[end:], s.weight[from:next[i]])
		}
		end += k
	}
	s.ptr[n] = end
	s.col = s.col[:end]
	if s.weight != nil {
		s.weight = s.weight[:end]
	}
	return s
}

// Len is the number of nodes.
func (g *Graph) Len() int { return len(g.ptr) - 1 }

// Edges is the number of edges.
func (g *Graph) Edges() int { return len(g.col) / 2 }

// Neighbors returns the neighbours of node i, ascending. They are the graph's
// own.
func (g *Graph) Neighbors(i int) []int32 { return g.col[g.ptr[i]:g.ptr[i+1]] }

// Weights returns the weights of node i's edges, in the order of its neighbours;
// nil in a graph whose weights are all 1. They are the graph's own.
func (g *Graph) Weights(i int) []float32 {
	if g.weight == nil {
		return nil
	}
	return g.weight[g.ptr[i]:g.ptr[i+1]]
}

// Offset is where node i's neighbours start among those of all nodes, one node
// after the other: the place of its first edge in an array with a value for each
// edge and direction, which has Offset(Len()) of them.
func (g *Graph) Offset(i int) int { return g.ptr[i] }

// Degree is the sum of the weights of node i's edges.
func (g *Graph) Degree(i int) float64 {
	if g.weight == nil {
		return float64(g.ptr[i+1] - g.ptr[i])
	}
	sum := 0.0
	for _, w := range g.Weights(i) {
		sum += float64(w)
	}
	return sum
}

// Adjacent reports whether an edge joins u and v.
func (g *Graph) Adjacent(u, v int) bool {
	_, ok := g.find(u, int32(v))
	return ok
}

// find returns the place of v among u's neighbours.
func (g *Graph) find(u int, v int32) (int, bool) {
	lo, hi := g.ptr[u], g.ptr[u+1]
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); g.col[mid] < v {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < g.ptr[u+1] && g.col[lo] == v
}

// Matrix returns f(u, v, weight) for each edge and direction as a sparse matrix
// [Len x Len]: the adjacency matrix, if f returns the weight. A graph of 2^30
// edges or more is an error.
func (g *Graph) Matrix(f func(u, v int, weight float64) float64) (*sparse.Matrix, error) {
	if len(g.col) > math.MaxInt32 {
		return nil, fmt.Errorf("graph: a sparse matrix cannot hold %d edges", g.Edges())
	}
	n := g.Len()
	m := &sparse.Matrix{Rows: n, Cols: n, RowPtr: make([]int32, n+1), Col: append([]int32(nil), g.col...), Val: make([]float32, len(g.col))}
	for u := range n {
		m.RowPtr[u+1] = int32(g.ptr[u+1])
		w := 1.0
		for k := g.ptr[u]; k < g.ptr[u+1]; k++ {
			if g.weight != nil {
				w = float64(g.weight[k])
			}
			m.Val[k] = float32(f(u, int(g.col[k]), w))
		}
	}
	return m, nil
}

// Parallel calls f for ranges lo..hi-1 of nodes that cover the graph, on all
// cores. Degrees differ much, so it is their edges that are shared out evenly.
// Ranges that are left when ctx is done are not started, and its error is
// returned.
func (g *Graph) Parallel(ctx context.Context, f func(lo, hi int)) error {
	n := g.Len()
	p := runtime.GOMAXPROCS(0)
	share := max(256, (len(g.col)+n)/(16*p))
	var bounds []int
	for i := range n {
		if k := len(bounds); k == 0 || (g.ptr[i]+i)-(g.ptr[bounds[k-1]]+bounds[k-1]) >= share {
			bounds = append(bounds, i)
		}
	}
	ranges := len(bounds)
	bounds = append(bounds, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(p, ranges) {
		wg.Go(func() {
			for ctx.Err() == nil {
				k := int(next.Add(1)) - 1
				if k >= ranges {
					return
				}
				f(bounds[k], bounds[k+1])
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
