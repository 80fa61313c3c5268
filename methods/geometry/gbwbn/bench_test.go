package gbwbn

import (
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// BenchmarkStep is a gradient of 60 covariances of size 8, projected to 6, with
// each of the normalisations, and without as the plain baseline.
func BenchmarkStep(b *testing.B) {
	rng := random.New(1, 6)
	xs, labels := make([]*mat.SymDense, 60), make([]int, 60)
	for i := range xs {
		xs[i], labels[i] = covariance(rng, 8), i%2
	}
	for _, v := range []struct {
		name string
		norm Norm
	}{
		{"none", nil}, {"BW", NewPlain(6, 1)}, {"GBW", New(6, 1)}, {"GBW-half", New(6, .5)},
		{"affine-invariant", NewAffineInvariant(6, true)}, {"log-Euclidean", NewLogEuclidean(6)},
	} {
		b.Run(v.name, func(b *testing.B) {
			c, err := Fit(b.Context(), xs, labels, 2, Config{Dim: 6, Norm: v.norm, Epochs: 1}, rng)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.step(xs, labels); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}
