package orbit

import (
	"fmt"
	"math"
	"slices"

	"github.com/offprint/offprint/methods/sparse"
)

// Matrix is an orbit adjacency [nodes x nodes]. Matrices share where they have
// entries, so that some of these are 0.
type Matrix struct {
	cols [][]int32
	vals [][]uint32
}

// Matrix returns the counts of a pair of orbits: those of c itself, but for a
// transpose, which is made anew. A pair that is not one of [Pairs] is an error,
// and so is 4-4 where it was skipped.
func (c *Counts) Matrix(p Pair) (*Matrix, error) {
	if k := slices.Index(onEdges, p); k >= 0 {
		return c.onEdges(c.edges[k]), nil
	}
	if k := slices.Index(onPairs, p); k >= 0 {
		m := &Matrix{c.pairs, make([][]uint32, len(c.two))}
		for u, all := range c.two {
			size := len(c.pairs[u])
			m.vals[u] = all[k*size : (k+1)*size]
		}
		return m, nil
	}
	switch {
	case p == Pair{1, 0, 0}:
		return c.onEdges(slices.Repeat([]uint32{1}, c.g.Offset(c.g.Len()))), nil
	case p == Pair{3, 4, 4} && c.far != nil:
		return &Matrix{c.far, c.three}, nil
	case p.From != p.To && slices.Contains(pairs, p):
		m, err := c.Matrix(Pair{p.Hop, p.To, p.From})
		if err != nil {
			return nil, err
		}
		return m.transpose(), nil
	}
	return nil, fmt.Errorf("orbit: no counts of %d-%d at %d hops", p.From, p.To, p.Hop)
}

// onEdges is a matrix with values for the edges in both directions.
func (c *Counts) onEdges(vals []uint32) *Matrix {
	n := c.g.Len()
	m := &Matrix{make([][]int32, n), make([][]uint32, n)}
	for u := range n {
		m.cols[u], m.vals[u] = c.g.Neighbors(u), vals[c.g.Offset(u):c.g.Offset(u+1)]
	}
	return m
}

// transpose has entries at the same places: they are symmetric.
func (m *Matrix) transpose() *Matrix {
	t := &Matrix{m.cols, make([][]uint32, m.Len())}
	for u, cols := range m.cols {
		t.vals[u] = make([]uint32, len(cols))
	}
	next := make([]int, m.Len())
	for u, cols := range m.cols {
		for k, v := range cols {
			t.vals[v][next[v]] = m.vals[u][k]
			next[v]++
		}
	}
	return t
}

// Len is the number of rows and of columns.
func (m *Matrix) Len() int { return len(m.cols) }

// Row returns the columns, ascending, and the counts of row u. They are the
// matrix's own.
func (m *Matrix) Row(u int) (cols []int32, counts []uint32) { return m.cols[u], m.vals[u] }

// At returns the count in row u and column v.
func (m *Matrix) At(u, v int) int64 {
	if k, ok := slices.BinarySearch(m.cols[u], int32(v)); ok {
		return int64(m.vals[u][k])
	}
	return 0
}

// RowSum is the sum of row u.
func (m *Matrix) RowSum(u int) int64 {
	sum := int64(0)
	for _, v := range m.vals[u] {
		sum += int64(v)
	}
	return sum
}

// Sparse returns the matrix in float32, which is exact up to 2^24, without its
// zeros. One with 2^31 entries or more is an error.
func (m *Matrix) Sparse() (*sparse.Matrix, error) {
	s := &sparse.Matrix{Rows: m.Len(), Cols: m.Len(), RowPtr: make([]int32, m.Len()+1)}
	for u, cols := range m.cols {
		for k, v := range m.vals[u] {
			if v > 0 {
				s.Col, s.Val = append(s.Col, cols[k]), append(s.Val, float32(v))
			}
		}
		if len(s.Col) > math.MaxInt32 {
			return nil, fmt.Errorf("orbit: a sparse matrix cannot hold this many entries")
		}
		s.RowPtr[u+1] = int32(len(s.Col))
	}
	return s, nil
}

// Graphlet returns the adjacency of the graphlet G_k, 0 to 8: how many of them
// have both nodes, on whatever orbits. That of G3 is an error where 4-4 was
// skipped.
func (c *Counts) Graphlet(k int) (*sparse.Matrix, error) {
	if k < 0 || k > 8 {
		return nil, fmt.Errorf("orbit: graphlet %d, of 0 to 8", k)
	}
	var entries []sparse.Entry
	for _, p := range pairs {
		if p.Graphlet() != k {
			continue
		}
		m, err := c.Matrix(p)
		if err != nil {
			return nil, err
		}
		for u, cols := range m.cols {
			for i, v := range m.vals[u] {
				if v > 0 {
					entries = append(entries, sparse.Entry{Row: int32(u), Col: cols[i], Val: float32(v)})
				}
			}
		}
	}
	return sparse.New(c.g.Len(), c.g.Len(), entries)
}

// GDV returns the graphlet degree vectors: of each node, how many induced
// graphlets have it on each of the 15 orbits. They are sums over the rows of
// adjacencies at one hop.
func (c *Counts) GDV() [][15]int64 {
	from := [15]struct {
		Pair
		times int64 // that a row has each graphlet
	}{
		{Pair{1, 0, 0}, 1}, {Pair{1, 1, 2}, 1}, {Pair{1, 2, 1}, 2}, {Pair{1, 3, 3}, 2}, {Pair{1, 4, 5}, 1}, {Pair{1, 5, 5}, 1},
		{Pair{1, 6, 7}, 1}, {Pair{1, 7, 6}, 3}, {Pair{1, 8, 8}, 2}, {Pair{1, 9, 11}, 1}, {Pair{1, 10, 10}, 1}, {Pair{1, 11, 9}, 1},
		{Pair{1, 12, 13}, 2}, {Pair{1, 13, 12}, 2}, {Pair{1, 14, 14}, 3},
	}
	out := make([][15]int64, c.g.Len())
	for o, f := range from {
		m, err := c.Matrix(f.Pair)
		if err != nil {
			panic(err) // pairs at one hop are always there
		}
		for u := range out {
			out[u][o] = m.RowSum(u) / f.times
		}
	}
	return out
}
