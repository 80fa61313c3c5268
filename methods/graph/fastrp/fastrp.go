// Package fastrp embeds the nodes of a graph by very sparse random projection:
// "Fast and Accurate Network Embeddings via Very Sparse Random Projection"
// (Chen, Sultan, Tian, Chen and Skiena, 2019, arXiv 1908.11512).
//
// A sparse random matrix is multiplied by the walk matrix again and again, and
// the products are added with weights: a random projection of the walks' node
// similarities, which are never formed, without any optimisation.
//
// For a graph with adjacency matrix A, degrees d, D = diag(d) and the walk
// matrix S = D^-1 A, similarity of order k is M_k = S^k L with L = diag(d^beta).
// The projection R [n x dim] has independent entries
//
//	+sqrt(s/dim) and -sqrt(s/dim), each with probability 1/(2s), else 0
//
// so that E[R R^T] = I, and the embedding N is
//
//	U_1 = S (L R),   U_k = S U_{k-1}
//	N   = sum_k a_k V_k,   V_k = U_k with rows of length 1
//
// with each column brought to mean 0 and standard deviation 1.
//
// The paper writes (d_j/2m)^beta for L; the constant vanishes when rows are
// scaled. Scaling rows and columns follows the authors' code. Isolated nodes count
// as of degree 1 and have rows of zeros before the columns are standardised. Edges
// may have weights: then d is their sum.
//
// Time is linear in the edges: dim multiply-adds for each edge, direction and
// order but the first, which touches only what of R is not 0. Products are in
// float32, a row at a time by vector.AddScaled; a kernel that kept the sums in
// registers was no faster, for it is memory that they wait for. Results do not
// depend on the number of cores.
package fastrp

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/offprint/offprint/methods/graph"
	"github.com/offprint/offprint/methods/sparse"
	"github.com/offprint/offprint/methods/vector"
)

// Config has the settings. The zero value has the defaults.
type Config struct {
	Dim int // dimensions of the embedding; default 128

	// Weights are a_1..a_q, not negative; default 0, 0, 1, 4. The first orders
	// usually get 0: too few short walks meet. In a bipartite graph even and odd
	// orders lie on different sides, so use two that follow each other.
	Weights []float64

	// Beta weighs nodes by degree: below 0 hubs count less, above 0 more. The
	// paper searches -1..0.
	Beta float64

	Sparsity float64 // s, at least 1; default the square root of the number of nodes

	NoRowNorm bool // add U_k as they are, in place of V_k
	NoScale   bool // leave the columns as they are
}

// filled returns the settings with the defaults for a graph of n nodes.
func (c Config) filled(n int) (Config, error) {
	if c.Dim == 0 {
		c.Dim = 128
	}
	if c.Weights == nil {
		c.Weights = []float64{0, 0, 1, 4}
	}
	if c.Sparsity == 0 {
		c.Sparsity = math.Sqrt(float64(n))
	}
	switch {
	case n == 0:
		return c, fmt.Errorf("fastrp: the graph has no nodes")
	case c.Dim < 0:
		return c, fmt.Errorf("fastrp: %d dimensions", c.Dim)
	case math.IsNaN(c.Beta) || math.IsInf(c.Beta, 0):
		return c, fmt.Errorf("fastrp: beta is %v", c.Beta)
	}
	var err error
	c.Weights, err = checked(c.Weights)
	return c, err
}

// checked returns the weights up to the last one that is not 0.
func checked(weights []float64) ([]float64, error) {
	q := 0
	for k, w := range weights {
		if !(w >= 0) || math.IsInf(w, 1) {
			return nil, fmt.Errorf("fastrp: the weight of order %d is %v", k+1, w)
		}
		if w > 0 {
			q = k + 1
		}
	}
	if q == 0 {
		return nil, fmt.Errorf("fastrp: no order has a weight")
	}
	return weights[:q], nil
}

// Embed returns the embedding of the nodes [g.Len() x Dim], row by row. Beside
// the graph it takes the memory of two embeddings, that one included; of three if
// an order before the last two has a weight. R is let go before the second.
func Embed(ctx context.Context, g *graph.Graph, c Config, rng *rand.Rand) ([]float32, error) {
	c, err := c.filled(g.Len())
	if err != nil {
		return nil, err
	}
	w, err := newWalk(g, c, rng)
	if err != nil {
		return nil, err
	}
	var blocks [][]float32 // free ones
	take := func() []float32 {
		if k := len(blocks); k > 0 {
			b := blocks[k-1]
			blocks = blocks[:k-1]
			return b
		}
		return make([]float32, g.Len()*c.Dim)
	}
	var u, sum []float32 // U_k, and the sum so far
	last := len(c.Weights) - 1
	for k, weight := range c.Weights[:last] {
		next := take()
		if err := w.order(ctx, next, k+1, u); err != nil {
			return nil, err
		}
		if u != nil {
			blocks = append(blocks, u)
		}
		w.start = nil // only the first order needs it
		u = next
		if weight == 0 {
			continue
		}
		if sum == nil {
			sum = take()
			clear(sum)
		}
		if err := w.Parallel(ctx, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				c.add(sum[i*c.Dim:(i+1)*c.Dim], weight, u[i*c.Dim:(i+1)*c.Dim])
			}
		}); err != nil {
			return nil, err
		}
	}
	// The last order needs no block of its own.
	if sum == nil {
		sum = take()
		clear(sum)
	}
	if err := w.Parallel(ctx, func(lo, hi int) {
		row := make([]float32, c.Dim)
		for i := lo; i < hi; i++ {
			w.row(row, last+1, u, i)
			c.add(sum[i*c.Dim:(i+1)*c.Dim], c.Weights[last], row)
		}
	}); err != nil {
		return nil, err
	}
	if !c.NoScale {
		newScale(sum, c.Dim).apply(sum)
	}
	return sum, nil
}

// add adds a row of V_k with its weight to a row of the sum.
func (c Config) add(sum []float32, weight float64, u []float32) {
	if !c.NoRowNorm {
		n := float64(vector.Norm(u))
		if n == 0 {
			return
		}
		weight /= n
	}
	vector.AddScaled(sum, float32(weight), u)
}

// Projection draws R [n x dim] for a sparsity s of at least 1: 1 makes all
// entries signs, 3 is the projection of Achlioptas, sqrt(n) that of Li and
// others.
func Projection(n, dim int, s float64, rng *rand.Rand) (*sparse.Matrix, error) {
	if n < 1 || dim < 1 || !(s >= 1) || math.IsInf(s, 1) {
		return nil, fmt.Errorf("fastrp: a projection of %d nodes to %d dimensions with sparsity %v", n, dim, s)
	}
	if rng == nil {
		return nil, fmt.Errorf("fastrp: no source of randomness")
	}
	value := float32(math.Sqrt(s / float64(dim)))
	m := &sparse.Matrix{Rows: n, Cols: dim, RowPtr: make([]int32, n+1)}
	// From each entry that is not 0 to the next it is a geometric number of steps.
	skip := func() float64 {
		if s == 1 {
			return 0
		}
		return math.Floor(math.Log(1-rng.Float64()) / math.Log1p(-1/s))
	}
	size := float64(n) * float64(dim)
	expected := int(min(size, size/s+4*math.Sqrt(size/s)))
	m.Col, m.Val = make([]int32, 0, expected), make([]float32, 0, expected)
	for at := skip(); at < size; at += 1 + skip() {
		i := int(at)
		v := value
		if rng.Uint64()&1 == 0 {
			v = -v
		}
		m.Col = append(m.Col, int32(i%dim))
		m.Val = append(m.Val, v)
		m.RowPtr[i/dim+1]++
	}
	for i := range n {
		m.RowPtr[i+1] += m.RowPtr[i]
	}
	return m, nil
}

// walk computes rows of U_k.
type walk struct {
	*graph.Graph
	dim   int
	start *sparse.Matrix // L R
}

func newWalk(g *graph.Graph, c Config, rng *rand.Rand) (*walk, error) {
	r, err := Projection(g.Len(), c.Dim, c.Sparsity, rng)
	if err != nil {
		return nil, err
	}
	if c.Beta != 0 {
		for i := range g.Len() {
			_, vals := r.Row(i)
			l := float32(math.Pow(degree(g, i), c.Beta))
			for k := range vals {
				vals[k] *= l
			}
		}
	}
	return &walk{g, c.Dim, r}, nil
}

// degree is 1 for isolated nodes.
func degree(g *graph.Graph, i int) float64 {
	if d := g.Degree(i); d > 0 {
		return d
	}
	return 1
}

// order sets dst to U_k [nodes x dim], given U_{k-1}.
func (w *walk) order(ctx context.Context, dst []float32, k int, prev []float32) error {
	dim := w.dim
	return w.Parallel(ctx, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			w.row(dst[i*dim:(i+1)*dim], k, prev, i)
		}
	})
}

// row sets dst to row i of U_k, given U_{k-1}.
func (w *walk) row(dst []float32, k int, prev []float32, i int) {
	w.mean(dst, k, prev, w.Neighbors(i), w.Weights(i), degree(w.Graph, i))
}

// mean sets dst to the mean of the neighbours' rows of U_{k-1}; of L R for the
// first order.
func (w *walk) mean(dst []float32, k int, prev []float32, neighbors []int32, weights []float32, degree float64) {
	clear(dst)
	share := float32(1 / degree)
	for e, j := range neighbors {
		s := share
		if weights != nil {
			s *= weights[e]
		}
		if k > 1 {
			vector.AddScaled(dst, s, prev[int(j)*len(dst):(int(j)+1)*len(dst)])
			continue
		}
		cols, vals := w.start.Row(int(j))
		for c, v := range vals {
			dst[cols[c]] += s * v
		}
	}
}

// scale standardises columns.
type scale struct{ shift, factor []float32 }

// newScale measures the columns of x [n x dim]. One that does not vary is only
// shifted.
func newScale(x []float32, dim int) scale {
	n := float64(len(x) / dim)
	mean, variance := make([]float64, dim), make([]float64, dim)
	for i := 0; i < len(x); i += dim {
		for j, v := range x[i : i+dim] {
			mean[j] += float64(v)
		}
	}
	for j := range mean {
		mean[j] /= n
	}
	for i := 0; i < len(x); i += dim {
		for j, v := range x[i : i+dim] {
			d := float64(v) - mean[j]
			variance[j] += d * d
		}
	}
	s := scale{make([]float32, dim), make([]float32, dim)}
	for j, m := range mean {
		s.shift[j], s.factor[j] = float32(m), 1
		if sd := math.Sqrt(variance[j] / n); sd > 0 {
			s.factor[j] = float32(1 / sd)
		}
	}
	return s
}

func (s scale) apply(x []float32) {
	dim := len(s.shift)
	for i := 0; i < len(x); i += dim {
		row := x[i : i+dim]
		for j, v := range row {
			row[j] = (v - s.shift[j]) * s.factor[j]
		}
	}
}
