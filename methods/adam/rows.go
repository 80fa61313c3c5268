package adam

import (
	"fmt"
	"math"

	"github.com/offprint/offprint/methods/vector"
)

// Rows is Adam for a matrix of which each batch uses few rows, such as an
// embedding table: gradients are summed by row, and a step touches those rows
// alone. A graph would do the same with a gradient as large as the table. The
// moments of a row rest while no batch uses it, and its bias correction counts
// all steps, as in the sparse Adam of other frameworks. It is for one goroutine
// at a time.
type Rows struct {
	LR    float64 // learning rate; may be changed between steps
	Decay float32 // weight decay, added to the gradient of the rows that a batch uses

	w, m, v, g []float32 // matrix, moments and gradient, row by row
	dim        int
	touched    []int32 // rows with a gradient, in the order of their first use
	has        []bool  // by row
	step       int
}

// NewRows returns an optimiser that learns the matrix w, with rows of length
// dim, in place.
func NewRows(w []float32, dim int, lr float64) (*Rows, error) {
	if dim < 1 || len(w)%dim != 0 {
		return nil, fmt.Errorf("adam: %d values are not rows of %d", len(w), dim)
	}
	n := len(w)
	return &Rows{LR: lr, w: w, m: make([]float32, n), v: make([]float32, n), g: make([]float32, n), dim: dim, has: make([]bool, n/dim)}, nil
}

// Add adds scale times grad to the gradient of a row. A row may be added to any
// number of times before a step.
func (a *Rows) Add(row int32, scale float32, grad []float32) {
	if !a.has[row] {
		a.has[row] = true
		a.touched = append(a.touched, row)
	}
	vector.AddScaled(a.g[int(row)*a.dim:(int(row)+1)*a.dim], scale, grad)
}

// Reset forgets the moments of a row, for one that starts anew.
func (a *Rows) Reset(row int32) {
	lo, hi := int(row)*a.dim, (int(row)+1)*a.dim
	clear(a.m[lo:hi])
	clear(a.v[lo:hi])
}

// Step moves the rows that were added to against their gradients, and clears
// these.
func (a *Rows) Step() {
	a.each(func(r int32) []float32 { return a.w[int(r)*a.dim : (int(r)+1)*a.dim] }, func(int32, []float32) {})
}

// each moves the rows with a gradient: row gives their values, moved is told the
// new ones.
func (a *Rows) each(row func(r int32) []float32, moved func(r int32, w []float32)) {
	a.step++
	// As in Adam.Step, the two corrections are taken out of the loop.
	c2 := math.Sqrt(1 - math.Pow(beta2, float64(a.step)))
	rate := float32(a.LR * c2 / (1 - math.Pow(beta1, float64(a.step))))
	eps := float32(epsilon * c2)
	for _, r := range a.touched {
		lo, hi := int(r)*a.dim, (int(r)+1)*a.dim
		w, m, v, g := row(r)[:a.dim], a.m[lo:hi], a.v[lo:hi], a.g[lo:hi]
		for i := range w {
			d := g[i] + a.Decay*w[i]
			m[i] = beta1*m[i] + (1-beta1)*d
			v[i] = beta2*v[i] + (1-beta2)*d*d
			w[i] -= rate * m[i] / (float32(math.Sqrt(float64(v[i]))) + eps)
			g[i] = 0
		}
		moved(r, w)
		a.has[r] = false
	}
	a.touched = a.touched[:0]
}
