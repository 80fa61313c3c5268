package graph

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/graph/lcm"
	"github.com/offprint/offprint/methods/random"
)

// The aggregators of paper 12 that have weights.
const (
	variantLCM      = "LCM"
	variantGRU      = "GRU"
	variantOneSided = "one-sided tree"
	variantAssoc    = "LCM, associativity weighted"
)

// CommutativeMonoids reproduces paper 12 on multisets of small numbers, of sizes
// within and beyond those of training.
var CommutativeMonoids = lab.Reproduction{
	Slug:     "lcm",
	Claim:    "A learned commutative operator in a balanced tree solves problems on sets that sums, means and maxima do not, as a recurrent aggregator does, and keeps doing so on sets of twice the size, in log2 n steps in place of n.",
	State:    lab.Reproduced,
	Method:   variantLCM,
	Package:  "methods/graph/lcm",
	Time:     28 * time.Second,
	FullTime: 10 * time.Minute,
	Run:      runLCM,
	Broken: []lab.BrokenVariant{
		{Name: "one-sided", What: "the operator is the cell alone, which tells its arguments apart"},
		{Name: "no-carry", What: "the fold forgets an element that has no partner"},
		{Name: "sum", What: "the elements are added"},
	},
}

const (
	metricOrder  = "second smallest, 32 elements: class changes with the order"
	metricTwist  = "a + b against b + a, largest difference"
	metricLevels = "operator steps one after the other, 64 elements"
)

var lcmSizes = []int{8, 13, 16, 32, 64}

func runLCM(ctx context.Context, r *lab.Run) error {
	c := &lcmRun{Run: r, dim: 32, sizes: lcmSizes, tasks: []multisets{parity, secondSmallest}}
	seeds := 3
	if r.Full {
		c.dim = 64
		c.sizes = append(c.sizes[:len(c.sizes):len(c.sizes)], 128, 256, 512)
		c.tasks = append(c.tasks, sumModulo5)
	}
	if r.Broken != "" {
		seeds, c.tasks = 1, c.tasks[:1]
	}
	err := r.EachSeed(ctx, seeds, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		variants := c.variants()
		for i, m := range c.tasks {
			for k, v := range variants {
				from, share := float64(i*len(variants)+k), 1/float64(len(c.tasks)*len(variants))
				if err := c.run(ctx, m, v, seed, func(done float64) {
					progress((from+done)*share, m.name+", "+v)
				}); err != nil {
					return fmt.Errorf("%s, %s: %w", m.name, v, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.checks()
	for _, m := range c.tasks {
		c.plot(m)
	}
	return nil
}

// lcmRun is a run of [CommutativeMonoids].
type lcmRun struct {
	*lab.Run
	dim   int
	sizes []int
	tasks []multisets
}

func (c *lcmRun) variants() []string {
	if c.Broken != "" {
		return []string{variantLCM}
	}
	v := []string{variantLCM, variantGRU}
	if c.Full {
		v = append(v, variantOneSided, variantAssoc)
	}
	for _, f := range fixedAggregators() {
		v = append(v, f.name)
	}
	return v
}

// run trains and measures one variant on one task.
func (c *lcmRun) run(ctx context.Context, m multisets, variant string, seed uint64, progress func(float64)) error {
	rng := random.New(seed, 1200)
	calls := 0 // of the operator
	agg, err := c.aggregator(variant, rng, &calls)
	if err != nil {
		return err
	}
	model, err := newSetModel(m, c.dim, agg, rng)
	if err != nil {
		return err
	}
	lambda := 0.
	if variant == variantAssoc {
		lambda = .1
	}
	if err := model.fit(ctx, m, c.steps(m), lambda, rng, progress); err != nil {
		return err
	}
	first := m.name == c.tasks[0].name
	for _, n := range c.sizes {
		x := m.test(n)
		calls = 0
		got, err := model.classify(x)
		if err != nil {
			return err
		}
		c.Metric(m.accuracyAt(n), variant, seed, agreement(got, x.classes), "")
		if n == 64 && first && agg.cell != nil {
			c.Metric(metricLevels, variant, seed, float64(calls), "")
		}
		if n == 32 && m.name == secondSmallest.name {
			again, err := model.classify(x.shuffled(random.New(seed, 1202)))
			if err != nil {
				return err
			}
			c.Metric(metricOrder, variant, seed, 1-agreement(got, again), "")
		}
	}
	if variant == variantLCM && first && agg.cell != nil {
		c.Metric(metricTwist, variant, seed, c.twist(model, m), "")
	}
	return nil
}

// steps is how long is trained.
func (c *lcmRun) steps(m multisets) int {
	switch {
	case c.Full:
		return 3000
	case m.name == parity.name:
		return 600
	}
	return 1200
}

// aggregator makes the one of a variant, or what the broken run makes of it. Calls
// counts those of its operator.
func (c *lcmRun) aggregator(variant string, rng *rand.Rand, calls *int) (aggregator, error) {
	fixed := fixedAggregators()
	if c.Is("sum") {
		variant = fixed[0].name
	}
	if i := slices.IndexFunc(fixed, func(a aggregator) bool { return a.name == variant }); i >= 0 {
		return fixed[i], nil
	}
	cell, err := lcm.NewGRU(c.dim, rng)
	if err != nil {
		return aggregator{}, err
	}
	op := c.op(cell)
	if variant == variantGRU || variant == variantOneSided {
		op = cell.Cell
	}
	counted := func(a, b []float32) ([]float32, func([]float32) ([]float32, []float32)) {
		*calls++
		return op(a, b)
	}
	agg := aggregator{variant, 1, cell, func(x []float32, d int, sizes []int) ([]float32, lcm.Back, error) {
		if variant == variantGRU {
			return lcm.Recurrent(counted, x, d, sizes)
		}
		return lcm.Fold(counted, x, d, sizes)
	}}
	if c.Is("no-carry") {
		agg = withoutCarry(agg)
	}
	return agg, nil
}

// op is the operator of the method.
func (c *lcmRun) op(cell *lcm.GRU) lcm.Op {
	if c.Is("one-sided") {
		return cell.Cell
	}
	return cell.Binary
}

// withoutCarry folds the elements that are left when, at each level, the one
// without a partner is forgotten: the first 2^k.
func withoutCarry(a aggregator) aggregator {
	return aggregator{a.name, a.width, a.cell, func(x []float32, d int, sizes []int) ([]float32, lcm.Back, error) {
		var kept []float32
		var rows, cut []int
		at := 0
		for _, n := range sizes {
			k := 1
			for 2*k <= n {
				k *= 2
			}
			kept, cut = append(kept, x[at*d:(at+k)*d]...), append(cut, k)
			for i := range k {
				rows = append(rows, at+i)
			}
			at += n
		}
		out, back, err := a.fold(kept, d, cut)
		return out, func(dout []float32) []float32 {
			dx := make([]float32, len(x))
			for i, g := 0, back(dout); i < len(rows); i++ {
				copy(dx[rows[i]*d:(rows[i]+1)*d], g[i*d:])
			}
			return dx
		}, err
	}}
}

// twist is the largest difference of a + b and b + a over all pairs of values.
func (c *lcmRun) twist(s *setModel, m multisets) float64 {
	var a, b []int
	for i := range m.values {
		for j := range m.values {
			a, b = append(a, i), append(b, j)
		}
	}
	_, x := s.encoded(a)
	_, y := s.encoded(b)
	op := c.op(s.agg.cell)
	xy, _ := op(x, y)
	yx, _ := op(y, x)
	most := 0.
	for i, v := range xy {
		most = max(most, math.Abs(float64(v-yx[i])))
	}
	return most
}

func agreement(a, b []int) float64 {
	same := 0.
	for i := range a {
		if a[i] == b[i] {
			same++
		}
	}
	return same / float64(len(a))
}

func (c *lcmRun) checks() {
	each := func(name string) float64 { return slices.Min(c.Values(name, variantLCM)) }
	for _, n := range lcmSizes {
		c.AtLeast("each seed: "+parity.accuracyAt(n), each(parity.accuracyAt(n)), .97)
	}
	if twist := c.Values(metricTwist, variantLCM); len(twist) > 0 {
		c.AtMost(metricTwist, slices.Max(twist), 1e-5)
	}
	if c.Broken != "" {
		return
	}
	best := func(name string, of ...string) float64 {
		most := 0.
		for _, v := range of {
			most = max(most, c.Mean(name, v))
		}
		return most
	}
	for _, n := range lcmSizes {
		c.AtMost("best of sum, mean, max, PNA: "+parity.accuracyAt(n), best(parity.accuracyAt(n), "sum", "mean", "max", "PNA"), .72)
	}
	at := secondSmallest.accuracyAt
	c.AtLeast("each seed: "+at(16), each(at(16)), .96)
	c.AtLeast("each seed: "+at(32), each(at(32)), .95)
	for _, n := range []int{16, 32} {
		c.AtLeast("LCM - best of sum, mean, max: "+at(n), c.Mean(at(n), variantLCM)-best(at(n), "sum", "mean", "max"), .10)
	}
	for _, n := range []int{8, 16, 32} {
		c.AtMost("LCM and GRU apart: "+at(n), math.Abs(c.Mean(at(n), variantLCM)-c.Mean(at(n), variantGRU)), .03)
	}
	c.AtMost(metricOrder, c.Mean(metricOrder, variantLCM), .04)
	c.AtMost(metricLevels, c.Mean(metricLevels, variantLCM), float64(lcm.Depth(64)))
	c.Note("Four times beyond the sizes of training, at 64 elements, LCM falls to %.3f where the recurrent aggregator keeps %.3f: a tree of 6 levels was never trained.", c.Mean(at(64), variantLCM), c.Mean(at(64), variantGRU))
	c.Note("PNA, which has the smallest element and the deviation, finds the second smallest as well (%.3f at 16, %.3f at 64 elements); parity is beyond it.", c.Mean(at(16), "PNA"), c.Mean(at(64), "PNA"))
}

func (c *lcmRun) plot(m multisets) {
	x, names := make([]float64, len(c.sizes)), make([]string, len(c.sizes))
	for i, n := range c.sizes {
		x[i], names[i] = float64(n), m.accuracyAt(n)
	}
	p := plot.Plot{
		Name: strings.ReplaceAll("accuracy "+m.name, " ", "-"), Title: "Sets of up to 16 elements in training, and larger ones: " + m.name,
		X: plot.Axis{Label: "elements", Log: true, Ticks: x}, Y: plot.Axis{Label: "accuracy"},
	}
	for _, v := range c.variants() {
		p.Lines = append(p.Lines, c.Series(v, x, names))
	}
	c.Plot(p)
}
