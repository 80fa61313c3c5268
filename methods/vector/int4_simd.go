//go:build goexperiment.simd && amd64

package vector

import "simd/archsimd"

// dotsInt4 keeps sums of 16 bits for four blocks: eight products of 15 and 128,
// two at a time, fit. The high bits are shifted by a multiplication, for the
// reason that sumLookups gives.
func dotsInt4(dst []int32, codes []byte, stride int, q []int8) {
	if !wide {
		dotsInt4Plain(dst, codes, stride, q)
		return
	}
	nibble := archsimd.BroadcastUint8x32(15)
	shift := archsimd.BroadcastUint16x16(1 << 12)
	ones := archsimd.BroadcastInt16x16(1)
	for i := range dst {
		row := codes[i*stride : i*stride+len(q)/2]
		var sum archsimd.Int32x8
		for b := 0; b < len(row); {
			var short archsimd.Int16x16
			for end := min(b+4*Int4Block/2, len(row)); b < end; b += Int4Block / 2 {
				w := q[2*b : 2*b+Int4Block : 2*b+Int4Block]
				c := archsimd.LoadUint8x32Slice(row[b : b+32 : b+32])
				low := c.And(nibble)
				high := c.AsUint16x16().MulHigh(shift).AsUint8x32().And(nibble)
				short = short.Add(low.DotProductPairsSaturated(archsimd.LoadInt8x32Slice(w[:32]))).
					Add(high.DotProductPairsSaturated(archsimd.LoadInt8x32Slice(w[32:])))
			}
			sum = sum.Add(short.DotProductPairs(ones))
		}
		var lanes [8]int32
		sum.Store(&lanes)
		dst[i] = lanes[0] + lanes[1] + lanes[2] + lanes[3] + lanes[4] + lanes[5] + lanes[6] + lanes[7]
	}
	archsimd.ClearAVXUpperBits()
}
