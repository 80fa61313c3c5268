package dcdm

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Poisson is Poisson's equation on the cells of an n x n grid, row by row, or on
// some of them: 4 on the diagonal and -1 for each of the four neighbours, with
// zero outside (Dirichlet). Vectors must vanish in cells that do not belong.
type Poisson struct {
	n    int
	mask []bool // nil: all
}

// NewPoisson is the equation on a grid of n x n cells, on those where mask, of
// length n^2, is true; nil is all of them.
func NewPoisson(n int, mask []bool) (*Poisson, error) {
	if n < 1 || mask != nil && len(mask) != n*n {
		return nil, fmt.Errorf("dcdm: a mask of %d cells for a grid of %d x %d", len(mask), n, n)
	}
	return &Poisson{n, mask}, nil
}

// Grid is n.
func (p *Poisson) Grid() int { return p.n }

// Size is n^2.
func (p *Poisson) Size() int { return p.n * p.n }

// Inside reports whether a cell belongs.
func (p *Poisson) Inside(cell int) bool { return p.mask == nil || p.mask[cell] }

// Restrict sets x to zero in the cells that do not belong.
func (p *Poisson) Restrict(x []float64) {
	for i, in := range p.mask {
		if !in {
			x[i] = 0
		}
	}
}

// Mul sets dst to A x.
func (p *Poisson) Mul(dst, x []float64) {
	n := p.n
	for i := range n {
		row, out := x[i*n:(i+1)*n], dst[i*n:(i+1)*n]
		for j, v := range row {
			out[j] = 4 * v
		}
		for j := 1; j < n; j++ {
			out[j] -= row[j-1]
			out[j-1] -= row[j]
		}
		if i > 0 {
			for j, v := range x[(i-1)*n : i*n] {
				out[j] -= v
			}
		}
		if i < n-1 {
			for j, v := range x[(i+1)*n : (i+2)*n] {
				out[j] -= v
			}
		}
	}
	p.Restrict(dst)
}

// Sines are the eigenvectors of Poisson's equation on a whole grid: products of
// sines along the two axes.
type Sines struct {
	n int
	s *mat.Dense // [n x n], symmetric and orthogonal
	// Lambda has the eigenvalue of mode (i, j) at i n + j.
	Lambda []float64
}

// NewSines prepares those of an n x n grid.
func NewSines(n int) *Sines {
	s := &Sines{n, mat.NewDense(n, n, nil), make([]float64, n*n)}
	for i := range n {
		for j := range n {
			angle := math.Pi / float64(n+1)
			s.s.Set(i, j, math.Sqrt(2/float64(n+1))*math.Sin(angle*float64((i+1)*(j+1))))
			s.Lambda[i*n+j] = 4 - 2*math.Cos(angle*float64(i+1)) - 2*math.Cos(angle*float64(j+1))
		}
	}
	return s
}

// Transform turns x, in place, from cells to modes, or back.
func (s *Sines) Transform(x []float64) {
	m := mat.NewDense(s.n, s.n, x)
	var half mat.Dense
	half.Mul(s.s, m)
	m.Mul(&half, s.s)
}

// Propose sets dst to the solution A^-1 r.
func (s *Sines) Propose(dst, r []float64) error {
	copy(dst, r)
	s.Transform(dst)
	for i, l := range s.Lambda {
		dst[i] /= l
	}
	s.Transform(dst)
	return nil
}
