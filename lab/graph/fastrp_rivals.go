package graph

import (
	"context"
	"fmt"
	"math"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/graph"
	"github.com/offprint/offprint/methods/graph/fastrp"
	"github.com/offprint/offprint/methods/graph/walk"
	"github.com/offprint/offprint/methods/lowrank"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
)

// walkPowers calls f with S, S^2, ... S^q, dense [n x n] and row by row.
func walkPowers(g *graph.Graph, q int, f func(k int, power []float32)) error {
	s, err := g.Matrix(func(u, _ int, w float64) float64 { return w / g.Degree(u) })
	if err != nil {
		return err
	}
	n := g.Len()
	p, next := make([]float32, n*n), make([]float32, n*n)
	for i := range n {
		p[i*n+i] = 1
	}
	for k := 1; k <= q; k++ {
		s.Mul(next, p, n)
		p, next = next, p
		f(k, p)
	}
	return nil
}

// netMF is the matrix that DeepWalk factorises in the limit, with a window of 10
// and one negative (Qiu and others, 2018):
// log max(1, vol/10 sum_k S^k D^-1).
func netMF(g *graph.Graph) (*sparse.Matrix, error) {
	const window = 10
	n := g.Len()
	sum := make([]float32, n*n)
	err := walkPowers(g, window, func(_ int, p []float32) {
		for i, v := range p {
			sum[i] += v
		}
	})
	if err != nil {
		return nil, err
	}
	vol := float64(2 * g.Edges())
	return full(n, func(i, j int) float64 {
		return math.Log(max(1, vol/window*float64(sum[i*n+j])/max(g.Degree(j), 1)))
	}), nil
}

// powerSum is what FastRP projects, sum_k a_k rownorm(S^k), with beta 0.
func powerSum(g *graph.Graph, weights []float64) (*sparse.Matrix, error) {
	n := g.Len()
	sum := make([]float64, n*n)
	err := walkPowers(g, len(weights), func(k int, p []float32) {
		for i := 0; i < n*n && weights[k-1] > 0; i += n {
			square := 0.0
			for _, v := range p[i : i+n] {
				square += float64(v) * float64(v)
			}
			for j, v := range p[i : i+n] {
				if v > 0 {
					sum[i+j] += weights[k-1] * float64(v) / math.Sqrt(square)
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return full(n, func(i, j int) float64 { return sum[i*n+j] }), nil
}

// full is a matrix [n x n] without its zeros.
func full(n int, at func(i, j int) float64) *sparse.Matrix {
	m := &sparse.Matrix{Rows: n, Cols: n, RowPtr: make([]int32, n+1)}
	for i := range n {
		for j := range n {
			if v := at(i, j); v != 0 {
				m.Col, m.Val = append(m.Col, int32(j)), append(m.Val, float32(v))
			}
		}
		m.RowPtr[i+1] = int32(len(m.Col))
	}
	return m
}

// factor is U sqrt(s) of a matrix's largest singular values.
func factor(ctx context.Context, m *sparse.Matrix, dim int, seed uint64) (*mat.Dense, error) {
	u, s, _, err := lowrank.SVD(ctx, m, dim, random.New(seed, 2703))
	if err != nil {
		return nil, err
	}
	return scaledColumns(u, s), nil
}

// rpWalks are the walks on the citation graphs, fewer than published and with
// larger steps.
var rpWalks = walk.Config{Dim: rpDim, Walks: 4, LR: .1}

// walks compares with walks on the citation graphs.
func (b *projection) walks(ctx context.Context) error {
	for i, set := range []string{"cora", "citeseer"} {
		g, err := readLabelled(set)
		if err != nil {
			return err
		}
		seeds := b.Seeds(3)
		if set != "cora" {
			xs := make([]*mat.Dense, len(seeds))
			for k, seed := range seeds {
				start := time.Now()
				x, err := fastrp.Embed(ctx, g.Graph, fastrp.Config{Dim: rpDim, Weights: []float64{0, 0, 1, 1, 1, 1, 1, 1, 1, 1}}, random.New(seed, 27))
				if err != nil {
					return err
				}
				b.Metric(rpTime+set, rpMethod, seed, time.Since(start).Seconds(), "s")
				xs[k] = dense(x, rpDim)
			}
			if err := b.tuned(ctx, g, set, rpMethod, seeds, func(seed uint64) *mat.Dense { return xs[seed-b.Seed] }); err != nil {
				return err
			}
		}
		for k, v := range []struct {
			name string
			p, q float64
		}{{rpDeepWalk, 1, 1}, {rpNode2vec, .5, 2}} {
			c := rpWalks
			c.P, c.Q = v.p, v.q
			b.Progress(.5+.2*float64(i)+.1*float64(k), "%s: %s", set, v.name)
			if err := b.walk(ctx, g, set, v.name, seeds, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// walk measures an embedding by walks, with seeds side by side.
func (b *projection) walk(ctx context.Context, g *labelledGraph, set, name string, seeds []uint64, c walk.Config) error {
	xs := make([]*mat.Dense, len(seeds))
	err := b.EachSeed(ctx, len(seeds), func(ctx context.Context, seed uint64, _ func(float64, string)) error {
		start := time.Now()
		x, err := walk.Embed(ctx, g.Graph, c, random.New(seed, 2704))
		if err != nil {
			return err
		}
		b.Metric(rpTime+set, name, seed, time.Since(start).Seconds(), "s")
		xs[seed-b.Seed] = dense(x, c.Dim)
		return nil
	})
	if err != nil {
		return err
	}
	return b.tuned(ctx, g, set, name, seeds, func(seed uint64) *mat.Dense { return xs[seed-b.Seed] })
}

// full is what only a patient reader wants: walks on BlogCatalog as published,
// 512 dimensions, and other shares of labelled nodes.
func (b *projection) full(ctx context.Context) error {
	if !b.Full {
		return nil
	}
	const set = "blogcatalog"
	g, err := readLabelled(set)
	if err != nil {
		return err
	}
	for _, v := range []struct {
		name string
		p, q float64
	}{{rpDeepWalk, 1, 1}, {rpNode2vec, .25, .25}} {
		b.Progress(.9, "%s: %s as published", set, v.name)
		if err := b.walk(ctx, g, set, v.name, b.Seeds(1), walk.Config{Dim: rpDim, P: v.p, Q: v.q}); err != nil {
			return err
		}
	}
	first := b.Values(micro(set), rpMethod)[0]
	b.Note("On BlogCatalog, with the first seed, DeepWalk as published reaches micro F1 %.3f and node2vec %.3f, against FastRP's %.3f in as many dimensions, and takes %.0f times as long.",
		b.Mean(micro(set), rpDeepWalk), b.Mean(micro(set), rpNode2vec), first, b.Mean(rpTime+set, rpDeepWalk)/b.Mean(rpTime+set, rpMethod))
	for _, dim := range []int{rpDim, 512} {
		for _, share := range []float64{.1, .3, .5, .7, .9} {
			for _, seed := range b.Seeds(3) {
				x, err := fastrp.Embed(ctx, g.Graph, fastrp.Config{Dim: dim, Weights: []float64{0, 0, 1, 6.67}, Beta: -.64}, random.New(seed, 27))
				if err != nil {
					return err
				}
				q, err := g.classify(ctx, dense(x, dim), share, .1, seed)
				if err != nil {
					return err
				}
				name := fmt.Sprintf("FastRP, %d dimensions", dim)
				b.Metric(fmt.Sprintf("%s, %.0f%% labelled", micro(set), 100*share), name, seed, q.micro, "")
				b.Metric(fmt.Sprintf("%s, %.0f%% labelled", macro(set), 100*share), name, seed, q.macro, "")
			}
		}
	}
	return nil
}

// workPlot shows micro F1 against work on BlogCatalog.
func (b *projection) workPlot() plot.Plot {
	p := plot.Plot{
		Name: "f1-by-work", Title: "BlogCatalog: a few sparse products come close to far more work",
		X: plot.Axis{Label: "multiply-adds", Log: true}, Y: plot.Axis{Label: "micro F1"},
	}
	point := func(name string, method bool) plot.Series {
		s := b.Series(name, []float64{b.Mean(rpWork, name)}, []string{micro("blogcatalog")})
		s.Method = method
		return s
	}
	orders := plot.Series{Name: "one order alone, 1 to 5"}
	for k := 1; k <= 5; k++ {
		s := point(rpOrder(k), false)
		orders.X, orders.Y = append(orders.X, s.X...), append(orders.Y, s.Y...)
		orders.Low, orders.High = append(orders.Low, s.Low...), append(orders.High, s.High...)
	}
	// The authors' figures with 128 dimensions for the walks.
	published := 3 * 6 * rpDim * walk.Config{}.Pairs(10_312)
	p.Points = []plot.Series{
		point(rpMethod, true), orders, point(rpSpectral, false), point(rpNoRowNorm, false),
		{Name: "DeepWalk, as published", X: []float64{published}, Y: []float64{.364}},
		{Name: "node2vec, as published", X: []float64{published}, Y: []float64{.359}},
	}
	p.Rules = []plot.Rule{{Name: rpNoise, Y: b.Mean(micro("blogcatalog"), rpNoise)}}
	return p
}

// noteWalks says what the walks gain, and take.
func (b *projection) noteWalks() {
	for _, set := range []string{"cora", "citeseer"} {
		b.Note("On %s DeepWalk does better, accuracy %.3f against %.3f, and takes %.0f times as long.", set,
			b.Mean(micro(set), rpDeepWalk), b.Mean(micro(set), rpMethod), b.Mean(rpTime+set, rpDeepWalk)/b.Mean(rpTime+set, rpMethod))
	}
}

// accuracyPlot compares on the citation graphs.
func accuracyPlot(r *lab.Run) plot.Plot {
	p := plot.Plot{
		Name: "citations", Title: "Topics of cited papers from a tenth: the walks win by a little, and take their time",
		X: plot.Axis{Label: "", Labels: []string{"cora", "citeseer"}}, Y: plot.Axis{Label: "accuracy"},
	}
	for _, name := range []string{rpMethod, rpDeepWalk, rpNode2vec, rpMajority} {
		bar := plot.Bar{Name: name, Method: name == rpMethod}
		for _, set := range p.X.Labels {
			bar.Y = append(bar.Y, r.Mean(micro(set), name))
		}
		p.Bars = append(p.Bars, bar)
	}
	return p
}
