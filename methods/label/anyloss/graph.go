package anyloss

import (
	"github.com/gomlx/gomlx/core/graph"
)

// GraphCounts is [Counts] in a graph: four scalars.
type GraphCounts struct{ TP, FP, FN, TN *graph.Node }

// GraphMetric is a metric in a graph. Its derivatives are the graph's.
type GraphMetric func(c GraphCounts) *graph.Node

// GraphLoss is [Loss] for networks in GoMLX: the scalar 1 - m for logits and labels
// of one shape, labels 0 or 1 in the logits' type. The steepness is at most 33 for
// float32: see [Steepness32]. As GoMLX has it, wrong shapes panic while a graph is
// being built, which its Exec returns as an error.
//
// Of a batch without positives, or without negatives, the recalls are 0/0: draw
// batches that hold both.
func GraphLoss(m GraphMetric, logits, labels *graph.Node, steepness float64) *graph.Node {
	logits.AssertDims(labels.Shape().Dimensions...)
	h := graph.Sigmoid(graph.MulScalar(graph.AddScalar(graph.Sigmoid(logits), -.5), steepness))
	return graph.OneMinus(m(GraphCounts{
		TP: graph.ReduceAllSum(graph.Mul(labels, h)),
		FP: graph.ReduceAllSum(graph.Mul(graph.OneMinus(labels), h)),
		FN: graph.ReduceAllSum(graph.Mul(labels, graph.OneMinus(h))),
		TN: graph.ReduceAllSum(graph.Mul(graph.OneMinus(labels), graph.OneMinus(h))),
	}))
}

// GraphAccuracy is [Accuracy].
func GraphAccuracy(c GraphCounts) *graph.Node {
	right, wrong := graph.Add(c.TP, c.TN), graph.Add(c.FP, c.FN)
	return graph.Div(right, graph.Add(right, wrong))
}

// GraphFBeta is [FBeta].
func GraphFBeta(beta float64) GraphMetric {
	return func(c GraphCounts) *graph.Node {
		right := graph.MulScalar(c.TP, 1+beta*beta)
		return graph.Div(right, graph.Add(right, graph.Add(graph.MulScalar(c.FN, beta*beta), c.FP)))
	}
}

// GraphBalanced is [Balanced].
func GraphBalanced(c GraphCounts) *graph.Node {
	return graph.MulScalar(graph.Add(graph.Div(c.TP, graph.Add(c.TP, c.FN)), graph.Div(c.TN, graph.Add(c.TN, c.FP))), .5)
}

// GraphGMean is [GMean].
func GraphGMean(c GraphCounts) *graph.Node {
	return graph.Sqrt(graph.Mul(graph.Div(c.TP, graph.Add(c.TP, c.FN)), graph.Div(c.TN, graph.Add(c.TN, c.FP))))
}
