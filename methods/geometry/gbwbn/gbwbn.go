// Package gbwbn is batch normalisation of covariance matrices, in the
// Bures-Wasserstein geometry, generalised and deformed (GBWBN; Wang et al., 2025,
// arXiv:2504.00660): the mean of a batch of symmetric positive definite (SPD)
// matrices moves to the identity, their spread becomes a learned number, and the
// whole moves to a learned matrix. Square roots take the place of the logarithms
// of other geometries, which suits ill-conditioned matrices.
//
// For a batch X_1..X_N with parameters M (the metric), W (the bias), s (the
// scale), and a power theta, with geometry as in package spd:
//
//	Y_i = M^-1/2 X_i^theta M^-1/2,   W' = M^-1/2 W^theta M^-1/2
//	B   = G^-1/2 (mean_i (G^1/2 Y_i G^1/2)^1/2)^2 G^-1/2,  G = mean_i Y_i
//	v   = mean_i d^2(Y_i, B) / theta^2
//	V_i = transport_{B->I}(Log_B Y_i) s / sqrt(v + eps)
//	Z_i = Exp_{W'}(transport_{I->W'} V_i)
//	X_i' = (M^1/2 Z_i M^1/2)^{1/theta}
//
// and B and v are running means at use. [Layer] is this layer, [AffineInvariant]
// and [LogEuclidean] are those of other geometries, and [Fit] trains a classifier
// of covariance matrices with any of them (SPDNet; Huang and Van Gool, 2017):
//
//	Q^T X Q with orthonormal Q -> normalisation -> log, small eigenvalues raised -> softmax
//
// Differences from the paper: M and W are exponentials of free symmetric
// matrices, so that any optimiser serves; v is the spread about B, where the
// released code takes that of the batch about I; the tangent vector is scaled
// itself, where the code goes by Exp and Log at I, which is not the same for long
// vectors; the gradient of the transport to W' is that of the operator, and
// repeated eigenvalues, as of W = I, need no jitter; the first batch sets the
// running means; no gradient goes through B and v, as in the code.
package gbwbn

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/geometry/spd"
)

// Norm normalises a batch of SPD matrices of one size.
type Norm interface {
	// Forward records the normalisation of a batch on a tape. In training the
	// batch's own mean and spread count, and the running ones move towards them;
	// otherwise the running ones count. A mistake in the matrices is the tape's
	// error.
	Forward(t *spd.Tape, xs []*spd.Var, train bool) []*spd.Var
	// Params are what is learned.
	Params() []*spd.Var
}

// Defaults of the layers.
const (
	momentum = .1   // share of a new batch in the running mean and spread
	eps      = 1e-5 // added to the spread
)

// Layer is the paper's normalisation.
type Layer struct {
	Theta float64
	LogM  *spd.Var // symmetric, M is its exponential; nil for M = I, the plain geometry
	LogW  *spd.Var // likewise of W
	S     *spd.Var // one number

	mean   *mat.SymDense // running, of the Y; nil before the first batch
	spread float64       // running v
}

// New returns a layer for matrices of size n, with M = W = I and s = 1. Theta = 1
// leaves the matrices as they are; 1/2 is the paper's usual deformation.
func New(n int, theta float64) *Layer {
	l := NewPlain(n, theta)
	l.LogM = spd.NewVar(mat.NewDense(n, n, nil))
	return l
}

// NewPlain returns a layer whose metric is not learned: M = I.
func NewPlain(n int, theta float64) *Layer {
	return &Layer{Theta: theta, LogW: spd.NewVar(mat.NewDense(n, n, nil)), S: one()}
}

func one() *spd.Var { return spd.NewVar(mat.NewDense(1, 1, []float64{1})) }

// Params implements [Norm].
func (l *Layer) Params() []*spd.Var {
	if l.LogM == nil {
		return []*spd.Var{l.LogW, l.S}
	}
	return []*spd.Var{l.LogM, l.LogW, l.S}
}

// Forward implements [Norm].
func (l *Layer) Forward(t *spd.Tape, xs []*spd.Var, train bool) []*spd.Var {
	ys := make([]*spd.Var, len(xs))
	for i, x := range xs {
		ys[i] = x
		if l.Theta != 1 {
			ys[i] = t.Apply(spd.Power(l.Theta), x)
		}
	}
	w := t.Apply(spd.Exponential(l.Theta), l.LogW)
	if l.LogM != nil {
		inverse := t.Apply(spd.Exponential(-.5), l.LogM)
		for i, y := range ys {
			ys[i] = t.Congruence(inverse, y)
		}
		w = t.Congruence(inverse, w)
	}
	vs, spread := l.centre(t, ys, train)
	var root *spd.Var
	if l.LogM != nil {
		root = t.Apply(spd.Exponential(.5), l.LogM)
	}
	unit := spd.Const(identity(w.X))
	for i, v := range vs {
		v = t.Scale(1/math.Sqrt(spread+eps), l.S, v)
		// Exp_W'(P) is (I + L) W' (I + L) with L the solution of W' L + L W' = P,
		// and with the transport before it half the inverse root of one operator.
		step := t.Combine(1, unit, .5, t.Operate(spd.InverseRoot, w, v))
		z := t.Congruence(step, w)
		if root != nil {
			z = t.Congruence(root, z)
		}
		if l.Theta != 1 {
			z = t.Apply(spd.Power(1/l.Theta), z)
		}
		vs[i] = z
	}
	return vs
}

// centre returns Log_B(Y), moved to the identity, and the spread v.
func (l *Layer) centre(t *spd.Tape, ys []*spd.Var, train bool) (vs []*spd.Var, spread float64) {
	b := l.mean
	own := train || b == nil
	if own {
		b = batchMean(t, ys)
	}
	var e mat.EigenSym
	if !e.Factorize(b, true) {
		t.Fail(errors.New("gbwbn: a mean that is not finite"))
		return ys, 1
	}
	// In the eigenbasis of B, with roots r of its eigenvalues and R the root of
	// r_i Y_ij r_j, Log_B(Y) is R_ij (r_i/r_j + r_j/r_i) - 2 B, and the transport
	// multiplies by sqrt(2 / (b_i + b_j)).
	var u mat.Dense
	e.VectorsTo(&u)
	w := e.Values(nil)
	n := len(w)
	half, stretch, shift := mat.NewDense(n, n, nil), mat.NewDense(n, n, nil), mat.NewDense(n, n, nil)
	for i := range n {
		w[i] = max(w[i], 1e-14)
		for j := range n {
			half.Set(i, j, math.Sqrt(w[i])*u.At(j, i))
		}
		shift.Set(i, i, 2*math.Sqrt(w[i]))
	}
	for i := range n {
		for j := range n {
			stretch.Set(i, j, math.Sqrt(2*(w[i]+w[j])/(w[i]*w[j])))
		}
	}
	toRoot, back, at := spd.Const(half), spd.Const(&u), spd.Const(shift)
	vs = make([]*spd.Var, len(ys))
	for i, y := range ys {
		r := t.Apply(spd.Power(.5), t.Congruence(toRoot, y))
		spread += (mat.Trace(y.X) + floats.Sum(w) - 2*mat.Trace(r.X)) / float64(len(ys))
		vs[i] = t.Congruence(back, t.Combine(1, t.Hadamard(stretch, r), -1, at))
	}
	spread = max(spread, 0) / (l.Theta * l.Theta)
	if !own {
		return vs, l.spread
	}
	if train {
		l.observe(t, b, spread)
	}
	return vs, spread
}

// observe moves the running mean and spread towards those of a batch.
func (l *Layer) observe(t *spd.Tape, b *mat.SymDense, spread float64) {
	if l.mean == nil {
		l.mean, l.spread = b, spread
		return
	}
	mean, err := spd.Geodesic(spd.BuresWasserstein{}, l.mean, b, momentum)
	if err != nil {
		t.Fail(err)
		return
	}
	l.mean, l.spread = mean, (1-momentum)*l.spread+momentum*spread
}

// batchMean is one step to the Bures-Wasserstein mean, from the arithmetic one.
func batchMean(t *spd.Tape, ys []*spd.Var) *mat.SymDense {
	g := average(ys)
	root := t.Apply(spd.Power(.5), g)
	crosses := make([]*spd.Var, len(ys))
	for i, y := range ys {
		crosses[i] = t.Apply(spd.Power(.5), t.Congruence(root, y.Detached()))
	}
	square := t.Apply(spd.Power(2), average(crosses))
	return t.Congruence(t.Apply(spd.Power(-.5), g), square).Sym()
}

// average is the arithmetic mean, as a constant.
func average(xs []*spd.Var) *spd.Var {
	var sum mat.Dense
	for i, x := range xs {
		if i == 0 {
			sum.CloneFrom(x.X)
		} else {
			sum.Add(&sum, x.X)
		}
	}
	sum.Scale(1/float64(len(xs)), &sum)
	return spd.Const(&sum)
}

// identity is I in the size of x.
func identity(x mat.Matrix) mat.Matrix {
	n, _ := x.Dims()
	i := mat.NewDiagDense(n, nil)
	for k := range n {
		i.SetDiag(k, 1)
	}
	return i
}
