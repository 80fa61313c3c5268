package sketch_test

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/solve/sketch"
)

// A line through 4,096 noisy points, from 256 mixtures of them.
func ExampleLeastSquares() {
	const n = 4096
	rng := random.New(1, 0)
	a, b := mat.NewDense(n, 2, nil), make([]float64, n)
	for i := range n {
		x := rng.Float64()
		a.SetRow(i, []float64{1, x})
		b[i] = 3 - 2*x + .1*rng.NormFloat64()
	}
	s, err := sketch.SRHT(n, 256, rng)
	if err != nil {
		fmt.Println(err)
		return
	}
	x, err := sketch.LeastSquares(s, a, b)
	fmt.Println(math.Abs(x[0]-3) < .1, math.Abs(x[1]+2) < .1, err)
	// Output: true true <nil>
}
