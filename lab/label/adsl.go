package label

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/digits"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/cluster"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/label/subspace"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// SubspaceLearners reproduces paper 56 on digits, with few examples.
var SubspaceLearners = lab.Reproduction{
	Slug:     "adsl",
	Claim:    "Learners that are added while training come near the best fixed number of them without a search for it, and cluster digits never seen clearly better than a classification network.",
	State:    lab.Partly,
	Missing:  "The attention maps do not raise weak segmentation: in --full, with a small network on digits among strokes, they cover the digit with a Dice of .58, where class activation has .72 and the mere size of the features .83; nor do they help retrieval (recall@1 .64 with, .70 without).",
	Method:   adslDynamic,
	Package:  "methods/label/subspace",
	Time:     10 * time.Second,
	FullTime: 5 * time.Minute,
	DataSets: []string{"digits"},
	Run:      runSubspaceLearners,
	Broken: []lab.BrokenVariant{
		{Name: "no-split", What: "no learner is ever added"},
		{Name: "eight-learners", What: "there are eight learners from the start, as if that had been chosen badly"},
		{Name: "shuffled-labels", What: "the classes that the metric learns are permuted among the examples"},
	},
}

const (
	adslDynamic = "dynamic"
	adslClasses = "classification"

	adslNMI      = "NMI"
	adslRecall   = "recall@1"
	adslLearners = "learners"
)

func adslFixed(k int) string { return fmt.Sprintf("%d fixed", k) }

func runSubspaceLearners(ctx context.Context, r *lab.Run) error {
	fixed := []int{1, 2, 4, 8}
	if r.Broken != "" {
		fixed = []int{1, 8}
	}
	const seeds = 6
	var first *subspace.Model
	err := r.EachSeed(ctx, seeds, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		s, err := newSubspaceRun(r, seed, 300)
		if err != nil {
			return err
		}
		m, err := s.all(ctx, fixed, progress)
		if seed == r.Seed {
			first = m
		}
		if err != nil || !r.Full {
			return err
		}
		if s, err = newSubspaceRun(r, seed, 900); err != nil {
			return err
		}
		if _, err := s.all(ctx, fixed, progress); err != nil {
			return err
		}
		if seed >= r.Seed+2 {
			return nil
		}
		return attention(ctx, r, seed, progress)
	})
	if err != nil {
		return err
	}
	best := ""
	for _, k := range fixed {
		if best == "" || r.Mean(adslNMI, adslFixed(k)) > r.Mean(adslNMI, best) {
			best = adslFixed(k)
		}
	}
	dynamic := r.Mean(adslNMI, adslDynamic)
	r.AtLeast("NMI, dynamic - classification", dynamic-r.Mean(adslNMI, adslClasses), .035)
	r.AtLeast("NMI, dynamic - classification, least of the seeds", leastDifference(r.Values(adslNMI, adslDynamic), r.Values(adslNMI, adslClasses)), 0)
	r.AtLeast("NMI, dynamic - 8 fixed", dynamic-r.Mean(adslNMI, adslFixed(8)), .015)
	r.AtLeast("NMI, dynamic - the best fixed number", dynamic-r.Mean(adslNMI, best), -.02)
	r.AtLeast("recall@1, dynamic - classification", r.Mean(adslRecall, adslDynamic)-r.Mean(adslRecall, adslClasses), .005)
	r.AtLeast("learners found, least", slices.Min(r.Values(adslLearners, adslDynamic)), 2)
	r.AtMost("learners found, most", slices.Max(r.Values(adslLearners, adslDynamic)), 5)
	if r.Broken != "" {
		return nil
	}
	r.Note("The best fixed number is %s, with an NMI of %.3f where the dynamic one has %.3f: what adding learners buys is not having to choose; the gain over classification is the metric's.", best, r.Mean(adslNMI, best), dynamic)
	plotSubspace(r, fixed, first)
	return nil
}

// leastDifference is the least of a - b, place by place.
func leastDifference(a, b []float64) float64 {
	least := math.Inf(1)
	for i := range min(len(a), len(b)) {
		least = min(least, a[i]-b[i])
	}
	return least
}

func plotSubspace(r *lab.Run, fixed []int, m *subspace.Model) {
	bars := plot.Plot{
		Name: "nmi-by-learners", Title: "Clusters of digits never seen, by the number of learners",
		X: plot.Axis{Labels: []string{adslClasses}}, Y: plot.Axis{Label: "NMI with the digits"},
	}
	for _, k := range fixed {
		bars.X.Labels = append(bars.X.Labels, adslFixed(k))
	}
	bars.X.Labels = append(bars.X.Labels, adslDynamic)
	others, own := plot.Bar{Name: "given"}, plot.Bar{Name: "found", Method: true}
	for _, v := range bars.X.Labels {
		mean := r.Mean(adslNMI, v)
		if v == adslDynamic {
			others.Y, own.Y = append(others.Y, 0), append(own.Y, mean)
		} else {
			others.Y, own.Y = append(others.Y, mean), append(own.Y, 0)
		}
	}
	bars.Bars = []plot.Bar{others, own}
	r.Plot(bars)

	curve := plot.Plot{
		Name: "training", Title: "Learners are added when the clustering of the training set stalls",
		X: plot.Axis{Label: "epoch"}, Y: plot.Axis{Label: "NMI, training set, seed 1"},
	}
	quality, splits := plot.Series{Name: "dynamic", Method: true}, plot.Series{Name: "a learner is added"}
	sizes := plot.Plot{
		Name: "sizes", Title: "How many coordinates of the embedding each learner has",
		X: plot.Axis{Label: "epoch"}, Y: plot.Axis{Label: "coordinates, seed 1"},
	}
	for k := range m.Learners() {
		sizes.Lines = append(sizes.Lines, plot.Series{Name: fmt.Sprintf("learner %d", k+1), Method: k == 0})
	}
	for e, epoch := range m.Epochs {
		quality.X, quality.Y = append(quality.X, float64(e)), append(quality.Y, epoch.Quality)
		if e > 0 && slices.Max(epoch.Owner) > slices.Max(m.Epochs[e-1].Owner) {
			splits.X, splits.Y = append(splits.X, float64(e)), append(splits.Y, epoch.Quality)
		}
		count := make([]float64, len(sizes.Lines))
		for _, k := range epoch.Owner {
			count[k]++
		}
		for k := range sizes.Lines {
			l := &sizes.Lines[k]
			l.X, l.Y = append(l.X, float64(e)), append(l.Y, count[k])
		}
	}
	curve.Lines, curve.Points = []plot.Series{quality}, []plot.Series{splits}
	r.Plot(curve)
	r.Plot(sizes)
}

// subspaceRun measures embeddings with one seed.
type subspaceRun struct {
	*lab.Run
	seed     uint64
	of       string // after a metric's name
	x, testX []float32
	y, testY []int
}

func newSubspaceRun(r *lab.Run, seed uint64, examples int) (*subspaceRun, error) {
	all, err := digits.Load()
	if err != nil {
		return nil, err
	}
	all = all.Shuffle(random.New(seed, 56))
	fit, test := all.Slice(0, examples), all.Slice(all.Len()-800, all.Len())
	of := ""
	if examples != 300 {
		of = fmt.Sprintf(", %d examples", examples)
	}
	return &subspaceRun{r, seed, of, fit.Scaled(2, -.6).Float32(), test.Scaled(2, -.6).Float32(), fit.Y, test.Y}, nil
}

// all trains every variant and returns the dynamic one.
func (s *subspaceRun) all(ctx context.Context, fixed []int, progress func(float64, string)) (*subspace.Model, error) {
	progress(0, adslClasses)
	if err := s.classification(ctx); err != nil {
		return nil, err
	}
	for i, k := range fixed {
		progress(float64(i+1)/float64(len(fixed)+2), adslFixed(k))
		if _, err := s.learners(ctx, adslFixed(k), k, s.y); err != nil {
			return nil, err
		}
	}
	progress(float64(len(fixed)+1)/float64(len(fixed)+2), adslDynamic)
	k, y := 0, s.y
	switch {
	case s.Is("no-split"):
		k = 1
	case s.Is("eight-learners"):
		k = 8
	case s.Is("shuffled-labels"):
		y = train.Gather(nil, s.y, 1, random.New(s.seed, 5603).Perm(len(s.y)))
	}
	return s.learners(ctx, adslDynamic, k, y)
}

func (s *subspaceRun) backbone() (*subspace.Perceptron, error) {
	return subspace.NewPerceptron(random.New(s.seed, 5600), digits.Pixels, 128, 128)
}

// learners trains k of them, or as many as it takes for k = 0.
func (s *subspaceRun) learners(ctx context.Context, name string, k int, y []int) (*subspace.Model, error) {
	b, err := s.backbone()
	if err != nil {
		return nil, err
	}
	var m *subspace.Model
	o := subspace.Options{Seed: s.seed}
	if k == 0 {
		m, err = subspace.Train(ctx, b, s.x, y, o)
	} else {
		m, err = subspace.TrainFixed(ctx, b, s.x, y, k, o)
	}
	if err != nil {
		return nil, err
	}
	e, err := m.Embed(s.testX)
	if err != nil {
		return nil, err
	}
	s.Metric(adslLearners+s.of, name, s.seed, float64(len(m.Learners())), "")
	return m, s.report(ctx, name, e, 32)
}

// report clusters the test images by their embeddings, and looks for neighbours.
func (s *subspaceRun) report(ctx context.Context, name string, e []float32, dim int) error {
	var groups []int
	least := 0.
	rng := random.New(s.seed, 5601)
	for run := range 5 {
		m, err := cluster.Fit(ctx, e, dim, digits.Classes, 100, rng)
		if err != nil {
			return err
		}
		if run > 0 && m.Inertia >= least {
			continue
		}
		least, groups = m.Inertia, nil
		for _, c := range m.Assign {
			groups = append(groups, int(c))
		}
	}
	s.Metric(adslNMI+s.of, name, s.seed, eval.NMI(groups, s.testY), "")
	recall, err := subspace.RecallAt(e, dim, s.testY, 1)
	if err != nil {
		return err
	}
	s.Metric(adslRecall+s.of, name, s.seed, recall, "")
	return nil
}

// classification trains the same network by cross-entropy.
func (s *subspaceRun) classification(ctx context.Context) error {
	b, err := s.backbone()
	if err != nil {
		return err
	}
	c, err := newClassifier(b, random.New(s.seed, 5602))
	if err != nil {
		return err
	}
	if err := c.train(ctx, s.x, s.y, 60, random.New(s.seed, 5604)); err != nil {
		return err
	}
	e, err := c.embed(s.testX)
	if err != nil {
		return err
	}
	return s.report(ctx, adslClasses, e, 32)
}
