// Package mlp has small perceptrons by hand: a linear layer with its gradients
// ([Layer]), and a network with one hidden layer, or none, for a yes-or-no target
// ([Net]): the click models on top of embeddings that are learned outside of it.
//
//	H = relu(X W1 + b1),   z = H w2 + b2,   P(y = 1 | x) = 1 / (1 + e^-z),
//
// for a batch X [B x In], and without a hidden layer z = X w2 + b2. With the mean
// logistic loss L, a step goes back through dL/dz = (P - y) / B and hands back
// dL/dX, for the tables that X was looked up in.
//
// The kernels are Go, not a graph: GoMLX takes four times as long for a step with
// 512 examples, 128 inputs and 64 hidden units (see BenchmarkStep). Its matrix
// products are fast, but come with transposes and a pass for each node, and small
// ones by a transposed matrix are slow.
package mlp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Net is a perceptron for a yes-or-no target. It is for one goroutine at a time.
type Net struct {
	In        int
	LR, Decay float64 // Adam's rate and weight decay; may be changed between steps
	Hidden    *Layer  // nil for logistic regression
	Last      *Layer  // to one output

	h, dh, z []float32 // of a batch
}

// New returns a network with in inputs and a number of hidden units, which may
// be 0.
func New(in, hidden int, lr, decay float64, rng *rand.Rand) (*Net, error) {
	if hidden < 0 {
		return nil, fmt.Errorf("mlp: %d hidden units", hidden)
	}
	n := &Net{In: in, LR: lr, Decay: decay}
	top := in
	var err error
	if hidden > 0 {
		if n.Hidden, err = NewLayer(in, hidden, rng); err != nil {
			return nil, err
		}
		top = hidden
	}
	n.Last, err = NewLayer(top, 1, rng)
	return n, err
}

// forward sets n.z, and n.h if there is a hidden layer.
func (n *Net) forward(x []float32) {
	if n.Hidden != nil {
		n.h = ReLU(n.Hidden.Forward(n.h, x))
		x = n.h
	}
	n.z = n.Last.Forward(n.z, x)
}

// Step moves the weights by one step of Adam for a batch x [B x In] with the
// targets y [B], 0 or 1. It returns the mean logistic loss before the step, and
// sets dx [B x In] to its gradient with respect to x.
func (n *Net) Step(x, y, dx []float32) (loss float64, err error) {
	loss, err = n.Gradient(x, y, dx)
	if err != nil {
		return 0, err
	}
	if n.Hidden != nil {
		n.Hidden.Step(n.LR, n.Decay)
	}
	n.Last.Step(n.LR, n.Decay)
	return loss, nil
}

// Gradient is Step without the step: the weights stay.
func (n *Net) Gradient(x, y, dx []float32) (loss float64, err error) {
	if len(y) == 0 || len(x) != len(y)*n.In || len(dx) != len(x) {
		return 0, fmt.Errorf("mlp: %d values and %d gradients for %d targets of %d inputs", len(x), len(dx), len(y), n.In)
	}
	n.Last.ZeroGradient()
	if n.Hidden != nil {
		n.Hidden.ZeroGradient()
	}
	n.forward(x)
	dz := n.z
	for i, t := range y {
		z := float64(n.z[i])
		e := math.Exp(-math.Abs(z))
		loss += max(z, 0) - z*float64(t) + math.Log1p(e)
		p := 1 / (1 + e)
		if z < 0 {
			p = e / (1 + e)
		}
		dz[i] = float32((p - float64(t)) / float64(len(y)))
	}
	if n.Hidden == nil {
		n.Last.Backward(dx, x, dz)
	} else {
		n.dh = BackReLU(n.Last.Backward(n.dh, n.h, dz), n.h)
		n.Hidden.Backward(dx, x, n.dh)
	}
	return loss / float64(len(y)), nil
}

// Logits returns z for each row of x [B x In].
func (n *Net) Logits(x []float32) ([]float32, error) {
	if len(x)%n.In != 0 {
		return nil, fmt.Errorf("mlp: %d values are not rows of %d", len(x), n.In)
	}
	n.forward(x)
	return slices.Clone(n.z), nil
}
