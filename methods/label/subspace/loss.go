package subspace

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Margin is the loss of a learner, equation (2).
type Margin struct {
	Alpha  float64 // half the width of the gap between near and far; 0 for .2
	Beta   float64 // the boundary; 0 for 1.2
	Cutoff float64 // examples of other classes nearer than that are left out; 0 for .5
}

func (m Margin) withDefaults() Margin {
	if m.Alpha == 0 {
		m.Alpha = .2
	}
	if m.Beta == 0 {
		m.Beta = 1.2
	}
	if m.Cutoff == 0 {
		m.Cutoff = .5
	}
	return m
}

// Loss returns the loss of unit vectors e [n x dim] with their classes, and sets
// grad, as long as e, to its gradient by e. Without a term that is not 0, as with a
// batch of one class that is close together, both are 0.
func (m Margin) Loss(e []float64, dim int, labels []int, grad []float64) (float64, error) {
	n := len(labels)
	if dim < 1 || len(e) != n*dim || len(grad) != len(e) {
		return 0, fmt.Errorf("subspace: %d values and %d gradients for %d rows of %d", len(e), len(grad), n, dim)
	}
	m = m.withDefaults()
	clear(grad)
	row := func(i int) []float64 { return e[i*dim : (i+1)*dim] }
	dist := make([]float64, n*n)
	pairs := 0
	for i := range n {
		for j := range i {
			square := 1e-8 // under the root, whose slope at 0 is infinite
			b := row(j)
			for k, v := range row(i) {
				square += (v - b[k]) * (v - b[k])
			}
			if math.IsNaN(square) || math.IsInf(square, 0) {
				return 0, fmt.Errorf("subspace: row %d or %d is not finite", i, j)
			}
			dist[i*n+j] = math.Sqrt(square)
			dist[j*n+i] = dist[i*n+j]
			if labels[i] == labels[j] {
				pairs += 2
			}
		}
	}
	var sum float64
	terms := 0
	pull := make([]float64, n*n) // derivative by each distance
	for i := range n {
		var others []int
		for j := range n {
			d := dist[i*n+j]
			switch {
			case i == j:
			case labels[i] != labels[j]:
				if d >= m.Cutoff {
					others = append(others, j)
				}
			case d-m.Beta+m.Alpha > 0:
				sum += d - m.Beta + m.Alpha
				pull[i*n+j] = 1
				terms++
			}
		}
		slices.SortFunc(others, func(a, b int) int { return cmp.Or(cmp.Compare(dist[i*n+a], dist[i*n+b]), a-b) })
		for _, j := range others[:min(len(others), max(1, pairs/n))] {
			if l := m.Beta - dist[i*n+j] + m.Alpha; l > 0 {
				sum += l
				pull[i*n+j] = -1
				terms++
			}
		}
	}
	if terms == 0 {
		return 0, nil
	}
	for i := range n {
		for j := range n {
			p := pull[i*n+j] + pull[j*n+i]
			if p == 0 {
				continue
			}
			p /= float64(terms) * dist[i*n+j]
			b := row(j)
			for k, v := range row(i) {
				grad[i*dim+k] += p * (v - b[k])
			}
		}
	}
	return sum / float64(terms), nil
}
