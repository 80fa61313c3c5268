package geometry

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/geometry/loki"
	"github.com/offprint/offprint/methods/random"
)

// Loki reproduces Geometry-Aware Adaptation for Pretrained Models: arXiv
// categories of which a classifier has seen some, disease progression in bins of
// which it has seen some, and the choice of what to label next in random trees.
var Loki = lab.Reproduction{
	Slug:     "loki",
	Claim:    "Without training, the Fréchet mean of a classifier's probabilities predicts labels that it has never seen, and comes nearer to the truth than its most probable class; labelling next what lies farthest from the predictable makes more of the space predictable than a random choice.",
	State:    lab.Reproduced,
	Method:   variantLoki,
	Package:  "methods/geometry/loki",
	Time:     5 * time.Second,
	FullTime: time.Minute,
	DataSets: []string{"papers", "diabetes"},
	Serves:   "the guess of a category for papers whose source gave none",
	Run:      runLoki,
	Broken: []lab.BrokenVariant{
		{Name: "not-squared", What: "labels are judged by the mean distance, not by the mean of its square"},
		{Name: "shuffled-metric", What: "the distances are those of other labels"},
		{Name: "observed-only", What: "the labels that may be predicted are those that were observed"},
	},
}

// Names of the rows.
const (
	variantLoki       = "Loki"
	variantArgmax     = "argmax"
	variantRestricted = "Loki, observed labels only"
	variantConstant   = "best constant"
	variantShuffled   = "Loki, shuffled distances"
	variantRidge      = "ridge regression"
	variantMiddle     = "middle bin"
	variantFarthest   = "farthest first"
	variantRandomPick = "random pick"
)

// lokiSizes are the numbers of observed categories that the checks are on.
var lokiSizes = []int{5, 8, 12, 16}

func runLoki(ctx context.Context, r *lab.Run) error {
	seeds, sizes := 10, lokiSizes
	if r.Full {
		seeds, sizes = 30, []int{2, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20}
	}
	r.Progress(0, "reading the records")
	bed, err := loadCategories(ctx)
	if err != nil {
		return err
	}
	spaces, err := categorySpaces(bed)
	if err != nil {
		return err
	}
	bins, err := loadBins()
	if err != nil {
		return err
	}
	err = r.EachSeed(ctx, seeds, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		s := lokiSeed{r, seed, random.New(seed, 29)}
		progress(0, "categories")
		if err := s.categories(ctx, bed, spaces, sizes); err != nil {
			return err
		}
		progress(.6, "bins")
		if err := s.bins(ctx, bins); err != nil {
			return err
		}
		progress(.9, "trees")
		return s.trees()
	})
	if err != nil {
		return err
	}
	checkLoki(r, spaces)
	plotLoki(r, spaces, sizes)
	return nil
}

// lokiSeed is the work of one seed.
type lokiSeed struct {
	*lab.Run
	seed uint64
	rng  *rand.Rand
}

// guesser predicts labels as the run's variant does.
type guesser struct {
	*loki.Adapter
	restricted bool
}

func newGuesser(r *lab.Run, m *loki.Metric, observed []int, rng *rand.Rand) (*guesser, error) {
	var err error
	switch {
	case r.Is("not-squared"):
		m, err = remake(m, func(a, b int) float64 { return math.Sqrt(m.At(a, b)) })
	case r.Is("shuffled-metric"):
		m, err = shuffled(m, rng)
	}
	if err != nil {
		return nil, err
	}
	a, err := loki.New(m, observed)
	return &guesser{a, r.Is("observed-only")}, err
}

func (g *guesser) predict(p *mat.Dense) ([]int, error) {
	if !g.restricted {
		return g.Predict(p)
	}
	return restricted(g.Adapter, p)
}

// restricted is the best of the observed labels.
func restricted(a *loki.Adapter, p *mat.Dense) ([]int, error) {
	s, err := a.Scores(p)
	if err != nil {
		return nil, err
	}
	n, _ := s.Dims()
	pred := make([]int, n)
	for i := range pred {
		pred[i] = slices.MinFunc(a.Observed, func(x, y int) int { return cmp.Compare(s.At(i, x), s.At(i, y)) })
	}
	return pred, nil
}

func remake(m *loki.Metric, at func(a, b int) float64) (*loki.Metric, error) {
	n := m.Len()
	d := make([]float64, n*n)
	for a := range n {
		for b := range n {
			d[a*n+b] = at(a, b)
		}
	}
	return loki.NewMetric(n, d)
}

func shuffled(m *loki.Metric, rng *rand.Rand) (*loki.Metric, error) {
	to := rng.Perm(m.Len())
	return remake(m, func(a, b int) float64 { return m.At(to[a], to[b]) })
}

func checkLoki(r *lab.Run, spaces []space) {
	for _, sp := range spaces {
		if sp.self {
			continue
		}
		// The worst over the numbers of observed classes.
		gain, constant, only, wrong, unseen := math.Inf(1), 0., 0., math.Inf(1), math.Inf(1)
		for _, k := range lokiSizes {
			of := func(variant string) float64 { return r.Mean(distanceOf(sp.name, k), variant) }
			gain = min(gain, 1-of(variantLoki)/of(variantArgmax))
			only = max(only, of(variantLoki)/of(variantRestricted))
			wrong = min(wrong, of(variantShuffled)/of(variantArgmax))
			unseen = min(unseen, r.Mean(unseenOf(sp.name, k), variantLoki))
			if k >= 8 {
				constant = max(constant, of(variantLoki)/of(variantConstant))
			}
		}
		r.AtLeast(sp.name+": least gain on argmax", gain, .15)
		r.AtMost(sp.name+": most of the best constant, 8 classes or more", constant, 1)
		r.AtMost(sp.name+": most of observed labels only", only, 1)
		r.AtLeast(sp.name+": shuffled distances, least of argmax", wrong, 1)
		r.AtLeast(sp.name+": fewest unseen classes predicted", unseen, 1)
	}
	for _, b := range binSets {
		name := binsOf(b)
		of := func(variant string) float64 { return r.Mean(name, variant) }
		r.AtMost(name+": of argmax", of(variantLoki)/of(variantArgmax), .6)
		r.AtMost(name+": of the middle bin", of(variantLoki)/of(variantMiddle), .75)
		r.AtMost(name+": of ridge regression", of(variantLoki)/of(variantRidge), 1.1)
	}
	r.AtLeast("bins: predictions that are the rounded mean", r.Mean(metricRounded, variantLoki), .999)
	r.AtLeast("trees: predictable after 5 picks, of random picks", r.Mean(reachOf(5), variantFarthest)/r.Mean(reachOf(5), variantRandomPick), 1.25)
	r.AtMost("trees: picks to 95%", r.Mean(metricPicks, variantFarthest), 18)
	if r.Broken != "" {
		return
	}
	for _, sp := range spaces {
		for _, k := range lokiSizes {
			found, constant := r.Mean(distanceOf(sp.name, k), variantLoki), r.Mean(distanceOf(sp.name, k), variantConstant)
			if found > constant {
				r.Note("With %d classes and the %s, the one label that is nearest to all true ones, which nobody knows beforehand, does better: %.2f against %.2f.", k, sp.name, constant, found)
			}
		}
	}
	most := lokiSizes[len(lokiSizes)-1]
	r.Note("Hits are not what is gained: with %d classes and the %s, accuracy is %.3f with Loki and %.3f with argmax. Its answers are nearer, more often without being right.",
		most, spaceGraph, r.Mean(accuracyOf(spaceGraph, most), variantLoki), r.Mean(accuracyOf(spaceGraph, most), variantArgmax))
	least, greatest := math.Inf(1), math.Inf(-1)
	for _, k := range lokiSizes {
		gain := 1 - r.Mean(distanceOf(spaceNames, k), variantLoki)/r.Mean(distanceOf(spaceNames, k), variantArgmax)
		least, greatest = min(least, gain), max(greatest, gain)
	}
	r.Note("Distances of the categories' own names are nearly all alike, and gain %.1f%% to %.1f%%: it takes distances that differ.", 100*least, 100*greatest)
}

func plotLoki(r *lab.Run, spaces []space, sizes []int) {
	x := make([]float64, len(sizes))
	for i, k := range sizes {
		x[i] = float64(k)
	}
	for i, sp := range spaces {
		if sp.self {
			continue
		}
		names := make([]string, len(sizes))
		for i, k := range sizes {
			names[i] = distanceOf(sp.name, k)
		}
		p := plot.Plot{
			Name: []string{"graph", "tree"}[i], Title: "Papers of 22 categories, of which some were observed: " + sp.name,
			X: plot.Axis{Label: "observed classes", Ticks: x},
			Y: plot.Axis{Label: "mean squared distance"},
		}
		for _, v := range []string{variantLoki, variantArgmax, variantRestricted, variantConstant} {
			p.Lines = append(p.Lines, r.Series(v, x, names))
		}
		r.Plot(p)
	}
	picks, names := make([]float64, len(shownPicks)), make([]string, len(shownPicks))
	for i, n := range shownPicks {
		picks[i], names[i] = float64(n), reachOf(n)
	}
	farthest := r.Series(variantFarthest, picks, names)
	farthest.Method = true
	r.Plot(plot.Plot{
		Name: "locus", Title: "What can be predicted in trees of 50 labels",
		X:     plot.Axis{Label: "labels picked after the first 3"},
		Y:     plot.Axis{Label: "predictable labels"},
		Lines: []plot.Series{farthest, r.Series(variantRandomPick, picks, names)},
	})
}
