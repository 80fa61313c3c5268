package anyloss_test

import (
	"context"
	"fmt"

	"github.com/offprint/offprint/methods/label/anyloss"
)

// Two of eight papers have a tag; one without it looks very much as if it had.
func ExampleFitLinear() {
	papers := []float32{ // two numbers each
		1.0, .9,
		1.2, 1.1,
		.1, -.2,
		-.3, .3,
		.2, .1,
		-.1, -.4,
		-.2, -.1,
		4, -1,
	}
	tagged := []bool{true, true, false, false, false, false, false, false}
	f1 := anyloss.FBeta(1)
	model, err := anyloss.FitLinear(context.Background(), f1, papers, 2, tagged, anyloss.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	scores, err := model.Scores(papers)
	fmt.Println(f1.Value(anyloss.Count(scores, 0, tagged)), err)
	// Output: 1 <nil>
}
