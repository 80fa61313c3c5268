package loki

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// path is n labels in a row, one apart.
func path(t testing.TB, n int) *Metric {
	t.Helper()
	return tree(t, func(i int) int { return i - 1 }, n)
}

func tree(t testing.TB, parent func(i int) int, n int) *Metric {
	t.Helper()
	p := make([]int, n)
	for i := range p {
		p[i] = parent(i)
	}
	m, err := FromTree(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// randomTree hangs each node below a random earlier one.
func randomTree(t testing.TB, rng *rand.Rand, n int) *Metric {
	t.Helper()
	return tree(t, func(i int) int {
		if i == 0 {
			return -1
		}
		return rng.IntN(i)
	}, n)
}

func leaves(m *Metric) []int {
	var out []int
	for a := range m.n {
		degree := 0
		for b := range m.n {
			if m.At(a, b) == 1 {
				degree++
			}
		}
		if degree == 1 {
			out = append(out, a)
		}
	}
	return out
}

// probabilities has rows from a flat distribution over the simplex.
func probabilities(rng *rand.Rand, rows, k int) *mat.Dense {
	p := mat.NewDense(rows, k, nil)
	for i := range rows {
		for j := range k {
			p.Set(i, j, rng.ExpFloat64())
		}
		floats.Scale(1/floats.Sum(p.RawRowView(i)), p.RawRowView(i))
	}
	return p
}

func predict(t testing.TB, m *Metric, observed []int, p *mat.Dense) []int {
	t.Helper()
	a, err := New(m, observed)
	if err != nil {
		t.Fatal(err)
	}
	pred, err := a.Predict(p)
	if err != nil {
		t.Fatal(err)
	}
	return pred
}

func TestCompleteGraphIsArgmax(t *testing.T) {
	var edges []Edge
	for a := range 9 {
		for b := range a {
			edges = append(edges, Edge{a, b, 1})
		}
	}
	m, err := FromGraph(9, edges)
	if err != nil {
		t.Fatal(err)
	}
	observed := []int{7, 0, 4, 3, 8}
	p := probabilities(random.New(1, 29), 1000, 5)
	for i, y := range predict(t, m, observed, p) {
		if want := observed[floats.MaxIdx(p.RawRowView(i))]; y != want {
			t.Fatalf("row %d: %d, most probable is %d", i, y, want)
		}
	}
	in, err := m.Locus(t.Context(), observed)
	if err != nil {
		t.Fatal(err)
	}
	if count(in) != len(observed) {
		t.Errorf("locus %v of the observed %v", in, observed)
	}
}

func TestPathRoundsTheMean(t *testing.T) {
	m := path(t, 20)
	observed := []int{13, 0, 19, 6}
	p := probabilities(random.New(2, 29), 1000, len(observed))
	for i, y := range predict(t, m, observed, p) {
		mean := 0.0
		for k, l := range observed {
			mean += p.At(i, k) * float64(l)
		}
		if math.Abs(float64(y)-mean) > .5+1e-9 {
			t.Fatalf("row %d: %d, mean %v", i, y, mean)
		}
	}
	for i := range 20 {
		w := float64(i) / 19
		if y := predict(t, m, []int{0, 19}, mat.NewDense(1, 2, []float64{1 - w, w}))[0]; y != i {
			t.Errorf("weight %v of the far end: %d, want %d", w, y, i)
		}
	}
}

func TestScaleAndOneHot(t *testing.T) {
	rng := random.New(3, 29)
	v := mat.NewDense(12, 3, nil)
	for i := range v.RawMatrix().Data {
		v.RawMatrix().Data[i] = rng.NormFloat64()
	}
	m, err := FromVectors(v)
	if err != nil {
		t.Fatal(err)
	}
	v.Scale(.3, v)
	smaller, err := FromVectors(v)
	if err != nil {
		t.Fatal(err)
	}
	observed := []int{5, 2, 11, 7}
	p := probabilities(rng, 200, 4)
	want := predict(t, m, observed, p)
	if got := predict(t, smaller, observed, p); !slices.Equal(got, want) {
		t.Error("the unit of the distances matters")
	}
	p.Scale(7, p)
	if got := predict(t, m, observed, p); !slices.Equal(got, want) {
		t.Error("the sum of the scores matters")
	}
	one := mat.NewDense(4, 4, nil)
	for i := range 4 {
		one.Set(i, i, 1)
	}
	if got := predict(t, m, observed, one); !slices.Equal(got, observed) {
		t.Errorf("sure of %v: predicted %v", observed, got)
	}
}

func TestTemper(t *testing.T) {
	p := probabilities(random.New(4, 29), 50, 5)
	same, err := Temper(p, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.EqualApprox(p, same, 1e-12) {
		t.Error("temperature 1 changes probabilities")
	}
	m := path(t, 30)
	observed := []int{0, 8, 15, 21, 29}
	cold, err := Temper(p, 1e-3)
	if err != nil {
		t.Fatal(err)
	}
	for i, y := range predict(t, m, observed, cold) {
		if want := observed[floats.MaxIdx(p.RawRowView(i))]; y != want {
			t.Errorf("row %d at a low temperature: %d, most probable %d", i, y, want)
		}
	}
	hot, err := Temper(p, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	for i, y := range predict(t, m, observed, hot) {
		if y != 15 { // the rounded mean of the observed, 14.6
			t.Errorf("row %d at a high temperature: %d", i, y)
		}
	}
}

func TestSuggest(t *testing.T) {
	a, err := New(path(t, 7), []int{0, 6})
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Suggest([]float64{2, 2}, 3)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Suggestion{{3, 9}, {2, 10}, {4, 10}}; !slices.Equal(got, want) {
		t.Errorf("suggested %v, want %v", got, want)
	}
	if got, err = a.Suggest([]float64{1, 0}, 99); err != nil || len(got) != 7 || got[0] != (Suggestion{0, 0}) {
		t.Errorf("suggested %v, %v", got, err)
	}
}

func TestWeightedTreeAndGraph(t *testing.T) {
	m, err := FromTree([]int{-1, 0, 0, 2}, []float64{0, 2, 3, .5})
	if err != nil {
		t.Fatal(err)
	}
	if m.At(1, 3) != 5.5 || m.At(3, 1) != 5.5 || m.At(2, 2) != 0 || m.Len() != 4 {
		t.Errorf("distances %v", m.d)
	}
	// The way round is shorter than the edge.
	g, err := FromGraph(3, []Edge{{0, 1, 10}, {1, 2, 1}, {2, 0, 2}})
	if err != nil {
		t.Fatal(err)
	}
	if g.At(0, 1) != 3 {
		t.Errorf("distance %v, want 3", g.At(0, 1))
	}
	d, err := MeanSquaredDistance(g, []int{0, 2}, []int{1, 2})
	if err != nil || d != 4.5 {
		t.Errorf("mean squared distance %v, %v", d, err)
	}
}

func TestErrors(t *testing.T) {
	m := path(t, 5)
	a, err := New(m, []int{0, 4})
	if err != nil {
		t.Fatal(err)
	}
	row := func(v ...float64) *mat.Dense { return mat.NewDense(1, len(v), v) }
	for name, f := range map[string]func() error{
		"asymmetric":    func() error { _, err := NewMetric(2, []float64{0, 1, 2, 0}); return err },
		"infinite":      func() error { _, err := NewMetric(2, []float64{0, math.Inf(1), math.Inf(1), 0}); return err },
		"NaN":           func() error { _, err := NewMetric(2, []float64{0, math.NaN(), math.NaN(), 0}); return err },
		"diagonal":      func() error { _, err := NewMetric(1, []float64{1}); return err },
		"shape":         func() error { _, err := NewMetric(2, []float64{0}); return err },
		"apart":         func() error { _, err := FromGraph(3, []Edge{{0, 1, 1}}); return err },
		"loop":          func() error { _, err := FromTree([]int{1, 0}, nil); return err },
		"cycle":         func() error { _, err := FromTree([]int{-1, 2, 1}, nil); return err },
		"edge":          func() error { _, err := FromGraph(2, []Edge{{0, 1, 0}}); return err },
		"lengths":       func() error { _, err := FromTree([]int{-1, 0}, []float64{1}); return err },
		"none observed": func() error { _, err := New(m, nil); return err },
		"observed":      func() error { _, err := New(m, []int{5}); return err },
		"twice":         func() error { _, err := New(m, []int{1, 1}); return err },
		"columns":       func() error { _, err := a.Predict(row(1, 0, 0)); return err },
		"negative":      func() error { _, err := a.Predict(row(1, -1)); return err },
		"zero":          func() error { _, err := a.Predict(row(0, 0)); return err },
		"NaN score":     func() error { _, err := a.Suggest([]float64{math.NaN(), 1}, 1); return err },
		"no scores":     func() error { _, err := a.Suggest(nil, 1); return err },
		"tau":           func() error { _, err := Temper(row(1, 1), 0); return err },
		"tempered NaN":  func() error { _, err := Temper(row(1, math.NaN()), 1); return err },
		"tempered zero": func() error { _, err := Temper(row(0, 0), 1); return err },
		"truth":         func() error { _, err := MeanSquaredDistance(m, []int{0}, []int{5}); return err },
		"locus":         func() error { _, err := m.NextInTree([]bool{true}); return err },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
