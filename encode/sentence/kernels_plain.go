//go:build !(goexperiment.simd && amd64)

package sentence

func tiles(y []float32, ldy int, x []float32, ldx, n int, w, start []float32) {
	tilesPlain(y, ldy, x, ldx, n, w, start)
}

func softmax(x []float32, n int) { softmaxPlain(x[:n]) }

func gelu(x []float32) { geluPlain(x) }
