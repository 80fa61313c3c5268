package encode

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/vector"
)

// Bridge takes the vectors that one encoder has made to where another one would
// have put them, nearly, without the texts.
type Bridge struct {
	from, to int
	w        []float32 // [from x to]
}

// ridge is the penalty on a bridge's matrix; vectors have length 1.
const ridge = 10

// NewBridge learns a bridge from the vectors of the same texts by both encoders, x
// [texts x from] and y [texts x to]: the matrix that is best by ridge regression,
//
//	W = (X'X + 10 I)^-1 X'Y.
//
// A rotation (Align), which keeps all cosines, is less free and does worse.
func NewBridge(x, y []float32, from, to int) (*Bridge, error) {
	if from < 1 || to < 1 || len(x)%from != 0 || len(x)/from != len(y)/to || len(y)%to != 0 || len(x) < 2*from*from {
		return nil, fmt.Errorf("encode: a bridge needs vectors of %d or more texts, and has %d numbers for %d", 2*from, len(x), from)
	}
	xs, ys := dense(x, from), dense(y, to)
	var xx, xy, w mat.Dense
	xx.Mul(xs.T(), xs)
	xy.Mul(xs.T(), ys)
	for i := range from {
		xx.Set(i, i, xx.At(i, i)+ridge)
	}
	if err := w.Solve(&xx, &xy); err != nil {
		return nil, fmt.Errorf("encode: a bridge: %w", err)
	}
	b := &Bridge{from, to, make([]float32, 0, from*to)}
	for i := range from {
		for j := range to {
			b.w = append(b.w, float32(w.At(i, j)))
		}
	}
	return b, nil
}

// Cross returns where a vector [from] would be by the other encoder [to], of length 1.
func (b *Bridge) Cross(v []float32) []float32 {
	out := make([]float32, b.to)
	for i, x := range v[:b.from] {
		vector.AddScaled(out, x, b.w[i*b.to:(i+1)*b.to])
	}
	vector.Normalize(out)
	return out
}

func dense(x []float32, dim int) *mat.Dense {
	values := make([]float64, len(x))
	for i, v := range x {
		values[i] = float64(v)
	}
	return mat.NewDense(len(x)/dim, dim, values)
}
