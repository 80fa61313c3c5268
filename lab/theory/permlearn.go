package theory

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sync"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/theory/permlearn"
)

// PermLearn reproduces Exact Learning of Permutations for Nonzero Binary Inputs:
// ensembles of networks trained on single bits, against the infinite-width limit.
var PermLearn = lab.Reproduction{
	Slug:     "permlearn",
	Claim:    "The mean of wide two-layer networks, trained on nothing but the k single bits, has by its sign the permutation of all 2^k - 1 nonzero inputs, where a single network fails; means and variances are those of the infinite-width kernel, and the number of networks grows about as k for one input, and at most as k squared for all at once.",
	State:    lab.Reproduced,
	Method:   variantEnsemble,
	Package:  "methods/theory/permlearn",
	Time:     20 * time.Second,
	FullTime: 5 * time.Minute,
	Run:      runPermLearn,
	Broken: []lab.BrokenVariant{
		{Name: "same-network", What: "all networks of an ensemble start from the same weights"},
		{Name: "untrained", What: "the networks are not trained"},
		{Name: "threshold-zero", What: "bits are told apart at exactly 0, where training leaves either sign"},
	},
}

// Names of the rows.
const (
	variantEnsemble = "ensemble, sign"
	variantSingle   = "one network, sign"
	variantNearest  = "nearest training input"
	variantLeast    = "least squares"
	variantLimit    = "infinite width"
	variantBothMove = "both layers trained"
	variantReadout  = "readout trained"
)

func variantMidpoint(nets int) string { return fmt.Sprintf("midpoint of the means, %d networks", nets) }

var midpointSizes = []int{1, 3, 10}

const (
	permBits    = 6
	permInputs  = 1<<permBits - 1
	metricExact = "exact inputs, k = 6"
	trainTol    = 1e-8
	trainSteps  = 400 // at most
	growthDelta = .1
)

func meanOf(set bool, n int) string {
	if set {
		return fmt.Sprintf("mean output at a set bit, n = %d", n)
	}
	return fmt.Sprintf("mean output at a bit not set, n = %d", n)
}
func varianceOf(n int) string { return fmt.Sprintf("k times the variance of an output, n = %d", n) }

func runPermLearn(ctx context.Context, r *lab.Run) error {
	s := &permRun{Run: r, width: 1000, nets: 1000, shares: map[uint64][]float64{}}
	if r.Full {
		s.width, s.nets = 4000, 2000
	}
	if r.Broken != "" {
		s.width = 300
	}
	err := r.EachSeed(ctx, 3, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		share := .5
		if r.Broken != "" {
			share = 1
		}
		if err := s.seed(ctx, seed, func(done float64, what string) { progress(share*done, what) }); err != nil || r.Broken != "" {
			return err
		}
		return s.growth(ctx, seed, func(done float64, what string) { progress(share+(1-share)*done, what) })
	})
	if err != nil {
		return err
	}
	predicted, err := s.predictShares()
	if err != nil {
		return err
	}
	s.check(predicted)
	if r.Broken != "" {
		return nil
	}
	if err := s.checkGrowth(); err != nil {
		return err
	}
	s.plots(predicted)
	return nil
}

// permRun is a run of [PermLearn].
type permRun struct {
	*lab.Run
	width, nets int

	mu     sync.Mutex
	shares map[uint64][]float64 // of exact inputs by seed, at ensembleSizes
	worst  float64              // distance of a mean from the limit, of what it may be
	spread float64              // largest ratio of a variance to the limit's, or its inverse
}

var ensembleSizes = []int{1, 2, 5, 10, 20, 50, 100, 200, 300, 500, 700, 1000, 2000}

// train returns the outputs of a network.
func (s *permRun) train(ctx context.Context, perm []int, width int, kernel permlearn.Kernel, seed, number uint64) ([]float64, error) {
	if s.Is("same-network") {
		number = 0
	}
	rng := random.New(seed, 24_000_000+number)
	var net *permlearn.Net
	var err error
	if s.Is("untrained") {
		net, err = permlearn.NewNet(len(perm), width, rng)
	} else {
		net, err = permlearn.Train(ctx, perm, width, kernel, trainSteps, trainTol, rng)
		if err == nil && net.Residual > trainTol {
			return nil, fmt.Errorf("network %d is off by %g after %d steps", number, net.Residual, trainSteps)
		}
	}
	if err != nil {
		return nil, err
	}
	return net.Outputs()
}

// moments are those of outputs with the same number of ones, over networks.
type moments struct{ count, sum, square float64 }

func (m *moments) add(v float64) {
	m.count++
	m.sum += v
	m.square += v * v
}

func (m moments) mean() float64 { return m.sum / m.count }

func (s *permRun) seed(ctx context.Context, seed uint64, progress func(done float64, what string)) error {
	perm := random.New(seed, 24).Perm(permBits)
	limit, err := permlearn.NewLimit(permBits, permlearn.NTK)
	if err != nil {
		return err
	}
	threshold := permlearn.Zero
	if s.Is("threshold-zero") {
		threshold = func(int) float64 { return 0 }
	}
	e, err := permlearn.NewEnsemble(permBits)
	if err != nil {
		return err
	}
	var set, clear [permBits + 1]moments
	var single float64
	for i := range s.nets {
		if i%20 == 0 {
			progress(float64(i)/float64(s.nets), fmt.Sprintf("network %d", i))
		}
		out, err := s.train(ctx, perm, s.width, permlearn.NTK, seed, uint64(i))
		if err != nil {
			return err
		}
		if err := e.Add(out); err != nil {
			return err
		}
		for in := 1; in <= permInputs; in++ {
			want, n := permlearn.Permute(perm, in), bits.OnesCount(uint(in))
			for c, v := range out[(in-1)*permBits : in*permBits] {
				if want>>c&1 == 1 {
					set[n].add(v)
				} else {
					clear[n].add(v)
				}
			}
		}
		if i < 20 { // one network alone, over a few of them
			alone, err := permlearn.NewEnsemble(permBits)
			if err != nil {
				return err
			}
			if err := alone.Add(out); err != nil {
				return err
			}
			single += float64(alone.Exact(perm, threshold)) / 20
		}
		if slices.Contains(ensembleSizes, i+1) {
			s.mu.Lock()
			s.shares[seed] = append(s.shares[seed], float64(e.Exact(perm, threshold))/permInputs)
			s.mu.Unlock()
		}
		if slices.Contains(midpointSizes, i+1) {
			s.Metric(metricExact, variantMidpoint(i+1), seed, float64(e.Exact(perm, limit.Midpoint)), "of 63")
		}
	}
	s.Metric(metricExact, variantEnsemble, seed, float64(e.Exact(perm, threshold)), "of 63")
	s.Metric(metricExact, variantSingle, seed, single, "of 63")
	s.Metric(metricExact, variantNearest, seed, float64(nearestExact(perm)), "of 63")
	least, err := leastSquaresExact(perm)
	if err != nil {
		return err
	}
	s.Metric(metricExact, variantLeast, seed, float64(least), "of 63")
	for n := 1; n <= permBits; n++ {
		s.against(limit, seed, n, set[n], clear[n])
	}
	return nil
}

// against compares means and variances of inputs of n ones with the limit's.
func (s *permRun) against(limit permlearn.Limit, seed uint64, n int, set, clear moments) {
	mu1, mu0 := limit.Mean(n)
	square, count := 0., 0.
	for _, row := range []struct {
		set  bool
		m    moments
		want float64
	}{{true, set, mu1}, {false, clear, mu0}} {
		if row.m.count == 0 {
			continue
		}
		s.Metric(meanOf(row.set, n), variantEnsemble, seed, row.m.mean(), "")
		if seed == s.Seed {
			s.Metric(meanOf(row.set, n), variantLimit, seed, row.want, "")
		}
		allowed := 5*math.Sqrt(limit.Variance(n)/row.m.count) + .01
		s.mu.Lock()
		s.worst = max(s.worst, math.Abs(row.m.mean()-row.want)/allowed)
		s.mu.Unlock()
		square += row.m.square - row.m.count*row.m.mean()*row.m.mean()
		count += row.m.count
	}
	if n == 1 {
		return
	}
	v := square / count
	s.Metric(varianceOf(n), variantEnsemble, seed, v*permBits, "")
	if seed == s.Seed {
		s.Metric(varianceOf(n), variantLimit, seed, limit.Variance(n)*permBits, "")
	}
	s.mu.Lock()
	s.spread = max(s.spread, v/limit.Variance(n), limit.Variance(n)/v)
	s.mu.Unlock()
}

// nearestExact is how many inputs get the output of the nearest unit vector.
func nearestExact(perm []int) int {
	exact := 0
	for in := 1; in < 1<<len(perm); in++ {
		// All its bits are as near: the lowest is taken.
		if 1<<perm[bits.TrailingZeros(uint(in))] == permlearn.Permute(perm, in) {
			exact++
		}
	}
	return exact
}

// leastSquaresExact is how many inputs a linear map gets right at a half.
func leastSquaresExact(perm []int) (int, error) {
	k := len(perm)
	x, y := mat.NewDense(k, k, nil), mat.NewDense(k, k, nil)
	for i, to := range perm {
		x.Set(i, i, 1)
		y.Set(i, to, 1)
	}
	var w mat.Dense
	if err := w.Solve(x, y); err != nil {
		return 0, err
	}
	exact := 0
	for in := 1; in < 1<<k; in++ {
		out := 0
		for c := range k {
			v := 0.
			for i := range k {
				v += float64(in>>i&1) * w.At(i, c)
			}
			if v > .5 {
				out |= 1 << c
			}
		}
		if out == permlearn.Permute(perm, in) {
			exact++
		}
	}
	return exact, nil
}

// predictShares are the shares of exact inputs that ensembles have by theory.
func (s *permRun) predictShares() ([]float64, error) {
	limit, err := permlearn.NewLimit(permBits, permlearn.NTK)
	if err != nil {
		return nil, err
	}
	shares := make([]float64, len(ensembleSizes))
	for i, nets := range ensembleSizes {
		choose := float64(permBits)
		shares[i] = permBits // single bits are what is trained
		for n := 2; n <= permBits; n++ {
			choose *= float64(permBits-n+1) / float64(n)
			shares[i] += choose * limit.ExactProbability(n, nets)
		}
		shares[i] /= permInputs
	}
	return shares, nil
}

// share is the mean over seeds, with its lowest and highest, of the exact inputs
// of ensembles of the i-th size.
func (s *permRun) share(i int) (mean, low, high float64) {
	var at []float64
	for _, shares := range s.shares {
		at = append(at, shares[i])
	}
	slices.Sort(at) // the order of a map is any
	mean, _ = eval.MeanSD(at)
	return mean, at[0], at[len(at)-1]
}

func (s *permRun) check(predicted []float64) {
	s.AtLeast("exact inputs of the ensemble, worst seed", slices.Min(s.Values(metricExact, variantEnsemble)), permInputs)
	s.AtMost("exact inputs of one network, mean", s.Mean(metricExact, variantSingle), .65*permInputs)
	s.AtLeast("exact inputs with the midpoint and 10 networks, worst seed", slices.Min(s.Values(metricExact, variantMidpoint(10))), permInputs)
	s.AtMost("means against infinite width: largest distance, of 5 standard errors + .01", s.worst, 1)
	s.AtMost("variances against infinite width: largest ratio", s.spread, 1.06)
	far := 0.
	for i, nets := range ensembleSizes {
		if nets <= s.nets {
			mean, _, _ := s.share(i)
			far = max(far, math.Abs(mean-predicted[i]))
		}
	}
	s.AtMost("share of exact inputs against predicted: largest difference", far, .2)
}

func (s *permRun) plots(predicted []float64) {
	p := plot.Plot{
		Name: "exact-by-ensemble", Title: "Six bits, both layers trained: inputs permuted exactly",
		X: plot.Axis{Label: "networks", Log: true}, Y: plot.Axis{Label: "share of the 63 inputs"},
	}
	measured, theory := plot.Series{Name: variantEnsemble, Method: true}, plot.Series{Name: "predicted"}
	for i, nets := range ensembleSizes {
		if nets > s.nets {
			break
		}
		mean, low, high := s.share(i)
		measured.X, measured.Y = append(measured.X, float64(nets)), append(measured.Y, mean)
		measured.Low, measured.High = append(measured.Low, low), append(measured.High, high)
		theory.X, theory.Y = append(theory.X, float64(nets)), append(theory.Y, predicted[i])
	}
	midpoint := plot.Series{Name: "threshold at the midpoint"}
	for _, nets := range midpointSizes {
		midpoint.X, midpoint.Y = append(midpoint.X, float64(nets)), append(midpoint.Y, s.Mean(metricExact, variantMidpoint(nets))/permInputs)
	}
	p.Lines = []plot.Series{measured, theory, midpoint}
	s.Plot(p)
	s.plotGrowth()
}
