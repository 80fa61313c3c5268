package spd_test

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/geometry/spd"
)

// How different are two clouds of points? The distance of their covariances, in
// three geometries: nearly flat clouds are far apart in all but one.
func Example() {
	a := mat.NewSymDense(2, []float64{1, 0, 0, 1e-6})
	b := mat.NewSymDense(2, []float64{1, 0, 0, 1e-8})
	for _, m := range []spd.Metric{spd.BuresWasserstein{}, spd.AffineInvariant{}, spd.LogEuclidean{}} {
		d, err := m.Dist2(a, b)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%T %.2g\n", m, d)
	}
	// Output:
	// spd.BuresWasserstein 8.1e-07
	// spd.AffineInvariant 21
	// spd.LogEuclidean 21
}
