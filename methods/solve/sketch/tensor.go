package sketch

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// TensorSRHT is the transform for Kronecker products of vectors of length n,
// which it never forms:
//
//	S (x ⊗ y) = 1/sqrt(m) P (H D1 x ⊗ H D2 y)
//
// with H unscaled, signs of their own for both sides, and P a choice of m of the
// n2^2 pairs of rows.
type TensorSRHT struct {
	n, padded int
	signs     [2][]float64
	pairs     [][2]int
}

// NewTensorSRHT draws one of m rows. Pairs of rows are drawn with replacement.
func NewTensorSRHT(n, m int, rng *rand.Rand) (*TensorSRHT, error) {
	if err := checkSize(n, m); err != nil {
		return nil, err
	}
	s := &TensorSRHT{n: n, padded: powerOfTwo(n), signs: [2][]float64{signs(n, rng), signs(n, rng)}, pairs: make([][2]int, m)}
	for k := range s.pairs {
		s.pairs[k] = [2]int{rng.IntN(s.padded), rng.IntN(s.padded)}
	}
	return s, nil
}

// Apply returns S applied to the products of the columns of x and y, both
// [n x c]: [m x c].
func (s *TensorSRHT) Apply(x, y *mat.Dense) (*mat.Dense, error) {
	_, c := x.Dims()
	if _, cy := y.Dims(); c != cy {
		return nil, fmt.Errorf("sketch: products of %d columns and %d", c, cy)
	}
	var turned [2]*mat.Dense
	for side, a := range []*mat.Dense{x, y} {
		h := &srht{n: s.n, padded: s.padded, signs: s.signs[side], rows: all(s.padded)}
		t, err := h.Apply(a)
		if err != nil {
			return nil, err
		}
		turned[side] = t
	}
	out := mat.NewDense(len(s.pairs), c, nil)
	scale := float64(s.padded) / math.Sqrt(float64(len(s.pairs)))
	for k, p := range s.pairs {
		row, u, v := out.RawRowView(k), turned[0].RawRowView(p[0]), turned[1].RawRowView(p[1])
		for j := range row {
			row[j] = scale * u[j] * v[j]
		}
	}
	return out, nil
}

// LeastSquares returns x' = argmin |S A x - S b| where the columns of A are the
// products of the columns of u and v, both [n x d], and b is the product of g
// and h, both [n]. Its errors are those of the other [LeastSquares].
func (s *TensorSRHT) LeastSquares(u, v *mat.Dense, g, h []float64) ([]float64, error) {
	if err := check(u, g); err != nil {
		return nil, err
	}
	if err := check(v, h); err != nil {
		return nil, err
	}
	small, err := s.Apply(beside(u, g), beside(v, h))
	if err != nil {
		return nil, err
	}
	return solve(small)
}

func all(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}
