package ngcf_test

import (
	"context"
	"fmt"

	"github.com/offprint/offprint/methods/rec"
	"github.com/offprint/offprint/methods/rec/ngcf"
)

// Two circles of readers share no paper. Reader 0 has yet to read paper 3, which
// the others of the circle have read.
func Example() {
	x := rec.Interactions{Users: 8, Items: 8}
	for u := range 4 {
		for i := range 4 {
			if u != 0 || i != 3 {
				x.Pairs = append(x.Pairs, [2]int32{int32(u), int32(i)})
			}
			x.Pairs = append(x.Pairs, [2]int32{int32(4 + u), int32(4 + i)})
		}
	}
	m, err := ngcf.Fit(context.Background(), x, ngcf.Config{Dim: 8, Layers: 2, LR: .05, Batch: 16, Epochs: 30}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	hits, err := m.Recommend(0, []int32{0, 1, 2}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("paper", hits[0].Item)
	// Output: paper 3
}
