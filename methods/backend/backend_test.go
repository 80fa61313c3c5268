package backend

import (
	"fmt"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

func TestGradientOfAProduct(t *testing.T) {
	b, err := Get()
	if err != nil {
		t.Fatal(err)
	}
	f, err := graph.NewExec(b, func(x, w *graph.Node) (*graph.Node, *graph.Node) {
		y := graph.ReduceAllSum(graph.Square(graph.MatMul(x, w)))
		return y, graph.Gradient(y, w)[0]
	})
	if err != nil {
		t.Fatal(err)
	}
	y, g, err := f.Call2([][]float32{{1, 2}, {3, 4}}, [][]float32{{1}, {-1}})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(y.Value(), g.Value()); got != "2 [[-8] [-12]]" {
		t.Errorf("%s, want 2 [[-8] [-12]]", got)
	}
}

// The product leaves the registers in use and the softmax pays for it, unless
// GODEBUG=cpu.fma=off is set: 25 against 2 ms on a Xeon.
func BenchmarkSoftmax(b *testing.B) {
	be, err := Get()
	if err != nil {
		b.Fatal(err)
	}
	f, err := graph.NewExec(be, func(x *graph.Node) *graph.Node {
		y := graph.LogSoftmax(graph.Einsum("ik,jk->ij", x, x), -1)
		return graph.Gradient(graph.ReduceAllSum(graph.Square(y)), x)[0]
	})
	if err != nil {
		b.Fatal(err)
	}
	x := make([]float32, 128*32)
	for i := range 128 {
		x[i*32+i%32] = 1
	}
	in := tensors.FromFlatDataAndDimensions(x, 128, 32)
	for b.Loop() {
		out, err := f.Call1(in)
		if err != nil {
			b.Fatal(err)
		}
		out.MustFinalizeAll()
	}
}
