// Package dcdm solves symmetric positive definite systems by conjugate directions
// that a network proposes (Kaneda, Akar, Chen, Kala, Hyde and Teran, "A Deep
// Conjugate Direction Method for Iteratively Solving Linear Systems", 2022,
// arXiv:2205.10763). The network only has to point roughly along A^-1 r, at any
// scale: orthogonalisation against the last directions and the exact step
// length keep every iteration a descent, and the result as exact as one asks for.
//
// From r = b - A x, iteration k is
//
//	d = f(r/|r|)
//	p = d - sum over the last two p_j of p_j (d . A p_j)/(p_j . A p_j)       (1)
//	x = x + p (p . r)/(p . A p),   r = b - A x                               (2)
//
// With f the identity these are conjugate gradients. The network is trained
// without solutions, on unit vectors b, by
//
//	L = mean |b - a A f(b)|^2,   a = b . f(b) / f(b) . A f(b)                (3)
//
// so that its scale is free. A sample b weighs the slow, smooth modes of A up:
// those of its lower half by 9 ([SineModes], [RitzSamples]).
//
// Beside it are what it must be compared with: conjugate gradients, alone ([CG])
// and preconditioned ([PCG]) by incomplete Cholesky ([IncompleteCholesky]) and by
// multigrid ([Multigrid]), for Poisson's equation on parts of a square grid
// ([Poisson]).
//
// Differences from the paper: two dimensions, not three; a network without
// activations, since A^-1 is linear, with which a few hundred steps are enough
// ([Options.ReLU] brings them back); fresh samples in each step; and a fall-back
// to the residual where a proposal adds nothing to the directions before it.
package dcdm

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// Operator is a symmetric positive definite matrix.
type Operator interface {
	// Size is the number of rows.
	Size() int
	// Mul sets dst to the product with x.
	Mul(dst, x []float64)
}

// Direction proposes where to go from a residual: something like A^-1 r, at any
// scale. It need not be linear.
type Direction interface {
	// Propose sets dst to the proposal for r. [Solve] gives r at length 1.
	Propose(dst, r []float64) error
}

// Identity proposes the residual itself.
type Identity struct{}

// Propose copies r.
func (Identity) Propose(dst, r []float64) error {
	copy(dst, r)
	return nil
}

// Stop says when an iteration ends.
type Stop struct {
	Tol     float64 // |b - A x| of the start's; 0 for 1e-4
	MaxIter int     // 0 for 300
}

func (s Stop) withDefaults() Stop {
	if s.Tol == 0 {
		s.Tol = 1e-4
	}
	if s.MaxIter == 0 {
		s.MaxIter = 300
	}
	return s
}

// Result is what an iteration came to.
type Result struct {
	X         []float64
	Residuals []float64 // |b - A x| of the start's, before each iteration and at the end
	Converged bool
}

// Iterations is how many there were.
func (r Result) Iterations() int { return len(r.Residuals) - 1 }

// ErrNotPositive says that a direction has no positive energy p . A p.
var ErrNotPositive = errors.New("dcdm: the operator is not positive definite")

// lost is the share of a proposal's length below which what is left of it after
// orthogonalisation is rounding.
const lost = 1e-10

// Solve solves A x = b from x = 0 with directions from f, made A-orthogonal to the
// last keep ones: the paper's is 2, none is 0. The residual is computed anew in
// each iteration, since these directions are of no Krylov space. An iteration
// that does not converge is a result, not an error.
func Solve(ctx context.Context, a Operator, b []float64, f Direction, keep int, s Stop) (Result, error) {
	x, r, start, err := begin(a, b)
	if err != nil {
		return Result{}, err
	}
	if keep < 0 {
		return Result{}, fmt.Errorf("dcdm: orthogonal to the last %d directions", keep)
	}
	s = s.withDefaults()
	n := len(b)
	res := Result{X: x, Residuals: []float64{1}}
	if start == 0 {
		res.Converged = true
		return res, nil
	}
	type direction struct {
		p, ap  []float64
		energy float64 // p . A p
	}
	var last []direction
	unit := make([]float64, n)
	orthogonal := func(p []float64) {
		for _, l := range last {
			floats.AddScaled(p, -floats.Dot(p, l.ap)/l.energy, l.p)
		}
	}
	for range s.MaxIter {
		if err := ctx.Err(); err != nil {
			return res, err
		}
		d := direction{p: make([]float64, n), ap: make([]float64, n)}
		floats.ScaleTo(unit, 1/floats.Norm(r, 2), r)
		if err := f.Propose(d.p, unit); err != nil {
			return res, err
		}
		length := floats.Norm(d.p, 2)
		orthogonal(d.p)
		if !(floats.Norm(d.p, 2) > lost*length) {
			copy(d.p, unit)
			orthogonal(d.p)
		}
		a.Mul(d.ap, d.p)
		if d.energy = floats.Dot(d.p, d.ap); !(d.energy > 0) {
			return res, fmt.Errorf("%w: p . A p = %v", ErrNotPositive, d.energy)
		}
		floats.AddScaled(x, floats.Dot(d.p, r)/d.energy, d.p)
		a.Mul(r, x)
		floats.SubTo(r, b, r)
		relative := floats.Norm(r, 2) / start
		res.Residuals = append(res.Residuals, relative)
		if relative <= s.Tol {
			res.Converged = true
			break
		}
		if keep > 0 {
			if len(last) == keep {
				last = append(last[:0], last[1:]...)
			}
			last = append(last, d)
		}
	}
	return res, nil
}

// CG solves A x = b from x = 0 by conjugate gradients.
func CG(ctx context.Context, a Operator, b []float64, s Stop) (Result, error) {
	return PCG(ctx, a, b, Identity{}, s)
}

// PCG solves A x = b from x = 0 by conjugate gradients with a preconditioner: a
// direction that is a symmetric positive definite matrix.
func PCG(ctx context.Context, a Operator, b []float64, pre Direction, s Stop) (Result, error) {
	x, r, start, err := begin(a, b)
	if err != nil {
		return Result{}, err
	}
	s = s.withDefaults()
	res := Result{X: x, Residuals: []float64{1}}
	if start == 0 {
		res.Converged = true
		return res, nil
	}
	n := len(b)
	z, p, ap := make([]float64, n), make([]float64, n), make([]float64, n)
	var before float64
	for k := range s.MaxIter {
		if err := ctx.Err(); err != nil {
			return res, err
		}
		if err := pre.Propose(z, r); err != nil {
			return res, err
		}
		rz := floats.Dot(r, z)
		if k == 0 {
			copy(p, z)
		} else {
			floats.AddScaledTo(p, z, rz/before, p)
		}
		before = rz
		a.Mul(ap, p)
		energy := floats.Dot(p, ap)
		if !(energy > 0) {
			return res, fmt.Errorf("%w: p . A p = %v", ErrNotPositive, energy)
		}
		floats.AddScaled(x, rz/energy, p)
		floats.AddScaled(r, -rz/energy, ap)
		relative := floats.Norm(r, 2) / start
		res.Residuals = append(res.Residuals, relative)
		if relative <= s.Tol {
			res.Converged = true
			break
		}
	}
	return res, nil
}

func begin(a Operator, b []float64) (x, r []float64, start float64, err error) {
	if a.Size() != len(b) {
		return nil, nil, 0, fmt.Errorf("dcdm: a right-hand side of %d for a matrix of %d", len(b), a.Size())
	}
	start = floats.Norm(b, 2)
	if math.IsNaN(start) || math.IsInf(start, 0) {
		return nil, nil, 0, fmt.Errorf("dcdm: a right-hand side of length %v", start)
	}
	return make([]float64, len(b)), append([]float64(nil), b...), start, nil
}
