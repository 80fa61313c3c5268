package solve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/solve/sketch"
)

// LInf reproduces paper 22: least squares by dense and by sparse sketches, judged
// coordinate by coordinate.
var LInf = lab.Reproduction{
	Slug:     "linf-regression",
	Claim:    "Least squares solved after a subsampled randomised Hadamard transform of about d log d / eps^2 rows is off by at most eps |r| |A^+| / sqrt(d) in every coordinate; a sparse sketch of as many rows has the same length of error, but puts all of it on a few coordinates where the residual is on a few rows, and needs d^2/eps^2.",
	State:    lab.Reproduced,
	Method:   srht,
	Package:  "methods/solve/sketch",
	Time:     20 * time.Second,
	FullTime: 3 * time.Minute,
	DataSets: []string{"movielens-100k"},
	Run:      runLInf,
	Broken: []lab.BrokenVariant{
		{Name: "no-signs", What: "The random signs before the Hadamard transform are left out: columns that are Hadamard's own are lost."},
		{Name: "sparse", What: "A sparse matrix with one entry a column takes the transform's place."},
	},
}

// Names of the sketches.
const (
	srht        = "SRHT"
	gaussian    = "Gaussian"
	countSketch = "CountSketch"
	exact       = "exact"
)

func osnap(s int) string { return fmt.Sprintf("OSNAP-%d", s) }

// kind is a way to draw a sketch.
type kind struct {
	name    string
	entries int // in a column; 0 if dense
	draw    func(n, m int, rng *rand.Rand) (sketch.Sketch, error)
}

func sparse(s int) kind {
	name := countSketch
	if s > 1 {
		name = osnap(s)
	}
	return kind{name, s, func(n, m int, rng *rand.Rand) (sketch.Sketch, error) { return sketch.OSNAP(n, m, s, rng) }}
}

// Sizes of the test bed.
const (
	bedRows    = 1 << 14
	bedColumns = 128
	bedSketch  = 16 * bedColumns
)

// residuals are where the residual is: on how many rows, and in which basis.
var residuals = []struct {
	name   string
	t      int
	turned bool
}{
	{"spread", 0, false},
	{"on 8 rows", few8, false},
	{"on 1 row", 1, false},
	{"on 8 rows, turned", few8, true},
}

const few8 = 8

// linfRun is a run of [LInf].
type linfRun struct {
	*lab.Run
	method kind
	trials int // a seed

	mu     sync.Mutex
	lost   map[string]int          // solutions without full rank, by sketch
	inf    map[[2]string][]float64 // of all trials, by residual and sketch
	sorted map[string][]float64    // on 8 rows: the worst trial's errors, largest first
}

func runLInf(ctx context.Context, r *lab.Run) error {
	l := &linfRun{Run: r, method: kind{srht, 0, sketch.SRHT}, trials: 8, lost: map[string]int{}, inf: map[[2]string][]float64{}, sorted: map[string][]float64{}}
	seeds := 3
	if r.Full {
		l.trials = 20
	}
	switch {
	case r.Is("no-signs"):
		l.method.draw = unsigned
	case r.Is("sparse"):
		l.method = sparse(1)
		l.method.name = srht
	}
	var real problem
	if r.Broken == "" {
		r.Progress(0, "reading the ratings")
		var err error
		if real, err = ratings(); err != nil {
			return err
		}
	}
	parts := []part{{"where the residual is", l.table}}
	if r.Broken == "" {
		parts = append(parts, part{"the rate", l.rate}, part{"too few rows", l.collapse}, part{"sizes", l.sizes}, part{"how many rows", l.rows},
			part{"the theorem's rows", l.theorem}, part{"tensor products", l.products}, part{"fixed vectors", l.embedding},
			part{"ratings", func(ctx context.Context, seed uint64) error { return l.ratings(ctx, seed, real) }})
	}
	if r.Full {
		parts = append(parts, part{"a Newton step", l.newton})
	}
	if err := eachSeed(ctx, r, seeds, parts); err != nil {
		return err
	}
	l.checkTable()
	if r.Broken == "" {
		l.checkTheory()
		l.notes()
		l.plots()
	}
	return nil
}

// solve returns the errors of one solution. Where a sketch loses the rank of A,
// the method has failed; a sparse one is let off with the solution of least
// length, which is generous: the true one is 0.
func (l *linfRun) solve(k kind, p problem, m int, rng *rand.Rand) (inf, l2 float64, x []float64, err error) {
	n, _ := p.a.Dims()
	s, err := k.draw(n, m, rng)
	if err != nil {
		return 0, 0, nil, err
	}
	x, err = sketch.LeastSquares(s, p.a, p.b)
	if errors.Is(err, sketch.ErrRank) {
		if k.entries == 0 {
			return math.Inf(1), math.Inf(1), nil, nil
		}
		l.mu.Lock()
		l.lost[k.name]++
		l.mu.Unlock()
	} else if err != nil {
		return 0, 0, nil, err
	}
	inf, l2 = p.errors(x)
	return inf, l2, x, nil
}

// many solves problems, one a trial, and returns the coordinates' and the
// lengths' errors, and the worst solution.
func (l *linfRun) many(ctx context.Context, k kind, seed uint64, part string, trials, m int, draw func(rng *rand.Rand) (problem, error)) (inf, l2, worst []float64, err error) {
	for trial := range trials {
		if err := ctx.Err(); err != nil {
			return nil, nil, nil, err
		}
		rng := stream(22, seed, part, trial)
		p, err := draw(rng)
		if err != nil {
			return nil, nil, nil, err
		}
		a, b, x, err := l.solve(k, p, m, rng)
		if err != nil {
			return nil, nil, nil, err
		}
		inf, l2 = append(inf, a), append(l2, b)
		if slices.Max(inf) == a {
			worst = x
		}
	}
	return inf, l2, worst, nil
}

func coordinateError(residual string) string { return "error of a coordinate, residual " + residual }
func lengthError(residual string) string     { return "length of the error, residual " + residual }

const (
	worstCase = "error of a coordinate, its worst residual"
	unit      = "|r| |A+| / √d" // of the errors of a coordinate
)

// table measures all sketches with all residuals.
func (l *linfRun) table(ctx context.Context, seed uint64) error {
	kinds := []kind{l.method}
	if l.Broken == "" {
		kinds = append(kinds, kind{gaussian, 0, sketch.Gaussian}, sparse(1), sparse(2), sparse(4), sparse(8))
	}
	bed := newAxes(bedRows, bedColumns)
	turned, err := bed.turned(stream(22, seed, "turned", 0))
	if err != nil {
		return err
	}
	for _, k := range kinds {
		for _, res := range residuals {
			trials, draw := l.trials, few(bed, res.t)
			if res.turned {
				draw = few(turned, res.t)
				if k.entries > 1 || k.name == gaussian {
					continue
				}
			}
			if k.name == gaussian && res.t == 0 {
				trials = 2 // each draws 34 million numbers
			}
			inf, l2, worst, err := l.many(ctx, k, seed, res.name+k.name, trials, bedSketch, draw)
			if err != nil {
				return err
			}
			l.keep(res.name, k.name, inf)
			if res.t == few8 && !res.turned && seed == l.Seed {
				l.draw(k.name, worst)
			}
			l.Metric(coordinateError(res.name), k.name, seed, quantile(inf, .9), unit)
			l.Metric(lengthError(res.name), k.name, seed, rms(l2), "|r| |A+|")
		}
		if k.entries > 0 {
			t := sketch.AdversarialEntries(bedSketch, bedColumns, k.entries)
			inf, _, _, err := l.many(ctx, k, seed, "worst"+k.name, l.trials, bedSketch, few(bed, t))
			if err != nil {
				return err
			}
			l.Metric(worstCase, k.name, seed, quantile(inf, .9), unit)
		}
	}
	if l.Broken != "" {
		return nil
	}
	return l.cost(seed, turned)
}

// keep collects the errors of all seeds.
func (l *linfRun) keep(residual, sketch string, inf []float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := [2]string{residual, sketch}
	l.inf[at] = append(l.inf[at], inf...)
}

// draw takes the coordinates of a solution whose true one is 0 for the plot.
func (l *linfRun) draw(sketch string, x []float64) {
	errs := make([]float64, len(x))
	for i, v := range x {
		errs[i] = math.Abs(v) * math.Sqrt(float64(len(x)))
	}
	slices.SortFunc(errs, func(a, b float64) int { return cmp.Compare(b, a) })
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sorted[sketch] = errs
}

// few draws problems with a residual on t rows.
func few(bed axes, t int) func(*rand.Rand) (problem, error) {
	return func(rng *rand.Rand) (problem, error) { return bed.problem(t, rng) }
}

const (
	workMetric = "multiply-adds"
	timeMetric = "wall-clock time"
)

// cost counts the work of a solution, and times one.
func (l *linfRun) cost(seed uint64, bed axes) error {
	rng := stream(22, seed, "cost", 0)
	p, err := bed.problem(0, rng)
	if err != nil {
		return err
	}
	small := sketch.ExactMACs(bedSketch, bedColumns)
	for _, k := range []kind{l.method, sparse(1)} {
		start := time.Now()
		s, err := k.draw(bedRows, bedSketch, rng)
		if err != nil {
			return err
		}
		if _, err := sketch.LeastSquares(s, p.a, p.b); err != nil {
			return err
		}
		l.Metric(timeMetric, k.name, seed, 1000*time.Since(start).Seconds(), "ms")
		l.Metric(workMetric, k.name, seed, float64(s.MACs(bedColumns+1)+small)/1e6, "million")
	}
	start := time.Now()
	if _, err := sketch.Exact(p.a, p.b); err != nil {
		return err
	}
	l.Metric(timeMetric, exact, seed, 1000*time.Since(start).Seconds(), "ms")
	l.Metric(workMetric, exact, seed, float64(sketch.ExactMACs(bedRows, bedColumns))/1e6, "million")
	return nil
}

// error is the error that a share q of the trials of all seeds do not exceed.
func (l *linfRun) error(residual int, sketch string, q float64) float64 {
	return quantile(l.inf[[2]string{residuals[residual].name, sketch}], q)
}

func (l *linfRun) checkTable() {
	worst := 0.0
	for _, res := range residuals {
		worst = max(worst, slices.Max(l.inf[[2]string{res.name, l.method.name}]))
	}
	l.AtMost("SRHT: largest error of a coordinate over all trials", worst, 1.4)
	spread := math.Sqrt(float64(bedColumns) / bedSketch * (1 - float64(bedSketch)/bedRows))
	for _, res := range residuals {
		ratio := l.Mean(lengthError(res.name), l.method.name) / spread
		l.AtMost(fmt.Sprintf("SRHT, residual %s: length of the error over √(d/m (1 - m/n)), off 1 by", res.name), math.Abs(ratio-1), .12)
	}
	if l.Broken != "" {
		return
	}
	few := residuals[1].name
	l.AtLeast("residual on 8 rows: error of CountSketch over SRHT's", l.error(1, countSketch, .9)/l.error(1, srht, .9), 3.5)
	l.AtMost("residual on 8 rows: length of the error, CountSketch over SRHT", l.Mean(lengthError(few), countSketch)/l.Mean(lengthError(few), srht), 1.8)
	l.AtMost("spread residual: error of CountSketch over SRHT's, off 1 by", math.Abs(l.error(0, countSketch, .5)/l.error(0, srht, .5)-1), .25)
	for _, s := range []int{2, 4, 8} {
		before := countSketch
		if s > 2 {
			before = osnap(s / 2)
		}
		l.AtMost(fmt.Sprintf("residual on 8 rows: error of %s over that of %s", osnap(s), before), l.error(1, osnap(s), .9)/l.error(1, before, .9), .9)
	}
	for _, s := range []int{1, 2, 4} {
		k := sparse(s)
		l.AtLeast(fmt.Sprintf("%s, residual where it does worst, on %d: error over SRHT's largest", k.name, sketch.AdversarialEntries(bedSketch, bedColumns, s)), l.Mean(worstCase, k.name)/worst, 1.7)
	}
	l.AtLeast("work: exact over SRHT", l.Mean(workMetric, exact)/l.Mean(workMetric, srht), 3)
}

// unsigned is SRHT without D.
func unsigned(n, m int, rng *rand.Rand) (sketch.Sketch, error) {
	return &hadamardRows{n: n, rows: random.Sample(rng, n, m)}, nil
}

// hadamardRows are rows of the Hadamard matrix.
type hadamardRows struct {
	n    int
	rows []int
}

func (h *hadamardRows) Dims() (m, n int) { return len(h.rows), h.n }
func (h *hadamardRows) MACs(int) int64   { return 0 }
func (h *hadamardRows) Apply(a *mat.Dense) (*mat.Dense, error) {
	_, c := a.Dims()
	out := mat.NewDense(len(h.rows), c, nil)
	column := make([]float64, h.n)
	scale := math.Sqrt(float64(h.n) / float64(len(h.rows)))
	for j := range c {
		mat.Col(column, j, a)
		if err := sketch.FWHT(column); err != nil {
			return nil, err
		}
		for k, i := range h.rows {
			out.Set(k, j, scale*column[i])
		}
	}
	return out, nil
}
