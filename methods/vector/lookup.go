package vector

// LookupBlock is how many vectors [SumLookups] goes through at a time.
const LookupBlock = 32

// SumLookups sets dst to sums of look-ups: of vector i in tables of 16 bytes, one
// for each of an even number of parts, up to 256,
//
//	dst[i] = sum_p tables[16 p + code of part p].
//
// The codes have 4 bits and are in blocks of 32 vectors. A block has 32 bytes for
// each two parts, the first in their low bits; byte 2k is that of the block's
// vector k, and byte 2k+1 that of vector 16+k. len(dst) is a multiple of 32, and
// codes has len(dst)/2 bytes a part.
func SumLookups(dst []uint16, codes, tables []byte) {
	parts := len(tables) / 16
	if len(dst) == 0 || parts == 0 {
		clear(dst)
		return
	}
	_ = codes[len(dst)*parts/2-1]
	sumLookups(dst, codes, tables)
}

func sumLookupsPlain(dst []uint16, codes, tables []byte) {
	pairs := len(tables) / 32
	for b := 0; b < len(dst); b += LookupBlock {
		out := dst[b : b+LookupBlock]
		clear(out)
		for p := range pairs {
			low, high := tables[32*p:32*p+16], tables[32*p+16:32*p+32]
			for i, c := range codes[(b*pairs + LookupBlock*p):][:LookupBlock] {
				out[i/2+i%2*16] += uint16(low[c&15]) + uint16(high[c>>4])
			}
		}
	}
}
