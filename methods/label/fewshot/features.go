package fewshot

import (
	"fmt"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Mean returns the mean of the rows of x.
func Mean(x *mat.Dense) []float64 {
	n, d := x.Dims()
	mean := make([]float64, d)
	for i := range n {
		floats.AddScaled(mean, 1/float64(n), x.RawRowView(i))
	}
	return mean
}

// CL2N prepares the rows of x [N x D] in place, as the distances of this package
// want them: less a mean [D], then scaled to length 1. The mean must be that of
// other data, never of the queries. A row equal to the mean stays 0.
func CL2N(x *mat.Dense, mean []float64) error {
	n, d := x.Dims()
	if len(mean) != d {
		return fmt.Errorf("fewshot: a mean of %d numbers for rows of %d", len(mean), d)
	}
	for i := range n {
		row := x.RawRowView(i)
		floats.Sub(row, mean)
		if l := floats.Norm(row, 2); l > 0 {
			floats.Scale(1/l, row)
		}
	}
	return nil
}
