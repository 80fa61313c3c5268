//go:build goexperiment.simd && amd64

package vector

import "simd/archsimd"

func dotsInt8(dst []int32, codes []byte, stride int, q []int16) {
	if !wide || len(q)%32 != 0 {
		dotsInt8Plain(dst, codes, stride, q)
		return
	}
	for i := range dst {
		row := codes[i*stride : i*stride+len(q)]
		var s0, s1 archsimd.Int32x8
		for j := 0; j+32 <= len(row); j += 32 {
			c, w := row[j:j+32:j+32], q[j:j+32:j+32]
			a := archsimd.LoadUint8x16Slice(c[:16]).AsInt8x16().ExtendToInt16()
			b := archsimd.LoadUint8x16Slice(c[16:]).AsInt8x16().ExtendToInt16()
			s0 = a.DotProductPairs(archsimd.LoadInt16x16Slice(w[:16])).Add(s0)
			s1 = b.DotProductPairs(archsimd.LoadInt16x16Slice(w[16:])).Add(s1)
		}
		var lanes [8]int32
		s0.Add(s1).Store(&lanes)
		dst[i] = lanes[0] + lanes[1] + lanes[2] + lanes[3] + lanes[4] + lanes[5] + lanes[6] + lanes[7]
	}
	archsimd.ClearAVXUpperBits()
}
