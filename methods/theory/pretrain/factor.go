package pretrain

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Factor is a factor model x = B z + e with z ~ N(0, I) and e ~ N(0, NoiseVar I).
// Its features are E[z | x].
type Factor struct {
	B        *mat.Dense // [d x r]; a rotation of the factors fits as well
	NoiseVar float64
	Linear
}

// NewFactor is the model with a given B [d x r].
func NewFactor(b *mat.Dense, noiseVar float64) (*Factor, error) {
	if b == nil || b.IsEmpty() || !(noiseVar > 0) {
		return nil, fmt.Errorf("pretrain: a factor model with noise of variance %v", noiseVar)
	}
	_, r := b.Dims()
	inner := mat.NewSymDense(r, nil) // B^T B + s I
	inner.SymOuterK(1, b.T())
	for i := range r {
		inner.SetSym(i, i, inner.At(i, i)+noiseVar)
	}
	var c mat.Cholesky
	var w mat.Dense
	if !c.Factorize(inner) || c.SolveTo(&w, b.T()) != nil || !finite(w.RawMatrix().Data) {
		return nil, fmt.Errorf("pretrain: a factor model that is not finite")
	}
	return &Factor{B: b, NoiseVar: noiseVar, Linear: Linear{&w}}, nil
}

// FactorMLE fits r factors to centred points x [m x d], whose noise has a known
// variance: B = U_r (Lam_r - noise)_+^(1/2), of the largest r eigenvalues and
// eigenvectors of the points' second moments.
func FactorMLE(x *mat.Dense, r int, noiseVar float64) (*Factor, error) {
	m, d, err := points(x)
	if err != nil {
		return nil, err
	}
	s := mat.NewSymDense(d, nil)
	s.SymOuterK(1/float64(m), x.T())
	return FactorOfMoments(s, r, noiseVar)
}

// FactorOfMoments is [FactorMLE] for second moments E[x x^T] in place of points.
func FactorOfMoments(s *mat.SymDense, r int, noiseVar float64) (*Factor, error) {
	d := s.SymmetricDim()
	if r < 1 || r > d {
		return nil, fmt.Errorf("pretrain: %d factors of %d dimensions", r, d)
	}
	values, vectors, err := largest(s, r)
	if err != nil {
		return nil, err
	}
	for j, l := range values {
		scale := math.Sqrt(max(0, l-noiseVar))
		for i := range d {
			vectors.Set(i, j, vectors.At(i, j)*scale)
		}
	}
	return NewFactor(vectors, noiseVar)
}

// largest returns the r largest eigenvalues, in descending order, and their
// eigenvectors in columns.
func largest(s *mat.SymDense, r int) ([]float64, *mat.Dense, error) {
	d := s.SymmetricDim()
	var e mat.EigenSym
	if !e.Factorize(s, true) {
		return nil, nil, fmt.Errorf("pretrain: moments without eigenvalues: are all finite?")
	}
	all := e.Values(nil)
	var v mat.Dense
	e.VectorsTo(&v)
	values, out := make([]float64, r), mat.NewDense(d, r, nil)
	for j := range r {
		values[j] = all[d-1-j]
		out.SetCol(j, mat.Col(nil, d-1-j, &v))
	}
	return values, out, nil
}
