package graph

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/offprint/offprint/methods/random"
)

func TestEdgesInAnyOrder(t *testing.T) {
	g, err := New(5, [][2]int32{{3, 1}, {1, 3}, {0, 1}, {2, 2}, {1, 3}, {4, 0}})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]int32{{1, 4}, {0, 3}, {}, {1}, {0}}
	for i, w := range want {
		if got := g.Neighbors(i); !slices.Equal(got, w) {
			t.Errorf("neighbours of %d: %v, want %v", i, got, w)
		}
		if g.Degree(i) != float64(len(w)) || g.Weights(i) != nil {
			t.Errorf("node %d: degree %v, weights %v", i, g.Degree(i), g.Weights(i))
		}
	}
	if g.Len() != 5 || g.Edges() != 3 || !g.Adjacent(3, 1) || g.Adjacent(3, 0) || g.Adjacent(2, 2) {
		t.Errorf("%d nodes, %d edges, adjacent %v %v", g.Len(), g.Edges(), g.Adjacent(3, 1), g.Adjacent(3, 0))
	}
}

func TestWeightsOfRepeatedEdgesAreAdded(t *testing.T) {
	g, err := NewWeighted(3, []Edge{{0, 1, .5}, {1, 0, .25}, {1, 2, 3}, {0, 0, 9}})
	if err != nil {
		t.Fatal(err)
	}
	if got := g.Weights(1); !slices.Equal(got, []float32{.75, 3}) || g.Degree(1) != 3.75 {
		t.Errorf("weights %v, degree %v", got, g.Degree(1))
	}
	m, err := g.Matrix(func(u, v int, w float64) float64 { return w / g.Degree(u) })
	if err != nil {
		t.Fatal(err)
	}
	if cols, vals := m.Row(1); !slices.Equal(cols, []int32{0, 2}) || !slices.Equal(vals, []float32{.2, .8}) {
		t.Errorf("row 1 of the walk: %v %v", cols, vals)
	}
}

func TestBadEdges(t *testing.T) {
	for name, edges := range map[string][]Edge{
		"node": {{0, 3, 1}}, "negative": {{-1, 0, 1}}, "weight 0": {{0, 1, 0}},
		"NaN": {{0, 1, float32(math.NaN())}}, "infinite": {{0, 1, float32(math.Inf(1))}},
	} {
		if _, err := NewWeighted(3, edges); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := New(-1, nil); err == nil {
		t.Error("-1 nodes: no error")
	}
}

func TestParallelCoversEachNodeOnce(t *testing.T) {
	rng := random.New(1, 1)
	for _, n := range []int{0, 1, 7, 3000} {
		var edges [][2]int32
		for i := 1; i < n; i++ { // a hub, and pairs
			edges = append(edges, [2]int32{0, int32(i)}, [2]int32{int32(i), int32(rng.IntN(n))})
		}
		g, err := New(n, edges)
		if err != nil {
			t.Fatal(err)
		}
		seen := make([]atomic.Int32, n)
		if err := g.Parallel(t.Context(), func(lo, hi int) {
			for i := lo; i < hi; i++ {
				seen[i].Add(1)
			}
		}); err != nil {
			t.Fatal(err)
		}
		for i := range seen {
			if seen[i].Load() != 1 {
				t.Fatalf("%d nodes: node %d was visited %d times", n, i, seen[i].Load())
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g, _ := New(2, [][2]int32{{0, 1}})
	if err := g.Parallel(ctx, func(int, int) { t.Error("started after the end") }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestBarabasiAlbert(t *testing.T) {
	const n, links = 2000, 5
	g, err := BarabasiAlbert(n, links, random.New(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	most := 0.0
	for i := range n {
		most = max(most, g.Degree(i))
		if g.Degree(i) < links {
			t.Fatalf("node %d has %v neighbours", i, g.Degree(i))
		}
	}
	if want := links*(links+1)/2 + (n-links-1)*links; g.Edges() != want || most < 60 {
		t.Errorf("%d edges, want %d; the largest degree is %v", g.Edges(), want, most)
	}
	if _, err := BarabasiAlbert(5, 5, random.New(1, 1)); err == nil {
		t.Error("more links than nodes: no error")
	}
}
