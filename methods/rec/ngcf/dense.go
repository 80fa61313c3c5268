package ngcf

import "github.com/offprint/offprint/methods/vector"

// mulAdd adds x W to y, for x and y [n x d] and W [d x d].
func mulAdd(y, x, w []float32, d int) {
	for i := 0; i < len(x); i += d {
		row := y[i : i+d]
		for k, v := range x[i : i+d] {
			vector.AddScaled(row, v, w[k*d:(k+1)*d])
		}
	}
}

// outerAdd adds x^T y to dw, for x and y [n x d] and dw [d x d].
func outerAdd(dw, x, y []float32, d int) {
	for i := 0; i < len(x); i += d {
		row := y[i : i+d]
		for k, v := range x[i : i+d] {
			vector.AddScaled(dw[k*d:(k+1)*d], v, row)
		}
	}
}

// sumRows adds the sum of the rows of x [n x d] to dst [d].
func sumRows(dst, x []float32, d int) {
	for i := 0; i < len(x); i += d {
		vector.AddScaled(dst, 1, x[i:i+d])
	}
}

func transpose(w []float32, d int) []float32 {
	t := make([]float32, d*d)
	for i := range d {
		for j := range d {
			t[j*d+i] = w[i*d+j]
		}
	}
	return t
}
