package random

import (
	"math"
	"math/rand/v2"
)

// Dirichlet returns a draw from the Dirichlet distribution with the parameters
// alpha, all positive: shares with sum 1.
func Dirichlet(rng *rand.Rand, alpha []float64) []float64 {
	x := make([]float64, len(alpha))
	top := math.Inf(-1)
	for i, a := range alpha {
		x[i] = logGamma(rng, a)
		top = max(top, x[i])
	}
	sum := 0.
	for i, v := range x {
		x[i] = math.Exp(v - top)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
	return x
}

// logGamma returns the logarithm of a draw from the gamma distribution with the
// shape a and the scale 1 (Marsaglia and Tsang, 2000). Small shapes give draws
// too small for anything but their logarithm.
func logGamma(rng *rand.Rand, a float64) float64 {
	if a < 1 {
		return logGamma(rng, a+1) + math.Log(1-rng.Float64())/a
	}
	d := a - 1./3
	c := 1 / math.Sqrt(9*d)
	for {
		z := rng.NormFloat64()
		v := 1 + c*z
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-rng.Float64()) < z*z/2+d-d*v+d*math.Log(v) {
			return math.Log(d * v)
		}
	}
}
