package logistic

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// At the optimum each label's gradient is 0: w + C X^T (p - y), the bias too.
func TestOneVsRest(t *testing.T) {
	const c = .7
	x, y := clouds(200, 6, 1)
	labels := make([][]int, len(y))
	for i, l := range y {
		if labels[i] = []int{l}; i%4 == 0 {
			labels[i] = append(labels[i], 3)
		}
		if i%10 == 0 {
			labels[i] = nil
		}
	}
	m, err := FitOneVsRest(t.Context(), x, labels, 5, c) // nobody has label 4
	if err != nil {
		t.Fatal(err)
	}
	scores, err := m.Scores(x)
	if err != nil {
		t.Fatal(err)
	}
	var grad mat.Dense
	grad.CloneFrom(m.W)
	for i := range labels {
		for l := range 5 {
			d := 1 / (1 + math.Exp(-scores.At(i, l)))
			for _, has := range labels[i] {
				if has == l {
					d--
				}
			}
			for j := range 7 {
				v := 1.0
				if j < 6 {
					v = x.At(i, j)
				}
				grad.Set(l, j, grad.At(l, j)+c*d*v)
			}
		}
	}
	if l := mat.Norm(&grad, math.Inf(1)); l > .1 { // of a first gradient of hundreds
		t.Errorf("gradient of length %v", l)
	}
	for i := range labels {
		if scores.At(i, 4) > 0 {
			t.Errorf("row %d is given a label that nobody has", i)
		}
	}
	if _, err := FitOneVsRest(t.Context(), x, labels, 3, c); err == nil {
		t.Error("label 3 of 3 classes: no error")
	}
	if _, err := FitOneVsRest(t.Context(), x, labels[1:], 5, c); err == nil {
		t.Error("a list of labels too few: no error")
	}
	if _, err := m.Scores(mat.NewDense(1, 5, nil)); err == nil {
		t.Error("rows that are too short: no error")
	}
}

// With fewer rows than columns the optimum is found in their span: the same as
// where copies of the rows, for less weight each, make it be sought everywhere.
func TestOneVsRestOfFewRows(t *testing.T) {
	x, y := clouds(8, 20, 2)
	labels := make([][]int, len(y))
	for i, l := range y {
		labels[i] = []int{l}
	}
	few, err := FitOneVsRest(t.Context(), x, labels, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	var often mat.Dense
	often.Stack(x, x)
	for range 2 {
		var more mat.Dense
		more.Stack(&often, x)
		often = more
	}
	many, err := FitOneVsRest(t.Context(), &often, slices.Repeat(labels, 4), 3, .25)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.EqualApprox(few.W, many.W, 1e-3) {
		t.Errorf("weights %v, want %v", mat.Formatted(few.W), mat.Formatted(many.W))
	}
}

// BenchmarkFitOneVsRest is 1,000 rows of 128 numbers and 39 labels, as a tenth of
// BlogCatalog.
func BenchmarkFitOneVsRest(b *testing.B) {
	x, _ := clouds(1000, 128, 1)
	labels := make([][]int, 1000)
	for i := range labels {
		labels[i] = []int{i % 39}
	}
	for b.Loop() {
		if _, err := FitOneVsRest(b.Context(), x, labels, 39, .1); err != nil {
			b.Fatal(err)
		}
	}
}
