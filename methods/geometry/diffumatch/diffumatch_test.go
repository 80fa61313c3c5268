package diffumatch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/geometry/funcmap"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// ladder are maps [k x k] whose large entries, of any sign, are those from row i
// to column i and, smaller, to the column after it.
func ladder(rng *rand.Rand, count, k int) []*mat.Dense {
	sign := func() float64 { return float64(2*rng.IntN(2) - 1) }
	var maps []*mat.Dense
	for range count {
		m := mat.NewDense(k, k, nil)
		for i := range k {
			m.Set(i, i, sign()*(.8+.1*rng.NormFloat64()))
			if i+1 < k {
				m.Set(i, i+1, sign()*(.4+.1*rng.NormFloat64()))
			}
		}
		maps = append(maps, m)
	}
	return maps
}

func prior(t testing.TB, maps []*mat.Dense, steps int) *Prior {
	t.Helper()
	p, err := Train(t.Context(), maps, Config{Hidden: 64, Steps: steps, Batch: 32, LR: 3e-3})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOneMapIsWhatIsThere(t *testing.T) {
	only := ladder(random.New(1, 50), 1, 4)
	p := prior(t, only, 1000)
	rng := random.New(2, 50)
	const sigma, draws = 1, 20
	sum := 0.
	for range draws {
		x := mat.NewDense(4, 4, nil)
		x.Apply(func(i, j int, _ float64) float64 { return math.Abs(only[0].At(i, j)) + sigma*rng.NormFloat64() }, x)
		y, err := p.Denoise(x, sigma)
		if err != nil {
			t.Fatal(err)
		}
		y.Apply(func(i, j int, v float64) float64 { return v - math.Abs(only[0].At(i, j)) }, y)
		n := mat.Norm(y, 2)
		sum += n * n / 16 / draws
	}
	if rms := math.Sqrt(sum); rms > .08 {
		t.Errorf("%v off, with noise of %v", rms, float64(sigma))
	}
}

func TestMaskIsLowWhereMapsAreLarge(t *testing.T) {
	maps := ladder(random.New(3, 50), 60, 5)
	p := prior(t, maps[1:], 300)
	mask, err := p.Mask(maps[0], 1, 200, random.New(4, 50))
	if err != nil {
		t.Fatal(err)
	}
	if mat.Min(mask) != 0 {
		t.Errorf("the least entry is %v", mat.Min(mask))
	}
	for i := range 4 {
		// Row i, column i+1 is a step of the ladder, and the transposed is none.
		if up, down := mask.At(i, i+1), mask.At(i+1, i); up >= down || mask.At(i, i) >= up {
			t.Errorf("mask at %d: %v on the diagonal, %v beside, %v across", i, mask.At(i, i), up, down)
		}
	}
}

func TestGradientPullsTowardsTheMaps(t *testing.T) {
	maps := ladder(random.New(5, 50), 60, 5)
	p := prior(t, maps[1:], 300)
	good := maps[0]
	good.Add(good, mat.NewDense(5, 5, slices.Repeat([]float64{1e-3}, 25))) // no zeros, which have no sign
	bad := mat.DenseCopyOf(good)
	bad.Set(3, 0, -.7)
	near, err := p.Gradient(good, 1, 64, random.New(6, 50))
	if err != nil {
		t.Fatal(err)
	}
	far, err := p.Gradient(bad, 1, 64, random.New(6, 50))
	if err != nil {
		t.Fatal(err)
	}
	if far.At(3, 0) > -.3 || mat.Norm(far, 2) < mat.Norm(near, 2) {
		t.Errorf("an entry of -.7 that should be none has the gradient %v; norms %v and %v", far.At(3, 0), mat.Norm(far, 2), mat.Norm(near, 2))
	}
	var minus, sum mat.Dense
	minus.Scale(-1, bad)
	other, err := p.Gradient(&minus, 1, 64, random.New(6, 50))
	if err != nil {
		t.Fatal(err)
	}
	if sum.Add(far, other); mat.Max(&sum) > 0 || mat.Min(&sum) < 0 {
		t.Error("the gradient of -C is not the negative one")
	}
	loss, g, err := p.Loss(1, 64, random.New(6, 50))(bad)
	if err != nil {
		t.Fatal(err)
	}
	norm := mat.Norm(far, 2)
	if math.Abs(loss-norm*norm/50) > 1e-9 || math.Abs(g.At(3, 0)-far.At(3, 0)/25) > 1e-12 {
		t.Errorf("loss %v, gradient %v", loss, g.At(3, 0))
	}
}

func TestDenoiserGradients(t *testing.T) {
	const size, hidden, rows = 9, 7, 4
	rng := random.New(7, 50)
	n, err := newDenoiser(size, hidden, rng)
	if err != nil {
		t.Fatal(err)
	}
	x, want, sigma := make([]float32, rows*size), make([]float32, rows*size), []float64{.1, .5, 1, 3}
	random.Normal(rng, x, 1)
	random.Normal(rng, want, 1)
	loss := func() float64 {
		sum := 0.
		for i, y := range n.forward(x, sigma) {
			e := float64(y - want[i])
			sum += e * e / float64(len(want))
		}
		return sum
	}
	if got, l := n.gradient(x, want, sigma), loss(); math.Abs(got-l) > 1e-5 {
		t.Errorf("loss %v, want %v", got, l)
	}
	for k, l := range n.layers() {
		for _, part := range [][2][]float32{{l.W, l.DW}, {l.B, l.DB}} {
			for i, was := range part[0] {
				const h = 1e-3
				part[0][i] = was + h
				up := loss()
				part[0][i] = was - h
				slope := (up - loss()) / (2 * h)
				part[0][i] = was
				if g := float64(part[1][i]); math.Abs(g-slope) > 2e-3 {
					t.Errorf("layer %d: gradient %d is %v, by differences %v", k, i, g, slope)
				}
			}
		}
	}
}

func normal(rng *rand.Rand, r, c int) *mat.Dense {
	m := mat.NewDense(r, c, nil)
	m.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, m)
	return m
}

func TestMatchLowersItsLoss(t *testing.T) {
	rng := random.New(8, 50)
	a, b, penalty, target := normal(rng, 4, 3), normal(rng, 4, 3), normal(rng, 4, 4), normal(rng, 4, 4)
	penalty.MulElem(penalty, penalty)
	first := math.NaN()
	last := first
	loss := func(c *mat.Dense) (float64, *mat.Dense, error) {
		l, g := funcmap.Towards(c, target)
		if last = l; math.IsNaN(first) {
			first = l
		}
		return l, g, nil
	}
	c, err := Match(t.Context(), a, b, penalty, loss, MatchConfig{Steps: 50, LR: .02})
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := c.Dims(); r != 4 || last > .95*first {
		t.Errorf("the loss went from %v to %v", first, last)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Match(ctx, a, b, penalty, loss, MatchConfig{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Match(t.Context(), a, normal(rng, 4, 2), penalty, loss, MatchConfig{}); err == nil {
		t.Error("fewer descriptors: no error")
	}
	broken := errors.New("broken")
	if _, err := Match(t.Context(), a, b, penalty, func(*mat.Dense) (float64, *mat.Dense, error) { return 0, nil, broken }, MatchConfig{}); !errors.Is(err, broken) {
		t.Errorf("a loss's error: %v", err)
	}
}

func TestRefineWeighsDescriptorsAndLoss(t *testing.T) {
	rng := random.New(11, 50)
	a, right, target := normal(rng, 3, 6), normal(rng, 3, 3), normal(rng, 3, 3)
	var b mat.Dense
	b.Mul(right, a)
	loss := func(c *mat.Dense) (float64, *mat.Dense, error) {
		l, g := funcmap.Towards(c, target)
		return l, g, nil
	}
	for weight, want := range map[float64]*mat.Dense{1e-6: right, 1e6: target} {
		c, err := Refine(t.Context(), mat.NewDense(3, 3, nil), a, &b, loss, RefineConfig{Weight: weight, Steps: 1500, LR: .05})
		if err != nil {
			t.Fatal(err)
		}
		var d mat.Dense
		if d.Sub(c, want); mat.Norm(&d, 2) > .05 {
			t.Errorf("weight %v: %v off", weight, mat.Norm(&d, 2))
		}
	}
	// In between it is the minimum: C (A A^T + w) = B A^T + w T.
	c, err := Refine(t.Context(), target, a, &b, loss, RefineConfig{Weight: 2, Steps: 2000})
	if err != nil {
		t.Fatal(err)
	}
	var gram, rhs, lhs mat.Dense
	gram.Mul(a, a.T())
	for i := range 3 {
		gram.Set(i, i, gram.At(i, i)+2)
	}
	rhs.Mul(&b, a.T())
	lhs.Scale(2, target)
	rhs.Add(&rhs, &lhs)
	lhs.Mul(c, &gram)
	if lhs.Sub(&lhs, &rhs); mat.Norm(&lhs, 2) > .05 {
		t.Errorf("the minimum is missed by %v", mat.Norm(&lhs, 2))
	}
	for what, f := range map[string]func() error{
		"other start":       func() error { _, err := Refine(t.Context(), a, a, &b, loss, RefineConfig{}); return err },
		"other descriptors": func() error { _, err := Refine(t.Context(), target, a, target, loss, RefineConfig{}); return err },
		"negative weight":   func() error { _, err := Refine(t.Context(), target, a, &b, loss, RefineConfig{Weight: -1}); return err },
	} {
		if f() == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestBorders(t *testing.T) {
	rng := random.New(9, 50)
	maps := ladder(rng, 2, 3)
	for what, bad := range map[string][]*mat.Dense{
		"none":      nil,
		"two sizes": {maps[0], mat.NewDense(2, 2, nil)},
		"not finite": {
			mat.NewDense(1, 1, []float64{math.NaN()}),
		},
		"all alike": {mat.NewDense(2, 2, nil)},
	} {
		if _, err := Train(t.Context(), bad, Config{}); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, err := Train(t.Context(), maps, Config{LR: -1}); err == nil {
		t.Error("negative learning rate: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Train(ctx, maps, Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	p, err := Train(t.Context(), maps, Config{Hidden: 8, Steps: -1})
	if err != nil {
		t.Fatal(err)
	}
	for what, f := range map[string]func() error{
		"other size":    func() error { _, err := p.Mask(mat.NewDense(2, 2, nil), 1, 1, rng); return err },
		"no noise":      func() error { _, err := p.Mask(maps[0], 0, 1, rng); return err },
		"no draws":      func() error { _, err := p.Mask(maps[0], 1, 0, rng); return err },
		"no noise of D": func() error { _, err := p.Denoise(maps[0], 0); return err },
		"no draws of G": func() error { _, err := p.Gradient(maps[0], 1, 0, rng); return err },
		"not finite": func() error {
			_, err := p.Gradient(mat.NewDense(3, 3, []float64{0, 0, 0, 0, math.Inf(1), 0, 0, 0, 0}), 1, 1, rng)
			return err
		},
		"loss elsewhere": func() error { _, _, err := p.Loss(1, 1, rng)(mat.NewDense(2, 2, nil)); return err },
	} {
		if f() == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func Example() {
	maps := ladder(random.New(1, 50), 50, 4) // maps of shapes that are known to correspond
	p, err := Train(context.Background(), maps, Config{Hidden: 32, Steps: 200, Batch: 32, LR: 3e-3})
	if err != nil {
		panic(err)
	}
	// Three descriptors of two new shapes leave a map of 4 x 4 open.
	a := mat.NewDense(4, 3, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1, .5, 0, .5})
	b := mat.NewDense(4, 3, []float64{.9, .4, 0, 0, .8, .4, .4, 0, 1, .4, 0, .4})
	raw, err := funcmap.LeastSquares(a, b)
	if err != nil {
		panic(err)
	}
	penalty, err := p.Mask(raw, 1, 200, random.New(2, 50))
	if err != nil {
		panic(err)
	}
	s, err := funcmap.Solve(a, b, penalty, .1)
	if err != nil {
		panic(err)
	}
	rows, columns := s.C.Dims()
	fmt.Println(rows, columns, penalty.At(0, 1) < penalty.At(1, 0))
	// Output: 4 4 true
}

// BenchmarkStep has a step of training, with Adam, beside the loss and gradients
// alone of the same network as a GoMLX graph.
func BenchmarkStep(b *testing.B) {
	const size, hidden, rows = 256, 256, 128
	rng := random.New(10, 50)
	x, want, sigma := make([]float32, rows*size), make([]float32, rows*size), make([]float64, rows)
	random.Normal(rng, x, 1)
	random.Normal(rng, want, 1)
	for i := range sigma {
		sigma[i] = math.Exp(rng.NormFloat64())
	}
	n, err := newDenoiser(size, hidden, rng)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("kernels", func(b *testing.B) {
		for b.Loop() {
			n.step(x, want, sigma, 1e-3)
		}
	})
	b.Run("graph", func(b *testing.B) {
		loss, err := train.NewLoss(10, func(in []*graph.Node) *graph.Node {
			dense := func(x *graph.Node, k int) *graph.Node { return graph.Add(graph.MatMul(x, in[2*k]), in[2*k+1]) }
			x, level, want := in[10], in[11], in[12]
			h1 := activation.Relu(graph.Add(dense(x, 0), dense(level, 1)))
			h2 := activation.Relu(graph.Add(dense(h1, 2), dense(level, 3)))
			return graph.ReduceAllMean(graph.Square(graph.Sub(dense(graph.Add(h1, h2), 4), want)))
		})
		if err != nil {
			b.Fatal(err)
		}
		n.forward(x, sigma)
		for b.Loop() {
			var in []*tensors.Tensor
			for _, l := range n.layers() {
				in = append(in, tensors.FromFlatDataAndDimensions(l.W, l.In, l.Out), tensors.FromFlatDataAndDimensions(l.B, 1, l.Out))
			}
			in = append(in, tensors.FromFlatDataAndDimensions(x, rows, size), tensors.FromFlatDataAndDimensions(n.level, rows, 2*len(frequencies)), tensors.FromFlatDataAndDimensions(want, rows, size))
			if _, _, err := loss.Call(in...); err != nil {
				b.Fatal(err)
			}
		}
	})
}
