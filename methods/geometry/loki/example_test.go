package loki_test

import (
	"context"
	"fmt"

	"github.com/offprint/offprint/methods/geometry/loki"
)

// A classifier knows three leaves of a tree of topics. Where it is not sure, the
// answer is the topic above, which it has never seen.
func Example() {
	topics := []string{"computing", "language", "vision", "translation", "dialogue", "segmentation"}
	m, err := loki.FromTree([]int{-1, 0, 0, 1, 1, 2}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := loki.New(m, []int{3, 4, 5})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, scores := range [][]float64{{.9, .05, .05}, {.5, .45, .05}, {.3, .3, .4}} {
		best, err := a.Suggest(scores, 1)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s (%.2f)\n", topics[best[0].Label], best[0].Distance)
	}
	// Output:
	// translation (1.00)
	// language (1.40)
	// computing (4.00)
}

func ExampleMetric_Next() {
	// 0 - 1 - 2 - 3 with a branch 1 - 4.
	m, err := loki.FromGraph(5, []loki.Edge{{A: 0, B: 1, Length: 1}, {A: 1, B: 2, Length: 1}, {A: 2, B: 3, Length: 1}, {A: 1, B: 4, Length: 1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	next, err := m.Next(context.Background(), []int{0, 4})
	fmt.Println(next, err)
	// Output: 3 <nil>
}
