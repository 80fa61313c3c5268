package gendyn

import (
	"context"
	"errors"
	"math"
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

func curve(t *testing.T, p Params) *Curve {
	t.Helper()
	c, err := NewCurve(p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSpectrum(t *testing.T) {
	for _, alpha := range []float64{.1, .25, .5, .75, 1, 1.33, 2, 4, 10} {
		lam, weight, err := MarchenkoPastur(alpha, Nodes)
		if err != nil {
			t.Fatal(err)
		}
		mass, trace, second := 0., 0., 0.
		for i, l := range lam {
			mass += weight[i]
			trace += weight[i] * l
			second += weight[i] * l * l
		}
		tolerance := 1e-6
		if alpha == 1 {
			tolerance = 1e-3
		}
		near(t, "mass", mass, min(1, alpha), tolerance)
		near(t, "trace", trace, alpha, 1e-6)                    // of X X^T, a parameter
		near(t, "second moment", second, alpha*(1+alpha), 1e-5) // of its square
	}
}

func TestCurveClosedForms(t *testing.T) {
	for _, tt := range []struct{ alpha, init, final float64 }{
		{.5, 0, .900}, {2, 0, .400}, {.25, 0, 1.0167}, {.25, .25, 1.2042}, {.25, 1, 1.7667}, {.25, 4, 4.0167}, {2, 4, .400},
	} {
		p := Params{Alpha: tt.alpha, TeacherVar: 1, InitVar: tt.init, NoiseVar: .2}
		c := curve(t, p)
		near(t, "start", c.TestError(0), .2+1+tt.init, 1e-6)
		near(t, "end", c.TestError(1e6), tt.final, 1e-3)
		final, err := FinalError(p)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "closed end", final, tt.final, 1e-3)
		near(t, "training error at the start", c.TrainError(0), 1+tt.init+.2, 1e-6)
		near(t, "training error at the end", c.TrainError(1e6), .2*max(0, 1-1/tt.alpha), 1e-6)
	}
	if e, err := FinalError(Params{Alpha: 1, NoiseVar: 1}); err != nil || !math.IsInf(e, 1) {
		t.Errorf("at alpha = 1: %v %v", e, err)
	}
	// There it grows as sqrt(t).
	c := curve(t, Params{Alpha: 1, TeacherVar: 1, NoiseVar: .2})
	near(t, "growth at alpha = 1", math.Log(c.TestError(4e4)/c.TestError(1e4))/math.Log(4), .5, .02)
}

func TestBestStop(t *testing.T) {
	for _, alpha := range []float64{.25, 1, 4} {
		c := curve(t, Params{Alpha: alpha, TeacherVar: 1, NoiseVar: .2})
		at, e := c.BestStop()
		for _, f := range []float64{.1, .5, .9, 1.1, 2, 10} {
			if c.TestError(at*f) < e-1e-9 {
				t.Errorf("alpha = %v: stop at %v has %v, at %v has %v", alpha, at, e, at*f, c.TestError(at*f))
			}
		}
		ridge := c.RidgeError(.2)
		if e < ridge || e > 1.05*ridge {
			t.Errorf("alpha = %v: best stop %v, best ridge %v", alpha, e, ridge)
		}
		if c.RidgeError(.15) < ridge || c.RidgeError(.25) < ridge {
			t.Errorf("alpha = %v: the ridge of noise over teacher is not the best", alpha)
		}
	}
	if at, e := curve(t, Params{Alpha: 2, TeacherVar: 1}).BestStop(); !math.IsInf(at, 1) || e > 1e-9 {
		t.Errorf("without noise: stop at %v with %v", at, e)
	}
}

func TestCurveIsTheLimitOfItsSpectrum(t *testing.T) {
	const n, p = 200, 120
	x, _, _ := teacher(n, p, 3)
	f, err := NewFlow(x)
	if err != nil {
		t.Fatal(err)
	}
	limit := curve(t, Params{Alpha: p / float64(n), TeacherVar: 1, InitVar: .5, NoiseVar: .2})
	own := *limit
	own.Lam, own.Weight, own.Zero = f.Lam, make([]float64, len(f.Lam)), float64(f.Frozen())/n
	for i := range own.Weight {
		own.Weight[i] = 1. / n
	}
	for _, at := range []float64{0, .1, 1, 10, 100} {
		near(t, "test error", own.TestError(at)/limit.TestError(at), 1, .05)
		if at <= 1 { // later its logarithm depends on the smallest eigenvalue alone
			near(t, "training error", own.TrainError(at)/limit.TrainError(at), 1, .05)
		}
	}
}

// teacher draws samples [n x p], their labels and start weights.
func teacher(n, p int, seed uint64) (x *mat.Dense, y, w0 []float64) {
	rng := random.New(seed, 18)
	x = mat.NewDense(n, p, nil)
	for i := range n {
		for j := range p {
			x.Set(i, j, rng.NormFloat64()/math.Sqrt(float64(n)))
		}
	}
	y, w0 = make([]float64, p), make([]float64, n)
	for i := range y {
		y[i] = rng.NormFloat64()
	}
	for i := range w0 {
		w0[i] = rng.NormFloat64()
	}
	return x, y, w0
}

func TestFlowIsSlowDescent(t *testing.T) {
	for _, size := range [][2]int{{8, 5}, {5, 8}, {6, 6}, {1, 3}, {3, 1}} {
		n, p := size[0], size[1]
		x, y, w0 := teacher(n, p, uint64(n))
		f, err := NewFlow(x)
		if err != nil {
			t.Fatal(err)
		}
		if f.Frozen() != max(0, n-p) {
			t.Errorf("%d x %d: %d frozen", n, p, f.Frozen())
		}
		path, err := f.Path(y, w0)
		if err != nil {
			t.Fatal(err)
		}
		steps, err := Descend(t.Context(), x, y, w0, 1e-4, []int{0, 1e4})
		if err != nil {
			t.Fatal(err)
		}
		for k, at := range []float64{0, 1} {
			w := path.Weights(at)
			for i := range w {
				near(t, "weight", w[i], steps[k][i], 1e-3)
			}
		}
	}
}

func TestFrozenSubspace(t *testing.T) {
	const n, p = 30, 12
	x, y, w0 := teacher(n, p, 1)
	f, err := NewFlow(x)
	if err != nil {
		t.Fatal(err)
	}
	path, err := f.Path(y, w0)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := Descend(t.Context(), x, y, w0, .1, []int{2000})
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string][]float64{"flow": path.Weights(200), "descent": steps[0], "end": path.Weights(math.Inf(1))} {
		var moved, inside, outside mat.VecDense
		moved.SubVec(mat.NewVecDense(n, w), mat.NewVecDense(n, w0))
		inside.MulVec(f.U.T(), &moved)
		outside.MulVec(f.U, &inside)
		outside.SubVec(&moved, &outside)
		if o := mat.Norm(&outside, 2); o > 1e-10 {
			t.Errorf("%s: moved by %v in the frozen subspace", name, o)
		}
		if mat.Norm(&moved, 2) < 1 {
			t.Errorf("%s: hardly moved", name)
		}
	}
	// At the end the labels are met, and ridge without a penalty is the end from 0.
	var fit mat.VecDense
	fit.MulVec(x.T(), mat.NewVecDense(n, path.Weights(math.Inf(1))))
	for i := range y {
		near(t, "fit", fit.AtVec(i), y[i], 1e-9)
	}
	fromZero, err := f.Path(y, nil)
	if err != nil {
		t.Fatal(err)
	}
	end, ridge := fromZero.Weights(math.Inf(1)), fromZero.Ridge(0)
	for i := range end {
		near(t, "ridge of 0", ridge[i], end[i], 1e-9)
	}
}

func TestReLU(t *testing.T) {
	l, err := NewReLU(3, 4000, random.New(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	x := mat.NewDense(2, 3, []float64{1, -1, 2, 0, 0, 0})
	h, err := l.Apply(x)
	if err != nil {
		t.Fatal(err)
	}
	// sqrt(2) keeps the mean square: |x|^2/inputs.
	near(t, "square", mat.Dot(h.ColView(0), h.ColView(0)), 2, .15)
	near(t, "square of 0", mat.Norm(h.ColView(1), 2), 0, 0)
}

func TestRefuses(t *testing.T) {
	x, y, w0 := teacher(4, 3, 1)
	f, err := NewFlow(x)
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Descend(cancelled, x, y, w0, .1, []int{1}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for name, call := range map[string]func() error{
		"no samples a parameter": func() error { _, err := NewCurve(Params{TeacherVar: 1}); return err },
		"NaN":                    func() error { _, err := NewCurve(Params{Alpha: math.NaN()}); return err },
		"negative variance":      func() error { _, err := FinalError(Params{Alpha: 1, NoiseVar: -1}); return err },
		"no nodes":               func() error { _, _, err := MarchenkoPastur(1, 0); return err },
		"empty":                  func() error { _, err := NewFlow(&mat.Dense{}); return err },
		"zeros":                  func() error { _, err := NewFlow(mat.NewDense(2, 2, nil)); return err },
		"NaN sample":             func() error { _, err := NewFlow(mat.NewDense(1, 1, []float64{math.NaN()})); return err },
		"labels":                 func() error { _, err := f.Path(y[1:], w0); return err },
		"NaN label":              func() error { _, err := f.Path([]float64{0, 0, math.NaN()}, w0); return err },
		"descending":             func() error { _, err := Descend(t.Context(), x, y, w0, .1, []int{2, 1}); return err },
		"rate":                   func() error { _, err := Descend(t.Context(), x, y, w0, 0, []int{1}); return err },
		"no units":               func() error { _, err := NewReLU(3, 0, nil); return err },
	} {
		if call() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// One moment of training: from the eigen-system, and beside it one step of
// descent, of which a moment takes hundreds.
func BenchmarkStep(b *testing.B) {
	x, y, w0 := teacher(200, 300, 1)
	f, err := NewFlow(x)
	if err != nil {
		b.Fatal(err)
	}
	path, err := f.Path(y, w0)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("flow", func(b *testing.B) {
		for b.Loop() {
			path.Weights(10)
		}
	})
	b.Run("descent", func(b *testing.B) {
		for b.Loop() {
			if _, err := Descend(b.Context(), x, y, w0, .1, []int{1}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
