package vector

// MulAdd adds X W to Y, for matrices X [n x p], W [p x q] and Y [n x q], row by
// row; n is len(y)/q. It is for the many rows and few columns of a layer's
// activations and weights, on the calling goroutine.
func MulAdd(y, x, w []float32, p, q int) {
	n := len(y) / q
	mulAdd(y[:n*q], x[:n*p], w[:p*q], n, p, q, p, 1)
}

// MulAddTrans adds X^T Y to W, for matrices as of [MulAdd]: with Y a gradient,
// that of the weights.
func MulAddTrans(w, x, y []float32, p, q int) {
	n := len(y) / q
	w, x, y = w[:p*q], x[:n*p], y[:n*q]
	// In pieces, each of which stays in the cache while all of W is updated.
	const rows = 128
	for i := 0; i < n; i += rows {
		k := min(rows, n-i)
		mulAdd(w, x[i*p:(i+k)*p], y[i*q:(i+k)*q], p, k, q, 1, p)
	}
}

// mulAddPlain adds A W to y [n x q], for W [p x q] and A [n x p] with entry
// (i, k) at a[i*row+k*col].
func mulAddPlain(y, a, w []float32, n, p, q, row, col int) {
	for i := range n {
		out := y[i*q : (i+1)*q]
		for k := range p {
			addScaledPlain(out, a[i*row+k*col], w[k*q:(k+1)*q])
		}
	}
}
