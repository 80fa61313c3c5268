package altmin

import (
	"testing"

	"gonum.org/v1/gonum/blas/blas64"

	"github.com/offprint/offprint/methods/random"
)

// One regression of 400 entries, rank 64.
func BenchmarkRegression(b *testing.B) {
	rng := random.New(1, 0)
	m, y := regression(400, 64, rng)
	for _, c := range []struct {
		name string
		s    Solver
	}{{"exact", Exact()}, {"CGLS-3", CGLS(3)}, {"sketched CGLS-3", SketchedCGLS(3, 4, rng)}} {
		b.Run(c.name, func(b *testing.B) {
			x := make([]float64, 64)
			for b.Loop() {
				solveOnce(b, c.s, m, y, x)
			}
		})
	}
}

func solveOnce(b *testing.B, s Solver, m blas64.General, y, x []float64) {
	if _, err := s.Solve(m, y, 0, x); err != nil {
		b.Fatal(err)
	}
}
