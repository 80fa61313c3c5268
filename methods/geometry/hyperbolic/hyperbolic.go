// Package hyperbolic is the Poincaré ball: hyperbolic space as the points with
// |x| < 1/sqrt(c), whose distances grow without bound towards the edge, so that
// trees fit into few dimensions (Nickel and Kiela, 2017, arXiv:1705.08039; Ganea
// et al., 2018, arXiv:1805.09112). At c = 1
//
//	exp_0(v) = tanh(|v|) v/|v|,   log_0(x) = artanh(|x|) x/|x|
//	r(x)     = d(0, x) = 2 artanh |x|
//	d(x, y)  = arcosh(1 + 2 |x-y|^2 / ((1-|x|^2)(1-|y|^2)))
//	x + y    = ((1 + 2 x.y + |y|^2) x + (1 - |x|^2) y) / (1 + 2 x.y + |x|^2 |y|^2)
//	M x      = exp_0(M log_0(x))
//
// the last two being Möbius addition and multiplication; else points and tangent
// vectors are first multiplied by sqrt(c), and results divided by it.
//
// Far from the origin the distance of two points is nearly r(x) + r(y) + 2 ln
// sin(angle/2): how far out they are says almost all. Near it distances are
// twice the Euclidean ones.
//
// In float64 a radius of about 35 is where 1 - |x| is lost; points are kept
// below that.
package hyperbolic

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// edge is the largest |x|, at c = 1.
const edge = 1 - 1e-15

// Ball is the ball of curvature -C; 0 stands for 1.
type Ball struct{ C float64 }

// root is sqrt(c).
func (b Ball) root() float64 {
	if b.C == 0 {
		return 1
	}
	return math.Sqrt(b.C)
}

// check says whether the points are in the ball and of one dimension.
func (b Ball) check(points ...[]float64) error {
	if b.C < 0 || math.IsNaN(b.C) || math.IsInf(b.C, 1) {
		return fmt.Errorf("hyperbolic: a ball of curvature %v", -b.C)
	}
	for _, x := range points {
		if len(x) != len(points[0]) {
			return fmt.Errorf("hyperbolic: points of %d and %d dimensions", len(points[0]), len(x))
		}
		if n := floats.Norm(x, 2) * b.root(); !(n < 1) {
			return fmt.Errorf("hyperbolic: a point at %v of the ball's radius", n)
		}
	}
	return nil
}

// Exp0 is where the geodesic from the origin along v ends: at the distance 2 |v|.
func (b Ball) Exp0(v []float64) ([]float64, error) {
	n := floats.Norm(v, 2) * b.root()
	if math.IsNaN(n) || math.IsInf(n, 0) || b.check() != nil {
		return nil, fmt.Errorf("hyperbolic: a tangent vector of length %v, curvature %v", n, -b.C)
	}
	x := append([]float64(nil), v...)
	if n > 0 {
		floats.Scale(min(math.Tanh(n), edge)/n, x)
	}
	return x, nil
}

// Log0 is the inverse of Exp0.
func (b Ball) Log0(x []float64) ([]float64, error) {
	if err := b.check(x); err != nil {
		return nil, err
	}
	v := append([]float64(nil), x...)
	if n := floats.Norm(x, 2) * b.root(); n > 0 {
		floats.Scale(math.Atanh(n)/n, v)
	}
	return v, nil
}

// Radius is the distance from the origin.
func (b Ball) Radius(x []float64) (float64, error) {
	if err := b.check(x); err != nil {
		return 0, err
	}
	return 2 * math.Atanh(floats.Norm(x, 2)*b.root()) / b.root(), nil
}

// Dist is the distance of two points.
func (b Ball) Dist(x, y []float64) (float64, error) {
	if err := b.check(x, y); err != nil {
		return 0, err
	}
	s := b.root()
	d, nx, ny := floats.Distance(x, y, 2)*s, floats.Norm(x, 2)*s, floats.Norm(y, 2)*s
	// arcosh(1 + u) as the textbooks have it loses all digits for near points.
	u := 2 * d * d / ((1 - nx) * (1 + nx) * (1 - ny) * (1 + ny))
	return math.Log1p(u+math.Sqrt(u*(u+2))) / s, nil
}

// MobiusAdd is x + y: y moved by the translation that takes the origin to x.
func (b Ball) MobiusAdd(x, y []float64) ([]float64, error) {
	if err := b.check(x, y); err != nil {
		return nil, err
	}
	c := b.root() * b.root()
	xy, xx, yy := c*floats.Dot(x, y), c*floats.Dot(x, x), c*floats.Dot(y, y)
	out := make([]float64, len(x))
	floats.AddScaled(out, 1+2*xy+yy, x)
	floats.AddScaled(out, 1-xx, y)
	floats.Scale(1/(1+2*xy+xx*yy), out)
	b.clip(out)
	return out, nil
}

// MatVec is the Möbius product of a matrix [k, d] and a point [d]: its tangent
// vector at the origin is multiplied. With M = s I the radius becomes s times
// what it was.
func (b Ball) MatVec(m mat.Matrix, x []float64) ([]float64, error) {
	r, c := m.Dims()
	if c != len(x) {
		return nil, fmt.Errorf("hyperbolic: a %d x %d matrix and a point of %d dimensions", r, c, len(x))
	}
	v, err := b.Log0(x)
	if err != nil {
		return nil, err
	}
	out := mat.NewVecDense(r, nil)
	out.MulVec(m, mat.NewVecDense(c, v))
	return b.Exp0(out.RawVector().Data)
}

// clip takes rounding back into the ball.
func (b Ball) clip(x []float64) {
	if n := floats.Norm(x, 2) * b.root(); n > edge {
		floats.Scale(edge/n, x)
	}
}
