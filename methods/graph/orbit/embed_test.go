package orbit

import (
	"math"
	"testing"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
)

func TestPMI(t *testing.T) {
	m, err := sparse.New(3, 3, []sparse.Entry{{Row: 0, Col: 1, Val: 4}, {Row: 0, Col: 2, Val: 1}, {Row: 1, Col: 2, Val: 3}, {Row: 2, Col: 2, Val: 2}, {Row: 2, Col: 0, Val: -1}})
	if err != nil {
		t.Fatal(err)
	}
	p := PMI(m)
	want := map[[2]int32]float64{{0, 1}: math.Log(4 * 10. / (5 * 4)), {1, 2}: math.Log(3 * 10. / (3 * 6)), {2, 2}: math.Log(2 * 10. / (2 * 6))}
	for u := range 3 {
		cols, vals := p.Row(u)
		for k, v := range vals {
			at := [2]int32{int32(u), cols[k]}
			if w, ok := want[at]; !ok || math.Abs(float64(v)-w) > 1e-6 {
				t.Errorf("at %v: %v, want %v", at, v, w)
			}
			delete(want, at)
		}
	}
	if len(want) > 0 {
		t.Errorf("left out: %v", want)
	}
}

// Of a positive semidefinite matrix of low rank, inner products are the entries.
func TestEmbed(t *testing.T) {
	const n, rank = 12, 2
	rng := random.New(1, 52)
	x := make([]float32, n*rank)
	random.Normal(rng, x, 1)
	var entries []sparse.Entry
	for u := range int32(n) {
		for v := range int32(n) {
			entries = append(entries, sparse.Entry{Row: u, Col: v, Val: x[2*u]*x[2*v] + x[2*u+1]*x[2*v+1]})
		}
	}
	m, err := sparse.New(n, n, entries)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Embed(t.Context(), m, rank, rng)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range entries {
		got := e.At(int(c.Row), 0)*e.At(int(c.Col), 0) + e.At(int(c.Row), 1)*e.At(int(c.Col), 1)
		if math.Abs(got-float64(c.Val)) > 1e-4 {
			t.Fatalf("(%d, %d): %v, want %v", c.Row, c.Col, got, c.Val)
		}
	}
	if e, err = Embed(t.Context(), &sparse.Matrix{Rows: 4, Cols: 4, RowPtr: make([]int32, 5)}, 2, rng); err != nil || e.At(3, 1) != 0 {
		t.Errorf("of an empty matrix: %v, error %v", e, err)
	}
	if _, err := Embed(t.Context(), m, 13, rng); err == nil {
		t.Error("more dimensions than nodes: no error")
	}
}
