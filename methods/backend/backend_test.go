package backend

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/offprint/offprint/methods/random"
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

// Products of any form are those of the backend as it comes.
func TestRowMajorProducts(t *testing.T) {
	b, err := Get()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gobackend.New(sequential)
	if err != nil {
		t.Fatal(err)
	}
	rng := random.New(1, 0)
	for _, c := range []struct {
		equation string
		lhs, rhs []int
	}{
		{"ik,kj->ij", []int{3, 20}, []int{20, 33}},
		{"ik,jk->ij", []int{3, 20}, []int{33, 20}},
		{"ki,kj->ij", []int{20, 3}, []int{20, 33}},
		{"ki,jk->ij", []int{20, 3}, []int{33, 20}},
		{"bik,bjk->bij", []int{4, 5, 17}, []int{4, 6, 17}},
		{"ibk,kjb->bij", []int{5, 4, 17}, []int{17, 6, 4}},
		{"bihd,bjhd->bhij", []int{2, 7, 3, 16}, []int{2, 9, 3, 16}},
		{"iab,jab->ij", []int{7, 4, 5}, []int{9, 4, 5}},
		{"ab,ab->", []int{7, 4}, []int{7, 4}},
		{"a,b->ab", []int{7}, []int{5}},
		{"ab,b->a", []int{7, 5}, []int{5}},
		{"ik,jk->ij", []int{300, 200}, []int{100, 200}}, // large
		{"ki,kj->ij", []int{200, 300}, []int{200, 100}},
		{"ki,kj->ij", []int{60, 900}, []int{60, 20}}, // exchanged
		{"bki,kbj->bij", []int{2, 60, 900}, []int{60, 2, 20}},
	} {
		lhs, rhs := draw(rng, c.lhs), draw(rng, c.rhs)
		f := func(x, y *graph.Node) []*graph.Node {
			z := graph.Einsum(c.equation, x, y)
			return append([]*graph.Node{z}, graph.Gradient(graph.ReduceAllSum(graph.Square(z)), x, y)...)
		}
		got, err := graph.CallOnceN(b, f, tensors.FromFlatDataAndDimensions(lhs, c.lhs...), tensors.FromFlatDataAndDimensions(rhs, c.rhs...))
		if err != nil {
			t.Fatalf("%s: %v", c.equation, err)
		}
		want, err := graph.CallOnceN(plain, f, tensors.FromFlatDataAndDimensions(lhs, c.lhs...), tensors.FromFlatDataAndDimensions(rhs, c.rhs...))
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if !got[i].Shape().Equal(want[i].Shape()) || !got[i].InDelta(want[i], 1e-3) {
				t.Errorf("%s: result %d differs: %s, want %s", c.equation, i, got[i].Shape(), want[i].Shape())
			}
		}
	}
}

func draw(rng *rand.Rand, dims []int) []float32 {
	n := 1
	for _, d := range dims {
		n *= d
	}
	x := make([]float32, n)
	random.Normal(rng, x, .3)
	return x
}

// Variables stay on the backend between a model's steps.
func TestModelSteps(t *testing.T) {
	b, err := Get()
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	opt := optimizer.Adam().LearningRate(.05).Done()
	step, err := model.NewExec(b, store, func(s *model.Scope, x, y *graph.Node) *graph.Node {
		l := graph.ReduceAllMean(graph.Square(graph.Sub(layers.DenseWithBias(s.In("dense"), x, 1), y)))
		opt.UpdateGraph(s, x.Graph(), l)
		return l
	})
	if err != nil {
		t.Fatal(err)
	}
	var loss float32
	for range 300 {
		v, err := step.Call1([][]float32{{0, 1}, {1, 0}, {1, 1}, {2, 3}}, [][]float32{{-1}, {2}, {1}, {1}})
		if err != nil {
			t.Fatal(err)
		}
		loss = tensors.ToScalar[float32](v)
	}
	if loss > 1e-3 {
		t.Errorf("loss %v after 300 steps on a line", loss)
	}
}

// The product leaves the registers in use and the softmax pays for it, unless
// GODEBUG=cpu.fma=off is set: 16 against 3.4 ms on a Xeon, and row by row 1 against .7.
func BenchmarkSoftmax(b *testing.B) {
	plain, err := gobackend.New(sequential)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		backend compute.Backend
	}{{"row by row", &rowMajor{plain}}, {"as it comes", plain}} {
		b.Run(c.name, func(b *testing.B) { benchmarkSoftmax(b, c.backend) })
	}
}

func benchmarkSoftmax(b *testing.B, be compute.Backend) {
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
