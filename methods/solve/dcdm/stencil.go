package dcdm

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// stencil is a symmetric matrix on a grid whose cells have links to their
// neighbours: diag on the diagonal, -east[i] between cells i and i+1, -south[i]
// between i and i+n. Cells with diag 0 do not belong.
type stencil struct {
	n                 int
	diag, east, south []float64
}

func newStencil(n int) *stencil {
	return &stencil{n, make([]float64, n*n), make([]float64, n*n), make([]float64, n*n)}
}

func (p *Poisson) stencil() *stencil {
	s, n := newStencil(p.n), p.n
	for i := range n * n {
		if !p.Inside(i) {
			continue
		}
		s.diag[i] = 4
		if i%n < n-1 && p.Inside(i+1) {
			s.east[i] = 1
		}
		if i+n < n*n && p.Inside(i+n) {
			s.south[i] = 1
		}
	}
	return s
}

// residual sets dst to b - A x.
func (s *stencil) residual(dst, b, x []float64) {
	n := s.n
	for i, v := range x {
		r := b[i] - s.diag[i]*v
		if i%n > 0 {
			r += s.east[i-1] * x[i-1]
		}
		if i%n < n-1 {
			r += s.east[i] * x[i+1]
		}
		if i >= n {
			r += s.south[i-n] * x[i-n]
		}
		if i+n < len(x) {
			r += s.south[i] * x[i+n]
		}
		dst[i] = r
	}
}

// IncompleteCholesky is the preconditioner (L L^T)^-1 with L of the pattern of
// A's lower half, IC(0).
type IncompleteCholesky struct {
	s    *stencil
	root []float64 // diagonal of L; 1 outside
}

// NewIncompleteCholesky factorises Poisson's matrix.
func NewIncompleteCholesky(p *Poisson) *IncompleteCholesky {
	s := p.stencil()
	c := &IncompleteCholesky{s, make([]float64, len(s.diag))}
	for i, d := range s.diag {
		if d == 0 {
			c.root[i] = 1
			continue
		}
		if i%s.n > 0 {
			l := s.east[i-1] / c.root[i-1]
			d -= l * l
		}
		if i >= s.n {
			l := s.south[i-s.n] / c.root[i-s.n]
			d -= l * l
		}
		c.root[i] = math.Sqrt(d) // of an M-matrix: positive
	}
	return c
}

// Propose applies the preconditioner.
func (c *IncompleteCholesky) Propose(dst, r []float64) error {
	n, s := c.s.n, c.s
	for i := range dst {
		v := r[i]
		if i%n > 0 {
			v += s.east[i-1] / c.root[i-1] * dst[i-1]
		}
		if i >= n {
			v += s.south[i-n] / c.root[i-n] * dst[i-n]
		}
		dst[i] = v / c.root[i]
	}
	for i := len(dst) - 1; i >= 0; i-- {
		v := dst[i]
		if i%n < n-1 {
			v += s.east[i] / c.root[i] * dst[i+1]
		}
		if i+n < len(dst) {
			v += s.south[i] / c.root[i] * dst[i+n]
		}
		dst[i] = v / c.root[i]
	}
	return nil
}

// Multigrid is a V-cycle as preconditioner: two damped Jacobi steps before and
// two after the correction from a grid of half as many cells a side, piecewise
// constant, whose matrix is that of the finer one between such functions, halved:
// these overrate the energy of a smooth one by 2.
type Multigrid struct {
	levels []*stencil
	x, b   [][]float64 // on each level
	r      [][]float64
	bottom *mat.Cholesky
}

const damping = .8

// NewMultigrid prepares the levels of a grid, down to an odd number of cells a
// side or to 4; an odd number above 32 is an error.
func NewMultigrid(p *Poisson) (*Multigrid, error) {
	m := &Multigrid{levels: []*stencil{p.stencil()}}
	for {
		fine := m.levels[len(m.levels)-1]
		cells := fine.n * fine.n
		m.x, m.b, m.r = append(m.x, make([]float64, cells)), append(m.b, make([]float64, cells)), append(m.r, make([]float64, cells))
		if fine.n <= 4 || fine.n%2 == 1 {
			break
		}
		m.levels = append(m.levels, fine.coarser())
	}
	s := m.levels[len(m.levels)-1]
	if s.n > 32 {
		return nil, fmt.Errorf("dcdm: multigrid for %d x %d cells ends at %d x %d", p.n, p.n, s.n, s.n)
	}
	a := mat.NewSymDense(len(s.diag), nil)
	for i, d := range s.diag {
		if d == 0 {
			d = 1
		}
		a.SetSym(i, i, d)
		if i%s.n < s.n-1 {
			a.SetSym(i, i+1, -s.east[i])
		}
		if i+s.n < len(s.diag) {
			a.SetSym(i, i+s.n, -s.south[i])
		}
	}
	m.bottom = new(mat.Cholesky)
	if !m.bottom.Factorize(a) {
		return nil, ErrNotPositive
	}
	return m, nil
}

// coarser is half of P^T A P for P that spreads a cell over 2 x 2.
func (s *stencil) coarser() *stencil {
	c := newStencil(s.n / 2)
	for i := range s.diag {
		y, x := i/s.n, i%s.n
		at := y/2*c.n + x/2
		c.diag[at] += s.diag[i] / 2
		if x%2 == 0 { // within the block: both ends
			c.diag[at] -= s.east[i]
		} else {
			c.east[at] += s.east[i] / 2
		}
		if y%2 == 0 {
			c.diag[at] -= s.south[i]
		} else {
			c.south[at] += s.south[i] / 2
		}
	}
	return c
}

// Propose makes a V-cycle.
func (m *Multigrid) Propose(dst, r []float64) error {
	copy(m.b[0], r)
	if err := m.cycle(0); err != nil {
		return err
	}
	copy(dst, m.x[0])
	return nil
}

func (m *Multigrid) cycle(level int) error {
	s, x, b, r := m.levels[level], m.x[level], m.b[level], m.r[level]
	if level == len(m.levels)-1 {
		v := mat.NewVecDense(len(x), x)
		return m.bottom.SolveVecTo(v, mat.NewVecDense(len(b), b))
	}
	for i, d := range s.diag { // the first step, from zero
		x[i] = 0
		if d != 0 {
			x[i] = damping * b[i] / d
		}
	}
	s.jacobi(x, b, r)
	s.residual(r, b, x)
	half := s.n / 2
	coarse := m.b[level+1]
	clear(coarse)
	for i, v := range r {
		if s.diag[i] != 0 {
			coarse[i/s.n/2*half+i%s.n/2] += v
		}
	}
	if err := m.cycle(level + 1); err != nil {
		return err
	}
	for i := range x {
		if s.diag[i] != 0 {
			x[i] += m.x[level+1][i/s.n/2*half+i%s.n/2]
		}
	}
	s.jacobi(x, b, r)
	s.jacobi(x, b, r)
	return nil
}

func (s *stencil) jacobi(x, b, r []float64) {
	s.residual(r, b, x)
	for i, d := range s.diag {
		if d != 0 {
			x[i] += damping * r[i] / d
		}
	}
}
