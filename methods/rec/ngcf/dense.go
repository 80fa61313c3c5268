package ngcf

import "github.com/offprint/offprint/methods/vector"

// mulAdd adds x W to y, for x and y [n x d] and W [d x d].
func mulAdd(y, x, w []float32, d int) {
	for i := 0; i < len(x); i += d {
		out, in := y[i:i+d], x[i:i+d]
		k := 0
		for ; k+4 <= d; k += 4 {
			rows := w[k*d : (k+4)*d]
			vector.AddScaled4(out, in[k], in[k+1], in[k+2], in[k+3], rows[:d], rows[d:], rows[2*d:], rows[3*d:])
		}
		for ; k < d; k++ {
			vector.AddScaled(out, in[k], w[k*d:(k+1)*d])
		}
	}
}

// outerAdd adds x^T y to dw, for x and y [n x d] and dw [d x d].
func outerAdd(dw, x, y []float32, d int) {
	i := 0
	for ; i+4*d <= len(x); i += 4 * d {
		a, b := x[i:i+4*d], y[i:i+4*d]
		for k := range d {
			vector.AddScaled4(dw[k*d:(k+1)*d], a[k], a[d+k], a[2*d+k], a[3*d+k], b[:d], b[d:], b[2*d:], b[3*d:])
		}
	}
	for ; i < len(x); i += d {
		for k, v := range x[i : i+d] {
			vector.AddScaled(dw[k*d:(k+1)*d], v, y[i:i+d])
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
