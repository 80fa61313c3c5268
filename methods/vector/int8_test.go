package vector

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestDotsInt8(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, size := range []struct{ n, dim, stride int }{{0, 4, 4}, {1, 1, 1}, {3, 31, 40}, {5, 32, 32}, {7, 128, 132}, {4, 512, 512}} {
		codes := make([]byte, size.n*size.stride)
		for i := range codes {
			codes[i] = byte(rng.Uint32())
			if rng.IntN(4) == 0 {
				codes[i] = 0x80 // -128
			}
		}
		q := make([]int16, size.dim)
		for i := range q {
			q[i] = int16(rng.Uint32())
			if rng.IntN(4) == 0 {
				q[i] = -1 << 15
			}
		}
		got, want := make([]int32, size.n), make([]int32, size.n)
		DotsInt8(got, codes, size.stride, q)
		dotsInt8Plain(want, codes, size.stride, q)
		if !slices.Equal(got, want) {
			t.Errorf("%v: %v, want %v", size, got, want)
		}
	}
}
