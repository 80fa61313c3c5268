package train

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/offprint/offprint/methods/backend"
)

// JointStep is a [Step] of a model whose variables are in a store, and a [Loss]
// of vectors that live outside of it: large tables with small dense layers on
// top. One backward pass serves both.
type JointStep struct{ exec *model.Exec }

// NewJointStep compiles the step, on first use with each tuple of shapes. The
// store's variables are updated; the gradients with respect to the first wrt
// inputs are for the caller. The optimiser must be one that takes gradients, as
// GoMLX's Adam and SGD do.
func NewJointStep(store *model.Store, opt optimizer.Interface, wrt int, loss func(s *model.Scope, in []*graph.Node) *graph.Node) (*JointStep, error) {
	update, ok := opt.(interface {
		UpdateGraphWithGradients(s *model.Scope, grads []*graph.Node, lossDType dtypes.DType)
	})
	if !ok {
		return nil, fmt.Errorf("train: a %T takes no gradients", opt)
	}
	b, err := backend.Get()
	if err != nil {
		return nil, err
	}
	exec, err := model.NewExec(b, store, func(s *model.Scope, in []*graph.Node) []*graph.Node {
		g := in[0].Graph()
		s.Store().SetTraining(g, true)
		l := loss(s, in)
		to := append([]*graph.Node{}, in[:wrt]...)
		for v := range s.IterVariables() {
			if v.Trainable && v.InUseByGraph(g) {
				to = append(to, v.NodeValue(g))
			}
		}
		grads := graph.Gradient(l, to...)
		if len(grads) > wrt {
			update.UpdateGraphWithGradients(s, grads[wrt:], l.DType())
		}
		return append([]*graph.Node{l}, grads[:wrt]...)
	})
	if err != nil {
		return nil, fmt.Errorf("train: compile a joint step: %w", err)
	}
	return &JointStep{exec}, nil
}

// Call makes a step and returns its loss and the gradients, flat, each as long
// as its input.
func (s *JointStep) Call(in ...*tensors.Tensor) (loss float64, grads [][]float32, err error) {
	args := make([]any, len(in))
	for i, t := range in {
		args[i] = t
	}
	out, err := s.exec.Call(args...)
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
