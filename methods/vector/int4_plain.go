//go:build !(goexperiment.simd && amd64)

package vector

func dotsInt4(dst []int32, codes []byte, stride int, q []int8) {
	dotsInt4Plain(dst, codes, stride, q)
}
