package elr

import "github.com/gomlx/gomlx/core/graph"

// GraphLoss is [Loss.Batch] as a graph: for logits, one-hot labels and the
// targets of a batch, each [b, classes], it returns the mean loss and the targets
// after the step, for the caller to keep under the examples' numbers.
func GraphLoss(logits, labels, targets *graph.Node, lambda, beta float64) (loss, newTargets *graph.Node) {
	p := graph.MinScalar(graph.MaxScalar(graph.Softmax(logits, -1), least), 1-least) // Clip has no gradient
	now := graph.StopGradient(graph.Div(p, graph.ReduceAndKeep(p, graph.ReduceSum, -1)))
	newTargets = graph.StopGradient(graph.Add(graph.MulScalar(targets, beta), graph.MulScalar(now, 1-beta)))
	ce := graph.Neg(graph.ReduceSum(graph.Mul(labels, graph.LogSoftmax(logits, -1)), -1))
	inside := graph.ReduceSum(graph.Mul(newTargets, p), -1)
	return graph.ReduceAllMean(graph.Add(ce, graph.MulScalar(graph.Log(graph.OneMinus(inside)), lambda))), newTargets
}
