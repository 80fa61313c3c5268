package compat

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// The paper's settings of the losses.
const (
	Mu     = 10. // sharpness of HOC
	Lambda = .1  // share of the task's loss
)

// HOC is the loss L_hoc, a scalar. Row i of zOld and zNew, both [B, d] of length
// 1, is example i as the old and the new model see it; labels [B] are its class,
// int32. Give each example a label of its own if there are no classes, and the
// same one to duplicates. Of the old anchor's similarities to the new examples
// of its own class, the formula leaves all out (excludeSame); otherwise each
// counts as a similarity of 0, as in the paper's code. An example without any
// other class in its batch is only drawn to its anchor. mu must be below 40,
// for the sum is not shifted by its largest term.
func HOC(zOld, zNew, labels *graph.Node, mu float64, excludeSame bool) *graph.Node {
	t := zNew.DType()
	similar := graph.MulScalar(graph.Einsum("id,jd->ij", zOld, zNew), mu)
	same := graph.ConvertDType(graph.Equal(graph.ExpandAxes(labels, 1), graph.ExpandAxes(labels, 0)), t)
	// No similarity is above mu, so exp(s - mu) is within e^-2mu and 1.
	others := graph.Mul(graph.Exp(graph.AddScalar(similar, -mu)), graph.OneMinus(same))
	sum := graph.ReduceSum(others, -1)
	if !excludeSame {
		sum = graph.Add(sum, graph.MulScalar(graph.ReduceSum(same, -1), math.Exp(-mu)))
	}
	// The inner Where keeps log's gradient finite where it is not taken.
	some := graph.GreaterThan(sum, graph.ZerosLike(sum))
	push := graph.Where(some, graph.AddScalar(graph.Log(graph.Where(some, sum, graph.OnesLike(sum))), mu), graph.ZerosLike(sum))
	pull := graph.MulScalar(graph.ReduceSum(graph.Mul(zOld, zNew), -1), mu)
	return graph.ReduceAllMean(graph.Sub(push, pull))
}

// L2 is the mean squared distance of the rows of zOld and zNew, both [B, d]: the
// plain way to tie a model to the one before it.
func L2(zOld, zNew *graph.Node) *graph.Node {
	return graph.ReduceAllMean(graph.ReduceSum(graph.Square(graph.Sub(zNew, zOld)), -1))
}

// CrossEntropy is the mean cross-entropy of logits [B, K] with the classes
// labels [B], int32, over all K: corners that no class has yet count too.
func CrossEntropy(logits, labels *graph.Node) *graph.Node {
	if labels.DType() != dtypes.Int32 {
		labels = graph.ConvertDType(labels, dtypes.Int32)
	}
	right := graph.OneHot(labels, logits.Shape().Dim(-1), logits.DType())
	return graph.Neg(graph.ReduceAllMean(graph.ReduceSum(graph.Mul(right, graph.LogSoftmax(logits, -1)), -1)))
}

// Combine is lambda task + (1 - lambda) tie: the loss of a task with that of
// [HOC] or [L2].
func Combine(task, tie *graph.Node, lambda float64) *graph.Node {
	return graph.Add(graph.MulScalar(task, lambda), graph.MulScalar(tie, 1-lambda))
}
