package label

import (
	"math/rand/v2"

	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/vector"
)

// noisyNet is a perceptron with one hidden layer that learns by gradient descent
// with momentum, at the rate and with the decay of the test bed.
type noisyNet struct {
	classes      int
	hidden, last *mlp.Layer
	velocity     [4][]float32

	h, dh, dx, z, wide []float32
}

const (
	netHidden = 256
	// netWide is the width of the last layer: the classes, and places that are
	// never used, with which its products are fast.
	netWide = 32

	netRate     = .05
	netMomentum = .9
	netDecay    = 1e-3
)

func newNoisyNet(in, classes int, rng *rand.Rand) (n *noisyNet, err error) {
	n = &noisyNet{classes: classes}
	if n.hidden, err = mlp.NewLayer(in, netHidden, rng); err != nil {
		return nil, err
	}
	if n.last, err = mlp.NewLayer(netHidden, netWide, rng); err != nil {
		return nil, err
	}
	for i, w := range n.weights() {
		n.velocity[i] = make([]float32, len(w))
	}
	return n, nil
}

func (n *noisyNet) weights() [4][]float32 {
	return [4][]float32{n.hidden.W, n.hidden.B, n.last.W, n.last.B}
}

// logits returns those of the rows of x, [b x classes], in its own room.
func (n *noisyNet) logits(x []float32) []float32 {
	n.h = mlp.ReLU(n.hidden.Forward(n.h, x))
	n.wide = n.last.Forward(n.wide, n.h)
	n.z = n.z[:0]
	for i := 0; i < len(n.wide); i += netWide {
		n.z = append(n.z, n.wide[i:i+n.classes]...)
	}
	return n.z
}

// step moves the weights against the gradient of the last logits.
func (n *noisyNet) step(x, grad []float32) {
	n.hidden.ZeroGradient()
	n.last.ZeroGradient()
	clear(n.wide)
	for i := range len(grad) / n.classes {
		copy(n.wide[i*netWide:], grad[i*n.classes:(i+1)*n.classes])
	}
	n.dh = mlp.BackReLU(n.last.Backward(n.dh, n.h, n.wide), n.h)
	n.dx = n.hidden.Backward(n.dx, x, n.dh)
	grads := [4][]float32{n.hidden.DW, n.hidden.DB, n.last.DW, n.last.DB}
	for i, w := range n.weights() {
		v, g := n.velocity[i], grads[i]
		vector.AddScaled(g, netDecay, w)
		for k := range v {
			v[k] = netMomentum*v[k] + g[k]
		}
		vector.AddScaled(w, -netRate, v)
	}
}

// classify returns the most probable class of each row of x.
func (n *noisyNet) classify(x []float32) []int { return classify(n.logits(x), n.classes) }

// classify returns the place of the largest logit in each row.
func classify(z []float32, classes int) []int {
	out := make([]int, len(z)/classes)
	for i := range out {
		out[i] = argmax(z[i*classes : (i+1)*classes])
	}
	return out
}

func argmax(z []float32) int {
	best := 0
	for c, v := range z {
		if v > z[best] {
			best = c
		}
	}
	return best
}
