package vector

import (
	"fmt"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

func TestMatrixProducts(t *testing.T) {
	rng := random.New(1, 4)
	some := func(n int) []float32 {
		x := make([]float32, n)
		random.Normal(rng, x, 1)
		return x
	}
	dense := func(r, c int, x []float32) *mat.Dense {
		m := mat.NewDense(r, c, nil)
		for i, v := range x {
			m.RawMatrix().Data[i] = float64(v)
		}
		return m
	}
	for _, n := range []int{1, 2, 3, 8, 131, 300} {
		for _, p := range []int{1, 5, 32} {
			for _, q := range []int{1, 7, 8, 16, 32, 40, 64, 77} {
				x, w, y := some(n*p), some(p*q), some(n*q)
				var wantY, wantW mat.Dense
				wantY.Mul(dense(n, p, x), dense(p, q, w))
				wantY.Add(&wantY, dense(n, q, y))
				wantW.Mul(dense(n, p, x).T(), dense(n, q, y))
				wantW.Add(&wantW, dense(p, q, w))
				gotY, gotW := append([]float32(nil), y...), append([]float32(nil), w...)
				MulAdd(gotY, x, w, p, q)
				MulAddTrans(gotW, x, y, p, q)
				for _, c := range []struct {
					name string
					got  []float32
					want *mat.Dense
				}{{"MulAdd", gotY, &wantY}, {"MulAddTrans", gotW, &wantW}} {
					for i, v := range c.got {
						if want := c.want.RawMatrix().Data[i]; math.Abs(float64(v)-want) > 1e-3 {
							t.Fatalf("%s, n %d, p %d, q %d, value %d: %v, want %v", c.name, n, p, q, i, v, want)
						}
					}
				}
			}
		}
	}
}

func BenchmarkMulAdd(b *testing.B) {
	for _, d := range []int{16, 32, 48, 64} {
		const n = 4000
		x, w, y := make([]float32, n*d), make([]float32, d*d), make([]float32, n*d)
		report := func(b *testing.B) {
			b.ReportMetric(2*n*float64(d*d)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gflop/s")
		}
		b.Run(fmt.Sprintf("%d", d), func(b *testing.B) {
			for b.Loop() {
				MulAdd(y, x, w, d, d)
			}
			report(b)
		})
		b.Run(fmt.Sprintf("trans/%d", d), func(b *testing.B) {
			for b.Loop() {
				MulAddTrans(w, x, y, d, d)
			}
			report(b)
		})
	}
}
