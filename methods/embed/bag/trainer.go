package bag

import (
	"fmt"
	"math"

	"github.com/offprint/offprint/methods/sparse"
	"github.com/offprint/offprint/methods/vector"
)

// Adam's usual constants.
const (
	beta1   = .9
	beta2   = .999
	epsilon = 1e-8
)

// Trainer updates an encoder by Adam on the rows of the words that a batch has.
// A row's moments rest while its word is absent, and its bias correction counts
// all steps, as in the sparse Adam of other frameworks.
type Trainer struct {
	LR float64 // learning rate; may be changed between steps

	enc     *Encoder
	m, v, g []float32 // moments and gradient, as E
	touched []int32   // words with a gradient, in the order of their first use
	has     []bool    // by word
	step    int
}

// NewTrainer makes a trainer of an encoder, which it changes in place.
func NewTrainer(e *Encoder, lr float64) *Trainer {
	n := len(e.E)
	return &Trainer{LR: lr, enc: e, m: make([]float32, n), v: make([]float32, n), g: make([]float32, n), has: make([]bool, e.Vocab)}
}

// Part is a share of a batch: some rows of a matrix, and the gradient of the
// loss with respect to their vectors.
type Part struct {
	X    *sparse.Matrix
	Rows []int
	Grad []float32 // [len(Rows) x Dim]
}

// Step moves the encoder against the gradient of a batch, such as its queries
// and its documents.
func (t *Trainer) Step(batch ...Part) error {
	d := t.enc.Dim
	for _, p := range batch {
		if err := t.enc.check(p.X); err != nil {
			return err
		}
		if len(p.Grad) != len(p.Rows)*d {
			return fmt.Errorf("bag: a gradient of %d values for %d rows of %d dimensions", len(p.Grad), len(p.Rows), d)
		}
	}
	for _, p := range batch {
		for i, r := range p.Rows {
			dz := p.Grad[i*d : (i+1)*d]
			words, weights := p.X.Row(r)
			for k, w := range words {
				if !t.has[w] {
					t.has[w] = true
					t.touched = append(t.touched, w)
				}
				vector.AddScaled(t.g[int(w)*d:(int(w)+1)*d], weights[k], dz)
			}
		}
	}
	t.step++
	// lr (m/c1) / (sqrt(v/c2) + eps), with the corrections taken out of the loop.
	c2 := math.Sqrt(1 - math.Pow(beta2, float64(t.step)))
	rate := float32(t.LR * c2 / (1 - math.Pow(beta1, float64(t.step))))
	eps := float32(epsilon * c2)
	for _, w := range t.touched {
		a, b := int(w)*d, (int(w)+1)*d
		adam(t.enc.E[a:b], t.m[a:b], t.v[a:b], t.g[a:b], rate, eps)
		t.has[w] = false
	}
	t.touched = t.touched[:0]
	return nil
}

// adam updates a row and clears its gradient.
func adam(e, m, v, g []float32, rate, eps float32) {
	m, v, g = m[:len(e)], v[:len(e)], g[:len(e)]
	for i := range e {
		m[i] = beta1*m[i] + (1-beta1)*g[i]
		v[i] = beta2*v[i] + (1-beta2)*g[i]*g[i]
		e[i] -= rate * m[i] / (float32(math.Sqrt(float64(v[i]))) + eps)
		g[i] = 0
	}
}
