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
// Differences from the paper: the constructions are ours, and a compiled network
// is as small as its algorithm, where the paper sets the parameters of the
// networks of the CLRS benchmark; so is the learned network, of one head, which
// sees few of the benchmark's hints.
package neuralcompile

import (
	"fmt"

	"github.com/offprint/offprint/methods/graph"
)

// edge leads to a node.
type edge struct {
	to     int
	weight float64
}

// edges appends to dst[:0] those at node i, in the order of the other nodes.
func edges(dst []edge, g *graph.Graph, i int) []edge {
	dst = dst[:0]
	weights := g.Weights(i)
	for k, j := range g.Neighbors(i) {
		e := edge{int(j), 1}
		if weights != nil {
			e.weight = float64(weights[k])
		}
		dst = append(dst, e)
	}
	return dst
}

func checkSource(g *graph.Graph, source int) error {
	if g == nil || source < 0 || source >= g.Len() {
		return fmt.Errorf("neuralcompile: no node %d to start from", source)
	}
	return nil
}
