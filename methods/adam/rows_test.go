package adam

import (
	"fmt"
	"math"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

// TestRowsAgainstFormula compares with Adam as the paper writes it, in float64, on a
// row that every batch uses; a row that none uses must not move.
func TestRowsAgainstFormula(t *testing.T) {
	const dim, decay, lr = 3, .1, .05
	w := []float32{.5, -1, 2, 7, 8, 9}
	a, err := NewRows(w, dim, lr)
	if err != nil {
		t.Fatal(err)
	}
	a.Decay = decay
	want := []float64{.5, -1, 2}
	var m, v [dim]float64
	rng := random.New(1, 0)
	for step := 1; step <= 20; step++ {
		g1, g2 := make([]float32, dim), make([]float32, dim)
		random.Normal(rng, g1, 1)
		random.Normal(rng, g2, 1)
		a.Add(0, 1, g1)
		a.Add(0, -2, g2)
		a.Step()
		for i := range want {
			g := float64(g1[i]) - 2*float64(g2[i]) + decay*want[i]
			m[i] = beta1*m[i] + (1-beta1)*g
			v[i] = beta2*v[i] + (1-beta2)*g*g
			mh := m[i] / (1 - math.Pow(beta1, float64(step)))
			vh := v[i] / (1 - math.Pow(beta2, float64(step)))
			want[i] -= lr * mh / (math.Sqrt(vh) + epsilon)
		}
	}
	for i := range want {
		if math.Abs(float64(w[i])-want[i]) > 1e-5 {
			t.Errorf("value %d is %v, want %v", i, w[i], want[i])
		}
		if w[dim+i] != float32(7+i) {
			t.Errorf("a row without a gradient moved to %v", w[dim:])
		}
	}
}

func TestNewRowsRefusesRaggedRows(t *testing.T) {
	for _, dim := range []int{0, -1, 4} {
		if _, err := NewRows(make([]float32, 6), dim, .1); err == nil {
			t.Errorf("dim %d of 6 values: no error", dim)
		}
	}
}

func ExampleRows() {
	table := []float32{1, 1, 5, 5} // two rows of two
	a, err := NewRows(table, 2, .1)
	if err != nil {
		panic(err)
	}
	a.Add(0, 1, []float32{3, -3})
	a.Step()
	fmt.Println(table)
	// Output: [0.9 1.1 5 5]
}

func BenchmarkRows(b *testing.B) {
	const rows, dim = 1 << 16, 16
	w := make([]float32, rows*dim)
	g := make([]float32, dim)
	random.Normal(random.New(1, 0), g, 1)
	a, err := NewRows(w, dim, .001)
	if err != nil {
		b.Fatal(err)
	}
	for _, used := range []int{512, rows} {
		b.Run(fmt.Sprintf("%d of %d rows", used, rows), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for r := range int32(used) {
					a.Add(r, 1, g)
				}
				a.Step()
			}
		})
	}
}

// TestReset: a row that is reset moves as in a first step, but for the correction
// that counts all steps.
func TestReset(t *testing.T) {
	w := make([]float32, 4)
	a, err := NewRows(w, 2, .1)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		a.Add(0, 1, []float32{1, -2})
		a.Add(1, 1, []float32{3, 1})
		a.Step()
	}
	a.Reset(1)
	before := w[2]
	a.Add(1, 1, []float32{-3, 0})
	a.Step()
	if w[2] <= before {
		t.Errorf("from %v to %v against the gradient -3: the old moments still count", before, w[2])
	}
	if w[3] == 0 {
		t.Error("the other value has not moved at all")
	}
}
