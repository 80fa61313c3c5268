// Package bag is a bag-of-words encoder and its training: a text with the word
// weights x (a row of a TF-IDF matrix) becomes
//
//	z = x^T E,   E in R^{V x d},
//
// the weighted sum of its words' vectors. It is the smallest text encoder that
// learns, which makes it the test bed of losses for embeddings: the loss sees z
// alone, as a GoMLX graph or as Go code, and [Trainer] carries its gradient on
// to E:
//
//	dL/dE_w = sum_i x_iw dL/dz_i.
//
// A batch of texts has few of the vocabulary's words, and both the sum and Adam
// touch the rows of those words only. That is why this is Go and no graph: there,
// the gradient of a table is as large as the table, and an optimiser goes through
// all of it in each step (see BenchmarkStep).
package bag

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
	"github.com/offprint/offprint/methods/vector"
)

// Encoder is the table E.
type Encoder struct {
	Vocab, Dim int
	E          []float32 // [Vocab x Dim], row by row
}

// New returns an encoder with entries from N(0, 1/dim), so that texts of length
// 1 get vectors of length about 1.
func New(vocab, dim int, rng *rand.Rand) *Encoder {
	e := &Encoder{Vocab: vocab, Dim: dim, E: make([]float32, vocab*dim)}
	random.Normal(rng, e.E, 1/math.Sqrt(float64(dim)))
	return e
}

// FromBasis returns an encoder that starts as scale times the first dim columns
// of v [vocab x at least dim]: latent semantic analysis, when these are right
// singular vectors, largest first.
func FromBasis(v mat.Matrix, dim int, scale float64) (*Encoder, error) {
	vocab, cols := v.Dims()
	if dim < 1 || dim > cols {
		return nil, fmt.Errorf("bag: %d dimensions of a basis of %d columns", dim, cols)
	}
	e := &Encoder{Vocab: vocab, Dim: dim, E: make([]float32, vocab*dim)}
	for w := range vocab {
		for j := range dim {
			e.E[w*dim+j] = float32(scale * v.At(w, j))
		}
	}
	return e, nil
}

// Encode returns the vectors [x.Rows x Dim] of all rows of x, not normalised,
// on all cores. The columns of x are the words.
func (e *Encoder) Encode(x *sparse.Matrix) ([]float32, error) {
	if err := e.check(x); err != nil {
		return nil, err
	}
	z := make([]float32, x.Rows*e.Dim)
	x.Mul(z, e.E, e.Dim)
	return z, nil
}

// EncodeRows sets dst [len(rows) x Dim] to the vectors of some rows of x, on
// the calling goroutine.
func (e *Encoder) EncodeRows(dst []float32, x *sparse.Matrix, rows []int) error {
	if err := e.check(x); err != nil {
		return err
	}
	if len(dst) != len(rows)*e.Dim {
		return fmt.Errorf("bag: %d values for %d rows of %d dimensions", len(dst), len(rows), e.Dim)
	}
	clear(dst)
	for i, r := range rows {
		z := dst[i*e.Dim : (i+1)*e.Dim]
		words, weights := x.Row(r)
		for k, w := range words {
			vector.AddScaled(z, weights[k], e.row(w))
		}
	}
	return nil
}

func (e *Encoder) row(w int32) []float32 { return e.E[int(w)*e.Dim : (int(w)+1)*e.Dim] }

func (e *Encoder) check(x *sparse.Matrix) error {
	if x.Cols != e.Vocab {
		return fmt.Errorf("bag: a matrix of %d words, for an encoder of %d", x.Cols, e.Vocab)
	}
	return nil
}
