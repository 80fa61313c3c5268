package lls

import (
	"fmt"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// AnchorTopics solves (2) where every class has an anchor, exactly: from p(c|d)
// [m x r] it returns the kinds that are the anchors of k classes, and Q = p(y|d)
// [k x r], in their order. Rows of p(c|d), scaled to the sum 1, lie in the
// simplex of the anchors' rows, which successive projection finds: take the
// longest row, project it out of all, k times (Gillis and Vavasis, 2014). Noise
// spoils it sooner than [NMF].
func AnchorTopics(pcd *mat.Dense, k int) (anchors []int, prior *mat.Dense, err error) {
	m, r := pcd.Dims()
	if k < 1 || k > min(m, r) {
		return nil, nil, fmt.Errorf("lls: %d classes of %d kinds in %d domains", k, m, r)
	}
	rows := mat.DenseCopyOf(pcd)
	for c := range m {
		row := rows.RawRowView(c)
		for d, v := range row {
			if !(v >= 0) {
				return nil, nil, fmt.Errorf("lls: kind %d has the share %v of domain %d", c, v, d)
			}
		}
		if s := floats.Sum(row); s > 0 {
			floats.Scale(1/s, row)
		}
	}
	rest := mat.DenseCopyOf(rows)
	corners := mat.NewDense(k, r, nil)
	for y := range k {
		best, length := 0, 0.
		for c := range m {
			if l := floats.Norm(rest.RawRowView(c), 2); l > length {
				best, length = c, l
			}
		}
		if length < 1e-12 {
			return nil, nil, fmt.Errorf("lls: the kinds' rows span %d dimensions only, for %d classes", y, k)
		}
		anchors = append(anchors, best)
		corners.SetRow(y, rows.RawRowView(best))
		u := make([]float64, r)
		floats.ScaleTo(u, 1/length, rest.RawRowView(best))
		for c := range m {
			row := rest.RawRowView(c)
			floats.AddScaled(row, -floats.Dot(row, u), u)
		}
	}
	// p(c|d) = C' corners, and the columns' sums of C' make corners Q.
	var ct mat.Dense // C'^T [k x m]
	if err := ct.Solve(corners.T(), pcd.T()); err != nil {
		return nil, nil, fmt.Errorf("lls: anchors: %w", err)
	}
	prior = corners
	for y := range k {
		floats.Scale(floats.Sum(ct.RawRowView(y)), prior.RawRowView(y))
	}
	normaliseColumns(prior)
	return anchors, prior, nil
}
