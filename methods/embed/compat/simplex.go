package compat

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
)

// corners are the numbers that a simplex with k corners consists of: in k-1
// dimensions, corner i is scale e_i - shift (1, ..., 1), and the last one
// last (1, ..., 1).
func corners(k int) (scale, shift, last float64) {
	d := float64(k - 1)
	alpha := (1 - math.Sqrt(d+1)) / d // of the last corner, before the mean is taken away
	mean := (1 + alpha) / (d + 1)
	length := math.Sqrt((1-mean)*(1-mean) + (d-1)*mean*mean)
	return 1 / length, mean / length, (alpha - mean) / length
}

// Simplex returns the corners of the regular simplex around 0 with k corners of
// length 1, [k x k-1], row by row: the classifier W. There must be at least 2.
func Simplex(k int) ([]float32, error) {
	if k < 2 {
		return nil, fmt.Errorf("compat: a simplex with %d corners", k)
	}
	scale, shift, last := corners(k)
	d := k - 1
	w := make([]float32, k*d)
	for i := range d {
		for j := range d {
			w[i*d+j] = float32(-shift)
		}
		w[i*d+i] = float32(scale - shift)
		w[d*d+i] = float32(last)
	}
	return w, nil
}

// SimplexLogits are W f for features f [B, k-1], not normalised: [B, k]. With s
// the sum of a row's coordinates they are scale f_i - shift s, and last s:
// about 2k operations a row in place of the k^2 of a product (see
// BenchmarkLogits).
func SimplexLogits(f *graph.Node) *graph.Node {
	scale, shift, last := corners(f.Shape().Dim(-1) + 1)
	sum := graph.ReduceAndKeep(f, graph.ReduceSum, -1)
	first := graph.Sub(graph.MulScalar(f, scale), graph.MulScalar(sum, shift))
	return graph.Concatenate([]*graph.Node{first, graph.MulScalar(sum, last)}, -1)
}

// Vertices gives each class a corner of a simplex. It belongs to the model and
// must be stored with it: a class that gets another corner in the next version
// is lost in everything stored. The zero value has no corners.
type Vertices[C comparable] struct {
	K       int `json:"k"`       // corners in all; more than there will ever be classes
	Classes []C `json:"classes"` // class i has corner i
}

// Of returns the corner of a class: a class that is new gets the next free one.
// An error means that none is left.
func (v *Vertices[C]) Of(class C) (int, error) {
	if i := slices.Index(v.Classes, class); i >= 0 {
		return i, nil
	}
	if len(v.Classes) >= v.K {
		return 0, fmt.Errorf("compat: all %d corners are taken: class %v has none", v.K, class)
	}
	v.Classes = append(v.Classes, class)
	return len(v.Classes) - 1, nil
}
