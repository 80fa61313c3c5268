package assign

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// best tries all matchings of the rows from i on.
func best(score *mat.Dense, i int, taken []bool) float64 {
	n, m := score.Dims()
	if i == n {
		return 0
	}
	most := math.Inf(-1)
	if n > m { // a row may go without
		most = best(score, i+1, taken)
	}
	for j := range m {
		if !taken[j] {
			taken[j] = true
			most = max(most, score.At(i, j)+best(score, i+1, taken))
			taken[j] = false
		}
	}
	return most
}

func TestMaxAgainstAllMatchings(t *testing.T) {
	rng := random.New(1, 0)
	for _, dims := range [][2]int{{1, 1}, {2, 2}, {6, 6}, {3, 6}, {6, 3}, {5, 1}} {
		n, m := dims[0], dims[1]
		for range 30 {
			score := mat.NewDense(n, m, nil)
			for k := range score.RawMatrix().Data {
				score.RawMatrix().Data[k] = 1 + float64(rng.IntN(8)) // positive, with ties
			}
			match, total, err := Max(score)
			if err != nil {
				t.Fatal(err)
			}
			seen, count, sum := map[int]bool{}, 0, 0.
			for i, j := range match {
				if j < 0 {
					continue
				}
				if seen[j] {
					t.Fatalf("column %d twice in %v", j, match)
				}
				seen[j] = true
				count++
				sum += score.At(i, j)
			}
			if count != min(n, m) || sum != total {
				t.Fatalf("%d x %d: %v has %d pairs and %v, said %v", n, m, match, count, sum, total)
			}
			if want := best(score, 0, make([]bool, m)); total != want {
				t.Fatalf("%d x %d: %v, want %v", n, m, total, want)
			}
		}
	}
}

func TestMaxOfNegativeScoresMatchesAll(t *testing.T) {
	match, total, err := Max(mat.NewDense(2, 2, []float64{-1, -5, -2, -9}))
	if err != nil || total != -7 || fmt.Sprint(match) != "[1 0]" {
		t.Errorf("%v %v %v", match, total, err)
	}
}

func TestMaxRefusesNaN(t *testing.T) {
	if _, _, err := Max(mat.NewDense(1, 2, []float64{0, math.NaN()})); err == nil {
		t.Error("no error")
	}
}

func ExampleMax() {
	match, total, err := Max(mat.NewDense(2, 3, []float64{
		.75, .5, 0,
		.75, .25, 0,
	}))
	fmt.Println(match, total, err)
	// Output: [1 0] 1.25 <nil>
}

func BenchmarkMax(b *testing.B) {
	const n = 128
	rng := random.New(1, 0)
	score := mat.NewDense(n, n, nil)
	for k := range score.RawMatrix().Data {
		score.RawMatrix().Data[k] = rng.NormFloat64()
	}
	for b.Loop() {
		if _, _, err := Max(score); err != nil {
			b.Fatal(err)
		}
	}
}
