package eval

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12 || math.IsNaN(got) != math.IsNaN(want) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestByHand(t *testing.T) {
	rel := map[int]bool{1: true, 3: true}
	ranking := []int{1, 0, 3, 2}
	near(t, "AP", AveragePrecision(ranking, rel), (1+2.0/3)/2)
	near(t, "NDCG", NDCG(ranking, rel, 4), (1+1/math.Log2(4))/(1+1/math.Log2(3)))
	near(t, "NDCG of the best", NDCG([]int{3, 1, 0, 2}, rel, 4), 1)
	near(t, "recall@2", Recall(ranking, rel, 2), .5)
	near(t, "precision@2", Precision(ranking, rel, 2), .5)
	near(t, "rank", Rank([]float64{3, 1, 2, 2}, 2), 2.5)
	near(t, "MRR", MRR([]float64{1, 2, 4}), (1+.5+.25)/3)
	near(t, "AUC", AUC([]float64{.1, .4, .35, .8}, []bool{false, false, true, true}), .75)
	near(t, "NDCG without relevant", NDCG(ranking, nil, 4), math.NaN())
}

// A model that scores everything alike must get the value of chance.
func TestTiesAreChance(t *testing.T) {
	same := make([]float64, 9)
	near(t, "AUC", AUC(same, []bool{true, false, true, false, false, false, false, false, false}), .5)
	near(t, "rank", Rank(same, 4), 5)
}

func TestAUCCountsPairs(t *testing.T) {
	rng := random.New(1, 1)
	for range 50 {
		n := 2 + rng.IntN(30)
		s, pos := make([]float32, n), make([]bool, n)
		for i := range s {
			s[i], pos[i] = float32(rng.IntN(5)), rng.IntN(2) == 0
		}
		pos[0], pos[1] = true, false
		wins, pairs := 0.0, 0.0
		for i := range s {
			for j := range s {
				if pos[i] && !pos[j] {
					pairs++
					if s[i] > s[j] {
						wins++
					} else if s[i] == s[j] {
						wins += .5
					}
				}
			}
		}
		near(t, "AUC", AUC(s, pos), wins/pairs)
	}
}

func TestTopEqualsSort(t *testing.T) {
	rng := random.New(2, 1)
	for range 200 {
		n, k := 1+rng.IntN(60), 1+rng.IntN(20)
		s := make([]float32, n)
		for i := range s {
			s[i] = float32(rng.IntN(10))
		}
		skip := func(i int) bool { return i%3 == 0 }
		var all []int
		for i := range s {
			if !skip(i) {
				all = append(all, i)
			}
		}
		slices.SortFunc(all, func(a, b int) int { return cmp.Or(cmp.Compare(s[b], s[a]), cmp.Compare(a, b)) })
		if got := Top(s, k, skip); !slices.Equal(got, all[:min(k, len(all))]) {
			t.Fatalf("Top(%v, %d) = %v, want %v", s, k, got, all[:min(k, len(all))])
		}
	}
}

func ExampleNDCG() {
	fmt.Printf("%.3f\n", NDCG([]int{2, 0, 1}, map[int]bool{0: true}, 3))
	// Output: 0.631
}
