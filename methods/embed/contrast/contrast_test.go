package contrast

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// infoNCE is the loss in float64, from its definition.
func infoNCE(q, d []float32, dim int, temperature float64) float64 {
	n := len(q) / dim
	s := make([][]float64, n)
	for i := range s {
		s[i] = make([]float64, n)
		for j := range s[i] {
			dot, a, b := 0.0, 0.0, 0.0
			for k := range dim {
				x, y := float64(q[i*dim+k]), float64(d[j*dim+k])
				dot, a, b = dot+x*y, a+x*x, b+y*y
			}
			s[i][j] = dot / math.Sqrt(a*b) / temperature
		}
	}
	loss := 0.0
	for i := range n {
		row, column := 0.0, 0.0
		for j := range n {
			row += math.Exp(s[i][j] - s[i][i])
			column += math.Exp(s[j][i] - s[i][i])
		}
		loss += (math.Log(row) + math.Log(column)) / 2 / float64(n)
	}
	return loss
}

func pair(rows, dim int) (q, d []float32) {
	rng := random.New(1, 0)
	q, d = make([]float32, rows*dim), make([]float32, rows*dim)
	random.Normal(rng, q, 1)
	random.Normal(rng, d, 1)
	return q, d
}

func TestInfoNCEAndItsGradient(t *testing.T) {
	const rows, dim = 7, 5
	q, d := pair(rows, dim)
	for _, temperature := range []float64{1, .05, 1. / 40, .02} {
		l, err := train.NewLoss(2, func(in []*graph.Node) *graph.Node { return InfoNCE(in[0], in[1], temperature) })
		if err != nil {
			t.Fatal(err)
		}
		loss, grads, err := l.Call(tensors.FromFlatDataAndDimensions(q, rows, dim), tensors.FromFlatDataAndDimensions(d, rows, dim))
		if err != nil {
			t.Fatal(err)
		}
		want := infoNCE(q, d, dim, temperature)
		if math.Abs(loss-want) > 1e-4*(1+want) {
			t.Errorf("T = %v: loss %v, want %v", temperature, loss, want)
		}
		for side, x := range [][]float32{q, d} {
			for _, i := range []int{0, 13, rows*dim - 1} {
				const h = 1e-3
				at := x[i]
				x[i] = at + h
				up := infoNCE(q, d, dim, temperature)
				x[i] = at - h
				down := infoNCE(q, d, dim, temperature)
				x[i] = at
				slope := (up - down) / (2 * h)
				if got := float64(grads[side][i]); math.Abs(got-slope) > 2e-3*(1+math.Abs(slope)) {
					t.Errorf("T = %v: gradient %d of side %d is %v, slope %v", temperature, i, side, got, slope)
				}
			}
		}
	}
}

func TestZeroRowsAreFinite(t *testing.T) {
	l, err := train.NewLoss(2, func(in []*graph.Node) *graph.Node { return InfoNCE(in[0], in[1], .05) })
	if err != nil {
		t.Fatal(err)
	}
	loss, grads, err := l.Call(tensors.FromFlatDataAndDimensions(make([]float32, 6), 3, 2), tensors.FromFlatDataAndDimensions([]float32{1, 0, 0, 1, 1, 1}, 3, 2))
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(loss-math.Log(3)) > 1e-5 {
		t.Errorf("loss %v, want ln 3: all scores are equal", loss)
	}
	for _, g := range grads[1] {
		if math.IsNaN(float64(g)) {
			t.Error("the gradient is NaN")
		}
	}
}

func ExampleInfoNCE() {
	loss, err := train.NewLoss(2, func(in []*graph.Node) *graph.Node { return InfoNCE(in[0], in[1], .05) })
	if err != nil {
		fmt.Println(err)
		return
	}
	queries := tensors.FromValue([][]float32{{1, 0}, {0, 2}})
	documents := tensors.FromValue([][]float32{{3, 0}, {0, 1}})
	l, gradients, err := loss.Call(queries, documents)
	fmt.Printf("%.4f %d %v\n", l, len(gradients), err)
	// Output: 0.0000 2 <nil>
}
