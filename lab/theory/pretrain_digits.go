package theory

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/digits"
	"github.com/offprint/offprint/methods/logistic"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/theory/pretrain"
)

// digitControl is real data, for which no model is right: digits, most of them
// without labels.
type digitControl struct{ all digits.Images }

func newDigitControl() (*digitControl, error) {
	all, err := digits.Load()
	return &digitControl{all}, err
}

const (
	controlTest       = 500
	controlComponents = 30
	controlDirections = 16
	// controlScale makes the pixels' deviation within a component about 1, which
	// is what the mixture takes it for.
	controlScale = 4

	variantMixtureHead = "mixture of 30 + head"
	variantPCA         = "16 principal directions + logistic regression"
	variantPixels      = "logistic regression on pixels"
)

var controlLabels = []int{20, 50, 200}

func controlAccuracy(n int) string { return fmt.Sprintf("digits: accuracy, n = %d", n) }

func (c *digitControl) measure(ctx context.Context, r *lab.Run, seed uint64) error {
	rng := random.New(seed, 1430)
	images := c.all.Shuffle(rng)
	x := mat.NewDense(images.Len(), digits.Pixels, nil)
	for i, v := range images.X {
		x.RawMatrix().Data[i] = controlScale * v
	}
	rows := func(from, to int) *mat.Dense { return x.Slice(from, to, 0, digits.Pixels).(*mat.Dense) }
	test, labels := rows(0, controlTest), images.Y[:controlTest]
	unlabelled := rows(controlTest, images.Len())
	mixture, err := pretrain.MixtureMLE(ctx, unlabelled, controlComponents, 50, rng)
	if err != nil {
		return err
	}
	moments := mat.NewSymDense(digits.Pixels, nil)
	m, _ := unlabelled.Dims()
	moments.SymOuterK(1/float64(m), unlabelled.T())
	factor, err := pretrain.FactorOfMoments(moments, controlDirections, 1)
	if err != nil {
		return err
	}
	for _, n := range controlLabels {
		known, y := rows(controlTest, controlTest+n), images.Y[controlTest:controlTest+n]
		share, err := headAccuracy(mixture, known, y, test, labels)
		if err != nil {
			return err
		}
		r.Metric(controlAccuracy(n), variantMixtureHead, seed, share, "")
		if share, err = logisticAccuracy(ctx, pretrain.Encode(factor, known), y, pretrain.Encode(factor, test), labels); err != nil {
			return err
		}
		r.Metric(controlAccuracy(n), variantPCA, seed, share, "")
		if share, err = logisticAccuracy(ctx, known, y, test, labels); err != nil {
			return err
		}
		r.Metric(controlAccuracy(n), variantPixels, seed, share, "")
	}
	return nil
}

// headAccuracy is that of heads for each class on a representation.
func headAccuracy(rep pretrain.Representation, x *mat.Dense, y []int, test *mat.Dense, labels []int) (float64, error) {
	best, scores := make([]int, len(labels)), make([]float64, len(labels))
	for c := range digits.Classes {
		target := make([]float64, len(y))
		for i, label := range y {
			if label == c {
				target[i] = 1
			}
		}
		h, err := pretrain.FitHead(rep, x, target, headRidge)
		if err != nil {
			return 0, err
		}
		for i, v := range predictions(rep, h, test) {
			if c == 0 || v > scores[i] {
				best[i], scores[i] = c, v
			}
		}
	}
	return agreement(best, labels), nil
}

// logisticAccuracy is the best over penalties, as an oracle chooses.
func logisticAccuracy(ctx context.Context, x *mat.Dense, y []int, test *mat.Dense, labels []int) (float64, error) {
	best := 0.
	for _, c := range []float64{.01, .1, 1} {
		m, err := logistic.Fit(ctx, x, y, digits.Classes, c)
		if err != nil {
			return 0, err
		}
		got, err := m.Predict(test)
		if err != nil {
			return 0, err
		}
		best = max(best, agreement(got, labels))
	}
	return best, nil
}

func agreement(got, want []int) float64 {
	n := 0
	for i, v := range got {
		if v == want[i] {
			n++
		}
	}
	return float64(n) / float64(len(got))
}

func (c *digitControl) check(r *lab.Run) {
	few, many := controlLabels[0], controlLabels[len(controlLabels)-1]
	mean := func(n int, variant string) float64 { return r.Mean(controlAccuracy(n), variant) }
	r.AtLeast(fmt.Sprintf("digits, n = %d: accuracy of a mixture with a head, less that of labels alone", few), mean(few, variantMixtureHead)-mean(few, variantPixels), .05)
	r.Note("Digits: with %d labels, accuracy is %.3f by a mixture and a head, %.3f by principal directions of the unlabelled and %.3f by the pixels alone; with %d it is %.3f, %.3f and %.3f. Principal directions do not pay on so easy a set, a mixture pays while labels are few.",
		few, mean(few, variantMixtureHead), mean(few, variantPCA), mean(few, variantPixels),
		many, mean(many, variantMixtureHead), mean(many, variantPCA), mean(many, variantPixels))
}
