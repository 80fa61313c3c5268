//go:build !(goexperiment.simd && amd64)

package vector

func mulAdd(y, a, w []float32, n, p, q, row, col int) { mulAddPlain(y, a, w, n, p, q, row, col) }
