package unified

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/random"
)

func table(t testing.TB, c Config) *Table {
	t.Helper()
	x, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// With a hash without collisions the table is an ordinary one.
func TestPerfectHashIsAFullTable(t *testing.T) {
	vocab := []int{3, 1, 5}
	x := table(t, Config{Rows: 9, Dim: 4, Features: make([]Feature, 3), Hash: Perfect(vocab)})
	first := []int{0, 3, 4}
	for a := range vocab[0] {
		for c := range vocab[2] {
			out := make([]float32, x.Width())
			if err := x.Lookup([][]uint64{{uint64(a), 0, uint64(c)}}, out); err != nil {
				t.Fatal(err)
			}
			var want []float32
			for f, v := range []int{a, 0, c} {
				r := first[f] + v
				want = append(want, x.E[r*4:(r+1)*4]...)
			}
			if !slices.Equal(out, want) {
				t.Fatalf("values %d, 0, %d: not the rows of a full table", a, c)
			}
		}
	}
}

func TestOneFeatureIsPlainHashing(t *testing.T) {
	const rows, dim = 11, 3
	x := table(t, Config{Rows: rows, Dim: dim, Features: []Feature{{Name: "word"}}, Seed: 5})
	hash := Shared(rows, 5)
	for v := range uint64(100) {
		out := make([]float32, dim)
		if err := x.Lookup([][]uint64{{v}}, out); err != nil {
			t.Fatal(err)
		}
		r := hash(0, 0, v)
		if !slices.Equal(out, x.E[r*dim:(r+1)*dim]) {
			t.Fatalf("value %d is not row %d", v, r)
		}
	}
}

// A row that two features hit gets the sum of their gradients, which is what
// differences of the loss say, and one step of Adam from it.
func TestGradientOfASharedRow(t *testing.T) {
	const dim = 3
	x := table(t, Config{Rows: 1, Dim: dim, Features: []Feature{{}, {Probes: 2}}, InitStd: 1, Seed: 2})
	values := [][]uint64{{7, 8}, {9, 8}}
	out := make([]float32, 2*x.Width())
	loss := func() float64 {
		if err := x.Lookup(values, out); err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, v := range out {
			sum += math.Sin(float64(i+1) * float64(v) / 5)
		}
		return sum
	}
	numeric := make([]float32, dim)
	for i := range numeric {
		const h = 1e-2
		was := x.E[i]
		x.E[i] = was + h
		up := loss()
		x.E[i] = was - h
		numeric[i] = float32((up - loss()) / (2 * h))
		x.E[i] = was
	}
	loss()
	want := slices.Clone(x.E)
	ref, err := adam.NewRows(want, dim, .1)
	if err != nil {
		t.Fatal(err)
	}
	total := make([]float32, dim)
	for step := range 3 { // later steps show the moments, the first only signs
		grad := make([]float32, len(out))
		loss()
		for i, v := range out {
			grad[i] = float32(float64(i+1) / 5 * math.Cos(float64(i+1)*float64(v)/5))
		}
		clear(total)
		for i, g := range grad {
			total[i%dim] += g
		}
		if step == 0 {
			for i := range total {
				if math.Abs(float64(total[i]-numeric[i])) > 1e-2 {
					t.Errorf("gradient %d is %v, by differences %v", i, total[i], numeric[i])
				}
			}
		}
		if err := x.Accumulate(values, grad); err != nil {
			t.Fatal(err)
		}
		x.Step(.1)
		ref.Add(0, 1, total)
		ref.Step()
	}
	for i := range want {
		if math.Abs(float64(x.E[i]-want[i])) > 1e-5 {
			t.Errorf("after three steps value %d is %v, want %v", i, x.E[i], want[i])
		}
	}
}

// The point of the paper: a single row serves two features exactly as long as
// their weights are orthogonal, and cannot when they are parallel.
func TestOrthogonalWeightsShareARow(t *testing.T) {
	for _, c := range []struct {
		theta [2][2]float32
		fits  bool
	}{
		{[2][2]float32{{.6, .8}, {-.8, .6}}, true},
		{[2][2]float32{{.6, .8}, {.6, .8}}, false},
	} {
		x := table(t, Config{Rows: 1, Dim: 2, Features: make([]Feature, 2), Seed: 1})
		want := [2]float32{1.5, -2}
		out, grad := make([]float32, 4), make([]float32, 4)
		var miss float64
		for range 2000 {
			if err := x.Lookup([][]uint64{{0, 0}}, out); err != nil {
				t.Fatal(err)
			}
			miss = 0
			for f, th := range c.theta {
				e := th[0]*out[2*f] + th[1]*out[2*f+1] - want[f]
				miss = max(miss, math.Abs(float64(e)))
				grad[2*f], grad[2*f+1] = e*th[0], e*th[1]
			}
			if err := x.Accumulate([][]uint64{{0, 0}}, grad); err != nil {
				t.Fatal(err)
			}
			x.Step(.01)
		}
		if fits := miss < 1e-3; fits != c.fits {
			t.Errorf("weights %v: largest error %v", c.theta, miss)
		}
	}
}

func TestMultiIsTheMean(t *testing.T) {
	x := table(t, Config{Rows: 50, Dim: 2, Features: []Feature{{Probes: 2}, {}}, Seed: 3})
	single := make([]float32, 3*x.Width())
	if err := x.Lookup([][]uint64{{1, 9}, {2, 9}, {3, 9}}, single); err != nil {
		t.Fatal(err)
	}
	multi := make([]float32, 2*x.Width())
	if err := x.LookupMulti([][][]uint64{{{1, 2, 3}, {9}}, {{}, {9}}}, multi); err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		want := (single[i] + single[6+i] + single[12+i]) / 3
		if math.Abs(float64(multi[i]-want)) > 1e-6 {
			t.Errorf("mean %d is %v, want %v", i, multi[i], want)
		}
	}
	if want := []float32{0, 0, 0, 0}; !slices.Equal(multi[6:10], want) {
		t.Errorf("no values give %v, want zeros", multi[6:10])
	}

	// Learning: three values with a third of the gradient each.
	y := table(t, Config{Rows: 50, Dim: 2, Features: []Feature{{Probes: 2}, {}}, Seed: 3})
	grad := []float32{3, -3, 6, -6, 9, -9}
	if err := x.AccumulateMulti([][][]uint64{{{1, 2, 3}, {9}}}, grad); err != nil {
		t.Fatal(err)
	}
	thirds := []float32{1, -1, 2, -2, 3, -3}
	if err := y.Accumulate([][]uint64{{1, 9}, {2, 9}, {3, 9}}, append(append(slices.Clone(thirds), thirds...), thirds...)); err != nil {
		t.Fatal(err)
	}
	x.Step(.1)
	y.Step(.1)
	for i := range x.E {
		if math.Abs(float64(x.E[i]-y.E[i])) > 1e-6 {
			t.Fatalf("value %d is %v, want %v", i, x.E[i], y.E[i])
		}
	}
}

func TestCollisions(t *testing.T) {
	vocab := []int{300, 200, 150}
	values := make([][]uint64, len(vocab))
	for f, n := range vocab {
		for v := range n {
			values[f] = append(values[f], uint64(v))
		}
	}
	c := Config{Rows: 101, Dim: 1, Features: []Feature{{Probes: 2}, {}, {}}}
	want, err := c.Expected(vocab)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]Collisions, len(vocab))
	const seeds = 50
	for s := range uint64(seeds) {
		c.Seed = s
		one, err := table(t, c).Collisions(values)
		if err != nil {
			t.Fatal(err)
		}
		for f, x := range one {
			got[f].Within += x.Within / seeds
			got[f].Between += x.Between / seeds
		}
	}
	for f := range want {
		if math.Abs(got[f].Within/want[f].Within-1) > .05 || math.Abs(got[f].Between/want[f].Between-1) > .05 {
			t.Errorf("feature %d: %+v, expected %+v", f, got[f], want[f])
		}
	}
}

func TestSeparateKeepsFeaturesApart(t *testing.T) {
	x := table(t, Config{Rows: 12, Dim: 1, Features: make([]Feature, 3), Hash: Separate([]int{5, 3, 4}, 1)})
	got, err := x.Collisions([][]uint64{{1, 2, 3, 4, 5, 6, 7}, {1, 2, 3, 4}, {1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	for f, c := range got {
		if c.Between != 0 {
			t.Errorf("feature %d meets %v of the others", f, c.Between)
		}
	}
}

func TestCosines(t *testing.T) {
	s, err := Cosines(mat.NewDense(2, 6, []float64{
		1, 0, 2, 0, 0, 3,
		0, 1, 1, 1, 0, -1,
	}), 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		s, t int
		want float64
	}{{0, 0, 1}, {0, 1, (1 + math.Sqrt(.5)) / 2}, {0, 2, .5}, {1, 2, math.Sqrt(.5) / 2}, {2, 1, math.Sqrt(.5) / 2}} {
		if got := s.At(c.s, c.t); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("|cos| of blocks %d and %d is %v, want %v", c.s, c.t, got, c.want)
		}
	}
	// Random blocks.
	const dim, blocks = 16, 60
	w := mat.NewDense(1, dim*blocks, nil)
	rng := random.New(4, 0)
	for i := range dim * blocks {
		w.Set(0, i, rng.NormFloat64())
	}
	if s, err = Cosines(w, dim); err != nil {
		t.Fatal(err)
	}
	mean := 0.0
	for i := range blocks {
		for j := range i {
			mean += s.At(i, j) / (blocks * (blocks - 1) / 2)
		}
	}
	if want := math.Sqrt(2 / (math.Pi * dim)); math.Abs(mean-want) > .015 {
		t.Errorf("mean |cos| of random blocks is %v, want about %v", mean, want)
	}
}

func TestErrors(t *testing.T) {
	one := []Feature{{}}
	for _, c := range []Config{
		{Rows: 0, Dim: 1, Features: one}, {Rows: 1, Dim: 0, Features: one}, {Rows: 1, Dim: 1},
		{Rows: 1, Dim: 1, Features: []Feature{{Probes: 65}}}, {Rows: 1, Dim: 1, Features: []Feature{{Probes: -1}}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
	x := table(t, Config{Rows: 3, Dim: 2, Features: make([]Feature, 2)})
	for _, err := range []error{
		x.Lookup([][]uint64{{1}}, make([]float32, 4)),
		x.Lookup([][]uint64{{1, 2}}, make([]float32, 3)),
		x.Accumulate([][]uint64{{1, 2, 3}}, make([]float32, 4)),
		x.LookupMulti([][][]uint64{{{1}}}, make([]float32, 4)),
		x.AccumulateMulti([][][]uint64{{{1}, {2}}}, make([]float32, 5)),
	} {
		if err == nil {
			t.Error("a bad shape: no error")
		}
	}
	if _, err := x.Collisions(nil); err == nil {
		t.Error("collisions without vocabularies: no error")
	}
	if _, err := x.Expected([]int{1}); err == nil {
		t.Error("expected collisions of one vocabulary for two features: no error")
	}
	if _, err := Cosines(mat.NewDense(1, 3, nil), 2); err == nil {
		t.Error("ragged blocks: no error")
	}
}

func ExampleTable() {
	t, err := New(Config{
		Rows: 1 << 10, Dim: 8, Seed: 1,
		Features: []Feature{{Name: "author", Probes: 2}, {Name: "category"}},
	})
	if err != nil {
		panic(err)
	}
	papers := [][]uint64{
		{HashString("Ada Lovelace"), HashString("cs.LG")},
		{HashString("Ada Lovelace"), HashString("math.NA")},
	}
	x := make([]float32, len(papers)*t.Width())
	if err := t.Lookup(papers, x); err != nil {
		panic(err)
	}
	fmt.Println(t.Width(), slices.Equal(x[:16], x[24:40]), slices.Equal(x[16:24], x[40:]))
	// Output: 24 true false
}

// BenchmarkStep has a step of the shared table (2 probes for half of the
// features) beside that of a full table, for batches of 512 with 8 features.
func BenchmarkStep(b *testing.B) {
	vocab := []int{943, 1682, 14, 2, 21, 795, 72, 216}
	rng := random.New(1, 0)
	values := make([][]uint64, 512)
	for i := range values {
		for _, n := range vocab {
			values[i] = append(values[i], uint64(rng.IntN(n)))
		}
	}
	for _, c := range []struct {
		name string
		Config
	}{
		{"unified", Config{Rows: 374, Dim: 16, Features: []Feature{{Probes: 2}, {Probes: 2}, {}, {}, {}, {Probes: 2}, {}, {Probes: 2}}}},
		{"full", Config{Rows: 3745, Dim: 16, Features: make([]Feature, 8), Hash: Perfect(vocab)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			t := table(b, c.Config)
			x, grad := make([]float32, len(values)*t.Width()), make([]float32, len(values)*t.Width())
			random.Normal(rng, grad, 1)
			b.ReportAllocs()
			for b.Loop() {
				if err := t.Lookup(values, x); err != nil {
					b.Fatal(err)
				}
				if err := t.Accumulate(values, grad); err != nil {
					b.Fatal(err)
				}
				t.Step(.001)
			}
			b.ReportMetric(float64(t.Bytes()), "table-bytes")
		})
	}
}
