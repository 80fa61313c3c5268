//go:build goexperiment.simd && amd64

package vector

import "simd/archsimd"

// sumLookups looks 32 bytes up with one shuffle. The sums of the odd bytes are
// kept apart; those of the even ones are what 16-bit sums of both have on top of
// them. Shifts are multiplications: the compiler hands a shift its count by an
// instruction of the older kind, between which and the newer ones the processor
// switches slowly, some forty times the work of the loop.
func sumLookups(dst []uint16, codes, tables []byte) {
	if !archsimd.X86.AVX2() {
		sumLookupsPlain(dst, codes, tables)
		return
	}
	pairs := len(tables) / 32
	twice := make([]byte, 2*len(tables)) // a table for each half of a register
	for t := 0; t < len(tables); t += 16 {
		copy(twice[2*t:], tables[t:t+16])
		copy(twice[2*t+16:], tables[t:t+16])
	}
	nibble := archsimd.BroadcastUint8x32(15)
	shift4, shift8 := archsimd.BroadcastUint16x16(1<<12), archsimd.BroadcastUint16x16(1<<8)
	for b := 0; b < len(dst); b += LookupBlock {
		block := codes[b*pairs : (b+LookupBlock)*pairs]
		var both, odd archsimd.Uint16x16
		for p := range pairs {
			c := archsimd.LoadUint8x32Slice(block[32*p : 32*p+32 : 32*p+32])
			low := c.And(nibble).AsInt8x32()
			high := c.AsUint16x16().MulHigh(shift4).AsUint8x32().And(nibble).AsInt8x32()
			t := twice[64*p : 64*p+64 : 64*p+64]
			v := archsimd.LoadUint8x32Slice(t[:32]).PermuteOrZeroGrouped(low).AsUint16x16()
			w := archsimd.LoadUint8x32Slice(t[32:]).PermuteOrZeroGrouped(high).AsUint16x16()
			both = both.Add(v).Add(w)
			odd = odd.Add(v.MulHigh(shift8)).Add(w.MulHigh(shift8))
		}
		both.Sub(odd.Mul(shift8)).StoreSlice(dst[b : b+16])
		odd.StoreSlice(dst[b+16 : b+32])
	}
	archsimd.ClearAVXUpperBits()
}
