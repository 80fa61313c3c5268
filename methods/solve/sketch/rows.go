package sketch

import "math"

// RowsFor is the number of rows with which a dense sketch should meet equation 1
// for d columns with probability 1 - delta, 2 ln(2d/delta) d / eps^2, rounded
// up. It comes from the normal limit: a coordinate's error has variance at most
// |r|^2 |A^+|^2 / m. The paper's constants are not known; see [TheoremRows].
func RowsFor(d int, eps, delta float64) int {
	return int(math.Ceil(2 * math.Log(2*float64(d)/delta) * float64(d) / (eps * eps)))
}

// TheoremRows is the paper's number of rows, d log^3(n/delta) / eps^2, with the
// natural logarithm and a factor of 1, rounded up. It is more than n unless
// n is far above d.
func TheoremRows(d, n int, eps, delta float64) int {
	return int(math.Ceil(math.Pow(math.Log(float64(n)/delta), 3) * float64(d) / (eps * eps)))
}

// SparseRows is the number of rows that a sketch with s entries a column needs
// where it does worst, d^2/eps^2, rounded up. A residual of t = m/(d s^2) equal
// entries shares a row with a column of A with constant probability, and then
// moves a coordinate by 1/(s sqrt(t)) = sqrt(d/m): for any s, as long as t is at
// least 1. See [AdversarialEntries].
func SparseRows(d int, eps float64) int {
	return int(math.Ceil(float64(d*d) / (eps * eps)))
}

// AdversarialEntries is that t, at least 1.
func AdversarialEntries(m, d, s int) int { return max(1, m/(d*s*s)) }
