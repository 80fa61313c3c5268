package loki

import (
	"fmt"
	"testing"

	"gonum.org/v1/gonum/floats"

	"github.com/offprint/offprint/methods/random"
)

// BenchmarkPredict is 100 items with scores of 64 classes, over trees of labels,
// and beside it the most probable class.
func BenchmarkPredict(b *testing.B) {
	const rows, k = 100, 64
	rng := random.New(1, 29)
	p := probabilities(rng, rows, k)
	b.Run("argmax", func(b *testing.B) {
		for b.Loop() {
			for i := range rows {
				floats.MaxIdx(p.RawRowView(i))
			}
		}
		b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "items/s")
	})
	for _, n := range []int{150, 2000} {
		a, err := New(randomTree(b, rng, n), random.Sample(rng, n, k))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("labels=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := a.Predict(p); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "items/s")
		})
	}
}

// BenchmarkLocus is a tree of 50 labels of which 8 are observed.
func BenchmarkLocus(b *testing.B) {
	rng := random.New(2, 29)
	m := randomTree(b, rng, 50)
	observed := random.Sample(rng, 50, 8)
	b.Run("paths", func(b *testing.B) {
		for b.Loop() {
			if _, err := m.TreeLocus(observed); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("linear programme", func(b *testing.B) {
		for b.Loop() {
			if _, err := m.Locus(b.Context(), observed); err != nil {
				b.Fatal(err)
			}
		}
	})
}
