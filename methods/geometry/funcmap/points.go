package funcmap

import (
	"container/heap"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/spatial/r3"
)

// FromPoints is the map [k x k] of a correspondence: t has for each vertex of
// shape 2 its vertex of shape 1.
func FromPoints(b1, b2 *Basis, t []int32, k int) (*mat.Dense, error) {
	phi, err := b1.first(k)
	if err != nil {
		return nil, err
	}
	if len(t) != len(b2.Mass) {
		return nil, fmt.Errorf("funcmap: a correspondence of %d of %d vertices", len(t), len(b2.Mass))
	}
	pulled := mat.NewDense(len(t), k, nil)
	for v, u := range t {
		if u < 0 || int(u) >= len(b1.Mass) {
			return nil, fmt.Errorf("funcmap: vertex %d of %d", u, len(b1.Mass))
		}
		for j := range k {
			pulled.Set(v, j, phi.At(int(u), j))
		}
	}
	return b2.Coefficients(pulled, k)
}

// ToPoints is the correspondence of a map [k x k]: for each vertex of shape 2 a
// vertex of shape 1.
func ToPoints(c *mat.Dense, b1, b2 *Basis) ([]int32, error) {
	k, cols := c.Dims()
	if k != cols {
		return nil, fmt.Errorf("funcmap: a map of %d x %d", k, cols)
	}
	phi1, err := b1.first(k)
	if err != nil {
		return nil, err
	}
	phi2, err := b2.first(k)
	if err != nil {
		return nil, err
	}
	var carried, products mat.Dense
	carried.Mul(phi2, c)
	products.Mul(&carried, phi1.T())
	// |x - y|^2 = |x|^2 - 2 x.y + |y|^2, of which |x|^2 decides nothing.
	half := make([]float64, len(b1.Mass))
	for u := range half {
		row := b1.Phi.RawRowView(u)[:k]
		for _, v := range row {
			half[u] += v * v / 2
		}
	}
	t := make([]int32, len(b2.Mass))
	for v := range t {
		best := math.Inf(-1)
		for u, p := range products.RawRowView(v) {
			if p -= half[u]; p > best {
				best, t[v] = p, int32(u)
			}
		}
		if math.IsInf(best, -1) {
			return nil, fmt.Errorf("funcmap: a map that is not finite")
		}
	}
	return t, nil
}

// ZoomOut refines a map [k x k] to [to x to]: by turns it is made points, and
// these a map that is step larger.
func ZoomOut(c *mat.Dense, b1, b2 *Basis, to, step int) (*mat.Dense, error) {
	k, _ := c.Dims()
	if step < 1 || to < k {
		return nil, fmt.Errorf("funcmap: ZoomOut from %d to %d by %d", k, to, step)
	}
	for {
		t, err := ToPoints(c, b1, b2)
		if err != nil {
			return nil, err
		}
		if c, err = FromPoints(b1, b2, t, k); err != nil {
			return nil, err
		}
		if k == to {
			return c, nil
		}
		k = min(k+step, to)
		if c, err = FromPoints(b1, b2, t, k); err != nil {
			return nil, err
		}
	}
}

// Geodesics are the distances [vertices x vertices] along the edges of the mesh,
// which are a little longer than those over its faces; +Inf between parts.
func Geodesics(s *Shape) (*mat.Dense, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	n := len(s.V)
	near := make([]map[int]float64, n)
	for i := range near {
		near[i] = map[int]float64{}
	}
	for _, f := range s.F {
		for c := range 3 {
			i, j := int(f[c]), int(f[(c+1)%3])
			d := r3.Norm(r3.Sub(s.V[i], s.V[j]))
			near[i][j], near[j][i] = d, d
		}
	}
	edges := make([][]step, n)
	for i, m := range near {
		for j, d := range m {
			edges[i] = append(edges[i], step{j, d})
		}
	}
	all := mat.NewDense(n, n, nil)
	for i := range n {
		row := all.RawRowView(i)
		for j := range row {
			row[j] = math.Inf(1)
		}
		row[i] = 0
		q := queue{{i, 0}}
		for len(q) > 0 {
			at := heap.Pop(&q).(step)
			if at.far > row[at.to] {
				continue
			}
			for _, e := range edges[at.to] {
				if far := at.far + e.far; far < row[e.to] {
					row[e.to] = far
					heap.Push(&q, step{e.to, far})
				}
			}
		}
	}
	return all, nil
}

// step is an edge, or a vertex that was reached.
type step struct {
	to  int
	far float64
}

// queue has the nearest vertex first.
type queue []step

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].far < q[j].far }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(step)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
