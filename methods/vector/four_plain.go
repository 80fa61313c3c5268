//go:build !(goexperiment.simd && amd64)

package vector

func addScaled4(y []float32, s0, s1, s2, s3 float32, x0, x1, x2, x3 []float32) {
	addScaled4Plain(y, s0, s1, s2, s3, x0, x1, x2, x3)
}
