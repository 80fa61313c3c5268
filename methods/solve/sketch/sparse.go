package sketch

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// osnap has s entries ±1/sqrt(s) in each column.
type osnap struct {
	n, m, s int
	rows    []int     // [n x s]
	values  []float64 // [n x s]
}

// CountSketch draws a sketch with one entry ±1 in each column: as fast as
// reading the data, and the standard example of one whose error may fall on a
// single coordinate.
func CountSketch(n, m int, rng *rand.Rand) (Sketch, error) { return OSNAP(n, m, 1, rng) }

// OSNAP draws a sketch with s entries ±1/sqrt(s) in each column, in different
// rows. An s that is not within 1..m is an error.
func OSNAP(n, m, s int, rng *rand.Rand) (Sketch, error) {
	if err := checkSize(n, m); err != nil {
		return nil, err
	}
	if s < 1 || s > m {
		return nil, fmt.Errorf("sketch: %d entries in a column of %d", s, m)
	}
	o := &osnap{n: n, m: m, s: s, rows: make([]int, 0, n*s), values: make([]float64, n*s)}
	for range n {
		o.rows = append(o.rows, different(rng, m, s)...)
	}
	scale := 1 / math.Sqrt(float64(s))
	for i := range o.values {
		o.values[i] = scale * sign(rng)
	}
	return o, nil
}

// different returns k different numbers of 0..n-1.
func different(rng *rand.Rand, n, k int) []int {
	if 4*k > n {
		return random.Sample(rng, n, k)
	}
	out := make([]int, 0, k)
next:
	for len(out) < k {
		i := rng.IntN(n)
		for _, j := range out {
			if i == j {
				continue next
			}
		}
		out = append(out, i)
	}
	return out
}

func (o *osnap) Dims() (m, n int) { return o.m, o.n }

func (o *osnap) MACs(c int) int64 { return int64(o.n) * int64(o.s) * int64(c) }

func (o *osnap) Apply(a *mat.Dense) (*mat.Dense, error) {
	if err := checkRows(o.n, a); err != nil {
		return nil, err
	}
	_, c := a.Dims()
	out := mat.NewDense(o.m, c, nil)
	for i := range o.n {
		in := a.RawRowView(i)
		for k := i * o.s; k < (i+1)*o.s; k++ {
			row, v := out.RawRowView(o.rows[k]), o.values[k]
			for j, x := range in {
				row[j] += v * x
			}
		}
	}
	return out, nil
}
