package unlearn

import (
	"context"
	"fmt"
	"math"

	"github.com/offprint/offprint/methods/train"
)

// FineTune goes on training on the examples that are not in forget, by their
// cross-entropy.
func FineTune(ctx context.Context, m Model, e Examples, forget []int, o Options) error {
	s, err := labelled(m, e, forget, o.or(.1))
	if err != nil {
		return err
	}
	if len(s.retain) == 0 {
		return fmt.Errorf("unlearn: nothing is retained")
	}
	return s.run(ctx, func(int) error {
		rows := s.batch()
		return s.step(rows, func(z []float32) { s.crossEntropy(z, rows, 1) })
	})
}

// Ascend climbs the cross-entropy of the examples in forget. Each step but a few
// does harm: unlike the others it has no end of its own.
func Ascend(ctx context.Context, m Model, e Examples, forget []int, o Options) error {
	s, err := labelled(m, e, forget, o.or(.1))
	if err != nil {
		return err
	}
	if len(forget) == 0 {
		return nil
	}
	return s.run(ctx, func(int) error {
		return s.step(forget, func(z []float32) { s.crossEntropy(z, forget, -1) })
	})
}

// DescendAscend descends the cross-entropy on a batch of the others and climbs it,
// with the weight o.Ascent, on those in forget.
func DescendAscend(ctx context.Context, m Model, e Examples, forget []int, o Options) error {
	s, err := labelled(m, e, forget, o.or(.1))
	if err != nil {
		return err
	}
	return s.run(ctx, func(int) error {
		rows := append(s.batch(), forget...)
		return s.step(rows, func(z []float32) {
			classes, r := len(z)/len(rows), len(rows)-len(forget)
			s.crossEntropy(z[:r*classes], rows[:r], 1)
			s.crossEntropy(z[r*classes:], forget, -s.Ascent)
		})
	})
}

// SCRUBOptions are those of [SCRUB].
type SCRUBOptions struct {
	Options
	Near  float64 // weight of KL(old || new) on R; 0 stands for 1
	Right float64 // weight of the cross-entropy on R; 0 stands for 1
	Away  float64 // rate of a step on F, of Rate; 0 stands for 1
	Every int     // a step on F comes before each so many on R; 0 stands for 6
	Until int     // the number of steps on F; 0 stands for 5
}

// SCRUB takes steps away from the old model on the examples in forget, up the
// divergence KL(old || new), and between and after them steps on the others, down
// Near KL(old || new) + Right cross-entropy.
func SCRUB(ctx context.Context, m Model, e Examples, forget []int, o SCRUBOptions) error {
	o.Options = o.or(.1)
	for _, w := range []*float64{&o.Near, &o.Right, &o.Away} {
		if *w == 0 {
			*w = 1
		}
	}
	if o.Every == 0 {
		o.Every = 6
	}
	if o.Until == 0 {
		o.Until = 5
	}
	s, err := labelled(m, e, forget, o.Options)
	if err != nil {
		return err
	}
	old, err := m.Logits(e.X)
	if err != nil {
		return err
	}
	classes := len(old) / e.Len()
	for i := 0; i < len(old); i += classes {
		softmax(old[i : i+classes])
	}
	away := 0
	var was []float32
	return s.run(ctx, func(t int) error {
		if t%o.Every == 0 && away < o.Until && len(forget) > 0 {
			away++
			was = train.Gather(was, old, classes, forget)
			s.rate *= o.Away
			return s.step(forget, func(z []float32) { divergence(z, was, classes, -1/float32(len(forget))) })
		}
		rows := s.batch()
		was = train.Gather(was, old, classes, rows)
		return s.step(rows, func(z []float32) {
			// Both parts pull the probabilities, to those of old and to the label.
			for i, row := range rows {
				for k := range classes {
					p := o.Near * float64(was[i*classes+k])
					if k == e.Labels[row] {
						p += o.Right
					}
					was[i*classes+k] = float32(p / (o.Near + o.Right))
				}
			}
			divergence(z, was, classes, float32((o.Near+o.Right)/float64(len(rows))))
		})
	})
}

// crossEntropy turns the logits of rows into the gradient of their mean
// cross-entropy, times a scale.
func (s *steps) crossEntropy(z []float32, rows []int, scale float64) {
	if len(rows) == 0 {
		return
	}
	classes := len(z) / len(rows)
	for i, row := range rows {
		out := z[i*classes : (i+1)*classes]
		softmax(out)
		out[s.e.Labels[row]]--
	}
	scale /= float64(len(rows))
	for i := range z {
		z[i] *= float32(scale)
	}
}

// divergence turns logits, of rows with so many classes, into the gradient of the
// sum of KL(p || softmax z) over the rows, times a scale.
func divergence(z, p []float32, classes int, scale float32) {
	for i := 0; i < len(z); i += classes {
		softmax(z[i : i+classes])
	}
	for i := range z {
		z[i] = scale * (z[i] - p[i])
	}
}

func softmax(z []float32) {
	top := z[0]
	for _, v := range z {
		top = max(top, v)
	}
	sum := 0.
	for i, v := range z {
		e := math.Exp(float64(v - top))
		z[i] = float32(e)
		sum += e
	}
	for i := range z {
		z[i] /= float32(sum)
	}
}
