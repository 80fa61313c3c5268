package lls_test

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/label/lls"
)

// Words of three documents, counted: "gene" and "cell" rise and fall together,
// and so do "graph" and "edge"; "method" is in both topics.
func ExampleAnchorTopics() {
	words := []string{"gene", "cell", "graph", "edge", "method"}
	share := mat.NewDense(5, 3, []float64{
		.36, .20, .04,
		.36, .20, .04,
		.04, .20, .36,
		.04, .20, .36,
		.20, .20, .20,
	})
	anchors, prior, err := lls.AnchorTopics(share, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for y, c := range anchors {
		fmt.Printf("%s: %.1f\n", words[c], mat.Row(nil, y, prior))
	}
	// Output:
	// gene: [0.9 0.5 0.1]
	// graph: [0.1 0.5 0.9]
}

func ExampleModel_Posterior() {
	// Two classes with known shares in three domains.
	m, err := lls.Known(mat.NewDense(2, 3, []float64{
		.8, .5, .2,
		.2, .5, .8,
	}), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	score := []float64{.45, .33, .22} // the classifier's guess at the domain
	for _, domain := range []int{-1, 0, 2} {
		p := make([]float64, 2)
		if err := m.Posterior(p, score, domain); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("domain %d: %.2f\n", domain, p)
	}
	// Output:
	// domain -1: [0.79 0.21]
	// domain 0: [0.94 0.06]
	// domain 2: [0.48 0.52]
}
