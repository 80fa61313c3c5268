package mlp

import (
	"math"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

func TestCrossEntropy(t *testing.T) {
	const h = 1e-2
	z := make([]float32, 4*3)
	random.Normal(random.New(1, 0), z, 2)
	y := []int{2, 0, 1, 1}
	loss := func(z []float32) (float64, []float32) {
		g := slices.Clone(z)
		l, err := CrossEntropy(g, y)
		if err != nil {
			t.Fatal(err)
		}
		return l, g
	}
	_, g := loss(z)
	for i := range z {
		up, down := slices.Clone(z), slices.Clone(z)
		up[i] += h
		down[i] -= h
		lu, _ := loss(up)
		ld, _ := loss(down)
		if want := (lu - ld) / (2 * h); math.Abs(float64(g[i])-want) > 1e-4 {
			t.Errorf("gradient %d is %v, by differences %v", i, g[i], want)
		}
	}
	if l, _ := loss(make([]float32, 12)); math.Abs(l-math.Log(3)) > 1e-6 {
		t.Errorf("equal logits: %v, want log 3", l)
	}
	if l, _ := loss([]float32{-900, 0, 900, 900, 0, 0, 0, 900, 0, 0, 900, 0}); math.Abs(l) > 1e-6 {
		t.Errorf("sure and right: %v", l)
	}
	if _, err := CrossEntropy(z, []int{0, 1, 2, 3}); err == nil {
		t.Error("a class beyond the logits: no error")
	}
	if _, err := CrossEntropy(z, nil); err == nil {
		t.Error("no classes: no error")
	}
}
