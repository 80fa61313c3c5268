// Package loki is Loki (Roberts et al., 2023, arXiv:2307.12226): a classifier
// that was trained on K classes predicts all N > K labels of a space with
// distances, without training. The most probable class gives way to the Fréchet
// mean of the probabilities: the label that is nearest on the whole to all that
// the classifier holds possible, and so may lie between them.
//
// With labels Y = 1..N and their distances d, observed classes l_1..l_K in Y, and
// a classifier's scores P_i >= 0 of these for an item,
//
//	y = argmin over y in Y of sum_i P_i d(y, l_i)^2,
//
// which for many items is the row-wise argmin of P Q, with Q = d^2 of the
// observed against all. The locus of the observed,
//
//	{ y : for some weights w, y is in argmin over z of sum_i w_i d(z, l_i)^2 },
//
// is all that can ever be predicted: in a tree the paths between the observed
// nodes ([Metric.TreeLocus]), in general what a linear programme finds
// ([Metric.Locus]). What lies farthest from it is what to label next
// ([Metric.NextInTree], [Metric.Next]).
//
// Differences from the paper: none in the rule. Scores that differ by rounding
// alone are ties, and the lowest label wins.
package loki

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/eval"
)

// Adapter turns scores of the observed classes into predictions over all labels.
type Adapter struct {
	Observed []int      // labels of the scores' columns
	q        *mat.Dense // squared distances [K, N]
}

// New returns an adapter for a classifier whose class i is the label
// observed[i]: the order is that of its scores.
func New(m *Metric, observed []int) (*Adapter, error) {
	if err := m.check(observed); err != nil {
		return nil, err
	}
	a := &Adapter{Observed: append([]int(nil), observed...), q: mat.NewDense(len(observed), m.n, nil)}
	for i, l := range observed {
		for y := range m.n {
			a.q.Set(i, y, m.At(l, y)*m.At(l, y))
		}
	}
	return a, nil
}

// Scores returns the mean squared distance of each label to the observed ones
// [B, N], weighted by the rows of p [B, K], the classifier's probabilities: the
// lower, the better. Rows need not sum to 1, but must have no negative number
// and a positive sum.
func (a *Adapter) Scores(p *mat.Dense) (*mat.Dense, error) {
	rows, k := p.Dims()
	if k != len(a.Observed) {
		return nil, fmt.Errorf("loki: scores of %d classes, %d are observed", k, len(a.Observed))
	}
	s := new(mat.Dense)
	s.Mul(p, a.q)
	for i := range rows {
		sum := 0.0
		for _, v := range p.RawRowView(i) {
			if !(v >= 0) {
				return nil, fmt.Errorf("loki: a score %v in row %d", v, i)
			}
			sum += v
		}
		if !(sum > 0) || math.IsInf(sum, 1) {
			return nil, fmt.Errorf("loki: scores with the sum %v in row %d", sum, i)
		}
		floats.Scale(1/sum, s.RawRowView(i))
	}
	return s, nil
}

// Predict returns the label of each row of p [B, K], within 0..N-1. See [Adapter.Scores].
func (a *Adapter) Predict(p *mat.Dense) ([]int, error) {
	s, err := a.Scores(p)
	if err != nil {
		return nil, err
	}
	rows, _ := s.Dims()
	pred := make([]int, rows)
	for i := range pred {
		pred[i] = lowest(s.RawRowView(i))
	}
	return pred, nil
}

// tie is how far two values may be apart, of the larger, to be the same.
const tie = 1e-12

// lowest is the first label with the lowest score.
func lowest(scores []float64) int {
	least := floats.Min(scores)
	for y, s := range scores {
		if s <= least*(1+tie) {
			return y
		}
	}
	return floats.MinIdx(scores)
}

// Suggestion is a label with its mean squared distance to what the classifier
// holds possible.
type Suggestion struct {
	Label    int
	Distance float64
}

// Suggest returns the best k labels for one item, best first, given its scores
// of the observed classes. See [Adapter.Scores].
func (a *Adapter) Suggest(scores []float64, k int) ([]Suggestion, error) {
	if len(scores) != len(a.Observed) || k < 1 {
		return nil, fmt.Errorf("loki: %d suggestions from %d scores, %d classes are observed", k, len(scores), len(a.Observed))
	}
	s, err := a.Scores(mat.NewDense(1, len(scores), scores))
	if err != nil {
		return nil, err
	}
	distances := s.RawRowView(0)
	best := lowest(distances)
	out := []Suggestion{{best, distances[best]}}
	negative := make([]float64, len(distances))
	floats.ScaleTo(negative, -1, distances)
	for _, y := range eval.Top(negative, k-1, func(y int) bool { return y == best }) {
		out = append(out, Suggestion{y, distances[y]})
	}
	return out, nil
}

// Temper returns p^(1/tau) with rows [B, K] that sum to 1. Below tau = 1 the
// predictions move towards the most probable class, above it towards the centre
// of the observed ones. A good tau makes the probabilities true on held-out
// items of the observed classes.
func Temper(p *mat.Dense, tau float64) (*mat.Dense, error) {
	if !(tau > 0) {
		return nil, fmt.Errorf("loki: a temperature of %v", tau)
	}
	out := mat.DenseCopyOf(p)
	rows, _ := p.Dims()
	for i := range rows {
		row := out.RawRowView(i)
		top := floats.Max(row)
		for k, v := range row {
			if !(v >= 0) || !(top > 0) || math.IsInf(top, 1) {
				return nil, fmt.Errorf("loki: a score %v in row %d, whose highest is %v", v, i, top)
			}
			row[k] = math.Pow(v/top, 1/tau)
		}
		floats.Scale(1/floats.Sum(row), row)
	}
	return out, nil
}

// MeanSquaredDistance is the mean of d(pred, truth)^2: how far predictions are
// off in the space of labels.
func MeanSquaredDistance(m *Metric, pred, truth []int) (float64, error) {
	if len(pred) != len(truth) || len(pred) == 0 {
		return 0, fmt.Errorf("loki: %d predictions of %d items", len(pred), len(truth))
	}
	sum := 0.0
	for i, y := range pred {
		if min(y, truth[i]) < 0 || max(y, truth[i]) >= m.n {
			return 0, fmt.Errorf("loki: labels %d and %d of item %d are not within 0..%d", y, truth[i], i, m.n-1)
		}
		d := m.At(y, truth[i])
		sum += d * d
	}
	return sum / float64(len(pred)), nil
}
