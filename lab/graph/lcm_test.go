package graph

import (
	"math"
	"testing"

	"github.com/offprint/offprint/lab/labtest"
	"github.com/offprint/offprint/methods/random"
)

func TestCommutativeMonoids(t *testing.T) { labtest.Run(t, CommutativeMonoids) }

// The gradients of the aggregators without weights, by differences.
func TestFixedAggregatorGradients(t *testing.T) {
	const d, h = 3, 1e-3
	rng := random.New(1, 0)
	sizes := []int{4, 1, 3}
	x := make([]float32, 8*d)
	random.Normal(rng, x, 1)
	for _, a := range fixedAggregators() {
		w := make([]float32, len(sizes)*a.width*d)
		random.Normal(rng, w, 1)
		value := func(x []float32) float64 {
			out, _, err := a.fold(x, d, sizes)
			if err != nil {
				t.Fatal(err)
			}
			total := 0.
			for i, v := range out {
				total += float64(v) * float64(w[i])
			}
			return total
		}
		_, back, err := a.fold(x, d, sizes)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range back(w) {
			if i/d == 4 && a.name == "PNA" {
				continue // the deviation of one element has a corner
			}
			was := x[i]
			x[i] = was + h
			up := value(x)
			x[i] = was - h
			want := (up - value(x)) / (2 * h)
			x[i] = was
			if math.Abs(float64(g)-want) > 1e-2 {
				t.Errorf("%s: gradient %d is %v, by differences %v", a.name, i, g, want)
			}
		}
	}
}
