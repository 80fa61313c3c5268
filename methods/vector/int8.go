package vector

// DotsInt8 sets dst[i] to the inner product of q and row i of codes, rows of
// len(q) signed bytes that begin stride bytes apart. It does not overflow for
// rows of up to 511.
func DotsInt8(dst []int32, codes []byte, stride int, q []int16) {
	if len(dst) == 0 {
		return
	}
	_ = codes[(len(dst)-1)*stride+len(q)-1]
	dotsInt8(dst, codes, stride, q)
}

func dotsInt8Plain(dst []int32, codes []byte, stride int, q []int16) {
	for i := range dst {
		sum := int32(0)
		for j, c := range codes[i*stride : i*stride+len(q)] {
			sum += int32(int8(c)) * int32(q[j])
		}
		dst[i] = sum
	}
}
