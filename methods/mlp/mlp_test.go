package mlp

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/train/loss"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// logit is the network in float64, written out.
func logit(n *Net, x []float32) float64 {
	z := float64(n.Last.B[0])
	if n.Hidden == nil {
		for i, v := range x {
			z += float64(v) * float64(n.Last.W[i])
		}
		return z
	}
	for j := range n.Hidden.Out {
		h := float64(n.Hidden.B[j])
		for i, v := range x {
			h += float64(v) * float64(n.Hidden.W[i*n.Hidden.Out+j])
		}
		z += max(0, h) * float64(n.Last.W[j])
	}
	return z
}

func meanLoss(n *Net, x, y []float32) float64 {
	sum := 0.0
	for b, t := range y {
		z := logit(n, x[b*n.In:(b+1)*n.In])
		sum += max(z, 0) - z*float64(t) + math.Log1p(math.Exp(-math.Abs(z)))
	}
	return sum / float64(len(y))
}

func batch(in, rows int) (x, y []float32) {
	rng := random.New(3, 0)
	x, y = make([]float32, in*rows), make([]float32, rows)
	random.Normal(rng, x, 1)
	for i := range y {
		y[i] = float32(rng.IntN(2))
	}
	return x, y
}

func TestStepGivesLossAndGradient(t *testing.T) {
	for _, hidden := range []int{0, 7} {
		t.Run(fmt.Sprint(hidden), func(t *testing.T) {
			const in, rows = 5, 6
			n, err := New(in, hidden, 0, 0, random.New(1, 0))
			if err != nil {
				t.Fatal(err)
			}
			x, y := batch(in, rows)
			z, err := n.Logits(x)
			if err != nil {
				t.Fatal(err)
			}
			for b := range rows {
				if want := logit(n, x[b*in:(b+1)*in]); math.Abs(float64(z[b])-want) > 1e-5 {
					t.Errorf("logit %d is %v, want %v", b, z[b], want)
				}
			}
			want := meanLoss(n, x, y)
			gradient := make([]float64, len(x))
			for i := range x {
				const h = 1e-3
				was := x[i]
				x[i] = was + h
				up := meanLoss(n, x, y)
				x[i] = was - h
				gradient[i] = (up - meanLoss(n, x, y)) / (2 * h)
				x[i] = was
			}
			dx := make([]float32, len(x))
			loss, err := n.Step(x, y, dx)
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(loss-want) > 1e-5 {
				t.Errorf("loss %v, want %v", loss, want)
			}
			for i := range gradient {
				if math.Abs(float64(dx[i])-gradient[i]) > 1e-4 {
					t.Errorf("gradient %d is %v, by differences %v", i, dx[i], gradient[i])
				}
			}
		})
	}
}

func TestLearnsXOR(t *testing.T) {
	x, y := []float32{0, 0, 0, 1, 1, 0, 1, 1}, []float32{0, 1, 1, 0}
	n, err := New(2, 16, .05, 0, random.New(2, 0))
	if err != nil {
		t.Fatal(err)
	}
	var loss float64
	dx := make([]float32, len(x))
	for range 300 {
		if loss, err = n.Step(x, y, dx); err != nil {
			t.Fatal(err)
		}
	}
	if loss > .05 {
		t.Errorf("loss %v after 300 steps", loss)
	}
}

func TestShapesAreChecked(t *testing.T) {
	if _, err := New(0, 1, .1, 0, random.New(1, 0)); err == nil {
		t.Error("no inputs: no error")
	}
	n, err := New(3, 2, .1, 0, random.New(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ x, y, dx int }{{0, 0, 0}, {4, 1, 4}, {6, 1, 6}, {6, 3, 6}, {6, 2, 3}} {
		if _, err := n.Step(make([]float32, c.x), make([]float32, c.y), make([]float32, c.dx)); err == nil {
			t.Errorf("%d values, %d targets, %d gradients: no error", c.x, c.y, c.dx)
		}
	}
	if _, err := n.Logits(make([]float32, 4)); err == nil {
		t.Error("ragged rows: no error")
	}
}

func ExampleNet() {
	n, err := New(1, 0, .1, 0, random.New(1, 0)) // logistic regression
	if err != nil {
		panic(err)
	}
	for range 200 {
		if _, err := n.Step([]float32{-1, 1}, []float32{0, 1}, make([]float32, 2)); err != nil {
			panic(err)
		}
	}
	z, err := n.Logits([]float32{-2, 2})
	if err != nil {
		panic(err)
	}
	fmt.Println(z[0] < -3, z[1] > 3)
	// Output: true true
}

// graphStep is the network's loss and gradients as a GoMLX graph.
func graphStep(hidden bool) (*train.Loss, error) {
	wrt := 3
	if hidden {
		wrt = 5
	}
	return train.NewLoss(wrt, func(in []*graph.Node) *graph.Node {
		h, w, y := in[0], in[1:wrt], in[wrt]
		if hidden {
			h = activation.Relu(graph.Add(graph.MatMul(h, w[0]), w[1]))
			w = w[2:]
		}
		z := graph.Add(graph.ExpandAxes(graph.ReduceSum(graph.Mul(h, w[0]), -1), -1), w[1])
		return graph.ReduceAllMean(loss.BinaryCrossentropyLogits([]*graph.Node{y}, []*graph.Node{z}))
	})
}

func (n *Net) tensors(x, y []float32) []*tensors.Tensor {
	in := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, len(y), n.In)}
	if l := n.Hidden; l != nil {
		in = append(in, tensors.FromFlatDataAndDimensions(l.W, l.In, l.Out), tensors.FromFlatDataAndDimensions(l.B, 1, l.Out))
	}
	l := n.Last
	return append(in, tensors.FromFlatDataAndDimensions(l.W, 1, l.In), tensors.FromFlatDataAndDimensions(l.B, 1, 1), tensors.FromFlatDataAndDimensions(y, len(y), 1))
}

// TestGradientsAgainstGraph compares all gradients with those that GoMLX derives.
func TestGradientsAgainstGraph(t *testing.T) {
	for _, hidden := range []int{0, 64} {
		n, err := New(48, hidden, 0, 0, random.New(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		x, y := batch(48, 100)
		g, err := graphStep(hidden > 0)
		if err != nil {
			t.Fatal(err)
		}
		wantLoss, want, err := g.Call(n.tensors(x, y)...)
		if err != nil {
			t.Fatal(err)
		}
		dx := make([]float32, len(x))
		got, err := n.Gradient(x, y, dx)
		if err != nil {
			t.Fatal(err)
		}
		grads := [][]float32{dx, n.Last.DW, n.Last.DB}
		if l := n.Hidden; l != nil {
			grads = [][]float32{dx, l.DW, l.DB, n.Last.DW, n.Last.DB}
		}
		if math.Abs(got-wantLoss) > 1e-5 {
			t.Errorf("loss %v, want %v", got, wantLoss)
		}
		for i, g := range grads {
			for k := range want[i] {
				if math.Abs(float64(g[k]-want[i][k])) > 1e-6 {
					t.Errorf("%d hidden units: gradient %d at %d is %v, want %v", hidden, i, k, g[k], want[i][k])
					break
				}
			}
		}
	}
}

// BenchmarkStep has the step beside GoMLX's, which lacks Adam.
func BenchmarkStep(b *testing.B) {
	n, err := New(128, 64, .005, 1e-5, random.New(1, 0))
	if err != nil {
		b.Fatal(err)
	}
	x, y := batch(128, 512)
	dx := make([]float32, len(x))
	b.Run("kernels", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := n.Step(x, y, dx); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("graph", func(b *testing.B) {
		g, err := graphStep(true)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := g.Call(n.tensors(x, y)...); err != nil {
				b.Fatal(err)
			}
		}
	})
}
