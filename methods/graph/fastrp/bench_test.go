package fastrp

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/offprint/offprint/methods/graph"
	"github.com/offprint/offprint/methods/random"
)

// BenchmarkEmbed embeds a graph of BlogCatalog's size, whose degrees differ as
// much, and one of two million edges, in 128 dimensions. The plain way is that of
// the authors' SciPy code, whose time it is about: compressed rows in float64 on
// one core, all orders kept. The bars: no slower than that, and no more memory
// than twice the embedding, in which it is given; the rest of it is R's, which is
// let go before the second block is made.
func BenchmarkEmbed(b *testing.B) {
	for _, size := range []struct{ nodes, edges int }{{10_312, 333_983}, {200_000, 2_000_000}} {
		g := zipfGraph(b, size.nodes, size.edges)
		c := Config{Weights: []float64{0, 0, 1, 6.67}, Beta: -.64}
		plain := 0.0
		b.Run(fmt.Sprintf("plain/edges=%d", size.edges), func(b *testing.B) {
			for b.Loop() {
				if err := plainEmbed(g, c); err != nil {
					b.Fatal(err)
				}
			}
			plain = b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(float64(g.Edges())/plain, "edges/s")
		})
		b.Run(fmt.Sprintf("FastRP/edges=%d", size.edges), func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				if _, err := Embed(b.Context(), g, c, random.New(1, 27)); err != nil {
					b.Fatal(err)
				}
			}
			runtime.ReadMemStats(&after)
			took := b.Elapsed().Seconds() / float64(b.N)
			b.ReportMetric(float64(g.Edges())/took, "edges/s")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/float64(g.Len()*128*4), "embeddings")
			b.ReportMetric(2, "bar-embeddings")
			if plain > 0 {
				b.ReportMetric(plain/took, "x-plain")
				b.ReportMetric(1, "bar-x-plain")
			}
		})
	}
}

// zipfGraph joins nodes with probabilities that fall as 1/sqrt(rank).
func zipfGraph(b *testing.B, nodes, edges int) *graph.Graph {
	rng := random.New(1, 0)
	draw := random.NewChooser(random.Zipf(nodes, .5))
	es := make([][2]int32, edges)
	for k := range es {
		es[k] = [2]int32{int32(draw.Draw(rng)), int32(draw.Draw(rng))}
	}
	g, err := graph.New(nodes, es)
	if err != nil {
		b.Fatal(err)
	}
	return g
}

// plainEmbed leaves out the scaling of rows and columns, a small part.
func plainEmbed(g *graph.Graph, c Config) error {
	n, dim := g.Len(), 128
	r, err := Projection(n, dim, math.Sqrt(float64(n)), random.New(1, 27))
	if err != nil {
		return err
	}
	u := make([]float64, n*dim)
	for i := range n {
		cols, vals := r.Row(i)
		for k, col := range cols {
			u[i*dim+int(col)] = float64(vals[k]) * math.Pow(degree(g, i), c.Beta)
		}
	}
	sum := make([]float64, n*dim)
	for k, a := range c.Weights {
		next := make([]float64, n*dim)
		for i := range n {
			out := next[i*dim : (i+1)*dim]
			s := 1 / degree(g, i)
			for _, j := range g.Neighbors(i) {
				for t, v := range u[int(j)*dim : int(j+1)*dim] {
					out[t] += s * v
				}
			}
		}
		u = next
		if k >= 2 {
			for i, v := range u {
				sum[i] += a * v
			}
		}
	}
	runtime.KeepAlive(sum)
	return nil
}
