package gendyn

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// ReLU is a layer of random units that is not trained: with a trained readout
// it makes a nonlinear network whose training is a [Flow] on its outputs.
type ReLU struct {
	w *mat.Dense // [hidden x inputs]
}

// NewReLU draws weights of variance 1/inputs.
func NewReLU(inputs, hidden int, rng *rand.Rand) (*ReLU, error) {
	if inputs < 1 || hidden < 1 {
		return nil, fmt.Errorf("gendyn: a layer of %d units on %d inputs", hidden, inputs)
	}
	w := mat.NewDense(hidden, inputs, nil)
	sd := 1 / math.Sqrt(float64(inputs))
	for i := range hidden {
		row := w.RawRowView(i)
		for j := range row {
			row[j] = rng.NormFloat64() * sd
		}
	}
	return &ReLU{w}, nil
}

// Apply returns sqrt(2/hidden) relu(W x) [hidden x P] for inputs x [P x inputs]:
// samples as [NewFlow] takes them.
func (l *ReLU) Apply(x *mat.Dense) (*mat.Dense, error) {
	hidden, inputs := l.w.Dims()
	if _, d := x.Dims(); d != inputs {
		return nil, fmt.Errorf("gendyn: %d values for a layer of %d inputs", d, inputs)
	}
	var out mat.Dense
	out.Mul(l.w, x.T())
	scale := math.Sqrt(2 / float64(hidden))
	out.Apply(func(_, _ int, v float64) float64 { return scale * max(0, v) }, &out)
	return &out, nil
}
