// Package mlp is a perceptron with one hidden layer, or none, for a yes-or-no
// target: the click models on top of embeddings that are learned outside of it.
//
//	z = relu(x W1 + b1) . w2 + b2,   P(y = 1 | x) = 1 / (1 + e^-z),
//
// and without a hidden layer z = x . w2 + b2. A step is one GoMLX graph for the
// loss and its gradients; that of x is handed back, for the tables that x was
// looked up in.
package mlp

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/train/loss"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// Net is the perceptron. It is for one goroutine at a time.
type Net struct {
	In, Hidden int       // Hidden 0 is logistic regression
	W1         []float32 // [In x Hidden], row by row
	B1         []float32 // [Hidden]
	W2         []float32 // [Hidden], or [In] without a hidden layer
	B2         []float32 // [1]

	loss   *train.Loss
	logits *graph.Exec
	opt    []*adam.Rows // of W1, B1, W2, B2 that are not empty
}

// New returns a network with weights from the uniform distribution on
// +-1/sqrt(inputs of the layer), learned by Adam at the rate lr with a weight
// decay.
func New(in, hidden int, lr, decay float64, rng *rand.Rand) (*Net, error) {
	if in < 1 || hidden < 0 {
		return nil, fmt.Errorf("mlp: %d inputs and %d hidden units", in, hidden)
	}
	n := &Net{In: in, Hidden: hidden, W1: make([]float32, in*hidden), B1: make([]float32, hidden), B2: make([]float32, 1)}
	last := in
	if hidden > 0 {
		last = hidden
	}
	n.W2 = make([]float32, last)
	for _, l := range []struct {
		w  []float32
		in int
	}{{n.W1, in}, {n.B1, in}, {n.W2, last}, {n.B2, last}} {
		bound := 1 / math.Sqrt(float64(l.in))
		random.Uniform(rng, l.w, -bound, bound)
	}
	for _, w := range n.weights() {
		o, err := adam.NewRows(w, len(w), lr)
		if err != nil {
			return nil, err
		}
		o.Decay = float32(decay)
		n.opt = append(n.opt, o)
	}
	var err error
	// The inputs are x, the weights, and the targets [B x 1].
	n.loss, err = train.NewLoss(1+len(n.opt), func(in []*graph.Node) *graph.Node {
		z, y := n.forward(in[:len(in)-1]), in[len(in)-1]
		return graph.ReduceAllMean(loss.BinaryCrossentropyLogits([]*graph.Node{y}, []*graph.Node{z}))
	})
	if err != nil {
		return nil, err
	}
	b, err := backend.Get()
	if err != nil {
		return nil, err
	}
	if n.logits, err = graph.NewExec(b, n.forward); err != nil {
		return nil, fmt.Errorf("mlp: %w", err)
	}
	n.logits.SetMaxCache(-1)
	return n, nil
}

// weights are the parameters that there are, as forward takes them.
func (n *Net) weights() [][]float32 {
	if n.Hidden == 0 {
		return [][]float32{n.W2, n.B2}
	}
	return [][]float32{n.W1, n.B1, n.W2, n.B2}
}

// forward is the graph from x [B x In] and the weights to the logits [B x 1].
func (n *Net) forward(in []*graph.Node) *graph.Node {
	h, w := in[0], in[1:]
	if n.Hidden > 0 {
		h = activation.Relu(graph.Add(graph.MatMul(h, w[0]), w[1]))
		w = w[2:]
	}
	// One column: a sum of products, for the Go backend's small matrix products are slow.
	z := graph.ReduceSum(graph.Mul(h, w[0]), -1)
	return graph.Add(graph.ExpandAxes(z, -1), w[1])
}

// inputs are the tensors for forward.
func (n *Net) inputs(x []float32) ([]*tensors.Tensor, error) {
	if len(x) == 0 || len(x)%n.In != 0 {
		return nil, fmt.Errorf("mlp: %d values are not rows of %d", len(x), n.In)
	}
	in := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, len(x)/n.In, n.In)}
	if n.Hidden > 0 {
		in = append(in, tensors.FromFlatDataAndDimensions(n.W1, n.In, n.Hidden), tensors.FromFlatDataAndDimensions(n.B1, 1, n.Hidden))
	}
	return append(in, tensors.FromFlatDataAndDimensions(n.W2, 1, len(n.W2)), tensors.FromFlatDataAndDimensions(n.B2, 1, 1)), nil
}

// Step moves the weights by one step of Adam for a batch x [B x In] with the
// targets y [B], 0 or 1. It returns the mean logistic loss before the step and
// its gradient with respect to x.
func (n *Net) Step(x, y []float32) (loss float64, dx []float32, err error) {
	in, err := n.inputs(x)
	if err != nil {
		return 0, nil, err
	}
	if len(y)*n.In != len(x) {
		return 0, nil, fmt.Errorf("mlp: %d targets for %d rows", len(y), len(x)/n.In)
	}
	loss, grads, err := n.loss.Call(append(in, tensors.FromFlatDataAndDimensions(y, len(y), 1))...)
	if err != nil {
		return 0, nil, err
	}
	for i, o := range n.opt {
		o.Add(0, 1, grads[i+1])
		o.Step()
	}
	return loss, grads[0], finalize(in)
}

// Logits returns z for each row of x [B x In].
func (n *Net) Logits(x []float32) ([]float32, error) {
	in, err := n.inputs(x)
	if err != nil {
		return nil, err
	}
	args := make([]any, len(in))
	for i, t := range in {
		args[i] = t
	}
	out, err := n.logits.Call(args...)
	if err != nil {
		return nil, fmt.Errorf("mlp: %w", err)
	}
	z, err := tensors.CopyFlatData[float32](out[0])
	if err != nil {
		return nil, fmt.Errorf("mlp: %w", err)
	}
	return z, finalize(append(in, out...))
}

// finalize gives the tensors' buffers back.
func finalize(ts []*tensors.Tensor) error {
	for _, t := range ts {
		if err := t.FinalizeAll(); err != nil {
			return fmt.Errorf("mlp: %w", err)
		}
	}
	return nil
}
