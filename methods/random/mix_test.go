package random

import (
	"math/bits"
	"testing"
)

// Flipping any bit of the value or the seed flips half of the hash's bits.
func TestMixAvalanches(t *testing.T) {
	const trials = 200
	for bit := range 64 {
		value, seed := 0, 0
		for i := range uint64(trials) {
			x, s := i*i, i
			h := Mix(x, s)
			value += bits.OnesCount64(h ^ Mix(x^1<<bit, s))
			seed += bits.OnesCount64(h ^ Mix(x, s^1<<bit))
		}
		for name, n := range map[string]int{"value": value, "seed": seed} {
			if mean := float64(n) / trials; mean < 30 || mean > 34 {
				t.Errorf("bit %d of the %s flips %.1f bits", bit, name, mean)
			}
		}
	}
}
