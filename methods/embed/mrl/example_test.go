package mrl_test

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/offprint/offprint/methods/embed/mrl"
	"github.com/offprint/offprint/methods/train"
)

// The loss of two pairs at 1 and 2 dimensions: the first coordinate cannot tell
// them apart, both together can.
func ExampleContrastive() {
	loss, err := train.NewLoss(2, func(in []*graph.Node) *graph.Node {
		return mrl.Contrastive(in[0], in[1], mrl.Sizes{1, 2}, nil, .05)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	pairs := tensors.FromValue([][]float32{{1, 9}, {1, -9}})
	l, _, err := loss.Call(pairs, pairs)
	fmt.Printf("%.3f %v\n", l, err) // ln 2 + 0
	// Output: 0.693 <nil>
}

func ExampleIndex_Funnel() {
	rows := []float32{
		1, 0, 0, 0,
		1, 0, 1, 0,
		0, 1, 0, 0,
	}
	index, err := mrl.NewIndex(rows, mrl.Sizes{2, 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	stages := []mrl.Stage{{Dims: 2, Keep: 2}, {Dims: 4, Keep: 1}}
	hits, err := index.Funnel([]float32{1, 0, 1, 0}, stages)
	fmt.Printf("%d %.2f %d %v\n", hits[0].ID, hits[0].Score, index.MACs(stages), err)
	// Output: 1 1.00 14 <nil>
}
