package random

import (
	"math"
	"testing"
)

func TestAliasFrequencies(t *testing.T) {
	w := []float64{1, 0, 3, 6, 0, .01}
	a := NewAlias(w)
	rng := New(1, 1)
	n := make([]int, len(w))
	const draws = 200_000
	for range draws {
		n[a.Draw(rng)]++
	}
	for i := range w {
		if got, want := float64(n[i])/draws, w[i]/10.01; math.Abs(got-want) > .005 || w[i] == 0 && n[i] > 0 {
			t.Errorf("index %d drawn with frequency %.4f, want %.4f", i, got, want)
		}
	}
}
