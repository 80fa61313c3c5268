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

// Adam is the optimiser's state for a number of parameters.
type Adam struct {
	LR   float64 // learning rate; may be changed between steps
	m, v []float32
	step int
}

// New returns a state for n parameters.
func New(n int, lr float64) *Adam {
	return &Adam{LR: lr, m: make([]float32, n), v: make([]float32, n)}
}

// Step moves the parameters w against the gradient g. Both have the length that
// New was told.
func (a *Adam) Step(w, g []float32) {
	a.step++
	// The two corrections are taken out of the loop.
	c2 := math.Sqrt(1 - math.Pow(beta2, float64(a.step)))
	rate := float32(a.LR * c2 / (1 - math.Pow(beta1, float64(a.step))))
	eps := float32(epsilon * c2)
	w, g = w[:len(a.m)], g[:len(a.m)]
	v := a.v[:len(a.m)]
	for i, m := range a.m {
		m = beta1*m + (1-beta1)*g[i]
		s := beta2*v[i] + (1-beta2)*g[i]*g[i]
		a.m[i], v[i] = m, s
		w[i] -= rate * m / (float32(math.Sqrt(float64(s))) + eps)
	}
}
