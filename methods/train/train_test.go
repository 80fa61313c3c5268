package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/offprint/offprint/methods/random"
)

func TestLoopVisitsEachOnceAnEpoch(t *testing.T) {
	seen := make([]int, 7)
	var shares []float64
	l := Loop{Examples: 7, Batch: 2, Epochs: 2, Rand: random.New(1, 0), Progress: func(done, _ float64) { shares = append(shares, done) }}
	err := l.Run(t.Context(), func(batch []int) (float64, error) {
		if len(batch) != 2 {
			t.Errorf("a batch of %d", len(batch))
		}
		for _, i := range batch {
			seen[i]++
		}
		return 1, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for i, n := range seen {
		if sum += n; n > 2 {
			t.Errorf("example %d came %d times in 2 epochs", i, n)
		}
	}
	if sum != 12 || len(shares) != 6 || shares[5] != 1 || !slices.IsSorted(shares) {
		t.Errorf("%d examples, progress %v; want 12 (the last is dropped) and up to 1", sum, shares)
	}
}

func TestLoopEnds(t *testing.T) {
	run := func(l Loop, step func([]int) (float64, error)) (steps int, err error) {
		l.Examples, l.Batch, l.Rand = 4, 4, random.New(1, 0)
		err = l.Run(t.Context(), func(b []int) (float64, error) { steps++; return step(b) })
		return steps, err
	}
	one := func([]int) (float64, error) { return 1, nil }
	losses := []float64{3, 2, 2.5, 2, 1}
	at := 0
	validate := func() (float64, error) { at++; return losses[at-1], nil }
	if n, err := run(Loop{Epochs: 5, Validate: validate, Patience: 2}, one); n != 4 || err != nil {
		t.Errorf("%d epochs, %v; want 4: the third and the fourth are no better", n, err)
	}
	if n, err := run(Loop{Epochs: 5}, func([]int) (float64, error) { return math.NaN(), nil }); n != 1 || err == nil {
		t.Errorf("a loss that is NaN: %d steps, %v", n, err)
	}
	boom := errors.New("boom")
	if _, err := run(Loop{Epochs: 5}, func([]int) (float64, error) { return 0, boom }); !errors.Is(err, boom) {
		t.Errorf("the step's error: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (Loop{Examples: 4, Batch: 2, Epochs: 1, Rand: random.New(1, 0)}).Run(ctx, one); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
	if err := (Loop{Examples: 1, Batch: 2}).Run(t.Context(), one); err == nil {
		t.Error("a batch larger than the data is no error")
	}
}

func TestLossLeavesConstantsAlone(t *testing.T) {
	l, err := NewLoss(1, func(in []*graph.Node) *graph.Node { return graph.ReduceAllSum(graph.Mul(graph.Square(in[0]), in[1])) })
	if err != nil {
		t.Fatal(err)
	}
	loss, grads, err := l.Call(tensors.FromValue([]float32{1, 2}), tensors.FromValue([]float32{3, 5}))
	if err != nil {
		t.Fatal(err)
	}
	if loss != 23 || len(grads) != 1 || !slices.Equal(grads[0], []float32{6, 20}) {
		t.Errorf("loss %v, gradients %v; want 23 and [[6 20]]", loss, grads)
	}
	if _, _, err := l.Call(tensors.FromValue([]float32{1, 2}), tensors.FromValue([]float32{3, 5, 7})); err == nil {
		t.Error("shapes that do not fit are no error")
	}
}

func TestStepLearns(t *testing.T) {
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(1); err != nil {
		t.Fatal(err)
	}
	step, err := NewStep(store, optimizer.Adam().LearningRate(.05).Done(), func(s *model.Scope, in []*graph.Node) *graph.Node {
		return graph.ReduceAllMean(graph.Square(graph.Sub(layers.DenseWithBias(s.In("dense"), in[0], 1), in[1])))
	})
	if err != nil {
		t.Fatal(err)
	}
	loss := 0.0
	for range 300 {
		if loss, err = step.Call(tensors.FromValue([][]float32{{0, 1}, {1, 0}, {1, 1}}), tensors.FromValue([][]float32{{-1}, {2}, {1}})); err != nil {
			t.Fatal(err)
		}
	}
	if loss > 1e-3 {
		t.Errorf("loss %v after 300 steps on a plane", loss)
	}
}

func ExampleLoop() {
	w := 0.0
	loop := Loop{Examples: 8, Batch: 4, Epochs: 50, Rand: random.New(1, 0)}
	err := loop.Run(context.Background(), func([]int) (float64, error) {
		loss := (w - 3) * (w - 3)
		w -= .2 * (w - 3)
		return loss, nil
	})
	fmt.Printf("%.2f %v\n", w, err)
	// Output: 3.00 <nil>
}

func ExampleGather() {
	fmt.Println(Gather(nil, []int{1, 2, 3, 4, 5, 6}, 2, []int{2, 0}))
	// Output: [5 6 1 2]
}
