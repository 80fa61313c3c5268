package bag

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
	"github.com/offprint/offprint/methods/train"
)

// texts are rows of random words.
func texts(t testing.TB, rows, vocab, words int) *sparse.Matrix {
	rng := random.New(1, 0)
	var es []sparse.Entry
	for i := range rows {
		for _, w := range random.Sample(rng, vocab, words) {
			es = append(es, sparse.Entry{Row: int32(i), Col: int32(w), Val: float32(rng.Float64())})
		}
	}
	m, err := sparse.New(rows, vocab, es)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestEncodeIsTheProduct(t *testing.T) {
	x := texts(t, 9, 20, 4)
	e := New(20, 5, random.New(2, 0))
	all, err := e.Encode(x)
	if err != nil {
		t.Fatal(err)
	}
	rows := []int{8, 0, 3}
	some := make([]float32, len(rows)*e.Dim)
	if err := e.EncodeRows(some, x, rows); err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		words, weights := x.Row(r)
		for j := range e.Dim {
			want := 0.0
			for k, w := range words {
				want += float64(weights[k]) * float64(e.E[int(w)*e.Dim+j])
			}
			if math.Abs(float64(all[r*e.Dim+j])-want) > 1e-5 || all[r*e.Dim+j] != some[i*e.Dim+j] {
				t.Errorf("row %d, dimension %d: %v and %v, want %v", r, j, all[r*e.Dim+j], some[i*e.Dim+j], want)
			}
		}
	}
}

func TestFromBasis(t *testing.T) {
	v := mat.NewDense(2, 3, []float64{1, 2, 3, 4, 5, 6})
	e, err := FromBasis(v, 2, 10)
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{10, 20, 40, 50}; !slices.Equal(e.E, want) {
		t.Errorf("%v, want %v", e.E, want)
	}
	if _, err := FromBasis(v, 4, 1); err == nil {
		t.Error("4 of 3 columns are no error")
	}
}

// Over several steps, the trainer is Adam on the gradient X^T G: row by row where
// a word is in the batch, and nothing elsewhere.
func TestStepIsAdam(t *testing.T) {
	const vocab, dim, lr = 12, 3, .1
	x := texts(t, 6, vocab, 3)
	rng := random.New(3, 0)
	e := New(vocab, dim, rng)
	want := make([]float64, len(e.E))
	for i, v := range e.E {
		want[i] = float64(v)
	}
	m, v := make([]float64, len(want)), make([]float64, len(want))
	tr, err := NewTrainer(e, lr)
	if err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= 5; step++ {
		rows := random.Sample(rng, 6, 2)
		grad := make([]float32, 2*dim)
		random.Normal(rng, grad, 1)
		if err := tr.Step(Part{x, rows[:1], grad[:dim]}, Part{x, rows[1:], grad[dim:]}); err != nil {
			t.Fatal(err)
		}
		g := make([]float64, len(want))
		touched := map[int]bool{}
		for i, r := range rows {
			words, weights := x.Row(r)
			for k, w := range words {
				touched[int(w)] = true
				for j := range dim {
					g[int(w)*dim+j] += float64(weights[k]) * float64(grad[i*dim+j])
				}
			}
		}
		for i := range want {
			if !touched[i/dim] {
				continue
			}
			m[i] = .9*m[i] + .1*g[i]
			v[i] = .999*v[i] + .001*g[i]*g[i]
			mh, vh := m[i]/(1-math.Pow(.9, float64(step))), v[i]/(1-math.Pow(.999, float64(step)))
			want[i] -= lr * mh / (math.Sqrt(vh) + 1e-8)
		}
		for i := range want {
			if math.Abs(float64(e.E[i])-want[i]) > 1e-4 {
				t.Fatalf("step %d, entry %d: %v, want %v", step, i, e.E[i], want[i])
			}
		}
	}
}

func TestShapesAreChecked(t *testing.T) {
	x := texts(t, 2, 10, 2)
	e := New(11, 4, random.New(1, 0))
	if _, err := e.Encode(x); err == nil {
		t.Error("a matrix with another vocabulary is no error")
	}
	e = New(10, 4, random.New(1, 0))
	if err := e.EncodeRows(make([]float32, 3), x, []int{0}); err == nil {
		t.Error("a short dst is no error")
	}
	tr, err := NewTrainer(e, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Step(Part{x, []int{0}, make([]float32, 5)}); err == nil {
		t.Error("a long gradient is no error")
	}
}

func ExampleTrainer() {
	x, err := sparse.New(1, 3, []sparse.Entry{{Row: 0, Col: 1, Val: 1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	e := &Encoder{Vocab: 3, Dim: 2, E: make([]float32, 6)}
	t, err := NewTrainer(e, .5)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = t.Step(Part{X: x, Rows: []int{0}, Grad: []float32{1, -1}})
	fmt.Printf("%.1f %v\n", e.E, err)
	// Output: [0.0 0.0 -0.5 0.5 0.0 0.0] <nil>
}

// A step with 256 texts of 90 of 8,000 words in 128 dimensions, beside the dense
// graph: the batch as a matrix, the table's gradient and Adam in full.
func BenchmarkStep(b *testing.B) {
	const rows, vocab, dim = 256, 8000, 128
	x := texts(b, rows, vocab, 90)
	all := make([]int, rows)
	for i := range all {
		all[i] = i
	}
	report := func(b *testing.B, bytes int) {
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		b.ReportMetric(float64(bytes), "bytes")
	}
	b.Run("sparse", func(b *testing.B) {
		e := New(vocab, dim, random.New(1, 0))
		t, err := NewTrainer(e, .02)
		if err != nil {
			b.Fatal(err)
		}
		z := make([]float32, rows*dim)
		for b.Loop() {
			if err := e.EncodeRows(z, x, all); err != nil {
				b.Fatal(err)
			}
			if err := t.Step(Part{x, all, z}); err != nil { // the gradient of |z|^2/2
				b.Fatal(err)
			}
		}
		report(b, 4*4*vocab*dim)
	})
	b.Run("dense", func(b *testing.B) {
		dense := make([]float32, rows*vocab)
		for i := range rows {
			words, weights := x.Row(i)
			for k, w := range words {
				dense[i*vocab+int(w)] = weights[k]
			}
		}
		store := model.NewStore()
		step, err := train.NewStep(store, optimizer.Adam().LearningRate(.02).Done(), func(s *model.Scope, in []*graph.Node) *graph.Node {
			s = s.WithInitializer(initializer.RandomNormalFn(s, .1))
			e := s.VariableWithValue("e", tensors.FromFlatDataAndDimensions(New(vocab, dim, random.New(1, 0)).E, vocab, dim))
			return graph.MulScalar(graph.ReduceAllSum(graph.Square(graph.MatMul(in[0], e.NodeValue(in[0].Graph())))), .5)
		})
		if err != nil {
			b.Fatal(err)
		}
		in := tensors.FromFlatDataAndDimensions(dense, rows, vocab)
		for b.Loop() {
			if _, err := step.Call(in); err != nil {
				b.Fatal(err)
			}
		}
		report(b, int(store.ByteSize())+4*len(dense))
	})
}
