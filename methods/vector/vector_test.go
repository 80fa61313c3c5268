package vector

import (
	"fmt"
	"math"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

func TestKernelsAgreeWithPlainSums(t *testing.T) {
	rng := random.New(1, 0)
	for n := range 70 {
		a, b, y := make([]float32, n), make([]float32, n), make([]float32, n)
		random.Normal(rng, a, 1)
		random.Normal(rng, b, 1)
		random.Normal(rng, y, 1)
		want := 0.0
		added := make([]float64, n)
		for i := range a {
			want += float64(a[i]) * float64(b[i])
			added[i] = float64(y[i]) + .7*float64(a[i])
		}
		if got := float64(Dot(a, b)); math.Abs(got-want) > 1e-5*float64(n+1) {
			t.Errorf("dot of length %d: %v, want %v", n, got, want)
		}
		AddScaled(y, .7, a)
		for i := range y {
			if math.Abs(float64(y[i])-added[i]) > 1e-5 {
				t.Fatalf("add of length %d at %d: %v, want %v", n, i, y[i], added[i])
			}
		}
	}
}

func TestNormalize(t *testing.T) {
	a := []float32{3, 4, 0, 0}
	NormalizeRows(a, 2)
	if a[0] != .6 || a[1] != .8 || a[2] != 0 || a[3] != 0 {
		t.Errorf("rows %v, want .6 .8 0 0", a)
	}
}

func ExampleDot() {
	fmt.Println(Dot([]float32{1, 2, 3}, []float32{4, 5, 6}))
	// Output: 32
}

func BenchmarkDot(b *testing.B) {
	x, y := make([]float32, 128), make([]float32, 128)
	for _, k := range []struct {
		name string
		f    func(a, b []float32) float32
	}{{"kernel", Dot}, {"plain", dotPlain}} {
		b.Run(k.name, func(b *testing.B) {
			b.SetBytes(2 * 4 * 128)
			for b.Loop() {
				k.f(x, y)
			}
		})
	}
}
