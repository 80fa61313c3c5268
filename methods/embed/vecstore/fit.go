package vecstore

import (
	"context"
	"fmt"
)

// Task is what a table is learned for: a model on top of it, and their data.
type Task interface {
	// Restart gives the model new weights.
	Restart() error
	// Batch moves on to the next batch, of the training data or of the
	// validation data, and returns its ids. They are valid until the next call.
	Batch(validation bool) []int32
	// Gradient sets grad to the gradient of the batch's mean loss with respect
	// to x, the rows of its ids. With learn it moves the model's weights, too.
	Gradient(x, grad []float32, learn bool) error
	// Score rates rows on the validation data: higher is better.
	Score(lookup func(ids []int32, out []float32) error) (float64, error)
}

// scorer rates rows on the validation data.
type scorer func(rows func(ids []int32, out []float32)) (float64, error)

// stage is a part of a method's training.
type stage struct {
	share  float64 // of the steps that are planned
	fresh  bool    // the model above starts anew
	second pass    // what follows each step
	// end, if set, returns what the next stage learns.
	end func(score scorer) (scheme, error)
}

// pass is a second pass after each step, whose gradient goes to the scheme's
// adjust.
type pass int

const (
	noPass pass = iota
	samePass
	validationPass
)

// adjuster is a scheme with a second pass.
type adjuster interface {
	adjust(ids []int32, grad []float32, lr float64)
}

// Fit learns a table at the rate lr through all stages of its method, each a
// number of steps in proportion to Spec.Steps, and returns it as it is kept.
// progress may be nil; it is told the share that is done. A batch with a
// gradient that is not finite is an error.
func (t *Table) Fit(ctx context.Context, task Task, lr float64, progress func(done float64)) (*Store, error) {
	total, done := 0., 0
	for _, st := range t.plan {
		total += st.share
	}
	var x, grad []float32
	gradient := func(ids []int32, learn bool) error {
		n := len(ids) * t.spec.Dim
		if len(x) < n {
			x, grad = make([]float32, n), make([]float32, n)
		}
		if err := t.Lookup(ids, x[:n]); err != nil {
			return err
		}
		if err := task.Gradient(x[:n], grad[:n], learn); err != nil {
			return err
		}
		return t.Accumulate(ids, grad[:n])
	}
	score := func(rows func(ids []int32, out []float32)) (float64, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return task.Score(func(ids []int32, out []float32) error {
			if err := t.check(ids, out); err != nil {
				return err
			}
			rows(ids, out)
			return nil
		})
	}
	for {
		st := t.plan[0]
		if st.fresh {
			if err := task.Restart(); err != nil {
				return nil, fmt.Errorf("vecstore: %w", err)
			}
		}
		for range int(st.share * float64(t.spec.Steps)) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			ids := task.Batch(false)
			if err := gradient(ids, true); err != nil {
				return nil, err
			}
			t.Step(lr)
			if st.second == validationPass {
				ids = task.Batch(true)
			}
			if st.second != noPass {
				if err := gradient(ids, false); err != nil {
					return nil, err
				}
				t.scheme.(adjuster).adjust(t.ids, t.grad, lr)
				t.ids, t.grad = t.ids[:0], t.grad[:0]
			}
			done++
			if progress != nil {
				progress(float64(done) / (total * float64(t.spec.Steps)))
			}
		}
		if st.end != nil {
			next, err := st.end(score)
			if err != nil {
				return nil, fmt.Errorf("vecstore: %w", err)
			}
			t.scheme = next
		}
		if len(t.plan) == 1 {
			return t.Store()
		}
		t.plan = t.plan[1:]
	}
}
