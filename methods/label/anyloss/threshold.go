package anyloss

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// BestThreshold returns the threshold above which to call examples positive that
// is best for the metric on these scores, and the metric there. It is what to try
// first: it serves a metric with any scores, those of cross-entropy for instance.
//
// The threshold lies halfway between two scores, or is infinite where all
// examples are best called the same. Of equals the highest is taken.
func BestThreshold(m Metric, scores []float64, y []bool) (threshold, value float64, err error) {
	if len(scores) == 0 || len(y) != len(scores) {
		return 0, 0, fmt.Errorf("anyloss: %d scores, %d labels", len(scores), len(y))
	}
	order := make([]int, len(scores))
	for i, s := range scores {
		if math.IsNaN(s) {
			return 0, 0, fmt.Errorf("anyloss: score %d is not a number", i)
		}
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	c := Count(scores, math.Inf(1), y) // all are called negative
	threshold, value = math.Inf(1), m.Value(c)
	for k, i := range order {
		if y[i] {
			c.TP++
			c.FN--
		} else {
			c.FP++
			c.TN--
		}
		next := math.Inf(-1)
		if k+1 < len(order) {
			if next = scores[order[k+1]]; next == scores[i] {
				continue // equal scores are called the same
			}
		}
		if v := m.Value(c); v > value {
			value = v
			threshold = next + (scores[i]-next)/2
			if math.IsInf(next, -1) {
				threshold = next
			}
		}
	}
	return threshold, value, nil
}
