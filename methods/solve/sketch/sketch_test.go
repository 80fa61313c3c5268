package sketch

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// kinds are all sketches, by name.
var kinds = []struct {
	name string
	draw func(n, m int, rng *rand.Rand) (Sketch, error)
}{
	{"SRHT", SRHT},
	{"Gaussian", Gaussian},
	{"CountSketch", CountSketch},
	{"OSNAP-2", func(n, m int, rng *rand.Rand) (Sketch, error) { return OSNAP(n, m, 2, rng) }},
}

func normal(n, c int, rng *rand.Rand) *mat.Dense {
	a := mat.NewDense(n, c, nil)
	for i := range a.RawMatrix().Data {
		a.RawMatrix().Data[i] = rng.NormFloat64()
	}
	return a
}

func vec(n int, rng *rand.Rand) []float64 { return normal(n, 1, rng).RawMatrix().Data }

func distance(a, b []float64) float64 {
	d := 0.0
	for i := range a {
		d = max(d, math.Abs(a[i]-b[i]))
	}
	return d
}

// The transform is its own inverse, keeps lengths, and has the entries of
// Sylvester's matrix.
func TestFWHT(t *testing.T) {
	x := vec(64, random.New(1, 0))
	y := slices.Clone(x)
	if err := FWHT(y); err != nil {
		t.Fatal(err)
	}
	if d := math.Abs(mat.Norm(mat.NewVecDense(64, x), 2) - mat.Norm(mat.NewVecDense(64, y), 2)); d > 1e-12 {
		t.Errorf("the length changes by %v", d)
	}
	if err := FWHT(y); err != nil {
		t.Fatal(err)
	}
	if d := distance(x, y); d > 1e-12 {
		t.Errorf("twice is off by %v", d)
	}
	e := make([]float64, 8)
	e[5] = 1
	if err := FWHT(e); err != nil {
		t.Fatal(err)
	}
	for i, v := range e {
		want := 1 / math.Sqrt(8)
		if (i&5 == 1) || (i&5 == 4) { // an odd number of common bits
			want = -want
		}
		if math.Abs(v-want) > 1e-15 {
			t.Errorf("H(%d, 5) = %v, want %v", i, v, want)
		}
	}
	for _, n := range []int{0, 3, 12} {
		if FWHT(make([]float64, n)) == nil {
			t.Errorf("no error for length %d", n)
		}
	}
}

// The mean of S^T S is the identity.
func TestUnbiased(t *testing.T) {
	const n, m, draws = 8, 4, 2000
	for _, k := range kinds {
		rng := random.New(2, 0)
		sum, squares := mat.NewDense(n, n, nil), mat.NewDense(n, n, nil)
		for range draws {
			s, err := k.draw(n, m, rng)
			if err != nil {
				t.Fatal(err)
			}
			x, err := s.Apply(identity(n))
			if err != nil {
				t.Fatal(err)
			}
			var gram, sq mat.Dense
			gram.Mul(x.T(), x)
			sq.MulElem(&gram, &gram)
			sum.Add(sum, &gram)
			squares.Add(squares, &sq)
		}
		for i := range n {
			for j := range n {
				mean := sum.At(i, j) / draws
				se := math.Sqrt((squares.At(i, j)/draws - mean*mean) / draws)
				want := 0.0
				if i == j {
					want = 1
				}
				if math.Abs(mean-want) > 5*se+1e-12 {
					t.Errorf("%s: E[S^T S](%d, %d) = %.3f ± %.3f", k.name, i, j, mean, se)
				}
			}
		}
	}
}

func identity(n int) *mat.Dense {
	a := mat.NewDense(n, n, nil)
	for i := range n {
		a.Set(i, i, 1)
	}
	return a
}

// All rows of the transform solve the problem itself.
func TestAllRowsAreExact(t *testing.T) {
	rng := random.New(3, 0)
	a, b := normal(50, 6, rng), vec(50, rng)
	want, err := Exact(a, b)
	if err != nil {
		t.Fatal(err)
	}
	s, err := SRHT(50, 64, rng)
	if err != nil {
		t.Fatal(err)
	}
	got, err := LeastSquares(s, a, b)
	if err != nil {
		t.Fatal(err)
	}
	if d := distance(got, want); d > 1e-10 {
		t.Errorf("off by %v", d)
	}
	var r mat.VecDense
	r.MulVec(a, mat.NewVecDense(6, want))
	r.SubVec(&r, mat.NewVecDense(50, b))
	var g mat.VecDense
	g.MulVec(a.T(), &r)
	if mat.Norm(&g, 2) > 1e-10 {
		t.Errorf("the residual is not orthogonal to the columns: %v", mat.Norm(&g, 2))
	}
}

// Without a residual every sketch of full rank gives the solution.
func TestConsistentSystem(t *testing.T) {
	for _, k := range kinds {
		rng := random.New(4, 0)
		a, want := normal(200, 5, rng), vec(5, rng)
		var b mat.VecDense
		b.MulVec(a, mat.NewVecDense(5, want))
		s, err := k.draw(200, 40, rng)
		if err != nil {
			t.Fatal(err)
		}
		got, err := LeastSquares(s, a, b.RawVector().Data)
		if err != nil {
			t.Fatal(err)
		}
		if d := distance(got, want); d > 1e-10 {
			t.Errorf("%s: off by %v", k.name, d)
		}
	}
}

// Applied by columns or together, twice or once, a sketch is one matrix.
func TestOneMatrix(t *testing.T) {
	for _, k := range kinds {
		rng := random.New(5, 0)
		s, err := k.draw(20, 7, rng)
		if err != nil {
			t.Fatal(err)
		}
		full, err := s.Apply(identity(20))
		if err != nil {
			t.Fatal(err)
		}
		a := normal(20, 3, rng)
		got, err := s.Apply(a)
		if err != nil {
			t.Fatal(err)
		}
		var want mat.Dense
		want.Mul(full, a)
		if !mat.EqualApprox(got, &want, 1e-12) {
			t.Errorf("%s: S a is not (S I) a", k.name)
		}
		if m, n := s.Dims(); m != 7 || n != 20 {
			t.Errorf("%s: dimensions %d, %d", k.name, m, n)
		}
	}
}

// Without the signs a matrix of Hadamard columns is mapped to a few rows, and
// lost; with them it does as well as any.
func TestSignsMatter(t *testing.T) {
	const n, d, m = 64, 4, 24
	a := mat.NewDense(n, d, nil)
	for j := range d {
		e := make([]float64, n)
		e[j] = 1
		if err := FWHT(e); err != nil {
			t.Fatal(err)
		}
		a.SetCol(j, e)
	}
	rng := random.New(6, 0)
	b := vec(n, rng)
	s, err := SRHT(n, m, rng)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LeastSquares(s, a, b); err != nil {
		t.Errorf("with signs: %v", err)
	}
	h := s.(*srht)
	for i := range h.signs {
		h.signs[i] = 1
	}
	if _, err := LeastSquares(h, a, b); !errors.Is(err, ErrRank) {
		t.Errorf("without signs: %v", err)
	}
}

// For two axes the product is an average of signs, or a rare collision.
func TestOCE(t *testing.T) {
	const n, m, draws = 64, 16, 4000
	g, h := make([]float64, n), make([]float64, n)
	g[3], h[40] = 2, -1
	for _, k := range kinds {
		e, err := OCE(t.Context(), func(rng *rand.Rand) (Sketch, error) { return k.draw(n, m, rng) }, g, h, draws, random.New(7, 0))
		if err != nil {
			t.Fatal(err)
		}
		want := 1.
		if k.name == "SRHT" {
			want = 1 - (m-1.)/(n-1) // without replacement
		}
		if math.Abs(e.Alpha-want) > .15 || math.Abs(e.Bias) > 5/math.Sqrt(m*draws) {
			t.Errorf("%s: %+v, want alpha %.2f", k.name, e, want)
		}
		if k.name == "CountSketch" && math.Abs(e.Beta-math.Sqrt(m)) > 1e-9 {
			t.Errorf("a collision moves by %v, want sqrt(m)", e.Beta)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := OCE(ctx, func(rng *rand.Rand) (Sketch, error) { return SRHT(n, m, rng) }, g, h, 1, random.New(7, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled measurement: %v", err)
	}
}

// The transform for products agrees with itself on sums in either factor, and
// keeps products on average.
func TestTensor(t *testing.T) {
	const n, m, draws = 6, 16, 3000
	rng := random.New(8, 0)
	x, y := normal(n, 3, rng), normal(n, 3, rng)
	for i := range n { // column 2 is the sum of the others, beside one factor
		y.Set(i, 1, y.At(i, 0))
		y.Set(i, 2, y.At(i, 0))
		x.Set(i, 2, x.At(i, 0)+x.At(i, 1))
	}
	sum, squares := 0.0, 0.0
	for range draws {
		s, err := NewTensorSRHT(n, m, rng)
		if err != nil {
			t.Fatal(err)
		}
		z, err := s.Apply(x, y)
		if err != nil {
			t.Fatal(err)
		}
		for i := range m {
			if d := math.Abs(z.At(i, 2) - z.At(i, 0) - z.At(i, 1)); d > 1e-12 {
				t.Fatalf("not linear: off by %v", d)
			}
		}
		p := mat.Dot(z.ColView(0), z.ColView(1))
		sum += p
		squares += p * p
	}
	want := mat.Dot(x.ColView(0), x.ColView(1)) * mat.Dot(y.ColView(0), y.ColView(1))
	mean := sum / draws
	if se := math.Sqrt((squares/draws - mean*mean) / draws); math.Abs(mean-want) > 5*se {
		t.Errorf("mean product %.3f ± %.3f, want %.3f", mean, se, want)
	}
}

func TestRows(t *testing.T) {
	if got := RowsFor(32, .5, .05); got != 1832 {
		t.Errorf("%d rows", got)
	}
	if RowsFor(32, .25, .05) < 4*RowsFor(32, .5, .05)-4 || TheoremRows(4, 1<<17, 1, .1) < 11000 {
		t.Error("rows do not grow as 1/eps^2, or the theorem's are too few")
	}
}

func TestErrors(t *testing.T) {
	rng := random.New(9, 0)
	if _, err := SRHT(10, 17, rng); err == nil {
		t.Error("more rows than the transform has")
	}
	if _, err := OSNAP(10, 4, 5, rng); err == nil {
		t.Error("more entries than rows")
	}
	if _, err := CountSketch(0, 4, rng); err == nil {
		t.Error("a sketch of nothing")
	}
	s, err := SRHT(10, 8, rng)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LeastSquares(s, normal(11, 2, rng), vec(11, rng)); err == nil {
		t.Error("another number of rows")
	}
	if _, err := LeastSquares(s, normal(10, 2, rng), vec(9, rng)); err == nil {
		t.Error("too few values")
	}
	a := normal(10, 2, rng)
	a.Set(3, 1, math.NaN())
	if _, err := Exact(a, vec(10, rng)); err == nil {
		t.Error("NaN")
	}
	if _, err := Exact(mat.NewDense(10, 2, nil), vec(10, rng)); !errors.Is(err, ErrRank) {
		t.Error("no rank")
	}
}

// Two equal columns share what one alone would have.
func TestLeastLength(t *testing.T) {
	rng := random.New(10, 0)
	one, b := normal(10, 1, rng), vec(10, rng)
	want, err := Exact(one, b)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Exact(beside(one, mat.Col(nil, 0, one)), b)
	if !errors.Is(err, ErrRank) {
		t.Errorf("error %v", err)
	}
	if d := distance(got, []float64{want[0] / 2, want[0] / 2}); d > 1e-12 {
		t.Errorf("%v, want halves of %v", got, want)
	}
	square := normal(3, 3, rng)
	y := vec(3, rng)
	x, err := Exact(square, y)
	if err != nil {
		t.Fatal(err)
	}
	var ax mat.VecDense
	ax.MulVec(square, mat.NewVecDense(3, x))
	if d := distance(ax.RawVector().Data, y); d > 1e-10 {
		t.Errorf("a square system is off by %v", d)
	}
}
