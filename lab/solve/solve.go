// Package solve has the reproductions of the family solve, solvers.
package solve

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/offprint/offprint/methods/random"
)

// stream is the source of random numbers of a paper's part and trial.
func stream(paper, seed uint64, part string, trial int) *rand.Rand {
	h := paper
	for _, c := range part {
		h = random.Mix(uint64(c), h)
	}
	return random.New(seed, random.Mix(uint64(trial), h))
}

// exponent is the power p of y ~ x^p that fits best in logarithms.
func exponent(x, y []float64) float64 {
	var mx, my float64
	for i := range x {
		mx += math.Log(x[i])
		my += math.Log(y[i])
	}
	mx /= float64(len(x))
	my /= float64(len(x))
	var xy, xx float64
	for i := range x {
		d := math.Log(x[i]) - mx
		xy += d * (math.Log(y[i]) - my)
		xx += d * d
	}
	return xy / xx
}

// quantile is the smallest value that a share q of all do not exceed.
func quantile(values []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(values))
	return s[max(0, int(math.Ceil(q*float64(len(s))))-1)]
}

func median(values []float64) float64 { return quantile(values, .5) }

// rms is the root of the mean square.
func rms(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v * v
	}
	return math.Sqrt(sum / float64(len(values)))
}
