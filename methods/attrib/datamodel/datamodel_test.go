package datamodel

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// additive is a training algorithm whose outputs are sums over its examples: what
// a datamodel describes exactly. Noise is what a seed adds.
func additive(n, outputs int, noise float64) (g *mat.Dense, bias []float64, train Trainer) {
	rng := random.New(1, 0)
	g, bias = mat.NewDense(n, outputs, nil), make([]float64, outputs)
	for i := range n {
		for k := range outputs {
			g.Set(i, k, rng.NormFloat64())
			bias[k] = float64(k)
		}
	}
	return g, bias, func(_ context.Context, subset []int, seed uint64) ([]float64, error) {
		rng := random.New(seed, 1)
		out := slices.Clone(bias)
		for k := range out {
			for _, i := range subset {
				out[k] += g.At(i, k)
			}
			out[k] += noise * rng.NormFloat64()
		}
		return out, nil
	}
}

func TestExactWhereOutputsAreSums(t *testing.T) {
	const n, outputs = 20, 6
	g, _, train := additive(n, outputs, 0)
	runs, err := Sample(t.Context(), n, 80, .5, 1, train, nil)
	if err != nil {
		t.Fatal(err)
	}
	// All subsets have ten examples, so a constant is free to go between the bias
	// and all of beta: the least penalty decides.
	d, err := Fit(runs, 1e-9)
	if err != nil {
		t.Fatal(err)
	}
	forget := []int{3, 7, 11}
	var retain []int
	for i := range n {
		if !slices.Contains(forget, i) {
			retain = append(retain, i)
		}
	}
	removed, err := d.Removed(forget)
	if err != nil {
		t.Fatal(err)
	}
	for k := range outputs {
		mean := mean(mat.Col(nil, k, d.Beta)) - mean(mat.Col(nil, k, g))
		for i := range n {
			if got := d.Beta.At(i, k) - mean; math.Abs(got-g.At(i, k)) > 1e-6 {
				t.Fatalf("beta of example %d for output %d: %v, want %v", i, k, got, g.At(i, k))
			}
		}
		want := 0.
		for _, i := range forget {
			want += g.At(i, k) + mean
		}
		if math.Abs(removed[k]-want) > 1e-6 {
			t.Errorf("removed from output %d: %v, want %v", k, removed[k], want)
		}
	}
	subset := slices.Clone(retain[:10])
	predicted, err := d.Predict(subset)
	if err != nil {
		t.Fatal(err)
	}
	truth, err := train(t.Context(), subset, 0)
	if err != nil {
		t.Fatal(err)
	}
	for k := range truth {
		if math.Abs(predicted[k]-truth[k]) > 1e-6 {
			t.Errorf("output %d is predicted as %v, and is %v", k, predicted[k], truth[k])
		}
	}
}

// With subsets of all sizes nothing is free, and removing is retraining.
func TestRemovalIsRetraining(t *testing.T) {
	const n, outputs, m = 12, 3, 60
	g, bias, train := additive(n, outputs, 0)
	rng := random.New(2, 0)
	runs := &Runs{mat.NewDense(m, n, nil), mat.NewDense(m, outputs, nil)}
	for i := range m {
		var subset []int
		for j := range n {
			if rng.IntN(2) == 0 {
				subset = append(subset, j)
				runs.Masks.Set(i, j, 1)
			}
		}
		out, err := train(t.Context(), subset, 0)
		if err != nil {
			t.Fatal(err)
		}
		runs.Outputs.SetRow(i, out)
	}
	d, err := Fit(runs, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.EqualApprox(d.Beta, g, 1e-9) {
		t.Error("beta is not what each example adds")
	}
	for k, b := range d.Bias {
		if math.Abs(b-bias[k]) > 1e-9 {
			t.Errorf("bias %v, want %v", b, bias[k])
		}
	}
	causes, err := d.Causes(1, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if g.At(i, 1) > g.At(causes[0], 1) || i != causes[0] && g.At(i, 1) > g.At(causes[1], 1) {
			t.Errorf("causes %v, but example %d adds more", causes, i)
		}
	}
}

func TestValidateFindsThePenalty(t *testing.T) {
	const n = 30
	_, _, train := additive(n, 8, 4)
	runs, err := Sample(t.Context(), n, 60, .5, 3, train, nil)
	if err != nil {
		t.Fatal(err)
	}
	r2, err := Validate(t.Context(), runs, []float64{1e-6, .5, 1e4}, 5)
	if err != nil {
		t.Fatal(err)
	}
	if r2[1] < r2[0]+.02 || r2[1] < r2[2]+.1 || math.Abs(r2[2]) > .05 {
		t.Errorf("R2 %.3f: neither no penalty nor a huge one should win", r2)
	}
	clean := &Runs{runs.Masks, mat.DenseCopyOf(runs.Outputs)}
	_, _, exact := additive(n, 8, 0)
	again, err := Sample(t.Context(), n, 60, .5, 3, exact, nil)
	if err != nil {
		t.Fatal(err)
	}
	clean.Outputs = again.Outputs
	if r2, err = Validate(t.Context(), clean, []float64{1e-9}, 5); err != nil || r2[0] < .999 {
		t.Errorf("R2 %v of sums without noise %v", r2, err)
	}
}

func TestMasks(t *testing.T) {
	m, err := Masks(15, 400, .2, random.New(4, 0))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 400 {
		if mat.Sum(m.RowView(i)) != 3 {
			t.Fatalf("a subset of %v examples, want 3", mat.Sum(m.RowView(i)))
		}
	}
	for j := range 15 {
		if share := mat.Sum(m.ColView(j)) / 400; math.Abs(share-.2) > .08 {
			t.Errorf("example %d is in a share %.2f of the subsets", j, share)
		}
	}
}

func TestSampleGivesSeedsAndSubsets(t *testing.T) {
	var calls atomic.Int64
	train := func(_ context.Context, subset []int, seed uint64) ([]float64, error) {
		calls.Add(1)
		if len(subset) != 5 || !slices.IsSorted(subset) {
			return nil, fmt.Errorf("subset %v", subset)
		}
		return []float64{float64(seed % 1000), float64(subset[0])}, nil
	}
	last := 0.
	runs, err := Sample(t.Context(), 10, 7, .5, 5, train, func(done float64) { last = done })
	if err != nil {
		t.Fatal(err)
	}
	again, err := Sample(t.Context(), 10, 7, .5, 5, train, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.Equal(runs.Outputs, again.Outputs) || !mat.Equal(runs.Masks, again.Masks) || calls.Load() != 14 || last != 1 {
		t.Error("the same seed gives other runs")
	}
	if mat.Equal(runs.Outputs.RowView(0), runs.Outputs.RowView(1)) {
		t.Error("all runs have the same seed")
	}
}

func TestErrors(t *testing.T) {
	ok := func(context.Context, []int, uint64) ([]float64, error) { return []float64{1}, nil }
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	sample := func(ctx context.Context, n, m int, alpha float64, train Trainer) error {
		_, err := Sample(ctx, n, m, alpha, 1, train, nil)
		return err
	}
	masks := mat.NewDense(3, 2, []float64{1, 0, 0, 1, 1, 0})
	runs := &Runs{masks, mat.NewDense(3, 1, []float64{1, 2, 1})}
	d, err := Fit(runs, .1)
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("out of memory")
	for name, err := range map[string]error{
		"alpha":    sample(t.Context(), 10, 3, 1, ok),
		"no runs":  sample(t.Context(), 10, 0, .5, ok),
		"one run":  sample(t.Context(), 10, 1, .5, ok),
		"stopped":  sample(stopped, 10, 3, .5, ok),
		"training": sample(t.Context(), 10, 3, .5, func(context.Context, []int, uint64) ([]float64, error) { return nil, failed }),
		"NaN":      sample(t.Context(), 10, 3, .5, func(context.Context, []int, uint64) ([]float64, error) { return []float64{math.NaN()}, nil }),
		"ragged": sample(t.Context(), 10, 20, .5, func(_ context.Context, s []int, _ uint64) ([]float64, error) {
			return make([]float64, 1+s[0]), nil
		}),
		"undetermined": func() error { _, err := Fit(runs, 0); return err }(),
		"penalty":      func() error { _, err := Fit(runs, -1); return err }(),
		"mask of 2": func() error {
			_, err := Fit(&Runs{mat.NewDense(2, 1, []float64{2, 0}), mat.NewDense(2, 1, nil)}, 1)
			return err
		}(),
		"folds":  func() error { _, err := Validate(t.Context(), runs, []float64{1}, 4); return err }(),
		"forget": func() error { _, err := d.Removed([]int{2}); return err }(),
		"output": func() error { _, err := d.Causes(1, 1); return err }(),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := sample(t.Context(), 10, 3, .5, func(context.Context, []int, uint64) ([]float64, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Errorf("the trainer's error is lost in %v", err)
	}
}

func mean(x []float64) float64 {
	sum := 0.
	for _, v := range x {
		sum += v / float64(len(x))
	}
	return sum
}

// Which of eight numbers made their sum so large?
func ExampleFit() {
	numbers := []float64{1, 1, 1, 1, 9, 1, 1, 1}
	sum := func(_ context.Context, subset []int, _ uint64) ([]float64, error) {
		s := 0.
		for _, i := range subset {
			s += numbers[i]
		}
		return []float64{s}, nil
	}
	runs, err := Sample(context.Background(), len(numbers), 100, .5, 1, sum, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := Fit(runs, .01)
	if err != nil {
		fmt.Println(err)
		return
	}
	causes, err := d.Causes(0, 1)
	fmt.Println(causes, err)
	// Output: [4] <nil>
}

// A fit of 300 examples to 600 runs with 3,000 outputs, beside the plain mean of
// the outputs.
func BenchmarkStep(b *testing.B) {
	const n, m, outputs = 300, 600, 3000
	rng := random.New(6, 0)
	masks, err := Masks(n, m, .5, rng)
	if err != nil {
		b.Fatal(err)
	}
	runs := &Runs{masks, mat.NewDense(m, outputs, nil)}
	for i := range runs.Outputs.RawMatrix().Data {
		runs.Outputs.RawMatrix().Data[i] = rng.NormFloat64()
	}
	b.Run("Fit", func(b *testing.B) {
		for b.Loop() {
			if _, err := Fit(runs, .3); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			centred(runs.Outputs)
		}
	})
}
