package lcm

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// 64 sets of 9 vectors of 32 dimensions, there and back: the tree, the same in a
// GoMLX graph, the recurrent aggregator, and a plain sum.
func BenchmarkStep(b *testing.B) {
	const sets, n, d = 64, 9, 32
	rng := random.New(1, 0)
	x, dout := normal(rng, sets*n*d), normal(rng, sets*d)
	sizes := make([]int, sets)
	for i := range sizes {
		sizes[i] = n
	}
	g, err := NewGRU(d, rng)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		fold func() ([]float32, Back, error)
	}{
		{"LCM", func() ([]float32, Back, error) { return Fold(g.Binary, x, d, sizes) }},
		{"recurrent", func() ([]float32, Back, error) { return Recurrent(g.Cell, x, d, sizes) }},
		{"plain", func() ([]float32, Back, error) { return Fold(plus, x, d, sizes) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, back, err := c.fold()
				if err != nil {
					b.Fatal(err)
				}
				back(dout)
			}
		})
	}
	b.Run("LCM/GoMLX", func(b *testing.B) {
		loss, err := train.NewLoss(5, func(in []*graph.Node) *graph.Node {
			return graph.ReduceAllSum(graph.Mul(foldGraph(in[0], in[1:5]), in[5]))
		})
		if err != nil {
			b.Fatal(err)
		}
		in := []*tensors.Tensor{
			tensors.FromFlatDataAndDimensions(x, sets, n, d),
			tensors.FromFlatDataAndDimensions(g.Input.W, d, 3*d), tensors.FromFlatDataAndDimensions(g.Input.B, 1, 3*d),
			tensors.FromFlatDataAndDimensions(g.State.W, d, 3*d), tensors.FromFlatDataAndDimensions(g.State.B, 1, 3*d),
			tensors.FromFlatDataAndDimensions(dout, sets, d),
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := loss.Call(in...); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// foldGraph is the fold of x [sets, n, d] as a graph, for one n.
func foldGraph(x *graph.Node, w []*graph.Node) *graph.Node {
	sets, n, d := x.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2)
	part := func(m *graph.Node, k int) *graph.Node {
		return graph.Slice(m, graph.AxisRange(), graph.AxisRange(k*d, (k+1)*d))
	}
	cell := func(a, b *graph.Node) *graph.Node {
		p, q := graph.Add(graph.MatMul(a, w[0]), w[1]), graph.Add(graph.MatMul(b, w[2]), w[3])
		r, z := graph.Logistic(graph.Add(part(p, 0), part(q, 0))), graph.Logistic(graph.Add(part(p, 1), part(q, 1)))
		c := graph.Tanh(graph.Add(part(p, 2), graph.Mul(r, part(q, 2))))
		one := graph.Ones(a.Graph(), shapes.Make(dtypes.Float32, z.Shape().Dimensions...))
		return graph.Add(graph.Mul(graph.Sub(one, z), c), graph.Mul(z, b))
	}
	for n > 1 {
		pairs := n / 2
		both := graph.Reshape(graph.Slice(x, graph.AxisRange(), graph.AxisRange(0, 2*pairs), graph.AxisRange()), sets*pairs, 2*d)
		a, b := part(both, 0), part(both, 1)
		joined := graph.MulScalar(graph.Add(cell(a, b), cell(b, a)), .5)
		next := graph.Reshape(joined, sets, pairs, d)
		if n%2 == 1 {
			next = graph.Concatenate([]*graph.Node{next, graph.Slice(x, graph.AxisRange(), graph.AxisRange(n-1, n), graph.AxisRange())}, 1)
		}
		x, n = next, (n+1)/2
	}
	return graph.Reshape(x, sets, d)
}
