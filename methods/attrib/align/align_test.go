package align

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

func normal(rng *rand.Rand, n, s int) *mat.Dense {
	m := mat.NewDense(n, s, nil)
	for i := range m.RawMatrix().Data {
		m.RawMatrix().Data[i] = rng.NormFloat64()
	}
	return m
}

// rectified is what a layer of a network gives: mixes of few inputs, cut at 0.
func rectified(rng *rand.Rand, n, s int) *mat.Dense {
	var m mat.Dense
	m.Mul(normal(rng, n, s+3), normal(rng, s+3, s))
	m.Apply(func(_, _ int, v float64) float64 { return max(0, v) }, &m)
	return &m
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestPermutedUnitsAreFound(t *testing.T) {
	const n, s = 300, 12
	rng := random.New(1, 0)
	a := rectified(rng, n, s)
	perm := rng.Perm(s)
	b := Units(a, perm) // unit j of B is unit perm[j] of A
	c := must(Correlate(a, b))
	match, total, err := Bipartite(c)
	if err != nil || math.Abs(total-s) > 1e-9 {
		t.Errorf("total %v %v, want %d", total, err, s)
	}
	for i, j := range match {
		if perm[j] != i {
			t.Errorf("unit %d is matched with %d, a copy of %d", i, j, perm[j])
		}
	}
	if !slices.Equal(match, Semi(c)) {
		t.Error("the best partners are others")
	}
	if info := must(Information(a, b, 10)); !slices.Equal(match, Semi(info)) {
		t.Error("by information the best partners are others")
	}
	one := must(Greedy(t.Context(), a, b, []int{1}))
	for j, r2 := range must(one[0].R2(a, b)) {
		if math.Abs(r2-1) > 1e-9 {
			t.Errorf("R2 of unit %d from one: %v", j, r2)
		}
	}
	if one[0].Used() != 1 {
		t.Errorf("%v units used", one[0].Used())
	}
}

func TestRotationKeepsTheSubspaceAlone(t *testing.T) {
	rng := random.New(2, 0)
	a := rectified(rng, 400, 10)
	b := Rotate(a, rng)
	all := must(LeastSquares(a, b, 0))
	for j, r2 := range must(all.R2(a, b)) {
		if math.Abs(r2-1) > 1e-8 {
			t.Errorf("R2 of unit %d: %v", j, r2)
		}
	}
	_, total, err := Bipartite(must(Correlate(a, b)))
	if err != nil || total > 9.5 {
		t.Errorf("one to one %v %v of 10", total, err)
	}
	var gram mat.Dense
	q := Rotate(mat.NewDense(6, 6, []float64{
		1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
		0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1,
	}), rng)
	gram.Mul(q.T(), q)
	for i := range 6 {
		for j := range 6 {
			want := 0.
			if i == j {
				want = 1
			}
			if math.Abs(gram.At(i, j)-want) > 1e-12 {
				t.Fatalf("the rotation is not orthogonal: %v", mat.Formatted(&gram))
			}
		}
	}
}

func TestCorrelations(t *testing.T) {
	rng := random.New(3, 0)
	for range 20 {
		n, s1, s2 := 20+rng.IntN(50), 2+rng.IntN(6), 2+rng.IntN(6)
		a, b := rectified(rng, n, s1), rectified(rng, n, s2)
		c, d := must(Correlate(a, b)), must(Correlate(b, a))
		semi, total := 0., 0.
		for _, v := range Matched(c, Semi(c)) {
			semi += v
		}
		match, total, err := Bipartite(c)
		if err != nil || s1 <= s2 && semi < total-1e-12 {
			t.Errorf("best partners %v, one to one %v, %v", semi, total, err)
		}
		sum := 0.
		for _, v := range Matched(c, match) {
			sum += v
		}
		if math.Abs(sum-total) > 1e-12 {
			t.Errorf("the match has %v, said %v", sum, total)
		}
		a.Scale(7, a)
		e := must(Correlate(a, b))
		for i := range s1 {
			for j := range s2 {
				v := c.At(i, j)
				if v < -1-1e-12 || v > 1+1e-12 || math.Abs(v-d.At(j, i)) > 1e-12 || math.Abs(v-e.At(i, j)) > 1e-12 {
					t.Errorf("correlation %v, the other way %v, scaled %v", v, d.At(j, i), e.At(i, j))
				}
			}
		}
	}
}

func TestDeadUnits(t *testing.T) {
	rng := random.New(4, 0)
	a, b := rectified(rng, 50, 4), rectified(rng, 50, 3)
	for i := range 50 {
		a.Set(i, 2, 5)
	}
	c := must(Correlate(a, b))
	for j := range 3 {
		if c.At(2, j) != 0 {
			t.Errorf("a dead unit correlates by %v", c.At(2, j))
		}
	}
	if live := must(Live(a)); !slices.Equal(live, []int{0, 1, 3}) {
		t.Errorf("live units %v", live)
	}
	for _, l := range append(must(Greedy(t.Context(), a, b, []int{2, 9})), must(LeastSquares(a, b, 0)), must(Lasso(t.Context(), a, b, .01, LassoOptions{}))) {
		for _, r2 := range must(l.R2(a, b)) {
			if math.IsNaN(r2) || r2 < 0 || r2 > 1 {
				t.Errorf("R2 %v with a dead unit", r2)
			}
		}
	}
	labels, _, err := JointClusters(t.Context(), a, b, 2, 1)
	if err != nil || labels[2] != -1 || labels[0] < 0 {
		t.Errorf("clusters %v %v", labels, err)
	}
	if r, err := Compare(t.Context(), a, b, a, b, Options{}); err != nil || len(r.Bipartite) != 3 {
		t.Errorf("%+v %v", r, err)
	}
}

// The solution of equation 4 is where no weight wants to move: the correlation of
// a unit with the residual is alpha times the sign of its weight, and within alpha
// where it has none.
func TestLassoConditions(t *testing.T) {
	rng := random.New(5, 0)
	a, b := rectified(rng, 200, 15), rectified(rng, 200, 4)
	for _, alpha := range []float64{0, .01, .1, .3} {
		l := must(Lasso(t.Context(), a, b, alpha, LassoOptions{Tolerance: 1e-11, Sweeps: 1e5}))
		x, y := standardise(a), standardise(b)
		var res mat.Dense
		res.Mul(x.Dense, l.W)
		res.Sub(y.Dense, &res)
		var c mat.Dense
		c.Mul(x.T(), &res)
		c.Scale(1./200, &c)
		for i := range 15 {
			for j := range 4 {
				switch w, v := l.W.At(i, j), c.At(i, j); {
				case w == 0 && math.Abs(v) > alpha+1e-8, w != 0 && math.Abs(v-math.Copysign(alpha, w)) > 1e-8:
					t.Errorf("alpha %v: weight %v with the residual's correlation %v", alpha, w, v)
				}
			}
		}
	}
	if l := must(Lasso(t.Context(), a, b, 1, LassoOptions{})); l.Used() != 0 {
		t.Errorf("%v units used with a penalty of 1", l.Used())
	}
	free, full := must(Lasso(t.Context(), a, b, 0, LassoOptions{Tolerance: 1e-12, Sweeps: 1e5})), must(LeastSquares(a, b, 0))
	if !mat.EqualApprox(free.W, full.W, 1e-6) {
		t.Error("without a penalty it is not least squares")
	}
}

func TestGreedyEndsAtLeastSquares(t *testing.T) {
	rng := random.New(6, 0)
	a, b := rectified(rng, 150, 8), rectified(rng, 150, 5)
	path := must(Greedy(t.Context(), a, b, []int{1, 2, 3, 5, 8}))
	last := make([]float64, 5)
	for k, l := range path {
		for j, r2 := range must(l.R2(a, b)) {
			if r2 < last[j]-1e-12 {
				t.Errorf("unit %d: R2 falls from %v to %v with more units", j, last[j], r2)
			}
			last[j] = r2
		}
		if want := []float64{1, 2, 3, 5, 8}[k]; l.Used() != want {
			t.Errorf("%v units used, want %v", l.Used(), want)
		}
	}
	if !mat.EqualApprox(path[4].W, must(LeastSquares(a, b, 0)).W, 1e-8) {
		t.Error("with all units it is not least squares")
	}
	p := must(path[4].Predict(a))
	for j, r2 := range must(path[4].R2(a, b)) {
		sse, sst, m := 0., 0., mean(mat.Col(nil, j, b))
		for i := range 150 {
			sse += math.Pow(b.At(i, j)-p.At(i, j), 2)
			sst += math.Pow(b.At(i, j)-m, 2)
		}
		if math.Abs(r2-(1-sse/sst)) > 1e-9 {
			t.Errorf("R2 %v, by its definition %v", r2, 1-sse/sst)
		}
	}
}

func TestInformation(t *testing.T) {
	const n = 4000
	rng := random.New(7, 0)
	a, b := normal(rng, n, 3), normal(rng, n, 1)
	for i := range n {
		x := a.At(i, 0)
		b.Set(i, 0, x*x) // no correlation
	}
	info, c := must(Information(a, b, 10)), must(Correlate(a, b))
	if math.Abs(c.At(0, 0)) > .1 || info.At(0, 0) < 1 {
		t.Errorf("a square has correlation %.3f and information %.3f", c.At(0, 0), info.At(0, 0))
	}
	if info.At(1, 0) > .01 || info.At(2, 0) > .01 {
		t.Errorf("independent units share %.4f, %.4f", info.At(1, 0), info.At(2, 0))
	}
	// Of itself a unit has the entropy of ten bins, less the bias.
	self := must(Information(a, a, 10))
	if want := math.Log(10) - 81./(2*n); math.Abs(self.At(0, 0)-want) > 1e-9 {
		t.Errorf("information about itself %v, want %v", self.At(0, 0), want)
	}
	zeros := binned(mat.NewDense(6, 1, []float64{0, 3, 0, 1, 0, 2}), 3)[0]
	if fmt.Sprint(zeros.of, zeros.count) != "[0 2 0 1 0 1] [3 2 1]" {
		t.Errorf("bins %v of sizes %v", zeros.of, zeros.count)
	}
}

// Three groups of units, each a noisy copy of one signal, in both networks.
func TestJointClusters(t *testing.T) {
	const n = 400
	rng := random.New(8, 0)
	signal := normal(rng, n, 3)
	network := func(s int) *mat.Dense {
		m := mat.NewDense(n, s, nil)
		m.Apply(func(i, j int, _ float64) float64 { return signal.At(i, j%3) + .3*rng.NormFloat64() }, m)
		return m
	}
	a, b := network(9), network(6)
	la, lb, err := JointClusters(t.Context(), a, b, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range append(la, lb...) {
		if l != la[i%9%3] {
			t.Errorf("unit %d is in cluster %d: %v %v", i, l, la, lb)
		}
	}
	if shared, imbalance := Mixture(la, lb); shared != 1 || math.Abs(imbalance-.2) > 1e-12 {
		t.Errorf("shared %v, imbalance %v", shared, imbalance)
	}
	if shared, imbalance := Mixture([]int{0, 0, 1, -1}, []int{2, 1}); math.Abs(shared-1./3) > 1e-12 || math.Abs(imbalance-2./3) > 1e-12 {
		t.Errorf("shared %v, imbalance %v", shared, imbalance)
	}
}

func TestErrors(t *testing.T) {
	a, b := normal(random.New(9, 0), 10, 3), normal(random.New(9, 1), 9, 3)
	bad := mat.DenseCopyOf(a)
	bad.Set(4, 1, math.NaN())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, f := range map[string]func() error{
		"other inputs": func() error { _, err := Correlate(a, b); return err },
		"NaN":          func() error { _, err := Correlate(a, bad); return err },
		"empty":        func() error { _, err := Live(&mat.Dense{}); return err },
		"one bin":      func() error { _, err := Information(a, a, 1); return err },
		"no sizes":     func() error { _, err := Greedy(ctx, a, a, nil); return err },
		"stopped":      func() error { _, err := Lasso(ctx, a, a, .1, LassoOptions{}); return err },
		"penalty":      func() error { _, err := Lasso(t.Context(), a, a, -1, LassoOptions{}); return err },
		"clusters":     func() error { _, _, err := JointClusters(ctx, a, a, 7, 1); return err },
		"other units":  func() error { _, err := Compare(ctx, a, a, Units(a, []int{1}), a, Options{}); return err },
		"prediction": func() error {
			_, err := must(LeastSquares(a, a, 0)).Predict(Units(a, []int{1}))
			return err
		},
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A second network has the units of the first in another order, and one of its
// own.
func ExampleCompare() {
	rng := random.New(1, 40)
	activations := func(n int) (a, b *mat.Dense) {
		a = normal(rng, n, 4)
		b = Units(a, []int{2, 0, 1, 3})
		for i := range n {
			b.Set(i, 3, rng.NormFloat64())
		}
		return a, b
	}
	fitA, fitB := activations(1000)
	testA, testB := activations(1000)
	r, err := Compare(context.Background(), fitA, fitB, testA, testB, Options{Sizes: []int{1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.1f of three units, R2 %.1f\n", r.Bipartite[:3], r.R2[0])
	// Output: [1.0 1.0 1.0] of three units, R2 0.7
}

// A report on 64 units of each, beside the table of correlations that it needs
// anyway.
func BenchmarkStep(b *testing.B) {
	rng := random.New(1, 0)
	x, y := rectified(rng, 1297, 64), rectified(rng, 1297, 64)
	u, v := rectified(rng, 500, 64), rectified(rng, 500, 64)
	b.Run("Compare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			must(Compare(b.Context(), x, y, u, v, Options{}))
		}
	})
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			must(Correlate(x, y))
		}
	})
	b.Run("Information", func(b *testing.B) {
		for b.Loop() {
			must(Information(x, y, 10))
		}
	})
}
