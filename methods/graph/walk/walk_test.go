package walk

import (
	"math"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/graph"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// From 0 to 1 in a graph where 1 leads on to 0 itself, to 2, which knows 0, and
// to 3, which does not: the next node has the odds of the second order.
func TestStepsOfTheSecondOrder(t *testing.T) {
	edges := []graph.Edge{{U: 0, V: 1, Weight: 1}, {U: 0, V: 2, Weight: 1}, {U: 1, V: 2, Weight: 1}, {U: 1, V: 3, Weight: 2}}
	g, err := graph.NewWeighted(4, edges)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ p, q float64 }{{1, 1}, {.25, 4}, {4, .5}} {
		w := newWalker(g, c.p, c.q)
		rng := random.New(1, 1)
		var n [4]float64
		total := 0.0
		for range 60_000 {
			if walk := w.walk(make([]int32, 3), 0, rng); walk[1] == 1 {
				n[walk[2]]++
				total++
			}
		}
		want := [4]float64{1 / c.p, 0, 1, 2 / c.q}
		sum := want[0] + want[2] + want[3]
		for i := range n {
			if math.Abs(n[i]/total-want[i]/sum) > .015 {
				t.Errorf("p=%v q=%v: node %d follows with %.3f, want %.3f", c.p, c.q, i, n[i]/total, want[i]/sum)
			}
		}
	}
}

// Two cliques with one bridge come apart; the isolated node does no harm.
func TestCommunities(t *testing.T) {
	const size, dim = 12, 16
	edges := [][2]int32{{0, size}}
	for i := range int32(size) {
		for j := range i {
			edges = append(edges, [2]int32{i, j}, [2]int32{size + i, size + j})
		}
	}
	g, err := graph.New(2*size+1, edges)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []Config{{}, {P: .5, Q: 2}} {
		c.Dim, c.Walks, c.Length, c.Window, c.LR = dim, 30, 20, 3, .1
		x, err := Embed(t.Context(), g, c, random.New(1, 1))
		if err != nil {
			t.Fatal(err)
		}
		again, err := Embed(t.Context(), g, c, random.New(1, 1))
		if err != nil || !slices.Equal(x, again) {
			t.Errorf("the seed does not determine the result (error %v)", err)
		}
		vector.NormalizeRows(x, dim)
		within, across := 0.0, 0.0
		for i := range size {
			for j := range size {
				a := x[i*dim : (i+1)*dim]
				within += float64(vector.Dot(a, x[j*dim:(j+1)*dim])) / (size * size)
				across += float64(vector.Dot(a, x[(size+j)*dim:(size+j+1)*dim])) / (size * size)
			}
		}
		if within < across+.5 {
			t.Errorf("%+v: mean cosine %.3f within a clique, %.3f across", c, within, across)
		}
	}
}

func TestPairs(t *testing.T) {
	// Windows of 1 and 2 in a walk of 3: 4 pairs and 6.
	if got := (Config{Walks: 2, Length: 3, Window: 2}).Pairs(10); got != 100 {
		t.Errorf("%v pairs, want 100", got)
	}
}

func TestBadSettings(t *testing.T) {
	g, err := graph.New(2, [][2]int32{{0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []Config{{Dim: -1}, {Walks: -1}, {P: -1}, {LR: math.NaN()}} {
		if _, err := Embed(t.Context(), g, c, random.New(1, 1)); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

// BenchmarkStep is the training on one walk as published, of 40 nodes, among
// 10,000; node2vec's differ only in how they walk.
func BenchmarkStep(b *testing.B) {
	g, err := graph.BarabasiAlbert(10_000, 10, random.New(1, 0))
	if err != nil {
		b.Fatal(err)
	}
	for name, c := range map[string]Config{"DeepWalk": {Walks: 1}, "node2vec": {Walks: 1, P: .25, Q: .25}} {
		b.Run(name, func(b *testing.B) {
			c, err := c.filled()
			if err != nil {
				b.Fatal(err)
			}
			rng := random.New(1, 1)
			odds := make([]float64, g.Len())
			for i := range odds {
				odds[i] = math.Pow(g.Degree(i), .75)
			}
			s := &skipGram{Config: c, rng: rng, draw: random.NewAlias(odds), x: make([]float32, g.Len()*c.Dim), y: make([]float32, g.Len()*c.Dim), step: make([]float32, c.Dim)}
			random.Uniform(rng, s.x, -.01, .01)
			w, walk := newWalker(g, c.P, c.Q), make([]int32, c.Length)
			for b.Loop() {
				s.train(w.walk(walk, int32(rng.IntN(g.Len())), rng), .025)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "walks/s")
		})
	}
}
