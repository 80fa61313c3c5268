package funcmap

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/offprint/offprint/methods/random"
)

// sphere is a round octahedron, the edges of whose faces were divided by n.
func sphere(n int) *Shape {
	s := &Shape{}
	at := map[[3]int]int32{}
	vertex := func(x, y, z int) int32 {
		p := [3]int{x, y, z}
		if _, ok := at[p]; !ok {
			at[p] = int32(len(s.V))
			s.V = append(s.V, r3.Unit(r3.Vec{X: float64(x), Y: float64(y), Z: float64(z)}))
		}
		return at[p]
	}
	for _, x := range []int{-1, 1} {
		for _, y := range []int{-1, 1} {
			for _, z := range []int{-1, 1} {
				v := func(i, j int) int32 { return vertex(x*i, y*j, z*(n-i-j)) }
				for i := range n {
					for j := range n - i {
						s.F = append(s.F, [3]int32{v(i, j), v(i+1, j), v(i, j+1)})
						if i+j < n-1 {
							s.F = append(s.F, [3]int32{v(i+1, j), v(i+1, j+1), v(i, j+1)})
						}
					}
				}
			}
		}
	}
	return s
}

// blob is a bent sphere of 38 vertices, without symmetry.
func blob(t testing.TB, rng *rand.Rand) *Shape {
	t.Helper()
	s := sphere(3)
	a, b, c := rng.Float64(), rng.Float64(), rng.Float64()
	for i, v := range s.V {
		s.V[i] = r3.Vec{X: 1.3*v.X + .2*a*v.Y*v.Z, Y: .9*v.Y + (.1+.1*b)*v.X*v.X, Z: .6*v.Z + (.1+.1*c)*v.X*v.Y*v.Y}
	}
	out, err := s.UnitArea()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func spectrum(t testing.TB, s *Shape, k int) *Basis {
	t.Helper()
	b, err := Spectrum(s, k)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func fromPoints(t testing.TB, b1, b2 *Basis, points []int32, k int) *mat.Dense {
	t.Helper()
	c, err := FromPoints(b1, b2, points, k)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func same(n int) []int32 {
	t := make([]int32, n)
	for i := range t {
		t[i] = int32(i)
	}
	return t
}

// off is the largest difference of two matrices.
func off(a, b mat.Matrix) float64 {
	var d mat.Dense
	d.Sub(a, b)
	return max(mat.Max(&d), -mat.Min(&d))
}

func eye(k int) *mat.Dense {
	m := mat.NewDense(k, k, nil)
	for i := range k {
		m.Set(i, i, 1)
	}
	return m
}

func normal(rng *rand.Rand, r, c int) *mat.Dense {
	m := mat.NewDense(r, c, nil)
	m.Apply(func(_, _ int, _ float64) float64 { return rng.NormFloat64() }, m)
	return m
}

func TestBasis(t *testing.T) {
	s := blob(t, random.New(1, 50))
	if math.Abs(s.Area()-1) > 1e-12 {
		t.Errorf("area %v", s.Area())
	}
	l, mass, err := s.Laplacian()
	if err != nil {
		t.Fatal(err)
	}
	n, total := len(s.V), 0.
	for i := range n {
		sum := 0.
		for j := range n {
			sum += l.At(i, j)
		}
		if math.Abs(sum) > 1e-12 {
			t.Errorf("row %d of L sums to %v", i, sum)
		}
		total += mass[i]
	}
	if math.Abs(total-1) > 1e-12 {
		t.Errorf("the vertices' areas sum to %v", total)
	}
	b := spectrum(t, s, 12)
	gram, err := b.Coefficients(b.Phi, 12)
	if err != nil {
		t.Fatal(err)
	}
	if d := off(gram, eye(12)); d > 1e-10 {
		t.Errorf("Phi^T M Phi is %v off the identity", d)
	}
	if !slices.IsSorted(b.Lambda) || b.Lambda[0] > 1e-9 || b.Lambda[1] < 1 {
		t.Errorf("eigenvalues %v", b.Lambda)
	}
	// L phi = lambda M phi.
	var lhs, rhs mat.Dense
	lhs.Mul(l, b.Phi)
	rhs.Apply(func(i, j int, v float64) float64 { return b.Lambda[j] * mass[i] * v }, b.Phi)
	if d := off(&lhs, &rhs); d > 1e-9 {
		t.Errorf("the eigenvalue equation is off by %v", d)
	}
}

// TestSphere compares with the eigenvalues of the unit sphere, 0, 2 (three times)
// and 6, within what the coarse mesh allows.
func TestSphere(t *testing.T) {
	b := spectrum(t, sphere(6), 5)
	for i, want := range []float64{0, 2, 2, 2, 6} {
		if math.Abs(b.Lambda[i]-want) > .1*want+1e-9 {
			t.Errorf("eigenvalue %d is %v, want about %v", i, b.Lambda[i], want)
		}
	}
}

func TestMapsOfCorrespondences(t *testing.T) {
	rng := random.New(2, 50)
	s := blob(t, rng)
	n := len(s.V)
	b1 := spectrum(t, s, n)
	if d := off(fromPoints(t, b1, b1, same(n), 10), eye(10)); d > 1e-10 {
		t.Errorf("a shape to itself is %v off the identity", d)
	}
	b2, b3 := spectrum(t, blob(t, rng), n), spectrum(t, blob(t, rng), n)
	c12, c23, c13 := fromPoints(t, b1, b2, same(n), n), fromPoints(t, b2, b3, same(n), n), fromPoints(t, b1, b3, same(n), n)
	var chained mat.Dense
	chained.Mul(c23, c12)
	if d := off(&chained, c13); d > 1e-9 {
		t.Errorf("C23 C12 is %v off C13", d)
	}
	// A hand-made correspondence comes back, and its map has rows of shape 2.
	points := same(n)
	slices.Reverse(points)
	back, err := ToPoints(fromPoints(t, b1, b2, points, n), b1, b2)
	if err != nil || !slices.Equal(back, points) {
		t.Errorf("points %v came back as %v %v", points, back, err)
	}
	c := fromPoints(t, b1, b2, same(n), 3)
	want := 0.
	for v := range n {
		want += b2.Phi.At(v, 1) * b2.Mass[v] * b1.Phi.At(v, 2)
	}
	if math.Abs(c.At(1, 2)-want) > 1e-12 {
		t.Errorf("C[1, 2] is %v, want %v", c.At(1, 2), want)
	}
}

func TestIsometryKeepsAbsoluteValues(t *testing.T) {
	s := blob(t, random.New(3, 50))
	turn := r3.NewRotation(1.1, r3.Vec{X: 1, Y: 2, Z: -1})
	moved := &Shape{F: s.F}
	for _, v := range s.V {
		w := turn.Rotate(v)
		w.X = -w.X // and a reflection
		moved.V = append(moved.V, w)
	}
	b1, b2 := spectrum(t, s, 8), spectrum(t, moved, 8)
	c := fromPoints(t, b1, b2, same(len(s.V)), 8)
	c.Apply(func(_, _ int, v float64) float64 { return math.Abs(v) }, c)
	if d := off(c, eye(8)); d > 1e-6 {
		t.Errorf("|C| is %v off the identity", d)
	}
	mask, err := LaplacianMask(b1, b2, 8)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		if mask.At(i, i) > 1e-12 {
			t.Errorf("the mask is %v at %d, %d", mask.At(i, i), i, i)
		}
	}
}

func TestMasksHaveRowsOfShape2(t *testing.T) {
	b1 := &Basis{Lambda: []float64{0, 1}, Phi: mat.NewDense(2, 2, nil), Mass: make([]float64, 2)}
	b2 := &Basis{Lambda: []float64{0, 4}, Phi: mat.NewDense(2, 2, nil), Mass: make([]float64, 2)}
	d, err := LaplacianMask(b1, b2, 2)
	if err != nil || off(d, mat.NewDense(2, 2, []float64{0, 1, 16, 9})) > 0 {
		t.Errorf("Laplacian %v %v", mat.Formatted(d), err)
	}
	d, err = ResolventMask(b1, b2, 2)
	if err != nil {
		t.Fatal(err)
	}
	// a = .5, b = 1: .5/1.25 = .4, 1/2 = .5; 1/1.25 = .8, 1/2 = .5.
	if want := mat.NewDense(2, 2, []float64{0, .16 + .04, .25 + .25, .01 + .09}); off(d, want) > 1e-12 {
		t.Errorf("resolvent %v", mat.Formatted(d))
	}
}

func TestSolve(t *testing.T) {
	rng := random.New(4, 50)
	const k, p = 5, 9
	a, b := normal(rng, k, p), normal(rng, k, p)
	raw, err := LeastSquares(a, b)
	if err != nil {
		t.Fatal(err)
	}
	ones := mat.NewDense(k, k, nil)
	ones.Apply(func(_, _ int, _ float64) float64 { return 1 }, ones)
	s, err := Solve(a, b, ones, 1e-10)
	if err != nil {
		t.Fatal(err)
	}
	if d := off(s.C, raw); d > 1e-6 {
		t.Errorf("lambda near 0 is %v off least squares", d)
	}
	const lambda = .7
	if s, err = Solve(a, b, ones, lambda); err != nil {
		t.Fatal(err)
	}
	// Ridge: C = B A^T (A A^T + lambda)^-1.
	var gram, ridge mat.Dense
	gram.Mul(a, a.T())
	for i := range k {
		gram.Set(i, i, gram.At(i, i)+lambda)
	}
	var inverse, ba mat.Dense
	if err := inverse.Inverse(&gram); err != nil {
		t.Fatal(err)
	}
	ba.Mul(b, a.T())
	ridge.Mul(&ba, &inverse)
	if d := off(s.C, &ridge); d > 1e-10 {
		t.Errorf("D = 1 is %v off ridge", d)
	}
	// Fewer descriptors than functions: least squares is exact and of least norm.
	a, b = normal(rng, k, 3), normal(rng, k, 3)
	if raw, err = LeastSquares(a, b); err != nil {
		t.Fatal(err)
	}
	var ca mat.Dense
	ca.Mul(raw, a)
	if d := off(&ca, b); d > 1e-10 {
		t.Errorf("C A is %v off B", d)
	}
	if _, err := Solve(a, b, mat.NewDense(k, k, nil), 1); err == nil {
		t.Error("an undetermined map: no error")
	}
}

// slopes checks a gradient against differences.
func slopes(t *testing.T, what string, x, gradient *mat.Dense, loss func() float64) {
	t.Helper()
	const h = 1e-5
	for i, was := range x.RawMatrix().Data {
		x.RawMatrix().Data[i] = was + h
		up := loss()
		x.RawMatrix().Data[i] = was - h
		slope := (up - loss()) / (2 * h)
		x.RawMatrix().Data[i] = was
		if g := gradient.RawMatrix().Data[i]; math.Abs(g-slope) > 1e-6*(1+math.Abs(slope)) {
			t.Errorf("%s: gradient %d is %v, by differences %v", what, i, g, slope)
		}
	}
}

func TestGradients(t *testing.T) {
	rng := random.New(5, 50)
	const k, p = 4, 3
	a, b, d, g, c := normal(rng, k, p), normal(rng, k, p), normal(rng, k, k), normal(rng, k, k), normal(rng, k, k)
	d.MulElem(d, d)
	s, err := Solve(a, b, d, .5)
	if err != nil {
		t.Fatal(err)
	}
	da, db, err := s.Gradients(g)
	if err != nil {
		t.Fatal(err)
	}
	product := func() float64 {
		s, err := Solve(a, b, d, .5)
		if err != nil {
			t.Fatal(err)
		}
		var m mat.Dense
		m.MulElem(s.C, g)
		return mat.Sum(&m)
	}
	slopes(t, "by a", a, da, product)
	slopes(t, "by b", b, db, product)
	for what, f := range map[string]func(*mat.Dense) (float64, *mat.Dense){
		"orthogonality": Orthogonality,
		"weighted":      func(c *mat.Dense) (float64, *mat.Dense) { return Weighted(c, d) },
		"towards":       func(c *mat.Dense) (float64, *mat.Dense) { return Towards(c, g) },
	} {
		_, gradient := f(c)
		slopes(t, what, c, gradient, func() float64 { loss, _ := f(c); return loss })
	}
	if loss, _ := Orthogonality(eye(k)); loss > 1e-30 {
		t.Errorf("the identity is %v off orthogonal", loss)
	}
}

func TestZoomOutRefines(t *testing.T) {
	rng := random.New(6, 50)
	s1, s2 := blob(t, rng), blob(t, rng)
	n := len(s1.V)
	b1, b2 := spectrum(t, s1, 24), spectrum(t, s2, 24)
	right := func(c *mat.Dense) int {
		points, err := ToPoints(c, b1, b2)
		if err != nil {
			t.Fatal(err)
		}
		hits := 0
		for i, p := range points {
			if int(p) == i {
				hits++
			}
		}
		return hits
	}
	c := fromPoints(t, b1, b2, same(n), 8)
	c.Apply(func(_, _ int, v float64) float64 { return v + .2*rng.NormFloat64() }, c)
	fine, err := ZoomOut(c, b1, b2, 24, 5)
	if err != nil {
		t.Fatal(err)
	}
	if r, _ := fine.Dims(); r != 24 || right(fine) <= right(c) {
		t.Errorf("%d functions, %d of %d points right, before %d", r, right(fine), n, right(c))
	}
	if _, err := ZoomOut(c, b1, b2, 4, 1); err == nil {
		t.Error("to fewer functions: no error")
	}
	if _, err := ZoomOut(c, b1, b2, 30, 1); err == nil {
		t.Error("beyond the basis: no error")
	}
}

func TestGeodesics(t *testing.T) {
	// Two triangles, one after the other.
	s := &Shape{V: []r3.Vec{{}, {X: 1}, {X: 1, Y: 1}, {X: 2, Y: 1}}, F: [][3]int32{{0, 1, 2}, {1, 3, 2}}}
	d, err := Geodesics(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		i, j int
		want float64
	}{{0, 0, 0}, {0, 1, 1}, {0, 2, math.Sqrt2}, {3, 0, 1 + math.Sqrt2}} {
		if math.Abs(d.At(c.i, c.j)-c.want) > 1e-12 || d.At(c.i, c.j) != d.At(c.j, c.i) {
			t.Errorf("from %d to %d: %v, want %v", c.i, c.j, d.At(c.i, c.j), c.want)
		}
	}
}

func TestBorders(t *testing.T) {
	s := blob(t, random.New(7, 50))
	b := spectrum(t, s, 5)
	for what, bad := range map[string]*Shape{
		"none":       nil,
		"no faces":   {V: s.V},
		"flat face":  {V: s.V, F: [][3]int32{{0, 0, 1}}},
		"no vertex":  {V: s.V, F: [][3]int32{{0, 1, 99}}},
		"NaN":        {V: []r3.Vec{{X: math.NaN()}, {X: 1}, {Y: 1}}, F: [][3]int32{{0, 1, 2}}},
		"lone point": {V: []r3.Vec{{}, {X: 1}, {Y: 1}, {Z: 1}}, F: [][3]int32{{0, 1, 2}}},
	} {
		if _, err := Spectrum(bad, 1); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	for what, f := range map[string]func() error{
		"too many functions": func() error { _, err := Spectrum(s, 99); return err },
		"beyond the basis":   func() error { _, err := FromPoints(b, b, same(len(s.V)), 6); return err },
		"too few points":     func() error { _, err := FromPoints(b, b, same(3), 2); return err },
		"no such point":      func() error { _, err := FromPoints(b, b, slices.Repeat([]int32{99}, len(s.V)), 2); return err },
		"not square":         func() error { _, err := ToPoints(mat.NewDense(2, 3, nil), b, b); return err },
		"not finite":         func() error { _, err := ToPoints(mat.NewDense(1, 1, []float64{math.NaN()}), b, b); return err },
		"other functions":    func() error { _, err := b.Coefficients(mat.NewDense(3, 1, nil), 2); return err },
		"large mask":         func() error { _, err := LaplacianMask(b, b, 9); return err },
		"large resolvent":    func() error { _, err := ResolventMask(b, b, 9); return err },
		"other descriptors":  func() error { _, err := LeastSquares(mat.NewDense(2, 3, nil), mat.NewDense(2, 2, nil)); return err },
		"NaN descriptors": func() error {
			_, err := LeastSquares(mat.NewDense(1, 1, []float64{math.NaN()}), mat.NewDense(1, 1, nil))
			return err
		},
		"no lambda":        func() error { _, err := Solve(eye(2), eye(2), eye(2), 0); return err },
		"negative penalty": func() error { _, err := Solve(eye(1), eye(1), mat.NewDense(1, 1, []float64{-1}), 1); return err },
		"other gradient": func() error {
			s, err := Solve(eye(2), eye(2), eye(2), 1)
			if err != nil {
				return nil
			}
			_, _, err = s.Gradients(eye(3))
			return err
		},
	} {
		if f() == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func ExampleSolve() {
	// Two descriptors of three functions: the penalty decides what they leave open.
	a := mat.NewDense(3, 2, []float64{1, 0, 0, 1, 0, 0})
	b := mat.NewDense(3, 2, []float64{1, 0, 0, -1, 0, 0})
	penalty := mat.NewDense(3, 3, []float64{0, 1, 4, 1, 0, 1, 4, 1, 0})
	penalty.Set(2, 2, .1)
	s, err := Solve(a, b, penalty, 1e-3)
	if err != nil {
		panic(err)
	}
	for i := range 3 {
		fmt.Printf("%.1f\n", mat.Row(nil, i, s.C))
	}
	// Output:
	// [1.0 0.0 0.0]
	// [0.0 -1.0 0.0]
	// [0.0 0.0 0.0]
}

// BenchmarkSolve has the map with a penalty of each entry beside ridge, which
// needs one factorisation.
func BenchmarkSolve(b *testing.B) {
	rng := random.New(8, 50)
	x, y := normal(rng, 16, 12), normal(rng, 16, 12)
	d := normal(rng, 16, 16)
	d.MulElem(d, d)
	b.Run("penalty", func(b *testing.B) {
		for b.Loop() {
			if _, err := Solve(x, y, d, .1); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("least squares", func(b *testing.B) {
		for b.Loop() {
			if _, err := LeastSquares(x, y); err != nil {
				b.Fatal(err)
			}
		}
	})
}
