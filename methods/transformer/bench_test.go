package transformer

import (
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// BenchmarkStep is a training step on 32 sequences of 32 vectors: a block with
// attention, and as the plain baseline its feed-forward part alone.
func BenchmarkStep(b *testing.B) {
	c := Config{Layers: 1, Dim: 64, Heads: 4}
	x := some(random.New(1, 8), 32, 32, c.Dim).tensor()
	for name, f := range map[string]func(s *model.Scope, x *graph.Node) *graph.Node{
		"block":        func(s *model.Scope, x *graph.Node) *graph.Node { return c.Encode(s, x, Mask{Causal: true}) },
		"feed-forward": func(s *model.Scope, x *graph.Node) *graph.Node { return c.part(s, x, c.feed) },
	} {
		b.Run(name, func(b *testing.B) {
			step, err := train.NewStep(model.NewStore(), optimizer.Adam().LearningRate(1e-3).Done(), func(s *model.Scope, in []*graph.Node) *graph.Node {
				return graph.ReduceAllMean(graph.Square(f(s, in[0])))
			})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := step.Call(x); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}
