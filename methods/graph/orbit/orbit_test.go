package orbit

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/graph"
	"github.com/offprint/offprint/methods/random"
)

func newGraph(t testing.TB, n int, edges [][2]int32) *graph.Graph {
	t.Helper()
	g, err := graph.New(n, edges)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// someGraph joins each two nodes with the same probability.
func someGraph(t testing.TB, n int, density float64, seed uint64) *graph.Graph {
	rng := random.New(seed, 52)
	var edges [][2]int32
	for u := range int32(n) {
		for v := range u {
			if rng.Float64() < density {
				edges = append(edges, [2]int32{u, v})
			}
		}
	}
	return newGraph(t, n, edges)
}

func counted(t testing.TB, g *graph.Graph) *Counts {
	t.Helper()
	c, err := Count(t.Context(), g, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func matrix(t testing.TB, c *Counts, p Pair) *Matrix {
	t.Helper()
	m, err := c.Matrix(p)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPairs(t *testing.T) {
	hops := map[int]int{}
	names := map[string]bool{}
	for _, p := range Pairs() {
		hops[p.Hop]++
		names[p.String()] = true
	}
	if hops[1] != 19 || hops[2] != 8 || hops[3] != 1 || len(names) != 28 {
		t.Errorf("pairs by hops %v, names %v", hops, names)
	}
}

// Every matrix is what looking at all sets of nodes gives.
func TestCountIsEnumeration(t *testing.T) {
	for seed := range uint64(60) {
		rng := random.New(seed, 1)
		n := 5 + rng.IntN(8)
		g := someGraph(t, n, .15+.65*rng.Float64(), seed)
		want, err := Enumerate(g)
		if err != nil {
			t.Fatal(err)
		}
		c := counted(t, g)
		if len(want) != 28 {
			t.Fatalf("enumeration found %d pairs of orbits", len(want))
		}
		for p, w := range want {
			m := matrix(t, c, p)
			for u := range n {
				for v := range n {
					if got := m.At(u, v); got != w[u][v] {
						t.Fatalf("seed %d: %s(%d, %d) is %d, want %d", seed, p, u, v, got, w[u][v])
					}
				}
			}
		}
	}
}

// Row sums are linked on any graph, and divide without remainder.
func TestRowSums(t *testing.T) {
	c := counted(t, someGraph(t, 300, .04, 7))
	same := func(a, b Pair, times int64) {
		t.Helper()
		x, y := matrix(t, c, a), matrix(t, c, b)
		for u := range x.Len() {
			if x.RowSum(u) != times*y.RowSum(u) {
				t.Fatalf("row %d: %s sums to %d, %s to %d", u, a, x.RowSum(u), b, y.RowSum(u))
			}
		}
	}
	same(Pair{1, 10, 10}, Pair{1, 10, 11}, 1)
	same(Pair{1, 4, 5}, Pair{2, 4, 5}, 1)
	same(Pair{1, 4, 5}, Pair{3, 4, 4}, 1)
	same(Pair{2, 9, 10}, Pair{1, 9, 11}, 2)
	same(Pair{2, 6, 6}, Pair{1, 6, 7}, 2)
	for p, by := range map[Pair]int64{{1, 2, 1}: 2, {1, 3, 3}: 2, {1, 7, 6}: 3, {1, 8, 8}: 2, {1, 12, 13}: 2, {1, 13, 12}: 2, {1, 14, 14}: 3} {
		m := matrix(t, c, p)
		for u := range m.Len() {
			if m.RowSum(u)%by != 0 {
				t.Errorf("%s: row %d sums to %d, which %d does not divide", p, u, m.RowSum(u), by)
			}
		}
	}
}

// Graphs that one can count by hand: the entries on edges, and on other pairs.
func TestKnownGraphs(t *testing.T) {
	petersen := [][2]int32{}
	for i := range int32(5) {
		petersen = append(petersen, [2]int32{i, (i + 1) % 5}, [2]int32{i, i + 5}, [2]int32{i + 5, (i+2)%5 + 5})
	}
	g := newGraph(t, 10, petersen)
	c := counted(t, g)
	for p, want := range map[Pair]int64{{2, 1, 1}: 1, {2, 6, 6}: 1, {2, 4, 5}: 2, {3, 4, 4}: 2, {1, 1, 2}: 2, {1, 4, 5}: 4, {1, 5, 5}: 4, {1, 6, 7}: 1, {1, 8, 8}: 0, {1, 3, 3}: 0} {
		m := matrix(t, c, p)
		for u := range 10 {
			for v := range 10 {
				w := want
				if u == v || g.Adjacent(u, v) != (p.Hop == 1) {
					w = 0
				}
				if m.At(u, v) != w {
					t.Errorf("Petersen's graph: %s(%d, %d) is %d, want %d", p, u, v, m.At(u, v), w)
				}
			}
		}
	}

	var k5 [][2]int32
	for u := range int32(5) {
		for v := range u {
			k5 = append(k5, [2]int32{u, v})
		}
	}
	sums := func(n int, edges [][2]int32) map[string]int64 {
		c := counted(t, newGraph(t, n, edges))
		out := map[string]int64{}
		for _, p := range Pairs() {
			m := matrix(t, c, p)
			for u := range n {
				if s := m.RowSum(u); s > 0 {
					out[p.String()] += s
				}
			}
		}
		return out
	}
	if got, want := sums(5, k5), map[string]int64{"0-0": 20, "3-3": 60, "14-14": 60}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("K5: sums %v, want %v", got, want)
	}
	c6 := [][2]int32{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 0}}
	want := map[string]int64{"0-0": 12, "4-4": 12, "4-5": 12, "5-4": 12, "4-5'": 12, "5-4'": 12, "5-5": 12, "1-1": 12, "1-2": 12, "2-1": 12}
	if got := sums(6, c6); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("C6: sums %v, want %v", got, want)
	}

	paw := counted(t, newGraph(t, 4, [][2]int32{{0, 1}, {0, 2}, {1, 2}, {2, 3}}))
	for p, want := range map[Pair][][2]int{{1, 9, 11}: {{3, 2}}, {2, 9, 10}: {{3, 0}, {3, 1}}, {1, 10, 10}: {{0, 1}, {1, 0}}, {1, 10, 11}: {{0, 2}, {1, 2}}} {
		m := matrix(t, paw, p)
		for u := range 4 {
			for v := range 4 {
				w := int64(0)
				if slices.Contains(want, [2]int{u, v}) {
					w = 1
				}
				if m.At(u, v) != w {
					t.Errorf("paw: %s(%d, %d) is %d, want %d", p, u, v, m.At(u, v), w)
				}
			}
		}
	}
	if gdv := paw.GDV(); gdv[3][9] != 1 || gdv[0][10] != 1 || gdv[1][10] != 1 || gdv[2][11] != 1 || gdv[2][7] != 0 || gdv[2][2] != 2 {
		t.Errorf("paw: graphlet degrees %v", gdv)
	}
	if m, err := paw.Graphlet(6); err != nil || m.NNZ() != 12 {
		t.Errorf("paw: adjacency of G6 %v, error %v", m, err)
	}
}

// Walks of two and three steps are sums of orbit adjacencies.
func TestWalks(t *testing.T) {
	g := someGraph(t, 40, .2, 3)
	c := counted(t, g)
	sum := func(u, v int, ps ...Pair) (s int64) {
		for _, p := range ps {
			s += matrix(t, c, p).At(u, v)
		}
		return s
	}
	n := g.Len()
	two, three := make([][]int64, n), make([][]int64, n)
	for u := range n {
		two[u], three[u] = make([]int64, n), make([]int64, n)
		for _, a := range g.Neighbors(u) {
			for _, b := range g.Neighbors(int(a)) {
				two[u][b]++
				for _, v := range g.Neighbors(int(b)) {
					three[u][v]++
				}
			}
		}
	}
	for u := range n {
		for v := range n {
			if u == v {
				continue
			}
			if got := sum(u, v, Pair{2, 1, 1}, Pair{1, 3, 3}); got != two[u][v] {
				t.Fatalf("(%d, %d): %d walks of two steps, want %d", u, v, got, two[u][v])
			}
			got := sum(u, v, Pair{3, 4, 4}, Pair{1, 8, 8}, Pair{2, 9, 10}, Pair{2, 10, 9}, Pair{1, 12, 13}, Pair{1, 13, 12}) + 2*sum(u, v, Pair{2, 12, 12}, Pair{1, 14, 14})
			if g.Adjacent(u, v) {
				got += int64(g.Degree(u)+g.Degree(v)) - 1
			}
			if got != three[u][v] {
				t.Fatalf("(%d, %d): %d walks of three steps, want %d", u, v, got, three[u][v])
			}
		}
	}
}

func TestCoresDoNotMatter(t *testing.T) {
	g := someGraph(t, 400, .02, 5)
	one := runtime.GOMAXPROCS(1)
	a := counted(t, g)
	runtime.GOMAXPROCS(4)
	b := counted(t, g)
	runtime.GOMAXPROCS(one)
	for _, p := range Pairs() {
		x, y := matrix(t, a, p), matrix(t, b, p)
		for u := range x.Len() {
			if !slices.Equal(x.vals[u], y.vals[u]) || !slices.Equal(x.cols[u], y.cols[u]) {
				t.Fatalf("%s: row %d differs", p, u)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	g := someGraph(t, 60, .1, 1)
	if _, err := Count(t.Context(), g, Options{MaxBytes: 1000}); !errors.Is(err, ErrTooMany) {
		t.Errorf("more memory than asked for: error %v", err)
	}
	c, err := Count(t.Context(), g, Options{Skip44: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Matrix(Pair{3, 4, 4}); err == nil {
		t.Error("4-4 was skipped: no error")
	}
	if _, err := c.Graphlet(3); err == nil {
		t.Error("G3 without 4-4: no error")
	}
	if _, err := c.Matrix(Pair{1, 1, 1}); err == nil {
		t.Error("1-1 at one hop: no error")
	}
	star := make([][2]int32, MaxDegree+1)
	for i := range star {
		star[i] = [2]int32{0, int32(i + 1)}
	}
	if _, err := Count(t.Context(), newGraph(t, len(star)+1, star), Options{}); err == nil {
		t.Error("a hub beyond the limit: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Count(ctx, g, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if c := counted(t, newGraph(t, 0, nil)); len(c.GDV()) != 0 {
		t.Error("no nodes, and yet degrees")
	}
}
