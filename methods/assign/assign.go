// Package assign solves the assignment problem: rows and columns matched one to
// one so that the sum of the matched entries is largest.
package assign

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Max returns, for each row of score, the column that it is matched with, and the
// sum of the matched entries, the largest that any matching has. Where there are
// more rows than columns, the rows without one have -1. An error means an entry
// that is not finite.
//
// It is the Hungarian method with shortest augmenting paths (Jonker and
// Volgenant, 1987): potentials u, v with u_i + v_j <= cost_ij, and for each row a
// path of least reduced cost to a free column; O(n^2 m) for n <= m.
func Max(score mat.Matrix) (match []int, total float64, err error) {
	n, m := score.Dims()
	for i := range n {
		for j := range m {
			if v := score.At(i, j); math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, 0, fmt.Errorf("assign: entry (%d, %d) is %v", i, j, v)
			}
		}
	}
	if n <= m {
		match = hungarian(n, m, func(i, j int) float64 { return -score.At(i, j) })
	} else {
		match = make([]int, n)
		for i := range match {
			match[i] = -1
		}
		for j, i := range hungarian(m, n, func(j, i int) float64 { return -score.At(i, j) }) {
			match[i] = j
		}
	}
	for i, j := range match {
		if j >= 0 {
			total += score.At(i, j)
		}
	}
	return match, total, nil
}

// hungarian returns the column of each of n rows, n <= m, of least total cost.
func hungarian(n, m int, cost func(i, j int) float64) []int {
	// Rows and columns count from 1; column 0 stands for the row being placed.
	u, v := make([]float64, n+1), make([]float64, m+1)
	row, before := make([]int, m+1), make([]int, m+1) // of each column
	least, done := make([]float64, m+1), make([]bool, m+1)
	for i := 1; i <= n; i++ {
		row[0] = i
		for j := range least {
			least[j], done[j] = math.Inf(1), false
		}
		at := 0
		for row[at] != 0 {
			done[at] = true
			next, step := 0, math.Inf(1)
			for j := 1; j <= m; j++ {
				if done[j] {
					continue
				}
				if c := cost(row[at]-1, j-1) - u[row[at]] - v[j]; c < least[j] {
					least[j], before[j] = c, at
				}
				if least[j] < step {
					next, step = j, least[j]
				}
			}
			for j := range done {
				if done[j] {
					u[row[j]] += step
					v[j] -= step
				} else {
					least[j] -= step
				}
			}
			at = next
		}
		for at != 0 {
			row[at] = row[before[at]]
			at = before[at]
		}
	}
	match := make([]int, n)
	for j := 1; j <= m; j++ {
		if row[j] != 0 {
			match[row[j]-1] = j - 1
		}
	}
	return match
}
