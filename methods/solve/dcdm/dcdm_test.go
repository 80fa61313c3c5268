package dcdm

import (
	"context"
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"

	"github.com/offprint/offprint/methods/random"
)

func normal(n int, seed uint64) []float64 {
	rng := random.New(seed, 0)
	x := make([]float64, n)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	return x
}

// disc is a grid without a disc in its middle.
func disc(t testing.TB, n int) *Poisson {
	t.Helper()
	mask := make([]bool, n*n)
	for i := range mask {
		y, x := float64(i/n)+.5-float64(n)/2, float64(i%n)+.5-float64(n)/2
		mask[i] = math.Hypot(x, y) > .2*float64(n)
	}
	p, err := NewPoisson(n, mask)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func box(t testing.TB, n int) *Poisson {
	t.Helper()
	p, err := NewPoisson(n, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func solve(t *testing.T, p *Poisson, b []float64, f Direction, keep int, s Stop) Result {
	t.Helper()
	r, err := Solve(t.Context(), p, b, f, keep, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// scaled proposes c times what another does.
type scaled struct {
	Direction
	c float64
}

func (s scaled) Propose(dst, r []float64) error {
	err := s.Direction.Propose(dst, r)
	floats.Scale(s.c, dst)
	return err
}

// crooked proposes something that is not linear, and of no use.
type crooked struct{}

func (crooked) Propose(dst, r []float64) error {
	for i, v := range r {
		dst[i] = v*math.Abs(v)*float64(1+i%3) + .01*math.Sin(float64(i)*v)
	}
	return nil
}

// With the residual itself the method is conjugate gradients.
func TestIdentityIsCG(t *testing.T) {
	for _, p := range []*Poisson{box(t, 16), disc(t, 16)} {
		b := normal(p.Size(), 1)
		p.Restrict(b)
		s := Stop{Tol: 1e-8}
		got := solve(t, p, b, Identity{}, 2, s)
		want, err := CG(t.Context(), p, b, s)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Converged || got.Iterations() != want.Iterations() {
			t.Errorf("%d iterations, converged %v; CG %d", got.Iterations(), got.Converged, want.Iterations())
		}
		for i, r := range got.Residuals {
			if math.Abs(r-want.Residuals[i]) > 1e-6*want.Residuals[i]+1e-12 {
				t.Fatalf("iteration %d: residual %v, CG %v", i, r, want.Residuals[i])
			}
		}
	}
}

// The inverse solves in one step, at any scale and with either sign.
func TestInverseTakesOneStep(t *testing.T) {
	p := box(t, 12)
	s := NewSines(12)
	for _, f := range []Direction{s, scaled{s, -7}} {
		r := solve(t, p, normal(p.Size(), 2), f, 2, Stop{Tol: 1e-10})
		if !r.Converged || r.Iterations() != 1 {
			t.Errorf("%d iterations, converged %v", r.Iterations(), r.Converged)
		}
	}
}

// Steps are A-orthogonal to the two before, the energy of the error falls in each,
// and the result is the solution.
func TestConjugateDescent(t *testing.T) {
	p := disc(t, 12)
	b := normal(p.Size(), 3)
	p.Restrict(b)
	exact := solve(t, p, b, Identity{}, 2, Stop{Tol: 1e-13}).X
	energy := func(x []float64) float64 {
		e, ae := make([]float64, len(x)), make([]float64, len(x))
		floats.SubTo(e, x, exact)
		p.Mul(ae, e)
		return floats.Dot(e, ae)
	}
	var before []float64
	last := energy(make([]float64, p.Size()))
	var steps [][]float64
	for k := 1; k <= 10; k++ {
		x := solve(t, p, b, crooked{}, 2, Stop{Tol: 1e-12, MaxIter: k}).X
		step := append([]float64(nil), x...)
		if before != nil {
			floats.Sub(step, before)
		}
		before = x
		if now := energy(x); now > last*(1+1e-12) {
			t.Errorf("step %d: the energy rises from %v to %v", k, last, now)
		} else {
			last = now
		}
		ap := make([]float64, p.Size())
		p.Mul(ap, step)
		for back := 1; back <= min(2, len(steps)); back++ {
			q := steps[len(steps)-back]
			aq := make([]float64, p.Size())
			p.Mul(aq, q)
			if c := floats.Dot(q, ap) / math.Sqrt(floats.Dot(q, aq)*floats.Dot(step, ap)); math.Abs(c) > 1e-8 {
				t.Errorf("step %d and the %d-th before: cosine %v", k, back, c)
			}
		}
		steps = append(steps, step)
	}
}

// stuck proposes the same in each iteration.
type stuck struct{ d []float64 }

func (s stuck) Propose(dst, _ []float64) error {
	copy(dst, s.d)
	return nil
}

// A proposal that adds nothing is replaced by the residual.
func TestFallBack(t *testing.T) {
	p := box(t, 8)
	r := solve(t, p, normal(p.Size(), 4), stuck{normal(p.Size(), 5)}, 2, Stop{})
	if !r.Converged {
		t.Errorf("residual %v after %d iterations", r.Residuals[r.Iterations()], r.Iterations())
	}
}

func TestSines(t *testing.T) {
	const n = 10
	p, s := box(t, n), NewSines(n)
	x := make([]float64, n*n)
	x[3*n+5] = 1
	s.Transform(x)
	ax := make([]float64, n*n)
	p.Mul(ax, x)
	for i := range ax {
		if math.Abs(ax[i]-s.Lambda[3*n+5]*x[i]) > 1e-12 {
			t.Fatalf("cell %d: %v, want %v", i, ax[i], s.Lambda[3*n+5]*x[i])
		}
	}
}

// On a strip the factorisation is complete.
func TestIncompleteCholesky(t *testing.T) {
	const n = 16
	mask := make([]bool, n*n)
	for j := range n {
		mask[5*n+j] = true
	}
	p, err := NewPoisson(n, mask)
	if err != nil {
		t.Fatal(err)
	}
	b := normal(n*n, 6)
	p.Restrict(b)
	r, err := PCG(t.Context(), p, b, NewIncompleteCholesky(p), Stop{Tol: 1e-10})
	if err != nil || r.Iterations() != 1 {
		t.Errorf("%d iterations, %v", r.Iterations(), err)
	}
}

// The preconditioners are symmetric, stay within the domain, and help: multigrid
// most.
func TestPreconditioners(t *testing.T) {
	for _, p := range []*Poisson{box(t, 32), disc(t, 32)} {
		m, err := NewMultigrid(p)
		if err != nil {
			t.Fatal(err)
		}
		n := p.Size()
		b := normal(n, 7)
		p.Restrict(b)
		plain, err := CG(t.Context(), p, b, Stop{})
		if err != nil {
			t.Fatal(err)
		}
		last := plain.Iterations() / 2
		for _, pre := range []Direction{NewIncompleteCholesky(p), m} {
			x, y := normal(n, 8), normal(n, 9)
			p.Restrict(x)
			p.Restrict(y)
			mx, my := make([]float64, n), make([]float64, n)
			if err := errors.Join(pre.Propose(mx, x), pre.Propose(my, y)); err != nil {
				t.Fatal(err)
			}
			if a, b := floats.Dot(mx, y), floats.Dot(my, x); math.Abs(a-b) > 1e-10*math.Abs(a) {
				t.Errorf("%T is not symmetric: %v and %v", pre, a, b)
			}
			for i, v := range mx {
				if v != 0 && !p.Inside(i) {
					t.Fatalf("%T leaves the domain at cell %d", pre, i)
				}
			}
			r, err := PCG(t.Context(), p, b, pre, Stop{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Iterations() >= last {
				t.Errorf("%T takes %d iterations, not below %d", pre, r.Iterations(), last)
			}
			last = r.Iterations()
		}
	}
}

// Samples have length 1 and more of the slow modes than noise has.
func TestSamples(t *testing.T) {
	const n = 12
	p := disc(t, n)
	ritz, err := RitzSamples(t.Context(), p, 60, 5, random.New(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		p    *Poisson
		draw Sampler
	}{"sines": {box(t, n), SineModes(n)}, "Ritz": {p, ritz}} {
		rng := random.New(2, 0)
		x, ax := make([]float64, n*n), make([]float64, n*n)
		mean := 0.0
		for range 50 {
			c.draw(rng, x)
			if d := math.Abs(floats.Norm(x, 2) - 1); d > 1e-9 {
				t.Errorf("%s: length off by %v", name, d)
			}
			c.p.Mul(ax, x)
			mean += floats.Dot(x, ax) / 50
		}
		if mean > 3.2 { // noise has 4
			t.Errorf("%s: mean eigenvalue %.2f", name, mean)
		}
	}
}

func TestErrors(t *testing.T) {
	if _, err := NewPoisson(4, make([]bool, 3)); err == nil {
		t.Error("a short mask")
	}
	p := box(t, 4)
	if _, err := CG(t.Context(), p, make([]float64, 3), Stop{}); err == nil {
		t.Error("a short right-hand side")
	}
	if _, err := Solve(t.Context(), p, []float64{15: math.NaN()}, Identity{}, 2, Stop{}); err == nil {
		t.Error("NaN")
	}
	if _, err := Solve(t.Context(), p, make([]float64, 16), Identity{}, -1, Stop{}); err == nil {
		t.Error("-1 directions")
	}
	if r := solve(t, p, make([]float64, 16), Identity{}, 2, Stop{}); !r.Converged || r.Iterations() != 0 {
		t.Errorf("zero: %+v", r)
	}
	if _, err := NewMultigrid(box(t, 33)); err == nil {
		t.Error("a grid that cannot be halved")
	}
	if _, err := Solve(t.Context(), negative{16}, normal(16, 1), Identity{}, 2, Stop{}); !errors.Is(err, ErrNotPositive) {
		t.Errorf("a negative matrix: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := CG(ctx, p, normal(16, 1), Stop{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := RitzSamples(t.Context(), p, 17, 0, random.New(1, 0)); err == nil {
		t.Error("more vectors than dimensions")
	}
}

type negative struct{ n int }

func (a negative) Size() int            { return a.n }
func (a negative) Mul(dst, x []float64) { floats.ScaleTo(dst, -1, x) }
