package starbucks

import (
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/offprint/offprint/methods/embed/contrast"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// A step of each kind with a batch of 256 pairs or texts, and of the plain loss
// of the full size alone.
func BenchmarkStep(b *testing.B) {
	e := ResidualMLP{In: 256, Dim: 128, Hidden: 256, Layers: 6}
	sizes := []Size{{1, 8}, {2, 16}, {3, 32}, {4, 64}, {5, 96}, {6, 128}}
	rng := random.New(1, 0)
	normal := func(rows, dim int) *tensors.Tensor {
		x := make([]float32, rows*dim)
		random.Normal(rng, x, 1)
		return tensors.FromFlatDataAndDimensions(x, rows, dim)
	}
	targets := func() *tensors.Tensor {
		x := make([]float32, 256*1024)
		for i := range 256 {
			for range 4 {
				x[i*1024+rng.IntN(1024)] += .25
			}
		}
		return tensors.FromFlatDataAndDimensions(x, 256, 1024)
	}
	for _, c := range []struct {
		name string
		in   []*tensors.Tensor
		loss func(s *model.Scope, in []*graph.Node) *graph.Node
	}{
		{"plain", []*tensors.Tensor{normal(512, 256)}, func(s *model.Scope, in []*graph.Node) *graph.Node {
			q, d := Halves(e.States(s, in[0]))
			return contrast.InfoNCE(q[5], d[5], .05)
		}},
		{"SRL", []*tensors.Tensor{normal(512, 256)}, func(s *model.Scope, in []*graph.Node) *graph.Node {
			return SRL{sizes, .05, 1}.Loss(Halves(e.States(s, in[0])))
		}},
		{"SMAE", []*tensors.Tensor{normal(256, 256), normal(256, 256), targets(), targets()}, func(s *model.Scope, in []*graph.Node) *graph.Node {
			return SMAE{sizes, 256, 1024}.Loss(s.In("smae"), e.States(s.In("encoder"), in[0]), in[1], in[2], in[3])
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			store := model.NewStore()
			if err := store.SetRNGStateFromSeed(1); err != nil {
				b.Fatal(err)
			}
			step, err := train.NewStep(store, optimizer.Adam().LearningRate(2e-3).Done(), c.loss)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := step.Call(c.in...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
			b.ReportMetric(float64(store.ByteSize()), "bytes")
		})
	}
}
