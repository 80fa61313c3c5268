package sparse

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

// dense writes a matrix out.
func dense(m *Matrix) []float64 {
	out := make([]float64, m.Rows*m.Cols)
	for i := range m.Rows {
		cols, vals := m.Row(i)
		for k, c := range cols {
			out[i*m.Cols+int(c)] += float64(vals[k])
		}
	}
	return out
}

func TestAgainstDense(t *testing.T) {
	rng := random.New(1, 1)
	for range 40 {
		r, c, d := 1+rng.IntN(600), 1+rng.IntN(30), 1+rng.IntN(9)
		var es []Entry
		want := make([]float64, r*c)
		for range rng.IntN(4 * r) {
			e := Entry{int32(rng.IntN(r)), int32(rng.IntN(c)), float32(rng.IntN(9) - 4)}
			es = append(es, e)
			want[int(e.Row)*c+int(e.Col)] += float64(e.Val)
		}
		m, err := New(r, c, es)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(dense(m), want) {
			t.Fatal("New does not add up its entries")
		}
		tt := m.T()
		back := tt.T()
		if !slices.Equal(back.Col, m.Col) || !slices.Equal(back.Val, m.Val) || !slices.Equal(back.RowPtr, m.RowPtr) {
			t.Fatal("the transpose's transpose differs")
		}
		x := make([]float32, c*d)
		random.Normal(rng, x, 1)
		got := make([]float32, r*d)
		m.Mul(got, x, d)
		for i := range r {
			for j := range d {
				w := 0.0
				for k := range c {
					w += want[i*c+k] * float64(x[k*d+j])
				}
				if math.Abs(float64(got[i*d+j])-w) > 1e-4 {
					t.Fatalf("Mul at (%d, %d): %v, want %v", i, j, got[i*d+j], w)
				}
			}
		}
	}
}

func TestOutsideIsAnError(t *testing.T) {
	if _, err := New(2, 2, []Entry{{2, 0, 1}}); err == nil {
		t.Error("an entry outside of the matrix is taken")
	}
}

func BenchmarkMul(b *testing.B) {
	rng := random.New(1, 1)
	const n, d = 10_000, 32
	var es []Entry
	for i := range n {
		for range 20 {
			es = append(es, Entry{int32(i), int32(rng.IntN(n)), 1})
		}
	}
	m, err := New(n, n, es)
	if err != nil {
		b.Fatal(err)
	}
	x, y := make([]float32, n*d), make([]float32, n*d)
	for b.Loop() {
		m.Mul(y, x, d)
	}
}

func ExampleMatrix_Mul() {
	m, _ := New(2, 2, []Entry{{0, 1, 2}, {1, 0, 3}})
	y := make([]float32, 2)
	m.Mul(y, []float32{10, 1}, 1)
	fmt.Println(y)
	// Output: [2 30]
}
