package adam

import "fmt"

// Moments is Rows for a matrix that is kept elsewhere in another form, in fewer
// bits for instance: it has the gradients and moments alone.
type Moments struct {
	Rows
	buf []float32
}

// NewMoments returns an optimiser for so many rows of length dim.
func NewMoments(rows, dim int, lr float64) (*Moments, error) {
	if rows < 1 || dim < 1 {
		return nil, fmt.Errorf("adam: %d rows of %d", rows, dim)
	}
	n := rows * dim
	return &Moments{Rows{LR: lr, m: make([]float32, n), v: make([]float32, n), g: make([]float32, n), dim: dim, has: make([]bool, rows)}, make([]float32, dim)}, nil
}

// Step moves the rows that were added to: load sets w to a row's values, and
// save takes them as they are after the step. w is valid during the call.
func (a *Moments) Step(load, save func(row int32, w []float32)) {
	a.each(func(r int32) []float32 {
		load(r, a.buf)
		return a.buf
	}, save)
}
