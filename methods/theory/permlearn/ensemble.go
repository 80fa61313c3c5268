package permlearn

import (
	"fmt"
	"math/bits"
)

// Ensemble is the mean of networks on all nonzero inputs.
type Ensemble struct {
	k    int
	sum  []float64
	nets int
}

// NewEnsemble has no networks yet, for 2 to [MaxBits] bits.
func NewEnsemble(k int) (*Ensemble, error) {
	if k < 2 || k > MaxBits {
		return nil, fmt.Errorf("permlearn: all inputs of %d bits: 2 to %d will do", k, MaxBits)
	}
	return &Ensemble{k: k, sum: make([]float64, (1<<k-1)*k)}, nil
}

// Add joins a network by its [Net.Outputs].
func (e *Ensemble) Add(outputs []float64) error {
	if len(outputs) != len(e.sum) {
		return fmt.Errorf("permlearn: %d outputs in an ensemble of %d", len(outputs), len(e.sum))
	}
	for i, v := range outputs {
		e.sum[i] += v
	}
	e.nets++
	return nil
}

// Nets is the number of networks.
func (e *Ensemble) Nets() int { return e.nets }

// Mean is the mean output [k] for an input, whose bits are those of s, of 1 to
// 2^k - 1. It panics for others.
func (e *Ensemble) Mean(s int) []float64 {
	out := make([]float64, e.k)
	for c := range out {
		out[c] = e.sum[(s-1)*e.k+c] / float64(max(1, e.nets))
	}
	return out
}

// Zero is the paper's threshold: [Tau], for any number of ones.
func Zero(int) float64 { return Tau }

// Predict is the output as bits: 1 where the mean is above the threshold for the
// input's number of ones. The input is as for [Ensemble.Mean].
func (e *Ensemble) Predict(s int, threshold func(ones int) float64) int {
	limit := threshold(bits.OnesCount(uint(s))) * float64(max(1, e.nets))
	out := 0
	for c, v := range e.sum[(s-1)*e.k : s*e.k] {
		if v > limit {
			out |= 1 << c
		}
	}
	return out
}

// Exact is the number of inputs, of 2^k - 1, for which every bit is where the
// permutation takes it.
func (e *Ensemble) Exact(perm []int, threshold func(ones int) float64) int {
	n := 0
	for s := 1; s < 1<<e.k; s++ {
		if e.Predict(s, threshold) == Permute(perm, s) {
			n++
		}
	}
	return n
}

// Permute moves bit i of s to bit perm[i].
func Permute(perm []int, s int) int {
	out := 0
	for i, to := range perm {
		out |= s >> i & 1 << to
	}
	return out
}
