package geometry

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/geometry/gbwbn"
	"github.com/offprint/offprint/methods/geometry/spd"
)

// wrong is the layer, or what the run makes of it.
func (s gbwbnSeed) wrong(l *gbwbn.Layer) gbwbn.Norm {
	switch {
	case s.Is("no-transport"), s.Is("euclidean"):
		return &wrongNorm{Layer: l, euclidean: s.Is("euclidean")}
	case s.Is("metric-one-way"):
		return oneWay{l}
	}
	return l
}

// oneWay takes M in and not out again.
type oneWay struct{ *gbwbn.Layer }

func (l oneWay) Forward(t *spd.Tape, xs []*spd.Var, train bool) []*spd.Var {
	inverse := t.Apply(spd.Exponential(-.5), l.LogM)
	out := l.Layer.Forward(t, xs, train)
	for i, x := range out {
		out[i] = t.Apply(spd.Power(1/l.Theta), t.Congruence(inverse, t.Apply(spd.Power(l.Theta), x)))
	}
	return out
}

// wrongNorm has the layer's parameters, and uses the tangent vectors where they
// do not belong, or knows of no manifold at all.
type wrongNorm struct {
	*gbwbn.Layer
	euclidean bool
	mean      *mat.SymDense
	spread    float64
}

func (l *wrongNorm) Forward(t *spd.Tape, xs []*spd.Var, train bool) []*spd.Var {
	if l.euclidean {
		return l.subtract(t, xs, train)
	}
	in, out := t.Apply(spd.Exponential(-.5), l.LogM), t.Apply(spd.Exponential(.5), l.LogM)
	w := t.Congruence(in, t.Apply(spd.Exponential(l.Theta), l.LogW))
	ys := make([]*spd.Var, len(xs))
	var syms []*mat.SymDense
	for i, x := range xs {
		ys[i] = t.Congruence(in, t.Apply(spd.Power(l.Theta), x))
		syms = append(syms, ys[i].Sym())
	}
	if train {
		b, err := spd.BuresWasserstein{}.Mean(syms, 1)
		if err != nil {
			t.Fail(err)
			return xs
		}
		l.mean = b
	}
	b := spd.Const(l.mean)
	root, inverse := t.Apply(spd.Power(.5), b), t.Apply(spd.Power(-.5), b)
	vs := make([]*spd.Var, len(ys))
	spread := 0.0
	for i, y := range ys {
		r := t.Apply(spd.Power(.5), t.Congruence(root, y))
		c := t.Mul(t.Mul(root, r), inverse)
		vs[i] = t.Combine(1, t.Combine(1, c, 1, t.Transpose(c)), -2, b)
		spread += (mat.Trace(y.X) + mat.Trace(l.mean) - 2*mat.Trace(r.X)) / l.Theta / l.Theta / float64(len(ys))
	}
	if train {
		l.spread = spread
	}
	unit := t.Apply(spd.Power(0), b)
	for i, v := range vs {
		v = t.Scale(1/math.Sqrt(l.spread+1e-5), l.S, v)
		z := t.Congruence(t.Combine(1, unit, .5, t.Operate(spd.Inverse, w, v)), w)
		vs[i] = t.Apply(spd.Power(1/l.Theta), t.Congruence(out, z))
	}
	return vs
}

// subtract is batch normalisation of the matrices as lists of numbers.
func (l *wrongNorm) subtract(t *spd.Tape, xs []*spd.Var, train bool) []*spd.Var {
	if train {
		n, _ := xs[0].X.Dims()
		l.mean, l.spread = mat.NewSymDense(n, nil), 0
		for _, x := range xs {
			l.mean.AddSym(l.mean, x.Sym())
		}
		l.mean.ScaleSym(1/float64(len(xs)), l.mean)
		for _, x := range xs {
			var d mat.Dense
			d.Sub(x.X, l.mean)
			l.spread += mat.Norm(&d, 2) * mat.Norm(&d, 2) / float64(len(xs))
		}
	}
	b, w := spd.Const(l.mean), t.Apply(spd.Exponential(1), l.LogW)
	out := make([]*spd.Var, len(xs))
	for i, x := range xs {
		out[i] = t.Combine(1, t.Scale(1/math.Sqrt(l.spread+1e-5), l.S, t.Combine(1, x, -1, b)), 1, w)
	}
	return out
}
