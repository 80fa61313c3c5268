package lcm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

func normal(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	random.Normal(rng, x, 1)
	return x
}

func cell(t *testing.T, dim int, seed uint64) *GRU {
	t.Helper()
	g, err := NewGRU(dim, random.New(seed, 0))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// plus is the operator of numbers.
func plus(a, b []float32) ([]float32, func([]float32) ([]float32, []float32)) {
	out := slices.Clone(a)
	for i, v := range b {
		out[i] += v
	}
	return out, func(d []float32) ([]float32, []float32) { return slices.Clone(d), slices.Clone(d) }
}

func larger(a, b []float32) ([]float32, func([]float32) ([]float32, []float32)) {
	out := slices.Clone(a)
	for i, v := range b {
		out[i] = max(out[i], v)
	}
	return out, nil
}

func TestFoldOfKnownOperators(t *testing.T) {
	const d = 3
	rng := random.New(1, 0)
	var sizes []int
	for n := range 34 {
		sizes = append(sizes, n)
	}
	x := normal(rng, 33*34/2*d)
	total, _, err := Fold(plus, x, d, sizes)
	if err != nil {
		t.Fatal(err)
	}
	most, _, err := Fold(larger, x, d, sizes)
	if err != nil {
		t.Fatal(err)
	}
	for s, n := range sizes {
		for j := range d {
			sum, top := 0., math.Inf(-1)
			for i := range n {
				v := float64(x[(n*(n-1)/2+i)*d+j])
				sum += v
				top = max(top, v)
			}
			if n == 0 {
				top = 0
			}
			if math.Abs(float64(total[s*d+j])-sum) > 1e-5 || float64(most[s*d+j]) != top {
				t.Errorf("%d elements: sum %v, want %v; largest %v, want %v", n, total[s*d+j], sum, most[s*d+j], top)
			}
		}
	}
}

// words joins names in parentheses, through numbers that stand for them.
func TestFoldCarriesTheOddElement(t *testing.T) {
	names := []string{"", "1", "2", "3", "4", "5"}
	op := func(a, b []float32) ([]float32, func([]float32) ([]float32, []float32)) {
		var out []float32
		for i := range a {
			names = append(names, "("+names[int(a[i])]+names[int(b[i])]+")")
			out = append(out, float32(len(names)-1))
		}
		return out, nil
	}
	out, _, err := Fold(op, []float32{1, 2, 3, 4, 5}, 1, []int{5})
	if err != nil || names[int(out[0])] != "(((12)(34))5)" {
		t.Errorf("%s %v", names[int(out[0])], err)
	}
}

func TestDepth(t *testing.T) {
	for n := 1; n <= 1000; n++ {
		if want := int(math.Ceil(math.Log2(float64(n)))); Depth(n) != want {
			t.Errorf("depth of %d elements is %d, want %d", n, Depth(n), want)
		}
	}
	for _, n := range []int{0, 1, 2, 3, 7, 8, 9, 64} {
		calls := 0
		counted := func(a, b []float32) ([]float32, func([]float32) ([]float32, []float32)) {
			calls++
			return plus(a, b)
		}
		if _, _, err := Fold(counted, make([]float32, n+2), 1, []int{n, 2}); err != nil || calls != max(Depth(n), 1) {
			t.Errorf("%d elements: %d calls %v", n, calls, err)
		}
		calls = 0
		if _, _, err := Recurrent(counted, make([]float32, n), 1, []int{n}); err != nil || calls != n {
			t.Errorf("%d elements: %d calls %v", n, calls, err)
		}
	}
}

func TestBinaryCommutes(t *testing.T) {
	g := cell(t, 8, 2)
	rng := random.New(3, 0)
	a, b := normal(rng, 80), normal(rng, 80)
	ab, _ := g.Binary(a, b)
	ba, _ := g.Binary(b, a)
	one, _ := g.Cell(a, b)
	other, _ := g.Cell(b, a)
	apart := 0.
	for i := range ab {
		if math.Abs(float64(ab[i]-ba[i])) > 1e-6 {
			t.Errorf("%v one way, %v the other", ab[i], ba[i])
		}
		if mean := (one[i] + other[i]) / 2; math.Abs(float64(ab[i]-mean)) > 1e-6 {
			t.Errorf("%v, want the mean %v", ab[i], mean)
		}
		apart = max(apart, math.Abs(float64(one[i]-other[i])))
	}
	if apart < .1 {
		t.Errorf("the cell alone is off by no more than %v", apart)
	}
}

// Equation 1 as it is written.
func TestCell(t *testing.T) {
	const d = 5
	g := cell(t, d, 4)
	rng := random.New(5, 0)
	a, b := normal(rng, d), normal(rng, d)
	got, _ := g.Cell(a, b)
	gate := func(k, j int) (in, state float64) {
		in, state = float64(g.Input.B[k*d+j]), float64(g.State.B[k*d+j])
		for i := range d {
			in += float64(a[i]) * float64(g.Input.W[i*3*d+k*d+j])
			state += float64(b[i]) * float64(g.State.W[i*3*d+k*d+j])
		}
		return in, state
	}
	sig := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	for j := range d {
		ri, rs := gate(0, j)
		zi, zs := gate(1, j)
		ci, cs := gate(2, j)
		z := sig(zi + zs)
		want := (1-z)*math.Tanh(ci+sig(ri+rs)*cs) + z*float64(b[j])
		if math.Abs(float64(got[j])-want) > 1e-5 {
			t.Errorf("%d: %v, want %v", j, got[j], want)
		}
	}
}

// A set's result does not depend on the sets that it is folded with.
func TestSetsAreIndependent(t *testing.T) {
	const d = 4
	g := cell(t, d, 6)
	rng := random.New(7, 0)
	sizes := []int{3, 0, 7, 1, 2, 16}
	x := normal(rng, 29*d)
	for name, f := range map[string]func(x []float32, sizes []int) ([]float32, Back, error){
		"tree":      func(x []float32, sizes []int) ([]float32, Back, error) { return Fold(g.Binary, x, d, sizes) },
		"recurrent": func(x []float32, sizes []int) ([]float32, Back, error) { return Recurrent(g.Cell, x, d, sizes) },
	} {
		all, _, err := f(x, sizes)
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for s, n := range sizes {
			alone, _, err := f(x[at*d:(at+n)*d], []int{n})
			if err != nil {
				t.Fatal(err)
			}
			for j := range d {
				if math.Abs(float64(alone[j]-all[s*d+j])) > 1e-6 {
					t.Errorf("%s: set %d has %v alone and %v among others", name, s, alone[j], all[s*d+j])
				}
			}
			at += n
		}
	}
}

func TestGradients(t *testing.T) {
	const d, h = 4, 1e-2
	rng := random.New(8, 0)
	sizes := []int{5, 0, 2, 1, 6}
	for name, f := range map[string]func(g *GRU, x []float32) (value float64, back func() []float32){
		"tree": func(g *GRU, x []float32) (float64, func() []float32) {
			out, back, err := Fold(g.Binary, x, d, sizes)
			return weighted(t, out, back, err)
		},
		"one-sided tree": func(g *GRU, x []float32) (float64, func() []float32) {
			out, back, err := Fold(g.Cell, x, d, sizes)
			return weighted(t, out, back, err)
		},
		"recurrent": func(g *GRU, x []float32) (float64, func() []float32) {
			out, back, err := Recurrent(g.Cell, x, d, sizes)
			return weighted(t, out, back, err)
		},
		"associativity": func(g *GRU, x []float32) (float64, func() []float32) {
			loss, back := Associativity(g.Binary, x[:4*d], x[4*d:8*d], x[8*d:12*d], d)
			return 10 * loss, func() []float32 {
				da, db, dc := back(10)
				return slices.Concat(da, db, dc, make([]float32, 2*d))
			}
		},
	} {
		g := cell(t, d, 9)
		x := normal(rng, 14*d)
		g.Input.ZeroGradient()
		g.State.ZeroGradient()
		_, back := f(g, x)
		dx := back()
		for what, p := range map[string][2][]float32{
			"x": {x, dx}, "input": {g.Input.W, g.Input.DW}, "input bias": {g.Input.B, g.Input.DB},
			"state": {g.State.W, g.State.DW}, "state bias": {g.State.B, g.State.DB},
		} {
			for i := range p[0] {
				was := p[0][i]
				p[0][i] = was + h
				up, _ := f(g, x)
				p[0][i] = was - h
				down, _ := f(g, x)
				p[0][i] = was
				if want := (up - down) / (2 * h); math.Abs(float64(p[1][i])-want) > 2e-3*(1+math.Abs(want)) {
					t.Errorf("%s: gradient %d of %s is %v, by differences %v", name, i, what, p[1][i], want)
				}
			}
		}
	}
}

// weighted makes a number of a result, and the way back from it.
func weighted(t *testing.T, out []float32, back Back, err error) (float64, func() []float32) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	w := normal(random.New(10, 0), len(out))
	sum := 0.
	for i, v := range out {
		sum += float64(v) * float64(w[i])
	}
	return sum, func() []float32 { return back(w) }
}

func TestAssociativityOfSumsIsNone(t *testing.T) {
	rng := random.New(11, 0)
	loss, _ := Associativity(plus, normal(rng, 30), normal(rng, 30), normal(rng, 30), 3)
	if loss > 1e-10 {
		t.Errorf("loss %v of sums", loss)
	}
	g := cell(t, 3, 12)
	if loss, _ := Associativity(g.Binary, normal(rng, 30), normal(rng, 30), normal(rng, 30), 3); loss < 1e-3 {
		t.Errorf("loss %v of an untrained operator", loss)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		x     int
		d     int
		sizes []int
	}{{5, 2, []int{2}}, {4, 2, []int{3, -1}}, {4, 2, []int{1}}, {0, 0, nil}} {
		if _, _, err := Fold(plus, make([]float32, c.x), c.d, c.sizes); err == nil {
			t.Errorf("fold of %+v: no error", c)
		}
		if _, _, err := Recurrent(plus, make([]float32, c.x), c.d, c.sizes); err == nil {
			t.Errorf("recurrent of %+v: no error", c)
		}
	}
	if _, err := NewGRU(0, random.New(1, 0)); err == nil {
		t.Error("a cell of no dimension: no error")
	}
}

// The papers that two readers liked, as vectors, become a vector for each reader.
func ExampleFold() {
	g, err := NewGRU(2, random.New(1, 12))
	if err != nil {
		fmt.Println(err)
		return
	}
	liked := []float32{
		1, 0, 0, 1, 1, 1, // three papers of the first
		1, 0, // one of the second
	}
	tastes, _, err := Fold(g.Binary, liked, 2, []int{3, 1})
	fmt.Println(len(tastes)/2, "tastes; the second is", tastes[2:], err)
	// Output: 2 tastes; the second is [1 0] <nil>
}
