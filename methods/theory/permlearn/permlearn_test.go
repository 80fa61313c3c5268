package permlearn

import (
	"context"
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s: %v, want %v within %v", what, got, want, tolerance)
	}
}

func limit(t *testing.T, k int, kernel Kernel) Limit {
	t.Helper()
	l, err := NewLimit(k, kernel)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLimitFigures(t *testing.T) {
	for k := 2; k <= 12; k++ {
		for _, kernel := range []Kernel{NTK, NNGP} {
			l := limit(t, k, kernel)
			mu1, mu0 := l.Mean(1)
			near(t, "mu1 of what was trained", mu1, 1, 1e-12)
			near(t, "mu0 of what was trained", mu0, 0, 1e-12)
			near(t, "variance of what was trained", l.Variance(1), 0, 1e-12)
		}
	}
	l := limit(t, 10, NTK)
	mu1, mu0 := l.Mean(2)
	near(t, "mu1(2)", mu1, .565422, 1e-6)
	near(t, "mu0(2)", mu0, -.009850, 1e-6)
	near(t, "k var(2)", 10*l.Variance(2), .065187, 1e-6)
	mu1, _ = l.Mean(10)
	near(t, "mu1(10)", mu1, .140392, 1e-6)
}

func TestSigns(t *testing.T) {
	for k := 2; k <= 64; k++ {
		for _, kernel := range []Kernel{NTK, NNGP} {
			l := limit(t, k, kernel)
			for n := 2; n <= k; n++ {
				if mu1, mu0 := l.Mean(n); !(mu0 < 0 && mu1 > 0) {
					t.Errorf("%d of %d bits: %v and %v", n, k, mu0, mu1)
				}
			}
		}
	}
}

// The closed forms are what a dense solve gives.
func TestLimitIsKernelRegression(t *testing.T) {
	outputs := func(cos float64) float64 {
		th := math.Acos(cos)
		return (math.Sin(th) + (math.Pi-th)*math.Cos(th)) / (2 * math.Pi)
	}
	trained := func(cos float64, kernel Kernel) float64 {
		if kernel == NNGP {
			return outputs(cos)
		}
		th := math.Acos(cos)
		return outputs(cos) + math.Cos(th)*(math.Pi-th)/(2*math.Pi)
	}
	for _, k := range []int{2, 5, 9} {
		for _, kernel := range []Kernel{NTK, NNGP} {
			l := limit(t, k, kernel)
			gram, prior := mat.NewDense(k, k, nil), mat.NewDense(k, k, nil)
			for i := range k {
				for j := range k {
					cos := 0.
					if i == j {
						cos = 1
					}
					gram.Set(i, j, trained(cos, kernel))
					prior.Set(i, j, outputs(cos))
				}
			}
			for n := 1; n <= k; n++ {
				row, p := mat.NewVecDense(k, nil), mat.NewVecDense(k, nil)
				for i := range k {
					cos := 0.
					if i < n {
						cos = 1 / math.Sqrt(float64(n))
					}
					row.SetVec(i, trained(cos, kernel))
					p.SetVec(i, outputs(cos))
				}
				var c, kc mat.VecDense
				if err := c.SolveVec(gram, row); err != nil {
					t.Fatal(err)
				}
				kc.MulVec(prior, &c)
				mu1, mu0 := l.Mean(n)
				near(t, "mu1", mu1, c.AtVec(0), 1e-12)
				if n < k {
					near(t, "mu0", mu0, c.AtVec(k-1), 1e-12)
				}
				want := (outputs(1) + mat.Dot(&c, &kc) - 2*mat.Dot(&c, p)) / float64(k)
				near(t, "variance", l.Variance(n), want, 1e-12)
			}
		}
	}
}

func TestEnsembleSize(t *testing.T) {
	both := func(k int, all bool) (size, bound float64) {
		l := limit(t, k, NNGP)
		size, err := l.EnsembleSize(.1, all)
		if err != nil {
			t.Fatal(err)
		}
		if bound, err = l.EnsembleBound(.1, all); err != nil {
			t.Fatal(err)
		}
		return size, bound
	}
	for _, all := range []bool{false, true} {
		want := 1.
		if all {
			want = 2
		}
		_, small := both(500, all)
		_, large := both(1000, all)
		near(t, "growth of the bound", math.Log2(large/small), want, .15)
		for _, k := range []int{2, 3, 8, 64, 500} {
			if size, bound := both(k, all); !(size >= 1 && size <= bound) {
				t.Errorf("%d bits, all %v: %v networks, by the bound %v", k, all, size, bound)
			}
		}
	}
	near(t, "logarithm of a tail", logTail(29.999), logTail(30.001), .1)
	// Both ways to find a tail agree where both work.
	near(t, "tail", tail(-600.001), tail(-599.999), 1e-3)
	// The sum of the bits' errors is above the error.
	l := limit(t, 8, NTK)
	n, err := l.EnsembleSize(.1, false)
	if err != nil {
		t.Fatal(err)
	}
	if p := l.ExactProbability(2, int(n)); p < .9 || p > .95 {
		t.Errorf("probability to be exact with that size: %v", p)
	}
}

func TestGradients(t *testing.T) {
	perm := []int{2, 0, 1}
	n, err := NewNet(3, 7, random.New(3, 24))
	if err != nil {
		t.Fatal(err)
	}
	tr := newTraining(n)
	loss := func() float64 {
		tr.errors(perm)
		sum := 0.
		for _, e := range tr.e {
			sum += e * e / 2
		}
		return sum
	}
	loss()
	tr.gradients()
	for name, p := range map[string][2][]float64{"W": {n.W, tr.dW}, "A": {n.A, tr.dA}} {
		want := append([]float64{}, p[1]...)
		for i := range p[0] {
			const h = 1e-6
			was := p[0][i]
			p[0][i] = was + h
			up := loss()
			p[0][i] = was - h
			slope := (up - loss()) / (2 * h)
			p[0][i] = was
			near(t, "gradient of "+name, want[i], slope, 1e-7)
		}
	}
}

func TestTrainedNetworks(t *testing.T) {
	// A 3-cycle: taken the wrong way round it would be another permutation.
	perm := []int{1, 2, 0}
	for _, kernel := range []Kernel{NTK, NNGP} {
		l := limit(t, 3, kernel)
		e, err := NewEnsemble(3)
		if err != nil {
			t.Fatal(err)
		}
		const nets = 300
		square := 0.
		for i := range uint64(nets) {
			n, err := Train(t.Context(), perm, 200, kernel, 200, 1e-8, random.New(i, 24))
			if err != nil {
				t.Fatal(err)
			}
			if n.Residual > 1e-8 {
				t.Fatalf("off by %v after training", n.Residual)
			}
			out, err := n.Outputs()
			if err != nil {
				t.Fatal(err)
			}
			square += out[(3-1)*3] * out[(3-1)*3] // input 011, output bit 0, not set
			if err := e.Add(out); err != nil {
				t.Fatal(err)
			}
		}
		mu1, mu0 := l.Mean(2)
		sd := math.Sqrt(l.Variance(2) / nets)
		mean := e.Mean(3)
		near(t, "mu0", mean[0], mu0, 5*sd+.01)
		near(t, "mu1", mean[1], mu1, 5*sd+.01)
		near(t, "mu1", mean[2], mu1, 5*sd+.01)
		near(t, "variance", square/nets-mean[0]*mean[0], l.Variance(2), .3*l.Variance(2))
		if got := e.Exact(perm, l.Midpoint); got != 7 {
			t.Errorf("%d of 7 inputs exact by the midpoint", got)
		}
		if got := e.Predict(1, Zero); got != 2 {
			t.Errorf("bit 0 goes to %b", got)
		}
	}
}

func TestPermute(t *testing.T) {
	if got := Permute([]int{1, 2, 0}, 0b011); got != 0b110 {
		t.Errorf("got %03b", got)
	}
}

func TestRefuses(t *testing.T) {
	rng := random.New(1, 24)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Train(cancelled, []int{1, 0}, 4, NTK, 10, 0, rng); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	n, err := NewNet(2, 3, rng)
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEnsemble(2)
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"one bit":         func() error { _, err := NewLimit(1, NTK); return err },
		"kernel":          func() error { _, err := NewLimit(3, 7); return err },
		"delta":           func() error { _, err := limit(t, 3, NTK).EnsembleSize(0, true); return err },
		"delta of 1":      func() error { _, err := limit(t, 3, NTK).EnsembleBound(1, true); return err },
		"width":           func() error { _, err := NewNet(3, 0, rng); return err },
		"not a bijection": func() error { _, err := Train(t.Context(), []int{0, 0}, 4, NTK, 1, 0, rng); return err },
		"input":           func() error { return n.Apply([]float64{1}, make([]float64, 2)) },
		"ensemble":        func() error { _, err := NewEnsemble(MaxBits + 1); return err },
		"outputs":         func() error { return e.Add([]float64{1}) },
	} {
		if call() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if mu1, _ := limit(t, 3, NTK).Mean(4); !math.IsNaN(mu1) {
		t.Errorf("4 of 3 bits: %v", mu1)
	}
}

// One network of 1,000 units, and beside it what it has to learn by least squares.
func BenchmarkStep(b *testing.B) {
	perm := []int{3, 0, 5, 1, 2, 4}
	b.Run("network", func(b *testing.B) {
		rng := random.New(1, 24)
		for b.Loop() {
			if _, err := Train(b.Context(), perm, 1000, NTK, 100, 1e-8, rng); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("least squares", func(b *testing.B) {
		x, y := mat.NewDense(6, 6, nil), mat.NewDense(6, 6, nil)
		for i, to := range perm {
			x.Set(i, i, 1)
			y.Set(i, to, 1)
		}
		var w mat.Dense
		for b.Loop() {
			if err := w.Solve(x, y); err != nil {
				b.Fatal(err)
			}
		}
	})
}
