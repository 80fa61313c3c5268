package subspace

import (
	"fmt"
	"math"
)

// SplitByTaylor divides a learner's coordinates by their scores, equation (4): seal
// has those that matter, with more than half of the way from the least score to the
// greatest, and rest the others. score has one for each of the coordinates; only
// their sizes count, and not by what they are all multiplied. If all are the same,
// none is sealed.
func SplitByTaylor(score []float64, coords []int) (seal, rest []int, err error) {
	if len(score) != len(coords) {
		return nil, nil, fmt.Errorf("subspace: %d scores of %d coordinates", len(score), len(coords))
	}
	low, high := math.Inf(1), math.Inf(-1)
	for k, s := range score {
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return nil, nil, fmt.Errorf("subspace: the score of coordinate %d is %v", coords[k], s)
		}
		low, high = min(low, math.Abs(s)), max(high, math.Abs(s))
	}
	for k, s := range score {
		if math.Abs(s)-low > (high-low)/2 {
			seal = append(seal, coords[k])
		} else {
			rest = append(rest, coords[k])
		}
	}
	return seal, rest, nil
}
