package svm

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
)

// clouds are two overlapping clouds in the plane, one row in ratio positive.
func clouds(t testing.TB, n, ratio int, apart float64) (*sparse.Matrix, []bool) {
	t.Helper()
	rng := random.New(1, 2)
	var entries []sparse.Entry
	y := make([]bool, n)
	for i := range n {
		y[i] = i%ratio == 0
		shift := -apart
		if y[i] {
			shift = apart
		}
		for c := range int32(2) {
			entries = append(entries, sparse.Entry{Row: int32(i), Col: c, Val: float32(rng.NormFloat64() + shift)})
		}
	}
	x, err := sparse.New(n, 2, entries)
	if err != nil {
		t.Fatal(err)
	}
	return x, y
}

// At the optimum the gradient of each variable is 0, or points out of its bounds,
// and the weights are those of the variables.
func TestKKT(t *testing.T) {
	x, y := clouds(t, 300, 5, .7)
	for _, o := range []Options{{C: .5}, {C: .5, Hinge: true}, {C: .05, Balanced: true}, {C: 1, Hinge: true, Balanced: true}} {
		o.Tolerance, o.Rounds = 1e-5, 1_000_000
		m, err := Fit(context.Background(), x, y, o)
		if err != nil {
			t.Fatal(err)
		}
		if !m.Converged {
			t.Errorf("%+v: not converged", o)
		}
		positive := 0
		for _, p := range y {
			if p {
				positive++
			}
		}
		w := make([]float64, 3)
		for i, score := range m.Scores(x) {
			sign, c := -1., o.C
			if y[i] {
				sign = 1
			}
			if o.Balanced {
				if y[i] {
					c *= float64(len(y)) / float64(2*positive)
				} else {
					c *= float64(len(y)) / float64(2*(len(y)-positive))
				}
			}
			upper, diag := math.Inf(1), .5/c
			if o.Hinge {
				upper, diag = c, 0
			}
			a := m.Dual[i]
			g := sign*float64(score) - 1 + diag*a
			if a < 0 || a > upper || a > 0 && g > 1e-3 || a < upper && g < -1e-3 {
				t.Errorf("%+v: row %d has a = %g of %g with gradient %g", o, i, a, upper, g)
			}
			_, vals := x.Row(i)
			w[0], w[1], w[2] = w[0]+a*sign*float64(vals[0]), w[1]+a*sign*float64(vals[1]), w[2]+a*sign
		}
		for k, want := range w {
			got := float64(m.Bias)
			if k < 2 {
				got = float64(m.Weights[k])
			}
			if math.Abs(got-want) > 1e-3*max(1, math.Abs(want)) {
				t.Errorf("%+v: weight %d is %g, and the rows' %g", o, k, got, want)
			}
		}
	}
}

// Two points on a line: the margin is known.
func TestByHand(t *testing.T) {
	x, err := sparse.New(2, 1, []sparse.Entry{{Row: 0, Col: 0, Val: 1}, {Row: 1, Col: 0, Val: -1}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Fit(context.Background(), x, []bool{true, false}, Options{C: 100, Hinge: true, Tolerance: 1e-6})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(float64(m.Weights[0])-1) > 1e-4 || math.Abs(float64(m.Bias)) > 1e-4 {
		t.Errorf("w = %g, b = %g, want 1 and 0", m.Weights[0], m.Bias)
	}
}

func TestBalancedWeighsTheRareClassUp(t *testing.T) {
	x, y := clouds(t, 1000, 50, .5)
	recall := func(o Options) int {
		m, err := Fit(context.Background(), x, y, o)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for i, s := range m.Scores(x) {
			if y[i] && s > 0 {
				found++
			}
		}
		return found
	}
	if plain, balanced := recall(Options{C: .1}), recall(Options{C: .1, Balanced: true}); balanced <= plain {
		t.Errorf("%d of the rare class are found when balanced, and %d when not", balanced, plain)
	}
}

func TestSameSeedSameModel(t *testing.T) {
	x, y := clouds(t, 200, 4, .5)
	a, _ := Fit(context.Background(), x, y, Options{Seed: 3})
	b, _ := Fit(context.Background(), x, y, Options{Seed: 3})
	if !slices.Equal(a.Weights, b.Weights) || !slices.Equal(a.Dual, b.Dual) {
		t.Error("two models of one seed differ")
	}
}

func TestErrors(t *testing.T) {
	x, y := clouds(t, 10, 2, 1)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for name, f := range map[string]func() (*Model, error){
		"labels":    func() (*Model, error) { return Fit(context.Background(), x, y[:9], Options{}) },
		"one class": func() (*Model, error) { return Fit(context.Background(), x, make([]bool, 10), Options{}) },
		"C":         func() (*Model, error) { return Fit(context.Background(), x, y, Options{C: -1}) },
		"NaN":       func() (*Model, error) { return Fit(context.Background(), x, y, Options{C: math.NaN()}) },
		"cancelled": func() (*Model, error) { return Fit(cancelled, x, y, Options{}) },
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func ExampleFit() {
	x, _ := sparse.New(3, 1, []sparse.Entry{{Row: 0, Col: 0, Val: 2}, {Row: 1, Col: 0, Val: 1}, {Row: 2, Col: 0, Val: -1}})
	m, err := Fit(context.Background(), x, []bool{true, true, false}, Options{})
	if err != nil {
		panic(err)
	}
	for _, s := range m.Scores(x) {
		fmt.Println(s > 0)
	}
	// Output:
	// true
	// true
	// false
}

func BenchmarkFit(b *testing.B) {
	x, y := clouds(b, 5000, 100, .5)
	for b.Loop() {
		if _, err := Fit(context.Background(), x, y, Options{C: .01, Balanced: true}); err != nil {
			b.Fatal(err)
		}
	}
}
