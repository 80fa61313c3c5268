package spd

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// BuresWasserstein is the Bures-Wasserstein geometry, in which the squared
// distance of two covariances is the least work of moving one centred Gaussian
// onto the other; generalised by M and deformed by Theta. With Y(X) = M^-1/2
// X^Theta M^-1/2 it is the plain geometry of the Y, distances divided by Theta.
type BuresWasserstein struct {
	M     *mat.SymDense // nil for the identity
	Theta float64       // 0 for 1
}

// chart goes to the plain geometry and back.
type chart struct {
	theta     float64
	root, inv *mat.SymDense // of M; nil for the identity
}

func (g BuresWasserstein) chart(xs ...*mat.SymDense) (*chart, error) {
	if err := sameSize(xs...); err != nil {
		return nil, err
	}
	c := &chart{theta: g.Theta}
	if c.theta == 0 {
		c.theta = 1
	}
	if math.IsNaN(c.theta) || math.IsInf(c.theta, 0) {
		return nil, fmt.Errorf("spd: a power %v", c.theta)
	}
	if g.M == nil {
		return c, nil
	}
	var err error
	c.root, c.inv, err = roots(g.M, xs[0])
	return c, err
}

// to is Y(X).
func (c *chart) to(x *mat.SymDense) (*mat.SymDense, error) {
	e, err := positive(x)
	if err != nil {
		return nil, err
	}
	y := x
	if c.theta != 1 {
		y = e.apply(powerOf(c.theta))
	}
	if c.inv != nil {
		y = congruence(c.inv, y)
	}
	return y, nil
}

// from is X(Y).
func (c *chart) from(y *mat.SymDense) (*mat.SymDense, error) {
	if c.root != nil {
		y = congruence(c.root, y)
	}
	if c.theta == 1 {
		return y, nil
	}
	return Pow(y, 1/c.theta)
}

// pushed is the tangent vector at Y(P) that belongs to V at P.
func (c *chart) pushed(p, v *mat.SymDense) (*mat.SymDense, error) {
	if c.theta != 1 {
		e, err := positive(p)
		if err != nil {
			return nil, err
		}
		v = e.differential(exactPower(c.theta), v)
	}
	if c.inv != nil {
		v = congruence(c.inv, v)
	}
	return v, nil
}

// pulled is the inverse of pushed.
func (c *chart) pulled(p, v *mat.SymDense) (*mat.SymDense, error) {
	if c.root != nil {
		v = congruence(c.root, v)
	}
	if c.theta == 1 {
		return v, nil
	}
	e, err := positive(p)
	if err != nil {
		return nil, err
	}
	return e.inverseDifferential(exactPower(c.theta), v), nil
}

// exactPower is w^p for positive w of any size.
func exactPower(p float64) Function {
	return Function{powerOf(p), func(w float64) float64 { return p * math.Pow(w, p-1) }}
}

// Dist2 implements [Metric].
func (g BuresWasserstein) Dist2(a, b *mat.SymDense) (float64, error) {
	c, err := g.chart(a, b)
	if err != nil {
		return 0, err
	}
	y, err := c.to(a)
	if err != nil {
		return 0, err
	}
	z, err := c.to(b)
	if err != nil {
		return 0, err
	}
	root, err := Sqrt(y)
	if err != nil {
		return 0, err
	}
	cross, err := Sqrt(congruence(root, z))
	if err != nil {
		return 0, err
	}
	return max(0, mat.Trace(y)+mat.Trace(z)-2*mat.Trace(cross)) / (c.theta * c.theta), nil
}

// Inner implements [Metric].
func (g BuresWasserstein) Inner(p, u, v *mat.SymDense) (float64, error) {
	c, err := g.chart(p, u, v)
	if err != nil {
		return 0, err
	}
	y, err := c.to(p)
	if err != nil {
		return 0, err
	}
	if u, err = c.pushed(p, u); err != nil {
		return 0, err
	}
	if v, err = c.pushed(p, v); err != nil {
		return 0, err
	}
	l, err := Lyapunov(y, v)
	if err != nil {
		return 0, err
	}
	return dot(u, l) / 2 / (c.theta * c.theta), nil
}

// LogMap implements [Metric]: C + C^T - 2P with C = (P Q)^1/2, of Y(P) and Y(Q).
func (g BuresWasserstein) LogMap(p, q *mat.SymDense) (*mat.SymDense, error) {
	c, err := g.chart(p, q)
	if err != nil {
		return nil, err
	}
	y, err := c.to(p)
	if err != nil {
		return nil, err
	}
	z, err := c.to(q)
	if err != nil {
		return nil, err
	}
	root, inv, err := roots(y)
	if err != nil {
		return nil, err
	}
	cross, err := Sqrt(congruence(root, z))
	if err != nil {
		return nil, err
	}
	var pq mat.Dense
	pq.Product(root, cross, inv)
	return c.pulled(p, sum(2, symmetric(&pq), -2, y))
}

// ExpMap implements [Metric]: (I + L) P (I + L) with L = L_P[V], of Y(P).
func (g BuresWasserstein) ExpMap(p, v *mat.SymDense) (*mat.SymDense, error) {
	c, err := g.chart(p, v)
	if err != nil {
		return nil, err
	}
	y, err := c.to(p)
	if err != nil {
		return nil, err
	}
	if v, err = c.pushed(p, v); err != nil {
		return nil, err
	}
	l, err := Lyapunov(y, v)
	if err != nil {
		return nil, err
	}
	return c.from(congruence(sum(1, identity(p.SymmetricDim()), 1, l), y))
}

// Mean implements [Metric] by the fixed point G^-1/2 (mean (G^1/2 Y G^1/2)^1/2)^2
// G^-1/2, from the arithmetic mean of the Y(X).
func (g BuresWasserstein) Mean(xs []*mat.SymDense, steps int) (*mat.SymDense, error) {
	c, err := g.chart(xs...)
	if err != nil {
		return nil, err
	}
	ys := make([]*mat.SymDense, len(xs))
	for i, x := range xs {
		if ys[i], err = c.to(x); err != nil {
			return nil, err
		}
	}
	b, err := average(ys)
	if err != nil {
		return nil, err
	}
	crosses := make([]*mat.SymDense, len(ys))
	for range steps {
		root, inv, err := roots(b)
		if err != nil {
			return nil, err
		}
		for i, y := range ys {
			if crosses[i], err = Sqrt(congruence(root, y)); err != nil {
				return nil, err
			}
		}
		cross, err := average(crosses)
		if err != nil {
			return nil, err
		}
		var half mat.Dense
		half.Mul(inv, cross)
		b = congruence(&half, identity(b.SymmetricDim()))
	}
	return c.from(b)
}

// Transport moves a tangent vector at p to the identity, in the plain geometry
// (M = I, Theta = 1): entry i, j in the eigenbasis of p is multiplied by
// sqrt(2 / (w_i + w_j)). It keeps lengths.
func Transport(p, v *mat.SymDense) (*mat.SymDense, error) {
	e, err := positive(p, v)
	if err != nil {
		return nil, err
	}
	return e.scale(v, func(a, b float64) float64 { return math.Sqrt(2 / (a + b)) }), nil
}

// TransportBack moves a tangent vector at the identity to p: the inverse of
// [Transport].
func TransportBack(p, v *mat.SymDense) (*mat.SymDense, error) {
	e, err := positive(p, v)
	if err != nil {
		return nil, err
	}
	return e.scale(v, func(a, b float64) float64 { return math.Sqrt((a + b) / 2) }), nil
}
