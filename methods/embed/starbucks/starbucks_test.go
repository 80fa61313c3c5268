package starbucks

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/embed/contrast"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

const rows, dim = 6, 8

// states are n layers' states of queries, then of documents, all [rows, dim].
func states(n int) []*tensors.Tensor {
	rng := random.New(1, 0)
	var out []*tensors.Tensor
	for range 2 * n {
		x := make([]float32, rows*dim)
		random.Normal(rng, x, 1)
		out = append(out, tensors.FromFlatDataAndDimensions(x, rows, dim))
	}
	return out
}

// call returns a loss of the states and its gradients with respect to them.
func call(t *testing.T, in []*tensors.Tensor, layers int, f func(q, d, rest []*graph.Node) *graph.Node) (float64, [][]float32) {
	t.Helper()
	l, err := train.NewLoss(2*layers, func(in []*graph.Node) *graph.Node { return f(in[:layers], in[layers:2*layers], in[2*layers:]) })
	if err != nil {
		t.Fatal(err)
	}
	loss, grads, err := l.Call(in...)
	if err != nil {
		t.Fatal(err)
	}
	return loss, grads
}

func TestOneSizeIsThePlainLoss(t *testing.T) {
	loss, grads := call(t, states(3), 3, func(q, d, _ []*graph.Node) *graph.Node {
		return SRL{[]Size{{3, dim}}, .05, 1}.Loss(q, d)
	})
	plain, plainGrads := call(t, states(3), 3, func(q, d, _ []*graph.Node) *graph.Node { return contrast.InfoNCE(q[2], d[2], .05) })
	if loss != plain {
		t.Errorf("loss %v, plain %v", loss, plain)
	}
	for i := range grads {
		if !slices.Equal(grads[i], plainGrads[i]) {
			t.Errorf("gradient %d differs", i)
		}
	}
}

// A layer that scores as the last one does has no divergence from it.
func TestKLOfEqualScoresIsZero(t *testing.T) {
	loss := func(weight float64) float64 {
		l, _ := call(t, states(1), 1, func(q, d, _ []*graph.Node) *graph.Node {
			return SRL{[]Size{{1, dim}, {2, dim}}, .05, weight}.Loss(
				[]*graph.Node{q[0], graph.MulScalar(q[0], 2)}, []*graph.Node{d[0], graph.MulScalar(d[0], 3)})
		})
		return l
	}
	if a, b := loss(0), loss(1); math.Abs(a-b) > 1e-5 {
		t.Errorf("KL %v, want 0", b-a)
	}
}

// The divergence moves the small sizes and not the full one.
func TestKLLeavesTheFullSizeAlone(t *testing.T) {
	gradients := func(weight float64) [][]float32 {
		_, g := call(t, states(2), 2, func(q, d, _ []*graph.Node) *graph.Node {
			return SRL{[]Size{{1, 4}, {2, dim}}, .2, weight}.Loss(q, d)
		})
		return g
	}
	without, with := gradients(0), gradients(5)
	for _, side := range []int{0, 2} {
		if slices.Equal(without[side], with[side]) {
			t.Errorf("layer 1, side %d: the divergence has no gradient", side/2)
		}
		if !slices.Equal(without[side+1], with[side+1]) {
			t.Errorf("the last layer, side %d: the divergence has a gradient", side/2)
		}
	}
}

// KL and its gradient, from the definition and by differences.
func TestKL(t *testing.T) {
	in := states(2)
	kl := func() float64 {
		l, _ := call(t, in, 2, func(q, d, _ []*graph.Node) *graph.Node {
			return score(q[0], d[0], .2).klFrom(score(q[1], d[1], .2))
		})
		return l
	}
	x := make([][]float32, len(in))
	for i := range in {
		x[i] = tensors.MustCopyFlatData[float32](in[i])
	}
	softmax := func(q, d []float32, i int) []float64 {
		p, sum := make([]float64, rows), 0.0
		for j := range p {
			dot, a, b := 0.0, 0.0, 0.0
			for k := range dim {
				u, v := float64(q[i*dim+k]), float64(d[j*dim+k])
				dot, a, b = dot+u*v, a+u*u, b+v*v
			}
			p[j] = math.Exp(dot / math.Sqrt(a*b) / .2)
			sum += p[j]
		}
		for j := range p {
			p[j] /= sum
		}
		return p
	}
	want := 0.0
	for i := range rows {
		full, small := softmax(x[1], x[3], i), softmax(x[0], x[2], i)
		for j := range full {
			want += full[j] * math.Log(full[j]/small[j]) / rows
		}
	}
	if got := kl(); math.Abs(got-want) > 1e-4 {
		t.Errorf("KL %v, want %v", got, want)
	}
	_, g := call(t, in, 2, func(q, d, _ []*graph.Node) *graph.Node { return score(q[0], d[0], .2).klFrom(score(q[1], d[1], .2)) })
	const h = 1e-2
	at := x[0][3]
	moved := func(to float32) float64 {
		x[0][3] = to
		in[0] = tensors.FromFlatDataAndDimensions(x[0], rows, dim)
		return kl()
	}
	if slope := (moved(at+h) - moved(at-h)) / (2 * h); math.Abs(float64(g[0][3])-slope) > 1e-3 {
		t.Errorf("gradient %v, slope %v", g[0][3], slope)
	}
}

// With a one-hot layer and a 0/1 width, 2D Matryoshka is the sum of four losses
// of cuts and a divergence.
func TestTwoDIsTheDrawnSizes(t *testing.T) {
	in := append(states(3), tensors.FromValue([]float32{0, 1}), tensors.FromValue([]float32{1, 1, 1, 0, 0, 0, 0, 0}))
	got, grads := call(t, in, 3, func(q, d, c []*graph.Node) *graph.Node { return TwoD{.1, 1}.Loss(q, d, c[0], c[1]) })
	want, wantGrads := call(t, in, 3, func(q, d, _ []*graph.Node) *graph.Node {
		total := score(q[1], d[1], .1).klFrom(score(q[2], d[2], .1))
		for _, s := range []Size{{3, dim}, {2, dim}, {2, 3}, {3, 3}} {
			total = graph.Add(total, contrast.InfoNCE(s.Cut(q), s.Cut(d), .1))
		}
		return total
	})
	if math.Abs(got-want) > 1e-4 {
		t.Errorf("loss %v, want %v", got, want)
	}
	for i := range grads {
		for j := range grads[i] {
			if math.Abs(float64(grads[i][j]-wantGrads[i][j])) > 1e-4 {
				t.Fatalf("gradient %d of state %d: %v, want %v", j, i, grads[i][j], wantGrads[i][j])
			}
		}
	}
}

func run(t *testing.T, store *model.Store, f func(s *model.Scope, in []*graph.Node) []*graph.Node, in ...*tensors.Tensor) []*tensors.Tensor {
	t.Helper()
	b, err := backend.Get()
	if err != nil {
		t.Fatal(err)
	}
	e, err := model.NewExec(b, store, f)
	if err != nil {
		t.Fatal(err)
	}
	args := make([]any, len(in))
	for i, x := range in {
		args[i] = x
	}
	out, err := e.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func newStore(t *testing.T) *model.Store {
	t.Helper()
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(1); err != nil {
		t.Fatal(err)
	}
	return store
}

// The first layers alone give the states that they give in the whole encoder.
func TestFirstLayersAlone(t *testing.T) {
	store := newStore(t)
	x := states(1)[0]
	whole := ResidualMLP{In: dim, Dim: 10, Hidden: 12, Layers: 4}
	all := run(t, store, func(s *model.Scope, in []*graph.Node) []*graph.Node { return whole.States(s, in[0]) }, x)
	part := whole
	part.Layers = 2
	first := run(t, store, func(s *model.Scope, in []*graph.Node) []*graph.Node { return part.States(s, in[0]) }, x)
	if len(all) != 4 || len(first) != 2 {
		t.Fatalf("%d and %d states", len(all), len(first))
	}
	for i := range first {
		if !first[i].InDelta(all[i], 1e-6) {
			t.Errorf("layer %d differs", i+1)
		}
	}
	for i, row := range all[3].Value().([][]float32) {
		mean, square := 0.0, 0.0
		for _, v := range row {
			mean += float64(v) / 10
			square += float64(v) * float64(v) / 10
		}
		if math.Abs(mean) > 1e-5 || math.Abs(square-1) > 1e-3 {
			t.Errorf("row %d has mean %v and mean square %v, want 0 and 1", i, mean, square)
		}
	}
}

// The head sees the size's coordinates and no others, and at the full width all.
func TestSMAESeesTheCut(t *testing.T) {
	const words = 5
	store := newStore(t)
	target := tensors.FromFlatDataAndDimensions(slices.Repeat([]float32{.5, .5, 0, 0, 0}, rows), rows, words)
	loss := func(size Size, x []*tensors.Tensor) float32 {
		smae := SMAE{Sizes: []Size{size}, Hidden: 12, Words: words}
		out := run(t, store, func(s *model.Scope, in []*graph.Node) []*graph.Node {
			return []*graph.Node{smae.Loss(s, in[:2], in[2], in[3], in[3])}
		}, x[0], x[1], x[2], target)
		return tensors.ToScalar[float32](out[0])
	}
	x := states(2)
	other := tensors.MustCopyFlatData[float32](x[1])
	for i := range other {
		if i%dim >= 3 {
			other[i] += 1
		}
	}
	y := slices.Clone(x)
	y[1] = tensors.FromFlatDataAndDimensions(other, rows, dim)
	if a, b := loss(Size{2, 3}, x), loss(Size{2, 3}, y); a != b {
		t.Errorf("coordinates beyond the cut change the loss: %v and %v", a, b)
	}
	if a, b := loss(Size{2, dim}, x), loss(Size{2, dim}, y); a == b {
		t.Error("the full width ignores coordinates")
	}
	if a, b := loss(Size{1, dim}, x), loss(Size{1, dim}, y); a != b {
		t.Errorf("a later layer changes the loss: %v and %v", a, b)
	}
}

func TestMissingWords(t *testing.T) {
	g := tensors.FromValue([][]float32{{1, 0}, {0, 2}, {1, 1}, {3, 0}}) // two sizes of two texts
	w := tensors.FromValue([][]float32{{1, 0, -1}, {0, 1, 0}})
	targets := tensors.FromValue([][]float32{{.5, .5, 0}, {0, 0, 0}}) // the second text lacks any
	out := run(t, newStore(t), func(_ *model.Scope, in []*graph.Node) []*graph.Node {
		return []*graph.Node{missing(in[0], in[1], in[2], 2)}
	}, g, w, targets)
	want := 0.0
	for _, l := range [][]float64{{1, 0, -1}, {1, 1, -1}} { // logits of the first text
		sum := 0.0
		for _, v := range l {
			sum += math.Exp(v)
		}
		want += (math.Log(sum) - (l[0]+l[1])/2) / 4
	}
	if got := float64(tensors.ToScalar[float32](out[0])); math.Abs(got-want) > 1e-5 {
		t.Errorf("loss %v, want %v", got, want)
	}
}

func TestMask(t *testing.T) {
	kept, dropped := Mask(random.New(1, 0), 10_000, .2)
	if n := len(dropped); n < 1850 || n > 2150 {
		t.Errorf("%d of 10,000 dropped with probability .2", n)
	}
	all := slices.Sorted(slices.Values(slices.Concat(kept, dropped)))
	for i, v := range all {
		if v != i {
			t.Fatalf("position %d is missing or double", i)
		}
	}
	if _, dropped := Mask(random.New(1, 0), 9, 0); len(dropped) != 0 {
		t.Errorf("%d dropped with probability 0", len(dropped))
	}
}

func TestSizesAreChecked(t *testing.T) {
	for _, s := range []Size{{0, 4}, {3, 4}, {1, 0}, {1, dim + 1}} {
		l, err := train.NewLoss(4, func(in []*graph.Node) *graph.Node { return SRL{[]Size{s}, .05, 1}.Loss(in[:2], in[2:]) })
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := l.Call(states(2)...); err == nil {
			t.Errorf("size %+v is no error", s)
		}
	}
}

func ExamplePick() {
	sizes := []Size{{1, 8}, {2, 16}, {6, 128}}
	layers := func(s Size) float64 { return float64(s.Layer) }
	fmt.Println(Pick(sizes, layers, 4), Pick(sizes, layers, 0))
	// Output: {2 16} {1 8}
}

func ExampleSRL() {
	encoder := ResidualMLP{In: 2, Dim: 4, Hidden: 8, Layers: 2}
	srl := SRL{Sizes: []Size{{Layer: 1, Dim: 2}, {Layer: 2, Dim: 4}}, Temperature: .05, KLWeight: 1}
	b, err := backend.Get()
	if err != nil {
		fmt.Println(err)
		return
	}
	loss, err := model.NewExec(b, model.NewStore(), func(s *model.Scope, pairs *graph.Node) *graph.Node {
		return srl.Loss(Halves(encoder.States(s, pairs)))
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	l, err := loss.Call1([][]float32{{1, 0}, {0, 1}, {2, 0}, {0, 2}}) // two queries, two documents
	fmt.Println(l.Shape(), err)
	// Output: (Float32) <nil>
}
