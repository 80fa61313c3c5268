package label

import (
	"context"
	"slices"

	"github.com/offprint/offprint/methods/label/anyloss"
	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// In full there are networks too.
const (
	anyNetwork      = "network, AnyLoss F1"
	anyNetworkBCE   = "network, cross-entropy"
	anyNetworkTuned = "network, cross-entropy, best threshold"
)

// networks trains a perceptron with 8 hidden units by either loss, from the same
// weights in the same batches.
func (r *anyRun) networks(ctx context.Context) error {
	for _, own := range []bool{true, false} {
		net, err := mlp.New(r.train.dim, 8, .01, 0, random.New(r.seed, 2001))
		if err != nil {
			return err
		}
		var x, h, dh, dx []float32
		var y []bool
		loop := train.Loop{Examples: len(r.train.y), Batch: min(300, len(r.train.y)), Epochs: 100, Rand: random.New(r.seed, 2002)}
		err = loop.Run(ctx, func(batch []int) (float64, error) {
			x, y = train.Gather(x, r.train.x, r.train.dim, batch), train.Gather(y, r.train.y, 1, batch)
			if !own {
				targets := make([]float32, len(y))
				for i, positive := range y {
					if positive {
						targets[i] = 1
					}
				}
				dx = slices.Grow(dx[:0], len(x))[:len(x)]
				return net.Step(x, targets, dx)
			}
			h = mlp.ReLU(net.Hidden.Forward(h, x))
			out := net.Last.Forward(nil, h)
			z, grad := make([]float64, len(y)), make([]float64, len(y))
			for i, v := range out {
				z[i] = float64(v)
			}
			loss, err := anyloss.Loss(anyloss.FBeta(1), anyloss.Steepness, z, y, grad)
			if err != nil {
				return 0, err
			}
			for i, g := range grad {
				out[i] = float32(g)
			}
			net.Hidden.ZeroGradient()
			net.Last.ZeroGradient()
			dh = mlp.BackReLU(net.Last.Backward(dh, h, out), h)
			dx = net.Hidden.Backward(dx, x, dh)
			net.Hidden.Step(net.LR, 0)
			net.Last.Step(net.LR, 0)
			return loss, nil
		})
		if err != nil {
			return err
		}
		scores := func(b *binary) ([]float64, error) {
			out, err := net.Logits(b.x)
			z := make([]float64, len(out))
			for i, v := range out {
				z[i] = float64(v)
			}
			return z, err
		}
		test, err := scores(r.test)
		if err != nil {
			return err
		}
		if own {
			r.report(anyNetwork, test, 0, 0)
			continue
		}
		r.report(anyNetworkBCE, test, 0, 0)
		fit, err := scores(r.train)
		if err != nil {
			return err
		}
		if err := r.tuned(anyNetworkTuned, fit, test); err != nil {
			return err
		}
	}
	return nil
}
