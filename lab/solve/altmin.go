package solve

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/methods/solve/altmin"
)

// AltMin reproduces paper 23: completion of matrices by alternating least squares
// with approximate solutions.
var AltMin = lab.Reproduction{
	Slug:     "robust-altmin",
	Claim:    "Alternating minimisation with a few iterations for each least-squares problem in place of its solution recovers a matrix of low rank from as few entries, in as many rounds, as with exact solutions; the work falls from the entries times the square of the rank to the entries times the rank.",
	State:    lab.Partly,
	Missing:  "At the default size, n = 400, everything holds. In full, n = 1000, it does with a condition number of 2, but with one of 30 the error of CGLS-3 reaches 7.8 times that of exact solutions, where 5 was asked for; and with noise the error does not fall by the rate that the checks expect, from the first rounds on.",
	Method:   cgls3,
	Package:  "methods/solve/altmin",
	Time:     20 * time.Second,
	FullTime: 4 * time.Minute,
	DataSets: []string{"movielens-100k"},
	Run:      runAltMin,
	Broken: []lab.BrokenVariant{
		{Name: "cold-start", What: "Each problem's iterations start at zero, not at the solution of the round before."},
		{Name: "no-preconditioner", What: "The sketch's triangle is left out where the factors are not orthonormal."},
	},
}

// Names of the variants. A free one leaves the factors as they come.
const (
	alsExact     = "exact"
	cgls2        = "CGLS-2"
	cgls3        = "CGLS-3"
	alsFree      = "exact, free"
	cglsFree     = "CGLS-3, free"
	sketchedFree = "sketched CGLS-3, free"
	startAlone   = "singular vectors"
	sgdName      = "SGD, same work"
)

// instance is a matrix of rank k with incoherent factors, partly observed.
type instance struct {
	m     *mat.Dense // [n x n]
	u     *mat.Dense // [n x k], orthonormal
	known altmin.Entries
}

// newInstance has singular values from 1 down to 1/kappa, times n/sqrt(k).
func newInstance(n, k int, p, kappa float64, rng *rand.Rand) instance {
	factor := func() *mat.Dense {
		a := mat.NewDense(n, k, nil)
		for i := range a.RawMatrix().Data {
			a.RawMatrix().Data[i] = rng.NormFloat64()
		}
		var svd mat.SVD
		svd.Factorize(a, mat.SVDThin)
		var q mat.Dense
		svd.UTo(&q)
		return &q
	}
	u, v := factor(), factor()
	var scaled mat.Dense
	scaled.Apply(func(_, j int, x float64) float64 {
		s := 1 - (1-1/kappa)*float64(j)/float64(max(1, k-1))
		return x * s * float64(n) / math.Sqrt(float64(k))
	}, u)
	in := instance{m: mat.NewDense(n, n, nil), u: u, known: altmin.Entries{Rows: n, Cols: n}}
	in.m.Mul(&scaled, v.T())
	for i := range n {
		for j, x := range in.m.RawRowView(i) {
			if rng.Float64() < p {
				in.known.I, in.known.J, in.known.X = append(in.known.I, int32(i)), append(in.known.J, int32(j)), append(in.known.X, x)
			}
		}
	}
	return in
}

// off is the relative error of the whole matrix.
func (in instance) off(m *altmin.Model) float64 {
	var x mat.Dense
	x.Mul(m.U, m.V.T())
	var off, size float64
	want := in.m.RawMatrix().Data
	for i, v := range x.RawMatrix().Data {
		d := v - want[i]
		off += d * d
		size += want[i] * want[i]
	}
	return math.Sqrt(off / size)
}

// trace is how a completion went, round by round.
type trace struct {
	off, dist, macs []float64
	u               *mat.Dense // at the end
}

// complete runs rounds of alternating minimisation.
func (in instance) complete(ctx context.Context, s altmin.Solver, rank, rounds int, free bool) (trace, error) {
	var t trace
	var err error
	m, _, e := altmin.Complete(ctx, in.known, altmin.Options{Rank: rank, Rounds: rounds, Solver: s, Free: free, Watch: func(_ int, m *altmin.Model, s altmin.Stats) {
		d, e := altmin.SubspaceDist(m.U, in.u)
		err = errors.Join(err, e)
		t.off, t.dist, t.macs = append(t.off, in.off(m)), append(t.dist, d), append(t.macs, float64(s.MACs))
	}})
	if e != nil {
		return t, e
	}
	t.u = m.U
	return t, err
}

// coherence is the largest row of an orthonormal basis of the columns of u, over
// the root of the mean square.
func coherence(u *mat.Dense) float64 {
	n, k := u.Dims()
	var svd mat.SVD
	if !svd.Factorize(u, mat.SVDThin) {
		return math.Inf(1)
	}
	var q mat.Dense
	svd.UTo(&q)
	most := 0.0
	for i := range n {
		most = max(most, mat.Norm(q.RowView(i), 2))
	}
	return most * math.Sqrt(float64(n)/float64(k))
}

func last(x []float64) float64 { return x[len(x)-1] }

// cold forgets the start.
type cold struct{ altmin.Solver }

func (c cold) Solve(b blas64.General, y []float64, ridge float64, x []float64) (int64, error) {
	clear(x)
	return c.Solver.Solve(b, y, ridge, x)
}

// noisy moves each solution by a share of its length, in a random direction.
type noisy struct {
	altmin.Solver
	share float64
	rng   *rand.Rand
}

func (s noisy) Solve(b blas64.General, y []float64, ridge float64, x []float64) (int64, error) {
	macs, err := s.Solver.Solve(b, y, ridge, x)
	length := blas64.Nrm2(blas64.Vector{N: len(x), Inc: 1, Data: x})
	off := make([]float64, len(x))
	sum := 0.0
	for i := range off {
		off[i] = s.rng.NormFloat64()
		sum += off[i] * off[i]
	}
	for i := range x {
		x[i] += s.share * length * off[i] / math.Sqrt(sum)
	}
	return macs, err
}

// altRun is a run of [AltMin].
type altRun struct {
	*lab.Run
	n int // of the square matrices

	mu     sync.Mutex
	traces map[string]trace // of the first seed, rank 32
}

func runAltMin(ctx context.Context, r *lab.Run) error {
	a := &altRun{Run: r, n: 400, traces: map[string]trace{}}
	if r.Full {
		a.n = 1000
	}
	parts := []part{{"condition numbers", a.table}}
	var real *ratingsBed
	if r.Broken == "" {
		r.Progress(0, "ratings: tuning the ridges on exact solutions")
		var err error
		if real, err = newRatingsBed(ctx); err != nil {
			return err
		}
		parts = append(parts, part{"the rank", a.work}, part{"one problem", a.regressions}, part{"errors in each update", a.noise}, part{"how many entries", a.samples},
			part{"ratings", func(ctx context.Context, seed uint64) error { return a.ratings(ctx, seed, real) }})
	}
	if err := eachSeed(ctx, r, 3, parts); err != nil {
		return err
	}
	a.checkTable()
	if r.Broken == "" {
		a.checkTheory()
		a.checkRatings(real)
		a.plots()
	}
	return nil
}

// The table: rank 8, condition numbers 2 and 30.
const (
	tableRank   = 8
	tableP      = .3
	tableRounds = 12
)

var kappas = []float64{2, 30}

func errorAt(kappa float64) string { return fmt.Sprintf("relative error, κ = %g", kappa) }

func (a *altRun) table(ctx context.Context, seed uint64) error {
	for _, kappa := range kappas {
		in := newInstance(a.n, tableRank, tableP, kappa, stream(23, seed, "table", int(kappa)))
		var work float64
		for _, v := range []struct {
			name string
			s    altmin.Solver
			free bool
		}{
			{alsExact, altmin.Exact(), false},
			{cgls3, altmin.CGLS(3), false},
			{alsFree, altmin.Exact(), true},
			{cglsFree, altmin.CGLS(3), true},
			{sketchedFree, altmin.SketchedCGLS(3, 4, stream(23, seed, "sketch", 0)), true},
		} {
			switch {
			case a.Is("cold-start") && v.name == cgls3:
				v.s = cold{v.s}
			case a.Is("no-preconditioner") && v.name == sketchedFree:
				v.s = altmin.CGLS(3)
			}
			t, err := in.complete(ctx, v.s, tableRank, tableRounds, v.free)
			if err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
			a.Metric(errorAt(kappa), v.name, seed, last(t.off), "")
			if v.name == cgls3 {
				work = last(t.macs)
			}
		}
		if a.Broken != "" {
			continue
		}
		first, err := spectral(ctx, in.known, tableRank)
		if err != nil {
			return err
		}
		a.Metric(errorAt(kappa), startAlone, seed, in.off(first), "")
		best := math.Inf(1)
		for _, rate := range []float64{.02, .04, .08} {
			m := sgd(in.known, first, rate, int(work/float64(3*tableRank*len(in.known.X))), stream(23, seed, "sgd", 0))
			if off := in.off(m); off < best { // NaN is not
				best = off
			}
		}
		a.Metric(errorAt(kappa), sgdName, seed, best, "")
	}
	return nil
}

// spectral is the model to start from.
func spectral(ctx context.Context, e altmin.Entries, rank int) (*altmin.Model, error) {
	var first *altmin.Model
	// One round that changes nothing shows the start.
	_, _, err := altmin.Complete(ctx, e, altmin.Options{Rank: rank, Rounds: 1, Solver: idle{}, Free: true, Watch: func(_ int, m *altmin.Model, _ altmin.Stats) { first = m }})
	return first, err
}

type idle struct{}

func (idle) Solve(blas64.General, []float64, float64, []float64) (int64, error) { return 0, nil }

// sgd takes epochs over the entries, one step an entry, with a rate that falls to
// zero.
func sgd(e altmin.Entries, start *altmin.Model, rate float64, epochs int, rng *rand.Rand) *altmin.Model {
	m := &altmin.Model{U: mat.DenseCopyOf(start.U), V: mat.DenseCopyOf(start.V)}
	for epoch := range epochs {
		step := rate * (1 - float64(epoch)/float64(epochs))
		for _, k := range rng.Perm(len(e.X)) {
			i, j := int(e.I[k]), int(e.J[k])
			d := step * (e.X[k] - m.At(i, j))
			u, v := m.U.RawRowView(i), m.V.RawRowView(j)
			for l := range u {
				u[l], v[l] = u[l]+d*v[l], v[l]+d*u[l]
			}
		}
	}
	return m
}

func (a *altRun) checkTable() {
	worst := func(kappa float64, name, to string) float64 {
		most := 0.0
		exact := a.Values(errorAt(kappa), to)
		for i, v := range a.Values(errorAt(kappa), name) {
			most = max(most, v/exact[i])
		}
		return most
	}
	for _, kappa := range kappas {
		a.AtMost(fmt.Sprintf("κ = %g, every seed: error of CGLS-3 over that of exact solutions", kappa), worst(kappa, cgls3, alsExact), 5)
	}
	a.AtMost("κ = 30, free factors, every seed: error of sketched CGLS-3", slices.Max(a.Values(errorAt(30), sketchedFree)), 1e-6)
	if a.Broken != "" {
		return
	}
	a.AtLeast("κ = 30, free factors, every seed: error of CGLS-3 without the sketch", slices.Min(a.Values(errorAt(30), cglsFree)), 1e-3)
	for _, base := range []string{startAlone, sgdName} {
		a.AtLeast(fmt.Sprintf("κ = 30: error of %s over that of CGLS-3", base), a.Mean(errorAt(30), base)/a.Mean(errorAt(30), cgls3), 100)
	}
	a.Note("SGD of the same work, from the same start and with the best of three rates, is not the weak baseline: on the well-conditioned matrix it ends at %.1g, CGLS-3 at %.1g. On the ill-conditioned one it is stuck at %.1g.", a.Mean(errorAt(2), sgdName), a.Mean(errorAt(2), cgls3), a.Mean(errorAt(30), sgdName))
}
