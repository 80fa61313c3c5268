// Package permlearn learns permutations of bits exactly, from their effect on
// single bits alone (Exact Learning of Permutations for Nonzero Binary Inputs with
// Logarithmic Training Size and Quadratic Ensemble Complexity, 2025,
// arXiv:2502.16763). Wide two-layer networks are trained on the k unit vectors
// e_i -> P e_i; the sign of their mean output is P x for each of the 2^k - 1
// nonzero inputs x in {0,1}^k.
//
// A network is f(x) = A relu(W x / sqrt(k)) / sqrt(m) with all weights N(0,1) at
// the start, inputs scaled to length 1. For inputs at an angle th, infinitely
// wide networks have the kernels, both over k,
//
//	K(th) = [sin th + (pi - th) cos th] / (2 pi)      of their outputs,
//	T(th) = [sin th + 2 (pi - th) cos th] / (2 pi)    of their gradients.
//
// On the unit vectors T = a I + b 11^T with b = 1/(2 pi), a = 1 - b. An input with
// n ones is at the angle arccos(1/sqrt(n)) from those it has, with kernel g; after
// training, the mean output at the bits of P x is, for those that are not set and
// those that are,
//
//	mu0 = (b/a) (a - n (g - b)) / (a + k b),   mu1 = mu0 + (g - b)/a.       (1)
//
// mu0(1) = 0, mu1(1) = 1, which was trained; for n >= 2, mu0 < 0 < mu1: the sign
// is the answer. The variance over networks, with c = T^-1 t the coefficients
// that (1) consists of, is
//
//	var = [K(0) + c^T K c - 2 c^T k(x)] / k,                                (2)
//
// so that a mean of some k log k networks is right on one input, and one of some
// k^2 at most on all of them at once ([Limit], [Net], [Ensemble]).
//
// Differences from the paper: its code trains networks whose readout alone moves
// at large width; both kernels are here ([Kernel]). Bits are told apart at 1e-6
// in place of 0, or else the k training inputs, whose mean is 0 there, fail.
// Beside it stands the threshold halfway between mu0 and mu1 ([Limit.Midpoint]).
package permlearn

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Tau is the threshold above which an output is a 1: above what training leaves
// of an output of 0.
const Tau = 1e-6

// Kernel says which layers of a network are trained.
type Kernel int

// The kernels.
const (
	NTK  Kernel = iota // both layers
	NNGP               // the readout alone
)

// beta is the kernel of two inputs at a right angle.
const beta = 1 / (2 * math.Pi)

// Limit has the outputs of infinitely wide networks on k bits.
type Limit struct {
	K      int
	Kernel Kernel
}

// NewLimit is the limit for k >= 2 bits.
func NewLimit(k int, kernel Kernel) (Limit, error) {
	if k < 2 || kernel < NTK || kernel > NNGP {
		return Limit{}, fmt.Errorf("permlearn: %d bits with kernel %d", k, kernel)
	}
	return Limit{k, kernel}, nil
}

// kernels are those of an input of n ones with one of its unit vectors: of the
// outputs, and of what is trained.
func (l Limit) kernels(n int) (outputs, trained float64) {
	cos := 1 / math.Sqrt(float64(n))
	th := math.Acos(cos)
	outputs = (math.Sin(th) + (math.Pi-th)*cos) * beta
	if l.Kernel == NNGP {
		return outputs, outputs
	}
	return outputs, outputs + (math.Pi-th)*cos*beta
}

// diagonal is a: the trained kernel's value on the diagonal less that off it.
func (l Limit) diagonal() float64 {
	if l.Kernel == NNGP {
		return .5 - beta
	}
	return 1 - beta
}

// Mean is the mean output for an input of n ones at a bit that is to be set, and
// at one that is not, equation (1). It is NaN unless 1 <= n <= k.
func (l Limit) Mean(n int) (mu1, mu0 float64) {
	if n < 1 || n > l.K {
		return math.NaN(), math.NaN()
	}
	_, g := l.kernels(n)
	a := l.diagonal()
	mu0 = beta / a * (a - float64(n)*(g-beta)) / (a + float64(l.K)*beta)
	return mu0 + (g-beta)/a, mu0
}

// Variance is that of an output over networks for an input of n ones, the same
// for each bit, equation (2). It is NaN unless 1 <= n <= k.
func (l Limit) Variance(n int) float64 {
	mu1, mu0 := l.Mean(n)
	outputs, _ := l.kernels(max(n, 1))
	on, off := float64(n), float64(l.K-n)
	sum := on*mu1 + off*mu0
	v := .5 + (.5-beta)*(on*mu1*mu1+off*mu0*mu0) + beta*sum*sum - 2*(on*mu1*outputs+off*mu0*beta)
	return max(0, v) / float64(l.K)
}

// Midpoint is the threshold halfway between the two means for inputs of n ones.
// The number of ones is plain to see in an input.
func (l Limit) Midpoint(n int) float64 {
	mu1, mu0 := l.Mean(n)
	return (mu1 + mu0) / 2
}

// margin is the least distance of a mean from the threshold 0, in standard
// deviations of one network.
func (l Limit) margin(n int) float64 {
	mu1, mu0 := l.Mean(n)
	m := mu1
	if n < l.K {
		m = min(m, -mu0)
	}
	return m / math.Sqrt(l.Variance(n))
}

// ExactProbability is that with which the mean of some networks has the right
// sign at all bits for one input of n >= 2 ones, with normal outputs.
func (l Limit) ExactProbability(n, networks int) float64 {
	mu1, mu0 := l.Mean(n)
	root := math.Sqrt(float64(networks) / l.Variance(n))
	p := distuv.UnitNormal.CDF
	return math.Pow(p(mu1*root), float64(n)) * math.Pow(p(-mu0*root), float64(l.K-n))
}

// EnsembleSize is the number of networks whose mean has the right sign at every
// bit with probability at least 1 - delta, 0 < delta < 1: for any one input of two
// ones or more, or for all of them at once. Outputs are taken as normal, and the
// probabilities of error are added over bits and inputs.
func (l Limit) EnsembleSize(delta float64, allInputs bool) (float64, error) {
	if !(delta > 0 && delta < 1) {
		return 0, fmt.Errorf("permlearn: an error with probability %v", delta)
	}
	low, high := 0., 1.
	for l.errors(high, allInputs) > delta {
		low, high = high, 2*high
	}
	for high-low > 1 {
		if mid := math.Floor((low + high) / 2); l.errors(mid, allInputs) > delta {
			low = mid
		} else {
			high = mid
		}
	}
	return high, nil
}

// errors is the sum over bits of the probability of a wrong sign: of the worst
// input, or of all.
func (l Limit) errors(networks float64, allInputs bool) float64 {
	sum := 0.
	for n := 2; n <= l.K; n++ {
		mu1, mu0 := l.Mean(n)
		root := math.Sqrt(networks / l.Variance(n))
		count := 0. // logarithm
		if allInputs {
			count = logChoose(l.K, n)
		}
		e := math.Exp(count+math.Log(float64(n))+logTail(mu1*root)) + math.Exp(count+math.Log(float64(l.K-n))+logTail(-mu0*root))
		if allInputs {
			sum += e
		} else {
			sum = max(sum, e)
		}
	}
	return sum
}

// EnsembleBound is the number of networks by the paper's argument: every bit of
// every input that is to be right has the margin of the worst. It grows as
// k log k for one input, and as k^2 for all.
func (l Limit) EnsembleBound(delta float64, allInputs bool) (float64, error) {
	if !(delta > 0 && delta < 1) {
		return 0, fmt.Errorf("permlearn: an error with probability %v", delta)
	}
	logPairs := math.Log(float64(l.K))
	if allInputs {
		logPairs += float64(l.K) * math.Ln2
	}
	z := tail(math.Log(delta) - logPairs)
	size := 0.
	for n := 2; n <= l.K; n++ {
		m := z / l.margin(n)
		size = max(size, m*m)
	}
	return math.Ceil(size), nil
}

func logChoose(n, k int) float64 {
	g := func(x int) float64 { v, _ := math.Lgamma(float64(x + 1)); return v }
	return g(n) - g(k) - g(n-k)
}

// logTail is the logarithm of a standard normal's upper tail.
func logTail(z float64) float64 {
	if z < 30 {
		return math.Log(math.Erfc(z/math.Sqrt2) / 2)
	}
	return -z*z/2 - math.Log(z*math.Sqrt(2*math.Pi))
}

// tail is where a standard normal's upper tail has the probability exp(logP),
// below a half.
func tail(logP float64) float64 {
	if logP > -600 {
		return -distuv.UnitNormal.Quantile(math.Exp(logP))
	}
	// Beyond the exponent's range: p ~ phi(z)/z, solved by iteration.
	z := math.Sqrt(-2 * logP)
	for range 10 {
		z = math.Sqrt(-2 * (logP + math.Log(z) + .5*math.Log(2*math.Pi)))
	}
	return z
}
