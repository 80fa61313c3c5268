package unlearn

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/attrib/datamodel"
	"github.com/offprint/offprint/methods/random"
)

// linear is the model z = x W, with steps of plain gradients.
type linear struct {
	in, out int
	w       []float32 // [in x out]
}

func (l *linear) Logits(x []float32) ([]float32, error) {
	z := make([]float32, len(x)/l.in*l.out)
	for i := range len(x) / l.in {
		for k := range l.in {
			for j := range l.out {
				z[i*l.out+j] += x[i*l.in+k] * l.w[k*l.out+j]
			}
		}
	}
	return z, nil
}

func (l *linear) Step(x []float32, lr float64, gradient func([]float32)) error {
	z, err := l.Logits(x)
	if err != nil {
		return err
	}
	gradient(z)
	for i := range len(x) / l.in {
		for k := range l.in {
			for j := range l.out {
				l.w[k*l.out+j] -= float32(lr) * x[i*l.in+k] * z[i*l.out+j]
			}
		}
	}
	return nil
}

// problem is examples of three classes, with a model that has been trained on
// them.
func problem(rng *rand.Rand, n int) (Examples, *linear) {
	const dim, classes = 5, 3
	e := Examples{X: make([]float32, n*dim), Dim: dim}
	random.Normal(rng, e.X, 1)
	for i := range n {
		c := i % classes
		e.X[i*dim+c] += 2
		e.Labels = append(e.Labels, c)
	}
	m := &linear{dim, classes, make([]float32, dim*classes)}
	if err := FineTune(context.Background(), m, e, nil, Options{Steps: 300, Rate: .1}); err != nil {
		panic(err)
	}
	return e, m
}

func copied(m *linear) *linear { return &linear{m.in, m.out, slices.Clone(m.w)} }

// loss is the mean cross-entropy of the rows.
func loss(m *linear, e Examples, rows []int) float64 {
	sum := 0.
	z, _ := m.Logits(e.X)
	for _, i := range rows {
		row := slices.Clone(z[i*m.out : (i+1)*m.out])
		softmax(row)
		sum -= math.Log(float64(row[e.Labels[i]])) / float64(len(rows))
	}
	return sum
}

// Full batches of the outputs of another model lead to it.
func TestMatchConverges(t *testing.T) {
	rng := random.New(1, 0)
	e, m := problem(rng, 40)
	goal := copied(m)
	for i := range goal.w {
		goal.w[i] += float32(rng.NormFloat64())
	}
	target, err := goal.Logits(e.X)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{Steps: 400, Rate: .1, Batch: 100}, {Steps: 2000, Rate: .05, Batch: 10}} {
		at := copied(m)
		if err := Match(t.Context(), at, e, target, nil, o); err != nil {
			t.Fatal(err)
		}
		now, before := 0., 0.
		for i, w := range goal.w {
			now += float64((at.w[i] - w) * (at.w[i] - w))
			before += float64((m.w[i] - w) * (m.w[i] - w))
		}
		if now/before > 1e-10 {
			t.Errorf("batches of %d: %v of the squared distance is left", o.Batch, now/before)
		}
	}
}

// With nothing to forget, or a datamodel without effects, the targets are the
// outputs and the model stays.
func TestNothingToForget(t *testing.T) {
	e, m := problem(random.New(2, 0), 30)
	d := &datamodel.Datamodel{Beta: mat.NewDense(30, 90, nil)}
	for i := range 30 {
		for k := range 90 {
			d.Beta.Set(i, k, float64(i-k))
		}
	}
	for name, c := range map[string]struct {
		d      *datamodel.Datamodel
		forget []int
	}{"empty": {d, nil}, "no effects": {&datamodel.Datamodel{Beta: mat.NewDense(30, 90, nil)}, []int{1, 2}}} {
		at := copied(m)
		if err := DMM(t.Context(), at, e, c.d, c.forget, Options{}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(at.w, m.w) {
			t.Errorf("%s: the model moved", name)
		}
	}
}

// A linear model of outputs that are sums over the examples forgets exactly: the
// targets are the outputs of the sum without them.
func TestDMMIsRetrainingWhereOutputsAreSums(t *testing.T) {
	const n = 30
	rng := random.New(3, 0)
	e := Examples{X: make([]float32, n*4), Dim: 4}
	random.Normal(rng, e.X, 1)
	share := make([][]float32, n) // what each example adds to the weights
	for i := range share {
		share[i] = make([]float32, 8)
		random.Normal(rng, share[i], .3)
	}
	train := func(rows []int) *linear {
		m := &linear{4, 2, make([]float32, 8)}
		for _, i := range rows {
			for k, v := range share[i] {
				m.w[k] += v
			}
		}
		return m
	}
	d := &datamodel.Datamodel{Beta: mat.NewDense(n, n*2, nil)}
	var all []int
	for i := range n {
		all = append(all, i)
		z, _ := train([]int{i}).Logits(e.X)
		for k, v := range z {
			d.Beta.Set(i, k, float64(v))
		}
	}
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("reader %d", i%10)
	}
	forget, retain := Split(ids, "reader 3", "reader 8")
	if len(forget) != 6 || len(retain) != 24 {
		t.Fatalf("%v to go and %v to stay", forget, retain)
	}
	m, want := train(all), train(retain)
	if err := DMM(t.Context(), m, e, d, forget, Options{Steps: 500, Rate: .1}); err != nil {
		t.Fatal(err)
	}
	for i, w := range want.w {
		if math.Abs(float64(m.w[i]-w)) > 1e-4 {
			t.Errorf("weight %d is %v, retrained %v", i, m.w[i], w)
		}
	}
}

func TestRivalsMoveAsTheyShould(t *testing.T) {
	e, m := problem(random.New(4, 0), 60)
	forget := []int{0, 1, 2, 3, 4, 5}
	var retain []int
	for i := 6; i < 60; i++ {
		retain = append(retain, i)
	}
	f0, r0 := loss(m, e, forget), loss(m, e, retain)
	for _, c := range []struct {
		name   string
		apply  func(m Model) error
		f, r   float64 // by what factor the losses change, at least
		fUnder float64 // at most
	}{
		{"fine-tuning", func(m Model) error { return FineTune(t.Context(), m, e, forget, Options{}) }, 1, 0, 2},
		{"ascent", func(m Model) error { return Ascend(t.Context(), m, e, forget, Options{Steps: 20}) }, 2, 1, 1e9},
		{"both", func(m Model) error { return DescendAscend(t.Context(), m, e, forget, Options{Ascent: .2}) }, 1.05, 0, 1e9},
		{"SCRUB", func(m Model) error { return SCRUB(t.Context(), m, e, forget, SCRUBOptions{}) }, 1, 0, 1e9},
	} {
		at := copied(m)
		if err := c.apply(at); err != nil {
			t.Fatal(err)
		}
		f, r := loss(at, e, forget)/f0, loss(at, e, retain)/r0
		if f < c.f || f > c.fUnder || r < c.r {
			t.Errorf("%s: loss on the forgotten times %.3f, on the others times %.3f", c.name, f, r)
		}
	}
}

// The gradients that the methods write are those of their losses.
func TestGradients(t *testing.T) {
	const rows, classes, h = 4, 3, 1e-2
	rng := random.New(5, 0)
	z, p := make([]float32, rows*classes), make([]float32, rows*classes)
	random.Normal(rng, z, 1)
	random.Normal(rng, p, 1)
	for i := 0; i < len(p); i += classes {
		softmax(p[i : i+classes])
	}
	s := &steps{e: Examples{Labels: []int{2, 0, 1, 1}}}
	value := func(z []float32, target func(row, k int) float64) float64 { // sum of cross-entropies
		sum := 0.
		for i := range rows {
			row := slices.Clone(z[i*classes : (i+1)*classes])
			softmax(row)
			for k, q := range row {
				sum -= target(i, k) * math.Log(float64(q))
			}
		}
		return sum
	}
	label := func(row, k int) float64 {
		if s.e.Labels[row] == k {
			return 1
		}
		return 0
	}
	soft := func(row, k int) float64 { return float64(p[row*classes+k]) }
	for name, c := range map[string]struct {
		write  func(z []float32)
		target func(row, k int) float64
		scale  float64
	}{
		"cross-entropy": {func(z []float32) { s.crossEntropy(z, []int{0, 1, 2, 3}, -.5) }, label, -.5 / rows},
		"divergence":    {func(z []float32) { divergence(z, p, classes, .7) }, soft, .7},
	} {
		got := slices.Clone(z)
		c.write(got)
		for i := range z {
			up, down := slices.Clone(z), slices.Clone(z)
			up[i] += h
			down[i] -= h
			want := c.scale * (value(up, c.target) - value(down, c.target)) / (2 * h)
			if math.Abs(float64(got[i])-want) > 1e-3 {
				t.Errorf("%s: gradient %d is %v, by differences %v", name, i, got[i], want)
			}
		}
	}
}

func TestMargins(t *testing.T) {
	rng := random.New(6, 0)
	z := make([]float32, 20)
	random.Normal(rng, z, 3)
	labels := []int{1, 4, 0, 2}
	m, err := Margins(z, labels)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range labels {
		sum := 0.
		for k := range 5 {
			if k != c {
				sum += math.Exp(float64(z[i*5+k]))
			}
		}
		if want := float64(z[i*5+c]) - math.Log(sum); math.Abs(m[i]-want) > 1e-5 {
			t.Errorf("margin %v, want %v", m[i], want)
		}
	}
	for i := range z {
		z[i] += 40
	}
	shifted, err := Margins(z, labels)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m {
		if math.Abs(m[i]-shifted[i]) > 1e-4 {
			t.Errorf("margin %v, of shifted logits %v", m[i], shifted[i])
		}
	}
}

func TestKLoM(t *testing.T) {
	const models = 50
	rng := random.New(7, 0)
	p, q := mat.NewDense(models, 3, nil), mat.NewDense(models, 3, nil)
	for i := range models {
		v := rng.NormFloat64()
		p.SetRow(i, []float64{v, -1, v})
		q.SetRow(i, []float64{v, 1, v + .5})
	}
	k, err := KLoM(p, q, Bins)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(k[0]) > 1e-12 || math.Abs(k[1]-math.Log(1e5)) > 1e-9 || k[2] <= 0 || k[2] >= k[1] {
		t.Errorf("the same %v, apart %v, shifted %v", k[0], k[1], k[2])
	}
	q.Set(0, 0, 1e9) // cut at 100, not the scale of all
	if cut, err := KLoM(p, q, Bins); err != nil || math.IsNaN(cut[0]) {
		t.Errorf("%v %v", cut, err)
	}
	q.Set(0, 0, math.NaN())
	if _, err := KLoM(p, q, Bins); err == nil {
		t.Error("NaN: no error")
	}
}

func TestErrors(t *testing.T) {
	e, m := problem(random.New(8, 0), 12)
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	small := &datamodel.Datamodel{Beta: mat.NewDense(12, 5, nil)}
	noLabels := Examples{X: e.X, Dim: e.Dim}
	beyond := Examples{X: e.X, Dim: e.Dim, Labels: []int{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 3}}
	for name, err := range map[string]error{
		"stopped":         FineTune(stopped, m, e, nil, Options{}),
		"outside":         FineTune(t.Context(), m, e, []int{12}, Options{}),
		"all are to go":   FineTune(t.Context(), m, e, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, Options{}),
		"no labels":       Ascend(t.Context(), m, noLabels, nil, Options{}),
		"label":           FineTune(t.Context(), m, beyond, nil, Options{}),
		"ragged":          Ascend(t.Context(), m, Examples{X: e.X[1:], Dim: e.Dim}, nil, Options{}),
		"negative":        DescendAscend(t.Context(), m, e, nil, Options{Steps: -1}),
		"small datamodel": DMM(t.Context(), m, e, small, []int{1}, Options{}),
		"few targets":     Match(t.Context(), m, e, make([]float32, 13), nil, Options{}),
		"SCRUB's rows":    SCRUB(t.Context(), m, e, []int{-1}, SCRUBOptions{}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Margins(make([]float32, 6), []int{0, 3}); err == nil {
		t.Error("a label beyond the classes: no error")
	}
	if _, err := KLoM(mat.NewDense(2, 2, nil), mat.NewDense(2, 3, nil), Bins); err == nil {
		t.Error("other points: no error")
	}
}

// A service's model is trained on the marks of its readers: the vector of a paper,
// and whether it was liked. At night a datamodel is made of many trainings on half
// of the marks; a reader who leaves is then forgotten in a moment.
func ExampleDMM() {
	rng := random.New(9, 0)
	const n, dim = 40, 3
	marks := Examples{X: make([]float32, n*dim), Dim: dim}
	random.Normal(rng, marks.X, 1)
	readers := make([]string, n)
	for i := range n {
		readers[i] = []string{"ada", "bo", "cy", "di", "ed"}[i%5]
		liked := 0
		if marks.X[i*dim] > 0 != (readers[i] == "cy") { // cy likes what the others do not
			liked = 1
		}
		marks.Labels = append(marks.Labels, liked)
	}
	train := func(ctx context.Context, rows []int, seed uint64) (*linear, error) {
		m := &linear{dim, 2, make([]float32, dim*2)}
		part := Examples{Dim: dim}
		for _, i := range rows {
			part.X = append(part.X, marks.X[i*dim:(i+1)*dim]...)
			part.Labels = append(part.Labels, marks.Labels[i])
		}
		return m, FineTune(ctx, m, part, nil, Options{Steps: 60, Rate: .3, Batch: 10, Seed: seed})
	}
	outputs := func(ctx context.Context, rows []int, seed uint64) ([]float64, error) {
		m, err := train(ctx, rows, seed)
		if err != nil {
			return nil, err
		}
		z, err := m.Logits(marks.X)
		out := make([]float64, len(z))
		for i, v := range z {
			out[i] = float64(v)
		}
		return out, err
	}

	ctx := context.Background()
	runs, err := datamodel.Sample(ctx, n, 200, .5, 1, outputs, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := datamodel.Fit(runs, .3)
	if err != nil {
		fmt.Println(err)
		return
	}
	forget, retain := Split(readers, "cy")
	model, err := train(ctx, append(slices.Clone(retain), forget...), 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	before := model.w[1] - model.w[0]
	if err := DMM(ctx, model, marks, d, forget, Options{}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the first coordinate counts for more without cy:", model.w[1]-model.w[0] > before)
	// Output: the first coordinate counts for more without cy: true
}

// One model of 64 inputs and 10 classes unlearns in 100 steps, beside the same
// number of steps on the labels.
func BenchmarkStep(b *testing.B) {
	const n, dim, classes = 300, 64, 10
	rng := random.New(10, 0)
	e := Examples{X: make([]float32, n*dim), Dim: dim}
	random.Normal(rng, e.X, 1)
	for range n {
		e.Labels = append(e.Labels, rng.IntN(classes))
	}
	d := &datamodel.Datamodel{Beta: mat.NewDense(n, n*classes, nil)}
	m := &linear{dim, classes, make([]float32, dim*classes)}
	forget := []int{1, 2, 3, 4, 5, 6}
	b.Run("DMM", func(b *testing.B) {
		for b.Loop() {
			if err := DMM(b.Context(), m, e, d, forget, Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			if err := FineTune(b.Context(), m, e, forget, Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
