package lab

import (
	"slices"

	"github.com/offprint/offprint/lab/plot"
)

// Series is a variant's line in a plot: the means of some metrics over the seeds
// so far, at the places x, with the lowest and the highest seed as spread.
// Metrics that the variant lacks are left out.
func (r *Run) Series(variant string, x []float64, metrics []string) plot.Series {
	s := plot.Series{Name: variant, Method: variant == r.report.Method}
	for i, m := range metrics {
		values := r.Values(m, variant)
		if len(values) == 0 {
			continue
		}
		s.X = append(s.X, x[i])
		s.Y = append(s.Y, r.Mean(m, variant))
		s.Low = append(s.Low, slices.Min(values))
		s.High = append(s.High, slices.Max(values))
	}
	return s
}
