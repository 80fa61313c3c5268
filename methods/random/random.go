// Package random gives seeded sources of randomness. Everything random in the
// methods and their reproductions comes from here, so that a seed determines a
// result.
package random

import (
	"math"
	"math/rand/v2"
)

// New returns a generator (PCG) for a seed and a stream. Streams with different
// numbers are independent: a reproduction uses its paper's number, and parts of
// it that run side by side use further ones.
func New(seed, stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }

// Normal fills dst with draws from N(0, sd^2).
func Normal(rng *rand.Rand, dst []float32, sd float64) {
	for i := range dst {
		dst[i] = float32(rng.NormFloat64() * sd)
	}
}

// Uniform fills dst with draws from the uniform distribution on [low, high).
func Uniform(rng *rand.Rand, dst []float32, low, high float64) {
	for i := range dst {
		dst[i] = float32(low + (high-low)*rng.Float64())
	}
}

// Sample returns k different numbers of 0..n-1 in random order. It panics if k
// is not within 0..n.
func Sample(rng *rand.Rand, n, k int) []int {
	return rng.Perm(n)[:k]
}

// Zipf returns weights proportional to 1/rank^s for ranks 1..n, with sum 1.
func Zipf(n int, s float64) []float64 {
	w := make([]float64, n)
	sum := 0.0
	for i := range w {
		w[i] = math.Pow(float64(i+1), -s)
		sum += w[i]
	}
	for i := range w {
		w[i] /= sum
	}
	return w
}

// Chooser draws indices with given weights in O(log n).
type Chooser struct{ cum []float64 }

// NewChooser prepares drawing index i with probability w[i] / sum(w). Weights
// must not be negative, and their sum must be positive.
func NewChooser(w []float64) *Chooser {
	c := &Chooser{cum: make([]float64, len(w))}
	sum := 0.0
	for i, v := range w {
		sum += v
		c.cum[i] = sum
	}
	return c
}

// Draw returns an index.
func (c *Chooser) Draw(rng *rand.Rand) int {
	u := rng.Float64() * c.cum[len(c.cum)-1]
	lo, hi := 0, len(c.cum)-1
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if c.cum[mid] > u {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}
