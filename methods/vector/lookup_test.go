package vector

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSumLookups(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	for _, parts := range []int{0, 2, 4, 32, 256} {
		for _, n := range []int{0, 32, 96} {
			codes, tables := make([]byte, n*parts/2), make([]byte, 16*parts)
			for i := range codes {
				codes[i] = byte(rng.Uint32())
			}
			for i := range tables {
				tables[i] = byte(rng.Uint32())
				if rng.IntN(4) == 0 {
					tables[i] = 255
				}
			}
			got := make([]uint16, n)
			SumLookups(got, codes, tables)
			// From the description of the layout.
			want := make([]uint16, n)
			for i := range want {
				at := i % 16 * 2
				if i%32 >= 16 {
					at++
				}
				for p := range parts {
					c := codes[i/32*32*parts/2+p/2*32+at] >> (p % 2 * 4) & 15
					want[i] += uint16(tables[16*p+int(c)])
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d parts of %d vectors: %v, want %v", parts, n, got, want)
			}
			sumLookupsPlain(got, codes, tables)
			if parts > 0 && !slices.Equal(got, want) {
				t.Errorf("%d parts of %d vectors, plain: %v, want %v", parts, n, got, want)
			}
		}
	}
}
