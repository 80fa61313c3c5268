package dcdm

import "testing"

// A step of training: 8 samples on 32 x 32 cells.
func BenchmarkTrainingStep(b *testing.B) {
	if _, err := Train(b.Context(), Options{Grids: []int{32}, Steps: b.N}); err != nil {
		b.Fatal(err)
	}
}

// A solution on 64 x 64 cells with a trained net, and by others.
func BenchmarkSolve(b *testing.B) {
	p := box(b, 64)
	rhs := normal(p.Size(), 1)
	net, err := Train(b.Context(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	f, err := net.On(p)
	if err != nil {
		b.Fatal(err)
	}
	m, err := NewMultigrid(p)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		pre  Direction
	}{{"CG", Identity{}}, {"incomplete Cholesky", NewIncompleteCholesky(p)}, {"multigrid", m}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := PCG(b.Context(), p, rhs, c.pre, Stop{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("DCDM", func(b *testing.B) {
		for b.Loop() {
			if _, err := Solve(b.Context(), p, rhs, f, 2, Stop{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
