// Package label has the reproductions of the papers on labels.
package label

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/label/anyloss"
	"github.com/offprint/offprint/methods/logistic"
	"github.com/offprint/offprint/methods/random"
)

// AnyLoss reproduces paper 20 on imbalanced data that a linear model can fit, but
// for outliers.
var AnyLoss = lab.Reproduction{
	Slug:     "anyloss",
	Claim:    "On imbalanced data with outliers, a linear classifier trained on F1 or balanced accuracy itself beats cross-entropy with the threshold that is best for the metric, and with many outliers weighted and resampled ones too; each loss is best by its own metric. Without outliers a threshold does as well.",
	State:    lab.Reproduced,
	Method:   anyF1,
	Package:  "methods/label/anyloss",
	Time:     15 * time.Second,
	FullTime: 3 * time.Minute,
	DataSets: []string{"breast-cancer", "digits", "papers"},
	Run:      runAnyLoss,
	Broken: []lab.BrokenVariant{
		{Name: "cross-entropy", What: "the loss is cross-entropy, whatever metric is asked for"},
		{Name: "one-metric", What: "the loss is made from accuracy, whatever metric is asked for"},
		{Name: "flat-sigmoid", What: "the second sigmoid is not steep, so soft counts are far from real ones"},
	},
}

const (
	anyF1       = "AnyLoss, F1"
	anyBalanced = "AnyLoss, balanced"
	anyGMean    = "AnyLoss, G-mean"
	anyBCE      = "cross-entropy"
	anyTuned    = "cross-entropy, best threshold"
	anyWeighted = "weighted"
	anyWTuned   = "weighted, best threshold"
	anySMOTE    = "SMOTE"

	metricF1 = "F1"
	metricBA = "balanced accuracy"
)

// anyRivals are all that AnyLoss is to beat. Unlike it they have a penalty, which is
// tuned for each.
var anyRivals = []string{anyBCE, anyTuned, anyWeighted, anyWTuned, anySMOTE}

// outlierShares are of all examples of [gaussians].
var outlierShares = []float64{0, .01, .02, .04}

func onGaussians(metric string, outliers float64) string {
	return fmt.Sprintf("%s, %g%% outliers", metric, 100*outliers)
}

// rareCategories are as rare among papers as a reader's tags.
var rareCategories = []string{"cs.SD", "cs.CR", "cs.IR"}

// anyBed is a set to measure on.
type anyBed struct {
	name string // after the metric's
	rate float64
	load func(ctx context.Context, seed uint64) (train, test *binary, err error)
}

func anyBeds(ctx context.Context, r *lab.Run) ([]anyBed, error) {
	var beds []anyBed
	for _, o := range outlierShares {
		beds = append(beds, anyBed{onGaussians("", o), .1, func(_ context.Context, seed uint64) (train, test *binary, err error) {
			train, test = gaussians(seed, o)
			return train, test, nil
		}})
	}
	if r.Broken != "" {
		return beds[:2], nil // enough for a check to fail
	}
	beds = append(beds, anyBed{", tumours", 0, tumours})
	digits := []int{8}
	if r.Full {
		digits = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	}
	for _, d := range digits {
		beds = append(beds, anyBed{fmt.Sprintf(", digit %d", d), 0, func(_ context.Context, seed uint64) (train, test *binary, err error) {
			return rareDigit(seed, d)
		}})
	}
	most := 300 // of a category
	if r.Full {
		most = 3000
	}
	first, last, err := someMonths(3)
	if err != nil {
		return nil, err
	}
	texts, err := loadPaperTexts(ctx, first, last, []string{"cs.RO", "cs.HC", "cs.IR", "cs.SD", "cs.CR", "cs.GR", "eess.IV", "cs.SE", "cs.LG", "cs.CL", "cs.CV"}, most, 64)
	if err != nil {
		return nil, err
	}
	categories := rareCategories[:2]
	if r.Full {
		categories = rareCategories
	}
	for _, c := range categories {
		beds = append(beds, anyBed{", papers of " + c, 0, func(_ context.Context, seed uint64) (train, test *binary, err error) {
			train, test = texts.rareCategory(seed, c)
			return train, test, nil
		}})
	}
	return beds, nil
}

func runAnyLoss(ctx context.Context, r *lab.Run) error {
	seeds := 8
	if r.Full {
		seeds = 10
	}
	beds, err := anyBeds(ctx, r)
	if err != nil {
		return err
	}
	err = r.EachSeed(ctx, seeds, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		for i, b := range beds {
			progress(float64(i)/float64(len(beds)), b.name[2:])
			train, test, err := b.load(ctx, seed)
			if err != nil {
				return err
			}
			if err := (&anyRun{r, b, train, test, seed}).all(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	checkAnyLoss(r)
	if r.Broken == "" {
		notesOfAnyLoss(r, beds)
		plotAnyLoss(r)
	}
	return nil
}

// anyRun measures all classifiers on one set with one seed.
type anyRun struct {
	*lab.Run
	anyBed
	train, test *binary
	seed        uint64
}

func (r *anyRun) all(ctx context.Context) error {
	for _, v := range []struct {
		name   string
		metric anyloss.Metric
	}{{anyF1, anyloss.FBeta(1)}, {anyBalanced, anyloss.Balanced()}, {anyGMean, anyloss.GMean()}} {
		if err := r.anyLoss(ctx, v.name, v.metric, anyloss.Steepness); err != nil {
			return err
		}
	}
	if r.Full {
		for _, l := range []float64{10, 30, 110} {
			if err := r.anyLoss(ctx, fmt.Sprintf("%s, L = %g", anyF1, l), anyloss.FBeta(1), l); err != nil {
				return err
			}
		}
		if err := r.networks(ctx); err != nil {
			return err
		}
	}
	if err := r.logistic(ctx, anyBCE, anyTuned, 1); err != nil {
		return err
	}
	balance := float64(len(r.train.y))/float64(len(r.train.positives())) - 1
	if err := r.logistic(ctx, anyWeighted, anyWTuned, balance); err != nil {
		return err
	}
	c, err := penalty(ctx, r.train, balance)
	if err != nil {
		return err
	}
	l, err := fitLogistic(ctx, smote(r.train, random.New(r.seed, 2000)), 1, c)
	if err != nil {
		return err
	}
	r.report(anySMOTE, logits(l, r.test), 0, 0)
	return nil
}

func (r *anyRun) anyLoss(ctx context.Context, variant string, m anyloss.Metric, steepness float64) error {
	switch {
	case r.Is("cross-entropy"):
		return r.logistic(ctx, variant, "", 1)
	case r.Is("one-metric"):
		m = anyloss.Accuracy()
	case r.Is("flat-sigmoid"):
		steepness = 1
	}
	l, err := anyloss.FitLinear(ctx, m, r.train.x, r.train.dim, r.train.y, anyloss.Options{Steepness: steepness, Rate: r.rate})
	if err != nil {
		return err
	}
	scores, err := l.Scores(r.test.x)
	if err != nil {
		return err
	}
	r.report(variant, scores, 0, 0)
	return nil
}

// logistic fits a logistic regression and calls positive what has a probability
// above 1/2, and, if tuned names that variant, what is above the threshold that is
// best for the metric on the training set.
func (r *anyRun) logistic(ctx context.Context, plain, tuned string, positive float64) error {
	c, err := penalty(ctx, r.train, positive)
	if err != nil {
		return err
	}
	l, err := fitLogistic(ctx, r.train, positive, c)
	if err != nil {
		return err
	}
	scores := logits(l, r.test)
	r.report(plain, scores, 0, 0)
	if tuned == "" {
		return nil
	}
	return r.tuned(tuned, logits(l, r.train), scores)
}

// fitLogistic has a weight for the positives, and C against the penalty.
func fitLogistic(ctx context.Context, b *binary, positive, c float64) (*logistic.Model, error) {
	weights := make([]float64, len(b.y))
	for i, y := range b.y {
		weights[i] = 1
		if y {
			weights[i] = positive
		}
	}
	return logistic.FitWeighted(ctx, b.dense(), b.classes(), weights, 2, c)
}

// penalty is the C that, fitted on two thirds of the examples, has the least loss
// on the others.
func penalty(ctx context.Context, b *binary, positive float64) (float64, error) {
	cut := 2 * len(b.y) / 3
	held := b.slice(cut, len(b.y))
	best, least := 0., math.Inf(1)
	for _, c := range []float64{.0001, .001, .01, .1, 1} {
		l, err := fitLogistic(ctx, b.slice(0, cut), positive, c)
		if err != nil {
			return 0, err
		}
		loss := 0.
		for i, z := range logits(l, held) {
			if held.y[i] {
				loss += positive * math.Log1p(math.Exp(-z))
			} else {
				loss += math.Log1p(math.Exp(z))
			}
		}
		if loss < least {
			best, least = c, loss
		}
	}
	return best, nil
}

// tuned reports scores at the thresholds that are best for own, the scores of the
// training set.
func (r *anyRun) tuned(variant string, own, scores []float64) error {
	f1, _, err := anyloss.BestThreshold(anyloss.FBeta(1), own, r.train.y)
	if err != nil {
		return err
	}
	ba, _, err := anyloss.BestThreshold(anyloss.Balanced(), own, r.train.y)
	if err != nil {
		return err
	}
	r.report(variant, scores, f1, ba)
	return nil
}

// report has the scores of the test set, with a threshold for each metric.
func (r *anyRun) report(variant string, scores []float64, f1, ba float64) {
	r.Metric(metricF1+r.name, variant, r.seed, anyloss.FBeta(1).Value(anyloss.Count(scores, f1, r.test.y)), "")
	r.Metric(metricBA+r.name, variant, r.seed, anyloss.Balanced().Value(anyloss.Count(scores, ba, r.test.y)), "")
}

// logits are those of a two-class model's second class against the first.
func logits(l *logistic.Model, b *binary) []float64 {
	z := make([]float64, len(b.y))
	for i := range z {
		z[i] = l.B[1] - l.B[0]
		for j, v := range b.row(i) {
			z[i] += (l.W.At(1, j) - l.W.At(0, j)) * float64(v)
		}
	}
	return z
}

// bestRival is the best mean of the rivals.
func bestRival(r *lab.Run, metric string) (value float64, name string) {
	value = math.Inf(-1)
	for _, v := range anyRivals {
		if m := r.Mean(metric, v); m > value {
			value, name = m, v
		}
	}
	return value, name
}

func checkAnyLoss(r *lab.Run) {
	few := .01
	f1, ba := onGaussians(metricF1, few), onGaussians(metricBA, few)
	r.AtLeast("1% outliers: F1, AnyLoss - cross-entropy at its best threshold", r.Mean(f1, anyF1)-r.Mean(f1, anyTuned), .08)
	r.AtLeast("1% outliers: F1, AnyLoss - weighted", r.Mean(f1, anyF1)-r.Mean(f1, anyWeighted), .06)
	r.AtLeast("1% outliers: balanced accuracy, AnyLoss - cross-entropy at its best threshold", r.Mean(ba, anyBalanced)-r.Mean(ba, anyTuned), .04)
	r.AtLeast("1% outliers: balanced accuracy, AnyLoss - weighted", r.Mean(ba, anyBalanced)-r.Mean(ba, anyWeighted), -.02)
	for _, o := range []float64{0, few} {
		f1, ba := onGaussians(metricF1, o), onGaussians(metricBA, o)
		r.AtLeast(fmt.Sprintf("%g%% outliers: F1, its own loss - the balanced one", 100*o), r.Mean(f1, anyF1)-r.Mean(f1, anyBalanced), .06)
		r.AtLeast(fmt.Sprintf("%g%% outliers: balanced accuracy, its own loss - that for F1", 100*o), r.Mean(ba, anyBalanced)-r.Mean(ba, anyF1), .04)
	}
	f1 = onGaussians(metricF1, 0)
	r.AtMost("no outliers: F1, distance from cross-entropy at its best threshold", math.Abs(r.Mean(f1, anyF1)-r.Mean(f1, anyTuned)), .02)
	if r.Broken != "" {
		return
	}
	many := outlierShares[len(outlierShares)-1]
	for _, c := range []struct {
		metric, loss string
		bar          float64
	}{{metricF1, anyF1, .05}, {metricBA, anyBalanced, .025}} {
		name := onGaussians(c.metric, many)
		best, _ := bestRival(r, name)
		r.AtLeast(fmt.Sprintf("%g%% outliers: %s, AnyLoss - the best of all others", 100*many, c.metric), r.Mean(name, c.loss)-best, c.bar)
	}
}

func notesOfAnyLoss(r *lab.Run, beds []anyBed) {
	for _, b := range beds {
		for _, c := range []struct{ metric, loss string }{{metricF1, anyF1}, {metricBA, anyBalanced}} {
			name := c.metric + b.name
			best, rival := bestRival(r, name)
			if own := r.Mean(name, c.loss); own < best {
				r.Note("%s: %q has %.3f, and AnyLoss for this metric %.3f.", name, rival, best, own)
			}
		}
	}
	for _, o := range outlierShares[1:] {
		name := onGaussians(metricF1, o)
		r.Note("%s: the strongest rival is %s, which AnyLoss beats by %.3f; the paper has no weighted cross-entropy with the best threshold.", name, anyWTuned, r.Mean(name, anyF1)-r.Mean(name, anyWTuned))
	}
}

func plotAnyLoss(r *lab.Run) {
	x := make([]float64, len(outlierShares))
	for i, o := range outlierShares {
		x[i] = 100 * o
	}
	for _, c := range []struct{ metric, file string }{{metricF1, "f1"}, {metricBA, "balanced-accuracy"}} {
		names := make([]string, len(outlierShares))
		for i, o := range outlierShares {
			names[i] = onGaussians(c.metric, o)
		}
		p := plot.Plot{
			Name: c.file + "-by-outliers", Title: c.metric + " on imbalanced data, by the share of outliers",
			X: plot.Axis{Label: "outliers, % of all examples", Ticks: x}, Y: plot.Axis{Label: c.metric},
		}
		for _, v := range []string{anyF1, anyBalanced, anyBCE, anyTuned, anyWeighted, anyWTuned} {
			p.Lines = append(p.Lines, r.Series(v, x, names))
		}
		r.Plot(p)
	}
	amplifier := plot.Plot{
		Name: "amplifier", Title: "The second sigmoid makes probabilities nearly 0 or 1",
		X: plot.Axis{Label: "probability p"}, Y: plot.Axis{Label: "A(p)"},
	}
	for _, l := range []float64{10, 33, anyloss.Steepness} {
		s := plot.Series{Name: fmt.Sprintf("L = %g", l), Method: l == anyloss.Steepness}
		for i := range 101 {
			p := float64(i) / 100
			s.X, s.Y = append(s.X, p), append(s.Y, anyloss.Amplify(p, l))
		}
		amplifier.Lines = append(amplifier.Lines, s)
	}
	r.Plot(amplifier)
}
