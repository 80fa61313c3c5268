package adam

import (
	"math"
	"testing"
)

// The first step is lr times the gradient's sign, whatever its size.
func TestFirstStep(t *testing.T) {
	w := []float32{1, 1, 1}
	New(3, .1).Step(w, []float32{100, -1e-3, 0})
	for i, want := range []float64{.9, 1.1, 1} {
		if math.Abs(float64(w[i])-want) > 1e-5 {
			t.Errorf("w[%d] = %v, want %v", i, w[i], want)
		}
	}
}

// A few steps agree with the formula as it is written in the paper.
func TestAgainstFormula(t *testing.T) {
	w, a := []float32{.5}, New(1, .01)
	w64, a64 := []float64{.5}, NewOf[float64](1, .01)
	x, m, v := .5, 0., 0.
	for step := 1; step <= 50; step++ {
		g := math.Sin(float64(step)) + 2*x
		a.Step(w, []float32{float32(math.Sin(float64(step)) + 2*float64(w[0]))})
		a64.Step(w64, []float64{math.Sin(float64(step)) + 2*w64[0]})
		m = .9*m + .1*g
		v = .999*v + .001*g*g
		x -= .01 * (m / (1 - math.Pow(.9, float64(step)))) / (math.Sqrt(v/(1-math.Pow(.999, float64(step)))) + 1e-8)
		if math.Abs(float64(w[0])-x) > 1e-5 {
			t.Fatalf("step %d: %v, want %v", step, w[0], x)
		}
		if math.Abs(w64[0]-x) > 1e-12 {
			t.Fatalf("step %d in float64: %v, want %v", step, w64[0], x)
		}
	}
}
