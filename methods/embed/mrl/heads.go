package mrl

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
)

// Heads are the logits [B, classes] of each size for z [B, full size]. Each size
// has its own matrix and bias, or, if efficient (the paper's MRL-E), all share
// one: smaller sizes use its first columns, and no memory is added to the plain
// classifier's. Initial values are uniform within ±1/sqrt(m).
func Heads(scope *model.Scope, z *graph.Node, s Sizes, classes int, efficient bool) []*graph.Node {
	if err := s.check(); err != nil {
		panic(err)
	}
	if d := z.Shape().Dim(-1); d != s.Full() {
		panic(fmt.Errorf("mrl: heads of sizes %v for %d dimensions", s, d))
	}
	head := func(scope *model.Scope, m int) (w, b *graph.Node) { // [m, classes], [1, classes]
		bound := 1 / math.Sqrt(float64(m))
		scope = scope.WithInitializer(initializer.RandomUniformFn(scope, -bound, bound))
		g, t := z.Graph(), z.DType()
		return scope.VariableWithShape("weights", shapes.Make(t, m, classes)).NodeValue(g), scope.VariableWithShape("bias", shapes.Make(t, 1, classes)).NodeValue(g)
	}
	var w, b *graph.Node
	if efficient {
		w, b = head(scope.In("head"), s.Full())
	}
	logits := make([]*graph.Node, len(s))
	for i, m := range s {
		var wm, bm *graph.Node
		if efficient {
			wm, bm = graph.Slice(w, graph.AxisRange(0, m), graph.AxisRange()), b
		} else {
			wm, bm = head(scope.In("head_%d", m), m)
		}
		logits[i] = graph.Add(graph.MatMul(Prefix(z, m), wm), bm)
	}
	return logits
}

// CrossEntropy is the sum over the sizes of the mean cross-entropy of their
// logits with the classes y [B], int32. Weights has one for each size, or is nil
// for 1.
func CrossEntropy(logits []*graph.Node, y *graph.Node, weights []float64) *graph.Node {
	if weights != nil && len(weights) != len(logits) {
		panic(fmt.Errorf("mrl: %d weights for %d sizes", len(weights), len(logits)))
	}
	var total *graph.Node
	for i, l := range logits {
		right := graph.OneHot(y, l.Shape().Dim(-1), l.DType())
		loss := graph.Neg(graph.ReduceAllMean(graph.ReduceSum(graph.Mul(right, graph.LogSoftmax(l, -1)), -1)))
		if weights != nil {
			loss = graph.MulScalar(loss, weights[i])
		}
		if total == nil {
			total = loss
		} else {
			total = graph.Add(total, loss)
		}
	}
	return total
}
