package spd

import (
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// BenchmarkDist2 is the distance of two matrices of size 8, and of their entries
// as the plain baseline.
func BenchmarkDist2(b *testing.B) {
	rng := random.New(1, 6)
	x, y := randomSPD(rng, 8), randomSPD(rng, 8)
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			frobenius2(sum(1, x, -1, y))
		}
	})
	for _, m := range []struct {
		name string
		Metric
	}{
		{"BW", BuresWasserstein{}},
		{"BW-generalised", BuresWasserstein{M: randomSPD(rng, 8), Theta: .5}},
		{"affine-invariant", AffineInvariant{}},
		{"log-Euclidean", LogEuclidean{}},
	} {
		b.Run(m.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := m.Dist2(x, y); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkEigen is the eigendecomposition that all rests on, by size.
func BenchmarkEigen(b *testing.B) {
	for _, v := range []struct {
		name string
		n    int
	}{{"n=6", 6}, {"n=16", 16}, {"n=64", 64}} {
		x := randomSPD(random.New(1, 6), v.n)
		b.Run(v.name, func(b *testing.B) {
			for b.Loop() {
				var e mat.EigenSym
				e.Factorize(x, true)
			}
		})
	}
}
