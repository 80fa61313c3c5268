package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/offprint/offprint/methods/random"
)

// multisets is a task of bed G7: a class for a multiset of small numbers.
type multisets struct {
	name    string
	values  int // numbers are below it
	classes int
	draw    func(n int, rng *rand.Rand) (set []int, class int)
}

var (
	parity = multisets{"parity", 2, 2, func(n int, rng *rand.Rand) ([]int, int) {
		set, sum := make([]int, n), 0
		for i := range set {
			set[i] = rng.IntN(2)
			sum += set[i]
		}
		return set, sum % 2
	}}

	// The floor of each set keeps the answers spread: without it they would all be
	// 0 in large sets.
	secondSmallest = multisets{"second smallest", 10, 10, func(n int, rng *rand.Rand) ([]int, int) {
		set, floor := make([]int, n), rng.IntN(8)
		for i := range set {
			set[i] = floor + rng.IntN(10-floor)
		}
		sorted := slices.Clone(set)
		slices.Sort(sorted)
		return set, sorted[min(1, n-1)]
	}}

	sumModulo5 = multisets{"sum modulo 5", 5, 5, func(n int, rng *rand.Rand) ([]int, int) {
		set, sum := make([]int, n), 0
		for i := range set {
			set[i] = rng.IntN(5)
			sum += set[i]
		}
		return set, sum % 5
	}}
)

// sets are multisets one after the other.
type sets struct {
	values  []int // of all sets
	sizes   []int
	classes []int
}

// sample draws sets of one size.
func (m multisets) sample(count, n int, rng *rand.Rand) sets {
	var s sets
	for range count {
		set, class := m.draw(n, rng)
		s.values, s.sizes, s.classes = append(s.values, set...), append(s.sizes, n), append(s.classes, class)
	}
	return s
}

// test are the 500 sets of a size that all seeds are measured on.
func (m multisets) test(n int) sets { return m.sample(500, n, random.New(uint64(n), 1201)) }

// shuffled are the sets with each one's elements in random order.
func (s sets) shuffled(rng *rand.Rand) sets {
	out := sets{slices.Clone(s.values), s.sizes, s.classes}
	at := 0
	for _, n := range s.sizes {
		set := out.values[at : at+n]
		rng.Shuffle(n, func(i, j int) { set[i], set[j] = set[j], set[i] })
		at += n
	}
	return out
}

func (m multisets) accuracyAt(n int) string { return fmt.Sprintf("%s, %d elements", m.name, n) }
