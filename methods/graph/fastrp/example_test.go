package fastrp_test

import (
	"context"
	"fmt"

	"github.com/offprint/offprint/methods/graph"
	"github.com/offprint/offprint/methods/graph/fastrp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// Authors are nodes 0..3 and papers 4..7; an edge weighs more for a first
// author. Authors 0 and 1 write together, and so do 2 and 3; paper 7 joins all.
// The graph has two sides, so two orders that follow each other are used.
func Example() {
	g, err := graph.NewWeighted(8, []graph.Edge{
		{U: 0, V: 4, Weight: 2}, {U: 1, V: 4, Weight: 1},
		{U: 1, V: 5, Weight: 2}, {U: 0, V: 5, Weight: 1},
		{U: 2, V: 6, Weight: 2}, {U: 3, V: 6, Weight: 1},
		{U: 0, V: 7, Weight: .1}, {U: 1, V: 7, Weight: .1}, {U: 2, V: 7, Weight: .1}, {U: 3, V: 7, Weight: .1},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := fastrp.Fit(context.Background(), g, fastrp.Config{Dim: 64, Weights: []float64{0, 1, 1}, Sparsity: 1}, random.New(1, 0))
	if err != nil {
		fmt.Println(err)
		return
	}
	// A new paper by authors 0 and 1.
	x, err := m.Extend([]int32{0, 1}, []float32{2, 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, paper := range []int{4, 6} {
		fmt.Println("like paper", paper, vector.Dot(x, m.Vectors[paper*64:(paper+1)*64]) > 0)
	}
	// Output:
	// like paper 4 true
	// like paper 6 false
}
