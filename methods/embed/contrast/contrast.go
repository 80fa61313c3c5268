// Package contrast has the contrastive loss of pairs in a batch (InfoNCE, van
// den Oord et al., 2018, arXiv:1807.03748) as GoMLX graph functions: row i of
// the queries belongs to row i of the documents, and the other documents of the
// batch are the wrong answers.
//
//	S = cos(q_i, d_j) / T
//	L = ( mean_i CE(S_i., i) + mean_j CE(S_.j, j) ) / 2
package contrast

import "github.com/gomlx/gomlx/core/graph"

// Normalize scales the rows of x [n, d] to length 1; rows of zeros stay.
func Normalize(x *graph.Node) *graph.Node {
	// The constant keeps the root's gradient finite at 0.
	return graph.Div(x, graph.Sqrt(graph.AddScalar(graph.ReduceAndKeep(graph.Square(x), graph.ReduceSum, -1), 1e-12)))
}

// Scores are the inner products of the rows of u [n, d] and v [m, d], divided by
// the temperature: [n, m]. For cosines give rows of length 1.
func Scores(u, v *graph.Node, temperature float64) *graph.Node {
	return graph.DivScalar(graph.Einsum("id,jd->ij", u, v), temperature)
}

// InfoNCE is the loss L of queries and documents, both [n, d] as encoded.
func InfoNCE(q, d *graph.Node, temperature float64) *graph.Node {
	u, v := Normalize(q), Normalize(d)
	rows, columns := Totals(Scores(u, v, temperature), temperature)
	all := graph.MulScalar(graph.Add(graph.ReduceAllMean(rows), graph.ReduceAllMean(columns)), .5)
	return graph.Sub(all, Right(u, v, temperature))
}

// Right is the mean score of the pairs, row i of u with row i of v.
func Right(u, v *graph.Node, temperature float64) *graph.Node {
	return graph.DivScalar(graph.ReduceAllMean(graph.ReduceSum(graph.Mul(u, v), 1)), temperature)
}

// Totals are the logarithms of the sums of exp(s) over each row [n] and over
// each column [m] of scores of cosines. Below a temperature of 1/40 they take
// three times as long.
func Totals(s *graph.Node, temperature float64) (rows, columns *graph.Node) {
	if temperature < 1./40 {
		return LogSumExp(s, 1), LogSumExp(s, 0)
	}
	// No score is above 1/T, so exp(s - 1/T) is within e^-80 and 1, and serves
	// rows and columns alike: exponentials are what the loss costs.
	e := graph.Exp(graph.AddScalar(s, -1/temperature))
	log := func(axis int) *graph.Node { return graph.AddScalar(graph.Log(graph.ReduceSum(e, axis)), 1/temperature) }
	return log(1), log(0)
}

// LogSumExp is log(sum(exp(s))) along an axis, which goes away.
func LogSumExp(s *graph.Node, axis int) *graph.Node {
	most := graph.StopGradient(graph.ReduceAndKeep(s, graph.ReduceMax, axis))
	sum := graph.ReduceSum(graph.Exp(graph.Sub(s, most)), axis)
	return graph.Add(graph.Log(sum), graph.Squeeze(most, axis))
}
