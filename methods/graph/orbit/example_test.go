package orbit_test

import (
	"context"
	"fmt"

	"github.com/offprint/offprint/methods/graph"
	"github.com/offprint/offprint/methods/graph/orbit"
)

// Authors 0, 1 and 2 have written with each other, and 3 is new, with one paper
// together with 2: the pendant of a paw.
func Example() {
	g, err := graph.New(4, [][2]int32{{0, 1}, {0, 2}, {1, 2}, {2, 3}})
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := orbit.Count(context.Background(), g, orbit.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range orbit.Pairs() {
		m, err := c.Matrix(p)
		if err != nil {
			fmt.Println(err)
			return
		}
		if n := m.At(3, 0) + m.At(3, 2); p.Graphlet() == 6 && n > 0 {
			fmt.Println(p, "from 3:", n)
		}
	}
	fmt.Println("orbits of 2:", c.GDV()[2])
	// Output:
	// 9-11 from 3: 1
	// 9-10 from 3: 1
	// orbits of 2: [3 0 2 1 0 0 0 0 0 0 0 1 0 0 0]
}
