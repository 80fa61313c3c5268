package pretrain_test

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/theory/pretrain"
)

// Twenty coordinates move with one hidden factor. 500 unlabelled points tell
// how; then 10 labels are enough for a head.
func ExampleFactorMLE() {
	const d = 20
	rng := random.New(1, 0)
	draw := func(n int) (x *mat.Dense, y []float64) {
		x, y = mat.NewDense(n, d, nil), make([]float64, n)
		for i := range y {
			y[i] = rng.NormFloat64()
			for j := range d {
				x.Set(i, j, y[i]+rng.NormFloat64())
			}
		}
		return x, y
	}
	unlabelled, _ := draw(500)
	factor, err := pretrain.FactorMLE(unlabelled, 1, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	x, y := draw(10)
	head, err := pretrain.FitHead(factor, x, y, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	point := make([]float64, d)
	for j := range point {
		point[j] = 2
	}
	e := make([]float64, 1)
	factor.Encode(e, point)
	fmt.Printf("a point at 2 everywhere: %.1f\n", head.Predict(e))
	// Output: a point at 2 everywhere: 2.0
}
