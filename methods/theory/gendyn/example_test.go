package gendyn_test

import (
	"fmt"

	"github.com/offprint/offprint/methods/theory/gendyn"
)

// Twice as many parameters as samples, as many, and half as many: what it costs
// to train for ever in place of stopping at the best time.
func ExampleCurve_BestStop() {
	for _, alpha := range []float64{.5, 1, 2} {
		c, err := gendyn.NewCurve(gendyn.Params{Alpha: alpha, TeacherVar: 1, NoiseVar: .2})
		if err != nil {
			fmt.Println(err)
			return
		}
		t, best := c.BestStop()
		fmt.Printf("alpha %.1f: %.2f at t = %.1f, %.2f at t = 1000\n", alpha, best, t, c.TestError(1000))
	}
	// Output:
	// alpha 0.5: 0.83 at t = 2.7, 0.90 at t = 1000
	// alpha 1.0: 0.57 at t = 3.1, 4.29 at t = 1000
	// alpha 2.0: 0.35 at t = 2.4, 0.40 at t = 1000
}
