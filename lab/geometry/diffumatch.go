package geometry

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/geometry/diffumatch"
	"github.com/offprint/offprint/methods/geometry/funcmap"
	"github.com/offprint/offprint/methods/random"
)

// DiffuMatch is paper 50: a prior of functional maps, learned on one category of
// deformed shapes, in place of axioms when shapes of others are matched.
var DiffuMatch = lab.Reproduction{
	Slug:  "diffumatch",
	Claim: "A diffusion model of functional maps of one category of shapes can replace the axioms that regularise the maps of others: on categories it has never seen it matches points better than no axiom, clearly as a mask and somewhat as a distilled loss, and where shapes are far from isometric the mask does as well as commutativity with the Laplacian.",
	State: lab.Partly,
	Missing: "Better than the axioms it is not. On categories never seen the learned mask's error is 1.35 times that of commutativity with the Laplacian (.053 against .039), and that of the distilled loss 1.8 times that of the axioms as losses (.061 against .033). " +
		"A plain mean of the squared training maps, in place of the denoiser, does better as well (.043).",
	Method:   dmLearned,
	Package:  "methods/geometry/diffumatch",
	Time:     25 * time.Second,
	FullTime: time.Minute,
	Run:      runDiffuMatch,
	Broken: []lab.BrokenVariant{
		{Name: "shuffled", What: "The entries of the learned masks change places."},
		{Name: "untrained", What: "The masks are those of a denoiser that was never trained."},
		{Name: "ridge", What: "All entries have the same penalty."},
	},
}

// The variants of [DiffuMatch].
const (
	dmRaw       = "least squares"
	dmRidge     = "ridge"
	dmLaplacian = "Laplacian mask"
	dmResolvent = "resolvent mask"
	dmMean      = "mask of the mean map"
	dmLearned   = "learned mask"
	dmSquared   = "learned mask, squared"
	dmShuffled  = "learned mask, shuffled"
	dmTrue      = "right map"

	dmOrthogonal = "ridge, loss: orthogonality"
	dmAxioms     = "ridge, losses: Laplacian and orthogonality"
	dmDistilled  = "ridge, loss: distilled"
	dmFeatures   = "learned mask, features by distillation and ZoomOut"
)

// testSet are pairs of shapes to match.
type testSet struct {
	name               string
	category           int
	amplitude, stretch float64
}

// testSets are of the category that is learned from, of two others, and of a
// third with strong deformations.
var testSets = []testSet{
	{"same category", 0, bodyBend, 0},
	{"category never seen", 1, bodyBend, 0},
	{"another never seen", 3, bodyBend, 0},
	{"far from isometric", 2, farBend, farStretch},
}

func (s testSet) metric() string { return "error: " + s.name }

func (s testSet) zoomed() string { return "ZoomOut: " + s.name }

func runDiffuMatch(ctx context.Context, r *lab.Run) error {
	d := &shapeMatching{Run: r, pairs: 15, train: []int{0}}
	if r.Full {
		d.pairs, d.train = 30, []int{0, 2}
	}
	seeds := 3
	if r.Broken != "" {
		seeds = 1
	}
	if err := r.EachSeed(ctx, seeds, d.seed); err != nil {
		return err
	}
	d.checks()
	if r.Broken == "" {
		d.notes()
		d.plots()
	}
	return nil
}

// shapeMatching is a run of [DiffuMatch].
type shapeMatching struct {
	*lab.Run
	pairs int   // of a test set
	train []int // categories

	mu    sync.Mutex
	shown []heatMap // of the first seed
}

type heatMap struct {
	name, title string
	m           *mat.Dense
}

// shapeWorld is what a seed has learned.
type shapeWorld struct {
	mean       *mat.Dense // of the squares of the training maps
	prior      *diffumatch.Prior
	rng        *rand.Rand
	validation []shapePair
}

// learn makes the training maps of a seed and trains the prior.
func (d *shapeMatching) learn(ctx context.Context, sphere *funcmap.Shape, seed uint64, progress func(float64)) (*shapeWorld, error) {
	rng := random.New(seed, 50)
	var maps []*mat.Dense
	for _, category := range d.train {
		body, err := shape(sphere, category, 0, 0, rng)
		if err != nil {
			return nil, err
		}
		template, err := funcmap.Spectrum(body, basisSize)
		if err != nil {
			return nil, err
		}
		_, bases, err := deformed(sphere, category, 100, bodyBend, 0, rng)
		if err != nil {
			return nil, err
		}
		for _, b := range bases {
			for _, pair := range [][2]*funcmap.Basis{{template, b}, {b, template}} {
				c, err := funcmap.FromPoints(pair[0], pair[1], sameVertices(len(b.Mass)), mapSize)
				if err != nil {
					return nil, err
				}
				maps = append(maps, c)
			}
		}
	}
	w := &shapeWorld{mean: mat.NewDense(mapSize, mapSize, nil), rng: random.New(seed, 5001)}
	for _, m := range maps {
		w.mean.Apply(func(i, j int, v float64) float64 { return v + m.At(i, j)*m.At(i, j)/float64(len(maps)) }, w.mean)
	}
	var err error
	if w.validation, err = shapePairs(sphere, 0, 10, bodyBend, 0, rng); err != nil {
		return nil, err
	}
	c := diffumatch.Config{Batch: 64, Seed: seed, OnStep: func(done, _ float64) { progress(done) }}
	if d.Is("untrained") || d.Is("ridge") {
		c.Steps = -1
	}
	w.prior, err = diffumatch.Train(ctx, maps, c)
	return w, err
}

// masks are the penalties of a pair by variant, each with the largest entry 1.
func (d *shapeMatching) masks(w *shapeWorld, p *shapePair) (map[string]*mat.Dense, error) {
	laplacian, err := funcmap.LaplacianMask(p.b1, p.b2, mapSize)
	if err != nil {
		return nil, err
	}
	resolvent, err := funcmap.ResolventMask(p.b1, p.b2, mapSize)
	if err != nil {
		return nil, err
	}
	learned, err := w.prior.Mask(p.raw, 1, 200, w.rng)
	if err != nil {
		return nil, err
	}
	ones, mean := mat.NewDense(mapSize, mapSize, nil), mat.NewDense(mapSize, mapSize, nil)
	ones.Apply(func(_, _ int, _ float64) float64 { return 1 }, ones)
	mean.Apply(func(_, _ int, v float64) float64 { return 1 / (v + 1e-3) }, w.mean)
	shuffled := mat.DenseCopyOf(learned)
	entries := shuffled.RawMatrix().Data
	w.rng.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	switch {
	case d.Is("shuffled"):
		learned = mat.DenseCopyOf(shuffled)
	case d.Is("ridge"):
		learned = mat.DenseCopyOf(ones)
	}
	var squared mat.Dense
	squared.MulElem(learned, learned)
	masks := map[string]*mat.Dense{
		dmRidge: ones, dmLaplacian: laplacian, dmResolvent: resolvent, dmMean: mean,
		dmLearned: learned, dmSquared: &squared, dmShuffled: shuffled,
	}
	for _, m := range masks {
		m.Scale(1/mat.Max(m), m)
	}
	return masks, nil
}

// maskVariants are those of masks, in the order of the table.
var maskVariants = []string{dmLearned, dmSquared, dmShuffled, dmMean, dmLaplacian, dmResolvent, dmRidge}

// matcher finds the map of a pair.
type matcher func(p *shapePair, masks map[string]*mat.Dense) (*mat.Dense, error)

func withMask(name string, lambda float64) matcher {
	return func(p *shapePair, masks map[string]*mat.Dense) (*mat.Dense, error) {
		s, err := funcmap.Solve(p.a, p.b, masks[name], lambda)
		if err != nil {
			return nil, err
		}
		return s.C, nil
	}
}

// miss is the mean error over pairs.
func miss(pairs []shapePair, masks []map[string]*mat.Dense, f matcher) (float64, error) {
	sum := 0.
	for i := range pairs {
		c, err := f(&pairs[i], masks[i])
		if err != nil {
			return 0, err
		}
		m, err := pairs[i].miss(c)
		if err != nil {
			return 0, err
		}
		sum += m / float64(len(pairs))
	}
	return sum, nil
}

// best is the matcher with the least error on the validation pairs.
func (w *shapeWorld) best(masks []map[string]*mat.Dense, all []matcher) (matcher, error) {
	least, chosen := math.Inf(1), all[0]
	for _, f := range all {
		m, err := miss(w.validation, masks, f)
		if err != nil {
			return nil, err
		}
		if m < least {
			least, chosen = m, f
		}
	}
	return chosen, nil
}

// seed learns and matches with a seed.
func (d *shapeMatching) seed(ctx context.Context, seed uint64, progress func(float64, string)) error {
	progress(0, "shapes")
	sphere := icosphere(2)
	w, err := d.learn(ctx, sphere, seed, func(done float64) { progress(.1+.4*done, "prior") })
	if err != nil {
		return err
	}
	progress(.5, "choosing the weights")
	var tuning []map[string]*mat.Dense
	for i := range w.validation {
		m, err := d.masks(w, &w.validation[i])
		if err != nil {
			return err
		}
		tuning = append(tuning, m)
	}
	methods := map[string]matcher{}
	order := slices.Clone(maskVariants)
	for _, name := range maskVariants {
		var all []matcher
		for _, lambda := range []float64{1e-3, 3e-3, .01, .03, .1, .3, 1, 3, 10, 30} {
			all = append(all, withMask(name, lambda))
		}
		if methods[name], err = w.best(tuning, all); err != nil {
			return err
		}
	}
	if d.Broken == "" {
		for name, all := range d.losses(ctx, w, methods[dmRidge]) {
			progress(.6, name)
			if methods[name], err = w.best(tuning, all); err != nil {
				return err
			}
		}
		order = append(order, dmDistilled, dmAxioms, dmOrthogonal)
		if d.Full {
			methods[dmFeatures] = d.features(ctx, w, methods[dmLearned])
			order = append(order, dmFeatures)
		}
	}
	methods[dmRaw] = func(p *shapePair, _ map[string]*mat.Dense) (*mat.Dense, error) { return p.raw, nil }
	methods[dmTrue] = func(p *shapePair, _ map[string]*mat.Dense) (*mat.Dense, error) { return p.true, nil }
	order = append(order, dmRaw, dmTrue)
	rng := random.New(seed, 5002)
	for i, set := range testSets {
		progress(.7+.3*float64(i)/float64(len(testSets)), set.name)
		pairs, err := shapePairs(sphere, set.category, d.pairs, set.amplitude, set.stretch, rng)
		if err != nil {
			return err
		}
		if err := d.match(ctx, w, set, pairs, methods, order, seed); err != nil {
			return err
		}
	}
	return nil
}

// match reports the errors on a test set.
func (d *shapeMatching) match(ctx context.Context, w *shapeWorld, set testSet, pairs []shapePair, methods map[string]matcher, order []string, seed uint64) error {
	var masks []map[string]*mat.Dense
	for i := range pairs {
		m, err := d.masks(w, &pairs[i])
		if err != nil {
			return err
		}
		masks = append(masks, m)
	}
	for _, name := range order {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, err := miss(pairs, masks, methods[name])
		if err != nil {
			return err
		}
		d.Metric(set.metric(), name, seed, m, "")
	}
	if d.Broken != "" {
		return nil
	}
	for _, name := range []string{dmLearned, dmSquared, dmMean, dmLaplacian, dmRidge, dmTrue} {
		m, err := miss(pairs, masks, func(p *shapePair, m map[string]*mat.Dense) (*mat.Dense, error) {
			c, err := methods[name](p, m)
			if err != nil {
				return nil, err
			}
			return funcmap.ZoomOut(c, p.b1, p.b2, basisSize, 4)
		})
		if err != nil {
			return err
		}
		d.Metric(set.zoomed(), name, seed, m, "")
	}
	if seed == d.Seed && set.category == 1 {
		return d.show(&pairs[0], masks[0], methods)
	}
	return nil
}

// losses are the matchers that start from ridge and minimise the distance of the
// descriptors plus a loss, by variant, for all weights to choose from.
func (d *shapeMatching) losses(ctx context.Context, w *shapeWorld, ridge matcher) map[string][]matcher {
	refine := func(weight float64, loss func(m map[string]*mat.Dense) diffumatch.Loss) matcher {
		return func(p *shapePair, m map[string]*mat.Dense) (*mat.Dense, error) {
			start, err := ridge(p, m)
			if err != nil {
				return nil, err
			}
			return diffumatch.Refine(ctx, start, p.a, p.b, loss(m), diffumatch.RefineConfig{Weight: weight})
		}
	}
	all := map[string][]matcher{}
	for _, weight := range []float64{.003, .01, .03, .1, .3, 1} {
		for _, noise := range []float64{.3, 1} {
			if weight < .03 {
				continue // which leaves the map to the noise of the descriptors
			}
			all[dmDistilled] = append(all[dmDistilled], refine(weight, func(map[string]*mat.Dense) diffumatch.Loss { return w.prior.Loss(noise, 8, w.rng) }))
		}
		all[dmOrthogonal] = append(all[dmOrthogonal], refine(weight, func(map[string]*mat.Dense) diffumatch.Loss {
			return func(c *mat.Dense) (float64, *mat.Dense, error) {
				loss, g := funcmap.Orthogonality(c)
				return loss, g, nil
			}
		}))
		for _, share := range []float64{.03, .1, .3} {
			all[dmAxioms] = append(all[dmAxioms], refine(weight, func(m map[string]*mat.Dense) diffumatch.Loss {
				return func(c *mat.Dense) (float64, *mat.Dense, error) {
					first, g := funcmap.Weighted(c, m[dmLaplacian])
					second, h := funcmap.Orthogonality(c)
					h.Scale(share, h)
					g.Add(g, h)
					return first + share*second, g, nil
				}
			}))
		}
	}
	return all
}

// features is the paper's pipeline with linear features: each pair's own are
// optimised under distillation and the distance to what ZoomOut makes of the map.
func (d *shapeMatching) features(ctx context.Context, w *shapeWorld, masked matcher) matcher {
	return func(p *shapePair, m map[string]*mat.Dense) (*mat.Dense, error) {
		c, err := masked(p, m)
		if err != nil {
			return nil, err
		}
		fine, err := funcmap.ZoomOut(c, p.b1, p.b2, basisSize, 4)
		if err != nil {
			return nil, err
		}
		target := mat.DenseCopyOf(fine.Slice(0, mapSize, 0, mapSize))
		distilled := w.prior.Loss(1, 32, w.rng)
		return diffumatch.Match(ctx, p.a, p.b, m[dmLearned], func(c *mat.Dense) (float64, *mat.Dense, error) {
			first, g, err := distilled(c)
			if err != nil {
				return 0, nil, err
			}
			second, h := funcmap.Towards(c, target)
			g.Add(g, h)
			return first + second, g, nil
		}, diffumatch.MatchConfig{Lambda: .03})
	}
}

// show keeps the matrices of a pair for the plots.
func (d *shapeMatching) show(p *shapePair, masks map[string]*mat.Dense, methods map[string]matcher) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	add := func(name, title string, m *mat.Dense) {
		a := mat.NewDense(mapSize, mapSize, nil)
		a.Apply(func(_, _ int, v float64) float64 { return math.Abs(v) }, m)
		d.shown = append(d.shown, heatMap{name, title, a})
	}
	add("map-right", "A pair of a category never seen: absolute values of the right map", p.true)
	add("map-raw", "The same pair: map by least squares", p.raw)
	c, err := methods[dmLearned](p, masks)
	if err != nil {
		return err
	}
	add("map-learned", "The same pair: map with the learned mask", c)
	add("mask-learned", "The same pair: the learned mask, whose large entries are penalised", masks[dmLearned])
	return nil
}

// unseen is the mean error over the two categories that are as near to isometric
// as the one that is learned from.
func (d *shapeMatching) unseen(variant string) float64 {
	return (d.Mean(testSets[1].metric(), variant) + d.Mean(testSets[2].metric(), variant)) / 2
}

func (d *shapeMatching) checks() {
	ratio := func(s testSet, a, b string) float64 { return d.Mean(s.metric(), a) / d.Mean(s.metric(), b) }
	far := testSets[3]
	for _, s := range testSets[:3] {
		d.AtMost(s.metric()+", learned mask / ridge", ratio(s, dmLearned, dmRidge), .85)
	}
	d.AtMost(far.metric()+", learned mask / ridge", ratio(far, dmLearned, dmRidge), .92)
	for _, s := range testSets {
		d.AtMost(s.metric()+", learned mask / least squares", ratio(s, dmLearned, dmRaw), .75)
	}
	d.AtLeast("categories never seen: share of the gap from ridge to the Laplacian mask that is closed",
		(d.unseen(dmRidge)-d.unseen(dmLearned))/(d.unseen(dmRidge)-d.unseen(dmLaplacian)), .45)
	d.AtMost(far.metric()+", learned mask / Laplacian mask", ratio(far, dmLearned, dmLaplacian), 1.02)
	if d.Broken != "" {
		return
	}
	d.AtMost(testSets[0].metric()+", distilled loss / ridge", ratio(testSets[0], dmDistilled, dmRidge), .70)
	d.AtMost("categories never seen: distilled loss / ridge", d.unseen(dmDistilled)/d.unseen(dmRidge), .93)
}

func (d *shapeMatching) notes() {
	d.Note("On categories never seen the error is %.3f with the learned mask, and %.3f with commutativity with the Laplacian, which needs no training. A mask of one number an entry, the mean of the squared training maps, has %.3f: the prior knows little that this mean does not.",
		d.unseen(dmLearned), d.unseen(dmLaplacian), d.unseen(dmMean))
	d.Note("As a loss, distillation takes the error there from %.3f (ridge) to %.3f, and the axioms, Laplacian and orthogonality, to %.3f. Orthogonality alone misleads: %.3f.",
		d.unseen(dmRidge), d.unseen(dmDistilled), d.unseen(dmAxioms), d.unseen(dmOrthogonal))
	zoomed := func(s testSet, variant string) float64 { return d.Mean(s.zoomed(), variant) }
	d.Note("ZoomOut narrows the differences: %.3f with the learned mask against %.3f with the Laplacian's on the category that was learned from, %.3f against %.3f far from isometric.",
		zoomed(testSets[0], dmLearned), zoomed(testSets[0], dmLaplacian), zoomed(testSets[3], dmLearned), zoomed(testSets[3], dmLaplacian))
	if d.Full {
		d.Note("Features of each pair, optimised under distillation and the distance to what ZoomOut makes of the map, have the error %.3f on categories never seen; before, the learned mask has %.3f.", d.unseen(dmFeatures), d.unseen(dmLearned))
	}
}

func (d *shapeMatching) plots() {
	bars := plot.Plot{
		Name: "errors", Title: "Matching with a prior that was learned on one category",
		Y: plot.Axis{Label: "mean distance to the right point (area 1)"},
	}
	for _, s := range testSets {
		bars.X.Labels = append(bars.X.Labels, s.name)
	}
	for _, name := range []string{dmRaw, dmRidge, dmLearned, dmMean, dmLaplacian, dmTrue} {
		b := plot.Bar{Name: name, Method: name == dmLearned}
		for _, s := range testSets {
			b.Y = append(b.Y, d.Mean(s.metric(), name))
		}
		bars.Bars = append(bars.Bars, b)
	}
	d.Plot(bars)
	for _, h := range d.shown {
		heat := &plot.Heat{}
		for i := range mapSize {
			heat.Rows, heat.Cols = append(heat.Rows, fmt.Sprint(i)), append(heat.Cols, fmt.Sprint(i))
			row := make([]plot.Value, mapSize)
			for j := range row {
				row[j] = plot.Value(h.m.At(i, j))
			}
			heat.Values = append(heat.Values, row)
		}
		d.Plot(plot.Plot{Name: h.name, Title: h.title, X: plot.Axis{Label: "function of shape 1"}, Y: plot.Axis{Label: "function of shape 2"}, Heat: heat})
	}
}
