package ngcf

import (
	"math"

	"github.com/offprint/offprint/methods/rec"
	"github.com/offprint/offprint/methods/sparse"
)

// RowNormSelf is (D + I)^-1 (A + I), the mean over a node's neighbours and
// itself, of the bipartite graph of the interactions. Nodes are the users, then
// the items. Rows sum to 1; the matrix is not symmetric.
func RowNormSelf(x rec.Interactions) (*sparse.Matrix, error) {
	return laplacian(x, true, func(row, _ float64) float64 { return 1 / (row + 1) })
}

// SymNorm is D^-1/2 A D^-1/2, symmetric and without self-loops. The row of a
// node without neighbours is empty.
func SymNorm(x rec.Interactions) (*sparse.Matrix, error) {
	return laplacian(x, false, func(row, col float64) float64 { return 1 / math.Sqrt(row*col) })
}

// laplacian weighs the edges by the degrees at their two ends. A pair that is
// given twice is one edge.
func laplacian(x rec.Interactions, self bool, weight func(row, col float64) float64) (*sparse.Matrix, error) {
	if err := x.Check(); err != nil {
		return nil, err
	}
	n := x.Users + x.Items
	lists := x.ByUser()
	degree := make([]float64, n)
	for u, items := range lists {
		degree[u] = float64(len(items))
		for _, i := range items {
			degree[x.Users+int(i)]++
		}
	}
	var entries []sparse.Entry
	add := func(a, b int) {
		entries = append(entries, sparse.Entry{Row: int32(a), Col: int32(b), Val: float32(weight(degree[a], degree[b]))})
	}
	for u, items := range lists {
		for _, i := range items {
			add(u, x.Users+int(i))
			add(x.Users+int(i), u)
		}
	}
	if self {
		for v := range n {
			add(v, v)
		}
	}
	return sparse.New(n, n, entries)
}
