// Package mlp is a perceptron with one hidden layer, or none, for a yes-or-no
// target: the click models on top of embeddings that are learned outside of it.
//
//	H = relu(X W1 + b1),   z = H w2 + b2,   P(y = 1 | x) = 1 / (1 + e^-z),
//
// for a batch X [B x In], and without a hidden layer z = X w2 + b2. With the mean
// logistic loss L, a step goes back through
//
//	dL/dz = (P - y) / B,   dL/dH = dL/dz w2^T where H > 0,
//	dL/dW1 = X^T dL/dH,   dL/dX = dL/dH W1^T,
//
// and hands back dL/dX, for the tables that X was looked up in.
//
// The kernels are Go, not a graph: GoMLX takes several times as long for a step
// with 512 examples, 128 inputs and 64 hidden units (see BenchmarkStep). Its
// matrix products are fast, but come with transposes and a pass for each node.
package mlp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// Net is the perceptron. It is for one goroutine at a time.
type Net struct {
	In, Hidden int       // Hidden 0 is logistic regression
	W1         []float32 // [In x Hidden], row by row
	B1         []float32 // [Hidden]
	W2         []float32 // [Hidden], or [In] without a hidden layer
	B2         []float32 // [1]

	opt  []*adam.Rows // of the parameters that there are
	grad struct{ w1, b1, w2, b2 []float32 }

	// Room for a batch: its hidden layer [B x Hidden], the gradient of that, the
	// logits [B], and W1^T.
	h, dh, z, w1t []float32
}

// New returns a network with weights from the uniform distribution on
// +-1/sqrt(inputs of the layer), learned by Adam at the rate lr with a weight
// decay.
func New(in, hidden int, lr, decay float64, rng *rand.Rand) (*Net, error) {
	if in < 1 || hidden < 0 {
		return nil, fmt.Errorf("mlp: %d inputs and %d hidden units", in, hidden)
	}
	last := in
	if hidden > 0 {
		last = hidden
	}
	n := &Net{
		In: in, Hidden: hidden,
		W1: make([]float32, hidden*in), B1: make([]float32, hidden), W2: make([]float32, last), B2: make([]float32, 1),
		w1t: make([]float32, hidden*in),
	}
	n.grad.w1, n.grad.b1 = make([]float32, len(n.W1)), make([]float32, len(n.B1))
	n.grad.w2, n.grad.b2 = make([]float32, len(n.W2)), make([]float32, len(n.B2))
	for _, w := range [][]float32{n.W1, n.B1} {
		bound := 1 / math.Sqrt(float64(in))
		random.Uniform(rng, w, -bound, bound)
	}
	for _, w := range [][]float32{n.W2, n.B2} {
		bound := 1 / math.Sqrt(float64(last))
		random.Uniform(rng, w, -bound, bound)
	}
	for _, w := range n.parameters() {
		o, err := adam.NewRows(w, len(w), lr)
		if err != nil {
			return nil, err
		}
		o.Decay = float32(decay)
		n.opt = append(n.opt, o)
	}
	return n, nil
}

// parameters are those that there are, and gradients theirs.
func (n *Net) parameters() [][]float32 {
	if n.Hidden == 0 {
		return [][]float32{n.W2, n.B2}
	}
	return [][]float32{n.W1, n.B1, n.W2, n.B2}
}

func (n *Net) gradients() [][]float32 {
	if n.Hidden == 0 {
		return [][]float32{n.grad.w2, n.grad.b2}
	}
	return [][]float32{n.grad.w1, n.grad.b1, n.grad.w2, n.grad.b2}
}

// forward sets n.h and n.z for x.
func (n *Net) forward(x []float32) {
	rows := len(x) / n.In
	n.z = resize(n.z, rows)
	top := x
	if n.Hidden > 0 {
		n.h = resize(n.h, rows*n.Hidden)
		for i := range rows {
			copy(n.h[i*n.Hidden:], n.B1)
		}
		vector.MulAdd(n.h, x, n.W1, n.In, n.Hidden)
		for i, h := range n.h {
			n.h[i] = max(0, h)
		}
		top = n.h
	}
	for i := range n.z {
		n.z[i] = vector.Dot(n.W2, top[i*len(n.W2):(i+1)*len(n.W2)]) + n.B2[0]
	}
}

// Step moves the weights by one step of Adam for a batch x [B x In] with the
// targets y [B], 0 or 1. It returns the mean logistic loss before the step, and
// sets dx [B x In] to its gradient with respect to x.
func (n *Net) Step(x, y, dx []float32) (loss float64, err error) {
	if len(y) == 0 || len(x) != len(y)*n.In || len(dx) != len(x) {
		return 0, fmt.Errorf("mlp: %d values and %d gradients for %d targets of %d inputs", len(x), len(dx), len(y), n.In)
	}
	n.forward(x)
	dz := n.z
	for i, t := range y {
		z := float64(n.z[i])
		loss += max(z, 0) - z*float64(t) + math.Log1p(math.Exp(-math.Abs(z)))
		dz[i] = float32((1/(1+math.Exp(-z)) - float64(t)) / float64(len(y)))
	}
	clear(dx)
	for _, g := range n.gradients() {
		clear(g)
	}
	if n.Hidden == 0 {
		n.backLast(x, dz, dx)
	} else {
		n.dh = resize(n.dh, len(n.h))
		clear(n.dh)
		n.backLast(n.h, dz, n.dh)
		n.backHidden(x, dx)
	}
	for i, g := range n.gradients() {
		n.opt[i].Add(0, 1, g)
		n.opt[i].Step()
	}
	return loss / float64(len(y)), nil
}

// backLast goes back through the last layer, from its inputs and dL/dz to the
// gradients of w2, b2 and the inputs.
func (n *Net) backLast(in, dz, din []float32) {
	k := len(n.W2)
	for i, d := range dz {
		n.grad.b2[0] += d
		vector.AddScaled(n.grad.w2, d, in[i*k:(i+1)*k])
		vector.AddScaled(din[i*k:(i+1)*k], d, n.W2)
	}
}

// backHidden goes back through the hidden layer, from n.dh.
func (n *Net) backHidden(x, dx []float32) {
	for i, h := range n.h {
		if h == 0 {
			n.dh[i] = 0
		}
	}
	for i := 0; i < len(n.dh); i += n.Hidden {
		vector.AddScaled(n.grad.b1, 1, n.dh[i:i+n.Hidden])
	}
	vector.MulAddTrans(n.grad.w1, x, n.dh, n.In, n.Hidden)
	for i := range n.In {
		for j, w := range n.W1[i*n.Hidden : (i+1)*n.Hidden] {
			n.w1t[j*n.In+i] = w
		}
	}
	vector.MulAdd(dx, n.dh, n.w1t, n.Hidden, n.In)
}

// Logits returns z for each row of x [B x In].
func (n *Net) Logits(x []float32) ([]float32, error) {
	if len(x)%n.In != 0 {
		return nil, fmt.Errorf("mlp: %d values are not rows of %d", len(x), n.In)
	}
	n.forward(x)
	return slices.Clone(n.z), nil
}

func resize(s []float32, n int) []float32 { return slices.Grow(s[:0], n)[:n] }
