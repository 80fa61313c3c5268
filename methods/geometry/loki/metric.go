package loki

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Metric has the distances between N labels. It takes 8 N^2 bytes.
type Metric struct {
	n int
	d []float64 // row by row
}

// NewMetric returns the metric with the given distances [n x n], row by row,
// which are not squared. They must be finite, symmetric, not negative, and 0 on
// the diagonal; that no way round is shorter is not asked for.
func NewMetric(n int, d []float64) (*Metric, error) {
	if n < 1 || len(d) != n*n {
		return nil, fmt.Errorf("loki: %d distances between %d labels", len(d), n)
	}
	for a := range n {
		for b := range a + 1 {
			x, y := d[a*n+b], d[b*n+a]
			if !(x >= 0) || math.IsInf(x, 1) || a == b && x != 0 || math.Abs(x-y) > tie*x {
				return nil, fmt.Errorf("loki: distances %v and %v between the labels %d and %d", x, y, a, b)
			}
		}
	}
	return &Metric{n: n, d: append([]float64(nil), d...)}, nil
}

// FromTree returns the lengths of the paths in a tree: parent[i] is the node
// above i, and -1 for the root; length[i] > 0 is that of the edge to it, 1 if
// length is nil.
func FromTree(parent []int, length []float64) (*Metric, error) {
	if length != nil && len(length) != len(parent) {
		return nil, fmt.Errorf("loki: %d lengths of the edges of %d nodes", len(length), len(parent))
	}
	var edges []Edge
	for i, p := range parent {
		if p == -1 {
			continue
		}
		e := Edge{i, p, 1}
		if length != nil {
			e.Length = length[i]
		}
		edges = append(edges, e)
	}
	// As many edges less one that join all the nodes are a tree.
	if len(edges) != len(parent)-1 {
		return nil, fmt.Errorf("loki: a tree has one root, not %d", len(parent)-len(edges))
	}
	return FromGraph(len(parent), edges)
}

// Edge joins two labels, both ways.
type Edge struct {
	A, B   int
	Length float64 // positive
}

// FromGraph returns the lengths of the shortest paths between the n nodes of a
// graph, which must all be joined: where they are not, add edges as long as the
// two parts are apart in the matter at hand.
func FromGraph(n int, edges []Edge) (*Metric, error) {
	if n < 1 {
		return nil, fmt.Errorf("loki: a graph of %d nodes", n)
	}
	next := make([][]Edge, n)
	for _, e := range edges {
		if min(e.A, e.B) < 0 || max(e.A, e.B) >= n || e.A == e.B || !(e.Length > 0) || math.IsInf(e.Length, 1) {
			return nil, fmt.Errorf("loki: an edge of length %v from %d to %d, among %d nodes", e.Length, e.A, e.B, n)
		}
		next[e.A] = append(next[e.A], e)
		next[e.B] = append(next[e.B], Edge{e.B, e.A, e.Length})
	}
	m := &Metric{n: n, d: make([]float64, n*n)}
	for a := range n {
		row := m.d[a*n : (a+1)*n]
		shortest(row, next, a)
		if b := floats.MaxIdx(row); math.IsInf(row[b], 1) {
			return nil, fmt.Errorf("loki: no path from %d to %d", a, b)
		}
		// Sums in another order may differ in the last digit.
		for b := range a {
			row[b] = m.d[b*n+a]
		}
	}
	return m, nil
}

// shortest sets dist to the lengths of the shortest paths from a node (Dijkstra).
func shortest(dist []float64, next [][]Edge, from int) {
	for i := range dist {
		dist[i] = math.Inf(1)
	}
	dist[from] = 0
	q := frontier{{from, 0}}
	for len(q) > 0 {
		at := heap.Pop(&q).(reached)
		if at.dist > dist[at.node] {
			continue
		}
		for _, e := range next[at.node] {
			if d := at.dist + e.Length; d < dist[e.B] {
				dist[e.B] = d
				heap.Push(&q, reached{e.B, d})
			}
		}
	}
}

type reached struct {
	node int
	dist float64
}

// frontier is a heap of nodes, the nearest first.
type frontier []reached

func (f frontier) Len() int           { return len(f) }
func (f frontier) Less(i, j int) bool { return cmp.Less(f[i].dist, f[j].dist) }
func (f frontier) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *frontier) Push(x any)        { *f = append(*f, x.(reached)) }
func (f *frontier) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

// FromVectors returns the Euclidean distances between the rows of v [N, dim]:
// embeddings of the labels, such as those of their names.
func FromVectors(v *mat.Dense) (*Metric, error) {
	n, _ := v.Dims()
	d := make([]float64, n*n)
	for a := range n {
		for b := range a {
			d[a*n+b] = floats.Distance(v.RawRowView(a), v.RawRowView(b), 2)
			d[b*n+a] = d[a*n+b]
		}
	}
	return NewMetric(n, d)
}

// Len is the number N of labels.
func (m *Metric) Len() int { return m.n }

// At is the distance between two labels, which must be within 0..N-1.
func (m *Metric) At(a, b int) float64 { return m.d[a*m.n+b] }

// check says what is wrong with a list of observed labels.
func (m *Metric) check(observed []int) error {
	if len(observed) == 0 {
		return errors.New("loki: no observed labels")
	}
	seen := make([]bool, m.n)
	for _, l := range observed {
		if l < 0 || l >= m.n {
			return fmt.Errorf("loki: observed label %d is not within 0..%d", l, m.n-1)
		}
		if seen[l] {
			return fmt.Errorf("loki: label %d is observed twice", l)
		}
		seen[l] = true
	}
	return nil
}
