package ngcf

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/rec"
)

// someInteractions are random ones; the last item is nobody's.
func someInteractions(users, items, each int, seed uint64) rec.Interactions {
	rng := random.New(seed, 1)
	x := rec.Interactions{Users: users, Items: items}
	for u := range users {
		for _, i := range random.Sample(rng, items-1, each) {
			x.Pairs = append(x.Pairs, [2]int32{int32(u), int32(i)})
		}
	}
	return x
}

func someNet(t *testing.T, x rec.Interactions, c Config) (*net, *rand.Rand) {
	t.Helper()
	n, err := newNet(x, c)
	if err != nil {
		t.Fatal(err)
	}
	rng := random.New(c.Seed, stream)
	n.init(rng)
	return n, rng
}

func near(t *testing.T, what string, got, want []float32, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(float64(got[i]-want[i])) <= tol) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func TestRowNormSelf(t *testing.T) {
	x := someInteractions(7, 9, 3, 1)
	l, err := RowNormSelf(x)
	if err != nil {
		t.Fatal(err)
	}
	for v := range l.Rows {
		_, vals := l.Row(v)
		sum := 0.0
		for _, a := range vals {
			sum += float64(a)
		}
		if math.Abs(sum-1) > 1e-6 {
			t.Errorf("row %d sums to %v", v, sum)
		}
	}
	// A node without neighbours keeps what it has.
	cols, vals := l.Row(l.Rows - 1)
	if len(cols) != 1 || int(cols[0]) != l.Rows-1 || vals[0] != 1 {
		t.Errorf("row of the lonely item: %v %v", cols, vals)
	}
}

func TestSymNormIsSymmetric(t *testing.T) {
	l, err := SymNorm(someInteractions(7, 9, 3, 1))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(l, l.T()) {
		t.Error("the transpose differs")
	}
}

// With W1 = I, W2 = 0 and no rectifier, the paper's layer is a power of L + I.
func TestPaperIsAPower(t *testing.T) {
	const d, k = 3, 3
	x := someInteractions(7, 9, 3, 1)
	n, _ := someNet(t, x, Config{Variant: Paper, Dim: d, Layers: k})
	n.slope = 1
	for _, l := range n.layers {
		clear(l.w1)
		clear(l.w2)
		for i := range d {
			l.w1[i*d+i] = 1
		}
	}
	n.forward(nil)
	want := append([]float32(nil), n.w[:n.nodes*d]...)
	next := make([]float32, len(want))
	for range k {
		n.graph.Mul(next, want, d)
		for i := range want {
			want[i] += next[i]
		}
	}
	near(t, "E^K", n.layers[k-1].e, want, 1e-5)
}

// LightGCN's final vectors are the mean of the powers of L on E^0.
func TestLightGCNIsAMeanOfPowers(t *testing.T) {
	const d, k = 3, 2
	n, _ := someNet(t, someInteractions(7, 9, 3, 1), Config{Variant: LightGCN, Dim: d, Layers: k})
	n.forward(nil)
	e := append([]float32(nil), n.w...)
	want := make([]float32, len(e))
	for i := range k + 1 {
		if i > 0 {
			next := make([]float32, len(e))
			n.graph.Mul(next, e, d)
			e = next
		}
		for j, v := range e {
			want[j] += v / (k + 1)
		}
	}
	near(t, "final", n.final, want, 1e-6)
}

// Renumbering users and items renumbers the vectors and changes nothing else.
func TestPermutationEquivariance(t *testing.T) {
	const d = 4
	x := someInteractions(8, 10, 3, 2)
	rng := random.New(3, 1)
	pu, pi := rng.Perm(x.Users), rng.Perm(x.Items)
	y := rec.Interactions{Users: x.Users, Items: x.Items}
	for _, p := range x.Pairs {
		y.Pairs = append(y.Pairs, [2]int32{int32(pu[p[0]]), int32(pi[p[1]])})
	}
	node := func(v int) int {
		if v < x.Users {
			return pu[v]
		}
		return x.Users + pi[v-x.Users]
	}
	for _, variant := range []Variant{Code, Paper, LightGCN} {
		a, _ := someNet(t, x, Config{Variant: variant, Dim: d, Layers: 2})
		b, _ := someNet(t, y, Config{Variant: variant, Dim: d, Layers: 2})
		copy(b.w, a.w)
		for v := range a.nodes {
			copy(b.w[node(v)*d:(node(v)+1)*d], a.w[v*d:(v+1)*d])
		}
		a.forward(nil)
		b.forward(nil)
		for v := range a.nodes {
			near(t, "permuted", b.final[node(v)*a.width:(node(v)+1)*a.width], a.final[v*a.width:(v+1)*a.width], 1e-6)
		}
	}
}

// A gradient along a random direction agrees with the difference of losses, for
// every variant, with both dropouts (drawn alike each time).
func TestGradients(t *testing.T) {
	x := someInteractions(6, 8, 3, 4)
	batch := []triple{{0, 6, 7}, {1, 8, 9}, {0, 10, 13}, {5, 6, 6 + 7}}
	for _, variant := range []Variant{Code, Paper, LightGCN} {
		for _, drop := range []float64{0, .3} {
			for layers := range 4 {
				c := Config{Variant: variant, Dim: 5, Layers: layers, Reg: .1, Dropout: drop, EdgeDropout: drop}
				n, rng := someNet(t, x, c)
				random.Normal(rng, n.w, .7)
				loss := func() float64 { return n.step(batch, random.New(9, 9)) }
				loss()
				g := append([]float32(nil), n.g...)
				w := append([]float32(nil), n.w...)
				dir := make([]float32, len(w))
				for trial := range 4 {
					random.Normal(rng, dir, 1)
					const h = 1e-3
					var l [2]float64
					for side, s := range []float32{h, -h} {
						for i := range w {
							n.w[i] = w[i] + s*dir[i]
						}
						l[side] = loss()
					}
					got, want := 0.0, (l[0]-l[1])/(2*h)
					for i := range g {
						got += float64(g[i]) * float64(dir[i])
					}
					// A rectifier's kink within the step costs some accuracy.
					if math.Abs(got-want) > .02*max(1, math.Abs(want)) {
						t.Errorf("variant %d, %d layers, dropout %v, trial %d: %v along the gradient, %v by differences", variant, layers, drop, trial, got, want)
					}
				}
			}
		}
	}
}

// Equal scores cost ln 2.
func TestLossOfEqualScores(t *testing.T) {
	n, rng := someNet(t, someInteractions(6, 8, 3, 4), Config{Dim: 4, Layers: 2})
	clear(n.w)
	if got := n.step([]triple{{0, 6, 7}}, rng); math.Abs(got-math.Ln2) > 1e-7 {
		t.Errorf("loss %v, want ln 2", got)
	}
	if got := softplus(1e4); got != 1e4 {
		t.Errorf("softplus(1e4) = %v", got)
	}
	if got := softplus(-1e4); got != 0 {
		t.Errorf("softplus(-1e4) = %v", got)
	}
}

// Without layers every variant is matrix factorisation with BPR, as written
// from its definition in plainMF.
func TestNoLayersIsMatrixFactorisation(t *testing.T) {
	x := someInteractions(12, 15, 4, 5)
	c := Config{Dim: 4, LR: .05, Reg: .01, Batch: 10, Epochs: 3, Seed: 1}
	want := plainMF(x, c)
	for _, variant := range []Variant{Code, Paper, LightGCN} {
		c.Variant = variant
		m, err := Fit(t.Context(), x, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "vectors", append(m.User, m.Item...), want, 1e-5)
	}
}

// plainMF is matrix factorisation with BPR, and draws as Fit does.
func plainMF(x rec.Interactions, c Config) []float32 {
	rng := random.New(c.Seed, stream)
	d := c.Dim
	e, g := make([]float32, (x.Users+x.Items)*d), make([]float32, (x.Users+x.Items)*d)
	au, ai := math.Sqrt(6/float64(x.Users+d)), math.Sqrt(6/float64(x.Items+d))
	random.Uniform(rng, e[:x.Users*d], -au, au)
	random.Uniform(rng, e[x.Users*d:], -ai, ai)
	opt := adam.New(len(e), c.LR)
	order := make([]int, len(x.Pairs))
	for i := range order {
		order[i] = i
	}
	lists := x.ByUser()
	for range c.Epochs {
		rng.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
		for lo := 0; lo < len(order); lo += c.Batch {
			batch := order[lo:min(lo+c.Batch, len(order))]
			b := float64(len(batch))
			clear(g)
			for _, p := range batch {
				u, i := int(x.Pairs[p][0]), x.Users+int(x.Pairs[p][1])
				j := rng.IntN(x.Items)
				for has(lists[u], int32(j)) {
					j = rng.IntN(x.Items)
				}
				j += x.Users
				diff := 0.0
				for k := range d {
					diff += float64(e[u*d+k]) * float64(e[i*d+k]-e[j*d+k])
				}
				s := -1 / (1 + math.Exp(diff)) / b
				for k := range d {
					eu, ei, ej := float64(e[u*d+k]), float64(e[i*d+k]), float64(e[j*d+k])
					g[u*d+k] += float32(s*(ei-ej) + c.Reg/b*eu)
					g[i*d+k] += float32(s*eu + c.Reg/b*ei)
					g[j*d+k] += float32(-s*eu + c.Reg/b*ej)
				}
			}
			opt.Step(e, g)
		}
	}
	return e
}

// The same seed gives the same vectors, to the last bit.
func TestDeterministic(t *testing.T) {
	x := someInteractions(300, 200, 5, 6)
	c := Config{Dim: 8, Layers: 2, LR: .01, Dropout: .1, EdgeDropout: .1, Batch: 256, Epochs: 2, Seed: 3}
	a, err := Fit(t.Context(), x, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Fit(t.Context(), x, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Error("two runs differ")
	}
}

func TestDropout(t *testing.T) {
	keep := make([]float32, 100_003)
	dropout(random.New(1, 1), keep, .25)
	sum := 0.0
	for _, k := range keep {
		if k != 0 && math.Abs(float64(k)-4./3) > 1e-4 {
			t.Fatalf("factor %v", k)
		}
		sum += float64(k)
	}
	if mean := sum / float64(len(keep)); math.Abs(mean-1) > .01 {
		t.Errorf("mean factor %v, want 1", mean)
	}
}

func TestErrors(t *testing.T) {
	x := someInteractions(4, 6, 2, 1)
	good := Config{Dim: 2, LR: .1, Batch: 4, Epochs: 1}
	with := func(f func(*Config)) Config { c := good; f(&c); return c }
	for name, c := range map[string]Config{
		"variant": with(func(c *Config) { c.Variant = 7 }),
		"dim":     with(func(c *Config) { c.Dim = 0 }),
		"layers":  with(func(c *Config) { c.Layers = -1 }),
		"rate":    with(func(c *Config) { c.LR = math.NaN() }),
		"dropout": with(func(c *Config) { c.Dropout = 1 }),
		"graph":   with(func(c *Config) { c.Layers, c.Graph = 1, [][2]int32{{0, 6}} }),
	} {
		if _, err := Fit(t.Context(), x, c, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, y := range map[string]rec.Interactions{
		"none":         {Users: 1, Items: 1},
		"out of range": {Users: 1, Items: 1, Pairs: [][2]int32{{0, 1}}},
		"all chosen":   {Users: 1, Items: 1, Pairs: [][2]int32{{0, 0}}},
	} {
		if _, err := Fit(t.Context(), y, good, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fit(ctx, x, good, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
	m, err := Fit(t.Context(), x, good, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Recommend(4, nil, 3); err == nil {
		t.Error("an unknown user: no error")
	}
}
