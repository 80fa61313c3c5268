package mrl

import (
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/offprint/offprint/methods/embed/contrast"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// The loss and its gradient for 256 pairs of 128 dimensions, beside the plain
// loss of the full size.
func BenchmarkStep(b *testing.B) {
	const rows, dim = 256, 128
	x := normal(2 * rows * dim)
	q, d := tensors.FromFlatDataAndDimensions(x[:rows*dim], rows, dim), tensors.FromFlatDataAndDimensions(x[rows*dim:], rows, dim)
	for _, c := range []struct {
		name string
		f    func(q, d *graph.Node) *graph.Node
	}{
		{"MRL", func(q, d *graph.Node) *graph.Node { return Contrastive(q, d, Halvings(dim, 8), nil, .05) }},
		{"plain", func(q, d *graph.Node) *graph.Node { return contrast.InfoNCE(q, d, .05) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			l, err := train.NewLoss(2, func(in []*graph.Node) *graph.Node { return c.f(in[0], in[1]) })
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := l.Call(q, d); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}

// The best 10 of 54,000 vectors. Their coordinates shrink, as those of trained
// prefixes do; recall is the share of the full scan's best 10.
func BenchmarkSearch(b *testing.B) {
	const n, dim, queries = 54_000, 128, 64
	rng := random.New(1, 0)
	rows := make([]float32, (n+queries)*dim)
	random.Normal(rng, rows, 1)
	for i := range rows {
		rows[i] /= 1 + float32(i%dim)/4
	}
	x, err := NewIndex(rows[:n*dim], Halvings(dim, 8))
	if err != nil {
		b.Fatal(err)
	}
	query := func(i int) []float32 { return rows[(n+i%queries)*dim:][:dim] }
	full := []Stage{{dim, 10}}
	for _, c := range []struct {
		name   string
		stages []Stage
	}{
		{"full", full},
		{"adaptive", []Stage{{16, 1000}, {dim, 10}}},
		{"funnel", []Stage{{8, 8000}, {16, 2000}, {32, 500}, {64, 100}, {dim, 10}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			kept := 0
			for i := range queries {
				best := map[int]bool{}
				for _, stages := range [][]Stage{full, c.stages} {
					hits, err := x.Funnel(query(i), stages)
					if err != nil {
						b.Fatal(err)
					}
					for _, h := range hits {
						if best[h.ID] {
							kept++
						}
						best[h.ID] = true
					}
				}
			}
			i := 0
			for b.Loop() {
				if _, err := x.Funnel(query(i), c.stages); err != nil {
					b.Fatal(err)
				}
				i++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "queries/s")
			b.ReportMetric(float64(kept)/(10*queries), "recall")
		})
	}
}
