package theory

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/theory/invariance"
)

// PACInvariance reproduces PAC Generalization via Invariant Representations on
// random linear structural equation models, with exact moments, with samples and
// through an unknown-looking mixture.
var PACInvariance = lab.Reproduction{
	Slug:     "pac-invariance",
	Claim:    "Predictors that are nearly optimal in n randomly drawn environments are so in nearly all that there are, with a rate of failure that falls as 1/n and stays below a bound; with interventions on few nodes of bounded in-degree, what the bound depends on does not grow with the number of covariates; the best of them withstands interventions that ruin a plain regression; samples in place of exact moments, and a linear mixture in place of the covariates, change none of it.",
	State:    lab.Partly,
	Missing:  "The measured rate of failure is flat in the number of covariates only where the two sites stay next to the target. With two sites anywhere, the worst kept subset fails in .01 of environments at 6 covariates and in .10 at 10, after 8 environments: there are more subsets to go wrong. The dimension that the paper's bound rests on is the same, but such a bound exceeds that of the finite class at these sizes.",
	Method:   variantInvariant,
	Package:  "methods/theory/invariance",
	Time:     8 * time.Second,
	FullTime: 2 * time.Minute,
	Run:      runInvariance,
	Broken: []lab.BrokenVariant{
		{Name: "head-per-environment", What: "each environment gets a head of its own, so that every subset is optimal everywhere"},
		{Name: "no-interventions", What: "the environments learned from are all the same"},
		{Name: "other-sites", What: "unseen environments have interventions on other nodes than those learned from"},
	},
}

// Names of the rows.
const (
	variantInvariant = "invariant subsets"
	variantBound     = "bound"
	variantERM       = "regression on all covariates"
	variantCauses    = "the target's true causes"
	variantNothing   = "no predictor"
	variantMixed     = "subsets of the mixture"
	variantPlainEps  = "invariant subsets, eps not widened"
)

const (
	semDegree   = 2
	invariantBy = .1 // eps
	confidence  = .05
	unseen      = 1000
)

var (
	// usual are the interventions learned from, hard those of the stress test.
	usual = invariance.Family{WeightRange: 1.5, VarLo: .5, VarHi: 2}
	hard  = invariance.Family{WeightRange: 4, VarLo: .5, VarHi: 2}

	environmentCounts = []int{1, 2, 4, 8, 16, 32}
	sampleCounts      = []int{200, 2000, 20000}
)

// semCase is a size of model and how many nodes have interventions.
type semCase struct {
	d     int
	sites int // d: all
}

func (c semCase) String() string {
	if c.sites == c.d {
		return fmt.Sprintf("d = %d, all sites", c.d)
	}
	return fmt.Sprintf("d = %d, %d sites", c.d, c.sites)
}

func (c semCase) rate(n int) string { return fmt.Sprintf("worst rate of violation, %v, n = %d", c, n) }
func (c semCase) stress() string    { return fmt.Sprintf("stress, error of the worst 5%%, %v", c) }

var smallCase = semCase{6, 2}

func keptOf(c semCase, n int) string { return fmt.Sprintf("kept, %v, n = %d", c, n) }

const (
	metricCauses   = "share of runs that keep the causes"
	metricExceeded = "share of runs above the bound"
	metricOther    = "worst rate of violation, d = 6, 2 sites, n = 32, on other sites"
)

func runInvariance(ctx context.Context, r *lab.Run) error {
	seeds, draws := 8, 6
	cases := []semCase{smallCase, {8, 2}, {10, 2}, {6, 6}, {8, 8}}
	if r.Full {
		seeds, draws = 12, 6
		cases = append(cases, semCase{12, 2}, semCase{10, 10})
	}
	if r.Broken != "" {
		seeds, draws = 3, 2
	}
	s := &invariantRun{Run: r, draws: draws, stressed: map[string][]float64{}}
	err := r.EachSeed(ctx, seeds, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		for i, c := range cases {
			progress(float64(i)/float64(len(cases)+2), c.String())
			if err := s.one(ctx, c, seed); err != nil {
				return err
			}
		}
		if r.Broken != "" {
			return nil
		}
		progress(float64(len(cases))/float64(len(cases)+2), "many covariates")
		if err := s.wide(ctx, seed); err != nil {
			return err
		}
		progress(float64(len(cases)+1)/float64(len(cases)+2), "samples and mixtures")
		if err := s.sampled(ctx, seed); err != nil {
			return err
		}
		return s.mixture(ctx, seed)
	})
	if err != nil {
		return err
	}
	s.check(cases)
	if r.Broken == "" {
		s.checkBeyond()
		s.plots(cases)
	}
	return nil
}

// invariantRun is a run of [PACInvariance].
type invariantRun struct {
	*lab.Run
	draws int // of training environments, a model

	mu       sync.Mutex
	stressed map[string][]float64 // errors under stress by row, sorted: d = 8, all sites, first seed
}

// setting is a model with its interventions.
type setting struct {
	model  invariance.SEM
	family invariance.Family
	other  invariance.Family // as many other sites
	rng    *rand.Rand
}

func newSetting(c semCase, seed, stream uint64) (setting, error) {
	rng := random.New(seed, stream)
	model, err := invariance.RandomSEM(c.d, semDegree, rng)
	if err != nil {
		return setting{}, err
	}
	order := rng.Perm(c.d)
	s := setting{model: model, family: usual, other: usual, rng: rng}
	s.family.Sites = order[:c.sites]
	s.other.Sites = order[c.d-c.sites:]
	return s, nil
}

func (s setting) draw(f invariance.Family, n int) ([]invariance.Environment, error) {
	models, err := s.model.Draw(f, n, s.rng)
	if err != nil {
		return nil, err
	}
	return invariance.Environments(models)
}

// learn fits heads to n environments and keeps what n more do not refute, or
// does what the broken variants make of it.
func (s *invariantRun) learn(ctx context.Context, t setting, n int) ([]invariance.Predictor, error) {
	envs, err := t.draw(t.family, 2*n)
	if err != nil {
		return nil, err
	}
	eps := invariantBy
	switch {
	case s.Is("no-interventions"):
		for i := range envs {
			envs[i] = envs[0]
		}
	case s.Is("head-per-environment"):
		eps = math.Inf(1) // each head is optimal in its environment: nothing is ever refuted
	}
	class, err := invariance.Candidates(ctx, envs[:n], t.size())
	if err != nil {
		return nil, err
	}
	return invariance.Learn(ctx, class, envs[n:], eps)
}

// size is that of the largest subset.
func (s setting) size() int { return len(s.model.NoiseVar) - 1 }

func (s *invariantRun) one(ctx context.Context, c semCase, seed uint64) error {
	t, err := newSetting(c, seed, 6200+uint64(100*c.sites+c.d))
	if err != nil {
		return err
	}
	family := t.family
	if s.Is("other-sites") {
		family = t.other
	}
	fresh, err := t.draw(family, unseen)
	if err != nil {
		return err
	}
	moved, err := t.draw(t.other, unseen)
	if err != nil {
		return err
	}
	causes := t.model.Causes()
	for _, n := range environmentCounts {
		bound, err := invariance.Bound(n, invariance.ClassSize(c.d, c.d), confidence)
		if err != nil {
			return err
		}
		mean, other, number, haveCauses, exceeded := 0., 0., 0., 0., 0.
		for range s.draws {
			kept, err := s.learn(ctx, t, n)
			if err != nil {
				return err
			}
			worst := 0.
			for _, p := range kept {
				if err := ctx.Err(); err != nil {
					return err
				}
				worst = max(worst, p.Rate(fresh, invariantBy))
				if slices.Equal(p.Subset, causes.Subset) {
					haveCauses++
				}
				if n == 32 && c == smallCase {
					other = max(other, p.Rate(moved, invariantBy))
				}
			}
			mean += worst / float64(s.draws)
			number += float64(len(kept)) / float64(s.draws)
			if worst > bound {
				exceeded++
			}
		}
		s.Metric(c.rate(n), variantInvariant, seed, mean, "")
		s.Metric(c.rate(n), variantBound, seed, bound, "")
		if n == 32 {
			s.Metric(keptOf(c, n), variantInvariant, seed, number, fmt.Sprintf("of %v", invariance.ClassSize(c.d, c.d)))
		}
		s.Metric(metricCauses, variantInvariant, seed, haveCauses/float64(s.draws), "")
		s.Metric(metricExceeded, variantInvariant, seed, exceeded/float64(s.draws), "")
		if n == 32 && c == smallCase {
			s.Metric(metricOther, variantInvariant, seed, other, "")
		}
	}
	return s.stress(ctx, c, t, seed)
}

// stress measures the errors under interventions much larger than those learned
// from, by 4 environments and 4 more.
func (s *invariantRun) stress(ctx context.Context, c semCase, t setting, seed uint64) error {
	kept, err := s.learn(ctx, t, 4)
	if err != nil {
		return err
	}
	envs, err := t.draw(t.family, 8)
	if err != nil {
		return err
	}
	f := hard
	f.Sites = t.family.Sites
	extreme, err := t.draw(f, unseen)
	if err != nil {
		return err
	}
	all := make([]int, c.d)
	for i := range all {
		all[i] = i
	}
	w, err := invariance.Fit(envs, all)
	if err != nil {
		return err
	}
	chosen := invariance.Predictor{} // predicts 0
	if len(kept) > 0 {
		chosen = kept[0]
	}
	for _, row := range []struct {
		name string
		p    invariance.Predictor
	}{{variantInvariant, chosen}, {variantERM, invariance.Predictor{Subset: all, W: w}}, {variantCauses, t.model.Causes()}, {variantNothing, invariance.Predictor{}}} {
		risks := make([]float64, len(extreme))
		for i, e := range extreme {
			risks[i] = e.Risk(row.p.Subset, row.p.W)
		}
		slices.Sort(risks)
		s.Metric(c.stress(), row.name, seed, risks[len(risks)*95/100], "")
		if c.d == 8 && c.sites == 8 && seed == s.Seed {
			s.mu.Lock()
			s.stressed[row.name] = risks
			s.mu.Unlock()
		}
	}
	return nil
}

func (s *invariantRun) check(cases []semCase) {
	rate := func(d, n int) float64 { return s.Mean(semCase{d, 2}.rate(n), variantInvariant) }
	s.AtMost("share of runs with a kept subset above the bound", s.Mean(metricExceeded, variantInvariant), confidence)
	s.AtLeast("2 sites, n = 1: worst rate of violation, mean of d = 6, 8, 10", (rate(6, 1)+rate(8, 1)+rate(10, 1))/3, .2)
	s.AtMost("2 sites, n = 8: worst rate of violation, larger of d = 6, 8", max(rate(6, 8), rate(8, 8)), .12)
	s.AtMost("2 sites, n = 32: worst rate of violation, larger of d = 6, 8", max(rate(6, 32), rate(8, 32)), .02)
	s.AtMost("2 sites, d = 10: exponent of n in the worst rate", s.exponent(semCase{10, 2}), -.8)
	s.AtLeast(metricCauses, s.Mean(metricCauses, variantInvariant), 1)
	for _, c := range cases {
		if c.sites != c.d {
			continue
		}
		s.AtMost(c.stress()+", invariant", median(s.Values(c.stress(), variantInvariant)), 1.1)
		s.AtLeast(c.stress()+", regression", median(s.Values(c.stress(), variantERM)), 10)
	}
	if s.Broken != "" {
		return
	}
	s.Note("Heads are fitted to n environments and tested on n others, so that the bound holds for the second n. On unseen environments with interventions at other nodes, %.0f%% are violated by some subset that 32 environments have kept: what holds, holds for the family that was drawn from.", 100*s.Mean(metricOther, variantInvariant))
	s.Note("With two sites anywhere, more covariates mean more subsets to go wrong: at n = 8 the worst rate is %.3f at d = 6, %.3f at d = 10, against bounds of %.2f and %.2f.", rate(6, 8), rate(10, 8), s.Mean(semCase{6, 2}.rate(8), variantBound), s.Mean(semCase{10, 2}.rate(8), variantBound))
}

// exponent is the slope of the worst rate against n, both as logarithms.
func (s *invariantRun) exponent(c semCase) float64 {
	var x, y []float64
	for _, n := range environmentCounts {
		if v := s.Mean(c.rate(n), variantInvariant); v > 0 {
			x, y = append(x, math.Log(float64(n))), append(y, math.Log(v))
		}
	}
	return slope(x, y)
}

// slope is that of the least-squares line through points; NaN for less than two.
func slope(x, y []float64) float64 {
	if len(x) < 2 {
		return math.NaN()
	}
	_, b := stat.LinearRegression(x, y, nil, false)
	return b
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

func (s *invariantRun) plots(cases []semCase) {
	x := make([]float64, len(environmentCounts))
	for i, n := range environmentCounts {
		x[i] = float64(n)
	}
	rates := plot.Plot{
		Name: "violation-by-environments", Title: "Unseen environments in which the worst kept subset fails, two sites",
		X: plot.Axis{Label: "environments tested on", Log: true, Ticks: x},
		Y: plot.Axis{Label: "share of environments", Log: true, Ticks: []float64{.001, .01, .1, 1}},
	}
	for _, c := range cases {
		if c.sites == c.d {
			continue
		}
		names := make([]string, len(x))
		for i, n := range environmentCounts {
			names[i] = c.rate(n)
		}
		line := s.Series(variantInvariant, x, names)
		line.Name, line.Low, line.High = fmt.Sprintf("d = %d", c.d), nil, nil
		line.Method = c.d == 10
		rates.Lines = append(rates.Lines, line)
		if c.d == 10 {
			bound := s.Series(variantBound, x, names)
			bound.Name, bound.Low, bound.High = "bound, d = 10", nil, nil
			rates.Lines = append(rates.Lines, bound)
		}
	}
	s.Plot(rates)

	stress := plot.Plot{
		Name: "stress", Title: "Under interventions far larger than those learned from, 8 covariates",
		X: plot.Axis{Label: "share of environments"},
		Y: plot.Axis{Label: "squared error is at most", Log: true},
	}
	for _, row := range []string{variantInvariant, variantERM, variantCauses, variantNothing} {
		line := plot.Series{Name: row, Method: row == variantInvariant}
		risks := s.stressed[row]
		for i := 0; i < len(risks); i += 20 {
			line.X, line.Y = append(line.X, float64(i)/float64(len(risks))), append(line.Y, risks[i])
		}
		stress.Lines = append(stress.Lines, line)
	}
	s.Plot(stress)
	s.plotDimension()
}
