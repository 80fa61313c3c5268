package activelearn_test

import (
	"context"
	"fmt"

	"github.com/offprint/offprint/methods/label/activelearn"
	"github.com/offprint/offprint/methods/random"
)

// Two questions are to find out which of two topics a reader likes. One kind of
// reader has no idea what the first question is about; a policy that asks it alone
// would fail them.
func ExampleRobust() {
	topics := []string{"vision", "language"}
	questions := []string{"transformers for images?", "parsing sentences?"}
	readers := activelearn.Problem{
		Budget:     3,
		P:          [][]float64{{.9, .2}, {.1, .8}, {.5, .2}, {.5, .8}}, // of a yes
		Truth:      []int{0, 1, 0, 1},
		Complexity: []float64{1, 1, 2, 2},
	}
	strategy, cert, err := activelearn.Robust(context.Background(), readers, []float64{1, 2}, 100)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range cert.Classes {
		fmt.Printf("up to %g: wrong %.2f of the time at most\n", c.Complexity, c.Worst)
	}
	session := strategy.Start(random.New(1, 0))
	for {
		q, ok := session.Next()
		if !ok {
			break
		}
		session.Answer(questions[q] == "parsing sentences?")
	}
	answer, _ := session.Result()
	fmt.Println(topics[answer])
	// Output:
	// up to 1: wrong 0.09 of the time at most
	// up to 2: wrong 0.16 of the time at most
	// language
}
