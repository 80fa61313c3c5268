package neuralcompile

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/graph"
	"github.com/offprint/offprint/methods/random"
)

var limits = Limits{Nodes: 24, MaxWeight: 1, Step: 1. / 1024}

// randomGraph is connected: a random tree and some edges.
func randomGraph(t testing.TB, rng *rand.Rand, n int) *graph.Graph {
	t.Helper()
	weights := map[[2]int]float64{}
	join := func(i, j int) { weights[[2]int{min(i, j), max(i, j)}] = float64(1+rng.IntN(1024)) / 1024 }
	order := rng.Perm(n)
	for k := 1; k < n; k++ {
		join(order[k], order[rng.IntN(k)])
	}
	for i := range n {
		for j := range i {
			if rng.Float64() < 2/float64(n) {
				join(i, j)
			}
		}
	}
	return weighted(t, n, weights)
}

// weighted is the graph with these edges.
func weighted(t testing.TB, n int, weights map[[2]int]float64) *graph.Graph {
	t.Helper()
	var list []graph.Edge
	for e, w := range weights {
		list = append(list, graph.Edge{U: int32(e[0]), V: int32(e[1]), Weight: float32(w)})
	}
	g, err := graph.NewWeighted(n, list)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func compileAll(t testing.TB, l Limits) map[string]*Program {
	t.Helper()
	programs := map[string]*Program{}
	for name, f := range map[string]func(Limits) (*Program, error){
		"BFS":          func(l Limits) (*Program, error) { return BFS(l, Sharp) },
		"Bellman-Ford": func(l Limits) (*Program, error) { return BellmanFord(l, 1e5) },
		"DFS":          func(l Limits) (*Program, error) { return DFS(l, Sharp) },
	} {
		p, err := f(l)
		if err != nil {
			t.Fatal(err)
		}
		programs[name] = p
	}
	return programs
}

var textbook = map[string]func(*graph.Graph, int) ([]State, error){"BFS": BreadthFirst, "Bellman-Ford": Relax, "DFS": DepthFirst}

func TestCompiledFollowsTheTextbook(t *testing.T) {
	rng := random.New(1, 54)
	for name, p := range compileAll(t, limits) {
		for range 12 {
			g := randomGraph(t, rng, 1+rng.IntN(limits.Nodes))
			source := rng.IntN(g.Len())
			want, err := textbook[name](g, source)
			if err != nil {
				t.Fatal(err)
			}
			_, trace, err := p.Run(g, source)
			if err != nil {
				t.Fatal(err)
			}
			if len(trace) < len(want) {
				t.Fatalf("%s: %d rounds, the textbook takes %d", name, len(trace)-1, len(want)-1)
			}
			for round, x := range trace {
				got, err := p.Decode(x)
				if err != nil {
					t.Fatal(err)
				}
				w := want[min(round, len(want)-1)]
				if !slices.Equal(got.Parents, w.Parents) || !slices.Equal(got.Reached, w.Reached) || got.Token != w.Token {
					t.Fatalf("%s, %d nodes, round %d: %+v, want %+v", name, g.Len(), round, got, w)
				}
				for i, d := range w.Distance {
					if d != got.Distance[i] && !(math.Abs(d-got.Distance[i]) <= 1e-9) {
						t.Fatalf("%s, round %d: distance %v, want %v", name, round, got.Distance[i], d)
					}
				}
			}
		}
	}
}

// TestTiesOfPathsGoToTheSmallestParent has two shortest paths to node 3.
func TestTiesOfPathsGoToTheSmallestParent(t *testing.T) {
	g, err := graph.New(4, [][2]int32{{0, 1}, {0, 2}, {1, 3}, {2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	p := compileAll(t, limits)["Bellman-Ford"]
	x, _, err := p.Run(g, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Decode(x)
	if err != nil || !slices.Equal(s.Parents, []int{0, 0, 0, 1}) {
		t.Errorf("parents %v %v", s.Parents, err)
	}
}

func TestTooFewRoundsLeaveTheLastLayer(t *testing.T) {
	g, err := graph.New(6, [][2]int32{{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}})
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range compileAll(t, limits) {
		if name == "DFS" {
			continue
		}
		p.Rounds = func(n int) int { return n - 2 } // the eccentricity of node 0, less one
		x, _, err := p.Run(g, 0)
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.Decode(x)
		if err != nil || !slices.Equal(s.Reached, []bool{true, true, true, true, true, false}) {
			t.Errorf("%s: reached %v %v", name, s.Reached, err)
		}
	}
}

// TestNumbersAreNames gives the nodes larger numbers in the same order, among
// isolated ones: nothing changes but the names.
func TestNumbersAreNames(t *testing.T) {
	rng := random.New(2, 54)
	g := randomGraph(t, rng, 9)
	name := func(i int) int { return 2*i + 3 }
	renamed := map[[2]int]float64{}
	for i := range g.Len() {
		for _, e := range edges(nil, g, i) {
			if i < e.to {
				renamed[[2]int{name(i), name(e.to)}] = e.weight
			}
		}
	}
	wide := weighted(t, limits.Nodes, renamed)
	for algorithm, p := range compileAll(t, limits) {
		parents := func(g *graph.Graph, source int) []int {
			x, _, err := p.Run(g, source)
			if err != nil {
				t.Fatal(err)
			}
			s, err := p.Decode(x)
			if err != nil {
				t.Fatal(err)
			}
			return s.Parents
		}
		narrow, all := parents(g, 4), parents(wide, name(4))
		for i, q := range narrow {
			if all[name(i)] != name(q) {
				t.Errorf("%s: parent of %d is %d, renumbered %d", algorithm, i, q, all[name(i)])
			}
		}
		if all[0] != 0 {
			t.Errorf("%s: an isolated node has the parent %d", algorithm, all[0])
		}
	}
}

func TestCircuits(t *testing.T) {
	const top = 6
	for x := range top + 1 {
		for y := range top + 1 {
			for bits := range 4 {
				p, q := bits&1, bits>>1
				c := NewCircuit(4)
				a, b, g, h := c.Input(0), c.Input(1), c.Input(2), c.Input(3)
				equal := c.Equal(a, b)
				layers := c.Compile(c.AtMostOne(a), c.And(g, h), c.Gate(a, g, top), equal, c.Choose(c.And(equal, g), a, b.Add(1), top+1))
				got, err := apply(layers, []float64{float64(x), float64(y), float64(p), float64(q)})
				if err != nil {
					t.Fatal(err)
				}
				same := 0
				if x == y {
					same = 1
				}
				chosen := y + 1
				if same*p == 1 {
					chosen = x
				}
				want := []float64{float64(min(1, x)), float64(p * q), float64(x * p), float64(same), float64(chosen)}
				if !slices.Equal(got, want) {
					t.Errorf("x %d, y %d, p %d, q %d: %v, want %v", x, y, p, q, got, want)
				}
			}
		}
	}
	c := NewCircuit(2)
	if got, err := apply(c.Compile(c.Input(1), c.Input(0)), []float64{3, 4}); err != nil || !slices.Equal(got, []float64{4, 3}) {
		t.Errorf("no gates: %v %v", got, err)
	}
	if _, err := apply(c.Compile(c.Input(1)), []float64{3}); err == nil {
		t.Error("too few inputs: no error")
	}
}

// TestSoftMinimumIsWithinItsBound checks one round of a star against the bound.
func TestSoftMinimumIsWithinItsBound(t *testing.T) {
	rng := random.New(3, 54)
	largest := 0.
	for range 200 {
		k := 2 + rng.IntN(limits.Nodes-2)
		beta := math.Exp(6 * rng.Float64())
		p, err := BellmanFord(limits, beta)
		if err != nil {
			t.Fatal(err)
		}
		star, least := map[[2]int]float64{}, 1.
		for j := 1; j <= k; j++ {
			w := float64(1+rng.IntN(1024)) / 1024
			least = min(least, w)
			star[[2]int{0, j}] = w
		}
		g := weighted(t, k+1, star)
		x, err := p.Init(g, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i := range k + 1 { // all reached but the hub
			x.Set(i, 1, 0)
		}
		x.Set(0, 1, p.unreached)
		y, err := p.Round(g, x)
		if err != nil {
			t.Fatal(err)
		}
		share := (y.At(0, 1) - least) / (float64(k) / (math.E * beta))
		if share < -1e-9 || share > 1 {
			t.Errorf("%d keys, beta %v: error is %v of the bound", k+1, beta, share)
		}
		largest = max(largest, share)
	}
	if largest < .3 {
		t.Errorf("the bound is far off: at most %v of it", largest)
	}
}

func TestAttentionSelectsTheParent(t *testing.T) {
	g := randomGraph(t, random.New(4, 54), 12)
	p := compileAll(t, limits)["BFS"]
	states, err := BreadthFirst(g, 5)
	if err != nil {
		t.Fatal(err)
	}
	x, err := p.Init(g, 5)
	if err != nil {
		t.Fatal(err)
	}
	alpha, err := p.Attention(g, x, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	mask := make([]bool, g.Len())
	for i := range g.Len() {
		mask[i] = states[1].Reached[i] && i != 5
		if sum := mat.Sum(alpha.RowView(i)); math.Abs(sum-1) > 1e-12 {
			t.Errorf("shares of node %d sum to %v", i, sum)
		}
		if mask[i] && alpha.At(i, 5) < 1-1e-12 {
			t.Errorf("node %d attends to the source with %v", i, alpha.At(i, 5))
		}
	}
	if f, err := Faithfulness(alpha, alpha, mask); err != nil || math.Abs(f-1) > 1e-12 {
		t.Errorf("faithful to itself: %v %v", f, err)
	}
	if f, err := Faithfulness(alpha, alpha, make([]bool, g.Len())); err != nil || !math.IsNaN(f) {
		t.Errorf("no rows: %v %v", f, err)
	}
	if _, err := Faithfulness(alpha, mat.NewDense(2, 2, nil), nil); err == nil {
		t.Error("other shapes: no error")
	}
	if share, err := Agreement(states, states[:1]); err != nil || share <= 0 || share >= 1 {
		t.Errorf("agreement with a trace cut short: %v %v", share, err)
	}
	if share, err := Agreement(states, states); err != nil || share != 1 {
		t.Errorf("agreement with itself: %v %v", share, err)
	}
}

func TestBorders(t *testing.T) {
	g := weighted(t, 3, map[[2]int]float64{{0, 1}: .25})
	if _, err := BFS(Limits{}, 1); err == nil {
		t.Error("no limits: no error")
	}
	if _, err := DFS(limits, math.NaN()); err == nil {
		t.Error("beta NaN: no error")
	}
	if _, err := BellmanFord(Limits{Nodes: 3, MaxWeight: .1, Step: .5}, 1); err == nil {
		t.Error("step above the largest weight: no error")
	}
	p, err := BellmanFord(Limits{Nodes: 3, MaxWeight: 1, Step: .05}, 10)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Run(g, 0); err != nil {
		t.Error(err)
	}
	if _, _, err := p.Run(g, 3); err == nil {
		t.Error("no such source: no error")
	}
	for what, l := range map[string]Limits{
		"a weight between steps": {Nodes: 3, MaxWeight: 1, Step: .1},
		"a weight too large":     {Nodes: 3, MaxWeight: .2, Step: .05},
		"too many nodes":         {Nodes: 2, MaxWeight: 1, Step: .05},
	} {
		p, err := BellmanFord(l, 10)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.Run(g, 0); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, err := p.Attention(g, mat.NewDense(3, 3, nil), 1, 0); err == nil {
		t.Error("no such layer: no error")
	}
	if _, err := p.Round(g, mat.NewDense(3, 2, nil)); err == nil {
		t.Error("too few columns: no error")
	}
	if _, err := p.Decode(mat.NewDense(3, 2, nil)); err == nil {
		t.Error("too few columns to decode: no error")
	}
	if _, err := DepthFirst(g, 7); err == nil {
		t.Error("textbook, no such source: no error")
	}
}

func ExampleDFS() {
	g, err := graph.New(4, [][2]int32{{0, 1}, {0, 2}, {2, 1}, {1, 3}})
	if err != nil {
		panic(err)
	}
	p, err := DFS(Limits{Nodes: 10}, Sharp)
	if err != nil {
		panic(err)
	}
	_, trace, err := p.Run(g, 0)
	if err != nil {
		panic(err)
	}
	for _, x := range trace {
		s, err := p.Decode(x)
		if err != nil {
			panic(err)
		}
		fmt.Println(s.Token, s.Parents)
	}
	// Output:
	// 0 [0 1 2 3]
	// 1 [0 0 2 3]
	// 2 [0 0 1 3]
	// 1 [0 0 1 3]
	// 3 [0 0 1 1]
	// 1 [0 0 1 1]
	// 0 [0 0 1 1]
}

// BenchmarkRun has a compiled network beside the algorithm that it stands for.
func BenchmarkRun(b *testing.B) {
	g := randomGraph(b, random.New(5, 54), limits.Nodes)
	for name, p := range compileAll(b, limits) {
		b.Run(name+"/compiled", func(b *testing.B) {
			for b.Loop() {
				if _, _, err := p.Run(g, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/textbook", func(b *testing.B) {
			for b.Loop() {
				if _, err := textbook[name](g, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
