package sketch

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// FWHT applies the orthonormal Walsh-Hadamard transform to x, in place, in
// n log2 n additions. It is its own inverse. A length that is no power of two is
// an error.
func FWHT(x []float64) error {
	if n := len(x); n == 0 || n&(n-1) != 0 {
		return fmt.Errorf("sketch: a Hadamard transform of length %d, which is no power of two", n)
	}
	hadamard(x, 1)
	scale := 1 / math.Sqrt(float64(len(x)))
	for i := range x {
		x[i] *= scale
	}
	return nil
}

// hadamard transforms the columns of a matrix of c columns, row by row in x,
// without the scale. Half by half, so that the parts are transformed in cache.
func hadamard(x []float64, c int) {
	if len(x) <= c {
		return
	}
	half := len(x) / 2
	u, v := x[:half], x[half:]
	hadamard(u, c)
	hadamard(v, c)
	v = v[:len(u)]
	for i, p := range u {
		q := v[i]
		u[i], v[i] = p+q, p-q
	}
}

// srht is the subsampled randomised Hadamard transform, equation 3.
type srht struct {
	n, padded int
	signs     []float64 // D [n]
	rows      []int     // P
}

// SRHT draws the paper's sketch of m rows for n: random signs, a Hadamard
// transform padded to a power of two n2, and m of its rows without replacement,
// in O(n2 log n2) additions a column. More rows than n2 are an error.
func SRHT(n, m int, rng *rand.Rand) (Sketch, error) {
	if err := checkSize(n, m); err != nil {
		return nil, err
	}
	s := &srht{n: n, padded: powerOfTwo(n)}
	if m > s.padded {
		return nil, fmt.Errorf("sketch: %d rows of a transform of %d", m, s.padded)
	}
	s.signs = signs(n, rng)
	s.rows = random.Sample(rng, s.padded, m)
	return s, nil
}

func (s *srht) Dims() (m, n int) { return len(s.rows), s.n }

func (s *srht) MACs(c int) int64 {
	return int64(s.padded) * int64(bits.Len(uint(s.padded))-1) * int64(c)
}

func (s *srht) Apply(a *mat.Dense) (*mat.Dense, error) {
	if err := checkRows(s.n, a); err != nil {
		return nil, err
	}
	_, c := a.Dims()
	x := mat.NewDense(s.padded, c, nil)
	for i, sign := range s.signs {
		row := x.RawRowView(i)
		for j, v := range a.RawRowView(i) {
			row[j] = sign * v
		}
	}
	hadamard(x.RawMatrix().Data, c)
	out := mat.NewDense(len(s.rows), c, nil)
	scale := 1 / math.Sqrt(float64(len(s.rows))) // sqrt(n2/m), and 1/sqrt(n2) of H
	for k, i := range s.rows {
		row := out.RawRowView(k)
		for j, v := range x.RawRowView(i) {
			row[j] = scale * v
		}
	}
	return out, nil
}

// powerOfTwo is the smallest that is not below n.
func powerOfTwo(n int) int { return 1 << bits.Len(uint(n-1)) }

func signs(n int, rng *rand.Rand) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = sign(rng)
	}
	return s
}

func sign(rng *rand.Rand) float64 { return float64(int64(rng.Uint64()&2) - 1) }
