package vector

import (
	"math"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

func TestAddScaled4(t *testing.T) {
	rng := random.New(1, 4)
	for n := range 40 {
		var x [5][]float32
		for i := range x {
			x[i] = make([]float32, n)
			random.Normal(rng, x[i], 1)
		}
		want := make([]float64, n)
		for i := range want {
			want[i] = float64(x[4][i]) + 2*float64(x[0][i]) - 3*float64(x[1][i]) + .5*float64(x[2][i]) - float64(x[3][i])
		}
		AddScaled4(x[4], 2, -3, .5, -1, x[0], x[1], x[2], x[3])
		for i, v := range x[4] {
			if math.Abs(float64(v)-want[i]) > 1e-5 {
				t.Fatalf("length %d, value %d: %v, want %v", n, i, v, want[i])
			}
		}
	}
}
