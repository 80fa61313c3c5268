package backend

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
)

func TestProductsAreWhatTheyWere(t *testing.T) {
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
	if s, err := graph.NewExec(b, func(x *graph.Node) *graph.Node { return graph.DotProduct(x, x) }); err != nil {
		t.Error(err)
	} else if v, err := s.Call1([]float32{3, 4}); err != nil || math.Abs(float64(v.Value().(float32))-25) > 1e-6 {
		t.Errorf("a product that is a scalar: %v %v, want 25", v, err)
	}
}

func BenchmarkSoftmax(b *testing.B) {
	plain, err := gobackend.New(sequential)
	if err != nil {
		b.Fatal(err)
	}
	for _, k := range []struct {
		name    string
		backend compute.Backend
	}{{"cleared", &cleared{plain}}, {"as it comes", plain}} {
		b.Run(k.name, func(b *testing.B) {
			f, err := graph.NewExec(k.backend, func(x *graph.Node) *graph.Node {
				y := graph.LogSoftmax(graph.Einsum("ik,jk->ij", x, x), -1)
				return graph.Gradient(graph.ReduceAllSum(graph.Square(y)), x)[0]
			})
			if err != nil {
				b.Fatal(err)
			}
			x := make([][]float32, 128)
			for i := range x {
				x[i] = make([]float32, 32)
				x[i][i%32] = 1
			}
			for b.Loop() {
				if _, err := f.Call1(x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
