package geometry

import (
	"context"
	"fmt"
	"math"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/geometry/gbwbn"
	"github.com/offprint/offprint/methods/geometry/spd"
	"github.com/offprint/offprint/methods/logistic"
	"github.com/offprint/offprint/methods/random"
)

// GBWBN reproduces Learning to Normalize on the SPD Manifold under
// Bures-Wasserstein Geometry: what ill-conditioned matrices do to distances, what
// the layer does to a batch, and digits told apart by their covariances.
var GBWBN = lab.Reproduction{
	Slug:  "gbwbn",
	Claim: "Normalising covariances in the Bures-Wasserstein geometry, with a learned metric and a power, suits ill-conditioned matrices better than the affine-invariant and log-Euclidean geometries, and better than no normalisation.",
	State: lab.Partly,
	Missing: "The log-Euclidean layer, with a learning rate of its own, is level: .763 against .774 with seeds 0 to 2, but .775 against .768 and .781 against .777 with two other sets of three. " +
		"The learned metric and the power add nothing clear to the plain Bures-Wasserstein layer, which has .783, .771 and .772: it is the geometry that helps. " +
		"And the lead over the scaled affine-invariant layer is .043, where .05 was asked for. Longer training closes the gap to no normalisation: from .038 after 20 epochs to .019 after 40.",
	Method:   variantGBW,
	Package:  "methods/geometry/gbwbn",
	Time:     25 * time.Second,
	FullTime: 3 * time.Minute,
	DataSets: []string{"digits"},
	Run:      runGBWBN,
	Broken: []lab.BrokenVariant{
		{Name: "no-transport", What: "tangent vectors at the mean are used at the bias as they are"},
		{Name: "euclidean", What: "the arithmetic mean is subtracted, entry by entry"},
		{Name: "metric-one-way", What: "the metric M is taken in, and not out again"},
	},
}

// Names of the rows.
const (
	variantGBW      = "GBW, theta 1/2"
	variantGBW1     = "GBW, theta 1"
	variantBW       = "BW"
	variantCentred  = "affine-invariant, centred"
	variantScaled   = "affine-invariant, scaled"
	variantLogE     = "log-Euclidean"
	variantNone     = "none"
	variantLogistic = "logistic regression on X^1/2"
	variantLogLog   = "logistic regression on log X"

	variantAffine = "affine-invariant" // a metric, not a layer
)

// covarianceDim is the size of the matrices that are normalised.
const covarianceDim = 6

// normRows are the networks, in the order of the table, each with the best of the
// learning rates .005, .01 and .02 on 200 of the training images, over three
// other seeds; but the scaled affine-invariant one, as good with .02 there, fails
// with it for some seeds, and has the rate with which it does not.
var normRows = []struct {
	name string
	lr   float64
	norm func() gbwbn.Norm
}{
	{variantGBW, .005, func() gbwbn.Norm { return gbwbn.New(covarianceDim, .5) }},
	{variantGBW1, .01, func() gbwbn.Norm { return gbwbn.New(covarianceDim, 1) }},
	{variantBW, .01, func() gbwbn.Norm { return gbwbn.NewPlain(covarianceDim, 1) }},
	{variantCentred, .005, func() gbwbn.Norm { return gbwbn.NewAffineInvariant(covarianceDim, false) }},
	{variantScaled, .005, func() gbwbn.Norm { return gbwbn.NewAffineInvariant(covarianceDim, true) }},
	{variantLogE, .02, func() gbwbn.Norm { return gbwbn.NewLogEuclidean(covarianceDim) }},
	{variantNone, .005, func() gbwbn.Norm { return nil }},
}

// usualEpochs are those after which the networks are compared.
const usualEpochs = 20

// usualRidge gives the covariances a median condition number of 3e4.
const usualRidge = 1e-5

func runGBWBN(ctx context.Context, r *lab.Run) error {
	if err := conditioning(r); err != nil {
		return err
	}
	epochs, ridges := usualEpochs, []float64{usualRidge}
	if r.Full {
		epochs, ridges = 2*usualEpochs, []float64{1e-2, 1e-3, usualRidge, 1e-7}
	}
	err := r.EachSeed(ctx, 3, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		for i, ridge := range ridges {
			c, err := loadCovariances(seed, ridge)
			if err != nil {
				return err
			}
			s := gbwbnSeed{r, seed, c, ridge, epochs, func(done float64, what string) {
				progress((float64(i)+done)/float64(len(ridges)), what)
			}}
			if ridge == usualRidge {
				if err := s.batch(); err != nil {
					return err
				}
			}
			if err := s.networks(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	checkGBWBN(r)
	plotGBWBN(r, epochs, ridges)
	return nil
}

// gbwbnSeed is the work of one seed with covariances of one ridge.
type gbwbnSeed struct {
	*lab.Run
	seed     uint64
	data     *covariances
	ridge    float64
	epochs   int
	progress func(done float64, what string)
}

const (
	metricMean     = "batch: distance of its mean from W, of the spread"
	metricSpread   = "batch: spread about W, of s^2"
	metricAccuracy = "digits: accuracy"
)

// accuracyAt names the accuracy after some epochs.
func accuracyAt(epoch int) string { return fmt.Sprintf("digits: accuracy after %d epochs", epoch) }

// accuracyWith names the accuracy on covariances of another ridge.
func accuracyWith(ridge float64) string {
	if ridge == usualRidge {
		return metricAccuracy
	}
	return fmt.Sprintf("digits: accuracy, %.0e on the diagonal", ridge)
}

// batch normalises a batch of digits with random M and W, and measures whether
// its mean is W and its spread s^2, in the geometry of M.
func (s gbwbnSeed) batch() error {
	const n, scale = 8, .1
	rng := random.New(s.seed, 606)
	layer := gbwbn.New(n, .5)
	for _, p := range []*spd.Var{layer.LogM, layer.LogW} {
		for i := range n {
			for j := range i + 1 {
				v := .5 * rng.NormFloat64()
				p.X.Set(i, j, v)
				p.X.Set(j, i, v)
			}
		}
	}
	layer.S.X.Set(0, 0, scale)
	m, err := spd.Exp(layer.LogM.Sym())
	if err != nil {
		return err
	}
	w, err := spd.Exp(layer.LogW.Sym())
	if err != nil {
		return err
	}
	var in []*spd.Var
	for _, x := range s.data.train[:60] {
		in = append(in, spd.Const(x))
	}
	tape := new(spd.Tape)
	var out []*mat.SymDense
	for _, z := range s.wrong(layer).Forward(tape, in, true) {
		out = append(out, z.Sym())
	}
	if err := tape.Err(); err != nil {
		return err
	}
	g := spd.BuresWasserstein{M: m, Theta: .5}
	far, spread := math.NaN(), 0.0
	mean, err := g.Mean(out, 20)
	if err == nil { // what is not positive has no mean
		if far, err = g.Dist2(mean, w); err != nil {
			return err
		}
		for _, x := range out {
			d, err := g.Dist2(x, w)
			if err != nil {
				return err
			}
			spread += d / float64(len(out)) / (scale * scale)
		}
	}
	s.Metric(metricMean, variantGBW, s.seed, math.Sqrt(far)/scale, "")
	s.Metric(metricSpread, variantGBW, s.seed, spread, "")
	return nil
}

// networks trains the classifiers.
func (s gbwbnSeed) networks(ctx context.Context) error {
	rows := normRows
	for i, row := range rows {
		if s.Broken != "" && row.name != variantGBW && row.name != variantNone {
			continue
		}
		norm := row.norm()
		if l, ok := norm.(*gbwbn.Layer); ok && row.name == variantGBW {
			norm = s.wrong(l)
		}
		config := gbwbn.Config{Dim: covarianceDim, Norm: norm, LR: row.lr, Epochs: s.epochs}
		config.Progress = func(epoch int, c *gbwbn.Classifier) error {
			s.progress((float64(i)+float64(epoch)/float64(s.epochs))/float64(len(rows)), row.name)
			if epoch%(s.epochs/4) != 0 {
				return nil
			}
			pred, err := c.Predict(s.data.test)
			if err != nil {
				return err
			}
			accuracy := agreement(pred, s.data.testY)
			if s.ridge == usualRidge {
				s.Metric(accuracyAt(epoch), row.name, s.seed, accuracy, "")
			}
			if epoch == s.epochs {
				s.Metric(accuracyWith(s.ridge), row.name, s.seed, accuracy, "")
			}
			return nil
		}
		if _, err := gbwbn.Fit(ctx, s.data.train, s.data.trainY, 10, config, random.New(s.seed, 6)); err != nil {
			return fmt.Errorf("%s: %w", row.name, err)
		}
	}
	if s.Broken != "" {
		return nil
	}
	for _, row := range []struct {
		name string
		f    func(x *mat.SymDense) (*mat.SymDense, error)
	}{{variantLogistic, spd.Sqrt}, {variantLogLog, spd.Log}} {
		train, err := upperTriangles(s.data.train, row.f)
		if err != nil {
			return err
		}
		test, err := upperTriangles(s.data.test, row.f)
		if err != nil {
			return err
		}
		train, test = standardise(train, test)
		model, err := logistic.Fit(ctx, train, s.data.trainY, 10, 1)
		if err != nil {
			return err
		}
		pred, err := model.Predict(test)
		if err != nil {
			return err
		}
		s.Metric(accuracyWith(s.ridge), row.name, s.seed, agreement(pred, s.data.testY), "")
	}
	return nil
}

// upperTriangles are functions of matrices as rows of numbers.
func upperTriangles(xs []*mat.SymDense, f func(x *mat.SymDense) (*mat.SymDense, error)) (*mat.Dense, error) {
	n := xs[0].SymmetricDim()
	out := mat.NewDense(len(xs), n*(n+1)/2, nil)
	for k, x := range xs {
		y, err := f(x)
		if err != nil {
			return nil, err
		}
		row := out.RawRowView(k)[:0]
		for i := range n {
			for j := i; j < n; j++ {
				row = append(row, y.At(i, j))
			}
		}
	}
	return out, nil
}

func checkGBWBN(r *lab.Run) {
	worst, offBW, offAffine := 0., 0., 0.
	for _, k := range kappas {
		worst = max(worst, r.Mean(changeAt(k), variantBW))
		if k <= exactKappa {
			offBW = max(offBW, math.Abs(r.Mean(tensorAt(k), variantBW)/k-1))
			offAffine = max(offAffine, math.Abs(r.Mean(tensorAt(k), variantAffine)/(k*k)-1))
		}
	}
	r.AtMost("metric tensor, BW: condition number, off that of the matrix by", offBW, 1e-6)
	r.AtMost("metric tensor, affine-invariant: off its square by", offAffine, 1e-6)
	r.AtMost("distances: greatest relative change, BW", worst, 3e-4)
	r.AtLeast("distances: change at 1e5, affine-invariant / BW", r.Mean(changeAt(1e5), variantAffine)/r.Mean(changeAt(1e5), variantBW), 100)
	r.AtMost(metricMean, r.Mean(metricMean, variantGBW), .1)
	r.AtLeast(metricSpread, r.Mean(metricSpread, variantGBW), .95)
	r.AtMost(metricSpread, r.Mean(metricSpread, variantGBW), 1.05)
	of := func(variant string) float64 { return r.Mean(accuracyAt(usualEpochs), variant) }
	r.AtLeast("digits: GBW - none", of(variantGBW)-of(variantNone), .02)
	if r.Broken != "" {
		return
	}
	r.AtLeast("digits: GBW - affine-invariant, scaled", of(variantGBW)-of(variantScaled), .02)
	r.AtLeast("digits: GBW - affine-invariant, centred", of(variantGBW)-of(variantCentred), 0)
	r.AtLeast("digits: GBW - log-Euclidean", of(variantGBW)-of(variantLogE), -.02)
	r.Note("Plain logistic regression on X^1/2 does better than every network: %.3f. The gain of a normalisation is small at this size.", r.Mean(metricAccuracy, variantLogistic))
	if of(variantBW) >= of(variantGBW) {
		r.Note("The plain layer, with M = I and theta = 1, does best of the networks, %.3f; with a learned metric it has %.3f, and with a power as well %.3f.", of(variantBW), of(variantGBW1), of(variantGBW))
	}
	if r.Full {
		last := func(variant string) float64 { return r.Mean(metricAccuracy, variant) }
		r.Note("The checks are on %d epochs. In twice as many the others catch up: the lead over no normalisation is then %.3f, over the centred affine-invariant layer %.3f.", usualEpochs, last(variantGBW)-last(variantNone), last(variantGBW)-last(variantCentred))
	}
}

func plotGBWBN(r *lab.Run, epochs int, ridges []float64) {
	var changes []string
	for _, k := range kappas {
		changes = append(changes, changeAt(k))
	}
	p := plot.Plot{
		Name: "conditioning", Title: "What a small change of a matrix does to its distances",
		X: plot.Axis{Label: "condition number", Log: true},
		Y: plot.Axis{Label: "relative change of the distance", Log: true},
	}
	for _, v := range []string{variantBW, variantAffine, variantLogE} {
		s := r.Series(v, kappas, changes)
		s.Method = v == variantBW
		p.Lines = append(p.Lines, s)
	}
	r.Plot(p)
	var x []float64
	var names []string
	for e := epochs / 4; e <= epochs; e += epochs / 4 {
		x, names = append(x, float64(e)), append(names, accuracyAt(e))
	}
	p = plot.Plot{
		Name: "accuracy", Title: "Digits by the covariances of their rows",
		X: plot.Axis{Label: "epochs", Ticks: x},
		Y: plot.Axis{Label: "accuracy on the test images"},
	}
	for _, row := range normRows {
		p.Lines = append(p.Lines, r.Series(row.name, x, names))
	}
	r.Plot(p)
	if len(ridges) < 2 {
		return
	}
	names = nil
	for _, ridge := range ridges {
		names = append(names, accuracyWith(ridge))
	}
	p = plot.Plot{
		Name: "ridge", Title: "The better the matrices are conditioned, the less the geometry matters",
		X: plot.Axis{Label: "added to the diagonal", Log: true, Ticks: ridges},
		Y: plot.Axis{Label: "accuracy on the test images"},
	}
	for _, row := range normRows {
		p.Lines = append(p.Lines, r.Series(row.name, ridges, names))
	}
	r.Plot(p)
}
