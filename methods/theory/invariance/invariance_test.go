package invariance

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
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

func model(t *testing.T, d int, seed uint64) SEM {
	t.Helper()
	s, err := RandomSEM(d, 2, random.New(seed, 62))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func draw(t *testing.T, s SEM, n int, sites ...int) []Environment {
	t.Helper()
	models, err := s.Draw(Family{Sites: sites, WeightRange: 1.5, VarLo: .5, VarHi: 2}, n, random.New(9, 62))
	if err != nil {
		t.Fatal(err)
	}
	envs, err := Environments(models)
	if err != nil {
		t.Fatal(err)
	}
	return envs
}

func sitesOf(d int) []int {
	all := make([]int, d)
	for i := range all {
		all[i] = i
	}
	return all
}

func TestRandomSEM(t *testing.T) {
	for seed := range uint64(20) {
		s := model(t, 7, seed)
		if err := s.check(); err != nil {
			t.Fatal(err)
		}
		for i := range s.NoiseVar {
			parents := 0
			for _, w := range s.Theta.RawRowView(i) {
				if w != 0 {
					parents++
					if a := math.Abs(w); a < .5 || a > 1.2 {
						t.Errorf("weight %v", w)
					}
				}
			}
			if parents != min(i, 2) {
				t.Errorf("node %d has %d parents", i, parents)
			}
		}
		for i := s.Target + 1; i <= s.Target+2; i++ {
			if s.Theta.At(i, s.Target) == 0 {
				t.Errorf("node %d is no child of the target", i)
			}
		}
	}
}

func TestMomentsAreThoseOfSamples(t *testing.T) {
	s := model(t, 5, 1)
	exact, err := s.Environment()
	if err != nil {
		t.Fatal(err)
	}
	x, y, err := s.Sample(200_000, random.New(2, 62))
	if err != nil {
		t.Fatal(err)
	}
	measured, err := Measure(x, y)
	if err != nil {
		t.Fatal(err)
	}
	scale := func(i int) float64 { return math.Sqrt(exact.XX.At(i, i)) }
	for i := range 5 {
		for j := range 5 {
			near(t, "x x", measured.XX.At(i, j), exact.XX.At(i, j), .015*scale(i)*scale(j))
		}
		near(t, "x y", measured.XY[i], exact.XY[i], .015*scale(i)*math.Sqrt(exact.YY))
	}
	near(t, "y y", measured.YY/exact.YY, 1, .015)
}

func TestCausesAreInvariant(t *testing.T) {
	for seed := range uint64(5) {
		s := model(t, 6, seed)
		causes := s.Causes()
		envs := draw(t, s, 200, sitesOf(6)...)
		for _, e := range envs {
			if v := e.Violation(causes.Subset, causes.W); v > 1e-12 {
				t.Fatalf("violation of the causes: %v", v)
			}
			near(t, "risk of the causes", e.Risk(causes.Subset, causes.W), 1, 1e-9)
		}
		w, err := Fit(envs, causes.Subset)
		if err != nil {
			t.Fatal(err)
		}
		for i := range w {
			near(t, "weight of a cause", w[i], causes.W[i], 1e-9)
		}
		child := []int{s.covariate(s.Target + 1)}
		if w, err = Fit(envs, child); err != nil {
			t.Fatal(err)
		}
		if rate := (Predictor{Subset: child, W: w}).Rate(envs, .1); rate < .5 {
			t.Errorf("an effect that is a site violates in %v of environments", rate)
		}
	}
}

func TestViolationIsHalfTheGradient(t *testing.T) {
	e := draw(t, model(t, 5, 3), 1, 0, 1, 2, 3, 4)[0]
	subset, w := []int{0, 2, 3}, []float64{.3, -1, .7}
	const h = 1e-5
	sum := 0.
	for i := range w {
		up, down := slices.Clone(w), slices.Clone(w)
		up[i] += h
		down[i] -= h
		g := (e.Risk(subset, up) - e.Risk(subset, down)) / (2 * h)
		sum += g * g / 4
	}
	near(t, "violation", e.Violation(subset, w), math.Sqrt(sum), 1e-6)
}

func TestIndirect(t *testing.T) {
	// A wide full-rank map and its left inverse, found by least squares.
	const d, wide = 5, 7
	rng := random.New(4, 62)
	a := mat.NewDense(wide, d, nil)
	for i := range wide {
		for j := range d {
			a.Set(i, j, rng.NormFloat64())
		}
	}
	var back, gram mat.Dense
	gram.Mul(a.T(), a)
	if err := back.Solve(&gram, a.T()); err != nil {
		t.Fatal(err)
	}
	e := draw(t, model(t, d, 4), 1, 0, 1, 2, 3, 4)[0]
	mixed, err := e.Through(a)
	if err != nil {
		t.Fatal(err)
	}
	again, err := mixed.Through(&back)
	if err != nil {
		t.Fatal(err)
	}
	subset, w := []int{1, 3}, []float64{.5, -2}
	near(t, "violation through a map", again.Violation(subset, w), e.Violation(subset, w), 1e-9)
	near(t, "risk through a map", again.Risk(subset, w), e.Risk(subset, w), 1e-9)
}

func TestLearn(t *testing.T) {
	const d = 6
	s := model(t, d, 2)
	envs := draw(t, s, 40, sitesOf(d)...)
	class, err := Candidates(t.Context(), envs[:8], d)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := Learn(t.Context(), class, envs, .1)
	if err != nil {
		t.Fatal(err)
	}
	causes := s.Causes()
	if !slices.ContainsFunc(kept, func(p Predictor) bool { return slices.Equal(p.Subset, causes.Subset) }) {
		t.Error("the causes are not kept")
	}
	for i, p := range kept {
		if p.MaxViolation > .1 || p.Rate(envs, .1) > 0 {
			t.Errorf("kept with a violation of %v", p.MaxViolation)
		}
		if i > 0 && p.Risk < kept[i-1].Risk {
			t.Error("not in order of risk")
		}
	}
	// In one environment all are optimal.
	if class, err = Candidates(t.Context(), envs[:1], d); err != nil {
		t.Fatal(err)
	}
	if kept, err = Learn(t.Context(), class, envs[:1], 1e-9); err != nil || len(kept) != 1<<d-1 {
		t.Errorf("one environment: kept %d of %d, %v", len(kept), 1<<d-1, err)
	}
}

func TestClassSize(t *testing.T) {
	for _, tt := range []struct {
		d, size int
		want    float64
	}{{6, 6, 63}, {6, 9, 63}, {5, 2, 15}, {24, 3, 2324}} {
		if got := ClassSize(tt.d, tt.size); got != tt.want {
			t.Errorf("up to %d of %d: %v, want %v", tt.size, tt.d, got, tt.want)
		}
	}
	envs := draw(t, model(t, 5, 1), 2, 0)
	class, err := Candidates(t.Context(), envs, 2)
	if err != nil || len(class) != 15 {
		t.Fatalf("%d candidates, %v", len(class), err)
	}
	seen := map[string]bool{}
	for _, p := range class {
		seen[fmt.Sprint(p.Subset)] = true
		if !slices.IsSorted(p.Subset) || len(p.Subset) > 2 {
			t.Errorf("subset %v", p.Subset)
		}
	}
	if len(seen) != 15 {
		t.Errorf("%d of 15 subsets differ", len(seen))
	}
}

func TestDimension(t *testing.T) {
	for _, d := range []int{4, 8, 16} {
		s := model(t, d, 1)
		all, err := Dimension(draw(t, s, 200, sitesOf(d)...))
		if err != nil {
			t.Fatal(err)
		}
		two, err := Dimension(draw(t, s, 200, s.Target, s.Target+1)) // the target's effects
		if err != nil {
			t.Fatal(err)
		}
		if two > 12 {
			t.Errorf("%d covariates, 2 sites: dimension %d", d, two)
		}
		if all < d*d/2 {
			t.Errorf("%d covariates, all sites: dimension %d", d, all)
		}
	}
	if n, err := Dimension(draw(t, model(t, 4, 1), 10)); err != nil || n != 1 {
		t.Errorf("without interventions: dimension %d, %v", n, err)
	}
}

func TestBound(t *testing.T) {
	for _, tt := range []struct {
		n     int
		class float64
		want  float64
	}{{2, 63, 1}, {16, 63, .446}, {32, 63, .223}, {16, 255, .534}, {32, 255, .267}} {
		got, err := Bound(tt.n, tt.class, .05)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "bound", got, tt.want, 1e-3)
	}
}

func TestRefuses(t *testing.T) {
	s := model(t, 4, 1)
	envs := draw(t, s, 3, 0, 1)
	cyclic := SEM{Theta: mat.NewDense(2, 2, []float64{0, 1, 0, 0}), NoiseVar: []float64{1, 1}}
	twins := Environment{XX: mat.NewSymDense(2, []float64{1, 1, 1, 1}), XY: []float64{1, 1}, YY: 1}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Learn(cancelled, []Predictor{s.Causes()}, envs, .1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for name, call := range map[string]func() error{
		"small model":     func() error { _, err := RandomSEM(2, 2, random.New(1, 1)); return err },
		"cycle":           func() error { _, err := cyclic.Environment(); return err },
		"no samples":      func() error { _, _, err := s.Sample(0, nil); return err },
		"site":            func() error { _, err := s.Draw(Family{Sites: []int{4}}, 1, nil); return err },
		"variances":       func() error { _, err := s.Draw(Family{VarLo: 2, VarHi: 1}, 1, nil); return err },
		"targets":         func() error { _, err := Measure(mat.NewDense(2, 2, nil), []float64{1}); return err },
		"NaN":             func() error { _, err := Measure(mat.NewDense(1, 1, []float64{math.NaN()}), []float64{1}); return err },
		"map":             func() error { _, err := envs[0].Through(mat.NewDense(2, 3, nil)); return err },
		"no environments": func() error { _, err := Learn(t.Context(), nil, nil, .1); return err },
		"eps":             func() error { _, err := Learn(t.Context(), nil, envs, math.NaN()); return err },
		"mixed sizes":     func() error { _, err := Fit([]Environment{envs[0], twins}, []int{0}); return err },
		"predictor": func() error {
			_, err := Learn(t.Context(), []Predictor{{Subset: []int{4}, W: []float64{1}}}, envs, 1)
			return err
		},
		"no subsets":       func() error { _, err := Candidates(t.Context(), envs, 0); return err },
		"covariate":        func() error { _, err := Fit(envs, []int{4}); return err },
		"nothing":          func() error { _, err := Fit(envs, nil); return err },
		"dependent":        func() error { _, err := Fit([]Environment{twins}, []int{0, 1}); return err },
		"probability":      func() error { _, err := Bound(1, 1, 0); return err },
		"empty class":      func() error { _, err := Bound(1, 0, .1); return err },
		"none to test for": func() error { _, err := Bound(0, 1, .1); return err },
	} {
		if call() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// A dependent subset is left out, the others stay.
	if class, err := Candidates(t.Context(), []Environment{twins}, 2); err != nil || len(class) != 2 {
		t.Errorf("twins: %d candidates, %v", len(class), err)
	}
}

// All subsets of 8 covariates on 16 environments, and beside it the plain
// regression on all covariates.
func BenchmarkStep(b *testing.B) {
	s, err := RandomSEM(8, 2, random.New(1, 62))
	if err != nil {
		b.Fatal(err)
	}
	models, err := s.Draw(Family{Sites: []int{1, 5}, WeightRange: 1.5, VarLo: .5, VarHi: 2}, 16, random.New(9, 62))
	if err != nil {
		b.Fatal(err)
	}
	envs, err := Environments(models)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("learn", func(b *testing.B) {
		for b.Loop() {
			class, err := Candidates(b.Context(), envs[:8], 8)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := Learn(b.Context(), class, envs[8:], .1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("regression", func(b *testing.B) {
		for b.Loop() {
			if _, err := Fit(envs, sitesOf(8)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
