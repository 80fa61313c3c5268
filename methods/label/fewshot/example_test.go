package fewshot_test

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/label/fewshot"
)

// One example of each of two classes, both at their edge. The query at 2.4 is
// nearer to the second example, but a chain of others links it to the first.
func ExampleAssign() {
	examples := mat.NewDense(2, 1, []float64{0, 4})
	queries := mat.NewDense(6, 1, []float64{.8, 1.6, 2.4, 4.5, 5, 5.5})
	alone, err := fewshot.NearestPrototype(examples, []int{0, 1}, queries, 2, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	together, err := fewshot.Assign(context.Background(), examples, []int{0, 1}, queries, 2, fewshot.Options{Lambda: .7})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(alone)
	fmt.Println(together.Labels)
	// Output:
	// [0 0 1 1 1 1]
	// [0 0 0 1 1 1]
}
