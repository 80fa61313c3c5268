package neuralcompile

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
)

// network is what the learned processor computes for a batch of graphs with the
// same number of nodes.
type network struct {
	pointer   *graph.Node   // [batch, n, n] logits of node i's parent, -inf where not joined
	attention []*graph.Node // [batch, n, n] of each round
	next      *graph.Node   // [batch, n, stateWidth] after the rounds
}

// build builds the network for nodes [batch, n, features], edges [batch, n, n,
// features] and joined [batch, n, n], which says who are neighbours or the same.
func build(s *model.Scope, c Config, nodes, edges, joined *graph.Node) network {
	g := nodes.Graph()
	h := c.Hidden
	weights := func(name string, in, out int) *graph.Node {
		limit := 1 / math.Sqrt(float64(in))
		return s.WithInitializer(initializer.RandomUniformFn(s, -limit, limit)).
			VariableWithShape(name, shapes.Make(dtypes.Float32, in, out)).NodeValue(g)
	}
	bias := func(name string, out int) *graph.Node {
		return s.WithInitializer(initializer.Zero).VariableWithShape(name, shapes.Make(dtypes.Float32, out)).NodeValue(g)
	}
	product := func(x, w *graph.Node) *graph.Node {
		d := append([]int{}, x.Shape().Dimensions...)
		flat := graph.MatMul(graph.Reshape(x, -1, d[len(d)-1]), w)
		d[len(d)-1] = w.Shape().Dim(-1)
		return graph.Reshape(flat, d...)
	}
	plus := func(x, b *graph.Node) *graph.Node { return graph.Add(x, graph.ExpandLeftToRank(b, x.Rank())) }
	// pairs is leaky(a_i + b_j + e_ij) . score [batch, n, n].
	pairs := func(a, b, e, score *graph.Node) *graph.Node {
		x := graph.Add(graph.Add(e, graph.ExpandAxes(a, 2)), graph.ExpandAxes(b, 1))
		x = activation.LeakyReluWith(x, leakySlope)
		return graph.Squeeze(product(x, score), -1)
	}

	f, fe := nodes.Shape().Dim(-1), edges.Shape().Dim(-1)
	input := activation.Relu(plus(product(nodes, weights("encoder", f, h)), bias("encoder bias", h)))
	query, key, value := weights("query", 2*h, h), weights("key", 2*h, h), weights("value", 2*h, h)
	edgeKey, edgeValue := product(edges, weights("edge key", fe, h)), weights("edge value", fe, h)
	edgeKey = plus(edgeKey, bias("key bias", h))
	score := weights("score", h, 1)
	update, updateBias := weights("update", 2*h, h), bias("update bias", h)

	var net network
	state := graph.ZerosLike(input)
	for range c.Rounds {
		x := graph.Concatenate([]*graph.Node{input, state}, -1)
		alpha := graph.MaskedSoftmax(pairs(product(x, query), product(x, key), edgeKey, score), joined)
		message := graph.Einsum("bij,bjh->bih", alpha, product(x, value))
		// The edges' values are summed before their product, which is the same.
		seen := graph.ReduceSum(graph.Mul(graph.ExpandAxes(alpha, -1), edges), 2)
		message = graph.Add(message, product(seen, edgeValue))
		state = activation.Relu(graph.Add(plus(product(x, update), updateBias), message))
		net.attention = append(net.attention, alpha)
	}
	pointerEdge := product(edges, weights("pointer edge", fe, h))
	pointerEdge = plus(pointerEdge, bias("pointer bias", h))
	logits := pairs(product(state, weights("pointer from", h, h)), product(state, weights("pointer to", h, h)), pointerEdge, weights("pointer score", h, 1))
	net.pointer = graph.Where(joined, logits, graph.Infinity(g, dtypes.Float32, -1))
	if c.Traces {
		net.next = plus(product(state, weights("next", h, stateWidth)), bias("next bias", stateWidth))
	}
	return net
}

// loss is the mean cross-entropy of the parents [batch, n] plus, with traces, the
// mean squared error of the next state.
func (n network) loss(joined, parents, next *graph.Node) *graph.Node {
	size := n.pointer.Shape().Dim(-1)
	logs := graph.MaskedLogSoftmax(n.pointer, joined)
	chosen := graph.OneHot(parents, size, dtypes.Float32)
	logs = graph.Where(joined, logs, graph.ZerosLike(logs))
	loss := graph.Neg(graph.ReduceAllMean(graph.ReduceSum(graph.Mul(logs, chosen), -1)))
	if n.next != nil {
		loss = graph.Add(loss, graph.ReduceAllMean(graph.Square(graph.Sub(n.next, next))))
	}
	return loss
}

// clipped is Adam with gradients of at most a length.
type clipped struct {
	adam   gradientOptimizer
	length float64
}

type gradientOptimizer interface {
	UpdateGraphWithGradients(s *model.Scope, grads []*graph.Node, lossDType dtypes.DType)
	Clear(s *model.Scope) error
}

func (c clipped) UpdateGraph(s *model.Scope, _ *graph.Graph, loss *graph.Node) {
	grads := s.BuildTrainableVariablesGradientsGraph(loss)
	sum := graph.Scalar(loss.Graph(), dtypes.Float32, 1e-12)
	for _, d := range grads {
		sum = graph.Add(sum, graph.ReduceAllSum(graph.Square(d)))
	}
	scale := graph.MinScalar(graph.MulScalar(graph.Reciprocal(graph.Sqrt(sum)), c.length), 1)
	for i, d := range grads {
		grads[i] = graph.Mul(d, scale)
	}
	c.adam.UpdateGraphWithGradients(s, grads, loss.DType())
}

func (c clipped) Clear(s *model.Scope) error { return c.adam.Clear(s) }

var errNoTraces = fmt.Errorf("neuralcompile: the processor was trained without traces")
