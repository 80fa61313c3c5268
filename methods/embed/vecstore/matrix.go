package vecstore

import (
	"slices"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/random"
)

// matrix are parameters in rows, of which a batch uses some.
type matrix struct {
	w   []float32
	dim int
	opt *adam.Rows
}

// newMatrix draws n x dim parameters from N(0, sd^2). The stream tells a
// method's matrices apart.
func newMatrix(s Spec, n, dim int, sd float64, stream uint64) (*matrix, error) {
	m := &matrix{w: make([]float32, n*dim), dim: dim}
	random.Normal(random.New(s.Seed, stream), m.w, sd)
	var err error
	if m.opt, err = adam.NewRows(m.w, dim, 0); err != nil {
		return nil, err
	}
	m.opt.Decay = float32(s.Decay)
	return m, nil
}

func (m *matrix) row(i int32) []float32 { return m.w[int(i)*m.dim : (int(i)+1)*m.dim] }

func (m *matrix) step(lr float64) {
	m.opt.LR = lr
	m.opt.Step()
}

// bytes is the memory of the values.
func (m *matrix) bytes() int { return 4 * len(m.w) }

// copyOf is what a store keeps of a matrix.
func (m *matrix) copyOf() *matrix { return &matrix{w: slices.Clone(m.w), dim: m.dim} }

// denseParameters are parameters that all batches use.
type denseParameters struct {
	p, g []float32
	m    *matrix
}

func newDense(s Spec, n int) (*denseParameters, error) {
	m, err := newMatrix(s, 1, n, 0, 0)
	if err != nil {
		return nil, err
	}
	return &denseParameters{p: m.w, g: make([]float32, n), m: m}, nil
}

func (p *denseParameters) step(lr float64) {
	p.m.opt.Add(0, 1, p.g)
	p.m.step(lr)
	clear(p.g)
}

func (p *denseParameters) copyOf() *denseParameters {
	return &denseParameters{p: slices.Clone(p.p)}
}
