package elr

import (
	"fmt"
	"math/rand/v2"
)

// Mix says how the examples of a batch are mixed (mixup, Zhang et al., 2017,
// arXiv:1710.09412): example b becomes Share x_b + (1 - Share) x_With[b].
type Mix struct {
	Share float64 // 0 to 1; 1 does not mix
	With  []int   // of each example of the batch, the place of the other one
}

// NewMix draws a mix of b examples, with one share for all of them that is
// uniform, as ELR+ has it.
func NewMix(rng *rand.Rand, b int) Mix { return Mix{rng.Float64(), rng.Perm(b)} }

// Inputs returns the mixed rows of x [b x dim].
func (m Mix) Inputs(x []float32, dim int) ([]float32, error) {
	if dim < 1 || len(x)%dim != 0 {
		return nil, fmt.Errorf("elr: %d numbers are not rows of %d", len(x), dim)
	}
	if err := m.check(len(x) / dim); err != nil {
		return nil, err
	}
	out := append([]float32(nil), x...)
	if m.Share == 1 {
		return out, nil
	}
	for b, other := range m.With {
		for j, v := range x[other*dim : (other+1)*dim] {
			out[b*dim+j] = float32(m.Share)*out[b*dim+j] + float32(1-m.Share)*v
		}
	}
	return out, nil
}

func (m Mix) check(b int) error {
	if !(m.Share >= 0 && m.Share <= 1) || m.Share < 1 && len(m.With) != b {
		return fmt.Errorf("elr: a mix with the share %v of %d examples with %d", m.Share, b, len(m.With))
	}
	for _, other := range m.With {
		if other < 0 || other >= b {
			return fmt.Errorf("elr: a mix with example %d of %d", other, b)
		}
	}
	return nil
}

// Average moves averaged weights towards those of a network after its step, from
// 1: the network that hands the other one its targets in ELR+. The share that is
// kept is rate, .997 with the authors, and less in the first steps.
func Average(averaged, weights []float32, step int, rate float64) {
	keep := float32(min(rate, 1-1/float64(step+1)))
	for i, w := range weights {
		averaged[i] = keep*averaged[i] + (1-keep)*w
	}
}
