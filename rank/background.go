package rank

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/vector"
)

// Background is what profiles know of all papers: how their vectors are spread,
// which are near a vector, and who wrote what. It does not change, and is safe for
// concurrent use where its functions are.
type Background struct {
	dim     int
	spread  []float32 // S [dim x dim], second moments of the papers' vectors
	whiten  []float32 // [dim x dim], (S / mean of its diagonal + I)^(-1/2)
	typical float32   // cosine of two papers, root mean square

	// Near, if set, returns the vectors of the n papers nearest to v. A profile
	// leans towards them.
	Near func(v []float32, n int) [][]float32
	// Earlier, if set, returns how many papers of an author count, at most some
	// twenty, the newest, and the sum of their vectors' products with q.
	Earlier func(author int32, q []float32) (sum float32, papers int)
}

// fewestSpread is how many vectors there must be to say how they are spread.
const fewestSpread = 1000

// NewBackground learns how papers are spread from vectors [n x dim] of length 1,
// a thousand or more; ten thousand tell as much as all, and take a second.
func NewBackground(ctx context.Context, vectors []float32, dim int) (*Background, error) {
	if dim < 1 || len(vectors)%dim != 0 || len(vectors) < fewestSpread*dim {
		return nil, fmt.Errorf("rank: %d numbers are not %d or more vectors of %d", len(vectors), fewestSpread, dim)
	}
	b := &Background{dim: dim, spread: make([]float32, dim*dim)}
	n := len(vectors) / dim
	for i := range n {
		if i%1000 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		v := vectors[i*dim : (i+1)*dim]
		for j, x := range v {
			vector.AddScaled(b.spread[j*dim:(j+1)*dim], x/float32(n), v)
		}
	}
	s := mat.NewSymDense(dim, nil)
	trace, square := 0., 0.
	for i := range dim {
		for j := range dim {
			x := float64(b.spread[i*dim+j])
			square += x * x
			if j >= i {
				s.SetSym(i, j, x)
			}
		}
		trace += s.At(i, i)
	}
	if !(trace > 0) || math.IsInf(trace, 1) {
		return nil, errors.New("rank: the papers have no vectors")
	}
	b.typical = float32(math.Sqrt(square))
	var eigen mat.EigenSym
	if !eigen.Factorize(s, true) {
		return nil, errors.New("rank: the spread of the papers' vectors has no axes")
	}
	var axes mat.Dense
	eigen.VectorsTo(&axes)
	scaled := mat.DenseCopyOf(&axes)
	for j, value := range eigen.Values(nil) {
		f := 1 / math.Sqrt(max(value, 0)*float64(dim)/trace+1)
		for i := range dim {
			scaled.Set(i, j, scaled.At(i, j)*f)
		}
	}
	var whiten mat.Dense
	whiten.Mul(scaled, axes.T())
	b.whiten = make([]float32, dim*dim)
	for i := range dim {
		for j := range dim {
			b.whiten[i*dim+j] = float32(whiten.At(i, j))
		}
	}
	return b, nil
}

// query turns a direction into what papers are scored with: half of the way to a
// linear discriminant, so that what all papers have in common counts for less.
func (b *Background) query(v []float32) []float32 {
	if b == nil {
		return v
	}
	q := make([]float32, b.dim)
	for i := range q {
		q[i] = vector.Dot(b.whiten[i*b.dim:(i+1)*b.dim], v)
	}
	vector.Normalize(q)
	return q
}

// calibrate scales a query so that a paper's score says how unusual it is among
// all: its standard deviation is 1/sqrt(dim), that of a cosine in all directions
// alike.
func (b *Background) calibrate(q []float32) {
	if b == nil {
		return
	}
	variance := float32(0)
	for i, x := range q {
		variance += x * vector.Dot(b.spread[i*b.dim:(i+1)*b.dim], q)
	}
	if variance <= 0 {
		return
	}
	scale := 1 / float32(math.Sqrt(float64(variance)*float64(b.dim)))
	for i := range q {
		q[i] *= scale
	}
}
