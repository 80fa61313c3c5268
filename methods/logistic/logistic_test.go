package logistic

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

func Example() {
	x := mat.NewDense(4, 1, []float64{-2, -1, 1, 2})
	m, err := Fit(context.Background(), x, []int{0, 0, 1, 1}, 2, 10)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := m.Probabilities(mat.NewDense(2, 1, []float64{0, 3}))
	fmt.Printf("%.2f %.2f %v\n", p.At(0, 1), p.At(1, 1), err)
	// Output: 0.50 1.00 <nil>
}

// clouds are rows around a centre for each of 3 classes.
func clouds(n, dim int, seed uint64) (*mat.Dense, []int) {
	rng := random.New(seed, 0)
	x, y := mat.NewDense(n, dim, nil), make([]int, n)
	for i := range y {
		y[i] = i % 3
		for j := range dim {
			x.Set(i, j, rng.NormFloat64())
		}
		x.Set(i, y[i], x.At(i, y[i])+2)
	}
	return x, y
}

func TestGradient(t *testing.T) {
	x, y := clouds(20, 4, 1)
	o := &objective{x: x, labels: y, weights: make([]float64, 20), c: 3}
	for i := range o.weights {
		o.weights[i] = float64(i % 4)
	}
	w, v := make([]float64, 3*5), make([]float64, 3*5)
	rng := random.New(2, 0)
	for i := range w {
		w[i], v[i] = rng.NormFloat64(), rng.NormFloat64()
	}
	_, got, p := o.at(w, 3)
	want := fd.Gradient(nil, func(w []float64) float64 { l, _, _ := o.at(w, 3); return l }, w, &fd.Settings{Formula: fd.Central})
	if !floats.EqualApprox(got, want, 1e-5) {
		t.Errorf("gradient %v, finite differences %v", got, want)
	}
	curve := o.curve(v, p, 3)
	for i, h := range curve {
		along := func(s float64) float64 {
			_, g, _ := o.at(floats.AddScaledTo(make([]float64, len(w)), w, s, v), 3)
			return g[i]
		}
		if d := fd.Derivative(along, 0, &fd.Settings{Formula: fd.Central}); math.Abs(d-h) > 1e-5*(1+math.Abs(h)) {
			t.Errorf("Hessian times direction, %d: %v, finite difference %v", i, h, d)
		}
	}
}

func TestFit(t *testing.T) {
	x, y := clouds(300, 5, 3)
	m, err := Fit(t.Context(), x, y, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	// At the optimum the biases make the mean probabilities those of the classes.
	p, err := m.Probabilities(x)
	if err != nil {
		t.Fatal(err)
	}
	for k := range 3 {
		if got := floats.Sum(mat.Col(nil, k, p)); math.Abs(got-100) > 1e-3 {
			t.Errorf("class %d: %v expected examples, want 100", k, got)
		}
	}
	test, truth := clouds(300, 5, 4)
	pred, err := m.Predict(test)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, c := range pred {
		if c == truth[i] {
			right++
		}
	}
	if right < 230 {
		t.Errorf("%d of 300 right", right)
	}
	// A class without examples becomes improbable, and nothing else happens.
	if m, err = Fit(t.Context(), x, y, 4, 1); err != nil {
		t.Fatal(err)
	}
	if pred, _ = m.Predict(test); slices.Contains(pred, 3) {
		t.Error("a class without examples is predicted")
	}
}

// A weight of 2 is the same as the example twice, one of 0 as none.
func TestWeights(t *testing.T) {
	x, y := clouds(60, 4, 5)
	weights := make([]float64, 60)
	var rows []int
	for i := range weights {
		weights[i] = float64(i % 3)
		for range i % 3 {
			rows = append(rows, i)
		}
	}
	often, labels := mat.NewDense(len(rows), 4, nil), make([]int, len(rows))
	for k, i := range rows {
		often.SetRow(k, x.RawRowView(i))
		labels[k] = y[i]
	}
	a, err := FitWeighted(t.Context(), x, y, weights, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Fit(t.Context(), often, labels, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.EqualApprox(a.W, b.W, 1e-5) {
		t.Errorf("weights %v, want %v", mat.Formatted(a.W), mat.Formatted(b.W))
	}
}

func TestErrors(t *testing.T) {
	x, y := clouds(6, 3, 1)
	bad := mat.DenseCopyOf(x)
	bad.Set(2, 1, math.NaN())
	for name, f := range map[string]func() error{
		"rows":  func() error { _, err := Fit(t.Context(), x, y[1:], 3, 1); return err },
		"label": func() error { _, err := Fit(t.Context(), x, y, 2, 1); return err },
		"C":     func() error { _, err := Fit(t.Context(), x, y, 3, 0); return err },
		"weights": func() error {
			_, err := FitWeighted(t.Context(), x, y, []float64{1, 1, 1, 1, 1, -1}, 3, 1)
			return err
		},
		"NaN": func() error { _, err := Fit(t.Context(), bad, y, 3, 1); return err },
		"dim": func() error {
			_, err := (&Model{W: mat.NewDense(2, 2, nil), B: make([]float64, 2)}).Predict(x)
			return err
		},
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(ctx, x, y, 3, 1); err == nil {
		t.Error("no error of a context that is done")
	}
}

// BenchmarkFit is a fit of 600 rows of 64 numbers and 16 classes.
func BenchmarkFit(b *testing.B) {
	x, _ := clouds(600, 64, 1)
	y := make([]int, 600)
	for i := range y {
		y[i] = i % 16
	}
	for b.Loop() {
		if _, err := Fit(b.Context(), x, y, 16, 1); err != nil {
			b.Fatal(err)
		}
	}
}
