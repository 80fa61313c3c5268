package dcdm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// low is the weight of the lower half of the spectrum in a sample, 1 being that
// of the upper half.
const low = 9

// Sampler draws a training vector of length 1.
type Sampler func(rng *rand.Rand, dst []float64)

// SineModes draws samples for training on whole n x n grids: unit vectors of all
// modes at random, those whose eigenvalue is among the lower 55% with 9 times the
// weight.
func SineModes(n int) Sampler {
	s := NewSines(n)
	order := make([]float64, len(s.Lambda))
	copy(order, s.Lambda)
	at := make([]int, len(order))
	floats.Argsort(order, at)
	bound := order[len(order)*55/100]
	return func(rng *rand.Rand, dst []float64) {
		for i, l := range s.Lambda {
			dst[i] = rng.NormFloat64()
			if l < bound {
				dst[i] *= low
			}
		}
		s.Transform(dst)
		floats.Scale(1/floats.Norm(dst, 2), dst)
	}
}

// RitzSamples is the paper's way to draw samples, for any operator: m steps of
// Lanczos' method from a random vector, each orthogonalised against all before
// it, give vectors q_i in the order of their Ritz values; a sample is a unit
// vector of them at random, with 9 times the weight for i <= m/2 + theta. Ritz
// values below 1e-8 are dropped. Lanczos' method may end before m steps.
func RitzSamples(ctx context.Context, a Operator, m, theta int, rng *rand.Rand) (Sampler, error) {
	n := a.Size()
	if m < 1 || m > n {
		return nil, fmt.Errorf("dcdm: %d Ritz vectors of a matrix of %d", m, n)
	}
	v, w := make([]float64, n), make([]float64, n)
	for i := range v {
		w[i] = rng.NormFloat64()
	}
	a.Mul(v, w) // within the range of A
	basis := mat.NewDense(m, n, nil)
	var diag, off []float64
	next := floats.Norm(v, 2)
	for k := range m {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !(next > 1e-12) {
			break
		}
		if k > 0 {
			off = append(off, next)
		}
		q := basis.RawRowView(k)
		floats.ScaleTo(q, 1/next, v)
		a.Mul(v, q)
		diag = append(diag, floats.Dot(q, v))
		for range 2 { // twice is enough
			for j := range k + 1 {
				row := basis.RawRowView(j)
				floats.AddScaled(v, -floats.Dot(v, row), row)
			}
		}
		next = floats.Norm(v, 2)
	}
	steps := len(diag)
	t := mat.NewSymDense(steps, nil)
	for i, d := range diag {
		t.SetSym(i, i, d)
		if i > 0 {
			t.SetSym(i-1, i, off[i-1])
		}
	}
	var e mat.EigenSym
	if !e.Factorize(t, true) {
		return nil, fmt.Errorf("dcdm: no Ritz values from %d steps", steps)
	}
	var y, ritz mat.Dense
	e.VectorsTo(&y)
	ritz.Mul(y.T(), basis.Slice(0, steps, 0, n))
	values := e.Values(nil)
	return func(rng *rand.Rand, dst []float64) {
		clear(dst)
		for i, l := range values {
			c := rng.NormFloat64()
			if l < 1e-8 {
				continue
			}
			if i <= steps/2+theta {
				c *= low
			}
			floats.AddScaled(dst, c, ritz.RawRowView(i))
		}
		floats.Scale(1/math.Max(floats.Norm(dst, 2), math.SmallestNonzeroFloat64), dst)
	}, nil
}
