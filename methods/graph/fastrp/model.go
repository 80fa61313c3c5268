package fastrp

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/offprint/offprint/methods/graph"
)

// Model keeps the orders of an embedding, so that other weights can be tried,
// and nodes added, without going over the graph again. It takes the memory of
// an embedding for each order.
type Model struct {
	Vectors []float32 // the embedding [nodes x dim], row by row

	c      Config
	walk   *walk
	orders [][]float32 // U_1..U_q
	scale  scale
}

// Fit embeds a graph as [Embed] does, and keeps the orders.
func Fit(ctx context.Context, g *graph.Graph, c Config, rng *rand.Rand) (*Model, error) {
	c, err := c.filled(g.Len())
	if err != nil {
		return nil, err
	}
	w, err := newWalk(g, c, rng)
	if err != nil {
		return nil, err
	}
	m := &Model{c: c, walk: w}
	var prev []float32
	for k := range c.Weights {
		u := make([]float32, g.Len()*c.Dim)
		if err := w.order(ctx, u, k+1, prev); err != nil {
			return nil, err
		}
		m.orders = append(m.orders, u)
		prev = u
	}
	return m.combined(ctx)
}

// Reweight returns the model with other weights for its orders, of which there
// must be no more than it has.
func (m *Model) Reweight(ctx context.Context, weights []float64) (*Model, error) {
	weights, err := checked(weights)
	if err != nil {
		return nil, err
	}
	if len(weights) > len(m.orders) {
		return nil, fmt.Errorf("fastrp: %d weights for %d orders", len(weights), len(m.orders))
	}
	r := &Model{c: m.c, walk: m.walk, orders: m.orders}
	r.c.Weights = weights
	return r.combined(ctx)
}

// combined sets the model's vectors from its orders.
func (m *Model) combined(ctx context.Context) (*Model, error) {
	d := m.c.Dim
	m.Vectors = make([]float32, m.walk.Len()*d)
	err := m.walk.Parallel(ctx, func(lo, hi int) {
		for k, weight := range m.c.Weights {
			if weight == 0 {
				continue
			}
			for i := lo; i < hi; i++ {
				m.c.add(m.Vectors[i*d:(i+1)*d], weight, m.orders[k][i*d:(i+1)*d])
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if !m.c.NoScale {
		m.scale = newScale(m.Vectors, d)
		m.scale.apply(m.Vectors)
	}
	return m, nil
}

// Order returns U_k [nodes x dim] for k in 1..q. It is the model's own.
func (m *Model) Order(k int) []float32 { return m.orders[k-1] }

// Extend returns the vector [dim] of a node that the graph has not, given its
// neighbours there and the weights of the edges to them (nil: all 1), as if the
// neighbours had not noticed: one row of the walk matrix times each order. A node
// of the graph with its own neighbours gets the vector that it has.
func (m *Model) Extend(neighbors []int32, weights []float32) ([]float32, error) {
	if weights != nil && len(weights) != len(neighbors) {
		return nil, fmt.Errorf("fastrp: %d weights for %d neighbours", len(weights), len(neighbors))
	}
	degree := float64(len(neighbors))
	if weights != nil {
		degree = 0
		for k, w := range weights {
			if !(w > 0) || math.IsInf(float64(w), 1) {
				return nil, fmt.Errorf("fastrp: edge %d has the weight %v", k, w)
			}
			degree += float64(w)
		}
	}
	for _, j := range neighbors {
		if j < 0 || int(j) >= m.walk.Len() {
			return nil, fmt.Errorf("fastrp: neighbour %d of %d nodes", j, m.walk.Len())
		}
	}
	x, u := make([]float32, m.c.Dim), make([]float32, m.c.Dim)
	for k, weight := range m.c.Weights {
		if weight == 0 || len(neighbors) == 0 {
			continue
		}
		var prev []float32
		if k > 0 {
			prev = m.orders[k-1]
		}
		m.walk.mean(u, k+1, prev, neighbors, weights, degree)
		m.c.add(x, weight, u)
	}
	if !m.c.NoScale {
		m.scale.apply(x)
	}
	return x, nil
}
