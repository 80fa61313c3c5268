package attrib

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/offprint/offprint/lab/digits"
	"github.com/offprint/offprint/methods/attrib/unlearn"
	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
	"github.com/offprint/offprint/methods/vector"
)

// The networks of bed L6 have 32 hidden units. 10 logits are kept in rows of 16,
// which the kernels like; the last 6 belong to nobody.
const (
	smallUnits = 32
	smallRow   = 16
	smallDecay = 1e-2
)

// smallNet classifies digits and is trained by steps with momentum: cheap enough
// for a thousand of them.
type smallNet struct {
	hidden, last *mlp.Layer
	speed        [4][]float32 // momentum of the weights and biases
	decay        float64

	h, dh, z, logits []float32
}

func newSmallNet(rng *rand.Rand) *smallNet {
	layer := func(in, row, out int) *mlp.Layer {
		l := &mlp.Layer{In: in, Out: row, W: make([]float32, in*row), B: make([]float32, row), DW: make([]float32, in*row), DB: make([]float32, row)}
		bound := 1 / math.Sqrt(float64(in))
		for i := range in {
			random.Uniform(rng, l.W[i*row:i*row+out], -bound, bound)
		}
		return l
	}
	n := &smallNet{hidden: layer(digits.Pixels, smallUnits, smallUnits), last: layer(smallUnits, smallRow, digits.Classes)}
	for i, p := range n.parameters() {
		n.speed[i] = make([]float32, len(p.w))
	}
	return n
}

type parameter struct{ w, g []float32 }

func (n *smallNet) parameters() [4]parameter {
	return [4]parameter{{n.hidden.W, n.hidden.DW}, {n.hidden.B, n.hidden.DB}, {n.last.W, n.last.DW}, {n.last.B, n.last.DB}}
}

// clone is the network with the same weights, at rest: where unlearning starts.
func (n *smallNet) clone(decay float64) *smallNet {
	c := newSmallNet(random.New(0, 0))
	c.decay = decay
	from := n.parameters()
	for i, p := range c.parameters() {
		copy(p.w, from[i].w)
	}
	return c
}

func (n *smallNet) forward(x []float32) {
	n.h = mlp.ReLU(n.hidden.Forward(n.h, x))
	n.z = n.last.Forward(n.z, n.h)
	n.logits = n.logits[:0]
	for i := 0; i < len(n.z); i += smallRow {
		n.logits = append(n.logits, n.z[i:i+digits.Classes]...)
	}
}

// Logits implements unlearn.Model.
func (n *smallNet) Logits(x []float32) ([]float32, error) {
	n.forward(x)
	return append([]float32(nil), n.logits...), nil
}

// Step implements unlearn.Model.
func (n *smallNet) Step(x []float32, lr float64, gradient func(logits []float32)) error {
	n.forward(x)
	gradient(n.logits)
	clear(n.z)
	for i := range len(n.z) / smallRow {
		copy(n.z[i*smallRow:], n.logits[i*digits.Classes:(i+1)*digits.Classes])
	}
	n.hidden.ZeroGradient()
	n.last.ZeroGradient()
	n.dh = mlp.BackReLU(n.last.Backward(n.dh, n.h, n.z), n.h)
	for i := 0; i < len(n.dh); i += smallUnits {
		vector.AddScaled(n.hidden.DB, 1, n.dh[i:i+smallUnits])
	}
	vector.MulAddTrans(n.hidden.DW, x, n.dh, digits.Pixels, smallUnits)
	for k, p := range n.parameters() {
		v := n.speed[k]
		for i, g := range p.g {
			v[i] = .9*v[i] + g + float32(n.decay)*p.w[i]
			p.w[i] -= float32(lr) * v[i]
		}
	}
	return nil
}

// trainSmall trains a network on the examples with the indices subset: 300 batches
// of 50 at a rate that falls from .2 to 0.
func trainSmall(e unlearn.Examples, subset []int, seed uint64) (*smallNet, error) {
	const steps, batch, rate = 300, 50, .2
	if len(subset) < batch {
		return nil, fmt.Errorf("batches of %d from %d images", batch, len(subset))
	}
	rng := random.New(seed, 5900)
	n := newSmallNet(rng)
	n.decay = smallDecay
	rows := slices.Clone(subset)
	var x []float32
	var y []int
	for t := range steps {
		for i := range batch { // a sample without replacement
			j := i + rng.IntN(len(rows)-i)
			rows[i], rows[j] = rows[j], rows[i]
		}
		x, y = train.Gather(x, e.X, e.Dim, rows[:batch]), train.Gather(y, e.Labels, 1, rows[:batch])
		var wrong error
		err := n.Step(x, rate*(1-float64(t)/steps), func(z []float32) { _, wrong = mlp.CrossEntropy(z, y) })
		if err := errors.Join(err, wrong); err != nil {
			return nil, err
		}
	}
	return n, nil
}
