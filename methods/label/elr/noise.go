package elr

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// SymmetricNoise returns labels of which each is, with the probability rate,
// replaced by a uniform one of all classes, and which of them are wrong now: in
// the mean a share of rate (1 - 1/classes). It is for measuring.
func SymmetricNoise(rng *rand.Rand, labels []int, classes int, rate float64) (noisy []int, wrong []bool, err error) {
	return noise(labels, classes, rate, func(int) int { return rng.IntN(classes) }, rng)
}

// AsymmetricNoise is as [SymmetricNoise], with one class that another is taken
// for: y + 1, and the first for the last.
func AsymmetricNoise(rng *rand.Rand, labels []int, classes int, rate float64) (noisy []int, wrong []bool, err error) {
	return noise(labels, classes, rate, func(y int) int { return (y + 1) % classes }, rng)
}

func noise(labels []int, classes int, rate float64, other func(int) int, rng *rand.Rand) ([]int, []bool, error) {
	if classes < 2 || !(rate >= 0 && rate <= 1) {
		return nil, nil, fmt.Errorf("elr: noise at the rate %v among %d classes", rate, classes)
	}
	noisy, wrong := slices.Clone(labels), make([]bool, len(labels))
	for i, y := range labels {
		if y < 0 || y >= classes {
			return nil, nil, fmt.Errorf("elr: label %d of example %d is not within 0..%d", y, i, classes-1)
		}
		if rng.Float64() < rate {
			noisy[i] = other(y)
			wrong[i] = noisy[i] != y
		}
	}
	return noisy, wrong, nil
}
