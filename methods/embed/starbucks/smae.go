package starbucks

import (
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// SMAE is the masked-autoencoder pre-training over the sizes.
type SMAE struct {
	Sizes  []Size
	Hidden int // width of the decoder's block
	Words  int // of the output layer
}

// Loss is the scalar loss of a batch: the states of the masked texts, each
// [B, D]; the decoder's more heavily masked texts [B, In]; and the words that
// either mask dropped [B, Words], each row with the sum 1, or 0 for a text
// without such words, which then costs nothing. What scope holds, the head and
// the decoder, is of no use after training.
func (m SMAE) Loss(scope *model.Scope, states []*graph.Node, decoderIn, dropped, decoderDropped *graph.Node) *graph.Node {
	if len(m.Sizes) == 0 {
		panic(fmt.Errorf("starbucks: no sizes"))
	}
	d := states[0].Shape().Dim(-1)
	head := scope.In("head")
	a, b := weights(head, states[0], d, d), bias(head, states[0], d)
	// The sizes are stacked: one product with the output layer for all.
	var g []*graph.Node
	for _, s := range m.Sizes {
		cut := s.Cut(states)
		g = append(g, graph.Add(graph.MatMul(cut, graph.Slice(a, graph.AxisRange(0, s.Dim))), b))
	}
	cls := layerNorm(relu(graph.Concatenate(g, 0))) // g_k [K B, D]
	context := linear(scope.In("decoder_in"), decoderIn, d)
	decoded := residual(scope.In("decoder"), graph.Add(cls, repeat(context, len(m.Sizes))), m.Hidden)

	w := weights(scope.In("words"), cls, d, m.Words)
	return graph.MulScalar(graph.Add(missing(cls, w, dropped, len(m.Sizes)), missing(decoded, w, decoderDropped, len(m.Sizes))), .5)
}

// missing is the mean cross-entropy of the logits g w of rows g [K B, D] with
// targets [B, Words], the same for each of the K sizes, whose rows sum to 1 or 0.
// No row of g is longer than the square root of D, so the logits stay far below
// the 88 where exp overflows, and need not be shifted by their largest.
func missing(g, w, targets *graph.Node, sizes int) *graph.Node {
	all := graph.Log(graph.ReduceSum(graph.Exp(graph.MatMul(g, w)), 1))
	// The targets' logits without going through all: t . g w = g . w t.
	right := graph.ReduceSum(graph.Mul(g, repeat(graph.Einsum("bv,dv->bd", targets, w), sizes)), 1)
	has := repeat(graph.ReduceSum(targets, 1), sizes)
	return graph.ReduceAllMean(graph.Sub(graph.Mul(has, all), right))
}

// repeat puts n copies of x under each other.
func repeat(x *graph.Node, n int) *graph.Node {
	copies := make([]*graph.Node, n)
	for i := range copies {
		copies[i] = x
	}
	return graph.Concatenate(copies, 0)
}

// Mask drops each of a text's different words with probability p. Kept and
// dropped are positions in the text's list of words.
func Mask(rng *rand.Rand, words int, p float64) (kept, dropped []int) {
	for i := range words {
		if rng.Float64() < p {
			dropped = append(dropped, i)
		} else {
			kept = append(kept, i)
		}
	}
	return kept, dropped
}
