package ngcf

import (
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/random"
)

// BenchmarkStep is a step of 2,048 triples over 2,000 users and 2,000 items with
// 8 interactions a user, as in the reproduction: NGCF, LightGCN and, as the
// plain baseline, matrix factorisation.
func BenchmarkStep(b *testing.B) {
	x := someInteractions(2000, 2000, 8, 1)
	rng := random.New(1, 2)
	batch := make([]triple, 2048)
	for i := range batch {
		p := x.Pairs[rng.IntN(len(x.Pairs))]
		batch[i] = triple{int(p[0]), x.Users + int(p[1]), x.Users + rng.IntN(x.Items)}
	}
	for _, v := range []struct {
		name string
		Config
	}{
		{"NGCF", Config{Variant: Code, Dim: 32, Layers: 2, Dropout: .1}},
		{"NGCF-paper", Config{Variant: Paper, Dim: 32, Layers: 2, Dropout: .1}},
		{"LightGCN", Config{Variant: LightGCN, Dim: 32, Layers: 2}},
		{"MF", Config{Dim: 32}},
	} {
		b.Run(v.name, func(b *testing.B) {
			n, err := newNet(x, v.Config)
			if err != nil {
				b.Fatal(err)
			}
			n.init(rng)
			opt := adam.New(len(n.w), .01)
			b.ReportAllocs()
			for b.Loop() {
				n.step(batch, rng)
				opt.Step(n.w, n.g)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}

// BenchmarkPropagate is one product with the propagation matrix, in compressed
// rows and as a GoMLX graph that gathers, scales and adds up.
func BenchmarkPropagate(b *testing.B) {
	const d = 32
	l, err := RowNormSelf(someInteractions(2000, 2000, 8, 1))
	if err != nil {
		b.Fatal(err)
	}
	e := make([]float32, l.Cols*d)
	random.Normal(random.New(1, 3), e, 1)
	b.Run("rows", func(b *testing.B) {
		out := make([]float32, l.Rows*d)
		for b.Loop() {
			l.Mul(out, e, d)
		}
	})
	b.Run("GoMLX", func(b *testing.B) {
		be, err := backend.Get()
		if err != nil {
			b.Fatal(err)
		}
		rows := make([]int32, l.NNZ())
		for i := range l.Rows {
			for k := l.RowPtr[i]; k < l.RowPtr[i+1]; k++ {
				rows[k] = int32(i)
			}
		}
		exec, err := graph.NewExec(be, func(x, rows, cols, vals *graph.Node) *graph.Node {
			messages := graph.Mul(graph.Gather(x, cols), vals)
			return graph.ScatterSum(graph.ZerosLike(x), rows, messages, false, true)
		})
		if err != nil {
			b.Fatal(err)
		}
		x := tensors.FromFlatDataAndDimensions(e, l.Cols, d)
		to := tensors.FromFlatDataAndDimensions(rows, l.NNZ(), 1)
		from := tensors.FromFlatDataAndDimensions(l.Col, l.NNZ(), 1)
		vals := tensors.FromFlatDataAndDimensions(l.Val, l.NNZ(), 1)
		for b.Loop() {
			out, err := exec.Call(x, to, from, vals)
			if err != nil {
				b.Fatal(err)
			}
			out[0].MustFinalizeAll()
		}
	})
}
