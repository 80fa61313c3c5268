package spd

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Function is a function of a number, and so of a symmetric matrix by its
// eigenvalues, with its derivative.
type Function struct {
	F, Slope func(w float64) float64
}

// Logarithm is log w, of eigenvalues that are raised to least.
func Logarithm(least float64) Function {
	return Function{
		F: func(w float64) float64 { return math.Log(max(w, least)) },
		Slope: func(w float64) float64 {
			if w < least {
				return 0
			}
			return 1 / w
		},
	}
}

// Exponential is exp(c w).
func Exponential(c float64) Function {
	return Function{
		F:     func(w float64) float64 { return math.Exp(c * w) },
		Slope: func(w float64) float64 { return c * math.Exp(c*w) },
	}
}

// floor is the least eigenvalue that the powers and slopes of [Power] see:
// rounding leaves tiny negative ones, and the slope of a root at 0 is infinite.
const floor = 1e-14

// Power is w^p for a positive w.
func Power(p float64) Function {
	switch p {
	case 1:
		return Function{func(w float64) float64 { return w }, func(float64) float64 { return 1 }}
	case 2:
		return Function{func(w float64) float64 { return w * w }, func(w float64) float64 { return 2 * w }}
	case .5:
		return Function{
			func(w float64) float64 { return math.Sqrt(max(w, floor)) },
			func(w float64) float64 { return .5 / math.Sqrt(max(w, floor)) },
		}
	}
	return Function{
		func(w float64) float64 { return math.Pow(max(w, floor), p) },
		func(w float64) float64 { return p * math.Pow(max(w, floor), p-1) },
	}
}

// quotient is (f(a) - f(b)) / (a - b), the slope where they are as good as equal.
func (f Function) quotient(a, b, fa, fb, largest float64) float64 {
	if math.Abs(a-b) <= 1e-9*(largest+1e-6) {
		return f.Slope((a + b) / 2)
	}
	return (fa - fb) / (a - b)
}

// differential is the derivative of f(X) in the direction V (Daleckii and Krein):
// the entries of V in the eigenbasis times the quotients.
func (e *eigen) differential(f Function, v mat.Matrix) *mat.SymDense {
	largest := e.largest()
	return e.scale(v, func(a, b float64) float64 { return f.quotient(a, b, f.F(a), f.F(b), largest) })
}

// inverseDifferential is the direction V that has this derivative.
func (e *eigen) inverseDifferential(f Function, d mat.Matrix) *mat.SymDense {
	largest := e.largest()
	return e.scale(d, func(a, b float64) float64 { return 1 / f.quotient(a, b, f.F(a), f.F(b), largest) })
}

func (e *eigen) largest() float64 { return max(math.Abs(e.w[0]), math.Abs(e.w[len(e.w)-1])) }
