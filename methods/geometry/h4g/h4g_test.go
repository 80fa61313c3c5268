package h4g

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/geometry/hyperbolic"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

func Example() {
	// Two topics, and items along them; the text of one class is much shorter.
	items := mat.NewDense(4, 2, []float64{3, .5, 2, .2, .4, 3, .3, 2})
	classes := mat.NewDense(2, 2, []float64{3, 0, 0, 1})
	for _, scale := range []float64{1, .02} {
		r, err := Fixed(items, classes, 3, scale)
		if err != nil {
			fmt.Println(err)
			return
		}
		pred, err := r.Predict(items, classes)
		fmt.Println(scale, pred, err)
	}
	// Output:
	// 1 [1 1 1 1] <nil>
	// 0.02 [0 0 1 1] <nil>
}

// problem has items around the texts of their classes, whose lengths differ.
func problem(rng *rand.Rand, n, k, d int) (items, classes *mat.Dense, labels []int) {
	items, classes, labels = mat.NewDense(n, d, nil), mat.NewDense(k, d, nil), make([]int, n)
	for c := range k {
		for j := range d {
			classes.Set(c, j, rng.NormFloat64())
		}
		floats.Scale(.5+rng.Float64(), classes.RawRowView(c))
	}
	for i := range n {
		labels[i] = rng.IntN(k)
		for j := range d {
			items.Set(i, j, classes.At(labels[i], j)+.5*rng.NormFloat64())
		}
	}
	return items, classes, labels
}

func TestFixed(t *testing.T) {
	rng := random.New(1, 9)
	items, classes, _ := problem(rng, 50, 5, 8)
	one, err := Fixed(items, classes, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	smaller, err := Fixed(items, classes, 3, .1)
	if err != nil {
		t.Fatal(err)
	}
	before, after := radii(t, one, items), radii(t, smaller, items)
	if mean := floats.Sum(before) / 50; math.Abs(mean-6) > 1e-9 {
		t.Errorf("mean radius %v", mean)
	}
	for i := range before {
		if math.Abs(after[i]-.1*before[i]) > 1e-9 {
			t.Errorf("radius %v, was %v", after[i], before[i])
		}
	}
}

func radii(t *testing.T, r *Reducer, items *mat.Dense) []float64 {
	t.Helper()
	z, err := r.Items(items)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Radii(z)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFit(t *testing.T) {
	rng := random.New(2, 9)
	items, classes, labels := problem(rng, 200, 6, 8)
	fixed, err := Fixed(items, classes, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	right := func(r *Reducer) int {
		pred, err := r.Predict(items, classes)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i, y := range pred {
			if y == labels[i] {
				n++
			}
		}
		return n
	}
	before := radii(t, fixed, items)
	for _, form := range []Form{Full, Scale, Blocks, Rotations} {
		r, err := Fit(t.Context(), items, classes, labels, Config{Form: form, Lambda: .1, Steps: 60})
		if err != nil {
			t.Fatal(err)
		}
		after := radii(t, r, items)
		switch form {
		case Full, Scale:
			if floats.Sum(after) > .7*floats.Sum(before) {
				t.Errorf("form %d: the radii go from %v to %v", form, floats.Sum(before)/200, floats.Sum(after)/200)
			}
			if right(r) < right(fixed)+20 {
				t.Errorf("form %d: %d right, %d without", form, right(r), right(fixed))
			}
		case Rotations:
			if !floats.EqualApprox(before, after, 1e-5) {
				t.Error("rotations change radii")
			}
			if right(r) != right(fixed) {
				t.Errorf("rotations: %d right, %d without", right(r), right(fixed))
			}
		}
		if (form == Blocks || form == Rotations) != (r.LogScale == 0) {
			t.Errorf("form %d: s = %v", form, r.LogScale)
		}
	}
}

// The graph's loss is the formula's, and its gradient that of finite differences.
func TestLoss(t *testing.T) {
	rng := random.New(3, 9)
	const n, k, d, tau = 7, 3, 4, .5
	items, classes, labels := problem(rng, n, k, d)
	r, err := Fixed(items, classes, 1, .8)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Blocks {
		r.Blocks[i] += .3 * rng.NormFloat64()
	}
	truth := make([]float32, n*k)
	for i, y := range labels {
		truth[i*k+y] = 1
	}
	config := Config{Lambda: .3}
	loss, err := train.NewLoss(2, func(in []*graph.Node) *graph.Node {
		return lossGraph(config, in[0], in[1], in[2:4], in[4:6], in[6])
	})
	if err != nil {
		t.Fatal(err)
	}
	x, y := halves(items, r.ItemScale), halves(classes, r.ClassScale)
	call := func() (float64, [][]float32) {
		b := make([]float32, len(r.Blocks))
		for i, v := range r.Blocks {
			b[i] = float32(v)
		}
		s := []float32{float32(r.LogScale), float32(-math.Log(tau))}
		l, g, err := loss.Call(tensors.FromFlatDataAndDimensions(b, len(b)), tensors.FromFlatDataAndDimensions(s, 2), x[0], x[1], y[0], y[1], tensors.FromFlatDataAndDimensions(truth, n, k))
		if err != nil {
			t.Fatal(err)
		}
		return l, g
	}
	formula := func() float64 {
		z, err := r.Items(items)
		if err != nil {
			t.Fatal(err)
		}
		c, err := r.Classes(classes)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, y := range labels {
			logits := make([]float64, k)
			for j := range k {
				d, err := hyperbolic.Ball{}.Dist(z.RawRowView(i), c.RawRowView(j))
				if err != nil {
					t.Fatal(err)
				}
				logits[j] = -d / tau
			}
			sum += (floats.LogSumExp(logits) - logits[y]) / n
		}
		for _, points := range []*mat.Dense{z, c} {
			radii, err := Radii(points)
			if err != nil {
				t.Fatal(err)
			}
			sum += config.Lambda * floats.Sum(radii) / float64(len(radii))
		}
		return sum
	}
	got, grads := call()
	if want := formula(); math.Abs(got-want) > 1e-5*want {
		t.Errorf("loss %v, formula %v", got, want)
	}
	check := func(what string, at *float64, got float32) {
		const h = 1e-5
		old := *at
		*at = old + h
		up := formula()
		*at = old - h
		down := formula()
		*at = old
		if want := (up - down) / (2 * h); math.Abs(float64(got)-want) > 1e-4*(1+math.Abs(want)) {
			t.Errorf("gradient by %s: %v, finite difference %v", what, got, want)
		}
	}
	for i := range r.Blocks {
		check(fmt.Sprintf("block entry %d", i), &r.Blocks[i], grads[0][i])
	}
	check("s", &r.LogScale, grads[1][0])
}

func TestErrors(t *testing.T) {
	rng := random.New(4, 9)
	items, classes, labels := problem(rng, 10, 3, 4)
	odd, oddClasses, _ := problem(rng, 10, 3, 5)
	bad := mat.DenseCopyOf(items)
	bad.Set(3, 1, math.NaN())
	r, err := Fixed(items, classes, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	fit := func(items, classes *mat.Dense, labels []int, c Config) error {
		_, err := Fit(t.Context(), items, classes, labels, c)
		return err
	}
	for name, f := range map[string]func() error{
		"odd":        func() error { return fit(odd, oddClasses, labels, Config{}) },
		"dimensions": func() error { return fit(items, oddClasses, labels, Config{}) },
		"labels":     func() error { return fit(items, classes, labels[1:], Config{}) },
		"label":      func() error { return fit(items, classes, make([]int, 9), Config{}) },
		"range":      func() error { return fit(items, classes, []int{0, 0, 0, 0, 0, 0, 0, 0, 0, 3}, Config{}) },
		"NaN":        func() error { return fit(bad, classes, labels, Config{}) },
		"zero":       func() error { return fit(mat.NewDense(10, 4, nil), classes, labels, Config{}) },
		"config":     func() error { return fit(items, classes, labels, Config{Lambda: -1}) },
		"form":       func() error { return fit(items, classes, labels, Config{Form: 9}) },
		"scale":      func() error { _, err := Fixed(items, classes, 3, 0); return err },
		"predict":    func() error { _, err := r.Predict(odd, classes); return err },
		"classes":    func() error { _, err := r.Predict(items, oddClasses); return err },
		"outside":    func() error { _, err := Radii(mat.NewDense(1, 2, []float64{1, 1})); return err },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(ctx, items, classes, labels, Config{}); err == nil {
		t.Error("no error of a context that is done")
	}
}

// BenchmarkFit is ten steps over 600 items of 64 numbers and 12 classes, with the
// reduction, and with what cannot reduce as the plain baseline.
func BenchmarkFit(b *testing.B) {
	rng := random.New(5, 9)
	items, classes, labels := problem(rng, 600, 12, 64)
	for _, f := range []struct {
		name string
		form Form
	}{{"H4G", Full}, {"rotations", Rotations}} {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Fit(b.Context(), items, classes, labels, Config{Form: f.form, Steps: 10}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(10*float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}
