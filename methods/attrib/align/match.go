package align

import (
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/assign"
)

// Bipartite returns for each unit of A, a row of c [s1 x s2], its partner in the
// one-to-one match of largest total, equation 3, and that total. With more units
// in A than in B some have none: -1.
func Bipartite(c *mat.Dense) (match []int, total float64, err error) { return assign.Max(c) }

// Semi returns for each unit of A, a row of c [s1 x s2], the unit of B that is
// most like it, equation 2. A unit of B may be the partner of several; its total
// is that of [Bipartite] or more.
func Semi(c *mat.Dense) []int {
	n, m := c.Dims()
	match := make([]int, n)
	for i := range n {
		for j := range m {
			if c.At(i, j) > c.At(i, match[i]) {
				match[i] = j
			}
		}
	}
	return match
}

// Matched returns the entries of c [s1 x s2] that a match picks; a unit without a
// partner has 0. Take c from other inputs than those that the match was chosen
// on.
func Matched(c *mat.Dense, match []int) []float64 {
	out := make([]float64, len(match))
	for i, j := range match {
		if j >= 0 {
			out[i] = c.At(i, j)
		}
	}
	return out
}
