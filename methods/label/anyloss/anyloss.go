// Package anyloss trains yes-or-no classifiers on the metric that they are judged
// by: F-score, balanced accuracy, geometric mean, or any function of the confusion
// matrix.
//
// The paper is "AnyLoss: Transforming Classification Metrics into Loss Functions"
// (2024, arXiv:2405.14745). A metric counts calls, and a call has no gradient. A
// second, steep sigmoid makes each probability nearly 0 or 1 but keeps it
// differentiable, so the soft counts nearly equal the real ones, and 1 - metric
// is a loss.
//
// For scores z_i with labels y_i in {0, 1},
//
//	p_i = 1/(1 + e^-z_i),   h_i = A(p_i) = 1/(1 + e^-L(p_i - 1/2)),        (1)
//	TP = sum y h,  FP = sum (1-y) h,  FN = sum y (1-h),  TN = sum (1-y)(1-h),
//	loss = 1 - m(TP, FP, FN, TN),                                          (2)
//	dloss/dh_i = -[y_i (m_TP - m_FN) + (1-y_i)(m_FP - m_TN)],              (3)
//	dloss/dz_i = dloss/dh_i * L h_i (1-h_i) * p_i (1-p_i),                 (4)
//
// with m_TP = dm/dTP and so on, which for the paper's metrics are its formulas.
// L is 73, the largest whole number for which A(1) is below 1 in float64; in
// float32 that is 33.
//
// What to expect: where the model can fit the data, cross-entropy with a threshold
// that is tuned for the metric ([BestThreshold]) does as well, and is convex. The
// loss pays where it cannot: outliers bend the direction that cross-entropy finds,
// which no threshold mends, but count here as one error each. On papers of rare
// categories the balanced loss is the best for balanced accuracy without anything
// to tune; for F1, weighted cross-entropy with a tuned penalty is as good.
//
// Differences from the paper: its code takes n as the size of the training set in
// losses of a batch, which is wrong but for the F-score, and a gradient for the
// geometric mean that is four times the true one; here both are as derived. Its
// code for networks feeds their last layer to A without a sigmoid; its text, and
// this package, with one. A linear model starts with smaller steps where features
// are many, see [Options].
package anyloss

import (
	"fmt"
	"math"
)

// The steepness L of the amplifying sigmoid: the largest whole numbers for which
// A(1) < 1, so that no gradient vanishes by rounding alone.
const (
	Steepness   = 73 // in float64
	Steepness32 = 33 // in float32
)

// Amplify is A(p) of equation (1), which pushes a probability towards 0 or 1.
func Amplify(p, steepness float64) float64 { return sigmoid(steepness * (p - .5)) }

// sigmoid does not overflow: e^-z is infinite at worst, and 1/inf is 0.
func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// Loss returns 1 - m of the soft counts, equation (2), and sets grad to its
// gradient by the scores, equation (4). Scores z [n] are logits, before any
// sigmoid; grad is nil, or as long.
//
// In a batch without positives an F-score's loss is 1, with a gradient of 0: draw
// batches that hold both classes. A value that is not a number is an error.
func Loss(m Metric, steepness float64, z []float64, y []bool, grad []float64) (float64, error) {
	switch {
	case len(z) == 0 || len(y) != len(z) || grad != nil && len(grad) != len(z):
		return 0, fmt.Errorf("anyloss: %d scores, %d labels, %d gradients", len(z), len(y), len(grad))
	case !(steepness > 0) || math.IsInf(steepness, 0):
		return 0, fmt.Errorf("anyloss: steepness %v must be positive", steepness)
	}
	var c Counts
	for i, s := range z {
		p := sigmoid(s)
		h := Amplify(p, steepness)
		if y[i] {
			c.TP += h
			c.FN += 1 - h
		} else {
			c.FP += h
			c.TN += 1 - h
		}
		if grad != nil {
			grad[i] = steepness * h * (1 - h) * p * (1 - p)
		}
	}
	loss := 1 - m.Value(c)
	if math.IsNaN(loss) {
		return 0, fmt.Errorf("anyloss: a score or the metric is not a number")
	}
	if grad != nil {
		d := m.Partials(c)
		pos, neg := d.FN-d.TP, d.TN-d.FP
		for i, positive := range y {
			if positive {
				grad[i] *= pos
			} else {
				grad[i] *= neg
			}
		}
	}
	return loss, nil
}

// Count returns the confusion matrix of calling those examples positive whose
// score is above the threshold. Labels are as many as scores.
func Count(scores []float64, threshold float64, y []bool) Counts {
	var c Counts
	for i, s := range scores {
		switch {
		case s > threshold && y[i]:
			c.TP++
		case s > threshold:
			c.FP++
		case y[i]:
			c.FN++
		default:
			c.TN++
		}
	}
	return c
}
