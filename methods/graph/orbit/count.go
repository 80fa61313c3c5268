package orbit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/offprint/offprint/methods/graph"
)

// MaxDegree is the most neighbours that a node may have, so that all counts fit
// 32 bits.
const MaxDegree = 65_535

// Options of [Count]. The zero value has the defaults.
type Options struct {
	// MaxBytes bounds the memory of the counts: 28 bytes for each pair of nodes at
	// distance two, and 8 for each entry of [4-4]; default 8 GiB. Around hubs nearly
	// all pairs are such ones: past the bound Count gives up with [ErrTooMany].
	MaxBytes int64
	Skip44   bool // leave out [4-4], most of the time and of the memory
}

// ErrTooMany says that the counts take more memory than Options.MaxBytes.
var ErrTooMany = errors.New("orbit: too many pairs of nodes are within three steps: raise MaxBytes, skip 4-4, or take hubs out of the graph")

// The matrices that are counted, by where their entries are; others are
// transposes.
var (
	onEdges = []Pair{{1, 1, 2}, {1, 3, 3}, {1, 4, 5}, {1, 5, 5}, {1, 6, 7}, {1, 8, 8}, {1, 9, 11}, {1, 10, 10}, {1, 10, 11}, {1, 12, 13}, {1, 13, 13}, {1, 14, 14}}
	onPairs = []Pair{{2, 1, 1}, {2, 4, 5}, {2, 6, 6}, {2, 8, 8}, {2, 9, 10}, {2, 12, 12}}
)

// Counts has the orbit adjacencies of a graph.
type Counts struct {
	g     *graph.Graph
	edges [][]uint32 // of each of onEdges, for the graph's edges in both directions
	pairs [][]int32  // of each node, the others at distance two, ascending
	two   [][]uint32 // of each node, the counts of onPairs, one after the other
	far   [][]int32  // of each node, where [4-4] is not 0; nil if it was skipped
	three [][]uint32 // those entries
}

// Count counts all orbit adjacencies. The graph's weights are not looked at. A
// node with more than [MaxDegree] neighbours is an error.
func Count(ctx context.Context, g *graph.Graph, o Options) (*Counts, error) {
	n := g.Len()
	if o.MaxBytes == 0 {
		o.MaxBytes = 8 << 30
	}
	for u := range n {
		if d := len(g.Neighbors(u)); d > MaxDegree {
			return nil, fmt.Errorf("orbit: node %d has %d neighbours, more than %d", u, d, MaxDegree)
		}
	}
	t, err := listTriangles(ctx, g)
	if err != nil {
		return nil, err
	}
	c := &Counts{g: g, edges: make([][]uint32, len(onEdges)), pairs: make([][]int32, n), two: make([][]uint32, n)}
	for k := range c.edges {
		c.edges[k] = make([]uint32, g.Offset(n))
	}
	if !o.Skip44 {
		c.far, c.three = make([][]int32, n), make([][]uint32, n)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var stored atomic.Int64
	pool := sync.Pool{New: func() any {
		return &row{triangles: t, mark: make([]uint8, n), shared: make([]uint32, n), at: make([]sums, n), far: make([]uint32, n)}
	}}
	err = g.Parallel(ctx, func(lo, hi int) {
		r := pool.Get().(*row)
		defer pool.Put(r)
		for u := lo; u < hi && ctx.Err() == nil; u++ {
			if stored.Add(r.count(c, u)) > o.MaxBytes {
				cancel(ErrTooMany)
			}
		}
	})
	if err != nil {
		return nil, context.Cause(ctx)
	}
	return c, nil
}

// triangles has what edges see of each other.
type triangles struct {
	*graph.Graph
	t     []uint32 // T of each edge, in both directions
	third []int32  // W(u,v) of the edges with u < v, one after the other
	start []int    // where that of each edge begins; one more than edges in both directions
}

// W is the nodes that edge e, of nodes in ascending order, shares.
func (t *triangles) w(e int) []int32 { return t.third[t.start[e]:t.start[e+1]] }

func listTriangles(ctx context.Context, g *graph.Graph) (*triangles, error) {
	n := g.Len()
	t := &triangles{Graph: g, t: make([]uint32, g.Offset(n)), start: make([]int, g.Offset(n)+1)}
	// Once to count them, and once to list them.
	each := func(f func(e, u int, v, w int32)) error {
		return g.Parallel(ctx, func(lo, hi int) {
			mark := make([]bool, n)
			for u := lo; u < hi; u++ {
				for _, v := range g.Neighbors(u) {
					mark[v] = true
				}
				for k, v := range g.Neighbors(u) {
					for _, w := range g.Neighbors(int(v)) {
						if mark[w] {
							f(g.Offset(u)+k, u, v, w)
						}
					}
				}
				for _, v := range g.Neighbors(u) {
					mark[v] = false
				}
			}
		})
	}
	if err := each(func(e, _ int, _, _ int32) { t.t[e]++ }); err != nil {
		return nil, err
	}
	total := 0
	for u := range n {
		for k, v := range g.Neighbors(u) {
			e := g.Offset(u) + k
			t.start[e] = total
			if u < int(v) {
				total += int(t.t[e])
			}
		}
	}
	t.start[len(t.t)] = total
	t.third = make([]int32, total)
	next := slices.Clone(t.start)
	err := each(func(e, u int, v, w int32) {
		if u < int(v) {
			t.third[next[e]] = w
			next[e]++
		}
	})
	return t, err
}

// row is the work on one node u.
type row struct {
	*triangles
	mark   []uint8  // of u's neighbours 1, of u itself 2
	shared []uint32 // T(u,w) of u's neighbours w
	at     []sums   // of the nodes two steps away, and of neighbours within
	far    []uint32 // walks of three steps, all nodes on the way being no neighbours of others

	near, beyond []int32 // nodes whose sums, and whose far, are not 0
	edge         []edgeSums
}

// sums are over the nodes m between u and a node w two steps away.
type sums struct {
	p      uint32 // how many there are: P(u,w)
	t      uint32 // of T(m,w)
	leaves uint32 // of O(u,m) - 1
	ends   uint32 // of O(m,w)
	within uint32 // edges among them; of u's neighbours w, too
}

// edgeSums are over the neighbours w of u's neighbour v.
type edgeSums struct {
	tIn, oIn   int64 // of T(v,w) - 1 and of O(u,w), of those that are neighbours of u
	tOut, oOut int64 // of T(v,w) and of O(v,w), of the others
}

// count sets row u of all matrices, and returns the bytes that it takes beside
// those on edges.
func (r *row) count(c *Counts, u int) int64 {
	neighbors, base := r.Neighbors(u), r.Offset(u)
	for k, v := range neighbors {
		r.mark[v], r.shared[v] = 1, r.t[base+k]
	}
	r.mark[u] = 2
	r.twoSteps(u)
	r.edges(c, u)
	if c.far != nil {
		r.threeSteps(c, u)
	}
	r.pairs(c, u)
	for _, v := range neighbors {
		r.mark[v], r.at[v].within = 0, 0
	}
	r.mark[u] = 0
	size := int64(len(c.pairs[u])) * int64(4+4*len(onPairs))
	if c.far != nil {
		size += 8 * int64(len(c.far[u]))
	}
	return size
}

func (r *row) degree(v int32) uint32 { return uint32(len(r.Neighbors(int(v)))) }

// twoSteps sums over what is two steps from u.
func (r *row) twoSteps(u int) {
	base := r.Offset(u)
	r.near, r.edge = r.near[:0], r.edge[:0]
	for k, v := range r.Neighbors(u) {
		leaves := r.degree(v) - 2 - r.t[base+k] // O(u,v) - 1, where it is asked for
		var s edgeSums
		from := r.Offset(int(v))
		for i, w := range r.Neighbors(int(v)) {
			t := r.t[from+i]
			o := r.degree(w) - 1 - t // O(v,w)
			switch r.mark[w] {
			case 0:
				s.tOut += int64(t)
				s.oOut += int64(o)
				a := &r.at[w]
				if a.p == 0 {
					r.near = append(r.near, w)
				}
				a.p++
				a.t += t
				a.leaves += leaves
				a.ends += o
			case 1:
				s.tIn += int64(t - 1)
				s.oIn += int64(r.degree(w) - 1 - r.shared[w])
				if v < w {
					// The edge vw is within all pairs of those that share it.
					for _, x := range r.w(from + i) {
						r.at[x].within++
					}
				}
			}
		}
		r.edge = append(r.edge, s)
	}
	r.at[u].within = 0
}

// edges sets the entries of u's neighbours.
func (r *row) edges(c *Counts, u int) {
	base, du := r.Offset(u), int64(len(r.Neighbors(u)))
	for k, v := range r.Neighbors(u) {
		s := r.edge[k]
		t := int64(r.t[base+k])
		o, back := int64(r.degree(v))-1-t, du-1-t // O(u,v), O(v,u)
		clique := int64(r.at[v].within)
		diamond := s.tIn - 2*clique // 12-13
		cycle := -diamond           // 8-8
		for _, w := range r.Neighbors(int(v)) {
			if r.mark[w] == 0 {
				cycle += int64(r.at[w].p) - 1
			}
		}
		paw := (s.tOut - diamond) / 2 // 9-11
		for i, n := range [...]int64{o, t, s.oOut - cycle, o*back - cycle, o*(o-1)/2 - paw, cycle, paw, s.oIn - diamond, t*o - diamond, diamond, t*(t-1)/2 - clique, clique} {
			c.edges[i][base+k] = uint32(n)
		}
	}
}

// threeSteps sets [4-4].
func (r *row) threeSteps(c *Counts, u int) {
	r.beyond = r.beyond[:0]
	for _, y := range r.near {
		p := r.at[y].p
		for _, v := range r.Neighbors(int(y)) {
			if r.mark[v] != 0 {
				continue
			}
			if r.far[v] == 0 {
				r.beyond = append(r.beyond, v)
			}
			r.far[v] += p
		}
	}
	kept := r.beyond[:0]
	for _, v := range r.beyond {
		// Less those whose first step leads to v as well: [9-10].
		if r.far[v] -= r.at[v].t - 2*r.at[v].within; r.far[v] > 0 {
			kept = append(kept, v)
		}
	}
	r.beyond = kept
	c.far[u] = r.ascending(r.beyond, func(v int) bool { return r.far[v] > 0 })
	c.three[u] = make([]uint32, len(kept))
	for k, v := range c.far[u] {
		c.three[u][k] = r.far[v]
		r.far[v] = 0
	}
}

// pairs sets the entries of the nodes at distance two, and clears their sums.
func (r *row) pairs(c *Counts, u int) {
	c.pairs[u] = r.ascending(r.near, func(v int) bool { return r.at[v].p > 0 })
	size := len(r.near)
	c.two[u] = make([]uint32, len(onPairs)*size)
	for k, v := range c.pairs[u] {
		a := r.at[v]
		cycle := a.p*(a.p-1)/2 - a.within // 8-8'
		paw := a.t - 2*a.within           // 9-10
		for i, n := range [...]uint32{a.p, a.ends - 2*cycle, a.leaves - paw, cycle, paw, a.within} {
			c.two[u][i*size+k] = n
		}
		r.at[v] = sums{}
	}
}

// ascending returns nodes in order: many of them by a look at all nodes, which
// takes less time than to sort them.
func (r *row) ascending(nodes []int32, among func(v int) bool) []int32 {
	out := make([]int32, 0, len(nodes))
	n := r.Len()
	if 16*len(nodes) < n {
		out = append(out, nodes...)
		slices.Sort(out)
		return out
	}
	for v := range n {
		if among(v) {
			out = append(out, int32(v))
		}
	}
	return out
}
