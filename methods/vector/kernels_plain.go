//go:build !(goexperiment.simd && amd64)

package vector

func dot(a, b []float32) float32                    { return dotPlain(a, b) }
func addScaled(y []float32, s float32, x []float32) { addScaledPlain(y, s, x) }
