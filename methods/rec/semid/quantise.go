package semid

import (
	"context"
	"fmt"
	"math"

	"github.com/offprint/offprint/methods/cluster"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// RQ is a residual quantiser: at each level, the codeword nearest to what the
// levels before have left over.
type RQ struct {
	Levels, Codes, Dim int
	Codewords          []float32 // [Levels x Codes x Dim]
}

// rounds limits the iterations of a level's k-means.
const rounds = 25

// ResidualKMeans fits a quantiser to the rows of x [n x dim] level by level, by
// k-means on the residuals: a semantic ID without a network.
func ResidualKMeans(ctx context.Context, x []float32, dim, levels, codes int, seed uint64) (*RQ, error) {
	if dim < 1 || len(x)%dim != 0 {
		return nil, fmt.Errorf("semid: %d numbers are not rows of %d", len(x), dim)
	}
	if levels < 1 || codes < 1 || codes > math.MaxUint16+1 {
		return nil, fmt.Errorf("semid: %d levels of %d codes", levels, codes)
	}
	q := &RQ{Levels: levels, Codes: codes, Dim: dim, Codewords: make([]float32, levels*codes*dim)}
	r := append([]float32(nil), x...)
	for l := range levels {
		m, err := cluster.Fit(ctx, r, dim, codes, rounds, random.New(seed, uint64(l)))
		if err != nil {
			return nil, fmt.Errorf("semid: level %d: %w", l, err)
		}
		copy(q.level(l), m.Centres)
		for i, c := range m.Assign {
			vector.AddScaled(r[i*dim:(i+1)*dim], -1, m.Centres[int(c)*dim:(int(c)+1)*dim])
		}
	}
	return q, nil
}

// Encode returns the semantic IDs, coarse to fine, of the rows of z [n x Dim].
func (q *RQ) Encode(z []float32) ([][]uint16, error) {
	ids, _, err := q.encode(z)
	return ids, err
}

// Decode returns the sum of an ID's codewords. An ID with fewer levels gives a
// coarser one.
func (q *RQ) Decode(id []uint16) ([]float32, error) {
	if len(id) > q.Levels {
		return nil, fmt.Errorf("semid: an ID of %d levels, for a quantiser of %d", len(id), q.Levels)
	}
	z := make([]float32, q.Dim)
	for l, c := range id {
		if int(c) >= q.Codes {
			return nil, fmt.Errorf("semid: code %d of level %d, of %d", c, l, q.Codes)
		}
		vector.AddScaled(z, 1, q.codeword(l, c))
	}
	return z, nil
}

// encode returns what Encode does, and what the last level leaves over.
func (q *RQ) encode(z []float32) (ids [][]uint16, residual []float32, err error) {
	if len(z)%q.Dim != 0 {
		return nil, nil, fmt.Errorf("semid: %d numbers are not rows of %d", len(z), q.Dim)
	}
	n := len(z) / q.Dim
	residual = append([]float32(nil), z...)
	flat := make([]uint16, n*q.Levels)
	ids = make([][]uint16, n)
	for i := range ids {
		ids[i] = flat[i*q.Levels : (i+1)*q.Levels : (i+1)*q.Levels]
	}
	// |r - c|^2 = |r|^2 + 2 (|c|^2/2 - r.c): the nearest codeword has the
	// greatest r.c - |c|^2/2, a matrix product for all rows.
	const block = 256
	scores := make([]float32, block*q.Codes)
	across := make([]float32, q.Dim*q.Codes)
	half := make([]float32, q.Codes)
	for l := range q.Levels {
		for k := range q.Codes {
			c := q.codeword(l, uint16(k))
			half[k] = vector.Dot(c, c) / 2
			for j, v := range c {
				across[j*q.Codes+k] = v
			}
		}
		for lo := 0; lo < n; lo += block {
			hi := min(n, lo+block)
			s := scores[:(hi-lo)*q.Codes]
			clear(s)
			vector.MulAdd(s, residual[lo*q.Dim:hi*q.Dim], across, q.Dim, q.Codes)
			for i := lo; i < hi; i++ {
				best, at := float32(math.Inf(-1)), 0
				for k, v := range s[(i-lo)*q.Codes : (i-lo+1)*q.Codes] {
					if v -= half[k]; v > best {
						best, at = v, k
					}
				}
				ids[i][l] = uint16(at)
				vector.AddScaled(residual[i*q.Dim:(i+1)*q.Dim], -1, q.codeword(l, uint16(at)))
			}
		}
	}
	return ids, residual, nil
}

func (q *RQ) level(l int) []float32 {
	return q.Codewords[l*q.Codes*q.Dim : (l+1)*q.Codes*q.Dim]
}

func (q *RQ) codeword(l int, c uint16) []float32 {
	return q.level(l)[int(c)*q.Dim : (int(c)+1)*q.Dim]
}
