package sketch

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Embedding is how well a kind of sketch keeps the product of two fixed vectors,
// equation 2.
type Embedding struct {
	Bias  float64 // mean of g^T S^T S h - g^T h, over |g| |h|
	Alpha float64 // m times its variance, over |g|^2 |h|^2
	Beta  float64 // sqrt(m) times the largest seen, over |g| |h|
}

// OCE measures the oblivious coordinate-wise embedding for g and h, both [n] and
// not zero, over draws of a sketch.
func OCE(ctx context.Context, draw func(*rand.Rand) (Sketch, error), g, h []float64, draws int, rng *rand.Rand) (Embedding, error) {
	var e Embedding
	if len(g) != len(h) || draws < 1 {
		return e, fmt.Errorf("sketch: OCE of vectors of %d and %d, %d draws", len(g), len(h), draws)
	}
	n := len(g)
	both := mat.NewDense(n, 2, nil)
	both.SetCol(0, g)
	both.SetCol(1, h)
	gv, hv := both.ColView(0), both.ColView(1)
	length := mat.Norm(gv, 2) * mat.Norm(hv, 2)
	if !(length > 0) || math.IsInf(length, 0) {
		return e, fmt.Errorf("sketch: OCE of vectors with lengths %v and %v", mat.Norm(gv, 2), mat.Norm(hv, 2))
	}
	want := mat.Dot(gv, hv)
	var rows, sum, squares, worst float64
	for range draws {
		if err := ctx.Err(); err != nil {
			return e, err
		}
		s, err := draw(rng)
		if err != nil {
			return e, err
		}
		m, _ := s.Dims()
		small, err := s.Apply(both)
		if err != nil {
			return e, err
		}
		off := (mat.Dot(small.ColView(0), small.ColView(1)) - want) / length
		rows = float64(m)
		sum += off
		squares += off * off
		worst = max(worst, math.Abs(off))
	}
	k := float64(draws)
	e.Bias = sum / k
	e.Alpha = rows * (squares/k - e.Bias*e.Bias)
	e.Beta = math.Sqrt(rows) * worst
	return e, nil
}
