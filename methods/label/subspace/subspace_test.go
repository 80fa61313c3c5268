package subspace

import (
	"context"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// pair are two unit vectors at a distance.
func pair(d float64) []float64 {
	half := math.Asin(d/2) * 2
	return []float64{1, 0, math.Cos(half), math.Sin(half)}
}

func TestMarginOfPairs(t *testing.T) {
	grad := make([]float64, 4)
	for _, c := range []struct {
		d      float64
		labels []int
		want   float64
	}{
		{1.0, []int{3, 3}, 0}, // at the inner border
		{1.3, []int{3, 3}, .3},
		{1.3, []int{3, 4}, .1},
		{1.5, []int{3, 4}, 0},
		{.4, []int{3, 4}, 0}, // too near to be taken
	} {
		loss, err := Margin{}.Loss(pair(c.d), 2, c.labels, grad)
		if err != nil || math.Abs(loss-c.want) > 1e-6 {
			t.Errorf("distance %v, classes %v: loss %v %v, want %v", c.d, c.labels, loss, err, c.want)
		}
		if moved := grad[0] != 0 || grad[1] != 0; moved != (c.want > 0) && c.d != 1 {
			t.Errorf("distance %v, classes %v: gradient %v", c.d, c.labels, grad)
		}
	}
}

// units are n random unit vectors.
func units(rng *rand.Rand, n, dim int) []float64 {
	e := make([]float64, n*dim)
	for i := 0; i < len(e); i += dim {
		square := 0.
		for k := range dim {
			e[i+k] = rng.NormFloat64()
			square += e[i+k] * e[i+k]
		}
		for k := range dim {
			e[i+k] /= math.Sqrt(square)
		}
	}
	return e
}

func TestMarginGradient(t *testing.T) {
	const n, dim = 14, 4
	rng := random.New(1, 56)
	e := units(rng, n, dim)
	labels := make([]int, n)
	for i := range labels {
		labels[i] = i % 3
	}
	grad, none := make([]float64, len(e)), make([]float64, len(e))
	if _, err := (Margin{}).Loss(e, dim, labels, grad); err != nil {
		t.Fatal(err)
	}
	for i := range e {
		const h = 1e-6
		at := func(d float64) float64 {
			moved := slices.Clone(e)
			moved[i] += d
			loss, err := Margin{}.Loss(moved, dim, labels, none)
			if err != nil {
				t.Fatal(err)
			}
			return loss
		}
		if want := (at(h) - at(-h)) / (2 * h); math.Abs(grad[i]-want) > 1e-6 {
			t.Errorf("gradient %d is %v, by differences %v", i, grad[i], want)
		}
	}
}

// TestStepGradient compares the gradients that a step hands to the backbone and to
// the head with differences of the loss, for one learner and for all.
func TestStepGradient(t *testing.T) {
	const n, width, dim = 10, 6, 8
	rng := random.New(2, 56)
	labels := make([]int, n)
	for i := range labels {
		labels[i] = i % 3
	}
	x := make([]float32, n*width)
	random.Normal(rng, x, 1)
	p := &probe{width: width}
	tr, err := newTrainer(p, x, labels, Options{Dim: dim, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	tr.head.rows.LR, tr.head.rows.Decay = 0, 0 // stay
	tr.head.divide(2)
	all := tr.rng.Perm(n)
	for _, learners := range [][][]int{tr.head.learners[1:], tr.head.learners} {
		if _, err := tr.step(all, learners); err != nil {
			t.Fatal(err)
		}
		got := slices.Clone(p.grad)
		for i := range 20 {
			const h = 1e-3
			at := func(d float32) float64 {
				was := x[i]
				tr.x[i] += d
				loss, err := tr.step(all, learners)
				tr.x[i] = was
				if err != nil {
					t.Fatal(err)
				}
				return loss
			}
			want := (at(h) - at(-h)) / (2 * h)
			row := slices.Index(all, i/width)
			if g := float64(got[row*width+i%width]); math.Abs(g-want) > 2e-3 {
				t.Errorf("%d learners: gradient %d is %v, by differences %v", len(learners), i, g, want)
			}
		}
	}
}

// probe is a backbone that passes its input on and keeps the gradient.
type probe struct {
	width int
	grad  []float32
}

func (p *probe) Shape() (in, width int)                  { return p.width, p.width }
func (p *probe) Features(x []float32) ([]float32, error) { return x, nil }
func (p *probe) Step(_, grad []float32, _, _ float64) error {
	p.grad = grad
	return nil
}

func TestPerceptronGradient(t *testing.T) {
	rng := random.New(4, 56)
	p, err := NewPerceptron(rng, 3, 5, 4)
	if err != nil {
		t.Fatal(err)
	}
	x, grad := make([]float32, 6), make([]float32, 8)
	random.Normal(rng, x, 1)
	random.Normal(rng, grad, 1)
	loss := func() float64 {
		v, err := p.Features(x)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.
		for i, g := range grad {
			sum += float64(g * v[i])
		}
		return sum
	}
	loss()
	// A gradient is overwritten on its way down.
	if err := p.Step(x, slices.Clone(grad), 0, 0); err != nil {
		t.Fatal(err)
	}
	for l, layer := range p.layers {
		for i := range layer.W {
			const h = 1e-2
			was := layer.W[i]
			layer.W[i] = was + h
			up := loss()
			layer.W[i] = was - h
			want := (up - loss()) / (2 * h)
			layer.W[i] = was
			if math.Abs(float64(layer.DW[i])-want) > 1e-3 {
				t.Errorf("layer %d, weight %d: gradient %v, by differences %v", l, i, layer.DW[i], want)
			}
		}
	}
}

func TestSplitByTaylor(t *testing.T) {
	score := []float64{.1, -.9, .5, .3, .8}
	coords := []int{4, 7, 1, 9, 2}
	seal, rest, err := SplitByTaylor(score, coords)
	if err != nil || !slices.Equal(seal, []int{7, 2}) || !slices.Equal(rest, []int{4, 1, 9}) {
		t.Errorf("%v %v %v", seal, rest, err)
	}
	for i := range score {
		score[i] *= -37
	}
	again, _, err := SplitByTaylor(score, coords)
	if err != nil || !slices.Equal(again, seal) {
		t.Errorf("with larger scores %v %v, before %v", again, err, seal)
	}
	if seal, rest, _ := SplitByTaylor([]float64{2, 2, -2}, coords[:3]); seal != nil || len(rest) != 3 {
		t.Errorf("equal scores: %v and %v", seal, rest)
	}
}

func TestSplitKeepsSealedRows(t *testing.T) {
	h, err := newHead(5, 6, random.New(5, 56))
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(h.w)
	seal, rest := []int{1, 3, 4}, []int{0, 2, 5}
	h.split(seal, rest, random.New(6, 56))
	for j := range 6 {
		same := slices.Equal(h.row(j), before[j*6:(j+1)*6])
		if same != slices.Contains(seal, j) {
			t.Errorf("row %d is as before: %v", j, same)
		}
	}
	if !reflect.DeepEqual(h.learners, [][]int{seal, rest}) {
		t.Errorf("learners %v", h.learners)
	}
}

// clouds are two-dimensional, around a place for each of some classes.
func clouds(seed uint64, n, classes int) (x []float32, labels []int) {
	rng := random.New(seed, 57)
	for i := range n {
		a := 2 * math.Pi * float64(i%classes) / float64(classes)
		x = append(x, float32(math.Cos(a)+.15*rng.NormFloat64()), float32(math.Sin(a)+.15*rng.NormFloat64()))
		labels = append(labels, i%classes)
	}
	return x, labels
}

func perceptron(t testing.TB) *Perceptron {
	t.Helper()
	p, err := NewPerceptron(random.New(7, 56), 2, 16, 16)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var small = Options{Dim: 16, Epochs: 30, Fine: 5, Batch: 30, Patience: 2, Seed: 8}

func TestTrain(t *testing.T) {
	x, labels := clouds(1, 120, 5)
	m, err := Train(t.Context(), perceptron(t), x, labels, small)
	if err != nil {
		t.Fatal(err)
	}
	// Learners always share all coordinates out, and the sealed ones stay as they are.
	for e, epoch := range m.Epochs {
		if len(epoch.Owner) != 16 {
			t.Fatalf("epoch %d: owners %v", e, epoch.Owner)
		}
		for j, k := range epoch.Owner {
			if e > 0 {
				before := m.Epochs[e-1].Owner
				if k < before[j] || k > before[j] && before[j] != slices.Max(before) {
					t.Errorf("epoch %d: coordinate %d goes from learner %d to %d", e, j, before[j], k)
				}
			}
		}
	}
	var coords []int
	for _, l := range m.Learners() {
		coords = append(coords, l...)
	}
	slices.Sort(coords)
	for j, c := range coords {
		if j != c || len(coords) != 16 {
			t.Fatalf("learners %v", m.Learners())
		}
	}
	if len(m.Learners()) < 2 {
		t.Error("no learner was added")
	}
	test, truth := clouds(2, 60, 5)
	e, err := m.Embed(test)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(e); i += 16 {
		square := 0.
		for _, v := range e[i : i+16] {
			square += float64(v * v)
		}
		if math.Abs(square-1) > 1e-5 {
			t.Fatalf("row %d has the squared length %v", i/16, square)
		}
	}
	if recall, err := RecallAt(e, 16, truth, 1); err != nil || recall < .95 {
		t.Errorf("recall %v %v", recall, err)
	}
	// The same seed gives the same model.
	again, err := Train(t.Context(), perceptron(t), x, labels, small)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again.Epochs, m.Epochs) {
		t.Error("another result with the same seed")
	}
}

// TestOneLearner: without a split the method is plain metric learning.
func TestOneLearner(t *testing.T) {
	x, labels := clouds(1, 120, 5)
	o := small
	o.Patience = 100
	a, err := Train(t.Context(), perceptron(t), x, labels, o)
	if err != nil {
		t.Fatal(err)
	}
	b, err := TrainFixed(t.Context(), perceptron(t), x, labels, 1, o)
	if err != nil {
		t.Fatal(err)
	}
	ea, err := a.Embed(x)
	if err != nil {
		t.Fatal(err)
	}
	eb, err := b.Embed(x)
	if err != nil || !slices.Equal(ea, eb) {
		t.Errorf("the embeddings differ, %v", err)
	}
}

func TestFixedLearners(t *testing.T) {
	x, labels := clouds(1, 120, 5)
	m, err := TrainFixed(t.Context(), perceptron(t), x, labels, 3, small)
	if err != nil {
		t.Fatal(err)
	}
	sizes := []int{}
	for _, l := range m.Learners() {
		sizes = append(sizes, len(l))
	}
	if !slices.Equal(sizes, []int{6, 5, 5}) {
		t.Errorf("learners of %v coordinates", sizes)
	}
}

func TestRecallAt(t *testing.T) {
	e := []float32{1, 0, .8, .6, 0, 1, -1, 0}
	for k, want := range map[int]float64{1: .5, 2: .75} {
		// The nearest of 0 and of 1 is the other, that of 2 is 1, that of 3 is 2.
		if got, err := RecallAt(e, 2, []int{0, 1, 1, 1}, k); err != nil || got != want {
			t.Errorf("k = %d: %v %v, want %v", k, got, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	x, labels := clouds(1, 20, 2)
	bad := slices.Clone(x)
	bad[7] = float32(math.NaN())
	ctx, p := t.Context(), perceptron(t)
	for name, f := range map[string]func() error{
		"ragged":   func() error { _, err := Train(ctx, p, x[1:], labels, small); return err },
		"NaN":      func() error { _, err := Train(ctx, p, bad, labels, small); return err },
		"nothing":  func() error { _, err := Train(ctx, p, nil, nil, small); return err },
		"options":  func() error { _, err := Train(ctx, p, x, labels, Options{Dim: -1}); return err },
		"rate":     func() error { _, err := Train(ctx, p, x, labels, Options{Rate: -1}); return err },
		"fine":     func() error { _, err := Train(ctx, p, x, labels, Options{Epochs: 2, Fine: 3}); return err },
		"learners": func() error { _, err := TrainFixed(ctx, p, x, labels, 17, small); return err },
		"widths":   func() error { _, err := NewPerceptron(random.New(1, 1), 3); return err },
		"input":    func() error { _, err := p.Features(x[1:]); return err },
		"gradient": func() error { return p.Step(x, x[:1], 1, 0) },
		"loss":     func() error { _, err := Margin{}.Loss([]float64{1}, 2, []int{1}, []float64{1}); return err },
		"NaN in the loss": func() error {
			_, err := Margin{}.Loss([]float64{math.NaN(), 1}, 1, []int{1, 1}, make([]float64, 2))
			return err
		},
		"scores":     func() error { _, _, err := SplitByTaylor([]float64{1}, nil); return err },
		"NaN score":  func() error { _, _, err := SplitByTaylor([]float64{math.NaN()}, []int{1}); return err },
		"neighbours": func() error { _, err := RecallAt(x, 2, labels, 20); return err },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	m, err := TrainFixed(ctx, p, x, labels, 1, Options{Epochs: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Embed(x[1:]); err == nil {
		t.Error("ragged rows: no error")
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Train(done, p, x, labels, small); err == nil {
		t.Error("no error of a context that is done")
	}
}

// BenchmarkStep is a step with a batch of 80 digits' size: of one of two learners,
// beside the whole embedding.
func BenchmarkStep(b *testing.B) {
	const n, in = 80, 64
	rng := random.New(9, 56)
	p, err := NewPerceptron(rng, in, 128, 128)
	if err != nil {
		b.Fatal(err)
	}
	x, labels := make([]float32, n*in), make([]int, n)
	random.Normal(rng, x, 1)
	for i := range labels {
		labels[i] = i % 10
	}
	t, err := newTrainer(p, x, labels, Options{})
	if err != nil {
		b.Fatal(err)
	}
	all := rng.Perm(n)
	whole := t.head.learners
	t.head.divide(2)
	for _, c := range []struct {
		name     string
		learners [][]int
	}{{"one of two learners", t.head.learners[:1]}, {"plain", whole}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := t.step(all, c.learners); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}

// TestConvolutional compares gradients with differences, and the features with
// the maps.
func TestConvolutional(t *testing.T) {
	const size, n = 4, 3
	for _, attention := range []bool{true, false} {
		rng := random.New(10, 56)
		c, err := NewConvolutional(size, attention, rng)
		if err != nil {
			t.Fatal(err)
		}
		x, grad := make([]float32, n*size*size), make([]float32, n*channelsHigh)
		random.Normal(rng, x, 1)
		random.Normal(rng, grad, 1)
		a, phi, err := c.Maps(x)
		if err != nil || len(a) != n*4 || len(phi) != n*4*channelsHigh {
			t.Fatalf("maps of %d and %d, %v", len(a), len(phi), err)
		}
		for i, got := range c.v {
			row, ch, want := i/channelsHigh, i%channelsHigh, 0.
			for place := range 4 {
				want += float64(a[row*4+place]*phi[(row*4+place)*channelsHigh+ch]) / 4
			}
			if math.Abs(float64(got)-want) > 1e-5 {
				t.Fatalf("feature %d is %v, by the maps %v", i, got, want)
			}
		}
		loss := func() float64 {
			v, err := c.Features(x)
			if err != nil {
				t.Fatal(err)
			}
			sum := 0.
			for i, g := range grad {
				sum += float64(g) * float64(v[i])
			}
			return sum
		}
		loss()
		if err := c.Step(x, grad, 0, 0); err != nil {
			t.Fatal(err)
		}
		for name, l := range map[string]*convolution{"low": c.low, "high": c.high, "deep": c.deep, "inner": c.inner, "last": c.last} {
			if l == nil {
				continue
			}
			// Along the gradient: single weights have kinks nearby.
			length := float64(vector.Norm(l.layer.DW))
			along := func(h float64) float64 {
				was := slices.Clone(l.layer.W)
				vector.AddScaled(l.layer.W, float32(h/length), l.layer.DW)
				v := loss()
				copy(l.layer.W, was)
				return v
			}
			const h = 1e-3
			if slope := (along(h) - along(-h)) / (2 * h); math.Abs(slope-length) > .02*length {
				t.Errorf("attention %v, %s: the gradient's length is %v, the slope along it %v", attention, name, length, slope)
			}
		}
	}
}

// TestConvolution compares with the sum as it is written on paper.
func TestConvolution(t *testing.T) {
	const side, n = 3, 2
	rng := random.New(11, 56)
	layer, err := mlp.NewLayer(9*2, 4, rng)
	if err != nil {
		t.Fatal(err)
	}
	c := &convolution{side: side, layer: layer}
	x := make([]float32, n*side*side*2)
	random.Normal(rng, x, 1)
	y := c.forward(nil, x)
	for i, got := range y {
		out, p := i%4, i/4
		col, row, image := p%side, p/side%side, p/side/side
		want := float64(layer.B[out])
		for k := range 9 {
			r, cc := row+k/3-1, col+k%3-1
			if r < 0 || r >= side || cc < 0 || cc >= side {
				continue
			}
			for in := range 2 {
				want += float64(x[((image*side+r)*side+cc)*2+in] * layer.W[(k*2+in)*4+out])
			}
		}
		if math.Abs(float64(got)-want) > 1e-5 {
			t.Errorf("value %d is %v, want %v", i, got, want)
		}
	}
}

func TestConvolutionalErrors(t *testing.T) {
	c, err := NewConvolutional(4, true, random.New(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func() error{
		"odd":      func() error { _, err := NewConvolutional(5, true, random.New(1, 1)); return err },
		"ragged":   func() error { _, err := c.Features(make([]float32, 17)); return err },
		"maps":     func() error { _, _, err := c.Maps(make([]float32, 15)); return err },
		"gradient": func() error { return c.Step(make([]float32, 16), make([]float32, 3), 1, 0) },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
