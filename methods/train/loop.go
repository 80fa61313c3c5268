// Package train has what training loops share: shuffled batches over epochs
// with progress and early stop ([Loop]), a GoMLX loss of host-side vectors with
// its gradients ([Loss]), and an optimiser's step of a GoMLX model ([Step]).
package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
)

// Loop goes through examples in batches, in a new random order each epoch. An
// incomplete last batch is dropped: a compiled graph has one batch size.
type Loop struct {
	Examples, Batch, Epochs int
	Rand                    *rand.Rand // of the order

	// Progress, if set, is called after each step with the share that is done
	// and the step's loss.
	Progress func(done, loss float64)

	// Validate, if set, is called after each epoch and returns a loss on other
	// data. Training stops after Patience epochs without a lower one.
	Validate func() (float64, error)
	Patience int
}

// Run calls step for each batch with the indices of its examples, which are
// valid during the call; step returns its loss. A loss that is not finite ends
// the run with an error.
func (l Loop) Run(ctx context.Context, step func(batch []int) (float64, error)) error {
	if l.Batch < 1 || l.Batch > l.Examples {
		return fmt.Errorf("train: batches of %d from %d examples", l.Batch, l.Examples)
	}
	best, since := math.Inf(1), 0
	steps := l.Examples / l.Batch
	for epoch := range l.Epochs {
		order := l.Rand.Perm(l.Examples)
		for i := range steps {
			if err := ctx.Err(); err != nil {
				return err
			}
			loss, err := step(order[i*l.Batch : (i+1)*l.Batch])
			if err != nil {
				return err
			}
			if math.IsNaN(loss) || math.IsInf(loss, 0) {
				return fmt.Errorf("train: the loss is %v in step %d of epoch %d", loss, i+1, epoch+1)
			}
			if l.Progress != nil {
				l.Progress(float64(epoch*steps+i+1)/float64(l.Epochs*steps), loss)
			}
		}
		if l.Validate == nil {
			continue
		}
		v, err := l.Validate()
		if err != nil {
			return err
		}
		if since++; v < best {
			best, since = v, 0
		}
		if since >= l.Patience {
			return nil
		}
	}
	return nil
}

// Gather appends to dst[:0] the rows of a matrix with rows of length dim.
func Gather[T any](dst, from []T, dim int, rows []int) []T {
	dst = dst[:0]
	for _, r := range rows {
		dst = append(dst, from[r*dim:(r+1)*dim]...)
	}
	return dst
}
