package vector

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestDotsInt4(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	for _, dim := range []int{64, 128, 256, 320, 1024} {
		q := make([]int8, dim)
		for j := range q {
			q[j] = int8(rng.IntN(256) - 128)
		}
		const n, stride = 37, 600
		codes := make([]byte, n*stride)
		for i := range codes {
			codes[i] = byte(rng.Uint32())
		}
		for i := range 2 { // the largest sums of either sign
			for j := range dim / 2 {
				codes[i*stride+j] = 255
			}
		}
		for _, extreme := range []int8{0, 127, -128} {
			if extreme != 0 {
				for j := range q {
					q[j] = extreme
				}
			}
			got, want := make([]int32, n), make([]int32, n)
			DotsInt4(got, codes, stride, q)
			dotsInt4Plain(want, codes, stride, q)
			if !slices.Equal(got, want) {
				t.Fatalf("%d numbers: %v, not %v", dim, got, want)
			}
		}
	}
	q := make([]int8, 64)
	q[3], q[35] = 2, 3
	codes := make([]byte, 32)
	codes[3] = 5 | 7<<4
	var one [1]int32
	DotsInt4(one[:], codes, 32, q)
	if one[0] != 5*2+7*3 {
		t.Error(one[0])
	}
	DotsInt4(nil, nil, 32, q)
}

func BenchmarkDotsInt4(b *testing.B) {
	const n, dim = 50000, 128
	codes, q, dst := make([]byte, n*dim/2), make([]int8, dim), make([]int32, n)
	for i := range q {
		q[i] = int8(i)
	}
	b.SetBytes(n * dim / 2)
	for b.Loop() {
		DotsInt4(dst, codes, dim/2, q)
	}
}
