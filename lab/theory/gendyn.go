// Package theory has the reproductions of papers that prove something about
// learning: both sides of what they prove are computed, and held together.
package theory

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/theory/gendyn"
)

// AdvaniSaxe reproduces High-dimensional dynamics of generalization error in
// neural networks: linear students against the theory, and random ReLU networks
// on digits.
var AdvaniSaxe = lab.Reproduction{
	Slug:     "advani-saxe",
	Claim:    "Random matrix theory gives the test error of gradient descent at every time: overtraining is worst where parameters equal samples and fades on both sides, start weights must be small where parameters are more, since a subspace of them stays frozen, and a nonlinear network behaves alike, so that the largest does best.",
	State:    lab.Reproduced,
	Method:   variantTheory,
	Package:  "methods/theory/gendyn",
	Time:     15 * time.Second,
	FullTime: 3 * time.Minute,
	DataSets: []string{"digits"},
	Run:      runAdvaniSaxe,
	Broken: []lab.BrokenVariant{
		{Name: "one-eigenvalue", What: "the theory takes all eigenvalues for their mean, in place of the law of Marchenko and Pastur"},
		{Name: "nothing-frozen", What: "the theory forgets the eigenvalues that are 0"},
		{Name: "clean-labels", What: "labels have no noise, so that there is nothing to overtrain on"},
	},
}

// Names of the rows.
const (
	variantTheory  = "theory"
	variantFlow    = "gradient flow, simulated"
	variantDescent = "gradient descent, simulated"
	variantRidge   = "ridge with the best penalty"
	variantStop    = "best early stop"
)

var (
	loads      = []float64{.25, .5, .75, 1, 1.33, 2, 4}
	flowTimes  = []float64{1, 10, 100, 1000} // those that the table has
	curveTimes = logGrid(-1, 4, 60)
	errorTicks = []float64{.25, .5, 1, 2, 4}
	startSDs   = []float64{0, .5, 1, 2}
)

// Descent in steps of descentRate reaches these times.
const descentRate = .05

var descentTimes = []float64{.3, 1, 3, 10, 30}

// logGrid has n values from 10^low to 10^high.
func logGrid(low, high float64, n int) []float64 {
	g := make([]float64, n)
	for i := range g {
		g[i] = math.Pow(10, low+(high-low)*float64(i)/float64(n-1))
	}
	return g
}

func errorAt(alpha, t float64) string { return fmt.Sprintf("test error, P/N = %g, t = %g", alpha, t) }
func overtrainedAt(alpha float64) string {
	return fmt.Sprintf("overtraining by t = 1000, P/N = %g", alpha)
}
func bestAt(alpha float64) string { return fmt.Sprintf("best test error, P/N = %g", alpha) }
func startAt(alpha, sd float64) string {
	return fmt.Sprintf("final test error, P/N = %g, start weights of sd %g", alpha, sd)
}

const metricFrozen = "share of frozen weights' movement, P/N = 0.5"

func runAdvaniSaxe(ctx context.Context, r *lab.Run) error {
	const digitSeeds = 5
	seeds := 8
	s := &dynamics{Run: r, n: 400, noise: .2, curves: map[float64][][]float64{}}
	if r.Full {
		s.n = 1000
	}
	var digits *dataset.Table
	if r.Broken == "" {
		var err error
		if digits, err = dataset.ReadTable("digits"); err != nil {
			return err
		}
	} else {
		seeds, s.n = 4, 200
	}
	if r.Is("clean-labels") {
		s.noise = 0
	}
	err := r.EachSeed(ctx, seeds, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		if err := s.seed(ctx, seed, func(done float64, what string) { progress(.8*done, what) }); err != nil {
			return err
		}
		if digits == nil || seed-r.Seed >= digitSeeds {
			return nil
		}
		return digitNets(ctx, r, digits, seed, func(done float64, what string) { progress(.8+.2*done, what) })
	})
	if err != nil {
		return err
	}
	if err := s.check(); err != nil {
		return err
	}
	if digits == nil {
		return nil
	}
	checkDigitNets(r)
	r.Note("Test errors include the noise of the label, %g. The networks on digits have a random first layer and a trained readout, as in the paper's analysis; its bound of the Rademacher complexity is not reproduced.", s.noise)
	if err := s.plots(); err != nil {
		return err
	}
	plotDigitNets(r)
	return nil
}

// dynamics is the linear part of a run of [AdvaniSaxe].
type dynamics struct {
	*lab.Run
	n     int // weights
	noise float64

	mu     sync.Mutex
	curves map[float64][][]float64 // by load, one a seed, at curveTimes
}

// students are how many teachers there are for each set of samples: the noise in
// their labels is most of what differs from the mean.
const students = 40

// linearTask is a teacher with samples.
type linearTask struct {
	x       *mat.Dense // [N x P]
	y       []float64
	teacher []float64
	noise   float64
}

// samples draws inputs [n x p] of variance 1/n.
func samples(n, p int, rng *rand.Rand) *mat.Dense {
	return mat.NewDense(n, p, normals(n*p, 1/math.Sqrt(float64(n)), rng))
}

// newLinearTask draws a teacher for samples.
func newLinearTask(x *mat.Dense, noise float64, rng *rand.Rand) linearTask {
	n, p := x.Dims()
	t := linearTask{x: x, teacher: normals(n, 1, rng), noise: noise}
	var y mat.VecDense
	y.MulVec(x.T(), mat.NewVecDense(n, t.teacher))
	t.y = y.RawVector().Data
	for j, e := range normals(p, math.Sqrt(noise), rng) {
		t.y[j] += e
	}
	return t
}

func normals(n int, sd float64, rng *rand.Rand) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64() * sd
	}
	return v
}

// testError is exact: the mean over all samples that there could be.
func (t linearTask) testError(w []float64) float64 {
	sum := 0.
	for i, v := range t.teacher {
		sum += (w[i] - v) * (w[i] - v)
	}
	return sum/float64(len(w)) + t.noise
}

// errorsAt are the test errors of a student that started at 0, at some times,
// summed over the modes: quicker than by weights.
func (t linearTask) errorsAt(flow *gendyn.Flow, path *gendyn.Path, times []float64) []float64 {
	teacher := mat.NewVecDense(len(t.teacher), t.teacher)
	var z mat.VecDense
	z.MulVec(flow.U.T(), teacher)
	frozen := mat.Dot(teacher, teacher) - mat.Dot(&z, &z)
	errs := make([]float64, len(times))
	for k, at := range times {
		sum := frozen
		for i, m := range path.Modes(at) {
			d := m - z.AtVec(i)
			sum += d * d
		}
		errs[k] = sum/float64(len(t.teacher)) + t.noise
	}
	return errs
}

func (s *dynamics) seed(ctx context.Context, seed uint64, progress func(done float64, what string)) error {
	for i, alpha := range loads {
		progress(float64(i)/float64(len(loads)), fmt.Sprintf("P/N = %g", alpha))
		if err := ctx.Err(); err != nil {
			return err
		}
		rng := random.New(seed, 1800+uint64(i))
		x := samples(s.n, int(math.Round(alpha*float64(s.n))), rng)
		flow, err := gendyn.NewFlow(x)
		if err != nil {
			return err
		}
		var task linearTask
		times := slices.Concat(flowTimes, curveTimes)
		errs := make([]float64, len(times))
		ridge, starts := 0., make([]float64, len(startSDs))
		for range students {
			task = newLinearTask(x, s.noise, rng)
			path, err := flow.Path(task.y, nil)
			if err != nil {
				return err
			}
			for k, e := range task.errorsAt(flow, path, times) {
				errs[k] += e / students
			}
			ridge += task.testError(path.Ridge(s.noise)) / students
			if alpha != .25 && alpha != 2 {
				continue
			}
			for k, sd := range startSDs {
				path, err := flow.Path(task.y, normals(s.n, sd, rng))
				if err != nil {
					return err
				}
				starts[k] += task.testError(path.Weights(math.Inf(1))) / students
			}
		}
		for k, t := range flowTimes {
			s.Metric(errorAt(alpha, t), variantFlow, seed, errs[k], "")
		}
		s.Metric(bestAt(alpha), variantRidge, seed, ridge, "")
		for k, sd := range startSDs {
			if starts[k] > 0 {
				s.Metric(startAt(alpha, sd), variantFlow, seed, starts[k], "")
			}
		}
		s.mu.Lock()
		s.curves[alpha] = append(s.curves[alpha], errs[len(flowTimes):])
		s.mu.Unlock()
		if (alpha == .5 || alpha == 1 || alpha == 2) && s.Broken == "" {
			if err := s.descend(ctx, seed, alpha, task, flow, rng); err != nil {
				return err
			}
		}
	}
	return nil
}

// descend takes real steps.
func (s *dynamics) descend(ctx context.Context, seed uint64, alpha float64, task linearTask, flow *gendyn.Flow, rng *rand.Rand) error {
	steps := make([]int, len(descentTimes))
	for i, t := range descentTimes {
		steps[i] = int(math.Round(t / descentRate))
	}
	ws, err := gendyn.Descend(ctx, task.x, task.y, make([]float64, s.n), descentRate, steps)
	if err != nil {
		return err
	}
	for i, t := range descentTimes {
		s.Metric(errorAt(alpha, t), variantDescent, seed, task.testError(ws[i]), "")
	}
	if alpha != .5 {
		return nil
	}
	// From random weights: how far do they move outside the span of the samples?
	w0 := normals(s.n, 1, rng)
	ws, err = gendyn.Descend(ctx, task.x, task.y, w0, descentRate, []int{100})
	if err != nil {
		return err
	}
	var moved, modes, outside mat.VecDense
	moved.SubVec(mat.NewVecDense(s.n, ws[0]), mat.NewVecDense(s.n, w0))
	modes.MulVec(flow.U.T(), &moved)
	outside.MulVec(flow.U, &modes)
	outside.SubVec(&moved, &outside)
	s.Metric(metricFrozen, variantDescent, seed, mat.Norm(&outside, 2)/mat.Norm(&moved, 2), "")
	return nil
}

// theory is the curve for a load, or what a broken variant makes of it.
func (s *dynamics) theory(alpha, startSD float64) (*gendyn.Curve, error) {
	c, err := gendyn.NewCurve(gendyn.Params{Alpha: alpha, TeacherVar: 1, InitVar: startSD * startSD, NoiseVar: s.noise})
	if err != nil {
		return nil, err
	}
	switch {
	case s.Is("one-eigenvalue"):
		c.Lam, c.Weight, c.Zero = []float64{max(alpha, 1)}, []float64{min(alpha, 1)}, max(0, 1-alpha)
	case s.Is("nothing-frozen"):
		c.Zero = 0
	}
	return c, nil
}

func (s *dynamics) check() error {
	worst, descent, over := 0., 0., map[float64]float64{}
	for _, alpha := range loads {
		c, err := s.theory(alpha, 0)
		if err != nil {
			return err
		}
		mean := means(s.curves[alpha])
		for k, t := range curveTimes {
			if t <= 1000 {
				worst = max(worst, relative(mean[k], c.TestError(t)))
			}
		}
		for _, t := range flowTimes {
			s.Metric(errorAt(alpha, t), variantTheory, s.Seed, c.TestError(t), "")
		}
		for _, t := range descentTimes {
			if m := s.Mean(errorAt(alpha, t), variantDescent); !math.IsNaN(m) {
				descent = max(descent, relative(m, c.TestError(t)))
			}
		}
		_, best := c.BestStop()
		s.Metric(bestAt(alpha), variantTheory, s.Seed, best, "")
		s.Metric(overtrainedAt(alpha), variantTheory, s.Seed, c.TestError(1000)-best, "")

		lowest := slices.Min(mean)
		s.Metric(bestAt(alpha), variantStop, s.Seed, lowest, "")
		over[alpha] = s.Mean(errorAt(alpha, 1000), variantFlow) - lowest
		s.Metric(overtrainedAt(alpha), variantFlow, s.Seed, over[alpha], "")
	}
	s.AtMost("theory against simulation, largest relative difference, t ≤ 1000", worst, .06)
	if s.Broken == "" {
		s.AtMost("theory against steps of descent, largest relative difference, t ≤ 30", descent, .10)
		s.AtMost("movement in the frozen subspace, of all", s.Mean(metricFrozen, variantDescent), 1e-9)
	}
	s.AtLeast("overtraining at P = N", over[1], 1.5)
	s.AtLeast("overtraining at P = N, over that at P/N = 0.75 and 1.33", over[1]/max(over[.75], over[1.33]), 5)
	s.AtMost("overtraining at P/N = 0.25 and 4", max(over[.25], over[4]), .05)

	low, high := math.Inf(1), 0.
	for _, alpha := range loads {
		ratio := s.Mean(bestAt(alpha), variantStop) / s.Mean(bestAt(alpha), variantRidge)
		low, high = min(low, ratio), max(high, ratio)
	}
	if s.noise > 0 {
		s.AtLeast("early stop over best ridge, least of the loads", low, .995)
		s.AtMost("early stop over best ridge, largest of the loads", high, 1.03)
	}

	worst = 0
	for _, alpha := range []float64{.25, 2} {
		for _, sd := range startSDs {
			p := gendyn.Params{Alpha: alpha, TeacherVar: 1, InitVar: sd * sd, NoiseVar: s.noise}
			if s.Is("nothing-frozen") {
				p.TeacherVar, p.InitVar = 0, 0
			}
			final, err := gendyn.FinalError(p)
			if err != nil {
				return err
			}
			s.Metric(startAt(alpha, sd), variantTheory, s.Seed, final, "")
			worst = max(worst, relative(s.Mean(startAt(alpha, sd), variantFlow), final))
		}
	}
	s.AtMost("final error by start weights, largest relative difference", worst, .06)
	return nil
}

// relative is how far a figure is from what it should be, as a share of that.
// Below 1e-6 an error counts as none.
func relative(got, want float64) float64 { return math.Abs(got-want) / max(want, 1e-6) }

// means is the mean of rows of the same length.
func means(rows [][]float64) []float64 {
	m := make([]float64, len(rows[0]))
	for _, row := range rows {
		for i, v := range row {
			m[i] += v / float64(len(rows))
		}
	}
	return m
}

func (s *dynamics) plots() error {
	p := plot.Plot{
		Name: "error-by-time", Title: "Test error while training: theory (lines) and simulation (dots)",
		X: plot.Axis{Label: "time", Log: true}, Y: plot.Axis{Label: "test error, with label noise", Log: true, Ticks: errorTicks},
	}
	flow, descent := plot.Series{Name: variantFlow}, plot.Series{Name: variantDescent}
	for _, alpha := range []float64{.5, 1, 2} {
		c, err := s.theory(alpha, 0)
		if err != nil {
			return err
		}
		line := plot.Series{Name: fmt.Sprintf("theory, P/N = %g", alpha), Method: alpha == 1}
		mean := means(s.curves[alpha])
		for k, t := range curveTimes {
			if t > 200 {
				break
			}
			line.X, line.Y = append(line.X, t), append(line.Y, c.TestError(t))
			if k%3 == 1 {
				flow.X, flow.Y = append(flow.X, t), append(flow.Y, mean[k])
			}
		}
		for _, t := range descentTimes {
			descent.X, descent.Y = append(descent.X, t), append(descent.Y, s.Mean(errorAt(alpha, t), variantDescent))
		}
		p.Lines = append(p.Lines, line)
	}
	p.Points = []plot.Series{flow, descent}
	s.Plot(p)

	names := make([]string, len(loads))
	best := make([]string, len(loads))
	for i, alpha := range loads {
		names[i], best[i] = errorAt(alpha, 1000), bestAt(alpha)
	}
	late := s.Series(variantFlow, loads, names)
	late.Name = "t = 1000, simulated"
	theory := s.Series(variantTheory, loads, names)
	theory.Name = "t = 1000, theory"
	s.Plot(plot.Plot{
		Name: "error-by-load", Title: "Long training fails where parameters equal samples",
		X:      plot.Axis{Label: "samples a parameter, P/N", Log: true, Ticks: loads},
		Y:      plot.Axis{Label: "test error, with label noise", Log: true, Ticks: errorTicks},
		Lines:  []plot.Series{theory, s.Series(variantStop, loads, best), s.Series(variantRidge, loads, best)},
		Points: []plot.Series{late},
	})
	if !s.Full {
		return nil
	}
	heat := &plot.Heat{}
	times := logGrid(-1, 3, 9)
	for _, t := range times {
		heat.Cols = append(heat.Cols, fmt.Sprintf("%.3g", t))
	}
	for _, alpha := range loads {
		c, err := s.theory(alpha, 0)
		if err != nil {
			return err
		}
		heat.Rows = append(heat.Rows, fmt.Sprint(alpha))
		row := make([]plot.Value, len(times))
		for i, t := range times {
			row[i] = plot.Value(c.TestError(t))
		}
		heat.Values = append(heat.Values, row)
	}
	s.Plot(plot.Plot{
		Name: "error-by-load-and-time", Title: "Test error by load and time, theory",
		X: plot.Axis{Label: "time"}, Y: plot.Axis{Label: "P/N"}, Heat: heat,
	})
	return nil
}
