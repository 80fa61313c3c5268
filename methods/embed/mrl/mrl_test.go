package mrl

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

func normal(n int) []float32 {
	x := make([]float32, n)
	random.Normal(random.New(uint64(n), 0), x, 1)
	return x
}

// call returns the loss of random pairs and the gradient of the queries.
func call(t *testing.T, rows, dim int, f func(q, d *graph.Node) *graph.Node) (float64, []float32) {
	t.Helper()
	l, err := train.NewLoss(2, func(in []*graph.Node) *graph.Node { return f(in[0], in[1]) })
	if err != nil {
		t.Fatal(err)
	}
	x := normal(2 * rows * dim)
	loss, grads, err := l.Call(tensors.FromFlatDataAndDimensions(x[:rows*dim], rows, dim), tensors.FromFlatDataAndDimensions(x[rows*dim:], rows, dim))
	if err != nil {
		t.Fatal(err)
	}
	return loss, grads[0]
}

func TestHalvings(t *testing.T) {
	for _, c := range []struct {
		d, least int
		want     Sizes
	}{
		{128, 8, Sizes{8, 16, 32, 64, 128}},
		{2048, 8, Sizes{8, 16, 32, 64, 128, 256, 512, 1024, 2048}},
		{100, 20, Sizes{25, 50, 100}},
		{1, 0, Sizes{1}},
	} {
		if got := Halvings(c.d, c.least); !slices.Equal(got, c.want) {
			t.Errorf("Halvings(%d, %d) = %v, want %v", c.d, c.least, got, c.want)
		}
	}
}

// With the full size alone the loss is the plain one, bit for bit.
func TestOneSizeIsThePlainLoss(t *testing.T) {
	loss, grad := call(t, 9, 8, func(q, d *graph.Node) *graph.Node { return Contrastive(q, d, Sizes{8}, []float64{1}, .05) })
	plain, plainGrad := call(t, 9, 8, func(q, d *graph.Node) *graph.Node { return contrast.InfoNCE(q, d, .05) })
	if loss != plain || !slices.Equal(grad, plainGrad) {
		t.Errorf("loss %v and %v, gradients equal: %v", loss, plain, slices.Equal(grad, plainGrad))
	}
}

// A coordinate's gradient comes from the sizes that contain it, with their
// weights.
func TestGradientOfACoordinate(t *testing.T) {
	const rows, dim = 9, 8
	weights := []float64{.5, 2, 3}
	_, grad := call(t, rows, dim, func(q, d *graph.Node) *graph.Node { return Contrastive(q, d, Sizes{2, 4, 8}, weights, .1) })
	want := make([]float64, rows*dim)
	for i, m := range []int{2, 4, 8} {
		_, g := call(t, rows, dim, func(q, d *graph.Node) *graph.Node { return contrast.InfoNCE(Prefix(q, m), Prefix(d, m), .1) })
		for j, v := range g {
			want[j] += weights[i] * float64(v)
			if j%dim >= m && v != 0 {
				t.Fatalf("size %d moves coordinate %d", m, j%dim)
			}
		}
	}
	for j := range want {
		if math.Abs(float64(grad[j])-want[j]) > 1e-5 {
			t.Fatalf("gradient %d: %v, want %v", j, grad[j], want[j])
		}
	}
}

func TestSizesAreChecked(t *testing.T) {
	for _, s := range []Sizes{nil, {0, 4}, {4, 4}, {8, 4}} {
		l, err := train.NewLoss(1, func(in []*graph.Node) *graph.Node { return Contrastive(in[0], in[0], s, nil, 1) })
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := l.Call(tensors.FromValue([][]float32{{1, 2, 3, 4, 5, 6, 7, 8}})); err == nil {
			t.Errorf("sizes %v are no error", s)
		}
		if _, err := NewIndex(make([]float32, 8), s); err == nil {
			t.Errorf("an index with sizes %v is no error", s)
		}
	}
}

// logits returns the heads' logits for z [rows, 4], and the variables.
func logits(t *testing.T, z []float32, s Sizes, efficient bool) ([][][]float32, *model.Store) {
	t.Helper()
	b, err := backend.Get()
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(1); err != nil {
		t.Fatal(err)
	}
	e, err := model.NewExec(b, store, func(scope *model.Scope, z *graph.Node) []*graph.Node { return Heads(scope, z, s, 3, efficient) })
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.Call(tensors.FromFlatDataAndDimensions(z, len(z)/4, 4))
	if err != nil {
		t.Fatal(err)
	}
	var ls [][][]float32
	for _, o := range out {
		ls = append(ls, o.Value().([][]float32))
	}
	return ls, store
}

func TestHeads(t *testing.T) {
	z := normal(5 * 4)
	s := Sizes{2, 4}
	for _, efficient := range []bool{false, true} {
		got, store := logits(t, z, s, efficient)
		count := 0
		for v := range store.IterVariables() {
			if v.Trainable {
				count += v.Shape().Size()
			}
		}
		if want := map[bool]int{false: 2*3 + 3 + 4*3 + 3, true: 4*3 + 3}[efficient]; count != want {
			t.Errorf("efficient %v: %d parameters, want %d", efficient, count, want)
		}
		for k, m := range s {
			path := fmt.Sprintf("/head_%d/", m)
			if efficient {
				path = "/head/"
			}
			w := store.GetVariable(path + "weights").MustValue().Value().([][]float32)
			b := store.GetVariable(path + "bias").MustValue().Value().([][]float32)
			for i := range 5 {
				for c := range 3 {
					want := float64(b[0][c])
					for j := range m {
						want += float64(z[i*4+j]) * float64(w[j][c])
					}
					if math.Abs(float64(got[k][i][c])-want) > 1e-5 {
						t.Errorf("efficient %v, size %d: logit %v, want %v", efficient, m, got[k][i][c], want)
					}
				}
			}
		}
	}
}

func TestCrossEntropy(t *testing.T) {
	l, err := train.NewLoss(1, func(in []*graph.Node) *graph.Node {
		return CrossEntropy([]*graph.Node{in[0], graph.MulScalar(in[0], 0)}, in[1], []float64{2, 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	loss, grads, err := l.Call(tensors.FromValue([][]float32{{1, 0, 0}}), tensors.FromValue([]int32{1}))
	if err != nil {
		t.Fatal(err)
	}
	e := math.E
	if want := 2*math.Log(e+2) + math.Log(3); math.Abs(loss-want) > 1e-5 {
		t.Errorf("loss %v, want %v", loss, want)
	}
	for i, want := range []float64{2 * e / (e + 2), 2 * (1/(e+2) - 1), 2 / (e + 2)} {
		if math.Abs(float64(grads[0][i])-want) > 1e-5 {
			t.Errorf("gradient %d: %v, want %v", i, grads[0][i], want)
		}
	}
}

func TestSearches(t *testing.T) {
	const n, dim = 200, 16
	rows := normal(n * dim)
	s := Sizes{4, 8, 16}
	x, err := NewIndex(rows, s)
	if err != nil {
		t.Fatal(err)
	}
	q := normal(dim)
	must := func(hits []Hit, err error) []Hit {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return hits
	}
	for _, m := range s {
		// The definition: cosine of the prefixes.
		cos := make([]float64, n)
		for i := range cos {
			dot, a, b := 0.0, 0.0, 0.0
			for j := range m {
				u, v := float64(q[j]), float64(rows[i*dim+j])
				dot, a, b = dot+u*v, a+u*u, b+v*v
			}
			cos[i] = dot / math.Sqrt(a*b)
		}
		hits := must(x.Search(q, m, n))
		for r, h := range hits {
			if math.Abs(float64(h.Score)-cos[h.ID]) > 1e-5 || r > 0 && h.Score > hits[r-1].Score {
				t.Fatalf("size %d, rank %d: %+v, cosine %v", m, r, h, cos[h.ID])
			}
		}
	}
	full := must(x.Search(q, dim, 10))
	if got := must(x.Adaptive(q, 4, n, 10)); !slices.Equal(got, full) {
		t.Errorf("adaptive search that keeps all: %v, want %v", got, full)
	}
	if got := must(x.Adaptive(q, dim, 10, 10)); !slices.Equal(got, full) {
		t.Errorf("adaptive search with all dimensions at once: %v, want %v", got, full)
	}
	if got, want := must(x.Funnel(q, []Stage{{4, 50}, {dim, 10}})), must(x.Adaptive(q, 4, 50, 10)); !slices.Equal(got, want) {
		t.Errorf("a funnel of two stages: %v, want %v", got, want)
	}
	for _, stages := range [][]Stage{nil, {{5, 10}}, {{4, 0}}, {{4, 10}, {32, 5}}} {
		if _, err := x.Funnel(q, stages); err == nil {
			t.Errorf("stages %v are no error", stages)
		}
	}
	if _, err := x.Search(q[:8], 4, 1); err == nil {
		t.Error("a short query is no error")
	}
}

func TestMACs(t *testing.T) {
	x, err := NewIndex(make([]float32, 2000*128), Halvings(128, 8))
	if err != nil {
		t.Fatal(err)
	}
	stages := []Stage{{8, 800}, {16, 400}, {32, 200}, {64, 100}, {128, 50}}
	if got := x.MACs(stages); got != 2000*8+800*16+400*32+200*64+100*128 {
		t.Errorf("%d multiply-adds", got)
	}
	if got := x.MACs([]Stage{{8, 5000}, {128, 10}}); got != 2000*8+2000*128 {
		t.Errorf("%d multiply-adds when a stage keeps more than there are", got)
	}
}

func TestCascade(t *testing.T) {
	// The small size is right when it is sure, and wrong at .6.
	small := [][]float32{{.9, .1}, {.6, .4}, {.2, .8}, {.4, .6}}
	large := [][]float32{{.6, .4}, {.3, .7}, {.4, .6}, {.7, .3}}
	y := []int{0, 1, 1, 0}
	c, err := FitCascade([][][]float32{small, large}, y)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Threshold) != 1 || c.Threshold[0] < .6 || c.Threshold[0] >= .8 {
		t.Fatalf("thresholds %v, want one of .6 to .8", c.Threshold)
	}
	sizes := []int{0, 1, 0, 1}
	for i := range y {
		class, size := c.Classify(func(s int) []float32 { return [][]float32{small[i], large[i]}[s] })
		if class != y[i] || size != sizes[i] {
			t.Errorf("example %d: class %d by size %d, want %d by %d", i, class, size, y[i], sizes[i])
		}
	}
	if _, err := FitCascade([][][]float32{small, large[:2]}, y); err == nil {
		t.Error("missing probabilities are no error")
	}
}
