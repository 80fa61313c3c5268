package hyperbolic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/random"
)

func Example() {
	var b Ball
	x, err := b.Exp0([]float64{3, 0})
	if err != nil {
		fmt.Println(err)
		return
	}
	closer, err := b.MatVec(mat.NewDiagDense(2, []float64{.1, .1}), x)
	if err != nil {
		fmt.Println(err)
		return
	}
	before, _ := b.Radius(x)
	after, _ := b.Radius(closer)
	fmt.Printf("%.2f %.2f\n", before, after)
	// Output: 6.00 0.60
}

// must is for calls that cannot fail here.
func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// point is in a random direction, with a tangent vector of length r.
func point(b Ball, rng *rand.Rand, d int, r float64) []float64 {
	v := make([]float64, d)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	floats.Scale(r/floats.Norm(v, 2), v)
	return must(b.Exp0(v))
}

func TestBall(t *testing.T) {
	rng := random.New(1, 9)
	for _, b := range []Ball{{}, {C: 1}, {C: .25}, {C: 3}} {
		for range 200 {
			x, y, z := point(b, rng, 4, 2*rng.Float64()), point(b, rng, 4, 2*rng.Float64()), point(b, rng, 4, 2*rng.Float64())
			xy, yx, xz, zy := must(b.Dist(x, y)), must(b.Dist(y, x)), must(b.Dist(x, z)), must(b.Dist(z, y))
			if math.Abs(xy-yx) > 1e-12 || xy > xz+zy+1e-9 {
				t.Fatalf("distances %v, %v, by a third point %v", xy, yx, xz+zy)
			}
			if d := must(b.Dist(x, x)); d != 0 {
				t.Errorf("distance to itself %v", d)
			}
			if r, d := must(b.Radius(x)), must(b.Dist(make([]float64, 4), x)); math.Abs(r-d) > 1e-9 {
				t.Errorf("radius %v, distance from the origin %v", r, d)
			}
			// Translations keep distances: -x + y is as far from 0 as y from x.
			minus := append([]float64(nil), x...)
			floats.Scale(-1, minus)
			if r := must(b.Radius(must(b.MobiusAdd(minus, y)))); math.Abs(r-xy) > 1e-8*(1+xy) {
				t.Errorf("radius of -x + y %v, distance %v", r, xy)
			}
			near(t, "0 + y", must(b.MobiusAdd(make([]float64, 4), y)), y, 1e-12)
			// The polar form.
			c := b.root()
			rx, ry := must(b.Radius(x))*c, must(b.Radius(y))*c
			cos := floats.Dot(x, y) / floats.Norm(x, 2) / floats.Norm(y, 2)
			if want := math.Acosh(math.Cosh(rx)*math.Cosh(ry)-math.Sinh(rx)*math.Sinh(ry)*cos) / c; math.Abs(want-xy) > 1e-6*(1+xy) {
				t.Errorf("distance %v, polar form %v", xy, want)
			}
		}
	}
}

func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if !floats.EqualApprox(got, want, tolerance) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestExpLog(t *testing.T) {
	rng := random.New(2, 9)
	for _, b := range []Ball{{}, {C: .25}} {
		for _, length := range []float64{0, 1e-9, .1, 1, 4, 8} {
			v := make([]float64, 3)
			for i := range v {
				v[i] = rng.NormFloat64()
			}
			floats.Scale(length/floats.Norm(v, 2), v)
			back := must(b.Log0(must(b.Exp0(v))))
			if d := floats.Distance(back, v, 2); d > 1e-6*length {
				t.Errorf("length %v: off by %v", length, d)
			}
		}
	}
	far := must(Ball{}.Exp0([]float64{1e6, 0}))
	if r := must(Ball{}.Radius(far)); math.IsInf(r, 0) || r < 30 {
		t.Errorf("the radius of a point at the edge is %v", r)
	}
}

func TestMatVec(t *testing.T) {
	rng := random.New(3, 9)
	b := Ball{C: .5}
	matrix := func() *mat.Dense {
		m := mat.NewDense(4, 4, nil)
		for i := range 4 {
			for j := range 4 {
				m.Set(i, j, rng.NormFloat64()/4)
			}
		}
		return m
	}
	x, y := point(b, rng, 4, 1.5), point(b, rng, 4, 1)
	for _, s := range []float64{1, .3, .02} {
		scaled := must(b.MatVec(mat.NewDiagDense(4, []float64{s, s, s, s}), x))
		if got, want := must(b.Radius(scaled)), s*must(b.Radius(x)); math.Abs(got-want) > 1e-9 {
			t.Errorf("radius %v, want %v", got, want)
		}
	}
	m, n := matrix(), matrix()
	var product mat.Dense
	product.Mul(m, n)
	near(t, "(M N) x", must(b.MatVec(&product, x)), must(b.MatVec(m, must(b.MatVec(n, x)))), 1e-9)
	near(t, "M 0", must(b.MatVec(m, make([]float64, 4))), make([]float64, 4), 0)
	var qr mat.QR
	qr.Factorize(matrix())
	var q mat.Dense
	qr.QTo(&q)
	if before, after := must(b.Dist(x, y)), must(b.Dist(must(b.MatVec(&q, x)), must(b.MatVec(&q, y)))); math.Abs(before-after) > 1e-9 {
		t.Errorf("a rotation changes the distance from %v to %v", before, after)
	}
}

// At large radii the distance is the sum of the radii and a bounded term.
func TestFarOut(t *testing.T) {
	var b Ball
	for _, angle := range []float64{.5, 1, 2, 3} {
		x, y := must(b.Exp0([]float64{6, 0})), must(b.Exp0([]float64{5 * math.Cos(angle), 5 * math.Sin(angle)}))
		want := 12 + 10 + 2*math.Log(math.Sin(angle/2))
		if d := must(b.Dist(x, y)); math.Abs(d-want) > 1e-3 {
			t.Errorf("angle %v: distance %v, limit %v", angle, d, want)
		}
	}
	x, y := must(b.Exp0([]float64{1e-4, 0})), must(b.Exp0([]float64{0, 2e-4}))
	if d, want := must(b.Dist(x, y)), 2*math.Sqrt(5)*1e-4; math.Abs(d-want) > 1e-9 {
		t.Errorf("distance near the origin %v, want %v", d, want)
	}
}

func TestGraph(t *testing.T) {
	be, err := backend.Get()
	if err != nil {
		t.Fatal(err)
	}
	rng := random.New(4, 9)
	const n, k, d = 5, 3, 4
	for _, b := range []Ball{{}, {C: .5}} {
		f := func(v, w *graph.Node) *graph.Node { return b.DistGraph(b.Exp0Graph(v), b.Exp0Graph(w)) }
		exec, err := graph.NewExec(be, func(v, w *graph.Node) (*graph.Node, *graph.Node, *graph.Node) {
			out := f(v, w)
			g := graph.Gradient(graph.ReduceAllSum(graph.Square(out)), v, w)
			return out, g[0], g[1]
		})
		if err != nil {
			t.Fatal(err)
		}
		v, w := make([]float64, n*d), make([]float64, k*d)
		for i := range v {
			v[i] = rng.NormFloat64()
		}
		for i := range w {
			w[i] = rng.NormFloat64()
		}
		clear(v[:d])       // at the origin
		copy(w[:d], v[d:]) // two equal points
		call := func(v, w []float64) (out, gv, gw []float64) {
			o, a, b, err := exec.Call3(tensors.FromFlatDataAndDimensions(v, n, d), tensors.FromFlatDataAndDimensions(w, k, d))
			if err != nil {
				t.Fatal(err)
			}
			return tensors.MustCopyFlatData[float64](o), tensors.MustCopyFlatData[float64](a), tensors.MustCopyFlatData[float64](b)
		}
		out, gv, gw := call(v, w)
		for i := range n {
			for j := range k {
				want := must(b.Dist(must(b.Exp0(v[i*d:(i+1)*d])), must(b.Exp0(w[j*d:(j+1)*d]))))
				if math.Abs(out[i*k+j]-want) > 1e-6*(1+want) {
					t.Errorf("distance %d %d: %v, want %v", i, j, out[i*k+j], want)
				}
			}
		}
		loss := func() float64 {
			o, _, _ := call(v, w)
			return floats.Dot(o, o)
		}
		for _, in := range []struct{ x, g []float64 }{{v, gv}, {w, gw}} {
			for i := range in.x {
				if math.IsNaN(in.g[i]) || math.IsInf(in.g[i], 0) {
					t.Fatalf("gradient %d is %v", i, in.g[i])
				}
				const h = 1e-5
				old := in.x[i]
				in.x[i] = old + h
				up := loss()
				in.x[i] = old - h
				down := loss()
				in.x[i] = old
				if want := (up - down) / (2 * h); math.Abs(in.g[i]-want) > 1e-3*(1+math.Abs(want)) {
					t.Errorf("gradient %d: %v, finite difference %v", i, in.g[i], want)
				}
			}
		}
	}
}

func TestErrors(t *testing.T) {
	var b Ball
	in, out := []float64{.5, 0}, []float64{1, 0}
	for name, f := range map[string]func() error{
		"log outside":      func() error { _, err := b.Log0(out); return err },
		"radius outside":   func() error { _, err := b.Radius(out); return err },
		"distance outside": func() error { _, err := b.Dist(in, out); return err },
		"dimensions":       func() error { _, err := b.Dist(in, in[:1]); return err },
		"sum outside":      func() error { _, err := b.MobiusAdd(out, in); return err },
		"NaN":              func() error { _, err := b.Exp0([]float64{math.NaN()}); return err },
		"NaN point":        func() error { _, err := b.Log0([]float64{math.NaN()}); return err },
		"matrix":           func() error { _, err := b.MatVec(mat.NewDense(2, 3, nil), in); return err },
		"curvature":        func() error { _, err := Ball{C: -1}.Dist(in, in); return err },
		"smaller ball":     func() error { _, err := Ball{C: 4}.Dist(in, in); return err },
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// BenchmarkDist is the distances of 1,000 points of 64 dimensions to 20, and
// beside them the Euclidean ones.
func BenchmarkDist(b *testing.B) {
	rng := random.New(5, 9)
	var ball Ball
	xs, ys := make([][]float64, 1000), make([][]float64, 20)
	for i := range xs {
		xs[i] = point(ball, rng, 64, 1)
	}
	for i := range ys {
		ys[i] = point(ball, rng, 64, 1)
	}
	b.Run("hyperbolic", func(b *testing.B) {
		for b.Loop() {
			for _, x := range xs {
				for _, y := range ys {
					if _, err := ball.Dist(x, y); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
	})
	b.Run("Euclidean", func(b *testing.B) {
		for b.Loop() {
			for _, x := range xs {
				for _, y := range ys {
					floats.Distance(x, y, 2)
				}
			}
		}
	})
}
