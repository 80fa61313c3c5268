package spd

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

func near(t *testing.T, what string, got, want mat.Matrix, tolerance float64) {
	t.Helper()
	var d mat.Dense
	d.Sub(got, want)
	if off := mat.Norm(&d, 2); !(off <= tolerance*(1+mat.Norm(want, 2))) {
		t.Errorf("%s: off by %g", what, off)
	}
}

// must is for calls that cannot fail here.
func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

func TestFunctions(t *testing.T) {
	x := randomSPD(random.New(1, 6), 5)
	root := must(Sqrt(x))
	near(t, "square of the root", congruence(root, identity(5)), x, 1e-12)
	near(t, "exp of log", must(Exp(must(Log(x)))), x, 1e-12)
	near(t, "inverse", must(Pow(must(Pow(x, -1)), -1)), x, 1e-10)
	v := randomSym(random.New(2, 6), 5)
	l := must(Lyapunov(x, v))
	var pl mat.Dense
	pl.Mul(x, l)
	near(t, "P L + L P", sum(2, symmetric(&pl), 0, v), v, 1e-12)
	tiny := mat.NewSymDense(2, []float64{4e-30, 0, 0, 0})
	if got := must(Sqrt(tiny)); math.Abs(got.At(0, 0)-2e-15) > 1e-25 || got.At(1, 1) != 0 {
		t.Errorf("root of a tiny singular matrix: %v", got)
	}
}

func metrics(n int) map[string]Metric {
	m := randomSPD(random.New(9, 6), n)
	return map[string]Metric{
		"affine-invariant": AffineInvariant{},
		"log-Euclidean":    LogEuclidean{},
		"BW":               BuresWasserstein{},
		"BW, M":            BuresWasserstein{M: m},
		"BW, theta 1/2":    BuresWasserstein{Theta: .5},
		"BW, M, theta 1/2": BuresWasserstein{M: m, Theta: .5},
		"BW, M, theta 2":   BuresWasserstein{M: m, Theta: 2},
	}
}

func TestGeometry(t *testing.T) {
	const n = 4
	rng := random.New(3, 6)
	for name, g := range metrics(n) {
		t.Run(name, func(t *testing.T) {
			p, q := randomSPD(rng, n), randomSPD(rng, n)
			d2 := must(g.Dist2(p, q))
			if back := must(g.Dist2(q, p)); math.Abs(d2-back) > 1e-10 {
				t.Errorf("distances %v and %v", d2, back)
			}
			if same := must(g.Dist2(p, p)); math.Abs(same) > 1e-10 {
				t.Errorf("distance to itself %v", same)
			}
			v := must(g.LogMap(p, q))
			near(t, "Exp of Log", must(g.ExpMap(p, v)), q, 1e-10)
			if l := must(g.Inner(p, v, v)); math.Abs(l-d2) > 1e-10 {
				t.Errorf("length of Log %v, squared distance %v", l, d2)
			}
			near(t, "start of the geodesic", must(Geodesic(g, p, q, 0)), p, 1e-10)
			near(t, "end of the geodesic", must(Geodesic(g, p, q, 1)), q, 1e-10)
			half := must(Geodesic(g, p, q, .5))
			if d := must(g.Dist2(p, half)); math.Abs(d-d2/4) > 1e-10 {
				t.Errorf("half way: %v, want %v", d, d2/4)
			}

			xs := []*mat.SymDense{p, q, randomSPD(rng, n), randomSPD(rng, n)}
			b := must(g.Mean(xs, 100))
			total := mat.NewSymDense(n, nil)
			for _, x := range xs {
				total.AddSym(total, must(g.LogMap(b, x)))
			}
			near(t, "sum of the tangent vectors at the mean", total, mat.NewSymDense(n, nil), 1e-9)
		})
	}
}

func TestGeneralised(t *testing.T) {
	rng := random.New(4, 6)
	a, b, m := randomSPD(rng, 5), randomSPD(rng, 5), randomSPD(rng, 5)
	plain := must(BuresWasserstein{}.Dist2(a, b))
	if one := must(BuresWasserstein{M: identity(5), Theta: 1}.Dist2(a, b)); math.Abs(one-plain) > 1e-12 {
		t.Errorf("M = I: %v, plain %v", one, plain)
	}
	d := must(BuresWasserstein{M: m}.Dist2(a, b))
	var ma, mb, product mat.Dense
	inverse := must(Pow(m, -1))
	ma.Mul(inverse, a)
	mb.Mul(inverse, b)
	product.Mul(&ma, &mb)
	// The eigenvalues of M^-1 A M^-1 B are positive: its root's trace is the sum
	// of their roots.
	var e mat.Eigen
	if !e.Factorize(&product, mat.EigenNone) {
		t.Fatal("no eigenvalues")
	}
	cross := 0.0
	for _, w := range e.Values(nil) {
		cross += math.Sqrt(real(w))
	}
	if want := mat.Trace(&ma) + mat.Trace(&mb) - 2*cross; math.Abs(d-want) > 1e-10 {
		t.Errorf("d_M^2 = %v, by traces %v", d, want)
	}
	m.ScaleSym(3, m)
	if got := must(BuresWasserstein{M: m}.Dist2(a, b)); math.Abs(got-d/3) > 1e-12 {
		t.Errorf("d^2 with 3 M: %v, want a third of %v", got, d)
	}
}

// The mean of matrices that commute is the square of the mean root, in one step.
func TestMeanOfCommuting(t *testing.T) {
	var xs []*mat.SymDense
	want := mat.NewSymDense(3, nil)
	rng := random.New(5, 6)
	for range 4 {
		x := mat.NewSymDense(3, nil)
		for i := range 3 {
			x.SetSym(i, i, rng.ExpFloat64())
			want.SetSym(i, i, want.At(i, i)+math.Sqrt(x.At(i, i))/4)
		}
		xs = append(xs, x)
	}
	near(t, "mean", must(BuresWasserstein{}.Mean(xs, 1)), congruence(want, identity(3)), 1e-12)
}

func TestTransport(t *testing.T) {
	rng := random.New(6, 6)
	p, v, u := randomSPD(rng, 5), randomSym(rng, 5), randomSym(rng, 5)
	g := BuresWasserstein{}
	at := must(Transport(p, v))
	near(t, "there and back", must(TransportBack(p, at)), v, 1e-12)
	before, after := must(g.Inner(p, v, u)), must(g.Inner(identity(5), at, must(Transport(p, u))))
	if math.Abs(before-after) > 1e-10 {
		t.Errorf("inner product %v, transported %v", before, after)
	}
}

func TestErrors(t *testing.T) {
	good, other := identity(3), identity(2)
	bad, nan := mat.NewSymDense(3, []float64{1, 0, 0, 0, -1, 0, 0, 0, 1}), mat.NewSymDense(3, nil)
	nan.SetSym(0, 0, math.NaN())
	check := func(what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	for _, f := range []func(x *mat.SymDense) (*mat.SymDense, error){Sqrt, Log} {
		for _, x := range []*mat.SymDense{bad, nan} {
			_, err := f(x)
			check("function", err)
		}
	}
	_, err := Exp(nan)
	check("exp", err)
	_, err = Lyapunov(bad, good)
	check("Lyapunov", err)
	_, err = Lyapunov(good, other)
	check("Lyapunov", err)
	_, err = BuresWasserstein{M: bad}.Dist2(good, good)
	check("M", err)
	_, err = BuresWasserstein{Theta: math.NaN()}.Dist2(good, good)
	check("theta", err)
	for name, g := range metrics(3) {
		for _, x := range []*mat.SymDense{bad, nan, other} {
			_, err := g.Dist2(x, good)
			check(name+" distance", err)
			_, err = g.LogMap(x, good)
			check(name+" log", err)
			_, err = g.ExpMap(x, good)
			check(name+" exp", err)
			_, err = g.Inner(x, good, good)
			check(name+" inner", err)
			_, err = g.Mean([]*mat.SymDense{good, x}, 1)
			check(name+" mean", err)
		}
		_, err := g.Mean(nil, 1)
		check(name+" mean of none", err)
	}
}
