package neuralcompile

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	gomlx "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
)

// network is what the learned processor computes for a batch of graphs with the
// same number of nodes.
type network struct {
	pointer   *gomlx.Node   // [batch, n, n] logits of node i's parent, -inf where not joined
	attention []*gomlx.Node // [batch, n, n] of each round
	next      *gomlx.Node   // [batch, n, stateWidth] after the rounds
}

// build builds the network for nodes [batch, n, features], edges [batch, n, n,
// features] and joined [batch, n, n], which says who are neighbours or the same.
func build(s *model.Scope, c Config, nodes, edges, joined *gomlx.Node) network {
	g := nodes.Graph()
	h := c.Hidden
	weights := func(name string, in, out int) *gomlx.Node {
		limit := 1 / math.Sqrt(float64(in))
		return s.WithInitializer(initializer.RandomUniformFn(s, -limit, limit)).
			VariableWithShape(name, shapes.Make(dtypes.Float32, in, out)).NodeValue(g)
	}
	bias := func(name string, out int) *gomlx.Node {
		return s.WithInitializer(initializer.Zero).VariableWithShape(name, shapes.Make(dtypes.Float32, out)).NodeValue(g)
	}
	product := func(x, w *gomlx.Node) *gomlx.Node {
		d := append([]int{}, x.Shape().Dimensions...)
		flat := gomlx.MatMul(gomlx.Reshape(x, -1, d[len(d)-1]), w)
		d[len(d)-1] = w.Shape().Dim(-1)
		return gomlx.Reshape(flat, d...)
	}
	plus := func(x, b *gomlx.Node) *gomlx.Node { return gomlx.Add(x, gomlx.ExpandLeftToRank(b, x.Rank())) }
	// pairs is leaky(a_i + b_j + e_ij) . score [batch, n, n].
	pairs := func(a, b, e, score *gomlx.Node) *gomlx.Node {
		x := gomlx.Add(gomlx.Add(e, gomlx.ExpandAxes(a, 2)), gomlx.ExpandAxes(b, 1))
		x = activation.LeakyReluWith(x, leakySlope)
		return gomlx.Squeeze(product(x, score), -1)
	}

	f, fe := nodes.Shape().Dim(-1), edges.Shape().Dim(-1)
	input := activation.Relu(plus(product(nodes, weights("encoder", f, h)), bias("encoder bias", h)))
	query, key, value := weights("query", 2*h, h), weights("key", 2*h, h), weights("value", 2*h, h)
	edgeKey, edgeValue := product(edges, weights("edge key", fe, h)), weights("edge value", fe, h)
	edgeKey = plus(edgeKey, bias("key bias", h))
	score := weights("score", h, 1)
	update, updateBias := weights("update", 2*h, h), bias("update bias", h)

	var net network
	state := gomlx.ZerosLike(input)
	for range c.Rounds {
		x := gomlx.Concatenate([]*gomlx.Node{input, state}, -1)
		alpha := gomlx.MaskedSoftmax(pairs(product(x, query), product(x, key), edgeKey, score), joined)
		message := gomlx.Einsum("bij,bjh->bih", alpha, product(x, value))
		// The edges' values are summed before their product, which is the same.
		seen := gomlx.ReduceSum(gomlx.Mul(gomlx.ExpandAxes(alpha, -1), edges), 2)
		message = gomlx.Add(message, product(seen, edgeValue))
		state = activation.Relu(gomlx.Add(plus(product(x, update), updateBias), message))
		net.attention = append(net.attention, alpha)
	}
	pointerEdge := product(edges, weights("pointer edge", fe, h))
	pointerEdge = plus(pointerEdge, bias("pointer bias", h))
	logits := pairs(product(state, weights("pointer from", h, h)), product(state, weights("pointer to", h, h)), pointerEdge, weights("pointer score", h, 1))
	net.pointer = gomlx.Where(joined, logits, gomlx.Infinity(g, dtypes.Float32, -1))
	if c.Traces {
		net.next = plus(product(state, weights("next", h, stateWidth)), bias("next bias", stateWidth))
	}
	return net
}

// loss is the mean cross-entropy of the parents [batch, n] plus, with traces, the
// mean squared error of the next state.
func (n network) loss(joined, parents, next *gomlx.Node) *gomlx.Node {
	size := n.pointer.Shape().Dim(-1)
	logs := gomlx.MaskedLogSoftmax(n.pointer, joined)
	chosen := gomlx.OneHot(parents, size, dtypes.Float32)
	logs = gomlx.Where(joined, logs, gomlx.ZerosLike(logs))
	loss := gomlx.Neg(gomlx.ReduceAllMean(gomlx.ReduceSum(gomlx.Mul(logs, chosen), -1)))
	if n.next != nil {
		loss = gomlx.Add(loss, gomlx.ReduceAllMean(gomlx.Square(gomlx.Sub(n.next, next))))
	}
	return loss
}

// clipped is Adam with gradients of at most a length.
type clipped struct {
	adam   gradientOptimizer
	length float64
}

type gradientOptimizer interface {
	UpdateGraphWithGradients(s *model.Scope, grads []*gomlx.Node, lossDType dtypes.DType)
	Clear(s *model.Scope) error
}

func (c clipped) UpdateGraph(s *model.Scope, _ *gomlx.Graph, loss *gomlx.Node) {
	grads := s.BuildTrainableVariablesGradientsGraph(loss)
	sum := gomlx.Scalar(loss.Graph(), dtypes.Float32, 1e-12)
	for _, d := range grads {
		sum = gomlx.Add(sum, gomlx.ReduceAllSum(gomlx.Square(d)))
	}
	scale := gomlx.MinScalar(gomlx.MulScalar(gomlx.Reciprocal(gomlx.Sqrt(sum)), c.length), 1)
	for i, d := range grads {
		grads[i] = gomlx.Mul(d, scale)
	}
	c.adam.UpdateGraphWithGradients(s, grads, loss.DType())
}

func (c clipped) Clear(s *model.Scope) error { return c.adam.Clear(s) }
