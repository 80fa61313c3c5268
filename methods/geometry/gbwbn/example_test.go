package gbwbn_test

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/geometry/gbwbn"
	"github.com/offprint/offprint/methods/random"
)

// Two kinds of covariances: in one the first variable varies more, in the other
// the second.
func Example() {
	var xs []*mat.SymDense
	var labels []int
	for i := range 40 {
		v := 1 + float64(i)/40
		x := mat.NewSymDense(2, []float64{v, 0, 0, v / 9})
		if i%2 == 1 {
			x = mat.NewSymDense(2, []float64{v / 9, 0, 0, v})
		}
		xs, labels = append(xs, x), append(labels, i%2)
	}
	c, err := gbwbn.Fit(context.Background(), xs, labels, 2, gbwbn.Config{
		Norm: gbwbn.New(2, .5), LR: .05, Batch: 20, Epochs: 10,
	}, random.New(1, 6))
	if err != nil {
		fmt.Println(err)
		return
	}
	pred, err := c.Predict(xs[:4])
	fmt.Println(pred, err)
	// Output: [0 1 0 1] <nil>
}
