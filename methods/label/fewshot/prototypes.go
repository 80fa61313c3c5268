package fewshot

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// When mean shift stands still, relative to the prototype's largest coordinate,
// and its limit of steps: the authors' values.
const (
	shiftTolerance = 1e-5
	shiftSteps     = 1000
)

// distances are the squared distances of the rows of x [N x D] and m [K x D],
// [N x K].
func distances(x, m *mat.Dense) *mat.Dense {
	n, _ := x.Dims()
	k, _ := m.Dims()
	out := mat.NewDense(n, k, nil)
	for i := range n {
		row := out.RawRowView(i)
		for j := range k {
			row[j] = squared(x.RawRowView(i), m.RawRowView(j))
		}
	}
	return out
}

func squared(a, b []float64) float64 {
	b = b[:len(a)]
	sum := 0.
	for i, v := range a {
		d := v - b[i]
		sum += d * d
	}
	return sum
}

// lowest returns the column of the lowest value in each row.
func lowest(a *mat.Dense) []int {
	n, _ := a.Dims()
	out := make([]int, n)
	for i := range out {
		out[i] = floats.MinIdx(a.RawRowView(i))
	}
	return out
}

// missing returns a class that no label has, or -1.
func missing(labels []int, k int) int {
	seen := make([]bool, k)
	for _, y := range labels {
		if y >= 0 {
			seen[y] = true
		}
	}
	for c, s := range seen {
		if !s {
			return c
		}
	}
	return -1
}

// oneHot returns labels as rows [N x k]; a row of no label is 0.
func oneHot(labels []int, k int) *mat.Dense {
	s := mat.NewDense(len(labels), k, nil)
	for i, y := range labels {
		if y >= 0 {
			s.Set(i, y, 1)
		}
	}
	return s
}

// weightedMeans returns the mean of the points for each column of weights
// [N x K]; where all are 0, the prototype that there was.
func weightedMeans(x, weights, from *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	_, k := weights.Dims()
	m := mat.NewDense(k, d, nil)
	sum := make([]float64, k)
	for i := range n {
		for c, w := range weights.RawRowView(i) {
			if w > 0 {
				floats.AddScaled(m.RawRowView(c), w, x.RawRowView(i))
				sum[c] += w
			}
		}
	}
	for c, s := range sum {
		if s > 0 {
			floats.Scale(1/s, m.RawRowView(c))
		} else {
			m.SetRow(c, from.RawRowView(c))
		}
	}
	return m
}

// shifted moves each prototype to a mode of the weighted points by mean shift,
//
//	m <- sum_p s_p w_p x_p / sum_p s_p w_p,   w_p = exp(-|x_p - m|^2 / (2 sigma^2)).
//
// No step raises sum_p s_p a_p.
func shifted(x, weights, from *mat.Dense, sigma float64) *mat.Dense {
	n, d := x.Dims()
	k, _ := from.Dims()
	m := mat.DenseCopyOf(from)
	next := make([]float64, d)
	for c := range k {
		at := m.RawRowView(c)
		for range shiftSteps {
			clear(next)
			sum := 0.
			for i := range n {
				s := weights.At(i, c)
				if s == 0 {
					continue
				}
				w := s * math.Exp(-squared(x.RawRowView(i), at)/(2*sigma*sigma))
				floats.AddScaled(next, w, x.RawRowView(i))
				sum += w
			}
			if sum == 0 { // all points are too far to be felt
				break
			}
			floats.Scale(1/sum, next)
			moved := floats.Distance(next, at, math.Inf(1))
			size := floats.Norm(at, math.Inf(1))
			copy(at, next)
			if moved < shiftTolerance*size {
				break
			}
		}
	}
	return m
}
