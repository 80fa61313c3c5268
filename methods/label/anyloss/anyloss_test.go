package anyloss

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

var metrics = map[string]Metric{
	"accuracy": Accuracy(), "F1": FBeta(1), "F2": FBeta(2), "balanced": Balanced(), "G-mean": GMean(), "MCC": MCC(),
}

func near(a, b, tol float64) bool { return math.Abs(a-b) <= tol*max(1, math.Abs(a), math.Abs(b)) }

// examples are n scores of a size, with every third label positive.
func examples(rng *rand.Rand, n int, size float64) (z []float64, y []bool) {
	for i := range n {
		z = append(z, rng.NormFloat64()*size)
		y = append(y, i%3 == 0)
	}
	return z, y
}

// TestSureScores: where scores are far from 0, the soft metric is the real one.
func TestSureScores(t *testing.T) {
	rng := random.New(1, 20)
	z, y := examples(rng, 40, 1)
	for i := range z {
		z[i] = math.Copysign(20, z[i])
	}
	for name, m := range metrics {
		loss, err := Loss(m, Steepness, z, y, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := 1 - m.Value(Count(z, 0, y)); math.Abs(loss-want) > 1e-12 {
			t.Errorf("%s: loss %v, want %v", name, loss, want)
		}
	}
}

func TestGradients(t *testing.T) {
	rng := random.New(2, 20)
	z, y := examples(rng, 12, .08) // away from where h is 0 or 1
	for name, m := range metrics {
		grad := make([]float64, len(z))
		if _, err := Loss(m, Steepness, z, y, grad); err != nil {
			t.Fatal(err)
		}
		for i := range z {
			const h = 1e-6
			at := func(d float64) float64 {
				moved := slices.Clone(z)
				moved[i] += d
				loss, err := Loss(m, Steepness, moved, y, nil)
				if err != nil {
					t.Fatal(err)
				}
				return loss
			}
			if want := (at(h) - at(-h)) / (2 * h); math.Abs(grad[i]-want) > 1e-5*math.Abs(want)+1e-9 {
				t.Errorf("%s: gradient %d is %v, by differences %v", name, i, grad[i], want)
			}
		}
	}
}

// TestPaperGradients compares the chain rule with the paper's own formulas.
func TestPaperGradients(t *testing.T) {
	rng := random.New(3, 20)
	z, y := examples(rng, 10, .1)
	var n, p, s, tp float64
	h := make([]float64, len(z))
	for i := range z {
		h[i] = Amplify(sigmoid(z[i]), Steepness)
		n++
		s += h[i]
		if y[i] {
			p++
			tp += h[i]
		}
	}
	neg := n - p
	tn := neg - s + tp
	for name, byH := range map[string]func(y float64) float64{
		"accuracy": func(y float64) float64 { return (1 - 2*y) / n },
		"F2":       func(y float64) float64 { return -5 * (y*(4*p+s) - tp) / ((4*p + s) * (4*p + s)) },
		"balanced": func(y float64) float64 { return -(y/p - (1-y)/neg) / 2 },
		"G-mean": func(y float64) float64 {
			return -(y*tn - (1-y)*tp) / (2 * p * neg * math.Sqrt(tp*tn/(p*neg)))
		},
	} {
		grad := make([]float64, len(z))
		if _, err := Loss(metrics[name], Steepness, z, y, grad); err != nil {
			t.Fatal(err)
		}
		for i, positive := range y {
			label := 0.
			if positive {
				label = 1
			}
			q := sigmoid(z[i])
			if want := byH(label) * Steepness * h[i] * (1 - h[i]) * q * (1 - q); !near(grad[i], want, 1e-12) {
				t.Errorf("%s: gradient %d is %v, want %v", name, i, grad[i], want)
			}
		}
	}
}

// TestStart has the closed forms where all scores are 0, as in a first step.
func TestStart(t *testing.T) {
	z, y := make([]float64, 20), make([]bool, 20)
	for i := range 6 {
		y[i] = true
	}
	for name, want := range map[string]float64{
		"accuracy": .5, "balanced": .5, "G-mean": .5, "F1": 1 - 2*3./(6+10), "MCC": 1,
	} {
		if got, err := Loss(metrics[name], Steepness, z, y, nil); err != nil || !near(got, want, 1e-12) {
			t.Errorf("%s: loss %v %v, want %v", name, got, err, want)
		}
	}
}

func TestAccuracyIsMeanDistance(t *testing.T) {
	z, y := examples(random.New(4, 20), 30, .2)
	want := 0.
	for i := range z {
		h := Amplify(sigmoid(z[i]), Steepness)
		if y[i] {
			h = 1 - h
		}
		want += h / float64(len(z))
	}
	if got, err := Loss(Accuracy(), Steepness, z, y, nil); err != nil || !near(got, want, 1e-12) {
		t.Errorf("loss %v %v, want %v", got, err, want)
	}
}

// TestMoreNegatives: how rare the positives are is nothing to the balanced loss.
func TestMoreNegatives(t *testing.T) {
	z, y := examples(random.New(5, 20), 30, .2)
	more, labels := slices.Clone(z), slices.Clone(y)
	for i := range z {
		if !y[i] {
			more, labels = append(more, z[i]), append(labels, false)
		}
	}
	for name, same := range map[string]bool{"balanced": true, "G-mean": true, "F1": false, "accuracy": false} {
		a, err := Loss(metrics[name], Steepness, z, y, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Loss(metrics[name], Steepness, more, labels, nil)
		if err != nil {
			t.Fatal(err)
		}
		if near(a, b, 1e-12) != same {
			t.Errorf("%s: %v with twice the negatives, %v before", name, b, a)
		}
	}
}

func TestSteepness(t *testing.T) {
	if Amplify(1, Steepness) >= 1 || Amplify(1, Steepness+1) < 1 {
		t.Error("73 is not the largest steepness in float64")
	}
	single := func(l float64) float32 { return 1 / (1 + float32(math.Exp(-l/2))) }
	if single(Steepness32) >= 1 || single(Steepness32+1) < 1 {
		t.Error("33 is not the largest steepness in float32")
	}
	if got := Amplify(.5, Steepness); got != .5 {
		t.Errorf("A(1/2) = %v", got)
	}
}

// TestOneClass: nothing to divide by must give numbers all the same.
func TestOneClass(t *testing.T) {
	z := []float64{-.1, .2, .05}
	for name, m := range metrics {
		for _, y := range [][]bool{{false, false, false}, {true, true, true}} {
			grad := make([]float64, len(z))
			loss, err := Loss(m, Steepness, z, y, grad)
			if err != nil || slices.ContainsFunc(grad, math.IsNaN) {
				t.Errorf("%s, all %v: loss %v %v, gradient %v", name, y[0], loss, err, grad)
			}
			if name == "F1" && !y[0] && loss != 1 {
				t.Errorf("F1 without positives: loss %v, want 1", loss)
			}
		}
		if v := m.Value(Counts{TN: 5, FP: 1}); math.IsNaN(v) {
			t.Errorf("%s without positives is not a number", name)
		}
	}
}

func TestGraphLoss(t *testing.T) {
	z, y := examples(random.New(6, 20), 24, .3)
	z32, y32 := make([]float32, len(z)), make([]float32, len(z))
	for i := range z {
		z32[i] = float32(z[i])
		if y[i] {
			y32[i] = 1
		}
	}
	for name, m := range map[string]GraphMetric{
		"accuracy": GraphAccuracy, "F2": GraphFBeta(2), "balanced": GraphBalanced, "G-mean": GraphGMean,
	} {
		want := make([]float64, len(z))
		loss, err := Loss(metrics[name], Steepness32, z, y, want)
		if err != nil {
			t.Fatal(err)
		}
		f, err := train.NewLoss(1, func(in []*graph.Node) *graph.Node { return GraphLoss(m, in[0], in[1], Steepness32) })
		if err != nil {
			t.Fatal(err)
		}
		got, grads, err := f.Call(tensors.FromFlatDataAndDimensions(z32, len(z)), tensors.FromFlatDataAndDimensions(y32, len(z)))
		if err != nil {
			t.Fatal(err)
		}
		if !near(got, loss, 1e-5) {
			t.Errorf("%s: loss %v, want %v", name, got, loss)
		}
		for i, g := range grads[0] {
			if math.Abs(float64(g)-want[i]) > 1e-4 {
				t.Errorf("%s: gradient %d is %v, want %v", name, i, g, want[i])
			}
		}
	}
}

func TestBestThreshold(t *testing.T) {
	rng := random.New(7, 20)
	for range 50 {
		scores, y := make([]float64, 1+rng.IntN(12)), []bool(nil)
		for i := range scores {
			scores[i] = float64(rng.IntN(6)) // with ties
			y = append(y, rng.IntN(2) == 0)
		}
		for name, m := range metrics {
			at, value, err := BestThreshold(m, scores, y)
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Value(Count(scores, at, y)); !near(got, value, 1e-12) {
				t.Fatalf("%s: %v at the threshold %v, reported %v", name, got, at, value)
			}
			for _, other := range []float64{math.Inf(-1), -.5, .5, 1.5, 2.5, 3.5, 4.5, math.Inf(1)} {
				if v := m.Value(Count(scores, other, y)); v > value+1e-12 {
					t.Fatalf("%s: %v at %v is above %v at %v, for %v %v", name, v, other, value, at, scores, y)
				}
			}
		}
	}
}

// rare has few positives, shifted by a and lying apart in the first column.
func rare(n int) (x []float32, y []bool) {
	rng := random.New(8, 20)
	for i := range n {
		positive := i%10 == 0
		row := []float32{float32(rng.NormFloat64()), float32(rng.NormFloat64())}
		if positive {
			row[0] += 3
		}
		x, y = append(x, row...), append(y, positive)
	}
	return x, y
}

func TestFitLinear(t *testing.T) {
	x, y := rare(400)
	for name, m := range metrics {
		l, err := FitLinear(t.Context(), m, x, 2, y, Options{Rate: .1})
		if err != nil {
			t.Fatal(err)
		}
		scores, err := l.Scores(x)
		if err != nil {
			t.Fatal(err)
		}
		_, best, err := BestThreshold(m, x0(x), y)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Value(Count(scores, 0, y)); got < best-.03 {
			t.Errorf("%s: %.3f, where the first column alone allows %.3f", name, got, best)
		}
	}
}

func x0(x []float32) []float64 {
	var first []float64
	for i := 0; i < len(x); i += 2 {
		first = append(first, float64(x[i]))
	}
	return first
}

func TestErrors(t *testing.T) {
	x, y := rare(20)
	bad := slices.Clone(x)
	bad[3] = float32(math.NaN())
	ctx := t.Context()
	for name, f := range map[string]func() error{
		"no scores":      func() error { _, err := Loss(FBeta(1), Steepness, nil, nil, nil); return err },
		"labels":         func() error { _, err := Loss(FBeta(1), Steepness, []float64{1}, y, nil); return err },
		"gradient":       func() error { _, err := Loss(FBeta(1), Steepness, []float64{1}, y[:1], []float64{}); return err },
		"steepness":      func() error { _, err := Loss(FBeta(1), 0, []float64{1}, y[:1], nil); return err },
		"NaN score":      func() error { _, err := Loss(FBeta(1), 73, []float64{math.NaN()}, y[:1], nil); return err },
		"NaN feature":    func() error { _, err := FitLinear(ctx, FBeta(1), bad, 2, y, Options{}); return err },
		"one class":      func() error { _, err := FitLinear(ctx, FBeta(1), x, 2, make([]bool, 20), Options{}); return err },
		"ragged":         func() error { _, err := FitLinear(ctx, FBeta(1), x, 3, y, Options{}); return err },
		"negative rate":  func() error { _, err := FitLinear(ctx, FBeta(1), x, 2, y, Options{Rate: -1}); return err },
		"negative steps": func() error { _, err := FitLinear(ctx, FBeta(1), x, 2, y, Options{Steps: -1}); return err },
		"rows":           func() error { _, err := (&Linear{W: make([]float64, 2)}).Scores(x[:3]); return err },
		"no model":       func() error { _, err := (&Linear{}).Scores(x); return err },
		"NaN threshold":  func() error { _, _, err := BestThreshold(FBeta(1), []float64{math.NaN()}, y[:1]); return err },
		"no threshold":   func() error { _, _, err := BestThreshold(FBeta(1), nil, nil); return err },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := FitLinear(done, FBeta(1), x, 2, y, Options{}); err == nil {
		t.Error("no error of a context that is done")
	}
}
