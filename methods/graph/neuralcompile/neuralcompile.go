// Package neuralcompile writes graph algorithms into the weights of a graph
// attention network, and trains the same kind of network on the same task: "Mind
// The Gap: Deep Learning Doesn't Learn Deeply" (2025, arXiv:2505.18623). The two
// are then compared by their outputs, their states after each round and their
// attention: what a network can express is not what it learns.
//
// A layer has the form of GATv2, with one unit of score a head, and is applied
// again and again. With node states x_i, edge features e_ij = [weight, is self],
// and j over the neighbours of i and i itself,
//
//	S_ij = -beta leaky( q x_i + k x_j + u e_ij + b ),   alpha_i = softmax_j S_ij,
//	m_i  = sum_j alpha_ij ( V x_j + U e_ij ),           x_i' = relu layers of [x_i, m_i].
//
// Two facts make it compilable. First, the score is a monotone function of the key
// within the brackets, so that attention with a large beta selects the smallest
// key. The error of a softened minimum of n keys is
//
//	0 <= sum_j alpha_j key_j - min_j key_j <= (n-1) / (e beta).
//
// Second, relu layers compute with whole numbers, x and y below, and with values
// of 0 and 1, p, q and g ([Circuit]):
//
//	min(1, x) = relu(x) - relu(x - 1),   and(p, q) = relu(p + q - 1),
//	gate(x, g) = relu(x - B(1 - g)),     0 <= x <= B,
//	equal(x, y) = relu(x-y+1) - 2 relu(x-y) + relu(x-y-1).
//
// [BFS], [BellmanFord] and [DFS] return weights that follow the textbook round by
// round on every graph within [Limits]; [BreadthFirst], [Relax] and [DepthFirst]
// are the textbook. [Train] learns a [Processor] of the same form.
//
// The constructions are ours: the paper's own layout of parameters differs. It
// compiles into the dimensions of one trained model of the CLRS benchmark; here
// a compiled network is as small as its algorithm.
package neuralcompile

import (
	"fmt"
	"math"
	"slices"
)

// Graph is an undirected graph with positive edge weights. Nodes are 0..Nodes-1;
// their numbers decide ties.
type Graph struct {
	adjacent [][]Edge
}

// Edge leads to a node.
type Edge struct {
	To     int
	Weight float64
}

// NewGraph returns a graph without edges.
func NewGraph(nodes int) (*Graph, error) {
	if nodes < 1 {
		return nil, fmt.Errorf("neuralcompile: a graph of %d nodes", nodes)
	}
	return &Graph{make([][]Edge, nodes)}, nil
}

// Nodes is the number of nodes.
func (g *Graph) Nodes() int { return len(g.adjacent) }

// Neighbours are the edges at a node, in the order of the other nodes.
func (g *Graph) Neighbours(i int) []Edge { return g.adjacent[i] }

// AddEdge joins two different nodes that are not joined yet. The weight must be
// positive and finite.
func (g *Graph) AddEdge(i, j int, weight float64) error {
	if n := len(g.adjacent); i < 0 || j < 0 || i >= n || j >= n || i == j {
		return fmt.Errorf("neuralcompile: an edge from %d to %d in a graph of %d nodes", i, j, n)
	}
	if !(weight > 0) || math.IsInf(weight, 1) {
		return fmt.Errorf("neuralcompile: an edge of weight %v", weight)
	}
	if g.Weight(i, j) != 0 {
		return fmt.Errorf("neuralcompile: nodes %d and %d are joined already", i, j)
	}
	for _, e := range [][2]int{{i, j}, {j, i}} {
		at, _ := slices.BinarySearchFunc(g.adjacent[e[0]], e[1], func(e Edge, to int) int { return e.To - to })
		g.adjacent[e[0]] = slices.Insert(g.adjacent[e[0]], at, Edge{e[1], weight})
	}
	return nil
}

// Weight is that of the edge between two nodes, and 0 if they are not joined.
func (g *Graph) Weight(i, j int) float64 {
	at, ok := slices.BinarySearchFunc(g.adjacent[i], j, func(e Edge, to int) int { return e.To - to })
	if !ok {
		return 0
	}
	return g.adjacent[i][at].Weight
}

func (g *Graph) checkSource(source int) error {
	if g == nil || source < 0 || source >= g.Nodes() {
		return fmt.Errorf("neuralcompile: no node %d to start from", source)
	}
	return nil
}
