package altmin_test

import (
	"context"
	"fmt"

	"github.com/offprint/offprint/methods/solve/altmin"
)

// A multiplication table with a hole.
func ExampleComplete() {
	e := altmin.Entries{Rows: 4, Cols: 4}
	for i := range int32(4) {
		for j := range int32(4) {
			if i != 2 || j != 3 {
				e.I, e.J, e.X = append(e.I, i), append(e.J, j), append(e.X, float64((i+1)*(j+1)))
			}
		}
	}
	m, _, err := altmin.Complete(context.Background(), e, altmin.Options{Rank: 1, Rounds: 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("3 x 4 = %.2f\n", m.At(2, 3))
	// Output: 3 x 4 = 12.00
}
