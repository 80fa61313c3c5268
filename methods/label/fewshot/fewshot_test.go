package fewshot

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
)

// task is a few-shot task of k classes.
func task(seed uint64, k, shots, queries int) (support *mat.Dense, labels []int, query *mat.Dense, truth []int) {
	p, y := blobs(random.New(seed, 6), k, shots+queries, 6, shots, .9)
	support, query = mat.NewDense(k*shots, 6, nil), mat.NewDense(k*queries, 6, nil)
	for i, c := range y {
		if p.Labels[i] >= 0 {
			support.SetRow(len(labels), p.X.RawRowView(i))
			labels = append(labels, c)
		} else {
			query.SetRow(len(truth), p.X.RawRowView(i))
			truth = append(truth, c)
		}
	}
	return support, labels, query, truth
}

func agree(a, b []int) float64 {
	n := 0.
	for i := range a {
		if a[i] == b[i] {
			n++
		}
	}
	return n / float64(len(a))
}

func TestAssign(t *testing.T) {
	var one, all float64
	for seed := range uint64(30) {
		support, labels, queries, truth := task(seed, 4, 1, 20)
		near, err := NearestPrototype(support, labels, queries, 4, false)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Assign(t.Context(), support, labels, queries, 4, Options{})
		if err != nil {
			t.Fatal(err)
		}
		one, all = one+agree(near, truth)/30, all+agree(r.Labels, truth)/30
		if n, k := r.Soft.Dims(); n != 80 || k != 4 || len(r.Labels) != 80 {
			t.Fatalf("%d labels, soft %d x %d", len(r.Labels), n, k)
		}
	}
	if all < one+.03 {
		t.Errorf("together %.3f, alone %.3f: clustering brings nothing", all, one)
	}
}

// Numbering the classes otherwise numbers the answer otherwise.
func TestPermutedClasses(t *testing.T) {
	support, labels, queries, _ := task(1, 4, 2, 15)
	perm := []int{2, 0, 3, 1}
	other := make([]int, len(labels))
	for i, y := range labels {
		other[i] = perm[y]
	}
	for _, o := range []Options{{}, {Mode: Modes}, {Lambda: .7, CenterShift: true}, {Lambda: .7, Mode: Modes}, {Lambda: .7, Monotone: true}} {
		a, err := Assign(t.Context(), support, labels, queries, 4, o)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Assign(t.Context(), support, other, queries, 4, o)
		if err != nil {
			t.Fatal(err)
		}
		for i, y := range a.Labels {
			if b.Labels[i] != perm[y] {
				t.Fatalf("%+v: query %d is of class %d, want %d", o, i, b.Labels[i], perm[y])
			}
		}
	}
}

func TestLaplacianShotKeepsPrototypes(t *testing.T) {
	support, labels, queries, _ := task(2, 3, 2, 10)
	r, err := LaplacianShot(t.Context(), support, labels, queries, 3, Options{Lambda: .5})
	if err != nil {
		t.Fatal(err)
	}
	if !mat.Equal(r.First, r.Prototypes) || len(r.Energy) != 1 {
		t.Errorf("the prototypes move, in %d rounds", len(r.Energy))
	}
}

func TestCenterShift(t *testing.T) {
	support, labels, queries, _ := task(3, 3, 2, 10)
	p, err := join(support, labels, queries, 3, true)
	if err != nil {
		t.Fatal(err)
	}
	want, got := Mean(support), Mean(p.X.Slice(6, 36, 0, 6).(*mat.Dense))
	for j := range want {
		if math.Abs(got[j]-want[j]) > 1e-12 {
			t.Errorf("the queries' mean is %v, want %v", got, want)
			break
		}
	}
}

func TestKNNAffinity(t *testing.T) {
	x := mat.NewDense(4, 1, []float64{0, 1, 3, 7})
	w, err := KNNAffinity(x, 1)
	if err != nil {
		t.Fatal(err)
	}
	// 0 and 1 have each other, 3 has 1, 7 has 3.
	want := [][]float32{{0, 1, 0, 0}, {1, 0, .5, 0}, {0, .5, 0, .5}, {0, 0, .5, 0}}
	for i := range 4 {
		got := make([]float32, 4)
		cols, vals := w.Row(i)
		for k, c := range cols {
			got[c] = vals[k]
		}
		if !slices.Equal(got, want[i]) {
			t.Errorf("row %d: %v, want %v", i, got, want[i])
		}
	}
	if b, err := Bandwidth(x); err != nil || math.Abs(b-math.Sqrt((1+9+49+1+4+36+9+4+16+49+36+16)/12.)) > 1e-12 {
		t.Errorf("bandwidth %v, %v", b, err)
	}
	if _, err := Bandwidth(mat.NewDense(2, 1, nil)); err == nil {
		t.Error("points that coincide: no error")
	}
}

func TestCL2N(t *testing.T) {
	x := mat.NewDense(2, 2, []float64{4, 5, 1, 1})
	if err := CL2N(x, []float64{1, 1}); err != nil {
		t.Fatal(err)
	}
	if !mat.EqualApprox(x, mat.NewDense(2, 2, []float64{.6, .8, 0, 0}), 1e-15) {
		t.Errorf("%v", x.RawMatrix().Data)
	}
	if CL2N(x, []float64{1}) == nil {
		t.Error("a short mean: no error")
	}
}

func TestErrors(t *testing.T) {
	x := mat.NewDense(2, 2, []float64{0, 0, 1, 1})
	nan := mat.NewDense(1, 2, []float64{math.NaN(), 0})
	wide := mat.NewDense(1, 3, nil)
	small, err := sparse.New(2, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	negative, err := sparse.New(4, 4, []sparse.Entry{{Val: -1}})
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]struct {
		support *mat.Dense
		labels  []int
		queries *mat.Dense
		k       int
		o       Options
	}{
		"no examples":           {nil, nil, x, 2, Options{}},
		"no queries":            {x, []int{0, 1}, &mat.Dense{}, 2, Options{}},
		"too few labels":        {x, []int{0}, x, 2, Options{}},
		"other dimensions":      {x, []int{0, 1}, wide, 2, Options{}},
		"not a number":          {x, []int{0, 1}, nan, 2, Options{}},
		"a class too many":      {x, []int{0, 2}, x, 2, Options{}},
		"a negative label":      {x, []int{0, -1}, x, 2, Options{}},
		"a class without any":   {x, []int{0, 0}, x, 2, Options{}},
		"no classes":            {x, []int{0, 0}, x, 0, Options{}},
		"negative weight":       {x, []int{0, 1}, x, 2, Options{Lambda: -1}},
		"weight not a number":   {x, []int{0, 1}, x, 2, Options{Lambda: math.NaN()}},
		"unknown mode":          {x, []int{0, 1}, x, 2, Options{Mode: 7}},
		"neighbours not enough": {x, []int{0, 1}, x, 2, Options{Lambda: 1, Neighbours: 4}},
		"affinity too small":    {x, []int{0, 1}, x, 2, Options{Lambda: 1, Affinity: small}},
		"negative affinity":     {x, []int{0, 1}, x, 2, Options{Lambda: 1, Affinity: negative}},
	} {
		if _, err := Assign(t.Context(), call.support, call.labels, call.queries, call.k, call.o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// An episode of 5 classes with 5 examples and 15 queries each, of 64 dimensions.
func BenchmarkAssign(b *testing.B) {
	p, y := blobs(random.New(1, 0), 5, 20, 64, 5, 1)
	support, queries := mat.NewDense(25, 64, nil), mat.NewDense(75, 64, nil)
	var labels []int
	n := 0
	for i := range y {
		if p.Labels[i] >= 0 {
			support.SetRow(len(labels), p.X.RawRowView(i))
			labels = append(labels, y[i])
		} else {
			queries.SetRow(n, p.X.RawRowView(i))
			n++
		}
	}
	b.Run("nearest prototype", func(b *testing.B) {
		for b.Loop() {
			if _, err := NearestPrototype(support, labels, queries, 5, true); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, c := range []struct {
		name string
		o    Options
	}{{"K-means", Options{}}, {"SLK-means", Options{Lambda: .7}}, {"SLK-modes", Options{Lambda: .7, Mode: Modes}}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Assign(b.Context(), support, labels, queries, 5, c.o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
