package random

import (
	"math"
	"testing"
)

// The mean and the variance of a share are known: a/A and a (A-a) / (A^2 (A+1)).
func TestDirichlet(t *testing.T) {
	for _, alpha := range [][]float64{{2, 2, 2}, {.1, .3, .05}, {1, 4}, {1e-3, 1e-3}} {
		rng := New(1, 0)
		total := 0.
		for _, a := range alpha {
			total += a
		}
		const n = 40_000
		mean, square := make([]float64, len(alpha)), make([]float64, len(alpha))
		for range n {
			sum := 0.
			for i, v := range Dirichlet(rng, alpha) {
				sum += v
				mean[i] += v / n
				square[i] += v * v / n
			}
			if math.Abs(sum-1) > 1e-12 {
				t.Fatalf("alpha %v: shares with the sum %v", alpha, sum)
			}
		}
		for i, a := range alpha {
			m, v := a/total, a*(total-a)/(total*total*(total+1))
			if got := square[i] - mean[i]*mean[i]; math.Abs(mean[i]-m) > .01 || math.Abs(got-v) > .01 {
				t.Errorf("alpha %v, share %d: mean %.4f and variance %.4f, want %.4f and %.4f", alpha, i, mean[i], got, m, v)
			}
		}
	}
}
