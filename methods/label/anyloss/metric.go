package anyloss

import "math"

// Counts is a confusion matrix: how many examples were called positive and are
// (TP) or are not (FP), and how many were called negative and are positive (FN)
// or are not (TN). Soft counts are sums of values between 0 and 1.
type Counts struct{ TP, FP, FN, TN float64 }

// Metric is a function of a confusion matrix, the higher the better.
//
// A metric of one's own needs the two methods and nothing else: [Loss] and
// [FitLinear] take it from there.
type Metric interface {
	Value(Counts) float64
	// Partials are the derivatives of Value by the four counts, each taken as if
	// the others stayed.
	Partials(Counts) Counts
}

// Accuracy is the share of examples that were called what they are. On
// imbalanced data it is best served by calling all of them negative.
func Accuracy() Metric { return accuracy{} }

// FBeta is the F-score, in which recall counts beta times as much as precision:
//
//	(1+beta^2) TP / ((1+beta^2) TP + beta^2 FN + FP).
//
// FBeta(1) is F1. Beta must be positive.
func FBeta(beta float64) Metric { return fBeta(beta * beta) }

// Balanced is the balanced accuracy, the mean of both classes' recalls:
// (TP/(TP+FN) + TN/(TN+FP)) / 2.
func Balanced() Metric { return balanced{} }

// GMean is the geometric mean of both classes' recalls. Its derivatives at
// TP = 0 or TN = 0, where they are infinite, are returned as 0; soft counts do
// not get there.
func GMean() Metric { return gMean{} }

// MCC is Matthews' correlation coefficient,
//
//	(TP TN - FP FN) / sqrt((TP+FP)(TP+FN)(TN+FP)(TN+FN)),
//
// and 0 where a factor below the root is 0. The paper does not have it: it is
// here as an example of another metric.
func MCC() Metric { return mcc{} }

// ratio is a/b, and 0 for 0/0: a class that is not there has no recall.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

type accuracy struct{}

func (accuracy) Value(c Counts) float64 { return ratio(c.TP+c.TN, c.TP+c.FP+c.FN+c.TN) }

func (accuracy) Partials(c Counts) Counts {
	n := c.TP + c.FP + c.FN + c.TN
	right, wrong := ratio(c.FP+c.FN, n*n), -ratio(c.TP+c.TN, n*n)
	return Counts{right, wrong, wrong, right}
}

type fBeta float64 // beta squared

func (b fBeta) Value(c Counts) float64 {
	b2 := float64(b)
	return ratio((1+b2)*c.TP, (1+b2)*c.TP+b2*c.FN+c.FP)
}

func (b fBeta) Partials(c Counts) Counts {
	b2 := float64(b)
	d := (1+b2)*c.TP + b2*c.FN + c.FP
	k := ratio(1+b2, d*d)
	return Counts{TP: k * (b2*c.FN + c.FP), FP: -k * c.TP, FN: -k * b2 * c.TP}
}

// recalls are those of the positives and of the negatives, with their
// derivatives.
func recalls(c Counts) (pos, neg float64, d Counts) {
	p, n := c.TP+c.FN, c.TN+c.FP
	return ratio(c.TP, p), ratio(c.TN, n), Counts{
		TP: ratio(c.FN, p*p), FN: -ratio(c.TP, p*p),
		TN: ratio(c.FP, n*n), FP: -ratio(c.TN, n*n),
	}
}

type balanced struct{}

func (balanced) Value(c Counts) float64 {
	pos, neg, _ := recalls(c)
	return (pos + neg) / 2
}

func (balanced) Partials(c Counts) Counts {
	_, _, d := recalls(c)
	return Counts{d.TP / 2, d.FP / 2, d.FN / 2, d.TN / 2}
}

type gMean struct{}

func (gMean) Value(c Counts) float64 {
	pos, neg, _ := recalls(c)
	return math.Sqrt(pos * neg)
}

func (m gMean) Partials(c Counts) Counts {
	pos, neg, d := recalls(c)
	g := 2 * math.Sqrt(pos*neg)
	return Counts{ratio(neg*d.TP, g), ratio(pos*d.FP, g), ratio(neg*d.FN, g), ratio(pos*d.TN, g)}
}

type mcc struct{}

func (mcc) Value(c Counts) float64 {
	return ratio(c.TP*c.TN-c.FP*c.FN, math.Sqrt((c.TP+c.FP)*(c.TP+c.FN)*(c.TN+c.FP)*(c.TN+c.FN)))
}

func (m mcc) Partials(c Counts) Counts {
	called, pos, neg, not := c.TP+c.FP, c.TP+c.FN, c.TN+c.FP, c.TN+c.FN
	if called*pos*neg*not == 0 {
		return Counts{}
	}
	root, half := math.Sqrt(called*pos*neg*not), m.Value(c)/2
	return Counts{
		TP: c.TN/root - half*(1/called+1/pos),
		FP: -c.FN/root - half*(1/called+1/neg),
		FN: -c.FP/root - half*(1/not+1/pos),
		TN: c.TP/root - half*(1/not+1/neg),
	}
}
