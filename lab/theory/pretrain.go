package theory

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/random"
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

// linearWorld is a distribution in which the best prediction is linear in a few
// features that can be learned without labels.
type linearWorld struct {
	sizes
	d, r     int
	cov      *mat.SymDense
	best     []float64       // weights of the best prediction
	known    pretrain.Linear // the true features
	errorVar float64         // of y given x

	labelled func(n int, rng *rand.Rand) (x *mat.Dense, y []float64)
	// unlabelled draws the most points, and returns phase 1 on the first m of them.
	unlabelled func(rng *rand.Rand) func(ctx context.Context, m int) (pretrain.Linear, error)
	// fromLabelled is phase 1 on labelled points alone; nil where these say nothing.
	fromLabelled func(x *mat.Dense) (pretrain.Linear, error)
}

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

const (
	// labelNoise is the variance of the noise in y.
	labelNoise = .25
	// labelDraws is how many samples of labels stand for each n, with each seed.
	labelDraws = 8
)

// frame is an orthonormal frame [d x r].
func frame(d, r int, rng *rand.Rand) *mat.Dense {
	var qr mat.QR
	qr.Factorize(mat.NewDense(d, r, normals(d*r, 1, rng)))
	var q mat.Dense
	qr.QTo(&q)
	return mat.DenseCopyOf(q.Slice(0, d, 0, r))
}

// direction is a random vector of length 1.
func direction(r int, rng *rand.Rand) []float64 {
	v := mat.NewVecDense(r, normals(r, 1, rng))
	v.ScaleVec(1/mat.Norm(v, 2), v)
	return v.RawVector().Data
}

// newFactorWorld is x = B z + mu with B = 2 Q, y = beta.z + nu.
func newFactorWorld(seed uint64, broken func(string) bool, full bool) (linearWorld, error) {
	d, r := 64, 4
	if full {
		d = 256
	}
	w := linearWorld{sizes: factorSizes, d: d, r: r}
	rng := random.New(seed, 1400)
	b := frame(d, r, rng)
	b.Scale(2, b)
	beta := direction(r, rng)
	truth, err := pretrain.NewFactor(b, 1)
	if err != nil {
		return w, err
	}
	w.known = truth.Linear
	w.best = truth.Weights(pretrain.Head{W: beta})
	w.errorVar = labelNoise + 1./5 // B^T B + 1 = 5 in every factor
	w.cov = mat.NewSymDense(d, nil)
	w.cov.SymOuterK(1, b)
	for i := range d {
		w.cov.SetSym(i, i, w.cov.At(i, i)+1)
	}
	draw := func(b *mat.Dense, n int, rng *rand.Rand) (x *mat.Dense, y []float64) {
		z, x := mat.NewDense(n, r, normals(n*r, 1, rng)), mat.NewDense(n, d, normals(n*d, 1, rng))
		var bz mat.Dense
		bz.Mul(z, b.T())
		x.Add(x, &bz)
		y = normals(n, math.Sqrt(labelNoise), rng)
		for i := range y {
			for j, v := range beta {
				y[i] += v * z.At(i, j)
			}
		}
		return x, y
	}
	w.labelled = func(n int, rng *rand.Rand) (*mat.Dense, []float64) { return draw(b, n, rng) }
	w.unlabelled = func(rng *rand.Rand) func(context.Context, int) (pretrain.Linear, error) {
		model := b
		if broken("foreign-points") {
			model = frame(d, r, rng)
			model.Scale(2, model)
		}
		x, _ := draw(model, slices.Max(w.ms), rng)
		return func(_ context.Context, m int) (pretrain.Linear, error) {
			switch {
			case broken("leak"):
				return w.known, nil
			case broken("smallest-directions"):
				return smallest(x.Slice(0, m, 0, d).(*mat.Dense), r)
			}
			f, err := pretrain.FactorMLE(x.Slice(0, m, 0, d).(*mat.Dense), r, 1)
			if err != nil {
				return pretrain.Linear{}, err
			}
			return f.Linear, nil
		}
	}
	w.fromLabelled = func(x *mat.Dense) (pretrain.Linear, error) {
		f, err := pretrain.FactorMLE(x, r, 1)
		if err != nil {
			return pretrain.Linear{}, err
		}
		return f.Linear, nil
	}
	return w, nil
}

// smallest are the directions in which points vary least.
func smallest(x *mat.Dense, r int) (pretrain.Linear, error) {
	_, d := x.Dims()
	s := mat.NewSymDense(d, nil)
	s.SymOuterK(1, x.T())
	var e mat.EigenSym
	if !e.Factorize(s, true) {
		return pretrain.Linear{}, fmt.Errorf("no eigenvectors of %d dimensions", d)
	}
	var v mat.Dense
	e.VectorsTo(&v)
	return pretrain.Linear{W: mat.DenseCopyOf(v.Slice(0, d, 0, r).T())}, nil
}

// newPairWorld is x ~ N(0, I), pairs alike with probability sigmoid(f(x).f(x')),
// f(x) = 1.5 Q^T x, and y = beta.Q^T x + nu.
func newPairWorld(seed uint64) linearWorld {
	const d, r, scale = 32, 3, 1.5
	w := linearWorld{sizes: pairSizes, d: d, r: r, errorVar: labelNoise}
	rng := random.New(seed, 1410)
	q := frame(d, r, rng)
	beta := direction(r, rng)
	w.known = pretrain.Linear{W: mat.DenseCopyOf(q.T())}
	w.best = w.known.Weights(pretrain.Head{W: beta})
	w.cov = mat.NewSymDense(d, nil)
	for i := range d {
		w.cov.SetSym(i, i, 1)
	}
	w.labelled = func(n int, rng *rand.Rand) (*mat.Dense, []float64) {
		x := mat.NewDense(n, d, normals(n*d, 1, rng))
		var xb mat.VecDense
		xb.MulVec(x, mat.NewVecDense(d, w.best))
		y := normals(n, math.Sqrt(labelNoise), rng)
		for i := range y {
			y[i] += xb.AtVec(i)
		}
		return x, y
	}
	w.unlabelled = func(rng *rand.Rand) func(context.Context, int) (pretrain.Linear, error) {
		n := slices.Max(w.ms)
		x, other := mat.NewDense(n, d, normals(n*d, 1, rng)), mat.NewDense(n, d, normals(n*d, 1, rng))
		var f, g mat.Dense
		f.Mul(x, q)
		g.Mul(other, q)
		alike := make([]bool, n)
		for i := range alike {
			alike[i] = rng.Float64() < 1/(1+math.Exp(-scale*scale*mat.Dot(f.RowView(i), g.RowView(i))))
		}
		return func(ctx context.Context, m int) (pretrain.Linear, error) {
			return pretrain.ContrastMLE(ctx, x.Slice(0, m, 0, d).(*mat.Dense), other.Slice(0, m, 0, d).(*mat.Dense), alike[:m], r, 50)
		}
	}
	return w
}

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

// penalties are those that the oracle's ridge chooses from.
var penalties = logGrid(-1, 4, 16)

// measure has all rows on the world.
func (w linearWorld) measure(ctx context.Context, r *lab.Run, seed uint64) error {
	rng := random.New(seed, 1401)
	phase1 := w.unlabelled(rng)
	learned := make([]pretrain.Linear, len(w.ms))
	for i, m := range w.ms {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if learned[i], err = phase1(ctx, m); err != nil {
			return err
		}
	}
	guess := pretrain.Linear{W: mat.DenseCopyOf(frame(w.d, w.r, rng).T())}
	for _, n := range w.ns {
		risks := map[string]float64{}
		pretrained := make([]float64, len(w.ms))
		for range labelDraws {
			if err := ctx.Err(); err != nil {
				return err
			}
			x, y := w.labelled(n, rng)
			ols, best, err := w.ridges(x, y)
			if err != nil {
				return err
			}
			risks[variantOLS] += ols / labelDraws
			risks[variantRidgeBest] += best / labelDraws
			linear := map[string]pretrain.Linear{variantKnown: w.known, variantRandom: guess}
			if w.fromLabelled != nil {
				if linear[variantLabelled], err = w.fromLabelled(x); err != nil {
					return err
				}
			}
			for name, l := range linear {
				e, err := w.excess(l, x, y)
				if err != nil {
					return err
				}
				risks[name] += e / labelDraws
			}
			for i, l := range learned {
				e, err := w.excess(l, x, y)
				if err != nil {
					return err
				}
				pretrained[i] += e / labelDraws
			}
		}
		for i, m := range w.ms {
			r.Metric(w.risk(m, n), variantPretrained, seed, pretrained[i], "")
			for _, name := range []string{variantKnown, variantRidgeBest, variantOLS, variantLabelled, variantRandom} {
				if v, ok := risks[name]; ok {
					r.Metric(w.risk(m, n), name, seed, v, "")
				}
			}
		}
	}
	return nil
}

// excess is the excess risk of a head on features.
func (w linearWorld) excess(l pretrain.Linear, x *mat.Dense, y []float64) (float64, error) {
	h, err := pretrain.FitHead(l, x, y, 1e-9)
	if err != nil {
		return 0, err
	}
	return pretrain.ExcessRisk(l.Weights(h), w.best, w.cov)
}

// ridges are the excess risks of least squares on all dimensions, by the smallest
// norm where there are fewer labels, and of ridge with the best of the penalties.
func (w linearWorld) ridges(x *mat.Dense, y []float64) (ols, best float64, err error) {
	paths, err := newRidge(x, y)
	if err != nil {
		return 0, 0, err
	}
	if ols, err = pretrain.ExcessRisk(paths.weights(0), w.best, w.cov); err != nil {
		return 0, 0, err
	}
	best = math.Inf(1)
	for _, p := range penalties {
		e, err := pretrain.ExcessRisk(paths.weights(p), w.best, w.cov)
		if err != nil {
			return 0, 0, err
		}
		best = min(best, e)
	}
	return ols, best, nil
}

// ridge is ridge regression with any penalty, by one decomposition.
type ridge struct {
	values []float64
	v      mat.Dense
	z      mat.VecDense // V^T X^T y
}

func newRidge(x *mat.Dense, y []float64) (*ridge, error) {
	n, d := x.Dims()
	s := mat.NewSymDense(d, nil)
	s.SymOuterK(1, x.T())
	var e mat.EigenSym
	if !e.Factorize(s, true) {
		return nil, fmt.Errorf("no eigenvalues of %d points in %d dimensions", n, d)
	}
	r := &ridge{values: e.Values(nil)}
	e.VectorsTo(&r.v)
	var xy mat.VecDense
	xy.MulVec(x.T(), mat.NewVecDense(n, y))
	r.z.MulVec(r.v.T(), &xy)
	return r, nil
}

func (r *ridge) weights(penalty float64) []float64 {
	d := len(r.values)
	z := mat.NewVecDense(d, nil)
	for i, l := range r.values {
		if l > 1e-10*r.values[d-1] {
			z.SetVec(i, r.z.AtVec(i)/(l+penalty))
		}
	}
	var w mat.VecDense
	w.MulVec(&r.v, z)
	return w.RawVector().Data
}

func checkFactors(r *lab.Run, w linearWorld) {
	mean := func(m, n int, variant string) float64 { return r.Mean(w.risk(m, n), variant) }
	const large = 4096
	for _, n := range []int{128, 512} {
		r.AtMost(fmt.Sprintf("factors, m = %d, n = %d: pretrained over ridge", large, n), mean(large, n, variantPretrained)/mean(large, n, variantRidgeBest), .3)
	}
	r.AtMost("factors, m = 4096, n = 128: pretrained over first phase on the labelled points", mean(large, 128, variantPretrained)/mean(large, 128, variantLabelled), .5)
	worst := 0.
	for _, n := range w.ns {
		worst = max(worst, mean(large, n, variantPretrained)/mean(large, n, variantKnown))
	}
	r.AtMost("factors, m = 4096: pretrained over model known, largest of n", worst, 1.5)
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
