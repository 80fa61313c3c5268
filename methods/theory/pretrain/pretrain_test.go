package pretrain

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %v, want %v within %v", what, got, want, tolerance)
	}
}

func normal(rng *rand.Rand, rows, cols int, sd float64) *mat.Dense {
	m := mat.NewDense(rows, cols, nil)
	for i := range m.RawMatrix().Data {
		m.RawMatrix().Data[i] = sd * rng.NormFloat64()
	}
	return m
}

// model draws B [d x r], n points of it and their factors.
func model(rng *rand.Rand, d, r, n int) (b, x, z *mat.Dense) {
	b, z, x = normal(rng, d, r, 1), normal(rng, n, r, 1), normal(rng, n, d, 1)
	var bz mat.Dense
	bz.Mul(z, b.T())
	x.Add(x, &bz)
	return b, x, z
}

func moments(b *mat.Dense) *mat.SymDense {
	d, _ := b.Dims()
	s := mat.NewSymDense(d, nil)
	s.SymOuterK(1, b)
	for i := range d {
		s.SetSym(i, i, s.At(i, i)+1)
	}
	return s
}

func TestFactorOfExactMoments(t *testing.T) {
	b, _, _ := model(random.New(1, 14), 9, 3, 1)
	f, err := FactorOfMoments(moments(b), 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	var want, got mat.Dense
	want.Mul(b, b.T())
	got.Mul(f.B, f.B.T())
	if !mat.EqualApprox(&got, &want, 1e-8) {
		t.Error("B B^T is not that of the moments")
	}
}

func TestRotationOfFactorsIsUndone(t *testing.T) {
	rng := random.New(2, 14)
	b, x, _ := model(rng, 8, 3, 40)
	var qr mat.QR
	qr.Factorize(normal(rng, 3, 3, 1))
	var q, rotated mat.Dense
	qr.QTo(&q)
	rotated.Mul(b, &q)
	y := normal(rng, 40, 1, 1).RawMatrix().Data
	var w [2][]float64
	for i, m := range []*mat.Dense{b, &rotated} {
		f, err := NewFactor(m, 1)
		if err != nil {
			t.Fatal(err)
		}
		h, err := FitHead(f, x, y, .5)
		if err != nil {
			t.Fatal(err)
		}
		w[i] = f.Weights(h)
		row := x.RawRowView(7)
		e := make([]float64, 3)
		f.Encode(e, row)
		near(t, "prediction by weights", mat.Dot(mat.NewVecDense(8, w[i]), mat.NewVecDense(8, row)), h.Predict(e), 1e-10)
	}
	for i := range w[0] {
		near(t, "weight", w[1][i], w[0][i], 1e-10)
	}
}

func TestAllFactorsAreOLS(t *testing.T) {
	rng := random.New(3, 14)
	_, x, _ := model(rng, 5, 5, 60)
	y := normal(rng, 60, 1, 1).RawMatrix().Data
	f, err := FactorMLE(x, 5, .1)
	if err != nil {
		t.Fatal(err)
	}
	h, err := FitHead(f, x, y, 0)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := FitHead(Linear{identity(5)}, x, y, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range f.Weights(h) {
		near(t, "weight", w, plain.W[i], 1e-8)
	}
}

func TestExcessRisk(t *testing.T) {
	rng := random.New(4, 14)
	b, _, _ := model(rng, 6, 2, 1)
	f, err := NewFactor(b, 1)
	if err != nil {
		t.Fatal(err)
	}
	beta := Head{[]float64{.6, .8}}
	best := f.Weights(beta) // E[y | x] for y = beta.z
	cov := moments(b)
	// Gradient of the population risk, cov w - E[x y] with E[x y] = B beta.
	var gradient, xy mat.VecDense
	gradient.MulVec(cov, mat.NewVecDense(6, best))
	xy.MulVec(b, mat.NewVecDense(2, beta.W))
	gradient.SubVec(&gradient, &xy)
	near(t, "gradient of the best weights", mat.Norm(&gradient, 2), 0, 1e-10)
	if e, err := ExcessRisk(best, best, cov); err != nil || e != 0 {
		t.Errorf("excess of the best: %v %v", e, err)
	}
	zero := make([]float64, 6)
	e, err := ExcessRisk(zero, best, cov)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "excess of nothing", e, mat.Dot(&xy, mat.NewVecDense(6, best)), 1e-10)
}

// The mean excess risk on known features is the one that theory has.
func TestHeadRisk(t *testing.T) {
	const d, r, n, runs = 6, 2, 30, 400
	rng := random.New(5, 14)
	b, _, _ := model(rng, d, r, 1)
	f, err := NewFactor(b, 1)
	if err != nil {
		t.Fatal(err)
	}
	best, cov := f.Weights(Head{[]float64{.6, .8}}), moments(b)
	xy := .6*.6 + .8*.8
	var inner mat.VecDense
	inner.MulVec(cov, mat.NewVecDense(d, best))
	s2 := .25 + xy - mat.Dot(&inner, mat.NewVecDense(d, best)) // of y given x
	mean := 0.
	for range runs {
		z, x := normal(rng, n, r, 1), normal(rng, n, d, 1)
		var bz mat.Dense
		bz.Mul(z, b.T())
		x.Add(x, &bz)
		y := make([]float64, n)
		for i := range y {
			y[i] = .6*z.At(i, 0) + .8*z.At(i, 1) + .5*rng.NormFloat64()
		}
		h, err := FitHead(f, x, y, 0)
		if err != nil {
			t.Fatal(err)
		}
		e, err := ExcessRisk(f.Weights(h), best, cov)
		if err != nil {
			t.Fatal(err)
		}
		mean += e / runs
	}
	near(t, "mean excess risk, of theory's", mean/HeadRisk(r, n, s2), 1, .15)
	if !math.IsInf(HeadRisk(3, 4, 1), 1) {
		t.Error("too few labels have a finite risk")
	}
}

func TestMixture(t *testing.T) {
	const k, d, n = 3, 6, 600
	rng := random.New(6, 14)
	means := normal(rng, k, d, 3)
	x := normal(rng, n, d, 1)
	component := make([]int, n)
	for i := range n {
		component[i] = rng.IntN(k)
		for j := range d {
			x.Set(i, j, x.At(i, j)+means.At(component[i], j))
		}
	}
	m, err := MixtureMLE(t.Context(), x, k, 30, rng)
	if err != nil {
		t.Fatal(err)
	}
	truth := &Mixture{Means: means}
	if m.LogLikelihood(x) < truth.LogLikelihood(x) {
		t.Errorf("likelihood %v is below the truth's %v", m.LogLikelihood(x), truth.LogLikelihood(x))
	}
	y := make([]float64, n)
	for i, c := range component {
		y[i] = float64(c * c)
	}
	h, err := FitHead(m, x, y, 0)
	if err != nil {
		t.Fatal(err)
	}
	e := make([]float64, k)
	for i := range 20 {
		m.Encode(e, x.RawRowView(i))
		sum := 0.
		for _, p := range e {
			sum += p
		}
		near(t, "probabilities", sum, 1, 1e-12)
		near(t, "prediction", h.Predict(e), y[i], .3)
	}
	// More iterations do not make it less likely.
	before := math.Inf(-1)
	for _, iters := range []int{0, 1, 3, 30} {
		m, err := MixtureMLE(t.Context(), x, k, iters, random.New(7, 14))
		if err != nil {
			t.Fatal(err)
		}
		l := m.LogLikelihood(x)
		if l < before-1e-9 {
			t.Errorf("%d iterations: likelihood fell from %v to %v", iters, before, l)
		}
		before = l
	}
}

// pairs draws points and whether they are alike by f(x) = W x.
func pairs(rng *rand.Rand, w *mat.Dense, n int) (x, other *mat.Dense, alike []bool) {
	_, d := w.Dims()
	x, other = normal(rng, n, d, 1), normal(rng, n, d, 1)
	var f, g mat.Dense
	f.Mul(x, w.T())
	g.Mul(other, w.T())
	alike = make([]bool, n)
	for i := range alike {
		alike[i] = rng.Float64() < 1/(1+math.Exp(-mat.Dot(f.RowView(i), g.RowView(i))))
	}
	return x, other, alike
}

func TestContrast(t *testing.T) {
	rng := random.New(8, 14)
	w := normal(rng, 2, 6, .7)
	x, other, alike := pairs(rng, w, 4000)
	l, err := ContrastMLE(t.Context(), x, other, alike, 2, 50)
	if err != nil {
		t.Fatal(err)
	}
	c := contrast{x: x, other: other, alike: alike, r: 2}
	if got, truth := c.loss(l.W.RawMatrix().Data, nil), c.loss(w.RawMatrix().Data, nil); got > truth {
		t.Errorf("loss %v is above the truth's %v", got, truth)
	}
	// Up to a rotation it is the truth.
	var got, want, diff mat.Dense
	got.Mul(l.W.T(), l.W)
	want.Mul(w.T(), w)
	diff.Sub(&got, &want)
	if e := mat.Norm(&diff, 2) / mat.Norm(&want, 2); e > .15 {
		t.Errorf("W^T W is off by %v", e)
	}
}

func TestContrastGradient(t *testing.T) {
	rng := random.New(9, 14)
	x, other, alike := pairs(rng, normal(rng, 2, 4, .5), 30)
	c := contrast{x: x, other: other, alike: alike, r: 2}
	w, grad := normal(rng, 2, 4, 1).RawMatrix().Data, make([]float64, 8)
	c.loss(w, grad)
	for i := range w {
		const h = 1e-6
		was := w[i]
		w[i] = was + h
		up := c.loss(w, nil)
		w[i] = was - h
		slope := (up - c.loss(w, nil)) / (2 * h)
		w[i] = was
		near(t, "gradient", grad[i], slope, 1e-7)
	}
}

func TestRefuses(t *testing.T) {
	rng := random.New(10, 14)
	x := normal(rng, 4, 3, 1)
	nan := mat.NewDense(1, 1, []float64{math.NaN()})
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := MixtureMLE(cancelled, x, 2, 5, rng); !errors.Is(err, context.Canceled) {
		t.Errorf("mixture, cancelled: %v", err)
	}
	if _, err := ContrastMLE(cancelled, x, x, make([]bool, 4), 1, 5); !errors.Is(err, context.Canceled) {
		t.Errorf("contrast, cancelled: %v", err)
	}
	zero := Linear{mat.NewDense(1, 3, nil)}
	for name, call := range map[string]func() error{
		"no points":        func() error { _, err := FactorMLE(&mat.Dense{}, 1, 1); return err },
		"NaN":              func() error { _, err := FactorMLE(nan, 1, 1); return err },
		"too many factors": func() error { _, err := FactorMLE(x, 4, 1); return err },
		"no noise":         func() error { _, err := FactorMLE(x, 2, 0); return err },
		"no components":    func() error { _, err := MixtureMLE(t.Context(), x, 0, 5, rng); return err },
		"few points":       func() error { _, err := MixtureMLE(t.Context(), x, 5, 5, rng); return err },
		"marks":            func() error { _, err := ContrastMLE(t.Context(), x, x, nil, 1, 5); return err },
		"labels":           func() error { _, err := FitHead(zero, x, nil, 1); return err },
		"dependent":        func() error { _, err := FitHead(zero, x, make([]float64, 4), 0); return err },
		"penalty":          func() error { _, err := FitHead(zero, x, make([]float64, 4), -1); return err },
		"weights":          func() error { _, err := ExcessRisk([]float64{1}, []float64{1}, mat.NewSymDense(2, nil)); return err },
	} {
		if call() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Phase 1 on 1,000 points in 64 dimensions and a head of 4 on 100 labels, and
// beside them least squares on all dimensions.
func BenchmarkStep(b *testing.B) {
	rng := random.New(11, 14)
	_, x, z := model(rng, 64, 4, 1000)
	labelled := x.Slice(0, 100, 0, 64).(*mat.Dense)
	y := mat.Col(nil, 0, z.Slice(0, 100, 0, 4))
	b.Run("factor", func(b *testing.B) {
		for b.Loop() {
			f, err := FactorMLE(x, 4, 1)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := FitHead(f, labelled, y, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("least squares", func(b *testing.B) {
		plain := Linear{identity(64)}
		for b.Loop() {
			if _, err := FitHead(plain, labelled, y, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func identity(d int) *mat.Dense {
	m := mat.NewDense(d, d, nil)
	for i := range d {
		m.Set(i, i, 1)
	}
	return m
}
