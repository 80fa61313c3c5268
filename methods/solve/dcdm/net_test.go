package dcdm

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"

	"github.com/offprint/offprint/methods/backend"
)

func grid(x []float64) *tensors.Tensor {
	n := int(math.Sqrt(float64(len(x))))
	f := make([]float32, len(x))
	for i, v := range x {
		f[i] = float32(v)
	}
	return tensors.FromFlatDataAndDimensions(f, 1, n, n, 1)
}

func call(t *testing.T, f func(in []*graph.Node) []*graph.Node, in ...any) []*tensors.Tensor {
	t.Helper()
	b, err := backend.Get()
	if err != nil {
		t.Fatal(err)
	}
	exec, err := graph.NewExec(b, f)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Call(in...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func loss(t *testing.T, b, f []float64) float64 {
	t.Helper()
	return float64(tensors.ToScalar[float32](call(t, func(in []*graph.Node) []*graph.Node { return []*graph.Node{Loss(in[0], in[1])} }, grid(b), grid(f))[0]))
}

// The loss is zero for the inverse at any scale, and the same for a proposal at
// any scale.
func TestLoss(t *testing.T) {
	const n = 8
	b := normal(n*n, 1)
	floats.Scale(1/floats.Norm(b, 2), b)
	f := make([]float64, n*n)
	if err := NewSines(n).Propose(f, b); err != nil {
		t.Fatal(err)
	}
	other := normal(n*n, 2)
	want := loss(t, b, other)
	for _, c := range []float64{1, -3, 50} {
		scaled := make([]float64, n*n)
		if got := loss(t, b, floats.ScaleTo(scaled, c, f)); got > 1e-8 {
			t.Errorf("loss of %v times the solution: %v", c, got)
		}
		if got := loss(t, b, floats.ScaleTo(scaled, c, other)); math.Abs(got-want) > 1e-5 {
			t.Errorf("loss at scale %v: %v, at 1 %v", c, got, want)
		}
	}
}

// In the graph Poisson's matrix and a convolution are what they are outside.
func TestGraph(t *testing.T) {
	const n = 8
	x := normal(n*n, 3)
	want := make([]float64, n*n)
	box(t, n).Mul(want, x)
	kernel := tensors.FromFlatDataAndDimensions([]float32{0, -1, 0, -1, 4, -1, 0, -1, 0}, 3, 3, 1, 1)
	for i, out := range call(t, func(in []*graph.Node) []*graph.Node { return []*graph.Node{laplacian(in[0]), convolve(in[0], in[1])} }, grid(x), kernel) {
		got, err := tensors.CopyFlatData[float32](out)
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range got {
			if math.Abs(float64(v)-want[k]) > 1e-5 {
				t.Fatalf("output %d, cell %d: %v, want %v", i, k, v, want[k])
			}
		}
	}
}

// A few steps bring the loss down; the net is linear, works on a grid and a domain
// that it has not seen, and keeps to the domain.
func TestTrain(t *testing.T) {
	var losses []float64
	o := Options{Grids: []int{16}, Steps: 30, Batch: 4, Seed: 1, OnStep: func(_, loss float64) { losses = append(losses, loss) }}
	net, err := Train(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if first, last := floats.Sum(losses[:3])/3, floats.Sum(losses[27:])/3; !(last < first/2) {
		t.Errorf("loss %v at first, %v at last", first, last)
	}
	p := disc(t, 24)
	f, err := net.On(p)
	if err != nil {
		t.Fatal(err)
	}
	r := normal(p.Size(), 4)
	p.Restrict(r)
	one, two := make([]float64, len(r)), make([]float64, len(r))
	if err := f.Propose(one, r); err != nil {
		t.Fatal(err)
	}
	floats.Scale(2, r)
	if err := f.Propose(two, r); err != nil {
		t.Fatal(err)
	}
	for i, v := range one {
		if math.Abs(two[i]-2*v) > 1e-4*(1+math.Abs(v)) {
			t.Fatalf("cell %d: %v for r, %v for 2 r", i, v, two[i])
		}
		if v != 0 && !p.Inside(i) {
			t.Fatalf("cell %d is outside", i)
		}
	}
	got := solve(t, p, r, f, 2, Stop{})
	plain, err := CG(t.Context(), p, r, Stop{})
	if err != nil {
		t.Fatal(err)
	}
	if !got.Converged || got.Iterations() >= plain.Iterations() {
		t.Errorf("%d iterations, converged %v; CG %d", got.Iterations(), got.Converged, plain.Iterations())
	}
	if _, err := net.On(box(t, 10)); err == nil {
		t.Error("a grid that 4 does not divide")
	}
}

func TestTrainErrors(t *testing.T) {
	for name, o := range map[string]Options{"grid": {Grids: []int{10}}, "rate": {LR: -1}, "batch": {Batch: -1}} {
		if _, err := Train(t.Context(), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Train(ctx, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
