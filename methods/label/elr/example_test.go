package elr_test

import (
	"fmt"

	"github.com/offprint/offprint/methods/label/elr"
)

// Three papers with a category each. The network, whose logits are given here, has
// learnt from others that the second one's is wrong.
func ExampleLoss() {
	l, err := elr.New(3, 2, 3, .7)
	if err != nil {
		fmt.Println(err)
		return
	}
	labels := []int{0, 0, 1}
	logits := []float32{2, 0, 0, 1, 0, 3}
	grad := make([]float32, len(logits))
	for range 10 {
		if _, err := l.Batch([]int{0, 1, 2}, logits, labels, grad); err != nil {
			fmt.Println(err)
			return
		}
		// grad goes back through the network, which moves.
	}
	suspects, err := l.Suspects(labels, .2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range suspects {
		fmt.Printf("paper %d looks like category %d, by %.2f\n", s.Example, s.Class, s.Margin)
	}
	// Output: paper 1 looks like category 1, by 0.45
}
