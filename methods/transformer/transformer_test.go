package transformer

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

var small = []Config{
	{Layers: 2, Dim: 8, Heads: 2},
	{Layers: 2, Dim: 8, Heads: 4, PreNorm: true, Inner: 12, Activation: activation.Swish},
}

// sequences is a random [batch, length, d].
type sequences struct {
	batch, length, d int
	x                []float32
}

func some(rng *rand.Rand, batch, length, d int) sequences {
	s := sequences{batch, length, d, make([]float32, batch*length*d)}
	random.Normal(rng, s.x, 1)
	return s
}

func (s sequences) at(b, t int) []float32 { return s.x[(b*s.length+t)*s.d:][:s.d] }

func (s sequences) clone() sequences {
	s.x = append([]float32(nil), s.x...)
	return s
}

func (s sequences) tensor() *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(s.x, s.batch, s.length, s.d)
}

// runner calls a graph function with one store.
type runner struct {
	t    *testing.T
	exec *model.Exec
}

func newRunner(t *testing.T, f func(s *model.Scope, in []*graph.Node) *graph.Node) runner {
	t.Helper()
	b, err := backend.Get()
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(1); err != nil {
		t.Fatal(err)
	}
	exec, err := model.NewExec(b, store, f)
	if err != nil {
		t.Fatal(err)
	}
	return runner{t, exec}
}

func (r runner) call(in ...*tensors.Tensor) sequences {
	r.t.Helper()
	args := make([]any, len(in))
	for i, x := range in {
		args[i] = x
	}
	y, err := r.exec.Call1(args...)
	if err != nil {
		r.t.Fatal(err)
	}
	d := y.Shape().Dimensions
	x, err := tensors.CopyFlatData[float32](y)
	if err != nil {
		r.t.Fatal(err)
	}
	return sequences{d[0], d[1], d[2], x}
}

func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range got {
		if !(math.Abs(float64(got[i]-want[i])) < 1e-4) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// Under a causal mask the output at t does not depend on inputs after t, and
// does on the one at t.
func TestCausalMask(t *testing.T) {
	for _, c := range small {
		r := newRunner(t, func(s *model.Scope, in []*graph.Node) *graph.Node {
			return c.Encode(s, in[0], Mask{Causal: true})
		})
		x := some(random.New(1, 1), 2, 6, c.Dim)
		y := r.call(x.tensor())
		for cut := range x.length {
			changed := x.clone()
			for i := cut; i < x.length; i++ {
				changed.at(1, i)[0] += 3
			}
			z := r.call(changed.tensor())
			near(t, "the other example", z.x[:len(z.x)/2], y.x[:len(y.x)/2])
			for i := range cut {
				near(t, "before the change", z.at(1, i), y.at(1, i))
			}
			if z.at(1, cut)[0] == y.at(1, cut)[0] {
				t.Errorf("a change at %d is not seen there", cut)
			}
		}
	}
}

// Without positions and causal mask, permuted inputs give permuted outputs;
// with positions they do not.
func TestPermutationEquivariance(t *testing.T) {
	for _, c := range small {
		for _, positions := range []bool{false, true} {
			r := newRunner(t, func(s *model.Scope, in []*graph.Node) *graph.Node {
				x := in[0]
				if positions {
					x = AddPositions(s, x, 9)
				}
				return c.Encode(s, x, Mask{})
			})
			rng := random.New(1, 2)
			x := some(rng, 1, 6, c.Dim)
			perm := rng.Perm(x.length)
			p := x.clone()
			for i, j := range perm {
				copy(p.at(0, i), x.at(0, j))
			}
			y, z := r.call(x.tensor()), r.call(p.tensor())
			moved := 0.0
			for i, j := range perm {
				for k, v := range z.at(0, i) {
					moved = max(moved, math.Abs(float64(v-y.at(0, j)[k])))
				}
			}
			if (moved > 1e-4) != positions {
				t.Errorf("positions %v: permuted inputs change the outputs by %v", positions, moved)
			}
		}
	}
}

func mask(rows ...string) *tensors.Tensor {
	var m []bool
	for _, r := range rows {
		for _, c := range r {
			m = append(m, c == '1')
		}
	}
	return tensors.FromFlatDataAndDimensions(m, len(rows), len(rows[0]))
}

// Padding changes nothing: neither its content nor its amount, for the encoder,
// the decoder's memory and the mean.
func TestPadding(t *testing.T) {
	for _, c := range small {
		encode := newRunner(t, func(s *model.Scope, in []*graph.Node) *graph.Node {
			y := c.Encode(s, AddPositions(s, in[0], 12), Mask{Valid: in[1]})
			return graph.Concatenate([]*graph.Node{y, graph.ExpandAxes(Mean(y, in[1]), 1)}, 1)
		})
		rng := random.New(1, 3)
		x := some(rng, 1, 8, c.Dim)
		y := encode.call(x.tensor(), mask("11111000"))
		long := some(rng, 1, 12, c.Dim)
		copy(long.x, x.x[:5*c.Dim])
		z := encode.call(long.tensor(), mask("111110000000"))
		for i := range 5 {
			near(t, "encoder", z.at(0, i), y.at(0, i))
		}
		near(t, "mean", z.at(0, 12), y.at(0, 8))

		decode := newRunner(t, func(s *model.Scope, in []*graph.Node) *graph.Node {
			return c.Decode(s, in[0], Mask{Causal: true}, in[1], Mask{Valid: in[2]})
		})
		query := some(rng, 1, 3, c.Dim)
		a := decode.call(query.tensor(), x.tensor(), mask("11111000"))
		b := decode.call(query.tensor(), long.tensor(), mask("111110000000"))
		near(t, "decoder", b.x, a.x)
		x.at(0, 2)[0]++
		if d := decode.call(query.tensor(), x.tensor(), mask("11111000")); d.x[0] == a.x[0] {
			t.Error("the decoder does not see its memory")
		}
	}
}

// An example that is all padding stays finite, and its mean is 0.
func TestNothingToLookAt(t *testing.T) {
	c := small[0]
	r := newRunner(t, func(s *model.Scope, in []*graph.Node) *graph.Node {
		return graph.ExpandAxes(Mean(c.Encode(s, in[0], Mask{Valid: in[1], Causal: true}), in[1]), 1)
	})
	y := r.call(some(random.New(1, 4), 2, 3, c.Dim).tensor(), mask("000", "110"))
	near(t, "mean of nothing", y.at(0, 0), make([]float32, c.Dim))
}

// Every variable gets a gradient, which agrees with the difference of losses
// along a random direction.
func TestGradients(t *testing.T) {
	b, err := backend.Get()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range small {
		c.Activation = activation.Swish // differences need a smooth function
		store := model.NewStore()
		if err := store.SetRNGStateFromSeed(2); err != nil {
			t.Fatal(err)
		}
		loss := func(s *model.Scope, in []*graph.Node) *graph.Node {
			memory := c.Encode(s.In("encoder"), AddPositions(s.In("positions"), in[0], 5), Mask{Valid: in[1]})
			y := c.Decode(s.In("decoder"), in[2], Mask{Causal: true}, memory, Mask{Valid: in[1]})
			return graph.ReduceAllSum(graph.Mul(y, in[3]))
		}
		exec, err := model.NewExec(b, store, func(s *model.Scope, in []*graph.Node) []*graph.Node {
			l := loss(s, in)
			var vars []*graph.Node
			for v := range s.IterVariables() {
				if v.Trainable {
					vars = append(vars, v.NodeValue(in[0].Graph()))
				}
			}
			return append([]*graph.Node{l}, graph.Gradient(l, vars...)...)
		})
		if err != nil {
			t.Fatal(err)
		}
		rng := random.New(1, 5)
		in := []any{some(rng, 2, 5, c.Dim).tensor(), mask("11110", "11000"), some(rng, 2, 3, c.Dim).tensor(), some(rng, 2, 3, c.Dim).tensor()}
		call := func() (float64, [][]float32) {
			out, err := exec.Call(in...)
			if err != nil {
				t.Fatal(err)
			}
			var grads [][]float32
			for _, o := range out[1:] {
				g, err := tensors.CopyFlatData[float32](o)
				if err != nil {
					t.Fatal(err)
				}
				grads = append(grads, g)
			}
			return float64(tensors.ToScalar[float32](out[0])), grads
		}
		_, grads := call()
		i := 0
		for v := range store.IterVariables() {
			if !v.Trainable {
				continue
			}
			g := grads[i]
			i++
			flat, err := tensors.CopyFlatData[float32](v.MustValue())
			if err != nil {
				t.Fatal(err)
			}
			dir := make([]float32, len(g))
			random.Normal(rng, dir, 1)
			const h = 3e-3
			var l [2]float64
			for side, s := range []float32{h, -h} {
				moved := make([]float32, len(g))
				for k := range moved {
					moved[k] = flat[k] + s*dir[k]
				}
				if err := v.SetValue(tensors.FromFlatDataAndDimensions(moved, v.Shape().Dimensions...)); err != nil {
					t.Fatal(err)
				}
				l[side], _ = call()
			}
			if err := v.SetValue(tensors.FromFlatDataAndDimensions(flat, v.Shape().Dimensions...)); err != nil {
				t.Fatal(err)
			}
			got, want, size := 0.0, (l[0]-l[1])/(2*h), 0.0
			for k := range g {
				got += float64(g[k]) * float64(dir[k])
				size += float64(g[k]) * float64(g[k])
			}
			if size < 1e-6 {
				t.Errorf("%s: gradient of length %v", v.Path(), math.Sqrt(size))
			}
			if math.Abs(got-want) > .05*max(1, math.Abs(want)) {
				t.Errorf("%s: %v along the gradient, %v by differences", v.Path(), got, want)
			}
		}
	}
}

// GoMLX's parallel executor can hang on attention; the backend that the methods
// share must not, so that a later version of either is let in only if it passes.
func TestManyRunsSideBySide(t *testing.T) {
	c := Config{Layers: 2, Dim: 16, Heads: 4}
	r := newRunner(t, func(s *model.Scope, in []*graph.Node) *graph.Node {
		y := c.Encode(s, in[0], Mask{Causal: true})
		return graph.Gradient(graph.ReduceAllSum(graph.Square(y)), in[0])[0]
	})
	x := some(random.New(1, 7), 2, 8, c.Dim)
	want := r.call(x.tensor())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 30 {
				y, err := r.exec.Call1(x.tensor())
				if err != nil {
					t.Error(err)
					return
				}
				if g, err := tensors.CopyFlatData[float32](y); err != nil || !slices.Equal(g, want.x) {
					t.Errorf("runs differ: %v", err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute): // a healthy one takes a second
		t.Fatal("hangs")
	}
}

// A causal stack learns a sequence by heart, which takes attention to earlier
// positions: each letter follows from the two before it.
func TestLearnsASequence(t *testing.T) {
	text := "abacbbccaabacbbcca"
	n := len(text) - 1
	in, next := make([]int32, n), make([]int32, n)
	for i := range n {
		in[i], next[i] = int32(text[i]-'a'), int32(text[i+1]-'a')
	}
	c := Config{Layers: 2, Dim: 16, Heads: 2, PreNorm: true, Dropout: .01}
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(3); err != nil {
		t.Fatal(err)
	}
	step, err := train.NewStep(store, optimizer.Adam().LearningRate(.01).Done(), func(s *model.Scope, nodes []*graph.Node) *graph.Node {
		x := graph.OneHot(nodes[0], 3, dtypes.Float32)
		x = AddPositions(s, Dense(s.In("embed"), x, c.Dim), n)
		y := graph.LogSoftmax(Dense(s.In("head"), c.Encode(s, x, Mask{Causal: true}), 3), -1)
		return graph.Neg(graph.ReduceAllMean(graph.ReduceSum(graph.Mul(y, graph.OneHot(nodes[1], 3, dtypes.Float32)), -1)))
	})
	if err != nil {
		t.Fatal(err)
	}
	x, y := tensors.FromFlatDataAndDimensions(in, 1, n), tensors.FromFlatDataAndDimensions(next, 1, n)
	loss := math.Inf(1)
	for range 150 {
		if loss, err = step.Call(x, y); err != nil {
			t.Fatal(err)
		}
	}
	if !(loss < .1) {
		t.Errorf("loss %v after training", loss)
	}
}

// Two weight-tied passes through one scope need Shared, and agree.
func TestSharedWeights(t *testing.T) {
	c := small[0]
	r := newRunner(t, func(s *model.Scope, in []*graph.Node) *graph.Node {
		a := c.Encode(s.In("e"), in[0], Mask{})
		b := c.Encode(s.Shared("e"), in[0], Mask{})
		return graph.Sub(a, b)
	})
	y := r.call(some(random.New(1, 6), 1, 4, c.Dim).tensor())
	near(t, "difference", y.x, make([]float32, len(y.x)))
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]Config{
		"heads":   {Layers: 1, Dim: 8, Heads: 3},
		"none":    {Layers: 1},
		"dropout": {Layers: 1, Dim: 8, Heads: 2, Dropout: 1},
	} {
		if err := c.Check(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	b, err := backend.Get()
	if err != nil {
		t.Fatal(err)
	}
	exec, err := model.NewExec(b, model.NewStore(), func(s *model.Scope, x *graph.Node) *graph.Node {
		return small[0].Encode(s, x, Mask{})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.Call1(tensors.FromShape(shapes.Make(dtypes.Float32, 1, 2, 7))); err == nil {
		t.Error("a wrong width: no error")
	}
}
