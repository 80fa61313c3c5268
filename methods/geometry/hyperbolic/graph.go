package hyperbolic

import (
	"github.com/gomlx/gomlx/core/graph"
)

// tiny keeps the gradients of roots at 0 finite.
const tiny = 1e-24

// Exp0Graph is [Ball.Exp0] of the rows of v [n, d], as a graph. Use float64 for
// radii above 10.
func (b Ball) Exp0Graph(v *graph.Node) *graph.Node {
	n := graph.MulScalar(graph.Sqrt(graph.AddScalar(squares(v), tiny)), b.root())
	return graph.Mul(v, graph.Div(graph.MinScalar(graph.Tanh(n), edge), n))
}

// DistGraph is the distances [n, k] of the rows of x [n, d] and y [k, d], as a
// graph whose gradients are finite at equal points as well.
func (b Ball) DistGraph(x, y *graph.Node) *graph.Node {
	c := b.root() * b.root()
	xx, yy := squares(x), graph.Transpose(squares(y), 0, 1)
	square := graph.Sub(graph.Add(xx, yy), graph.MulScalar(graph.Einsum("nd,kd->nk", x, y), 2))
	square = graph.MaxScalar(square, 0)
	room := func(n *graph.Node) *graph.Node {
		return graph.MaxScalar(graph.OneMinus(graph.MulScalar(n, c)), 1e-15)
	}
	u := graph.Div(graph.MulScalar(square, 2*c), graph.Mul(room(xx), room(yy)))
	root := graph.Sqrt(graph.AddScalar(graph.Mul(u, graph.AddScalar(u, 2)), tiny))
	return graph.DivScalar(graph.Log1P(graph.Add(u, root)), b.root())
}

// squares are the rows' squared lengths [n, 1].
func squares(x *graph.Node) *graph.Node {
	return graph.ReduceAndKeep(graph.Square(x), graph.ReduceSum, -1)
}
