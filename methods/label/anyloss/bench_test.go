package anyloss

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// BenchmarkStep has the loss and its gradient for 3,000 scores: of F1, beside
// cross-entropy, and in a graph.
func BenchmarkStep(b *testing.B) {
	const n = 3000
	z, y := examples(random.New(1, 20), n, 1)
	grad := make([]float64, n)
	rate := func(b *testing.B) { b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s") }
	b.Run("F1", func(b *testing.B) {
		for b.Loop() {
			if _, err := Loss(FBeta(1), Steepness, z, y, grad); err != nil {
				b.Fatal(err)
			}
		}
		rate(b)
	})
	b.Run("cross-entropy", func(b *testing.B) {
		loss := 0.
		for b.Loop() {
			for i, s := range z {
				e := math.Exp(-math.Abs(s))
				loss += max(s, 0) + math.Log1p(e)
				grad[i] = sigmoid(s)
				if y[i] {
					loss -= s
					grad[i]--
				}
			}
		}
		rate(b)
	})
	b.Run("F1 in a graph", func(b *testing.B) {
		z32, y32 := make([]float32, n), make([]float32, n)
		for i := range z {
			z32[i] = float32(z[i])
			if y[i] {
				y32[i] = 1
			}
		}
		f, err := train.NewLoss(1, func(in []*graph.Node) *graph.Node { return GraphLoss(GraphFBeta(1), in[0], in[1], Steepness32) })
		if err != nil {
			b.Fatal(err)
		}
		labels := tensors.FromFlatDataAndDimensions(y32, n)
		for b.Loop() {
			if _, _, err := f.Call(tensors.FromFlatDataAndDimensions(z32, n), labels); err != nil {
				b.Fatal(err)
			}
		}
		rate(b)
	})
}
