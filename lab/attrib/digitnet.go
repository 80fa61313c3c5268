// Package attrib has the reproductions of the papers on what networks learn, and
// from which examples.
package attrib

import (
	"context"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab/digits"
	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// digitNet classifies digits by one or more hidden layers of rectified units.
type digitNet struct {
	layers []*mlp.Layer // the last one has the logits
}

// newDigitNet has hidden layers of these widths, with their initial weights.
func newDigitNet(widths []int, rng *rand.Rand) (*digitNet, error) {
	n := &digitNet{}
	in := digits.Pixels
	for _, w := range append(widths[:len(widths):len(widths)], digits.Classes) {
		l, err := mlp.NewLayer(in, w, rng)
		if err != nil {
			return nil, err
		}
		n.layers = append(n.layers, l)
		in = w
	}
	return n, nil
}

// forward returns the outputs of all layers.
func (n *digitNet) forward(x []float32) [][]float32 {
	out := make([][]float32, len(n.layers))
	for i, l := range n.layers {
		x = l.Forward(nil, x)
		if i < len(n.layers)-1 {
			mlp.ReLU(x)
		}
		out[i] = x
	}
	return out
}

// units returns the activations [images x width] of a hidden layer.
func (n *digitNet) units(layer int, im digits.Images) *mat.Dense {
	out := mat.NewDense(im.Len(), n.layers[layer].Out, nil)
	for i, v := range n.forward(im.Float32())[layer] {
		out.RawMatrix().Data[i] = float64(v)
	}
	return out
}

func (n *digitNet) accuracy(im digits.Images) float64 {
	logits := n.forward(im.Float32())[len(n.layers)-1]
	right := 0
	for i, y := range im.Y {
		row := logits[i*digits.Classes : (i+1)*digits.Classes]
		best := 0
		for k, v := range row {
			if v > row[best] {
				best = k
			}
		}
		if best == y {
			right++
		}
	}
	return float64(right) / float64(im.Len())
}

// netRecipe is how a digitNet is trained: Adam, batches of 64.
type netRecipe struct {
	widths  []int
	epochs  int
	penalty float64 // on the sum of the hidden units' mean activations
	dropout float64 // of hidden units
}

// train trains a network on images.
func (r netRecipe) train(ctx context.Context, im digits.Images, rng *rand.Rand) (*digitNet, error) {
	const batch, rate = 64, 3e-3
	n, err := newDigitNet(r.widths, rng)
	if err != nil {
		return nil, err
	}
	all := im.Float32()
	var x []float32
	var y []int
	loop := train.Loop{Examples: im.Len(), Batch: batch, Epochs: r.epochs, Rand: rng}
	err = loop.Run(ctx, func(rows []int) (float64, error) {
		x, y = train.Gather(x, all, digits.Pixels, rows), train.Gather(y, im.Y, 1, rows)
		return n.step(x, y, r, rate, rng)
	})
	return n, err
}

// step is a step of Adam; it returns the cross-entropy before it.
func (n *digitNet) step(x []float32, y []int, r netRecipe, rate float64, rng *rand.Rand) (float64, error) {
	last := len(n.layers) - 1
	in := make([][]float32, len(n.layers)) // of each layer
	z := x
	for i, l := range n.layers {
		l.ZeroGradient()
		in[i] = z
		z = l.Forward(nil, z)
		if i == last {
			break
		}
		mlp.ReLU(z)
		if r.dropout > 0 {
			for k := range z {
				if rng.Float64() < r.dropout {
					z[k] = 0
				} else {
					z[k] /= float32(1 - r.dropout)
				}
			}
		}
	}
	loss, err := mlp.CrossEntropy(z, y)
	if err != nil {
		return 0, err
	}
	back := z
	for i := last; i >= 0; i-- {
		l := n.layers[i]
		back = l.Backward(nil, in[i], back)
		if i > 0 {
			for k := range back {
				back[k] += float32(r.penalty / float64(len(y)))
			}
			mlp.BackReLU(back, in[i])
			if r.dropout > 0 {
				for k := range back {
					back[k] /= float32(1 - r.dropout)
				}
			}
		}
		l.Step(rate, 0)
	}
	return loss, nil
}

// netSeed is the source of a network's initial weights and order: networks with
// different seeds have nothing else different.
func netSeed(seed, number uint64) *rand.Rand { return random.New(seed, 4000+number) }
