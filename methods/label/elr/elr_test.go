package elr

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/random"
)

func must(t testing.TB, n, classes int, lambda, beta float64) *Loss {
	t.Helper()
	l, err := New(n, classes, lambda, beta)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// example is (2) of one example, written down anew.
func example(z, label, target []float64, lambda float64) float64 {
	sum := 0.
	for _, v := range z {
		sum += math.Exp(v)
	}
	loss, inside := 0., 0.
	for c, v := range z {
		p := math.Exp(v) / sum
		loss -= label[c] * math.Log(p)
		inside += target[c] * min(max(p, 1e-4), 1-1e-4)
	}
	return loss + lambda*math.Log(1-inside)
}

func TestGradient(t *testing.T) {
	rng := random.New(1, 0)
	const classes, lambda = 5, 3.
	for trial := range 200 {
		z, target := make([]float64, classes), make([]float64, classes)
		scale := []float64{1, 3, 12}[trial%3] // with 12, some are at the bounds
		for c := range z {
			z[c] = scale * rng.NormFloat64()
			target[c] = rng.Float64() / classes
		}
		y := rng.IntN(classes)
		label := make([]float64, classes)
		label[y] = 1
		// Away from logits at which p crosses a bound.
		const h = 1e-6
		p, g := make([]float64, classes), make([]float64, classes)
		z32 := make([]float32, classes)
		for c := range z {
			z32[c] = float32(z[c])
			z[c] = float64(z32[c])
		}
		softmax(p, z32)
		copy(g, p)
		g[y]--
		regulariser(p, target, lambda, g)
		for c := range z {
			at := z[c]
			z[c] = at + h
			up := example(z, label, target, lambda)
			z[c] = at - h
			down := example(z, label, target, lambda)
			z[c] = at
			if want := (up - down) / (2 * h); math.Abs(g[c]-want) > 1e-6*(1+math.Abs(want)) {
				t.Fatalf("trial %d: gradient %d is %v, want %v", trial, c, g[c], want)
			}
		}
	}
}

// (3), where no probability is at a bound.
func TestGradientFormula(t *testing.T) {
	p, target := []float64{.5, .3, .2}, []float64{.1, .6, .2}
	g := make([]float64, 3)
	if got, want := regulariser(p, target, 2, g), math.Log(1-.27); math.Abs(got-want) > 1e-15 {
		t.Errorf("log(1 - <T, p>) is %v, want %v", got, want)
	}
	for c := range p {
		if want := 2 * p[c] * (.27 - target[c]) / (1 - .27); math.Abs(g[c]-want) > 1e-15 {
			t.Errorf("gradient %d is %v, want %v", c, g[c], want)
		}
	}
}

func TestTargets(t *testing.T) {
	l := must(t, 3, 4, 3, .7)
	z := []float32{1, 0, -1, .5}
	p := make([]float64, 4)
	softmax(p, z)
	for k := 1; k <= 20; k++ {
		if _, err := l.Batch([]int{2}, z, []int{0}, make([]float32, 4)); err != nil {
			t.Fatal(err)
		}
		for c, v := range l.Target(2) {
			if want := (1 - math.Pow(.7, float64(k))) * p[c]; math.Abs(v-want) > 1e-12 {
				t.Fatalf("after %d visits T is %v, want %v of %v", k, v, want, p)
			}
		}
	}
	if slices.Max(l.Target(0)) != 0 || slices.Max(l.Target(1)) != 0 {
		t.Error("targets of other examples moved")
	}
}

func batch(seed uint64, b, classes int) (rows []int, z []float32, labels []int) {
	rng := random.New(seed, 0)
	z = make([]float32, b*classes)
	random.Normal(rng, z, 2)
	rows = rng.Perm(3 * b)[:b]
	for range b {
		labels = append(labels, rng.IntN(classes))
	}
	return rows, z, labels
}

// Without the second term it is cross-entropy, to the bit.
func TestLambdaZero(t *testing.T) {
	rows, z, labels := batch(2, 16, 10)
	l := must(t, 48, 10, 0, .7)
	got := make([]float32, len(z))
	loss, err := l.Batch(rows, z, labels, got)
	if err != nil {
		t.Fatal(err)
	}
	ce, p := 0., make([]float64, 10)
	for b, y := range labels {
		ce += softmax(p, z[b*10:(b+1)*10]) - float64(z[b*10+y])
		p[y]--
		for c, v := range p {
			if got[b*10+c] != float32(v/16) {
				t.Fatalf("gradient %v, want %v", got[b*10+c], v/16)
			}
		}
	}
	if loss != ce/16 {
		t.Errorf("loss %v, want %v", loss, ce/16)
	}
}

// Sure of one class with a target that is sure of it, too: nothing diverges.
func TestConfident(t *testing.T) {
	l := must(t, 1, 3, 3, .7)
	z, g := []float32{200, 0, 0}, make([]float32, 3)
	var loss float64
	var err error
	for range 500 {
		if loss, err = l.Batch([]int{0}, z, []int{0}, g); err != nil {
			t.Fatal(err)
		}
	}
	if loss < 3*math.Log(1e-4) || loss > -20 || math.IsNaN(loss) {
		t.Errorf("loss %v", loss)
	}
	for _, v := range g {
		if math.IsNaN(float64(v)) || math.Abs(float64(v)) > 1e-3 {
			t.Errorf("gradient %v", g)
		}
	}
}

// A wrong label no longer pulls once the target is sure of another class.
func TestCancelsWrongLabel(t *testing.T) {
	l := must(t, 1, 3, 3, .7)
	z, g := []float32{2, 0, 0}, make([]float32, 3) // p = .79 of class 0
	for range 50 {
		if err := l.Update([]int{0}, []float32{9, 0, 0}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Mixed([]int{0}, Mix{Share: 1}, z, []int{1}, g); err != nil {
		t.Fatal(err)
	}
	if g[0] > 0 {
		t.Errorf("the wrong label still pulls: gradient %v", g)
	}
}

func TestMixed(t *testing.T) {
	rows, z, labels := batch(3, 6, 4)
	l := must(t, 18, 4, 3, .7)
	_, other, _ := batch(4, 6, 4)
	if err := l.Update(rows, other); err != nil {
		t.Fatal(err)
	}
	m := Mix{Share: .7, With: []int{1, 2, 3, 4, 5, 0}}
	grad := make([]float32, len(z))
	loss, err := l.Mixed(rows, m, z, labels, grad)
	if err != nil {
		t.Fatal(err)
	}
	want := 0.
	for b := range rows {
		label, target, zb := make([]float64, 4), make([]float64, 4), make([]float64, 4)
		label[labels[b]] += .7
		label[labels[m.With[b]]] += .3
		for c := range 4 {
			target[c] = .7*l.Target(rows[b])[c] + .3*l.Target(rows[m.With[b]])[c]
			zb[c] = float64(z[b*4+c])
		}
		want += example(zb, label, target, 3) / 6
	}
	if math.Abs(loss-want) > 1e-9 {
		t.Errorf("loss %v, want %v", loss, want)
	}
	x, err := m.Inputs([]float32{1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 6, 60}, 2)
	if err != nil || math.Abs(float64(x[0]-1.3)) > 1e-6 || math.Abs(float64(x[11]-(.7*60+.3*10))) > 1e-5 {
		t.Errorf("mixed inputs %v, %v", x, err)
	}
}

func TestAverage(t *testing.T) {
	a := []float32{0}
	Average(a, []float32{4}, 1, .997)
	if a[0] != 2 { // the first step keeps a half
		t.Errorf("after the first step %v", a[0])
	}
	Average(a, []float32{4}, 1e6, .75)
	if a[0] != 2.5 {
		t.Errorf("later %v, want 2.5", a[0])
	}
}

func TestSuspects(t *testing.T) {
	l := must(t, 4, 3, 3, .5)
	for i, z := range [][]float32{{5, 0, 0}, {0, 5, 0}, {0, 1, 0}, {0, 0, 5}} {
		if err := l.Update([]int{i}, z); err != nil {
			t.Fatal(err)
		}
	}
	got, err := l.Suspects([]int{0, 0, 0, 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[0].Example != 1 || got[0].Class != 1 || got[1].Example != 3 || got[1].Class != 2 || got[2].Example != 2 {
		t.Errorf("suspects %+v", got)
	}
	if got, _ = l.Suspects([]int{0, 0, 0, 1}, .4); len(got) != 2 {
		t.Errorf("with a margin: %+v", got)
	}
}

func TestNoise(t *testing.T) {
	labels := make([]int, 20_000)
	for i := range labels {
		labels[i] = i % 10
	}
	share := func(w []bool) (n float64) {
		for _, v := range w {
			if v {
				n += 1. / 20_000
			}
		}
		return n
	}
	noisy, wrong, err := SymmetricNoise(random.New(1, 0), labels, 10, .4)
	if err != nil || math.Abs(share(wrong)-.36) > .01 {
		t.Errorf("symmetric: %.3f wrong, want .36 (%v)", share(wrong), err)
	}
	for i, w := range wrong {
		if w != (noisy[i] != labels[i]) {
			t.Fatal("what is wrong is not what differs")
		}
	}
	noisy, wrong, err = AsymmetricNoise(random.New(1, 0), labels, 10, .4)
	if err != nil || math.Abs(share(wrong)-.4) > .01 {
		t.Errorf("asymmetric: %.3f wrong, want .4 (%v)", share(wrong), err)
	}
	for i, w := range wrong {
		if w && noisy[i] != (labels[i]+1)%10 {
			t.Fatal("asymmetric noise is to the next class")
		}
	}
}

// graphLoss compiles [GraphLoss] with its gradient.
func graphLoss(t testing.TB) *graph.Exec {
	b, err := backend.Get()
	if err != nil {
		t.Fatal(err)
	}
	exec, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		loss, targets := GraphLoss(in[0], in[1], in[2], 3, .7)
		return []*graph.Node{loss, targets, graph.Gradient(loss, in[0])[0]}
	})
	if err != nil {
		t.Fatal(err)
	}
	return exec
}

func oneHot(labels []int, classes int) []float32 {
	out := make([]float32, len(labels)*classes)
	for i, y := range labels {
		out[i*classes+y] = 1
	}
	return out
}

func TestGraphLoss(t *testing.T) {
	const b, classes = 16, 10
	rows, z, labels := batch(5, b, classes)
	l := must(t, 3*b, classes, 3, .7)
	exec := graphLoss(t)
	grad, targets := make([]float32, len(z)), make([]float32, len(z))
	for range 4 {
		want, err := l.Batch(rows, z, labels, grad)
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Call(
			tensors.FromFlatDataAndDimensions(z, b, classes),
			tensors.FromFlatDataAndDimensions(oneHot(labels, classes), b, classes),
			tensors.FromFlatDataAndDimensions(targets, b, classes))
		if err != nil {
			t.Fatal(err)
		}
		if got := float64(tensors.ToScalar[float32](out[0])); math.Abs(got-want) > 1e-4 {
			t.Errorf("loss %v, by hand %v", got, want)
		}
		targets, err = tensors.CopyFlatData[float32](out[1])
		if err != nil {
			t.Fatal(err)
		}
		g, err := tensors.CopyFlatData[float32](out[2])
		if err != nil {
			t.Fatal(err)
		}
		for k := range g {
			if math.Abs(float64(g[k]-grad[k])) > 1e-5 {
				t.Fatalf("gradient %v, by hand %v", g[k], grad[k])
			}
			if math.Abs(float64(targets[k])-l.Target(rows[k/classes])[k%classes]) > 1e-5 {
				t.Fatal("targets differ")
			}
		}
		for k := range z { // moves on
			z[k] -= 10 * grad[k]
		}
	}
}

func TestErrors(t *testing.T) {
	l := must(t, 3, 2, 1, .5)
	for name, f := range map[string]func() error{
		"no examples":  func() error { _, err := New(0, 2, 1, .5); return err },
		"one class":    func() error { _, err := New(1, 1, 1, .5); return err },
		"lambda":       func() error { _, err := New(1, 2, -1, .5); return err },
		"beta":         func() error { _, err := New(1, 2, 1, 1); return err },
		"empty":        func() error { _, err := l.Batch(nil, nil, nil, nil); return err },
		"logits":       func() error { return l.Update([]int{0}, make([]float32, 3)) },
		"row":          func() error { return l.Update([]int{3}, make([]float32, 2)) },
		"not a number": func() error { return l.Update([]int{0}, []float32{float32(math.NaN()), 0}) },
		"label": func() error {
			_, err := l.Batch([]int{0}, make([]float32, 2), []int{2}, make([]float32, 2))
			return err
		},
		"gradient":      func() error { _, err := l.Batch([]int{0}, make([]float32, 2), []int{1}, nil); return err },
		"mix":           func() error { _, err := Mix{Share: .5}.Inputs(make([]float32, 2), 1); return err },
		"mix with":      func() error { _, err := Mix{.5, []int{2, 0}}.Inputs(make([]float32, 2), 1); return err },
		"mixed rows":    func() error { _, err := Mix{Share: 1}.Inputs(make([]float32, 3), 2); return err },
		"suspects":      func() error { _, err := l.Suspects([]int{0}, 0); return err },
		"suspect label": func() error { _, err := l.Suspects([]int{0, 1, 2}, 0); return err },
		"noise rate":    func() error { _, _, err := SymmetricNoise(random.New(1, 0), []int{0}, 2, 2); return err },
		"noise label":   func() error { _, _, err := AsymmetricNoise(random.New(1, 0), []int{2}, 2, .5); return err },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The loss and its gradient for 64 examples of 10 classes, beside cross-entropy
// and the same as a graph.
func BenchmarkStep(b *testing.B) {
	const n, classes = 64, 10
	rows, z, labels := batch(1, n, classes)
	grad := make([]float32, len(z))
	for _, c := range []struct {
		name   string
		lambda float64
	}{{"ELR", 3}, {"cross-entropy", 0}} {
		b.Run(c.name, func(b *testing.B) {
			l := must(b, 3*n, classes, c.lambda, .7)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := l.Batch(rows, z, labels, grad); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("graph", func(b *testing.B) {
		exec := graphLoss(b)
		x, y, t := tensors.FromFlatDataAndDimensions(z, n, classes), tensors.FromFlatDataAndDimensions(oneHot(labels, classes), n, classes), tensors.FromFlatDataAndDimensions(grad, n, classes)
		for b.Loop() {
			if _, err := exec.Call(x, y, t); err != nil {
				b.Fatal(err)
			}
		}
	})
}
