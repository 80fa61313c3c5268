package gbwbn

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/geometry/spd"
	"github.com/offprint/offprint/methods/random"
)

const size = 4

// covariance is a random covariance of size+2 observations.
func covariance(rng *rand.Rand, n int) *mat.SymDense {
	a := mat.NewDense(n, n+2, nil)
	for i := range n {
		for j := range n + 2 {
			a.Set(i, j, rng.NormFloat64())
		}
	}
	x := mat.NewSymDense(n, nil)
	x.SymOuterK(1/float64(n), a)
	return x
}

func batch(rng *rand.Rand, count int) []*spd.Var {
	out := make([]*spd.Var, count)
	for i := range out {
		out[i] = spd.NewVar(covariance(rng, size))
	}
	return out
}

// disturb gives parameters random values, symmetric where they are matrices.
func disturb(rng *rand.Rand, params []*spd.Var) {
	for _, p := range params {
		n, _ := p.X.Dims()
		for i := range n {
			for j := range i + 1 {
				v := p.X.At(i, j) + .3*rng.NormFloat64()
				p.X.Set(i, j, v)
				p.X.Set(j, i, v)
			}
		}
	}
}

func layers() map[string]func() Norm {
	return map[string]func() Norm{
		"GBW, theta 1":              func() Norm { return New(size, 1) },
		"GBW, theta 1/2":            func() Norm { return New(size, .5) },
		"BW":                        func() Norm { return NewPlain(size, 1) },
		"affine-invariant, centred": func() Norm { return NewAffineInvariant(size, false) },
		"affine-invariant, scaled":  func() Norm { return NewAffineInvariant(size, true) },
		"log-Euclidean":             func() Norm { return NewLogEuclidean(size) },
	}
}

// The gradients by inputs and parameters against finite differences, with the
// running means, as no gradient goes through a batch's own.
func TestGradients(t *testing.T) {
	for name, make := range layers() {
		t.Run(name, func(t *testing.T) {
			rng := random.New(1, 6)
			l := make()
			disturb(rng, l.Params())
			l.Forward(new(spd.Tape), batch(rng, 6), true)
			xs := batch(rng, 3)
			weights := covariance(rng, size)
			loss := func() float64 {
				sum := 0.0
				for _, z := range l.Forward(new(spd.Tape), xs, false) {
					var p mat.Dense
					p.MulElem(weights, z.X)
					sum += mat.Sum(&p)
				}
				return sum
			}
			tape := new(spd.Tape)
			for _, z := range l.Forward(tape, xs, false) {
				z.G.Copy(weights)
			}
			tape.Backward()
			if tape.Err() != nil {
				t.Fatal(tape.Err())
			}
			const h = 1e-6
			for k, v := range append(l.Params(), xs...) {
				n, _ := v.X.Dims()
				for i := range n {
					for j := range i + 1 {
						shifted := func(by float64) float64 {
							old := v.X.At(i, j)
							v.X.Set(i, j, old+by)
							v.X.Set(j, i, old+by)
							defer func() { v.X.Set(i, j, old); v.X.Set(j, i, old) }()
							return loss()
						}
						want := (shifted(h) - shifted(-h)) / (2 * h)
						got := v.G.At(i, j)
						if i != j {
							got += v.G.At(j, i)
						}
						if math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
							t.Fatalf("variable %d, entry %d %d: gradient %v, finite difference %v", k, i, j, got, want)
						}
					}
				}
			}
		})
	}
}

// Centred tangent vectors of a batch have the mean 0 when the mean has converged,
// and the spread is the mean squared distance.
func TestCentre(t *testing.T) {
	rng := random.New(2, 6)
	l := NewPlain(size, 1)
	xs := batch(rng, 5)
	var syms []*mat.SymDense
	for _, x := range xs {
		syms = append(syms, x.Sym())
	}
	bw := spd.BuresWasserstein{}
	mean, err := bw.Mean(syms, 200)
	if err != nil {
		t.Fatal(err)
	}
	l.mean = mean
	vs, _ := l.centre(new(spd.Tape), xs, false)
	total := mat.NewDense(size, size, nil)
	for i, v := range vs {
		total.Add(total, v.X)
		d, err := bw.Dist2(mean, syms[i])
		if err != nil {
			t.Fatal(err)
		}
		// At I the squared length is |V|^2 / 4.
		if got := square(v.X) / 4; math.Abs(got-d) > 1e-9 {
			t.Errorf("vector %d of squared length %v, distance %v", i, got, d)
		}
	}
	if off := mat.Norm(total, 2); off > 1e-9 {
		t.Errorf("sum of the vectors %v", off)
	}
	// One step, as in training, comes near.
	_, spread := l.centre(new(spd.Tape), xs, true)
	want := 0.0
	for _, x := range syms {
		d, err := bw.Dist2(mean, x)
		if err != nil {
			t.Fatal(err)
		}
		want += d / float64(len(syms))
	}
	if math.Abs(spread-want) > .05*want {
		t.Errorf("spread %v, about the converged mean %v", spread, want)
	}
}

// Whatever the layer has learned, a batch of equal matrices becomes W.
func TestEqualMatrices(t *testing.T) {
	for name, make := range layers() {
		t.Run(name, func(t *testing.T) {
			rng := random.New(3, 6)
			l := make()
			disturb(rng, l.Params())
			x := covariance(rng, size)
			params := l.Params()
			log := params[0] // of W, in all but the generalised layer
			if g, ok := l.(*Layer); ok {
				log = g.LogW
			}
			w, err := spd.Exp(log.Sym())
			if err != nil {
				t.Fatal(err)
			}
			out := l.Forward(new(spd.Tape), []*spd.Var{spd.Const(x), spd.Const(x), spd.Const(x)}, true)
			for _, z := range out {
				var d mat.Dense
				d.Sub(z.X, w)
				if off := mat.Norm(&d, 2); off > 1e-4 { // roots of rounding, over the root of eps
					t.Errorf("off by %v", off)
				}
			}
		})
	}
}

// At use the running mean of one batch does what the batch's own did.
func TestRunning(t *testing.T) {
	for name, make := range layers() {
		rng := random.New(4, 6)
		l := make()
		xs := batch(rng, 5)
		trained := l.Forward(new(spd.Tape), xs, true)
		used := l.Forward(new(spd.Tape), xs, false)
		for i := range xs {
			if !mat.EqualApprox(trained[i].X, used[i].X, 1e-10) {
				t.Errorf("%s: matrix %d differs", name, i)
			}
		}
		l.Forward(new(spd.Tape), batch(rng, 5), true)
		if mat.EqualApprox(l.Forward(new(spd.Tape), xs, false)[0].X, used[0].X, 1e-6) {
			t.Errorf("%s: the running mean does not move", name)
		}
	}
}

// problem has covariances of two kinds, with another of two variables as the
// noisy one.
func problem(rng *rand.Rand, count int) (xs []*mat.SymDense, labels []int) {
	for i := range count {
		x := covariance(rng, size)
		for j := range size {
			x.SetSym(i%2, j, x.At(i%2, j)*2)
			x.SetSym(i%2, i%2, x.At(i%2, i%2)*1.2)
		}
		xs, labels = append(xs, x), append(labels, i%2)
	}
	return xs, labels
}

func TestFit(t *testing.T) {
	rng := random.New(5, 6)
	xs, labels := problem(rng, 120)
	test, truth := problem(rng, 100)
	for name, make := range layers() {
		epochs := 0
		c, err := Fit(t.Context(), xs, labels, 2, Config{Norm: make(), LR: .02, Batch: 30, Epochs: 8, Progress: func(epoch int, _ *Classifier) error {
			epochs = epoch
			return nil
		}}, random.New(6, 6))
		if err != nil {
			t.Fatal(err)
		}
		pred, err := c.Predict(test)
		if err != nil {
			t.Fatal(err)
		}
		right := 0
		for i, y := range pred {
			if y == truth[i] {
				right++
			}
		}
		if right < 75 || epochs != 8 {
			t.Errorf("%s: %d of 100 right after %d epochs", name, right, epochs)
		}
	}
}

func TestErrors(t *testing.T) {
	rng := random.New(7, 6)
	xs, labels := problem(rng, 8)
	indefinite := append([]*mat.SymDense(nil), xs...)
	indefinite[3] = mat.NewSymDense(size, nil)
	indefinite[3].SetSym(0, 0, -1)
	mixed := append([]*mat.SymDense(nil), xs...)
	mixed[1] = covariance(rng, 3)
	small := Config{Batch: 4, Epochs: 1}
	for name, f := range map[string]func() error{
		"none":       func() error { _, err := Fit(t.Context(), nil, nil, 2, small, rng); return err },
		"labels":     func() error { _, err := Fit(t.Context(), xs, labels[1:], 2, small, rng); return err },
		"label":      func() error { _, err := Fit(t.Context(), xs, []int{0, 1, 2, 0, 0, 0, 0, 0}, 2, small, rng); return err },
		"classes":    func() error { _, err := Fit(t.Context(), xs, labels, 1, small, rng); return err },
		"indefinite": func() error { _, err := Fit(t.Context(), indefinite, labels, 2, small, rng); return err },
		"mixed":      func() error { _, err := Fit(t.Context(), mixed, labels, 2, small, rng); return err },
		"batch":      func() error { _, err := Fit(t.Context(), xs, labels, 2, Config{Batch: 9}, rng); return err },
		"dim":        func() error { _, err := Fit(t.Context(), xs, labels, 2, Config{Batch: 4, Dim: 5}, rng); return err },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	c, err := Fit(t.Context(), xs, labels, 2, small, rng)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Predict(mixed); err == nil {
		t.Error("no error for a matrix of another size")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(ctx, xs, labels, 2, small, rng); err == nil {
		t.Error("no error of a context that is done")
	}
}
