package solve

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/solve/sketch"
)

// The rate in m.
const rateColumns = 32

var rateSketches = []int{16 * rateColumns, 32 * rateColumns, 64 * rateColumns, 128 * rateColumns}

func rateError(m int) string { return fmt.Sprintf("error, d = %d, m = %d", rateColumns, m) }

func (l *linfRun) rate(ctx context.Context, seed uint64) error {
	bed := newAxes(bedRows, rateColumns)
	for _, m := range rateSketches {
		name := rateError(m)
		inf, _, _, err := l.many(ctx, l.method, seed, name, l.trials, m, few(bed, 8))
		if err != nil {
			return err
		}
		// Without the gain of drawing rows without replacement, which is no part of
		// the rate.
		l.Metric(name, srht, seed, quantile(inf, .9)/math.Sqrt(1-float64(m)/bedRows), unit)
	}
	return nil
}

// Where the transform breaks down.
const (
	collapseN       = 2048
	collapseColumns = 64
)

var collapseFactors = []int{2, 3, 4, 5, 6, 8, 10}

func collapseAt(factor int) string {
	return fmt.Sprintf("rank lost, d = %d, m = %d d", collapseColumns, factor)
}

// collapse has columns that are neighbouring axes. The Hadamard matrix has but d
// different rows there, each n/d times, and the sketch must meet each: a
// collector's problem, with d (1 - m/n)^(n/d) ~ d exp(-m/d) missing on average.
func (l *linfRun) collapse(ctx context.Context, seed uint64) error {
	bed := newAxes(collapseN, collapseColumns)
	for _, f := range collapseFactors {
		for _, k := range []kind{l.method, {gaussian, 0, sketch.Gaussian}} {
			trials := 3 * l.trials
			inf, _, _, err := l.many(ctx, k, seed, collapseAt(f)+k.name, trials, f*collapseColumns, few(bed, 8))
			if err != nil {
				return err
			}
			lost := 0.0
			for _, v := range inf {
				if math.IsInf(v, 1) {
					lost++
				}
			}
			l.Metric(collapseAt(f), k.name, seed, lost/float64(trials), "of trials")
		}
	}
	return nil
}

// collected is the share that should be lost, a Poisson limit.
func collected(factor int) float64 {
	missing := collapseColumns * math.Pow(1-float64(factor)*collapseColumns/collapseN, collapseN/collapseColumns)
	return 1 - math.Exp(-missing)
}

// sizesColumns are the numbers of columns at m = 16 d.
var sizesColumns = []int{32, 64, 128, 256}

func sizeError(d int) string  { return fmt.Sprintf("error of a coordinate, d = %d, m = 16 d", d) }
func sizeSpread(d int) string { return fmt.Sprintf("evenness, d = %d", d) }

// sizes has residuals on m/d = 16 rows, where CountSketch moves a coordinate by
// 1/4 at any size.
func (l *linfRun) sizes(ctx context.Context, seed uint64) error {
	for _, d := range sizesColumns {
		m, bed := 16*d, newAxes(bedRows, d)
		for _, k := range []kind{l.method, sparse(1)} {
			name := sizeError(d)
			inf, l2, _, err := l.many(ctx, k, seed, name+k.name, l.trials, m, few(bed, m/d))
			if err != nil {
				return err
			}
			root := math.Sqrt(float64(d))
			l.Metric(name, k.name, seed, quantile(inf, .75)/root, "|r| |A+|")
			if k.entries > 0 {
				continue
			}
			ratios := make([]float64, len(inf))
			for i := range inf {
				ratios[i] = inf[i] / root / l2[i] / math.Sqrt(2*math.Log(2*float64(d))/float64(d))
			}
			l.Metric(sizeSpread(d), k.name, seed, median(ratios), "√(2 ln 2d / d)")
		}
	}
	return nil
}

// How many rows are enough.
const (
	rowsColumns = 32
	rowsEps     = .5
	rowsDelta   = .05
)

var rowsFactors = []float64{.125, .25, .5, 1, 2, 4}

func missAt(factor float64) string {
	return fmt.Sprintf("trials above eps, %g times the rows", factor)
}

func rowsAt(factor float64) int {
	return int(factor * float64(sketch.RowsFor(rowsColumns, rowsEps, rowsDelta)))
}

// rows measures how often a coordinate's error is above eps, against the number
// of rows, with the residual that is CountSketch's worst.
func (l *linfRun) rows(ctx context.Context, seed uint64) error {
	bed := newAxes(bedRows, rowsColumns)
	for _, f := range rowsFactors {
		m := rowsAt(f)
		for _, k := range []kind{l.method, sparse(1)} {
			inf, _, _, err := l.many(ctx, k, seed, missAt(f)+k.name, 3*l.trials, m, few(bed, m/rowsColumns))
			if err != nil {
				return err
			}
			misses := 0.0
			for _, v := range inf {
				if v > rowsEps {
					misses++
				}
			}
			l.Metric(missAt(f), k.name, seed, misses/float64(len(inf)), "of trials")
		}
	}
	return nil
}

// The theorem's own number of rows.
const (
	theoremN     = 1 << 17
	theoremDelta = .1
)

var theoremCases = []struct {
	d   int
	eps float64
}{{4, 1}, {4, .5}, {8, 1}, {8, .5}}

func theoremShare(d int, eps float64) string {
	return fmt.Sprintf("the theorem's %d rows for d = %d, eps = %g: largest error over eps", sketch.TheoremRows(d, theoremN, eps, theoremDelta), d, eps)
}

func (l *linfRun) theorem(ctx context.Context, seed uint64) error {
	for _, c := range theoremCases {
		m := sketch.TheoremRows(c.d, theoremN, c.eps, theoremDelta)
		name, bed := theoremShare(c.d, c.eps), newAxes(theoremN, c.d)
		for _, k := range []kind{l.method, sparse(1)} {
			inf, _, _, err := l.many(ctx, k, seed, name+k.name, 3, m, few(bed, m/c.d))
			if err != nil {
				return err
			}
			l.Metric(name, k.name, seed, slices.Max(inf)/c.eps, "")
		}
	}
	return nil
}

const (
	productsSide    = 128
	productsColumns = 32
	productsError   = "largest error, products of vectors"
)

// products solves problems whose columns are products e_i ⊗ e_j, with a residual
// that is one.
func (l *linfRun) products(ctx context.Context, seed uint64) error {
	worst := 0.0
	for trial := range 4 * l.trials {
		if err := ctx.Err(); err != nil {
			return err
		}
		rng := stream(22, seed, productsError, trial)
		places := rng.Perm(productsSide * productsSide)[:productsColumns+1]
		u, v := mat.NewDense(productsSide, productsColumns, nil), mat.NewDense(productsSide, productsColumns, nil)
		g, h := make([]float64, productsSide), make([]float64, productsSide)
		for j, p := range places[:productsColumns] {
			u.Set(p/productsSide, j, 1)
			v.Set(p%productsSide, j, 1)
		}
		g[places[productsColumns]/productsSide], h[places[productsColumns]%productsSide] = 1, 1
		s, err := sketch.NewTensorSRHT(productsSide, 16*productsColumns, rng)
		if err != nil {
			return err
		}
		x, err := s.LeastSquares(u, v, g, h)
		if err != nil {
			return err
		}
		for _, e := range x {
			worst = max(worst, math.Abs(e)*math.Sqrt(productsColumns))
		}
	}
	l.Metric(productsError, srht, seed, worst, unit)
	return nil
}

// The coordinate-wise embedding.
const embeddingN = 512

var embeddingRows = []int{16, 32, 64, 128}

func betaAt(m int) string { return fmt.Sprintf("beta, m = %d", m) }

// embedding measures beta for two axes, over enough draws that a sparse sketch
// lets them meet.
func (l *linfRun) embedding(ctx context.Context, seed uint64) error {
	for _, m := range embeddingRows {
		for _, k := range []kind{l.method, sparse(1), sparse(4)} {
			rng := stream(22, seed, betaAt(m)+k.name, 0)
			g, h := make([]float64, embeddingN), make([]float64, embeddingN)
			places := rng.Perm(embeddingN)
			g[places[0]], h[places[1]] = 1, 1
			e, err := sketch.OCE(ctx, func(rng *rand.Rand) (sketch.Sketch, error) { return k.draw(embeddingN, m, rng) }, g, h, 2000, rng)
			if err != nil {
				return err
			}
			l.Metric(betaAt(m), k.name, seed, e.Beta, "")
		}
	}
	return nil
}

const ratingsError = "largest error, ratings"

// ratings solves the real regression.
func (l *linfRun) ratings(ctx context.Context, seed uint64, p problem) error {
	_, d := p.a.Dims()
	for _, k := range []kind{l.method, sparse(1)} {
		inf, _, _, err := l.many(ctx, k, seed, ratingsError+k.name, 2, sketch.RowsFor(d, rowsEps, rowsDelta), func(*rand.Rand) (problem, error) { return p, nil })
		if err != nil {
			return err
		}
		l.Metric(ratingsError, k.name, seed, slices.Max(inf), unit)
	}
	return nil
}

const newtonError = "largest error, a Newton step"

// newton takes a Newton step of a logistic regression of breast-cancer from
// zero, a least-squares problem of 569 rows, from 256 mixtures of them.
func (l *linfRun) newton(ctx context.Context, seed uint64) error {
	table, err := dataset.ReadTable("breast-cancer")
	if err != nil {
		return err
	}
	p, err := newtonStep(table)
	if err != nil {
		return err
	}
	for _, k := range []kind{l.method, sparse(1)} {
		inf, _, _, err := l.many(ctx, k, seed, newtonError+k.name, l.trials, 256, func(*rand.Rand) (problem, error) { return p, nil })
		if err != nil {
			return err
		}
		l.Metric(newtonError, k.name, seed, slices.Max(inf), unit)
	}
	return nil
}

func (l *linfRun) checkTheory() {
	y := make([]float64, len(rateSketches))
	x := make([]float64, len(rateSketches))
	for i, m := range rateSketches {
		x[i], y[i] = float64(m), l.Mean(rateError(m), srht)
	}
	l.AtMost("rate: fitted exponent of the error in m, off -1/2 by", math.Abs(exponent(x, y)+.5), .1)

	off := 0.0
	for _, f := range collapseFactors {
		off = max(off, math.Abs(l.Mean(collapseAt(f), srht)-collected(f)))
	}
	l.AtMost("m near d: share of trials that lose the rank, off the collector's problem by", off, .2)
	l.AtMost("m = 10 d > d ln d: SRHT's trials that lose the rank", l.Mean(collapseAt(10), srht), .02)

	var ds, dense, thin []float64
	for _, d := range sizesColumns {
		ds = append(ds, float64(d))
		dense = append(dense, l.Mean(sizeError(d), srht)/math.Sqrt(math.Log(2*float64(d))))
		thin = append(thin, l.Mean(sizeError(d), countSketch))
		e := l.Mean(sizeSpread(d), srht)
		l.AtLeast(fmt.Sprintf("d = %d: largest over length of the error, over √(2 ln(2d)/d)", d), e, .65)
		l.AtMost(fmt.Sprintf("d = %d: largest over length of the error, over √(2 ln(2d)/d)", d), e, 1.05)
	}
	l.AtMost("m = 16 d: fitted exponent in d of SRHT's error of a coordinate, over √ln 2d", exponent(ds, dense), -.4)
	l.AtLeast("m = 16 d: fitted exponent in d of CountSketch's error of a coordinate", exponent(ds, thin), -.1)

	l.AtMost("RowsFor rows: SRHT's trials above eps", l.Mean(missAt(1), srht), rowsDelta)
	l.AtLeast("a quarter of RowsFor rows: SRHT's trials above eps", l.Mean(missAt(.25), srht), .5)
	l.AtLeast("RowsFor rows: CountSketch's trials above eps", l.Mean(missAt(1), countSketch), .35)
	for _, c := range theoremCases {
		l.AtMost(theoremShare(c.d, c.eps), slices.Max(l.Values(theoremShare(c.d, c.eps), srht)), 1)
	}
	l.AtMost("products of vectors: largest error of a coordinate", slices.Max(l.Values(productsError, srht)), 1.9)

	var ms, flat, grows []float64
	for _, m := range embeddingRows {
		ms = append(ms, float64(m))
		flat = append(flat, l.Mean(betaAt(m), srht))
		grows = append(grows, l.Mean(betaAt(m), countSketch))
	}
	l.AtMost("fixed vectors: fitted exponent of SRHT's beta in m", exponent(ms, flat), .1)
	l.AtLeast("fixed vectors: fitted exponent of CountSketch's beta in m", exponent(ms, grows), .4)
	l.AtMost("ratings: SRHT's largest error of a coordinate", slices.Max(l.Values(ratingsError, srht)), rowsEps)
}

func (l *linfRun) notes() {
	l.Note("Sparse sketches fail only where the residual is on a few rows. With a spread residual CountSketch is as good (median %.2f against %.2f), and on the ratings as well (%.2g against %.2g): it is the cheaper one there. With 16 d rows it often loses the rank of these columns, though (%d of its solutions, none of SRHT's): it then got the solution of least length, which is kind, since the true one is 0.",
		l.error(0, countSketch, .5), l.error(0, srht, .5), l.Mean(ratingsError, countSketch), l.Mean(ratingsError, srht), l.lost[countSketch])
	l.Note("The logarithm is needed. On d neighbouring axes a Hadamard matrix has d different rows, and %.0f%% of the sketches of 3 d rows, %.0f%% at 5 d, miss one and lose the rank; a Gaussian sketch never does. The signs cannot help.", 100*l.Mean(collapseAt(3), srht), 100*l.Mean(collapseAt(5), srht))
	c := theoremCases[len(theoremCases)-1]
	l.Note("The theorem's d log^3(n/delta)/eps^2 rows are safe, and far more than is needed: the largest error is %.2f of eps at d = %d, eps = %g. So many that CountSketch meets the bound too (%.2f), since log^3 exceeds d: the two part only for d far above %.0f. With 2 ln(2d/delta) d/eps^2 rows they part at once.",
		l.Mean(theoremShare(c.d, c.eps), srht), c.d, c.eps, l.Mean(theoremShare(c.d, c.eps), countSketch), math.Pow(math.Log(theoremN/theoremDelta), 3))
	l.Note("More entries a column help against a given residual, not against one that knows of them: on m/(d s^2) rows the error of a coordinate is d/√m = %.2f for s = 1, 2 and 4 alike (seen %.2f, %.2f, %.2f).",
		bedColumns/math.Sqrt(bedSketch), l.Mean(worstCase, countSketch), l.Mean(worstCase, osnap(2)), l.Mean(worstCase, osnap(4)))
}
