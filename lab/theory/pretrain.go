package theory

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/theory/pretrain"
)

// UnsupPretraining reproduces On the Provable Advantage of Unsupervised
// Pretraining: factor models, contrastive pairs and Gaussian mixtures, each with
// a small head, and digits.
var UnsupPretraining = lab.Reproduction{
	Slug:     "unsup-pretraining",
	Claim:    "A latent-variable model fitted to m unlabelled points by maximum likelihood, and a small head to n labels on top, has an excess risk of one term that falls with m and one that falls with n and does not contain the dimension: far below learning from the labels alone once m is large, and above it while m is small; for factor models, contrastive pairs and Gaussian mixtures.",
	State:    lab.Reproduced,
	Method:   variantPretrained,
	Package:  "methods/theory/pretrain",
	Time:     20 * time.Second,
	FullTime: 3 * time.Minute,
	DataSets: []string{"digits"},
	Run:      runPretrain,
	Broken: []lab.BrokenVariant{
		{Name: "foreign-points", What: "the unlabelled points are of another model"},
		{Name: "smallest-directions", What: "the features are the directions in which the points vary least"},
		{Name: "leak", What: "the first phase is told the true model"},
	},
}

// Names of the rows.
const (
	variantPretrained = "pretrained"
	variantKnown      = "model known"
	variantOLS        = "least squares on all dimensions"
	variantRidgeBest  = "ridge, oracle's penalty"
	variantLabelled   = "first phase on the labelled points"
	variantRandom     = "random projection"
)

// sizes are what a world is measured with: unlabelled points, or pairs, and labels.
type sizes struct {
	name   string
	ms, ns []int
}

var (
	factorSizes  = sizes{"factors", []int{64, 256, 1024, 4096, 16384}, []int{32, 128, 512}}
	pairSizes    = sizes{"pairs", []int{256, 1024, 4096, 16384}, []int{32, 128, 512}}
	mixtureSizes = sizes{"mixture", []int{64, 256, 1024, 4096}, []int{16, 64, 256}}
)

func (s sizes) risk(m, n int) string {
	return fmt.Sprintf("%s: excess risk, m = %d, n = %d", s.name, m, n)
}

// most is the largest m and n.
func (s sizes) most() (m, n int) { return slices.Max(s.ms), slices.Max(s.ns) }

func runPretrain(ctx context.Context, r *lab.Run) error {
	seeds := 10
	if r.Full {
		seeds = 20
	}
	if r.Broken != "" {
		seeds = 4
	}
	const digitSeeds = 5
	var control *digitControl
	if r.Broken == "" {
		var err error
		if control, err = newDigitControl(); err != nil {
			return err
		}
	}
	err := r.EachSeed(ctx, seeds, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		factors, err := newFactorWorld(seed, r.Is, r.Full)
		if err != nil {
			return err
		}
		progress(0, factors.name)
		if err := factors.measure(ctx, r, seed); err != nil || control == nil {
			return err
		}
		progress(.3, pairSizes.name)
		if err := newPairWorld(seed).measure(ctx, r, seed); err != nil {
			return err
		}
		progress(.6, mixtureSizes.name)
		if err := measureMixture(ctx, r, seed); err != nil {
			return err
		}
		if seed-r.Seed >= digitSeeds {
			return nil
		}
		progress(.8, "digits")
		return control.measure(ctx, r, seed)
	})
	if err != nil {
		return err
	}
	factors, err := newFactorWorld(r.Seed, r.Is, r.Full)
	if err != nil {
		return err
	}
	checkFactors(r, factors)
	if control == nil {
		return nil
	}
	checkPairs(r, newPairWorld(r.Seed))
	checkMixture(r)
	for _, s := range []sizes{factorSizes, pairSizes, mixtureSizes} {
		s.rates(r)
	}
	control.check(r)
	for _, s := range []sizes{factorSizes, pairSizes, mixtureSizes} {
		s.plot(r)
	}
	plotUnlabelled(r)
	return nil
}

func checkFactors(r *lab.Run, w linearWorld) {
	mean := func(m, n int, variant string) float64 { return r.Mean(w.risk(m, n), variant) }
	large := 64 * w.d // the term of m is of the order d/m
	for _, n := range []int{128, 512} {
		r.AtMost(fmt.Sprintf("factors, m = %d, n = %d: pretrained over ridge", large, n), mean(large, n, variantPretrained)/mean(large, n, variantRidgeBest), .3)
	}
	r.AtMost(fmt.Sprintf("factors, m = %d, n = 128: pretrained over first phase on the labelled points", large), mean(large, 128, variantPretrained)/mean(large, 128, variantLabelled), .5)
	worst := 0.
	for _, n := range w.ns {
		worst = max(worst, mean(large, n, variantPretrained)/mean(large, n, variantKnown))
	}
	r.AtMost(fmt.Sprintf("factors, m = %d: pretrained over model known, largest of n", large), worst, 1.5)
	r.AtLeast("factors, m = 64, n = 512: pretrained over ridge, which wins", mean(64, 512, variantPretrained)/mean(64, 512, variantRidgeBest), 1.2)
	falls := math.Inf(1)
	for i := range 2 {
		falls = min(falls, w.unlabelledTerm(r, i)/w.unlabelledTerm(r, i+1))
	}
	r.AtLeast("factors: fall of the m-term with each 4 m, 64 to 1024", falls, 3)
	r.AtMost("factors: model known, excess risk against r s2/(n - r - 1), largest difference", w.headDifference(r), .3)
}

// headDifference is how far the excess risk with the model known is from what
// theory has for it, relatively, where labels are many.
func (w linearWorld) headDifference(r *lab.Run) float64 {
	off := 0.
	for _, n := range []int{128, 512} {
		off = max(off, math.Abs(r.Mean(w.risk(4096, n), variantKnown)/pretrain.HeadRisk(w.r, n, w.errorVar)-1))
	}
	return off
}

// unlabelledTerm is what pretraining with the i-th m loses to the model known, at
// the largest n.
func (s sizes) unlabelledTerm(r *lab.Run, i int) float64 {
	_, n := s.most()
	return r.Mean(s.risk(s.ms[i], n), variantPretrained) - r.Mean(s.risk(s.ms[i], n), variantKnown)
}

// rates checks the exponents of m and n, and notes where labels alone win.
func (s sizes) rates(r *lab.Run) {
	var x, y []float64
	for i, m := range s.ms {
		if t := s.unlabelledTerm(r, i); t > 0 && m <= 4096 {
			x, y = append(x, math.Log(float64(m))), append(y, math.Log(t))
		}
	}
	byM := slope(x, y)
	m, most := s.most()
	x, y = nil, nil
	for _, n := range s.ns {
		x, y = append(x, math.Log(float64(n))), append(y, math.Log(r.Mean(s.risk(m, n), variantPretrained)))
	}
	byN := slope(x[:2], y[:2])
	r.AtMost(s.name+": exponent of m in what pretraining loses to the model known", byM, -.7)
	r.AtMost(fmt.Sprintf("%s: exponent of n, m = %d, n = %d to %d", s.name, m, s.ns[0], s.ns[1]), byN, -.6)

	even := math.NaN()
	for i := range s.ms[1:] {
		a, b := s.overLabels(r, s.ms[i], most), s.overLabels(r, s.ms[i+1], most)
		if a > 1 && b <= 1 {
			even = math.Exp(math.Log(float64(s.ms[i])) + math.Log(a)/math.Log(a/b)*math.Log(float64(s.ms[i+1])/float64(s.ms[i])))
		}
	}
	r.Note("%s: what pretraining loses to the model known falls as m^%.2f, its risk with the most unlabelled points as n^%.2f, each faster than the square roots of the theorem, which is for any bounded loss. With %d labels, it takes m = %.0f to do better than labels alone.", s.name, byM, byN, most, even)
}

// overLabels is the excess risk of pretraining over the least of labels alone.
func (s sizes) overLabels(r *lab.Run, m, n int) float64 {
	best := math.Inf(1)
	for _, v := range []string{variantRidgeBest, variantLabelled} {
		if e := r.Mean(s.risk(m, n), v); e < best {
			best = e
		}
	}
	return r.Mean(s.risk(m, n), variantPretrained) / best
}

func checkPairs(r *lab.Run, w linearWorld) {
	m, _ := w.most()
	for _, n := range w.ns {
		r.AtMost(fmt.Sprintf("pairs, m = %d, n = %d: pretrained over labels alone", m, n), w.overLabels(r, m, n), .5)
	}
	r.AtLeast("pairs, m = 256, n = 512: pretrained over labels alone, which win", w.overLabels(r, 256, 512), 1.2)
	r.AtMost("pairs: model known, excess risk against r s2/(n - r - 1), largest difference", w.headDifference(r), .3)
}

func (s sizes) plot(r *lab.Run) {
	x, names := make([]float64, len(s.ns)), make([]string, len(s.ns))
	p := plot.Plot{
		Name: "excess-" + s.name, Title: "Excess risk with n labels: " + s.name,
		X: plot.Axis{Label: "labels, n", Log: true}, Y: plot.Axis{Label: "excess risk", Log: true, Ticks: []float64{.001, .01, .1, 1}},
	}
	row := func(m int, variant, name string, method bool) {
		for i, n := range s.ns {
			x[i], names[i] = float64(n), s.risk(m, n)
		}
		line := r.Series(variant, x, names)
		line.Name, line.Method, line.Low, line.High = name, method, nil, nil
		if len(line.X) > 0 {
			p.Lines = append(p.Lines, line)
		}
	}
	large, _ := s.most()
	for _, m := range []int{s.ms[0], s.ms[1], large} {
		row(m, variantPretrained, fmt.Sprintf("pretrained, m = %d", m), m == large)
	}
	row(large, variantRidgeBest, variantRidgeBest, false)
	row(large, variantLabelled, variantLabelled, false)
	row(large, variantKnown, variantKnown, false)
	p.X.Ticks = slices.Clone(x)
	r.Plot(p)
}

// plotUnlabelled has what pretraining loses to the model known, by m.
func plotUnlabelled(r *lab.Run) {
	p := plot.Plot{
		Name: "unlabelled", Title: "What is lost for want of unlabelled points, most labels",
		X: plot.Axis{Label: "unlabelled points or pairs, m", Log: true, Ticks: []float64{64, 256, 1024, 4096, 16384}},
		Y: plot.Axis{Label: "excess risk over that with the model known", Log: true, Ticks: []float64{.0001, .001, .01, .1, 1}},
	}
	for _, s := range []sizes{factorSizes, pairSizes, mixtureSizes} {
		line := plot.Series{Name: s.name, Method: s.name == factorSizes.name}
		for i, m := range s.ms {
			line.X, line.Y = append(line.X, float64(m)), append(line.Y, s.unlabelledTerm(r, i))
		}
		p.Lines = append(p.Lines, line)
	}
	r.Plot(p)
}
