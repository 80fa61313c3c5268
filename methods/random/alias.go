package random

import (
	"math/rand/v2"
	"slices"
)

// Alias draws indices with given weights in constant time (Walker, 1974; Vose,
// 1991), for where so many are drawn that the O(log n) of [Chooser] shows.
type Alias struct {
	keep  []float32
	other []int32
}

// NewAlias prepares drawing index i with probability w[i] / sum(w). Weights must
// not be negative, and their sum must be positive.
func NewAlias(w []float64) *Alias {
	n := len(w)
	sum := 0.0
	for _, v := range w {
		sum += v
	}
	a := &Alias{keep: make([]float32, n), other: make([]int32, n)}
	rest := slices.Clone(w)
	var small, large []int32
	for i := range rest {
		rest[i] *= float64(n) / sum
		if rest[i] < 1 {
			small = append(small, int32(i))
		} else {
			large = append(large, int32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a.keep[s], a.other[s] = float32(rest[s]), l
		if rest[l] -= 1 - rest[s]; rest[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range append(small, large...) { // 1, but for rounding
		a.keep[i], a.other[i] = 1, i
	}
	return a
}

// Draw returns an index.
func (a *Alias) Draw(rng *rand.Rand) int {
	i := rng.IntN(len(a.keep))
	if rng.Float32() < a.keep[i] {
		return i
	}
	return int(a.other[i])
}
