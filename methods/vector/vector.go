// Package vector has the float32 kernels that hand-written methods spend their
// time in: dot products, sums of scaled vectors and norms. Built with
// GOEXPERIMENT=simd on amd64 they use the processor's vector instructions where
// it has them; everywhere else the same functions run in plain Go. The two add
// in different orders, so results differ in their last digits.
package vector

import "math"

// Dot returns the inner product of a and b, which must be as long as a.
func Dot(a, b []float32) float32 { return dot(a, b[:len(a)]) }

// AddScaled adds s times x to y, which must be as long as x.
func AddScaled(y []float32, s float32, x []float32) { addScaled(y[:len(x)], s, x) }

// Norm returns the Euclidean length of a.
func Norm(a []float32) float32 { return float32(math.Sqrt(float64(Dot(a, a)))) }

// Normalize scales a to length 1 and returns the length it had. A vector of
// length 0 stays as it is.
func Normalize(a []float32) float32 {
	n := Norm(a)
	if n > 0 {
		for i := range a {
			a[i] /= n
		}
	}
	return n
}

// NormalizeRows scales each row of a matrix with rows of length dim to length 1.
func NormalizeRows(a []float32, dim int) {
	for i := 0; i+dim <= len(a); i += dim {
		Normalize(a[i : i+dim])
	}
}

// dotPlain keeps four sums, so that the additions need not wait for each other.
func dotPlain(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s0 += x[0] * y[0]
		s1 += x[1] * y[1]
		s2 += x[2] * y[2]
		s3 += x[3] * y[3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

func addScaledPlain(y []float32, s float32, x []float32) {
	for i, v := range x {
		y[i] += s * v
	}
}
