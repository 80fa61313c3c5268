package eval

import (
	"fmt"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

func TestSelectIsTopUnsorted(t *testing.T) {
	rng := random.New(1, 0)
	for n := range 60 {
		scores := make([]float64, n)
		for i := range scores {
			scores[i] = float64(rng.IntN(1 + n/2)) // with ties
		}
		for k := range n + 3 {
			want := Top(scores, k, nil)
			slices.Sort(want)
			if got := Select(scores, k); !slices.Equal(got, want) {
				t.Fatalf("%d of %v: %v, want %v", k, scores, got, want)
			}
		}
	}
}

func ExampleSelect() {
	fmt.Println(Select([]float64{3, 9, 1, 9, 4}, 3))
	// Output: [1 3 4]
}

func BenchmarkSelect(b *testing.B) {
	scores := make([]float32, 54_000)
	random.Normal(random.New(1, 0), scores, 1)
	for _, k := range []int{10, 5000} {
		b.Run(fmt.Sprint("Select/", k), func(b *testing.B) {
			for b.Loop() {
				Select(scores, k)
			}
		})
		b.Run(fmt.Sprint("Top/", k), func(b *testing.B) {
			for b.Loop() {
				Top(scores, k, nil)
			}
		})
	}
}
