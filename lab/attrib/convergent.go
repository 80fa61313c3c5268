package attrib

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/digits"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/attrib/align"
	"github.com/offprint/offprint/methods/random"
)

// The variants of paper 40 are what the units of a network are compared with.
const (
	pairTrained   = "trained pair"
	pairRotated   = "rotated"
	pairUntrained = "untrained pair"
	pairShuffled  = "shuffled inputs"
	fromPixels    = "pixels"
	fromUntrained = "untrained net"
)

// Convergent reproduces paper 40: networks of digits that differ in their initial
// values and order alone, and students of a teacher whose units are known.
var Convergent = lab.Reproduction{
	Slug:     "convergent",
	Claim:    "Networks trained alike from different starts share single units well beyond what a rotation of the same subspace shares; some units are found by every network and others by none but one; and a unit without a partner is predicted from a few units of the other.",
	State:    lab.Reproduced,
	Method:   pairTrained,
	Package:  "methods/attrib/align",
	Time:     6 * time.Second,
	FullTime: time.Minute,
	DataSets: []string{"digits"},
	Run:      runConvergent,
	Broken: []lab.BrokenVariant{
		{Name: "rotated", What: "each network's units are rotated before they are compared: the subspaces are shared, the units are not"},
		{Name: "untrained", What: "the networks have their initial weights"},
	},
}

const (
	metricBipartite = "correlation, one to one"
	metricByInfo    = "correlation, one to one by information"
	metricSemi      = "correlation, best partner"
	metricHigh      = "units with a partner above .8"
	metricLow       = "units with no partner above .5"
	metricSame      = "best partner also by information"
	metricAllUnits  = "R2 of units, from all"
	metricShared    = "clusters with units of both"
	metricImbalance = "imbalance of clusters"
	metricAccuracy  = "accuracy"
	metricFound     = "teacher's worst found unit"
)

var (
	unitCounts = []int{1, 2, 3, 4, 8, 16, 32}
	penalties  = []float64{.1, .03, .01, .003} // of the sparse predictions
)

func metricUnits(k int) string { return fmt.Sprintf("R2 of units, from %d", k) }

func metricLasso(alpha float64) (r2, used string) {
	return fmt.Sprintf("R2, LASSO %g", alpha), fmt.Sprintf("units used, LASSO %g", alpha)
}

func metricTeacher(width int) string { return fmt.Sprintf("%s, students of %d", metricFound, width) }

func runConvergent(ctx context.Context, r *lab.Run) error {
	fit, test, err := digits.Split(r.Seed, 40)
	if err != nil {
		return err
	}
	mean := fit.Mean()
	c := &convergentRun{Run: r, fit: fit.Centred(mean), test: test.Centred(mean), seeds: 5, curves: map[string][]float64{}}
	if err := c.compare(ctx, netRecipe{widths: []int{64}, epochs: 60, penalty: .01}); err != nil {
		return err
	}
	if r.Broken == "" {
		if err := c.teach(ctx); err != nil {
			return err
		}
	}
	c.checks()
	c.plots()
	if r.Full {
		return c.settings(ctx)
	}
	return nil
}

// convergentRun is a run of [Convergent].
type convergentRun struct {
	*lab.Run
	fit, test digits.Images
	seeds     int
	curves    map[string][]float64 // sorted correlations, a variant's mean over the pairs
}

// view is the units of a network on both parts of the images.
type view struct{ fit, test *mat.Dense }

func (c *convergentRun) view(n *digitNet, layer int) view {
	return view{n.units(layer, c.fit), n.units(layer, c.test)}
}

// networks trains one network a seed.
func (c *convergentRun) networks(ctx context.Context, recipe netRecipe, share float64) ([]*digitNet, error) {
	nets := make([]*digitNet, c.seeds)
	return nets, c.EachSeed(ctx, c.seeds, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		progress(0, "training")
		n, err := recipe.train(ctx, c.fit, netSeed(seed, 0))
		nets[seed-c.Seed] = n
		progress(share, "trained")
		return err
	})
}

// pair is a network A with its partner B, both trained and not.
type pair struct{ a, b, rawA, rawB view }

// compare trains the networks, and compares all ordered pairs.
func (c *convergentRun) compare(ctx context.Context, recipe netRecipe) error {
	if c.Is("untrained") {
		recipe.epochs = 0
	}
	nets, err := c.networks(ctx, recipe, .3)
	if err != nil {
		return err
	}
	trained, raw := make([]view, c.seeds), make([]view, c.seeds)
	for i, seed := range c.Seeds(c.seeds) {
		trained[i] = c.view(nets[i], 0)
		untrained, err := newDigitNet(recipe.widths, netSeed(seed, 1))
		if err != nil {
			return err
		}
		raw[i] = c.view(untrained, 0)
		if c.Is("rotated") {
			for _, m := range []**mat.Dense{&trained[i].fit, &trained[i].test} {
				*m = align.Rotate(*m, random.New(seed, 4004))
			}
		}
		c.Metric(metricAccuracy, pairTrained, seed, nets[i].accuracy(c.test), "")
	}
	curves := make([]map[string][]float64, c.seeds)
	err = c.EachSeed(ctx, c.seeds, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		a := int(seed - c.Seed)
		var rows figures
		curve := map[string][]float64{}
		for b := range c.seeds {
			if b == a {
				continue
			}
			if err := c.pair(ctx, pair{trained[a], trained[b], raw[a], raw[b]}, &rows, curve); err != nil {
				return err
			}
			progress(.3+.5*float64(b+1)/float64(c.seeds), "comparing")
		}
		rows.report(c.Run, seed)
		curves[a] = curve
		return nil
	})
	if err != nil {
		return err
	}
	for _, curve := range curves { // in the order of the seeds, for the last digit
		for v, y := range curve {
			c.curves[v] = add(c.curves[v], y, 1/float64(c.seeds*(c.seeds-1)))
		}
	}
	return nil
}

// pair measures one ordered pair.
func (c *convergentRun) pair(ctx context.Context, p pair, rows *figures, curve map[string][]float64) error {
	look := func(a, b view, sizes []int) (*align.Report, error) {
		return align.Compare(ctx, a.fit, b.fit, a.test, b.test, align.Options{Sizes: sizes, Seed: c.Seed})
	}
	report, err := look(p.a, p.b, unitCounts)
	if err != nil {
		return err
	}
	turned := view{align.Rotate(p.b.fit, random.New(c.Seed, 4005)), align.Rotate(p.b.test, random.New(c.Seed, 4005))}
	rotated, err := look(p.a, turned, unitCounts)
	if err != nil {
		return err
	}
	untrained, err := look(p.rawA, p.rawB, []int{1})
	if err != nil {
		return err
	}
	for _, v := range []struct {
		name      string
		bipartite []float64
	}{
		{pairTrained, report.Bipartite}, {pairRotated, rotated.Bipartite},
		{pairUntrained, untrained.Bipartite}, {pairShuffled, report.Null},
	} {
		rows.add(metricBipartite, v.name, average(v.bipartite))
		curve[v.name] = add(curve[v.name], v.bipartite, 1)
	}
	for _, v := range []struct {
		name string
		of   *align.Report
	}{{pairTrained, report}, {pairRotated, rotated}, {pairUntrained, untrained}} {
		rows.add(metricSemi, v.name, average(v.of.Semi))
	}
	curve[bestPartner] = add(curve[bestPartner], report.Semi, 1)
	rows.add(metricHigh, pairTrained, share(report.Semi, func(v float64) bool { return v > .8 }))
	rows.add(metricLow, pairTrained, share(report.Semi, func(v float64) bool { return v < .5 }))

	for i, k := range unitCounts {
		rows.add(metricUnits(k), pairTrained, report.R2[i])
		rows.add(metricUnits(k), pairRotated, rotated.R2[i])
	}
	rows.add(metricAllUnits, pairTrained, report.All)
	for _, from := range []struct {
		name      string
		fit, test *mat.Dense
	}{{fromPixels, c.fit.Dense(), c.test.Dense()}, {fromUntrained, p.rawA.fit, p.rawA.test}} {
		l, err := align.LeastSquares(from.fit, p.b.fit, align.Ridge)
		if err != nil {
			return err
		}
		r2, err := l.R2(from.test, p.b.test)
		if err != nil {
			return err
		}
		rows.add(metricAllUnits, from.name, average(r2))
	}
	for _, alpha := range penalties {
		l, err := align.Lasso(ctx, p.a.fit, p.b.fit, alpha, align.LassoOptions{Tolerance: 1e-4})
		if err != nil {
			return err
		}
		r2, err := l.R2(p.a.test, p.b.test)
		if err != nil {
			return err
		}
		name, used := metricLasso(alpha)
		rows.add(name, pairTrained, average(r2))
		rows.add(used, pairTrained, l.Used())
	}
	if err := c.information(p, rows); err != nil {
		return err
	}
	return c.clusters(ctx, p, rows)
}

// information matches by mutual information in place of the correlation.
func (c *convergentRun) information(p pair, rows *figures) error {
	info, err := align.Information(p.a.fit, p.b.fit, 10)
	if err != nil {
		return err
	}
	choose, err := align.Correlate(p.a.fit, p.b.fit)
	if err != nil {
		return err
	}
	report, err := align.Correlate(p.a.test, p.b.test)
	if err != nil {
		return err
	}
	match, _, err := align.Bipartite(info)
	if err != nil {
		return err
	}
	rows.add(metricByInfo, pairTrained, average(align.Matched(report, match)))
	same := 0.
	by := align.Semi(info)
	for i, j := range align.Semi(choose) {
		if by[i] == j {
			same++
		}
	}
	rows.add(metricSame, pairTrained, same/float64(len(by)))
	return nil
}

// clusters groups the units of both networks, and of one with those of the other
// on other inputs.
func (c *convergentRun) clusters(ctx context.Context, p pair, rows *figures) error {
	const k = 16
	for _, v := range []struct {
		name string
		b    *mat.Dense
	}{{pairTrained, p.b.fit}, {pairShuffled, align.Shuffle(p.b.fit, random.New(c.Seed, 4006))}} {
		a, b, err := align.JointClusters(ctx, p.a.fit, v.b, k, c.Seed)
		if err != nil {
			return err
		}
		shared, imbalance := align.Mixture(a, b)
		rows.add(metricShared, v.name, shared)
		rows.add(metricImbalance, v.name, imbalance)
	}
	return nil
}

// teach looks for the teacher's units in its students: of as many units, which get
// stuck, and of four times as many. Of twice as many one student in 24 was stuck.
func (c *convergentRun) teach(ctx context.Context) error {
	t := newTeacher(c.Seed)
	probe := make([]float32, 2000*teacherIn)
	random.Normal(random.New(c.Seed, 4007), probe, 1)
	truth, _ := t.activations(probe)
	widths := []int{teacherUnits, 4 * teacherUnits}
	if c.Full {
		widths = []int{teacherUnits, 2 * teacherUnits, 3 * teacherUnits, 4 * teacherUnits}
	}
	return c.EachSeed(ctx, 4, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		for i, width := range widths {
			progress(.8+.2*float64(i)/float64(len(widths)), fmt.Sprintf("a student of %d units", width))
			units, err := t.student(ctx, width, seed, probe)
			if err != nil {
				return err
			}
			corr, err := align.Correlate(dense(truth, teacherUnits), dense(units, width))
			if err != nil {
				return err
			}
			c.Metric(metricTeacher(width), pairTrained, seed, slices.Min(align.Matched(corr, align.Semi(corr))), "")
		}
		return nil
	})
}

func (c *convergentRun) checks() {
	bipartite := c.Mean(metricBipartite, pairTrained)
	c.AtLeast("one to one: trained - rotated", bipartite-c.Mean(metricBipartite, pairRotated), .12)
	c.AtLeast("one to one: trained - untrained", bipartite-c.Mean(metricBipartite, pairUntrained), .10)
	c.AtMost("one to one: shuffled inputs, away from 0", math.Abs(c.Mean(metricBipartite, pairShuffled)), .03)
	c.AtLeast("best partner - one to one", c.Mean(metricSemi, pairTrained)-bipartite, .04)
	c.AtLeast("units found by both: partner above .8", c.Mean(metricHigh, pairTrained), .25)
	c.AtLeast("units found by one: no partner above .5", c.Mean(metricLow, pairTrained), .08)
	c.AtLeast("R2 from all units: the other net - pixels", c.Mean(metricAllUnits, pairTrained)-c.Mean(metricAllUnits, fromPixels), .10)
	few := c.Mean(metricUnits(4), pairTrained)
	c.AtLeast("R2 from 4 units, of that from 32", few/c.Mean(metricUnits(32), pairTrained), .85)
	c.AtLeast("R2 from 4 units - from 1", few-c.Mean(metricUnits(1), pairTrained), .08)
	c.AtMost("imbalance of clusters", c.Mean(metricImbalance, pairTrained), .35)
	c.AtLeast("imbalance of clusters, shuffled inputs", c.Mean(metricImbalance, pairShuffled), .85)
	if c.Broken != "" {
		return
	}
	c.AtLeast("students of 32: worst correlation of a teacher's unit", slices.Min(c.Values(metricTeacher(4*teacherUnits), pairTrained)), .98)
	c.AtMost("students of 8: worst correlation of a teacher's unit", slices.Min(c.Values(metricTeacher(teacherUnits), pairTrained)), .90)
	c.Note("A rotation of the other network has the same subspace and no units of its own: it still matches at %.3f, where trained networks match at %.3f. Without this control a matched correlation says little.", c.Mean(metricBipartite, pairRotated), bipartite)
	c.Note("Mutual information picks the same best partner as the correlation for %.0f%% of the units, and its one-to-one match correlates by %.3f.", 100*c.Mean(metricSame, pairTrained), c.Mean(metricByInfo, pairTrained))
	c.Note("From all units a random mix of B is predicted better (%.3f from 32) than B's own units are (%.3f): it is the few units, not the subspace, that B's units need.", c.Mean(metricUnits(32), pairRotated), c.Mean(metricUnits(32), pairTrained))
}

const bestPartner = "trained pair, best partner"

func (c *convergentRun) plots() {
	p := plot.Plot{
		Name: "matched-units", Title: "Units of a network by the correlation with their partner in another",
		X: plot.Axis{Label: "units, best first"}, Y: plot.Axis{Label: "correlation on held-out images"},
	}
	for _, v := range []string{pairTrained, bestPartner, pairRotated, pairUntrained, pairShuffled} {
		s := plot.Series{Name: v, Method: v == pairTrained, Y: c.curves[v]}
		for i := range s.Y {
			s.X = append(s.X, float64(i+1))
		}
		p.Lines = append(p.Lines, s)
	}
	c.Plot(p)

	x, names := make([]float64, len(unitCounts)), make([]string, len(unitCounts))
	for i, k := range unitCounts {
		x[i], names[i] = float64(k), metricUnits(k)
	}
	greedy := c.Series(pairTrained, x, names)
	greedy.Name = "greedy, from a trained net"
	turned := c.Series(pairRotated, x, names)
	turned.Name = "greedy, units rotated"
	lasso := plot.Series{Name: "LASSO, from a trained net"}
	for _, alpha := range penalties {
		r2, used := metricLasso(alpha)
		lasso.X = append(lasso.X, c.Mean(used, pairTrained))
		lasso.Y = append(lasso.Y, c.Mean(r2, pairTrained))
	}
	c.Plot(plot.Plot{
		Name: "r2-by-units", Title: "How much of a unit the units of another network predict",
		X:     plot.Axis{Label: "units that may be used", Log: true, Ticks: x},
		Y:     plot.Axis{Label: "R2 on held-out images"},
		Lines: []plot.Series{greedy, turned, lasso},
		Rules: []plot.Rule{{Name: "all 64 pixels", Y: c.Mean(metricAllUnits, fromPixels)}, {Name: "all units of an untrained net", Y: c.Mean(metricAllUnits, fromUntrained)}},
	})
}

// settings compares networks of other kinds, for --full.
func (c *convergentRun) settings(ctx context.Context) error {
	type setting struct {
		name   string
		recipe netRecipe
	}
	all := []setting{
		{"no penalty", netRecipe{widths: []int{64}}},
		{"dropout .5", netRecipe{widths: []int{64}, dropout: .5}},
		{"two hidden layers", netRecipe{widths: []int{64, 64}, penalty: .01}},
	}
	for _, w := range []int{16, 32, 128, 256} {
		all = append(all, setting{fmt.Sprintf("%d units", w), netRecipe{widths: []int{w}, penalty: .01}})
	}
	for _, s := range all {
		s.recipe.epochs = 60
		nets, err := c.networks(ctx, s.recipe, 1)
		if err != nil {
			return err
		}
		for layer := range s.recipe.widths {
			name := s.name
			if layer > 0 {
				name += ", second"
			}
			for i, seed := range c.Seeds(c.seeds) {
				var rows figures
				for j := range nets {
					if j == i {
						continue
					}
					a, b := c.view(nets[i], layer), c.view(nets[j], layer)
					report, err := align.Compare(ctx, a.fit, b.fit, a.test, b.test, align.Options{Seed: c.Seed})
					if err != nil {
						return err
					}
					rows.add(metricBipartite+": "+name, pairTrained, average(report.Bipartite))
					rows.add(metricBipartite+": "+name, pairRotated, average(report.Rotated))
					rows.add(metricAllUnits+": "+name, pairTrained, report.All)
				}
				rows.report(c.Run, seed)
			}
		}
	}
	return nil
}

// figures collects the values of metrics over the pairs of a network.
type figures struct {
	names  [][2]string // metric and variant, in the order of the table
	values map[[2]string][]float64
}

func (f *figures) add(metric, variant string, v float64) {
	key := [2]string{metric, variant}
	if f.values == nil {
		f.values = map[[2]string][]float64{}
	}
	if f.values[key] == nil {
		f.names = append(f.names, key)
	}
	f.values[key] = append(f.values[key], v)
}

// report reports the means.
func (f *figures) report(r *lab.Run, seed uint64) {
	for _, key := range f.names {
		r.Metric(key[0], key[1], seed, average(f.values[key]), "")
	}
}

func average(x []float64) float64 {
	sum := 0.
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func share(x []float64, is func(float64) bool) float64 {
	n := 0.
	for _, v := range x {
		if is(v) {
			n++
		}
	}
	return n / float64(len(x))
}

// add adds scale times y to x, up to the shorter length.
func add(x, y []float64, scale float64) []float64 {
	if x == nil {
		x = make([]float64, len(y))
	}
	x = x[:min(len(x), len(y))]
	for i := range x {
		x[i] += scale * y[i]
	}
	return x
}
