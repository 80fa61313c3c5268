package eval

import (
	"math"
	"testing"
)

func TestNMI(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b []int
		want float64
	}{
		{"the same but for numbers", []int{0, 0, 1, 1, 2}, []int{7, 7, 3, 3, 5}, 1},
		{"independent", []int{0, 0, 1, 1}, []int{0, 1, 0, 1}, 0},
		{"one group each", []int{4, 4}, []int{2, 2}, 1},
		{"all in one against two halves", []int{0, 0, 0, 0}, []int{0, 0, 1, 1}, 0},
		// I = ln 2, H(A) = ln 2, H(B) = ln 4.
		{"halves against quarters", []int{0, 0, 1, 1}, []int{0, 1, 2, 3}, 2. / 3},
	} {
		if got := NMI(c.a, c.b); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if got := NMI(c.b, c.a); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s, the other way: %v, want %v", c.name, got, c.want)
		}
	}
	if !math.IsNaN(NMI(nil, nil)) || !math.IsNaN(NMI([]int{1}, []int{1, 2})) {
		t.Error("nothing to compare: not NaN")
	}
}
