package permlearn_test

import (
	"context"
	"fmt"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/theory/permlearn"
)

// Networks that have seen three single bits permute all seven inputs.
func ExampleEnsemble() {
	perm := []int{1, 2, 0}
	ensemble, err := permlearn.NewEnsemble(3)
	if err != nil {
		fmt.Println(err)
		return
	}
	limit, err := permlearn.NewLimit(3, permlearn.NNGP)
	if err != nil {
		fmt.Println(err)
		return
	}
	size, err := limit.EnsembleSize(.01, true)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range uint64(size) {
		net, err := permlearn.Train(context.Background(), perm, 300, permlearn.NNGP, 100, 1e-8, random.New(i, 0))
		if err != nil {
			fmt.Println(err)
			return
		}
		outputs, err := net.Outputs()
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := ensemble.Add(outputs); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Printf("%d networks, %d of 7 inputs exact; 110 -> %03b\n", ensemble.Nets(), ensemble.Exact(perm, permlearn.Zero), ensemble.Predict(0b110, permlearn.Zero))
	// Output: 54 networks, 7 of 7 inputs exact; 110 -> 101
}
