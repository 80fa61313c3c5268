package train

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/offprint/offprint/methods/backend"
)

// Loss is a scalar GoMLX function of vectors that live outside of the graph, in
// sparse tables for instance, with its gradients.
type Loss struct {
	exec *graph.Exec
	wrt  int
}

// NewLoss compiles f, on first use with each tuple of shapes. Gradients are
// taken with respect to the first wrt of its inputs; the others are constants.
func NewLoss(wrt int, f func(in []*graph.Node) *graph.Node) (*Loss, error) {
	b, err := backend.Get()
	if err != nil {
		return nil, err
	}
	exec, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		loss := f(in)
		return append([]*graph.Node{loss}, graph.Gradient(loss, in[:wrt]...)...)
	})
	if err != nil {
		return nil, fmt.Errorf("train: compile a loss: %w", err)
	}
	return &Loss{exec, wrt}, nil
}

// Call returns the loss and its gradients, flat, each as long as its input.
func (l *Loss) Call(in ...*tensors.Tensor) (loss float64, grads [][]float32, err error) {
	args := make([]any, len(in))
	for i, t := range in {
		args[i] = t
	}
	out, err := l.exec.Call(args...)
	if err != nil {
		return 0, nil, fmt.Errorf("train: %w", err)
	}
	for _, o := range out[1:] {
		g, err := tensors.CopyFlatData[float32](o)
		if err != nil {
			return 0, nil, fmt.Errorf("train: %w", err)
		}
		grads = append(grads, g)
	}
	return float64(tensors.ToScalar[float32](out[0])), grads, finalize(out)
}

// Step is an optimiser's step of a model whose variables are in a store.
type Step struct{ exec *model.Exec }

// NewStep compiles the step, on first use with each tuple of shapes, for a loss
// of a model and its inputs. The optimiser's state goes into the store.
func NewStep(store *model.Store, opt optimizer.Interface, loss func(s *model.Scope, in []*graph.Node) *graph.Node) (*Step, error) {
	b, err := backend.Get()
	if err != nil {
		return nil, err
	}
	exec, err := model.NewExec(b, store, func(s *model.Scope, in []*graph.Node) *graph.Node {
		g := in[0].Graph()
		s.Store().SetTraining(g, true)
		l := loss(s, in)
		opt.UpdateGraph(s, g, l)
		return l
	})
	if err != nil {
		return nil, fmt.Errorf("train: compile a step: %w", err)
	}
	return &Step{exec}, nil
}

// Call makes a step and returns its loss.
func (s *Step) Call(in ...*tensors.Tensor) (float64, error) {
	args := make([]any, len(in))
	for i, t := range in {
		args[i] = t
	}
	out, err := s.exec.Call(args...)
	if err != nil {
		return 0, fmt.Errorf("train: %w", err)
	}
	return float64(tensors.ToScalar[float32](out[0])), finalize(out)
}

// finalize gives the outputs' buffers back for the next call.
func finalize(ts []*tensors.Tensor) error {
	for _, t := range ts {
		if err := t.FinalizeAll(); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return nil
}
