// Package starbucks trains one encoder for several sizes at once, a size being a
// depth and a width: Starbucks (Zhuang et al., 2024, arXiv:2410.13230). A short
// fixed list of sizes, from small to large, is trained in every step ([SRL],
// representation learning), after a masked-autoencoder pre-training on the same
// sizes ([SMAE]). Before it, 2D Matryoshka ([TwoD]) drew a size at random for
// each step.
//
// With the states h_1 ... h_N [B, D] of the layers and sizes (n_k, d_k), k = 1
// ... K, the last of which is (N, D), the embedding at size k is
//
//	e_k(x) = h_{n_k}(x)_{1:d_k}, scaled to length 1
//
// and with the scores s_k = e_k(q) e_k(p)^T / T of a batch
//
//	SRL   L = sum_k InfoNCE(s_k) + w sum_{k<K} KL( softmax(s_K) || softmax(s_k) ),
//	      the softmaxes over the documents, the full side constant
//	SMAE  L = 1/K sum_k ( CE(m g_k, dropped) + CE(m LN(u + W4 relu(W3 u)), dropped') ) / 2,
//	      g_k = LN(relu(A_{:,1:d_k} h_{n_k}(x~)_{1:d_k} + a)),   u = g_k + W_dec x~'
//
// where x~ is the text with some words dropped, x~' with more of them dropped,
// and m the output layer over the words.
//
// Differences from the paper: the encoder is a residual perceptron over a text's
// dense vector and texts are bags of words, so a mask drops words and the decoder
// is one residual block; the KL is over scores, as in the paper's code for
// retrieval (its code for similarity takes it over coordinates).
package starbucks

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"

	"github.com/offprint/offprint/methods/embed/contrast"
	"github.com/offprint/offprint/methods/embed/mrl"
)

// Size is a depth and a width of an encoder.
type Size struct {
	Layer int // from 1: how many layers are run
	Dim   int // how many coordinates of their output are kept
}

// Cut is e_k before scaling: the first coordinates of the size's layer. States
// are h_1 ... h_N, each [B, D].
func (s Size) Cut(states []*graph.Node) *graph.Node {
	if s.Layer < 1 || s.Layer > len(states) || s.Dim < 1 || s.Dim > states[s.Layer-1].Shape().Dim(-1) {
		panic(fmt.Errorf("starbucks: size %+v of %d layers", s, len(states)))
	}
	return mrl.Prefix(states[s.Layer-1], s.Dim)
}

// Pick returns the largest of the sizes, which ascend, whose cost is at most
// limit, and the smallest if none is.
func Pick(sizes []Size, cost func(Size) float64, limit float64) Size {
	best := sizes[0]
	for _, s := range sizes[1:] {
		if cost(s) <= limit {
			best = s
		}
	}
	return best
}

// ResidualMLP is an encoder of dense vectors:
//
//	h_0 = W_in x + b,   h_n = LN(h_{n-1} + W2 relu(W1 h_{n-1} + b1) + b2).
type ResidualMLP struct{ In, Dim, Hidden, Layers int }

// States returns h_1 ... h_N [B, Dim] for x [B, In]. Running the first n layers
// gives the first n states.
func (e ResidualMLP) States(scope *model.Scope, x *graph.Node) []*graph.Node {
	h := linear(scope.In("in"), x, e.Dim)
	states := make([]*graph.Node, e.Layers)
	for n := range states {
		h = residual(scope.In("layer_%d", n+1), h, e.Hidden)
		states[n] = h
	}
	return states
}

// Halves splits the states of queries and documents that went through the
// encoder as one batch, queries first.
func Halves(states []*graph.Node) (q, d []*graph.Node) {
	for _, h := range states {
		n := h.Shape().Dim(0) / 2
		q = append(q, graph.Slice(h, graph.AxisRange(0, n)))
		d = append(d, graph.Slice(h, graph.AxisRange(n)))
	}
	return q, d
}

// residual is LN(h + W2 relu(W1 h + b1) + b2).
func residual(scope *model.Scope, h *graph.Node, hidden int) *graph.Node {
	up := relu(linear(scope.In("up"), h, hidden))
	return layerNorm(graph.Add(h, linear(scope.In("down"), up, h.Shape().Dim(-1))))
}

// linear is x W + b with initial W uniform within ±1/sqrt(inputs) and b = 0.
func linear(scope *model.Scope, x *graph.Node, out int) *graph.Node {
	return graph.Add(graph.MatMul(x, weights(scope, x, x.Shape().Dim(-1), out)), bias(scope, x, out))
}

func weights(scope *model.Scope, x *graph.Node, in, out int) *graph.Node {
	bound := 1 / math.Sqrt(float64(in))
	scope = scope.WithInitializer(initializer.RandomUniformFn(scope, -bound, bound))
	return scope.VariableWithShape("weights", shapes.Make(x.DType(), in, out)).NodeValue(x.Graph())
}

func bias(scope *model.Scope, x *graph.Node, out int) *graph.Node {
	return scope.WithInitializer(initializer.Zero).VariableWithShape("bias", shapes.Make(x.DType(), 1, out)).NodeValue(x.Graph())
}

// layerNorm scales each row to mean 0 and variance 1. It has no gain and bias:
// the weights after it can take their place, and they are a third of its time.
func layerNorm(x *graph.Node) *graph.Node {
	x = graph.Sub(x, graph.ReduceAndKeep(x, graph.ReduceMean, -1))
	variance := graph.ReduceAndKeep(graph.Square(x), graph.ReduceMean, -1)
	return graph.Mul(x, graph.Reciprocal(graph.Sqrt(graph.AddScalar(variance, 1e-5))))
}

// relu as a product with a mask: its gradient is one operation, and not five.
func relu(x *graph.Node) *graph.Node {
	positive := graph.ConvertDType(graph.GreaterThan(x, graph.ScalarZero(x.Graph(), x.DType())), x.DType())
	return graph.Mul(x, graph.StopGradient(positive))
}

// scored is a size's scores and what its losses share.
type scored struct {
	scores        *graph.Node // s_k [B, B]
	rows, columns *graph.Node // log sum exp over the documents and the queries, [B]
	right         *graph.Node // mean score of the pairs
}

// score compares cut states as encoded.
func score(q, d *graph.Node, temperature float64) scored {
	u, v := contrast.Normalize(q), contrast.Normalize(d)
	s := scored{scores: contrast.Scores(u, v, temperature), right: contrast.Right(u, v, temperature)}
	s.rows, s.columns = contrast.Totals(s.scores, temperature)
	return s
}

// infoNCE is the cross-entropy both ways.
func (s scored) infoNCE() *graph.Node {
	return graph.Sub(graph.MulScalar(graph.Add(graph.ReduceAllMean(s.rows), graph.ReduceAllMean(s.columns)), .5), s.right)
}

// klFrom is the mean over the queries of KL(softmax(full) || softmax(s)), full
// being constant.
func (s scored) klFrom(full scored) *graph.Node {
	logP := graph.StopGradient(graph.Sub(full.scores, graph.ExpandAxes(full.rows, 1)))
	p := graph.Exp(logP)
	// sum_j p_j (log p_j - s_j) + log sum exp(s), since the p_j sum to 1.
	return graph.ReduceAllMean(graph.Add(graph.ReduceSum(graph.Mul(p, graph.Sub(logP, s.scores)), 1), s.rows))
}
