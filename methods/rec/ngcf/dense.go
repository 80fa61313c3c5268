package ngcf

import "github.com/offprint/offprint/methods/vector"

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
