package compat

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
	"github.com/offprint/offprint/methods/vector"
)

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

func TestSimplexCorners(t *testing.T) {
	for _, k := range []int{2, 3, 4, 16, 300} {
		w, err := Simplex(k)
		if err != nil {
			t.Fatal(err)
		}
		d := k - 1
		for j := range d {
			sum := 0.
			for i := range k {
				sum += float64(w[i*d+j])
			}
			if !near(sum, 0, 1e-5) {
				t.Errorf("%d corners: column %d sums to %v", k, j, sum)
			}
		}
		for i := range k {
			for j := range i + 1 {
				dot := 0.
				for c := range d {
					dot += float64(w[i*d+c]) * float64(w[j*d+c])
				}
				want := -1 / float64(k-1)
				if i == j {
					want = 1
				}
				if !near(dot, want, 1e-6) {
					t.Fatalf("%d corners: %d . %d = %v, want %v", k, i, j, dot, want)
				}
			}
		}
	}
	if w, err := Simplex(2); err != nil || !near(math.Abs(float64(w[0])), 1, 1e-7) || w[1] != -w[0] {
		t.Errorf("2 corners: %v %v", w, err)
	}
	if _, err := Simplex(1); err == nil {
		t.Error("1 corner: no error")
	}
}

// call evaluates a graph function of tensors.
func call(t *testing.T, f func(in []*graph.Node) *graph.Node, in ...*tensors.Tensor) *tensors.Tensor {
	t.Helper()
	b, err := backend.Get()
	if err != nil {
		t.Fatal(err)
	}
	args := make([]any, len(in))
	for i, x := range in {
		args[i] = x
	}
	out, err := graph.CallOnceN(b, func(in []*graph.Node) []*graph.Node { return []*graph.Node{f(in)} }, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func TestLogitsAreTheProduct(t *testing.T) {
	const rows = 5
	for _, k := range []int{2, 3, 17, 128} {
		w, err := Simplex(k)
		if err != nil {
			t.Fatal(err)
		}
		f := make([]float32, rows*(k-1))
		random.Normal(random.New(1, uint64(k)), f, 1)
		got := call(t, func(in []*graph.Node) *graph.Node { return SimplexLogits(in[0]) }, tensors.FromFlatDataAndDimensions(f, rows, k-1))
		flat, err := tensors.CopyFlatData[float32](got)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			for c := range k {
				want := float64(vector.Dot(f[i*(k-1):(i+1)*(k-1)], w[c*(k-1):(c+1)*(k-1)]))
				if !near(float64(flat[i*k+c]), want, 1e-5) {
					t.Fatalf("%d corners: logit %d of row %d is %v, want %v", k, c, i, flat[i*k+c], want)
				}
			}
		}
	}
}

// units are n random rows of length 1.
func units(rng *rand.Rand, n, dim int) []float32 {
	z := make([]float32, n*dim)
	random.Normal(rng, z, 1)
	vector.NormalizeRows(z, dim)
	return z
}

// plainHOC is the loss as it is written on paper.
func plainHOC(zOld, zNew []float32, labels []int32, mu float64, excludeSame bool) float64 {
	n := len(labels)
	dim := len(zOld) / n
	loss := 0.
	for i := range n {
		sum := 0.
		for j := range n {
			s := 0.
			for c := range dim {
				s += float64(zOld[i*dim+c]) * float64(zNew[j*dim+c])
			}
			if i == j {
				loss -= mu * s
			}
			switch {
			case labels[i] != labels[j]:
				sum += math.Exp(mu * s)
			case !excludeSame:
				sum++
			}
		}
		if sum > 0 {
			loss += math.Log(sum)
		}
	}
	return loss / float64(n)
}

func TestHOC(t *testing.T) {
	const n, dim = 7, 4
	rng := random.New(2, 0)
	zOld, zNew := units(rng, n, dim), units(rng, n, dim)
	for _, labels := range [][]int32{{0, 1, 2, 3, 4, 5, 6}, {0, 1, 1, 0, 2, 2, 2}, {3, 3, 3, 3, 3, 3, 3}} {
		for _, exclude := range []bool{true, false} {
			loss, err := train.NewLoss(1, func(in []*graph.Node) *graph.Node { return HOC(in[1], in[0], in[2], Mu, exclude) })
			if err != nil {
				t.Fatal(err)
			}
			got, grads, err := loss.Call(tensors.FromFlatDataAndDimensions(zNew, n, dim), tensors.FromFlatDataAndDimensions(zOld, n, dim), tensors.FromFlatDataAndDimensions(labels, n))
			if err != nil {
				t.Fatal(err)
			}
			if want := plainHOC(zOld, zNew, labels, Mu, exclude); !near(got, want, 1e-4) {
				t.Errorf("labels %v, same class left out %v: %v, want %v", labels, exclude, got, want)
			}
			for i := range zNew {
				const h = 1e-3
				was := zNew[i]
				zNew[i] = was + h
				up := plainHOC(zOld, zNew, labels, Mu, exclude)
				zNew[i] = was - h
				slope := (up - plainHOC(zOld, zNew, labels, Mu, exclude)) / (2 * h)
				zNew[i] = was
				if !near(float64(grads[0][i]), slope, 2e-3) {
					t.Errorf("labels %v, same class left out %v: gradient %d is %v, by differences %v", labels, exclude, i, grads[0][i], slope)
				}
			}
		}
	}
}

func TestHOCOfOrthogonalFeatures(t *testing.T) {
	const n = 6
	z, labels := make([]float32, n*n), make([]int32, n)
	for i := range n {
		z[i*n+i], labels[i] = 1, int32(i)
	}
	rows := tensors.FromFlatDataAndDimensions(z, n, n)
	for exclude, want := range map[bool]float64{true: -Mu + math.Log(n-1), false: -Mu + math.Log(n)} {
		got := call(t, func(in []*graph.Node) *graph.Node { return HOC(in[0], in[1], in[2], Mu, exclude) }, rows, rows, tensors.FromFlatDataAndDimensions(labels, n))
		if v := float64(tensors.ToScalar[float32](got)); !near(v, want, 1e-5) {
			t.Errorf("same class left out %v: %v, want %v", exclude, v, want)
		}
	}
}

func TestTaskLosses(t *testing.T) {
	got := call(t, func(in []*graph.Node) *graph.Node {
		return Combine(CrossEntropy(in[0], in[1]), L2(in[2], in[3]), .25)
	},
		tensors.FromFlatDataAndDimensions([]float32{0, 0, 0, 0, 0, 0}, 2, 3), tensors.FromFlatDataAndDimensions([]int32{0, 2}, 2),
		tensors.FromFlatDataAndDimensions([]float32{1, 0, 0, 1}, 2, 2), tensors.FromFlatDataAndDimensions([]float32{0, 1, 0, 1}, 2, 2))
	if v, want := float64(tensors.ToScalar[float32](got)), .25*math.Log(3)+.75*1; !near(v, want, 1e-6) {
		t.Errorf("%v, want %v", v, want)
	}
}

// TestFeaturesGoToTheCorners is the theorem's shape: trained against the simplex
// alone, the features of two independent sets point the same way.
func TestFeaturesGoToTheCorners(t *testing.T) {
	const k, n = 5, 20
	loss, err := train.NewLoss(1, func(in []*graph.Node) *graph.Node { return CrossEntropy(SimplexLogits(in[0]), in[1]) })
	if err != nil {
		t.Fatal(err)
	}
	w, err := Simplex(k)
	if err != nil {
		t.Fatal(err)
	}
	labels := make([]int32, n)
	for i := range labels {
		labels[i] = int32(i % (k - 2)) // two corners are free
	}
	f := make([]float32, n*(k-1))
	random.Normal(random.New(3, 0), f, 1)
	for range 3000 {
		_, grads, err := loss.Call(tensors.FromFlatDataAndDimensions(f, n, k-1), tensors.FromFlatDataAndDimensions(labels, n))
		if err != nil {
			t.Fatal(err)
		}
		vector.AddScaled(f, -10, grads[0])
	}
	vector.NormalizeRows(f, k-1)
	for i, c := range labels {
		if cos := vector.Dot(f[i*(k-1):(i+1)*(k-1)], w[int(c)*(k-1):(int(c)+1)*(k-1)]); cos < .98 {
			t.Errorf("row %d is at %v from its corner", i, cos)
		}
	}
}

func TestMatrix(t *testing.T) {
	for _, c := range []struct {
		name   string
		m      Matrix
		ac, am float64
	}{
		{"all ones: ties do not count", Matrix{{1}, {1, 1}, {1, 1, 1}}, 0, 1},
		{"all better", Matrix{{.1}, {.2, .3}, {.4, .5, .6}}, 1, 2.1 / 6},
		{"one of three", Matrix{{.5}, {.6, .5}, {.5, .4, .5}}, 1. / 3, 3. / 6},
	} {
		if got := c.m.AC(); !near(got, c.ac, 1e-12) {
			t.Errorf("%s: AC %v, want %v", c.name, got, c.ac)
		}
		if got := c.m.AM(); !near(got, c.am, 1e-12) {
			t.Errorf("%s: AM %v, want %v", c.name, got, c.am)
		}
	}
	if !math.IsNaN(Matrix{{1}}.AC()) || !math.IsNaN(Matrix{}.AM()) {
		t.Error("too few models: not NaN")
	}
}

func TestTemplatesAndAccuracy(t *testing.T) {
	features := []float32{2, 0, 0, 8, 0, 1, 3, 0} // lengths do not count
	templates, classes, err := Templates(features, 2, []int{7, 4, 4, 7})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(classes, templates) != "[4 7] [0 1 1 0]" {
		t.Errorf("templates %v of %v", templates, classes)
	}
	share, err := Accuracy([]float32{1, 0, 5, 4, 0, 1, 1, 2}, 2, []int{7, 7, 4, 7}, templates, classes)
	if err != nil || share != .75 {
		t.Errorf("accuracy %v %v, want .75", share, err)
	}
	if _, _, err := Templates(features, 3, []int{1}); err == nil {
		t.Error("ragged features: no error")
	}
	if _, err := Accuracy(features, 2, []int{1}, templates, classes); err == nil {
		t.Error("too few labels: no error")
	}
}

func TestProcrustesFindsARotation(t *testing.T) {
	const n, dim = 40, 6
	rng := random.New(4, 0)
	to := units(rng, n, dim)
	// A reflection of the first coordinate and a turn of two others.
	from := make([]float32, len(to))
	copy(from, to)
	for i := 0; i < len(from); i += dim {
		from[i] = -from[i]
		from[i+1], from[i+2] = .6*to[i+1]-.8*to[i+2], .8*to[i+1]+.6*to[i+2]
	}
	r, err := Procrustes(from, to, dim)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(from); i += dim {
		for j := range dim {
			v := 0.
			for k := range dim {
				v += float64(from[i+k]) * r.At(k, j)
			}
			if !near(v, float64(to[i+j]), 1e-5) {
				t.Fatalf("row %d, %d: %v, want %v", i/dim, j, v, to[i+j])
			}
		}
	}
	if _, err := Procrustes(from, to[:dim], dim); err == nil {
		t.Error("fewer rows: no error")
	}
}

func TestEvaluate(t *testing.T) {
	const n, dim = 30, 8
	rng := random.New(5, 0)
	z, other := units(rng, n, dim), units(rng, n, dim)
	target := make([]int, n)
	for i := range target {
		target[i] = i
	}
	same, err := Evaluate(z, z, z, z, dim, target)
	if err != nil {
		t.Fatal(err)
	}
	if same.Old != 1 || same.CrossOverOld != 1 || same.NewOverOld != 1 || same.Compatible {
		t.Errorf("no change: %+v", same)
	}
	broken, err := Evaluate(z, other, z, other, dim, target)
	if err != nil {
		t.Fatal(err)
	}
	if broken.CrossOverOld > .5 || broken.NewOverOld != 1 || broken.Compatible {
		t.Errorf("unrelated encoders: %+v", broken)
	}
	better, err := Evaluate(other, z, z, z, dim, target)
	if err != nil || !better.Compatible {
		t.Errorf("better queries: %+v %v", better, err)
	}
	if _, err := Evaluate(z, z, z, z, dim, append(target[:n-1:n-1], n)); err == nil {
		t.Error("a target beyond the documents: no error")
	}
	if _, err := Evaluate(z, z[:dim], z, z, dim, target); err == nil {
		t.Error("fewer new queries: no error")
	}
}

func TestVerticesStay(t *testing.T) {
	v := Vertices[string]{K: 3}
	for _, class := range []string{"cs.LG", "cs.CL", "cs.LG"} {
		if _, err := v.Of(class); err != nil {
			t.Fatal(err)
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var read Vertices[string]
	if err := json.Unmarshal(b, &read); err != nil {
		t.Fatal(err)
	}
	for i, class := range []string{"cs.LG", "cs.CL", "stat.ML"} {
		if got, err := read.Of(class); err != nil || got != i {
			t.Errorf("%s: corner %d %v, want %d", class, got, err, i)
		}
	}
	if _, err := read.Of("math.ST"); err == nil {
		t.Error("a fourth class of three: no error")
	}
}

func ExampleEvaluate() {
	// Two documents and their queries, by an old encoder and by one that has the
	// coordinates the other way round.
	oldQ, oldD := []float32{1, 0, 0, 1}, []float32{1, 0, 0, 1}
	newQ, newD := []float32{0, 1, 1, 0}, []float32{0, 1, 1, 0}
	u, err := Evaluate(oldQ, newQ, oldD, newD, 2, []int{0, 1})
	if err != nil {
		panic(err)
	}
	fmt.Printf("kept %.0f%%, once encoded again %.0f%%\n", 100*u.CrossOverOld, 100*u.NewOverOld)
	r, err := Procrustes(newD, oldD, 2)
	if err != nil {
		panic(err)
	}
	fmt.Printf("rotation %.0f\n", r.RawMatrix().Data)
	// Output:
	// kept 50%, once encoded again 100%
	// rotation [0 1 1 0]
}

// BenchmarkLogits has the simplex's logits and their gradient by shift and scale
// beside the product with W.
func BenchmarkLogits(b *testing.B) {
	const rows, k = 128, 1024
	f := make([]float32, rows*(k-1))
	random.Normal(random.New(1, 0), f, 1)
	x := tensors.FromFlatDataAndDimensions(f, rows, k-1)
	w, err := Simplex(k)
	if err != nil {
		b.Fatal(err)
	}
	matrix := tensors.FromFlatDataAndDimensions(w, k, k-1)
	run := func(logits func(in []*graph.Node) *graph.Node) func(b *testing.B) {
		return func(b *testing.B) {
			loss, err := train.NewLoss(1, func(in []*graph.Node) *graph.Node { return graph.ReduceAllMean(graph.Square(logits(in))) })
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := loss.Call(x, matrix); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		}
	}
	b.Run("shift", run(func(in []*graph.Node) *graph.Node { return SimplexLogits(in[0]) }))
	b.Run("product", run(func(in []*graph.Node) *graph.Node { return graph.Einsum("bd,kd->bk", in[0], in[1]) }))
}

// BenchmarkStep has a step of a loss with its gradient: the task's alone, and
// tied to an old model.
func BenchmarkStep(b *testing.B) {
	const rows, dim = 256, 64
	rng := random.New(1, 0)
	f, z := tensors.FromFlatDataAndDimensions(units(rng, rows, dim), rows, dim), tensors.FromFlatDataAndDimensions(units(rng, rows, dim), rows, dim)
	labels := make([]int32, rows)
	for i := range labels {
		labels[i] = int32(i % dim)
	}
	y := tensors.FromFlatDataAndDimensions(labels, rows)
	task := func(in []*graph.Node) *graph.Node { return CrossEntropy(SimplexLogits(in[0]), in[2]) }
	for _, c := range []struct {
		name string
		loss func(in []*graph.Node) *graph.Node
	}{
		{"task", task},
		{"L2", func(in []*graph.Node) *graph.Node { return Combine(task(in), L2(in[1], in[0]), Lambda) }},
		{"HOC", func(in []*graph.Node) *graph.Node {
			return Combine(task(in), HOC(in[1], in[0], in[2], Mu, true), Lambda)
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			loss, err := train.NewLoss(1, c.loss)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := loss.Call(f, z, y); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}
