// Package adam is the Adam optimiser (Kingma and Ba, 2014, arXiv:1412.6980) for
// parameters that live outside of a GoMLX graph:
//
//	m = b1 m + (1 - b1) g,   v = b2 v + (1 - b2) g^2,
//	w = w - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
//
// with the usual b1 = .9, b2 = .999, eps = 1e-8.
package adam

import "math"

const (
	beta1   = .9
	beta2   = .999
	epsilon = 1e-8
)

// Adam is the optimiser's state for a number of parameters in float32.
type Adam = Of[float32]

// New returns a state for n parameters in float32.
func New(n int, lr float64) *Adam { return NewOf[float32](n, lr) }

// Of is the optimiser's state for a number of parameters.
type Of[F float32 | float64] struct {
	LR   float64 // learning rate; may be changed between steps
	m, v []F
	step int
}

// NewOf returns a state for n parameters.
func NewOf[F float32 | float64](n int, lr float64) *Of[F] {
	return &Of[F]{LR: lr, m: make([]F, n), v: make([]F, n)}
}

// Step moves the parameters w against the gradient g. Both have the length that
// New was told.
func (a *Of[F]) Step(w, g []F) {
	a.step++
	// The two corrections are taken out of the loop.
	c2 := math.Sqrt(1 - math.Pow(beta2, float64(a.step)))
	rate := F(a.LR * c2 / (1 - math.Pow(beta1, float64(a.step))))
	eps := F(epsilon * c2)
	w, g = w[:len(a.m)], g[:len(a.m)]
	v := a.v[:len(a.m)]
	for i, m := range a.m {
		m = beta1*m + (1-beta1)*g[i]
		s := beta2*v[i] + (1-beta2)*g[i]*g[i]
		a.m[i], v[i] = m, s
		w[i] -= rate * m / (F(math.Sqrt(float64(s))) + eps)
	}
}
