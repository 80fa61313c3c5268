package subspace

import (
	"fmt"
	"math/rand/v2"

	"github.com/offprint/offprint/methods/mlp"
)

// Backbone makes features of inputs, and learns. All learners share it.
type Backbone interface {
	// Shape has the lengths of an input and of its features.
	Shape() (in, width int)
	// Features returns those of inputs x [n x in], row by row [n x width], valid
	// until the next call.
	Features(x []float32) ([]float32, error)
	// Step moves against the gradient of the features of x, those of the last call
	// of Features, at a learning rate, with a weight decay that is added to the
	// gradient.
	Step(x, grad []float32, rate, decay float64) error
}

// Perceptron is a backbone of linear layers, each followed by a ReLU. By hand, since
// in a graph small layers take several times as long: see package mlp.
type Perceptron struct {
	layers []*mlp.Layer
	h, d   [][]float32 // of a batch: activations, and gradients of inputs
}

// NewPerceptron returns one with the given widths, that of the input first and
// that of the features last.
func NewPerceptron(rng *rand.Rand, widths ...int) (*Perceptron, error) {
	if len(widths) < 2 {
		return nil, fmt.Errorf("subspace: a perceptron with widths %v", widths)
	}
	p := &Perceptron{}
	for i := range len(widths) - 1 {
		l, err := mlp.NewLayer(widths[i], widths[i+1], rng)
		if err != nil {
			return nil, err
		}
		p.layers = append(p.layers, l)
	}
	p.h, p.d = make([][]float32, len(p.layers)), make([][]float32, len(p.layers))
	return p, nil
}

// Shape implements [Backbone].
func (p *Perceptron) Shape() (in, width int) { return p.layers[0].In, p.layers[len(p.layers)-1].Out }

// Features implements [Backbone].
func (p *Perceptron) Features(x []float32) ([]float32, error) {
	if in, _ := p.Shape(); len(x)%in != 0 {
		return nil, fmt.Errorf("subspace: %d values are not rows of %d", len(x), in)
	}
	for i, l := range p.layers {
		p.h[i] = mlp.ReLU(l.Forward(p.h[i], x))
		x = p.h[i]
	}
	return x, nil
}

// Step implements [Backbone].
func (p *Perceptron) Step(x, grad []float32, rate, decay float64) error {
	last := len(p.layers) - 1
	if len(grad) != len(p.h[last]) {
		return fmt.Errorf("subspace: %d gradients of %d features", len(grad), len(p.h[last]))
	}
	for i := last; i >= 0; i-- {
		in := x
		if i > 0 {
			in = p.h[i-1]
		}
		p.layers[i].ZeroGradient()
		p.d[i] = p.layers[i].Backward(p.d[i], in, mlp.BackReLU(grad, p.h[i]))
		grad = p.d[i]
	}
	for _, l := range p.layers {
		l.Step(rate, decay)
	}
	return nil
}
