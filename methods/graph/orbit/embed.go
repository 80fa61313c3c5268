package orbit

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/lowrank"
	"github.com/offprint/offprint/methods/sparse"
)

// PMI returns the positive pointwise mutual information of a square matrix of
// counts, log(m_uv vol / (r_u c_v)) where that is positive, with r and c the sums
// of rows and columns and vol of all. Of an orbit adjacency it is the paper's
// GOPMI, of D (S + S^2 + ...) that of walks. Entries that are not positive are left
// out.
func PMI(m *sparse.Matrix) *sparse.Matrix {
	rows, cols := make([]float64, m.Rows), make([]float64, m.Cols)
	vol := 0.0
	for u := range m.Rows {
		cs, vals := m.Row(u)
		for k, v := range vals {
			if v > 0 {
				rows[u] += float64(v)
				cols[cs[k]] += float64(v)
				vol += float64(v)
			}
		}
	}
	p := &sparse.Matrix{Rows: m.Rows, Cols: m.Cols, RowPtr: make([]int32, m.Rows+1)}
	for u := range m.Rows {
		cs, vals := m.Row(u)
		for k, v := range vals {
			if !(v > 0) {
				continue
			}
			if pmi := math.Log(float64(v) * vol / (rows[u] * cols[cs[k]])); pmi > 0 {
				p.Col, p.Val = append(p.Col, cs[k]), append(p.Val, float32(pmi))
			}
		}
		p.RowPtr[u+1] = int32(len(p.Col))
	}
	return p
}

// Embed factorises a square matrix, such as [PMI] gives, by a truncated singular
// value decomposition U S V^T, and returns U sqrt(S) [nodes x dim]: of a matrix
// that is not symmetric, nodes in the role of its rows.
func Embed(ctx context.Context, m *sparse.Matrix, dim int, rng *rand.Rand) (*mat.Dense, error) {
	if dim < 1 || dim > m.Rows || m.Rows != m.Cols {
		return nil, fmt.Errorf("orbit: %d dimensions of a %d x %d matrix", dim, m.Rows, m.Cols)
	}
	if m.NNZ() == 0 {
		return mat.NewDense(m.Rows, dim, nil), nil
	}
	u, s, _, err := lowrank.SVD(ctx, m, dim, rng)
	if err != nil {
		return nil, err
	}
	u.Apply(func(_, j int, v float64) float64 { return v * math.Sqrt(max(s[j], 0)) }, u)
	return u, nil
}
