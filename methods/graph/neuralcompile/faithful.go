package neuralcompile

import (
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// Agreement is the share of nodes and rounds in which two traces have the same
// parent and agree on whether the node is reached. The last state of the shorter
// trace is held.
func Agreement(a, b []State) (float64, error) {
	if len(a) == 0 || len(b) == 0 {
		return 0, fmt.Errorf("neuralcompile: a trace of no states")
	}
	same, all := 0, 0
	for t := range max(len(a), len(b)) {
		x, y := a[min(t, len(a)-1)], b[min(t, len(b)-1)]
		if len(x.Parents) != len(y.Parents) {
			return 0, fmt.Errorf("neuralcompile: traces of %d and %d nodes", len(x.Parents), len(y.Parents))
		}
		for i := range x.Parents {
			all++
			if x.Parents[i] == y.Parents[i] && x.Reached[i] == y.Reached[i] {
				same++
			}
		}
	}
	return float64(same) / float64(all), nil
}

// Faithfulness is the mean attention that a learned network pays to what the
// compiled one selects, both [nodes x nodes], over the nodes in mask (nil: all).
// It is NaN if there are none. The compiled network itself has 1.
func Faithfulness(learned, compiled *mat.Dense, mask []bool) (float64, error) {
	n, m := learned.Dims()
	if r, c := compiled.Dims(); r != n || c != m || mask != nil && len(mask) != n {
		return 0, fmt.Errorf("neuralcompile: attention of %d x %d and %d x %d, mask of %d", n, m, r, c, len(mask))
	}
	sum, rows := 0., 0
	for i := range n {
		if mask != nil && !mask[i] {
			continue
		}
		row := compiled.RawRowView(i)
		choice := 0
		for j, a := range row {
			if a > row[choice] {
				choice = j
			}
		}
		sum += learned.At(i, choice)
		rows++
	}
	return sum / float64(rows), nil
}
