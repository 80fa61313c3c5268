package sketch

import (
	"testing"

	"github.com/offprint/offprint/methods/random"
)

// A problem of 16384 x 64 solved by sketches of 1024 rows, and by QR.
func BenchmarkSolve(b *testing.B) {
	const n, d, m = 1 << 14, 64, 1024
	rng := random.New(1, 0)
	a, y := normal(n, d, rng), vec(n, rng)
	for _, k := range kinds {
		if k.name == "Gaussian" { // seconds
			continue
		}
		b.Run(k.name, func(b *testing.B) {
			for b.Loop() {
				s, err := k.draw(n, m, rng)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := LeastSquares(s, a, y); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("exact", func(b *testing.B) {
		for b.Loop() {
			if _, err := Exact(a, y); err != nil {
				b.Fatal(err)
			}
		}
	})
}
