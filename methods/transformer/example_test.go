package transformer_test

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/transformer"
)

// One vector for each of two sequences of vectors, the second of which has only
// two.
func Example() {
	b, err := backend.Get()
	if err != nil {
		fmt.Println(err)
		return
	}
	c := transformer.Config{Layers: 1, Dim: 4, Heads: 2}
	exec, err := model.NewExec(b, model.NewStore(), func(s *model.Scope, x, valid *graph.Node) *graph.Node {
		y := c.Encode(s, transformer.AddPositions(s, x, 3), transformer.Mask{Valid: valid})
		return transformer.Mean(y, valid)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := [][][]float32{{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}, {{0, 0, 0, 1}, {1, 0, 0, 0}, {}}}
	x[1][2] = make([]float32, 4) // padding
	z, err := exec.Call1(x, [][]bool{{true, true, true}, {true, true, false}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(z.Shape())
	// Output: (Float32)[2, 4]
}
