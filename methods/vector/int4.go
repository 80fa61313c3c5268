package vector

// Int4Block is how many numbers [DotsInt4] takes at a time.
const Int4Block = 64

// DotsInt4 sets dst[i] to the inner product of q and row i of codes of 4 bits, 0
// to 15, rows that begin stride bytes apart. The length of q is a multiple of 64,
// at most 65536. Of each 64 numbers of a row the first 32 are in the low bits of
// 32 bytes and the others in the high bits of the same.
func DotsInt4(dst []int32, codes []byte, stride int, q []int8) {
	if len(dst) == 0 {
		return
	}
	_ = codes[(len(dst)-1)*stride+len(q)/2-1]
	dotsInt4(dst, codes, stride, q)
}

func dotsInt4Plain(dst []int32, codes []byte, stride int, q []int8) {
	const half = Int4Block / 2
	for i := range dst {
		row := codes[i*stride : i*stride+len(q)/2]
		sum := int32(0)
		for b := 0; b+half <= len(row); b += half {
			low, high := q[2*b:2*b+half], q[2*b+half:2*b+2*half]
			for j, c := range row[b : b+half] {
				sum += int32(c&15)*int32(low[j]) + int32(c>>4)*int32(high[j])
			}
		}
		dst[i] = sum
	}
}
