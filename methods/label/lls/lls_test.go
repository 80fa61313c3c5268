package lls

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// priors are random shares of k classes in r domains.
func priors(rng *rand.Rand, k, r int, alpha float64) *mat.Dense {
	q := mat.NewDense(k, r, nil)
	a := make([]float64, k)
	for i := range a {
		a[i] = alpha
	}
	for d := range r {
		q.SetCol(d, random.Dirichlet(rng, a))
	}
	return q
}

// topics is p(c|y) of m kinds, of which the first two of each of k classes are
// its anchors.
func topics(rng *rand.Rand, m, k int) *mat.Dense {
	p := mat.NewDense(m, k, nil)
	for c := range m {
		for y := range k {
			if c >= 2*k || c/2 == y {
				p.Set(c, y, .1+rng.Float64())
			}
		}
	}
	normaliseColumns(p)
	return p
}

// apart is the largest difference of two sets of rows, after the best
// renumbering of few rows.
func apart(a, b *mat.Dense) float64 {
	k, r := a.Dims()
	used := make([]bool, k)
	worst := 0.
	for y := range k {
		best, at := math.Inf(1), 0
		for z := range k {
			d := 0.
			for j := range r {
				d = max(d, math.Abs(a.At(y, j)-b.At(z, j)))
			}
			if d < best && !used[z] {
				best, at = d, z
			}
		}
		used[at] = true
		worst = max(worst, best)
	}
	return worst
}

func TestAnchorTopics(t *testing.T) {
	for seed := range uint64(10) {
		rng := random.New(seed, 0)
		const k, r, m = 4, 8, 40
		q, p := priors(rng, k, r, .3), topics(rng, m, k)
		var pcd mat.Dense
		pcd.Mul(p, q)
		anchors, got, err := AnchorTopics(&pcd, k)
		if err != nil {
			t.Fatal(err)
		}
		seen := make([]bool, k)
		for _, c := range anchors {
			if c >= 2*k || seen[c/2] {
				t.Fatalf("seed %d: anchors %v", seed, anchors)
			}
			seen[c/2] = true
		}
		if d := apart(got, q); d > 1e-8 {
			t.Errorf("seed %d: the shares are off by %v", seed, d)
		}
	}
}

func TestNMF(t *testing.T) {
	rng := random.New(1, 0)
	q, p := priors(rng, 4, 10, .3), topics(rng, 30, 4)
	var a mat.Dense
	a.Mul(p, q)
	w, h, residual, err := NMF(t.Context(), &a, 4, NMFOptions{Sweeps: 2000})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(residual-misfit(&a, w, h)) > 1e-12 || residual > 1e-6 {
		t.Errorf("residual %v, want 0", residual)
	}
	if mat.Min(w) < 0 || mat.Min(h) < 0 {
		t.Error("a factor is negative")
	}
	_, got := rescale(w, h)
	if d := apart(got, q); d > .05 {
		t.Errorf("the shares are off by %v", d)
	}
	// More sweeps from the same start fit no worse.
	last := math.Inf(1)
	for sweeps := 1; sweeps < 40; sweeps += 3 {
		_, _, e, err := NMF(t.Context(), &a, 3, NMFOptions{Restarts: 1, Sweeps: sweeps})
		if err != nil {
			t.Fatal(err)
		}
		if e > last+1e-12 {
			t.Errorf("%d sweeps: residual %v after %v", sweeps, e, last)
		}
		last = e
	}
}

func TestRescale(t *testing.T) {
	rng := random.New(2, 0)
	w, h := uniform(rng, 6, 3, 2), uniform(rng, 3, 5, 2)
	c, q := rescale(w, h)
	var before, after mat.Dense
	before.Mul(w, h)
	after.Mul(c, q)
	if !mat.EqualApprox(&before, &after, 1e-12) {
		t.Error("the product changes")
	}
	normaliseColumns(q)
	for j := range 3 {
		if s := mat.Sum(c.ColView(j)); math.Abs(s-1) > 1e-12 {
			t.Errorf("column %d of p(c|y) has the sum %v", j, s)
		}
	}
	for j := range 5 {
		if s := mat.Sum(q.ColView(j)); math.Abs(s-1) > 1e-12 {
			t.Errorf("column %d of p(y|d) has the sum %v", j, s)
		}
	}
}

// With f = B q, (3) returns q, and the posterior by Bayes's rule.
func TestPosterior(t *testing.T) {
	rng := random.New(3, 0)
	const k, r = 3, 6
	prior := priors(rng, k, r, 1)
	for _, share := range [][]float64{nil, {.1, .3, .05, .25, .2, .1}} {
		m, err := Known(prior, share)
		if err != nil {
			t.Fatal(err)
		}
		q := random.Dirichlet(rng, []float64{1, 1, 1})
		score, sum := make([]float64, r), 0.
		for d := range score {
			for y := range k {
				score[d] += m.DomainByClass.At(d, y) * q[y]
			}
			if share != nil { // what a classifier of the domains as they are would say
				score[d] *= share[d]
			}
			sum += score[d]
		}
		for d := range score {
			score[d] /= sum
		}
		got := make([]float64, k)
		if err := m.Posterior(got, score, -1); err != nil {
			t.Fatal(err)
		}
		for y := range q {
			if math.Abs(got[y]-q[y]) > 1e-10 {
				t.Fatalf("q(y|x) is %v, want %v", got, q)
			}
		}
		// p_d(y|x) ~ p(x|y) p_d(y), and p(x|y) ~ q(y|x) / q(y).
		for d := range r {
			want, sum := make([]float64, k), 0.
			for y := range want {
				want[y] = q[y] / (mat.Sum(prior.RowView(y)) / r) * prior.At(y, d)
				sum += want[y]
			}
			if err := m.Posterior(got, score, d); err != nil {
				t.Fatal(err)
			}
			for y := range want {
				if math.Abs(got[y]-want[y]/sum) > 1e-9 {
					t.Fatalf("domain %d: %v, want %v / %v", d, got, want, sum)
				}
			}
		}
	}
}

// One class a domain: the domain is the class.
func TestEachDomainAClass(t *testing.T) {
	m, err := Known(mat.NewDense(3, 3, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1}), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float64, 3)
	for d := range 3 {
		if err := m.Posterior(got, []float64{.5, .3, .2}, d); err != nil {
			t.Fatal(err)
		}
		want := make([]float64, 3)
		want[d] = 1
		if !slices.Equal(got, want) {
			t.Errorf("domain %d: %v", d, got)
		}
	}
}

// spread draws from three classes in six domains: a class is at one of two places
// on a line, so that neighbours are of different classes.
func spread(rng *rand.Rand, n int) (x *mat.Dense, domain, class []int, prior *mat.Dense) {
	prior = mat.NewDense(3, 6, []float64{
		.8, .1, .1, .6, .3, .1,
		.1, .8, .1, .3, .1, .6,
		.1, .1, .8, .1, .6, .3,
	})
	x = mat.NewDense(n, 6, nil)
	for i := range n {
		d := rng.IntN(6)
		u, y := rng.Float64(), 0
		for y < 2 && u > prior.At(y, d) {
			u -= prior.At(y, d)
			y++
		}
		x.Set(i, y+3*rng.IntN(2), 1)
		for j := range 6 {
			x.Set(i, j, x.At(i, j)+.1*rng.NormFloat64())
		}
		domain, class = append(domain, d), append(class, y)
	}
	return x, domain, class, prior
}

func TestFit(t *testing.T) {
	rng := random.New(4, 0)
	x, domain, class, prior := spread(rng, 1500)
	scores, err := CrossFit(t.Context(), x, domain, 6, 5, Logistic(1), rng)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Fit(t.Context(), scores, domain, Options{Classes: 3})
	if err != nil {
		t.Fatal(err)
	}
	if d := apart(m.Prior, prior); d > .25 {
		t.Errorf("the shares are off by %.3f: %.2f", d, mat.Formatted(m.Prior))
	}
	p, err := m.Posteriors(scores, domain)
	if err != nil {
		t.Fatal(err)
	}
	found := make([]int, len(class))
	for i := range found {
		row := p.RawRowView(i)
		found[i] = slices.Index(row, slices.Max(row))
	}
	if _, accuracy, err := MatchClasses(found, class, 3); err != nil || accuracy < .86 {
		t.Errorf("accuracy %.3f, %v", accuracy, err)
	}
	if c := m.Kind(scores.RawRowView(7)); c != int(m.kinds.Assign[7]) {
		t.Errorf("kind %d, want %d", c, m.kinds.Assign[7])
	}
	again, err := Fit(t.Context(), scores, domain, Options{Classes: 3})
	if err != nil || !mat.Equal(again.Prior, m.Prior) {
		t.Errorf("the same seed gives another model (%v)", err)
	}
}

// Each row must be scored by a discriminator that has not seen it.
func TestCrossFitHoldsOut(t *testing.T) {
	rng := random.New(5, 0)
	x, domain := mat.NewDense(60, 30, nil), make([]int, 60)
	for i := range domain {
		domain[i] = rng.IntN(2)
		for j := range 30 {
			x.Set(i, j, rng.NormFloat64()) // nothing to be learnt
		}
	}
	sure := func(p *mat.Dense) (s float64) {
		for i, d := range domain {
			s += p.At(i, d) / 60
		}
		return s
	}
	held, err := CrossFit(t.Context(), x, domain, 2, 5, Logistic(1), rng)
	if err != nil {
		t.Fatal(err)
	}
	predict, err := Logistic(1)(t.Context(), x, domain, 2)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := predict(x)
	if err != nil {
		t.Fatal(err)
	}
	if sure(seen) < sure(held)+.2 {
		t.Errorf("mean score of the true domain %.2f held out, %.2f seen", sure(held), sure(seen))
	}
}

func TestMatchClasses(t *testing.T) {
	names, accuracy, err := MatchClasses([]int{0, 0, 0, 1, 1, 2}, []int{2, 2, 0, 0, 0, 1}, 3)
	if err != nil || !slices.Equal(names, []int{2, 0, 1}) || math.Abs(accuracy-5./6) > 1e-12 {
		t.Errorf("%v, %v, %v", names, accuracy, err)
	}
}

func TestErrors(t *testing.T) {
	ctx := t.Context()
	scores := mat.NewDense(4, 2, []float64{.9, .1, .8, .2, .3, .7, .2, .8})
	bad := mat.NewDense(4, 2, []float64{math.NaN(), .1, .8, .2, .3, .7, .2, .8})
	domain := []int{0, 0, 1, 1}
	fit := func(s *mat.Dense, d []int, o Options) error { _, err := Fit(ctx, s, d, o); return err }
	for name, err := range map[string]error{
		"no classes":        fit(scores, domain, Options{}),
		"too many classes":  fit(scores, domain, Options{Classes: 3, Clusters: 3}),
		"too many kinds":    fit(scores, domain, Options{Classes: 2, Clusters: 5}),
		"too few kinds":     fit(scores, domain, Options{Classes: 2, Clusters: 1}),
		"too few domains":   fit(scores, domain[1:], Options{Classes: 2, Clusters: 2}),
		"unknown domain":    fit(scores, []int{0, 1, 2, 1}, Options{Classes: 2, Clusters: 2}),
		"empty domain":      fit(scores, []int{0, 0, 0, 0}, Options{Classes: 2, Clusters: 2}),
		"not a number":      fit(bad, domain, Options{Classes: 2, Clusters: 2}),
		"negative restarts": fit(scores, domain, Options{Classes: 2, Clusters: 2, Restarts: -1}),
		"rank": func() error {
			_, err := Known(mat.NewDense(2, 3, []float64{.5, .5, .5, .5, .5, .5}), nil)
			return err
		}(),
		"negative prior": func() error { _, err := Known(mat.NewDense(1, 2, []float64{1, -1}), nil); return err }(),
		"share":          func() error { _, err := Known(mat.NewDense(1, 2, []float64{1, 1}), []float64{1, 0}); return err }(),
		"factorise NaN":  func() error { _, _, _, err := NMF(ctx, bad, 1, NMFOptions{}); return err }(),
		"no factors":     func() error { _, _, _, err := NMF(ctx, scores, 0, NMFOptions{}); return err }(),
		"no anchors": func() error {
			_, _, err := AnchorTopics(mat.NewDense(3, 2, []float64{1, 1, 1, 1, 1, 1}), 2)
			return err
		}(),
		"folds": func() error {
			_, err := CrossFit(ctx, scores, domain, 2, 1, Logistic(1), random.New(1, 0))
			return err
		}(),
		"match": func() error { _, _, err := MatchClasses([]int{0, 3}, []int{0, 1}, 2); return err }(),
		"posterior": func() error {
			m, err := Known(mat.NewDense(2, 2, []float64{1, 0, 0, 1}), nil)
			if err != nil {
				t.Fatal(err)
			}
			return m.Posterior(make([]float64, 2), []float64{1, 0}, 2)
		}(),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// All but the classifier, for 1,500 examples, beside the k-means of the scores
// alone.
func BenchmarkFit(b *testing.B) {
	rng := random.New(4, 0)
	x, domain, _, _ := spread(rng, 1500)
	scores, err := CrossFit(b.Context(), x, domain, 6, 5, Logistic(1), rng)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("DDFA", func(b *testing.B) {
		for b.Loop() {
			if _, err := Fit(b.Context(), scores, domain, Options{Classes: 3}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("k-means", func(b *testing.B) {
		m, err := Known(mat.NewDense(1, 6, []float64{1, 1, 1, 1, 1, 1}), nil)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if err := m.discretise(b.Context(), scores, Options{Clusters: 9, Restarts: 5}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
