//go:build !(goexperiment.simd && amd64)

package vector

func dotsInt8(dst []int32, codes []byte, stride int, q []int16) {
	dotsInt8Plain(dst, codes, stride, q)
}
