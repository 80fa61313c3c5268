package encode

import (
	"testing"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// What is a linear map of the old vectors is found, and crossed exactly but for the
// penalty; too few texts are an error.
func TestBridge(t *testing.T) {
	const n, from, to = 4000, 12, 8
	rng := random.New(1, 1)
	x, w := make([]float32, n*from), make([]float32, from*to)
	random.Normal(rng, x, 1)
	random.Normal(rng, w, 1)
	vector.NormalizeRows(x, from)
	y := make([]float32, 0, n*to)
	for i := range n {
		row := make([]float32, to)
		for k := range from {
			vector.AddScaled(row, x[i*from+k], w[k*to:(k+1)*to])
		}
		vector.Normalize(row)
		y = append(y, row...)
	}
	b, err := NewBridge(x[:n/2*from], y[:n/2*to], from, to)
	if err != nil {
		t.Fatal(err)
	}
	mean := float32(0)
	for i := n / 2; i < n; i++ {
		v := b.Cross(x[i*from : (i+1)*from])
		mean += vector.Dot(v, y[i*to:(i+1)*to]) / (n / 2)
	}
	if mean < .98 {
		t.Errorf("mean cosine %.3f to where the vectors should be", mean)
	}
	if _, err := NewBridge(x[:from], y[:to], from, to); err == nil {
		t.Error("a bridge from one text")
	}
	if _, err := NewBridge(x, y[:to], from, to); err == nil {
		t.Error("a bridge from ragged vectors")
	}
}
