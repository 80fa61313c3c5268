package vecstore

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// all are the ids of a table.
func all(n int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(i)
	}
	return ids
}

func TestCompoWithQuotientsOfOneIsTheHash(t *testing.T) {
	s := spec()
	c, err := newQuotientRemainder(s, 30)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.q.w {
		c.q.w[i] = 1
	}
	out := make([]float32, s.Dim)
	for _, x := range all(s.Rows) {
		c.rows([]int32{x}, out)
		if !slices.Equal(out, c.r.row(x%30)) {
			t.Fatalf("row %d is %v, want %v", x, out, c.r.row(x%30))
		}
	}
	// With as many remainders as rows, that is any table.
	if c, err = newQuotientRemainder(s, s.Rows); err != nil {
		t.Fatal(err)
	}
	if len(c.q.w) != s.Dim || len(c.r.w) != s.Rows*s.Dim {
		t.Errorf("%d quotients and %d remainders", len(c.q.w), len(c.r.w))
	}
}

// At full rank the cores can hold any table: those of its decomposition by two
// singular value decompositions do.
func TestTensorTrainHoldsAnyTable(t *testing.T) {
	s := Spec{Rows: 24, Dim: 8, Budget: 1, InitStd: .1}
	n, d := ttShape(s.Rows, s.Dim)
	if n != [3]int{3, 3, 3} || d != [3]int{2, 2, 2} {
		t.Fatalf("shapes %v and %v", n, d)
	}
	r := 12
	tt, err := newTrain(s, n, d, r)
	if err != nil {
		t.Fatal(err)
	}
	table := make([]float32, 27*s.Dim)
	random.Normal(random.New(1, 1), table, 1)
	at := func(i0, i1, i2, j0, j1, j2 int) float64 {
		return float64(table[(i0+3*(i1+3*i2))*8+(j0*2+j1)*2+j2])
	}
	// Unfold as (i0 j0) x (i1 j1 i2 j2), then as (r i1 j1) x (i2 j2).
	a := mat.NewDense(6, 36, nil)
	for i := range 6 {
		for j := range 36 {
			a.Set(i, j, at(i/2, j/12, j%6/2, i%2, j/6%2, j%2))
		}
	}
	u, rest := factor(t, a, 6)
	b := mat.NewDense(6*6, 6, nil)
	for k := range 6 {
		for j := range 36 {
			b.Set(k*6+j/6, j%6, rest.At(k, j))
		}
	}
	v, w := factor(t, b, 6)
	for _, m := range tt.core {
		clear(m.w)
	}
	for i := range 3 {
		for k := range 6 {
			for j := range 2 {
				tt.core[0].row(int32(i))[j*r+k] = float32(u.At(i*2+j, k))
				for l := range 6 { // G1[i] as r x (d1 r)
					tt.core[1].row(int32(i))[k*2*r+j*r+l] = float32(v.At(k*6+i*2+j, l))
				}
				tt.core[2].row(int32(i))[k*2+j] = float32(w.At(k, i*2+j))
			}
		}
	}
	out := make([]float32, 24*8)
	tt.rows(all(24), out)
	for i, x := range out {
		if math.Abs(float64(x-table[i])) > 1e-5 {
			t.Fatalf("value %d is %v, want %v", i, x, table[i])
		}
	}
}

// factor returns a = u w with k columns of u.
func factor(t *testing.T, a *mat.Dense, k int) (u, w *mat.Dense) {
	t.Helper()
	var svd mat.SVD
	if !svd.Factorize(a, mat.SVDThin) {
		t.Fatal("no decomposition")
	}
	var uu, vv mat.Dense
	svd.UTo(&uu)
	svd.VTo(&vv)
	m, n := a.Dims()
	u, w = mat.NewDense(m, k, nil), mat.NewDense(k, n, nil)
	for i, s := range svd.Values(nil) {
		for r := range m {
			u.Set(r, i, uu.At(r, i))
		}
		for c := range n {
			w.Set(i, c, s*vv.At(c, i))
		}
	}
	return u, w
}

func TestMDE(t *testing.T) {
	s := spec()
	s.Budget = 1
	sc, err := newMDE(s)
	if err != nil {
		t.Fatal(err)
	}
	// At full size every field has all dimensions, which is the plain table.
	for f, e := range sc.(*mixed).e {
		if e.dim != s.Dim || sc.(*mixed).p[f] != nil {
			t.Errorf("field %d has %d dimensions at full size", f, e.dim)
		}
	}
	s.Budget = .3
	if sc, err = newMDE(s); err != nil {
		t.Fatal(err)
	}
	last := s.Dim
	for f, e := range sc.(*mixed).e { // fields are in the order of their sizes
		if e.dim > last || f == 0 && e.dim != s.Dim {
			t.Errorf("field %d has %d dimensions, the smaller one before it %d", f, e.dim, last)
		}
		last = e.dim
	}
}

func TestRobe(t *testing.T) {
	s := spec()
	for _, runs := range []int{1, 4, 8} {
		a, err := newRuns(s, runs)
		if err != nil {
			t.Fatal(err)
		}
		b, err := newRuns(s, runs)
		if err != nil {
			t.Fatal(err)
		}
		sum, n := 0., 0
		for x := range int32(5000) { // ids need not be those of the table
			var places []int
			a.each(x, func(_, at int, sign float32) {
				places = append(places, at)
				sum += float64(sign)
				n++
			})
			b.each(x, func(k, at int, _ float32) {
				if places[k] != at {
					t.Fatalf("two tables of a seed differ")
				}
			})
			for k, at := range places {
				if at < 0 || at >= s.floats() {
					t.Fatalf("place %d in %d numbers", at, s.floats())
				}
				// Within a run, numbers are neighbours, but for the two ends.
				if k%a.w > 0 && at != places[k-1]+1 && at != 0 && x < 100 {
					t.Fatalf("row %d, number %d is at %d, after %d", x, k, at, places[k-1])
				}
			}
		}
		if m := sum / float64(n); math.Abs(m) > .02 {
			t.Errorf("the mean sign is %v", m)
		}
	}
}

func TestMergeRows(t *testing.T) {
	// Ten rows of which there are three each, almost.
	w := make([]float32, 30*4)
	random.Normal(random.New(1, 1), w[:40], 1)
	for i := 10; i < 30; i++ {
		copy(w[i*4:(i+1)*4], w[i%10*4:])
		w[i*4] += .003
	}
	kept, to := mergeRows(w, 4, 10, .01, .7)
	if len(kept) != 10 {
		t.Fatalf("%d rows are kept, want 10", len(kept))
	}
	for i := range 30 {
		if kept[to[i]]%10 != int32(i%10) {
			t.Errorf("row %d became row %d", i, kept[to[i]])
		}
	}
	if kept, _ = mergeRows(w, 4, 3, .01, .7); len(kept) > 3 {
		t.Errorf("%d rows are kept, want at most 3", len(kept))
	}
	if kept, to = mergeRows(w, 4, 30, .01, .7); len(kept) != 30 || kept[to[17]] != 17 {
		t.Errorf("%d rows are kept with room for all", len(kept))
	}
}

// With a code for each different row, nothing is lost.
func TestCodebooksHoldFewRows(t *testing.T) {
	s := Spec{Rows: 40, Dim: 8, Budget: 1, InitStd: .1}
	m, err := newCodebooks(s, 2, 16, 4, []int32{0, 1, 2, 3, 4, 5, 6, 7})
	if err != nil {
		t.Fatal(err)
	}
	for x := range int32(40) {
		code := x % 16
		if x >= 8 {
			code = x % 4
		}
		for p, b := range m.books {
			copy(m.e.row(x)[p*4:(p+1)*4], b.row(code))
		}
	}
	r, size := m.store()
	out := make([]float32, 8)
	for x := range int32(40) {
		r.rows([]int32{x}, out)
		if !slices.Equal(out, m.e.row(x)) {
			t.Errorf("row %d is %v, want %v", x, out, m.e.row(x))
		}
	}
	// 8 ids of 2 x 4 bits and 32 of 2 x 2 bits, in words, and 2 books of 16 x 4.
	if want := 8 + 16 + 4*2*16*4; size.Values != want {
		t.Errorf("%d bytes of values, want %d", size.Values, want)
	}
}

func TestRandomRoundingIsRightOnAverage(t *testing.T) {
	rng := random.New(1, 1)
	const s, n = .01, 100_000
	sum := 0.
	for range n {
		sum += float64(round[int8](.3*s, s, rng)) * s
	}
	if mean := sum / n; math.Abs(mean-.3*s) > .01*s {
		t.Errorf("mean %v, want %v", mean, .3*s)
	}
	for _, c := range []struct {
		v    float32
		want int8
	}{{1e9, 127}, {-1e9, -128}, {.014, 1}, {-.016, -2}, {0, 0}} {
		if got := round[int8](c.v, s, nil); got != c.want {
			t.Errorf("%v becomes %d, want %d", c.v, got, c.want)
		}
	}
}

// Between the jumps of the rounding, the gradient of a step is that of
// s round(e/s) with the straight-through gradient: d/ds [s (q + r)] for the
// residue r = round(q) - q, which is held fixed.
func TestStepGradient(t *testing.T) {
	e := []float32{.123, -.048, .5, -3, .0007}
	g := []float32{1, -2, .5, .25, 3}
	const s = .02
	at := func(step float32) float64 {
		sum := 0.
		for j, v := range e {
			q := v / s
			r := float32(round[int8](v, s, nil))
			if c := clamp[int8](q); c != q {
				sum += float64(g[j] * c * step)
				continue
			}
			// e stays what it is: only the residue moves with the step.
			sum += float64(g[j] * (v + (r-q)*step))
		}
		return sum
	}
	const h = 1e-3
	want := (at(s+h) - at(s-h)) / (2 * h)
	if got := float64(stepGradient(e, g, s)); math.Abs(got-want) > 1e-3*math.Abs(want) {
		t.Errorf("gradient %v, want %v", got, want)
	}
}

func TestPrune(t *testing.T) {
	w := []float32{3, -1, 1, 1, 0, -5, .5}
	for n, zeros := range map[int]int{0: 1, 1: 1, 2: 2, 4: 4, 5: 5, 7: 7} {
		got := slices.Clone(w)
		prune(got, n)
		count := 0
		for _, v := range got {
			if v == 0 {
				count++
			}
		}
		if count != zeros {
			t.Errorf("%d pruned: %v", n, got)
		}
		if n == 5 && (got[0] != 3 || got[5] != -5) {
			t.Errorf("not the smallest went: %v", got)
		}
	}
}

func TestDeepLightEndsAtItsShare(t *testing.T) {
	s := spec()
	s.Budget, s.Steps = .1, 200
	sc, err := newDeepLight(s)
	if err != nil {
		t.Fatal(err)
	}
	ids := all(s.Rows)
	grad := make([]float32, s.Rows*s.Dim)
	rng := random.New(1, 1)
	for range s.Steps {
		random.Normal(rng, grad, 1)
		sc.learn(ids, grad, 1e-3)
	}
	zeros := 0
	for _, v := range sc.(*deepLight).w {
		if v == 0 {
			zeros++
		}
	}
	if share := float64(zeros) / float64(len(grad)); math.Abs(share-.9) > 1e-3 {
		t.Errorf("%.4f of the values are 0 at the end, want .9", share)
	}
}

func TestSparseRows(t *testing.T) {
	w := make([]float32, 700*5)
	rng := random.New(2, 2)
	for i := range w {
		if rng.IntN(7) == 0 {
			w[i] = rng.Float32()
		}
	}
	r, size := newSparseRows(w, 5)
	out := make([]float32, 5)
	values := 0
	for x := range 700 {
		r.rows([]int32{int32(x)}, out)
		if !slices.Equal(out, w[x*5:(x+1)*5]) {
			t.Fatalf("row %d is %v, want %v", x, out, w[x*5:(x+1)*5])
		}
		for _, v := range out {
			if v != 0 {
				values++
			}
		}
	}
	if size.Values != 4*values {
		t.Errorf("%d bytes for %d values", size.Values, values)
	}
}

func TestPackedAndBitset(t *testing.T) {
	rng := random.New(3, 3)
	for width := 1; width <= 16; width++ {
		p := newPacked(300, width)
		var want []uint64
		for i := range 300 {
			v := rng.Uint64N(1 << width)
			p.set(i, v)
			want = append(want, v)
		}
		for i, v := range want {
			if p.get(i) != v {
				t.Fatalf("width %d: number %d is %d, want %d", width, i, p.get(i), v)
			}
		}
	}
	in := make([]bool, 2000)
	for i := range in {
		in[i] = rng.IntN(3) == 0
	}
	s := newBitset(len(in), func(i int) bool { return in[i] })
	rank := 0
	for i, has := range in {
		if s.has(i) != has || s.rank(i) != rank {
			t.Fatalf("%d: in the set %v, %d below; want %v, %d", i, s.has(i), s.rank(i), has, rank)
		}
		if has {
			rank++
		}
	}
	if s.count != rank {
		t.Errorf("count %d, want %d", s.count, rank)
	}
}

// What DHE keeps, its norms folded into the layers, gives the rows of its
// running means and deviations.
func TestDeepHashFolds(t *testing.T) {
	s := spec()
	s.Budget = .9
	sc, err := newDeepHash(s)
	if err != nil {
		t.Fatal(err)
	}
	d := sc.(*deepHash)
	ids := all(200)
	out := make([]float32, len(ids)*s.Dim)
	d.rows(ids, out)
	grad := make([]float32, len(out))
	random.Normal(random.New(4, 4), grad, 1)
	d.learn(ids, grad, .01)
	// One batch over and over: the running values become its own.
	for range 200 {
		_, acts := d.forward(ids)
		for k, a := range acts {
			d.norms[k].follow(a.mean, a.variance)
		}
	}
	d.rows(ids, out)
	r, _ := d.store()
	got := make([]float32, len(out))
	r.rows(ids, got)
	for i, v := range got {
		if math.Abs(float64(v-out[i])) > 1e-4 {
			t.Fatalf("number %d is %v, want %v", i, v, out[i])
		}
	}
}

func TestMish(t *testing.T) {
	for _, z := range []float64{-30, -5, -1, -.1, 0, .3, 2, 10, 25} {
		f, der := mish(float32(z))
		want := z * math.Tanh(math.Log1p(math.Exp(z)))
		if math.Abs(float64(f)-want) > 1e-5*(1+math.Abs(want)) {
			t.Errorf("f(%v) = %v, want %v", z, f, want)
		}
		at := func(z float64) float64 { return z * math.Tanh(math.Log1p(math.Exp(z))) }
		if slope := (at(z+1e-5) - at(z-1e-5)) / 2e-5; math.Abs(float64(der)-slope) > 1e-4 {
			t.Errorf("f'(%v) = %v, want %v", z, der, slope)
		}
	}
}

// The gradients of the network are those of finite differences in size, too.
func TestDeepHashGradients(t *testing.T) {
	s := Spec{Rows: 400, Dim: 8, Budget: .9, InitStd: .05}
	sc, err := newDeepHash(s)
	if err != nil {
		t.Fatal(err)
	}
	d := sc.(*deepHash)
	ids := all(50)
	weights := make([]float32, len(ids)*s.Dim)
	random.Normal(random.New(5, 5), weights, 1)
	loss := func() float64 {
		rows, _ := d.forward(ids)
		sum := 0.
		for i, v := range rows {
			sum += float64(v) * float64(weights[i])
		}
		return sum
	}
	d.rows(ids, make([]float32, len(weights)))
	d.backward(weights)
	for _, c := range []struct {
		name string
		p, g []float32
	}{
		{"W1", d.layers[0].W, d.layers[0].DW},
		{"W2", d.layers[1].W, d.layers[1].DW},
		{"W3", d.layers[2].W, d.layers[2].DW},
		{"b3", d.layers[2].B, d.layers[2].DB},
		{"gamma1", d.norms[0].gamma.p, d.norms[0].gamma.g},
		{"beta1", d.norms[0].beta.p, d.norms[0].beta.g},
		{"gamma2", d.norms[1].gamma.p, d.norms[1].gamma.g},
	} {
		for i := 0; i < len(c.p); i += 1 + len(c.p)/20 {
			want := difference(&c.p[i], 1e-2, loss)
			if got := float64(c.g[i]); math.Abs(got-want) > .02*(1+math.Abs(want)) {
				t.Errorf("%s, %d: gradient %v, want %v", c.name, i, got, want)
			}
		}
	}
}
