package bag

import (
	"fmt"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/sparse"
)

// Trainer updates an encoder by Adam on the rows of the words that a batch has
// ([adam.Rows]).
type Trainer struct {
	*adam.Rows
	enc *Encoder
}

// NewTrainer makes a trainer of an encoder, which it changes in place.
func NewTrainer(e *Encoder, lr float64) (*Trainer, error) {
	rows, err := adam.NewRows(e.E, e.Dim, lr)
	if err != nil {
		return nil, fmt.Errorf("bag: %w", err)
	}
	return &Trainer{rows, e}, nil
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
			words, weights := p.X.Row(r)
			for k, w := range words {
				t.Add(w, weights[k], p.Grad[i*d:(i+1)*d])
			}
		}
	}
	t.Rows.Step()
	return nil
}
