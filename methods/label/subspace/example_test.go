package subspace_test

import (
	"context"
	"fmt"

	"github.com/offprint/offprint/methods/label/subspace"
	"github.com/offprint/offprint/methods/random"
)

func ExampleTrain() {
	// Points of two classes, which lie on either side of a line.
	rng := random.New(1, 0)
	var points []float32
	var classes []int
	for i := range 60 {
		side := float64(2*(i%2) - 1)
		points = append(points, float32(side+.3*rng.NormFloat64()), float32(rng.NormFloat64()))
		classes = append(classes, i%2)
	}
	backbone, err := subspace.NewPerceptron(rng, 2, 16, 16)
	if err != nil {
		fmt.Println(err)
		return
	}
	model, err := subspace.Train(context.Background(), backbone, points, classes, subspace.Options{Dim: 12, Epochs: 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := model.Embed(points)
	if err != nil {
		fmt.Println(err)
		return
	}
	recall, err := subspace.RecallAt(e, 12, classes, 1)
	fmt.Println(recall > .9, err)
	// Output: true <nil>
}
