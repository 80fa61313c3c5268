// Package gendyn computes how the test error moves while a network is trained
// by gradient descent, when parameters and samples are both many (High-dimensional
// dynamics of generalization error in neural networks, 2017, arXiv:1710.03667).
// It has the exact curve in the limit ([Curve]), the exact path on given data
// ([Flow]) and plain gradient descent ([Descend]), to hold against each other.
//
// A student y = w.x with N weights learns from P = alpha N samples of a teacher,
// y = v.x + e. Entries of x have variance 1/N, those of v variance sv2, noise
// se2, start weights w(0) variance s02. Gradient flow dw/dt = X (y - X^T w) moves
// the modes of X X^T = U diag(l) U^T on their own:
//
//	z_i(t) = z_i(0) e^{-l_i t} + (b_i/l_i) (1 - e^{-l_i t}),  z = U^T w, b = U^T X y,  (1)
//
// and a mode with l_i = 0 not at all: the frozen subspace, N - P wide where
// P < N. The error on a new sample, label noise included, is on average
//
//	E(t) = se2 + mean_i [ (sv2 + s02) e^{-2 l_i t} + (se2/l_i) (1 - e^{-l_i t})^2 ],  (2)
//
// the mean over the law of Marchenko and Pastur in the limit:
//
//	rho(l) = sqrt((l+ - l)(l - l-)) / (2 pi l),  l+- = (sqrt(alpha) +- 1)^2,
//
// with mass max(0, 1 - alpha) at 0. The end is
//
//	E(inf) = se2 + (1 - alpha)+ (sv2 + s02) + se2 min(alpha, 1) / |1 - alpha|,  (3)
//
// without bound at alpha = 1, where noise is learned through eigenvalues near 0.
//
// Differences from the paper: the time constant is 1 and the loss a sum over
// samples, so that t = rate x steps. A nonlinear network is a layer of random
// ReLU units with a trained readout ([ReLU]): X is then what the layer gives, and
// (1) holds for it as well. The paper's bound of the Rademacher complexity is
// left out.
package gendyn

import (
	"fmt"
	"math"
)

// Params are the sizes and variances of a teacher and its student.
type Params struct {
	Alpha      float64 // samples a parameter, P/N, positive
	TeacherVar float64 // of a teacher's weight
	InitVar    float64 // of a student's weight at the start
	NoiseVar   float64 // of the noise in a label
}

func (p Params) check() error {
	for _, v := range []float64{p.Alpha, p.TeacherVar, p.InitVar, p.NoiseVar} {
		if !(v >= 0) || math.IsInf(v, 1) {
			return fmt.Errorf("gendyn: %+v: a load or a variance is negative or not finite", p)
		}
	}
	if p.Alpha == 0 {
		return fmt.Errorf("gendyn: no samples: alpha is 0")
	}
	return nil
}

// Nodes is the number of eigenvalues that stand for the law of Marchenko and
// Pastur in a [Curve].
const Nodes = 4000

// MarchenkoPastur returns n eigenvalues between l- and l+ with weights that sum
// to min(1, alpha): a mean over the law is a weighted sum, plus max(0, 1-alpha)
// times the value at 0. The nodes are even in the angle th of l = c + h cos th,
// in which the law's square root is smooth.
func MarchenkoPastur(alpha float64, n int) (lam, weight []float64, err error) {
	if !(alpha > 0) || math.IsInf(alpha, 1) || n < 1 {
		return nil, nil, fmt.Errorf("gendyn: %d eigenvalues at alpha = %v", n, alpha)
	}
	c, h := 1+alpha, 2*math.Sqrt(alpha)
	lam, weight = make([]float64, n), make([]float64, n)
	step := math.Pi / float64(n)
	for i := range lam {
		sin, cos := math.Sincos((float64(i) + .5) * step)
		lam[i] = c + h*cos
		weight[i] = h * h * sin * sin / (2 * math.Pi * lam[i]) * step
	}
	return lam, weight, nil
}

// Curve is the mean error of students over time, equation (2). The spectrum may
// be exchanged for another one, such as that of one's own data.
type Curve struct {
	Params
	Lam    []float64 // positive eigenvalues of X X^T
	Weight []float64 // their shares of all N modes
	Zero   float64   // share of the eigenvalue 0, the frozen modes
}

// NewCurve returns the curve in the limit of many parameters and samples.
func NewCurve(p Params) (*Curve, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	lam, weight, err := MarchenkoPastur(p.Alpha, Nodes)
	if err != nil {
		return nil, err
	}
	return &Curve{Params: p, Lam: lam, Weight: weight, Zero: max(0, 1-p.Alpha)}, nil
}

// TestError is the mean squared error on a new sample, the noise of its label
// included, at time t >= 0, equation (2). At alpha = 1 it grows as sqrt(t)
// without end; the nodes resolve it up to about t = 1e6.
func (c *Curve) TestError(t float64) float64 {
	start := c.TeacherVar + c.InitVar
	sum := c.Zero * start
	for i, l := range c.Lam {
		left := math.Exp(-l * t)
		sum += c.Weight[i] * (start*left*left + c.NoiseVar*(1-left)*(1-left)/l)
	}
	return c.NoiseVar + sum
}

// TrainError is the mean squared error on the samples learned from, at time t.
func (c *Curve) TrainError(t float64) float64 {
	sum := 0.
	for i, l := range c.Lam {
		left := math.Exp(-2 * l * t)
		sum += c.Weight[i] * left * (l*(c.TeacherVar+c.InitVar) + c.NoiseVar)
	}
	return sum/c.Alpha + c.NoiseVar*max(0, 1-1/c.Alpha)
}

// RidgeError is the mean test error of ridge regression,
// (X X^T + penalty I)^{-1} X y. The best penalty is NoiseVar/TeacherVar.
func (c *Curve) RidgeError(penalty float64) float64 {
	sum := c.Zero * c.TeacherVar
	for i, l := range c.Lam {
		d := l + penalty
		sum += c.Weight[i] * (c.TeacherVar*penalty*penalty + c.NoiseVar*l) / (d * d)
	}
	return c.NoiseVar + sum
}

// BestStop is the time at which the test error is least, and that error. Without
// noise the time is +Inf.
func (c *Curve) BestStop() (t, testError float64) {
	const low, high, steps = -4., 7., 220 // log10 of t
	at := func(i int) float64 { return math.Pow(10, low+(high-low)*float64(i)/steps) }
	best := 0
	for i := range steps + 1 {
		if c.TestError(at(i)) < c.TestError(at(best)) {
			best = i
		}
	}
	if c.NoiseVar == 0 {
		return math.Inf(1), c.TestError(math.Inf(1))
	}
	a, b := math.Log(at(max(0, best-1))), math.Log(at(min(steps, best+1)))
	for range 60 { // thirds: the error has one minimum between the neighbours
		m, n := a+(b-a)/3, b-(b-a)/3
		if c.TestError(math.Exp(m)) < c.TestError(math.Exp(n)) {
			b = n
		} else {
			a = m
		}
	}
	t = math.Exp((a + b) / 2)
	return t, c.TestError(t)
}

// FinalError is the test error after endless training, equation (3): +Inf at
// alpha = 1 with noise.
func FinalError(p Params) (float64, error) {
	if err := p.check(); err != nil {
		return 0, err
	}
	e := p.NoiseVar + max(0, 1-p.Alpha)*(p.TeacherVar+p.InitVar)
	if p.NoiseVar > 0 {
		e += p.NoiseVar * min(p.Alpha, 1) / math.Abs(1-p.Alpha)
	}
	return e, nil
}
