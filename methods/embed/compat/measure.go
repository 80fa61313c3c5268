package compat

import (
	"fmt"
	"slices"

	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/vector"
)

// Matrix has the accuracy of searches across versions: M[i][j], j <= i, is that
// of queries by model i among vectors by model j. It is lower triangular, row i
// having i+1 values.
type Matrix [][]float64

// AC is the average compatibility: the share of the pairs j < i for which M[i][j]
// > M[j][j], that is, for which the new model finds more in the old vectors than
// the old model does. An equal accuracy does not count. It is NaN for fewer than
// two models.
func (m Matrix) AC() float64 {
	better, pairs := 0., 0.
	for i := range m {
		for j := range i {
			pairs++
			if m[i][j] > m[j][j] {
				better++
			}
		}
	}
	return better / pairs
}

// AM is the average multi-model accuracy: the mean of the triangle with its
// diagonal. It is NaN without models.
func (m Matrix) AM() float64 {
	sum, cells := 0., 0.
	for i := range m {
		for _, v := range m[i][:i+1] {
			sum += v
			cells++
		}
	}
	return sum / cells
}

// Templates returns one vector a class, the mean of its examples' directions,
// scaled to length 1: [classes x dim], and the classes, ascending. Features are
// [len(labels) x dim].
func Templates(features []float32, dim int, labels []int) (templates []float32, classes []int, err error) {
	if dim < 1 || len(features) != len(labels)*dim {
		return nil, nil, fmt.Errorf("compat: %d values for %d labels, in rows of %d", len(features), len(labels), dim)
	}
	classes = slices.Compact(slices.Sorted(slices.Values(labels)))
	templates = make([]float32, len(classes)*dim)
	z := make([]float32, dim)
	for i, c := range labels {
		at, _ := slices.BinarySearch(classes, c)
		copy(z, features[i*dim:])
		vector.Normalize(z)
		vector.AddScaled(templates[at*dim:(at+1)*dim], 1, z)
	}
	vector.NormalizeRows(templates, dim)
	return templates, classes, nil
}

// Accuracy is the share of queries [len(labels) x dim] whose nearest template by
// the cosine is of their class, the first of equals counting: 1:N search.
// Templates are as [Templates] returns them.
func Accuracy(queries []float32, dim int, labels []int, templates []float32, classes []int) (float64, error) {
	if dim < 1 || len(labels) == 0 || len(queries) != len(labels)*dim || len(templates) != len(classes)*dim {
		return 0, fmt.Errorf("compat: %d values for %d queries and %d for %d templates, in rows of %d", len(queries), len(labels), len(templates), len(classes), dim)
	}
	right := 0
	scores := make([]float32, len(classes))
	for i, c := range labels {
		dots(scores, queries[i*dim:(i+1)*dim], templates)
		if best := eval.Top(scores, 1, nil); len(best) == 1 && classes[best[0]] == c {
			right++
		}
	}
	return float64(right) / float64(len(labels)), nil
}

// Upgrade says what a new encoder finds, by the mean reciprocal rank of each
// query's document.
type Upgrade struct {
	Old   float64 // old queries among old documents
	Cross float64 // new queries among old documents
	New   float64 // new queries among new documents

	CrossOverOld, NewOverOld float64 // ratios

	// Compatible says that Cross is above Old, the paper's condition. That is
	// strict: an index may well stay as it is while CrossOverOld is near 1.
	Compatible bool
}

// Evaluate measures an upgrade before it is made. The vectors of queries and
// documents by both encoders are rows of length 1 with dim numbers, and
// target[i] is the row of query i's document. An equal similarity of another
// document counts half.
func Evaluate(oldQ, newQ, oldD, newD []float32, dim int, target []int) (Upgrade, error) {
	if dim < 1 || len(target) == 0 || len(oldQ) != len(target)*dim || len(newQ) != len(oldQ) || len(oldD)%dim != 0 || len(newD) != len(oldD) {
		return Upgrade{}, fmt.Errorf("compat: %d and %d values for %d queries, and %d and %d for the documents, in rows of %d", len(oldQ), len(newQ), len(target), len(oldD), len(newD), dim)
	}
	docs := len(oldD) / dim
	for _, t := range target {
		if t < 0 || t >= docs {
			return Upgrade{}, fmt.Errorf("compat: a target %d among %d documents", t, docs)
		}
	}
	mrr := func(q, d []float32) float64 {
		ranks, scores := make([]float64, len(target)), make([]float32, docs)
		for i, t := range target {
			dots(scores, q[i*dim:(i+1)*dim], d)
			ranks[i] = eval.Rank(scores, t)
		}
		return eval.MRR(ranks)
	}
	u := Upgrade{Old: mrr(oldQ, oldD), Cross: mrr(newQ, oldD), New: mrr(newQ, newD)}
	u.CrossOverOld, u.NewOverOld, u.Compatible = u.Cross/u.Old, u.New/u.Old, u.Cross > u.Old
	return u, nil
}

// dots sets dst[i] to the inner product of q and row i of rows.
func dots(dst, q, rows []float32) {
	dim := len(q)
	for i := range dst {
		dst[i] = vector.Dot(q, rows[i*dim:(i+1)*dim])
	}
}
