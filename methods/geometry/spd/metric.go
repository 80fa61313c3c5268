package spd

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Metric is a geometry of the SPD matrices of a size. Its methods fail for
// matrices that are not positive definite or not of the same size.
type Metric interface {
	// Dist2 is the squared distance.
	Dist2(a, b *mat.SymDense) (float64, error)
	// Inner is the inner product of two tangent vectors, symmetric matrices, at p.
	Inner(p, u, v *mat.SymDense) (float64, error)
	// LogMap is the tangent vector at p that points to q, as long as their distance.
	LogMap(p, q *mat.SymDense) (*mat.SymDense, error)
	// ExpMap is where the geodesic from p along v ends: the inverse of LogMap.
	ExpMap(p, v *mat.SymDense) (*mat.SymDense, error)
	// Mean is the matrix with the least sum of squared distances, after so many
	// steps from the arithmetic mean.
	Mean(xs []*mat.SymDense, steps int) (*mat.SymDense, error)
}

// Geodesic is the point at t in 0..1 of the shortest way from a to b.
func Geodesic(m Metric, a, b *mat.SymDense, t float64) (*mat.SymDense, error) {
	v, err := m.LogMap(a, b)
	if err != nil {
		return nil, err
	}
	v.ScaleSym(t, v)
	return m.ExpMap(a, v)
}

// AffineInvariant is the geometry in which A X A^T is as good as X, for any
// regular A.
type AffineInvariant struct{}

// Dist2 implements [Metric].
func (AffineInvariant) Dist2(a, b *mat.SymDense) (float64, error) {
	_, inv, err := roots(a, b)
	if err != nil {
		return 0, err
	}
	l, err := Log(congruence(inv, b))
	if err != nil {
		return 0, err
	}
	return frobenius2(l), nil
}

// Inner implements [Metric].
func (AffineInvariant) Inner(p, u, v *mat.SymDense) (float64, error) {
	_, inv, err := roots(p, u, v)
	if err != nil {
		return 0, err
	}
	return dot(congruence(inv, u), congruence(inv, v)), nil
}

// LogMap implements [Metric].
func (AffineInvariant) LogMap(p, q *mat.SymDense) (*mat.SymDense, error) {
	root, inv, err := roots(p, q)
	if err != nil {
		return nil, err
	}
	l, err := Log(congruence(inv, q))
	if err != nil {
		return nil, err
	}
	return congruence(root, l), nil
}

// ExpMap implements [Metric].
func (AffineInvariant) ExpMap(p, v *mat.SymDense) (*mat.SymDense, error) {
	root, inv, err := roots(p, v)
	if err != nil {
		return nil, err
	}
	e, err := Exp(congruence(inv, v))
	if err != nil {
		return nil, err
	}
	return congruence(root, e), nil
}

// Mean implements [Metric] by Karcher's iteration.
func (m AffineInvariant) Mean(xs []*mat.SymDense, steps int) (*mat.SymDense, error) {
	g, err := average(xs)
	if err != nil {
		return nil, err
	}
	for range steps {
		vs := make([]*mat.SymDense, len(xs))
		for i, x := range xs {
			if vs[i], err = m.LogMap(g, x); err != nil {
				return nil, err
			}
		}
		v, err := average(vs)
		if err != nil {
			return nil, err
		}
		if g, err = m.ExpMap(g, v); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// LogEuclidean is the flat geometry of the matrices' logarithms.
type LogEuclidean struct{}

// Dist2 implements [Metric].
func (LogEuclidean) Dist2(a, b *mat.SymDense) (float64, error) {
	d, err := logDifference(a, b)
	if err != nil {
		return 0, err
	}
	return frobenius2(d), nil
}

func logDifference(from, to *mat.SymDense) (*mat.SymDense, error) {
	if err := sameSize(from, to); err != nil {
		return nil, err
	}
	a, err := Log(from)
	if err != nil {
		return nil, err
	}
	b, err := Log(to)
	if err != nil {
		return nil, err
	}
	return sum(1, b, -1, a), nil
}

// Inner implements [Metric].
func (LogEuclidean) Inner(p, u, v *mat.SymDense) (float64, error) {
	e, err := positive(p, u, v)
	if err != nil {
		return 0, err
	}
	return dot(e.differential(Logarithm(0), u), e.differential(Logarithm(0), v)), nil
}

// LogMap implements [Metric].
func (LogEuclidean) LogMap(p, q *mat.SymDense) (*mat.SymDense, error) {
	d, err := logDifference(p, q)
	if err != nil {
		return nil, err
	}
	e, err := decompose(p)
	if err != nil {
		return nil, err
	}
	return e.inverseDifferential(Logarithm(0), d), nil
}

// ExpMap implements [Metric].
func (LogEuclidean) ExpMap(p, v *mat.SymDense) (*mat.SymDense, error) {
	e, err := positive(p, v)
	if err != nil {
		return nil, err
	}
	return Exp(sum(1, e.apply(math.Log), 1, e.differential(Logarithm(0), v)))
}

// Mean implements [Metric]. It is exact, whatever the number of steps.
func (LogEuclidean) Mean(xs []*mat.SymDense, _ int) (*mat.SymDense, error) {
	logs := make([]*mat.SymDense, len(xs))
	for i, x := range xs {
		var err error
		if logs[i], err = Log(x); err != nil {
			return nil, err
		}
	}
	l, err := average(logs)
	if err != nil {
		return nil, err
	}
	return Exp(l)
}

// roots are the root of a positive definite matrix and its inverse; the other
// matrices must be of the same size.
func roots(p *mat.SymDense, others ...*mat.SymDense) (root, inverse *mat.SymDense, err error) {
	e, err := positive(p, others...)
	if err != nil {
		return nil, nil, err
	}
	return e.apply(math.Sqrt), e.apply(func(w float64) float64 { return 1 / math.Sqrt(w) }), nil
}

// positive decomposes a positive definite matrix.
func positive(p *mat.SymDense, others ...*mat.SymDense) (*eigen, error) {
	for _, o := range others {
		if err := sameSize(p, o); err != nil {
			return nil, err
		}
	}
	e, err := decompose(p)
	if err != nil {
		return nil, err
	}
	return e, e.positive(true)
}

func average(xs []*mat.SymDense) (*mat.SymDense, error) {
	if err := sameSize(xs...); err != nil {
		return nil, err
	}
	g := mat.NewSymDense(xs[0].SymmetricDim(), nil)
	for _, x := range xs {
		g.AddSym(g, x)
	}
	g.ScaleSym(1/float64(len(xs)), g)
	if !finite(g.RawSymmetric().Data) {
		return nil, fmt.Errorf("spd: matrices that are not finite")
	}
	return g, nil
}

// dot is the sum of the products of the entries.
func dot(a, b *mat.SymDense) float64 {
	s := 0.0
	for i := range a.SymmetricDim() {
		for j := range a.SymmetricDim() {
			s += a.At(i, j) * b.At(i, j)
		}
	}
	return s
}
