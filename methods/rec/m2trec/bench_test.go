package m2trec

import (
	"testing"

	"github.com/offprint/offprint/methods/random"
)

// BenchmarkStep is a training step of 256 sessions as in the reproduction: a
// text of 100 words of 8,192 an item. The plain baselines are the mean of the
// history, and the transformer with a table of ids.
func BenchmarkStep(b *testing.B) {
	rng := random.New(1, 11)
	const n = 4000
	items, ids := make([]Item, n), make([]Item, n)
	for i := range items {
		words, weights := make([]int32, 100), make([]float32, 100)
		for k := range words {
			words[k], weights[k] = int32(rng.IntN(8192)), .1
		}
		items[i] = Item{Fields: []Bag{{Values: words, Weights: weights}, {Values: []int32{int32(rng.IntN(200))}}}, Classes: []int32{int32(rng.IntN(7))}}
		ids[i] = Item{Fields: []Bag{{Values: []int32{int32(i)}}}, Classes: items[i].Classes}
	}
	sessions := make([]Session, 256)
	for i := range sessions {
		sessions[i].Target = int32(rng.IntN(n))
		for range 1 + rng.IntN(8) {
			sessions[i].History = append(sessions[i].History, int32(rng.IntN(n)))
		}
	}
	metadata := []Field{{Name: "words", Vocab: 8192, Dim: 48}, {Name: "categories", Vocab: 200, Dim: 16}}
	for _, k := range []struct {
		name   string
		items  []Item
		fields []Field
		layers int
	}{
		{"M2TRec", items, metadata, 1},
		{"mean", items, metadata, 0},
		{"ids", ids, []Field{{Name: "id", Vocab: n, Dim: 64}}, 1},
	} {
		b.Run(k.name, func(b *testing.B) {
			b.ReportAllocs()
			c := Config{
				Fields: k.fields, Tasks: []Task{{Name: "category", Classes: 7, Weight: .5}},
				MaxLen: 8, Layers: k.layers, Heads: 2, Temperature: .07, LR: 2e-3, Batch: 256, Epochs: 1 << 30,
			}
			steps := 0
			b.ResetTimer()
			_, err := Fit(b.Context(), k.items, sessions, c, func(int, *Model) (bool, error) {
				steps++
				return steps < b.N, nil
			})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}
