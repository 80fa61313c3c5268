package funcmap

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// LaplacianMask is the penalty of maps that do not commute with the Laplacian:
// (lambda2_i - lambda1_j)^2 [k x k].
func LaplacianMask(b1, b2 *Basis, k int) (*mat.Dense, error) {
	return mask(b1, b2, k, func(l1, l2 float64) float64 { return (l2 - l1) * (l2 - l1) })
}

// ResolventMask is that of maps that do not commute with the Laplacian's
// resolvent (Ren et al., "Structured Regularization of Functional Map
// Computations", 2019). With a = (lambda1_j / max)^1/2, b = (lambda2_i / max)^1/2,
//
//	(b/(b^2+1) - a/(a^2+1))^2 + (1/(b^2+1) - 1/(a^2+1))^2.
func ResolventMask(b1, b2 *Basis, k int) (*mat.Dense, error) {
	if _, err := b1.first(k); err != nil {
		return nil, err
	}
	if _, err := b2.first(k); err != nil {
		return nil, err
	}
	top := max(b1.Lambda[k-1], b2.Lambda[k-1])
	if top == 0 {
		top = 1 // constants alone
	}
	return mask(b1, b2, k, func(l1, l2 float64) float64 {
		a, b := math.Sqrt(l1/top), math.Sqrt(l2/top)
		re := b/(b*b+1) - a/(a*a+1)
		im := 1/(b*b+1) - 1/(a*a+1)
		return re*re + im*im
	})
}

func mask(b1, b2 *Basis, k int, of func(l1, l2 float64) float64) (*mat.Dense, error) {
	if _, err := b1.first(k); err != nil {
		return nil, err
	}
	if _, err := b2.first(k); err != nil {
		return nil, err
	}
	d := mat.NewDense(k, k, nil)
	d.Apply(func(i, j int, _ float64) float64 { return of(b1.Lambda[j], b2.Lambda[i]) }, d)
	return d, nil
}

// Orthogonality is the mean of (C C^T - I)^2, and its gradient.
func Orthogonality(c *mat.Dense) (loss float64, gradient *mat.Dense) {
	k, _ := c.Dims()
	var e mat.Dense
	e.Mul(c, c.T())
	for i := range k {
		e.Set(i, i, e.At(i, i)-1)
	}
	n := float64(k * k)
	loss = square(&e) / n
	gradient = mat.NewDense(k, k, nil)
	gradient.Mul(&e, c)
	gradient.Scale(4/n, gradient)
	return loss, gradient
}

// Weighted is the mean of D_ij C_ij^2, and its gradient. With [LaplacianMask] it
// is the loss of maps that do not commute with the Laplacian. Both are [k x k].
func Weighted(c, d *mat.Dense) (loss float64, gradient *mat.Dense) {
	k, _ := c.Dims()
	n := float64(k * k)
	gradient = mat.NewDense(k, k, nil)
	gradient.Apply(func(i, j int, v float64) float64 {
		loss += d.At(i, j) * v * v / n
		return 2 * d.At(i, j) * v / n
	}, c)
	return loss, gradient
}

// Towards is the mean of (C - T)^2 for a map T of the same size, and its gradient.
func Towards(c, t *mat.Dense) (loss float64, gradient *mat.Dense) {
	k, _ := c.Dims()
	n := float64(k * k)
	gradient = mat.NewDense(k, k, nil)
	gradient.Sub(c, t)
	loss = square(gradient) / n
	gradient.Scale(2/n, gradient)
	return loss, gradient
}

func square(m *mat.Dense) float64 { n := mat.Norm(m, 2); return n * n }
