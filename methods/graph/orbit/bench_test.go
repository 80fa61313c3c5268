package orbit

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/offprint/offprint/methods/graph"
	"github.com/offprint/offprint/methods/random"
)

// BenchmarkCount counts all 28 matrices of graphs whose nodes have about 20
// neighbours, and hubs many more: the bar is three minutes for 20,000 nodes on two
// cores. The growth is the exponent of the time from the size before.
func BenchmarkCount(b *testing.B) {
	before := 0.0
	for _, n := range []int{5_000, 10_000, 20_000} {
		g, err := graph.BarabasiAlbert(n, 10, random.New(1, 52))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			least := math.Inf(1)
			for b.Loop() {
				start := time.Now()
				if _, err := Count(b.Context(), g, Options{}); err != nil {
					b.Fatal(err)
				}
				least = min(least, time.Since(start).Seconds())
			}
			b.ReportMetric(least, "s/graph")
			b.ReportMetric(180, "bar-s/graph")
			if before > 0 {
				b.ReportMetric(math.Log2(least/before), "growth")
			}
			before = least
		})
	}
}

// BenchmarkCountSmall is beside the plain way, which looks at all sets of four
// nodes.
func BenchmarkCountSmall(b *testing.B) {
	g := someGraph(b, 60, .3, 1)
	b.Run("orbit", func(b *testing.B) {
		for b.Loop() {
			counted(b, g)
		}
	})
	b.Run("all-sets", func(b *testing.B) {
		for b.Loop() {
			if _, err := Enumerate(g); err != nil {
				b.Fatal(err)
			}
		}
	})
}
