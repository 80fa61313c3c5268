package fastrp

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/graph"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// E[R R^T] is the identity, whatever the sparsity.
func TestProjectionIsUnbiased(t *testing.T) {
	const n, dim, draws = 64, 16, 2000
	for _, s := range []float64{1, 3, 8} {
		rng := random.New(1, 27)
		sum := make([]float64, n*n)
		nonzero := 0
		for range draws {
			r, err := Projection(n, dim, s, rng)
			if err != nil {
				t.Fatal(err)
			}
			nonzero += r.NNZ()
			dense := make([]float32, n*dim)
			for i := range n {
				cols, vals := r.Row(i)
				for k, c := range cols {
					dense[i*dim+int(c)] = vals[k]
				}
			}
			for i := range n {
				for j := range n {
					sum[i*n+j] += float64(vector.Dot(dense[i*dim:(i+1)*dim], dense[j*dim:(j+1)*dim]))
				}
			}
		}
		for k, v := range sum {
			want := 0.0
			if k/n == k%n {
				want = 1
			}
			if got := v / draws; math.Abs(got-want) > .1 {
				t.Errorf("s=%v: E[R R^T] has %.3f at (%d, %d)", s, got, k/n, k%n)
			}
		}
		if share := float64(nonzero) / (n * dim * draws) * s; math.Abs(share-1) > .02 {
			t.Errorf("s=%v: %.3f of the expected entries are not 0", s, share)
		}
	}
}

// U_1 is S L R, and U_3 is S S S L R, multiplied out in float64.
func TestOrdersAreThePowersOfTheWalk(t *testing.T) {
	const n, dim, beta = 30, 8, -.4
	for _, weighted := range []bool{false, true} {
		g := someGraph(n, 60, weighted)
		m, err := Fit(t.Context(), g, Config{Dim: dim, Weights: []float64{0, 0, 1}, Beta: beta, Sparsity: 1, NoRowNorm: true, NoScale: true}, random.New(3, 27))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Projection(n, dim, 1, random.New(3, 27))
		if err != nil {
			t.Fatal(err)
		}
		u := make([]float64, n*dim)
		for i := range n {
			cols, vals := r.Row(i)
			for k, c := range cols {
				u[i*dim+int(c)] = float64(vals[k]) * math.Pow(max(g.Degree(i), 1e-300), beta)
				if g.Degree(i) == 0 {
					u[i*dim+int(c)] = float64(vals[k])
				}
			}
		}
		for k := 1; k <= 3; k++ {
			next := make([]float64, n*dim)
			for i := range n {
				weights := g.Weights(i)
				for e, j := range g.Neighbors(i) {
					a := 1.0
					if weights != nil {
						a = float64(weights[e])
					}
					for c := range dim {
						next[i*dim+c] += a / g.Degree(i) * u[int(j)*dim+c]
					}
				}
			}
			u = next
			for i, want := range u {
				if got := float64(m.Order(k)[i]); math.Abs(got-want) > 1e-6 {
					t.Fatalf("weighted %v: U_%d has %v at %d, want %v", weighted, k, got, i, want)
				}
			}
		}
		if !slices.Equal(m.Vectors, m.Order(3)) {
			t.Errorf("weighted %v: with a = (0, 0, 1) and nothing scaled the embedding is not U_3", weighted)
		}
	}
}

// What is kept of the memory must not change the result.
func TestEmbedIsFit(t *testing.T) {
	g := someGraph(300, 900, true)
	for _, weights := range [][]float64{nil, {1}, {0, 2}, {1, 2}, {1, 1, 7.81, 45.28}, {0, 1, 0, 3, 0, 0}, {0, 0, 1, 1, 1, 1}} {
		c := Config{Dim: 24, Weights: weights, Beta: -.6}
		m, err := Fit(t.Context(), g, c, random.New(1, 27))
		if err != nil {
			t.Fatal(err)
		}
		for _, cores := range []int{1, 4} {
			before := runtime.GOMAXPROCS(cores)
			x, err := Embed(t.Context(), g, c, random.New(1, 27))
			runtime.GOMAXPROCS(before)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(x, m.Vectors) {
				t.Errorf("weights %v on %d cores: Embed and Fit differ", weights, cores)
			}
		}
		for j := range c.Dim {
			mean, square := 0.0, 0.0
			for i := range g.Len() {
				v := float64(m.Vectors[i*c.Dim+j])
				mean += v / float64(g.Len())
				square += v * v / float64(g.Len())
			}
			if math.Abs(mean) > 1e-4 || math.Abs(square-1) > 1e-3 {
				t.Errorf("weights %v: column %d has mean %.5f and variance %.5f", weights, j, mean, square-mean*mean)
			}
		}
	}
}

func TestReweight(t *testing.T) {
	g := someGraph(200, 800, false)
	m, err := Fit(t.Context(), g, Config{Dim: 16}, random.New(1, 27))
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Reweight(t.Context(), []float64{1, 0, 3, 0})
	if err != nil {
		t.Fatal(err)
	}
	want, err := Embed(t.Context(), g, Config{Dim: 16, Weights: []float64{1, 0, 3}}, random.New(1, 27))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Vectors, want) {
		t.Error("other weights, and not what Embed gives with them")
	}
	if _, err := m.Reweight(t.Context(), []float64{1, 1, 1, 1, 1}); err == nil {
		t.Error("five weights for four orders: no error")
	}
}

// A node of the graph with its own neighbours gets the vector that it has.
func TestExtendWithAKnownNode(t *testing.T) {
	for _, weighted := range []bool{false, true} {
		g := someGraph(100, 250, weighted)
		m, err := Fit(t.Context(), g, Config{Dim: 16, Weights: []float64{1, 0, 2}, Beta: -.5}, random.New(1, 27))
		if err != nil {
			t.Fatal(err)
		}
		for i := range g.Len() {
			x, err := m.Extend(g.Neighbors(i), g.Weights(i))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(x, m.Vectors[i*16:(i+1)*16]) {
				t.Fatalf("weighted %v: node %d is %v, extended %v", weighted, i, m.Vectors[i*16:(i+1)*16], x)
			}
		}
		for name, f := range map[string]func() ([]float32, error){
			"neighbour":    func() ([]float32, error) { return m.Extend([]int32{100}, nil) },
			"weight":       func() ([]float32, error) { return m.Extend([]int32{1}, []float32{-1}) },
			"weights' end": func() ([]float32, error) { return m.Extend([]int32{1, 2}, []float32{1}) },
		} {
			if _, err := f(); err == nil {
				t.Errorf("bad %s: no error", name)
			}
		}
	}
}

// Where all degrees are equal, beta scales all rows alike.
func TestBetaOnARegularGraph(t *testing.T) {
	const n = 60
	var edges [][2]int32
	for i := range int32(n) {
		edges = append(edges, [2]int32{i, (i + 1) % n}, [2]int32{i, (i + 7) % n})
	}
	g, err := graph.New(n, edges)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Embed(t.Context(), g, Config{Dim: 16, NoScale: true}, random.New(1, 27))
	if err != nil {
		t.Fatal(err)
	}
	other, err := Embed(t.Context(), g, Config{Dim: 16, NoScale: true, Beta: -.7}, random.New(1, 27))
	if err != nil {
		t.Fatal(err)
	}
	for i := range plain {
		if math.Abs(float64(plain[i]-other[i])) > 1e-5 {
			t.Fatalf("entry %d is %v without beta and %v with it", i, plain[i], other[i])
		}
	}
}

// Two cliques that nothing joins: walks never cross, and within one they forget
// where they began.
func TestCliques(t *testing.T) {
	const size, dim = 40, 128
	var edges [][2]int32
	for i := range int32(size) {
		for j := range i {
			edges = append(edges, [2]int32{i, j}, [2]int32{size + i, size + j})
		}
	}
	g, err := graph.New(2*size+1, edges) // and an isolated node
	if err != nil {
		t.Fatal(err)
	}
	x, err := Embed(t.Context(), g, Config{Dim: dim, Beta: -.5, NoScale: true}, random.New(1, 27))
	if err != nil {
		t.Fatal(err)
	}
	row := func(i int) []float32 { return slices.Clone(x[i*dim : (i+1)*dim]) }
	for i := range 2 * size {
		for j := range i {
			a, b := row(i), row(j)
			vector.Normalize(a)
			vector.Normalize(b)
			cos := vector.Dot(a, b)
			if same := i < size == (j < size); same && cos < .999 || !same && math.Abs(float64(cos)) > .3 {
				t.Fatalf("nodes %d and %d: cosine %v", i, j, cos)
			}
		}
	}
	if vector.Norm(row(2*size)) != 0 {
		t.Error("the isolated node is not 0 before the columns are standardised")
	}
}

func TestBadSettings(t *testing.T) {
	g := someGraph(10, 20, false)
	for name, c := range map[string]Config{
		"dim": {Dim: -1}, "no weight": {Weights: []float64{0, 0}}, "empty": {Weights: []float64{}}, "negative": {Weights: []float64{1, -1}},
		"NaN": {Weights: []float64{math.NaN()}}, "beta": {Beta: math.Inf(1)}, "sparsity": {Sparsity: .5},
	} {
		if _, err := Embed(t.Context(), g, c, random.New(1, 1)); err == nil {
			t.Errorf("%s: no error from Embed", name)
		}
		if _, err := Fit(t.Context(), g, c, random.New(1, 1)); err == nil {
			t.Errorf("%s: no error from Fit", name)
		}
	}
	if _, err := Embed(t.Context(), g, Config{}, nil); err == nil {
		t.Error("no source of randomness: no error")
	}
	if _, err := Embed(t.Context(), someGraph(0, 0, false), Config{}, random.New(1, 1)); err == nil {
		t.Error("no nodes: no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Embed(ctx, g, Config{}, random.New(1, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// someGraph is a random graph whose last node is isolated.
func someGraph(nodes, edges int, weighted bool) *graph.Graph {
	rng := random.New(uint64(nodes), 1)
	var es []graph.Edge
	for range edges {
		es = append(es, graph.Edge{U: int32(rng.IntN(nodes - 1)), V: int32(rng.IntN(nodes - 1)), Weight: .5 + rng.Float32()})
	}
	var g *graph.Graph
	var err error
	if weighted {
		g, err = graph.NewWeighted(nodes, es)
	} else {
		pairs := make([][2]int32, len(es))
		for k, e := range es {
			pairs[k] = [2]int32{e.U, e.V}
		}
		g, err = graph.New(nodes, pairs)
	}
	if err != nil {
		panic(err)
	}
	return g
}
