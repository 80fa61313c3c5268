package gbwbn

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/geometry/spd"
)

// smallest is the least eigenvalue that logarithms are taken of here.
const smallest = 1e-14

// AffineInvariant is batch normalisation in the affine-invariant geometry
// (Brooks et al., 2019): X -> W^1/2 (B^-1/2 X B^-1/2)^p W^1/2 about the mean B,
// where p = s / sqrt(v + eps) with the spread v, or 1 if it only centres.
type AffineInvariant struct {
	LogW *spd.Var // symmetric, W is its exponential
	S    *spd.Var // nil to only centre

	mean   *mat.SymDense
	spread float64
}

// NewAffineInvariant returns a layer for matrices of size n.
func NewAffineInvariant(n int, scaled bool) *AffineInvariant {
	l := &AffineInvariant{LogW: spd.NewVar(mat.NewDense(n, n, nil))}
	if scaled {
		l.S = one()
	}
	return l
}

// Params implements [Norm].
func (l *AffineInvariant) Params() []*spd.Var {
	if l.S == nil {
		return []*spd.Var{l.LogW}
	}
	return []*spd.Var{l.LogW, l.S}
}

// Forward implements [Norm].
func (l *AffineInvariant) Forward(t *spd.Tape, xs []*spd.Var, train bool) []*spd.Var {
	b := l.mean
	own := train || b == nil
	if own {
		b = karcher(t, xs)
	}
	inverse := t.Apply(spd.Power(-.5), spd.Const(b))
	root := t.Apply(spd.Exponential(.5), l.LogW)
	out, logs := make([]*spd.Var, len(xs)), make([]*spd.Var, len(xs))
	spread := 0.0
	for i, x := range xs {
		out[i] = t.Congruence(inverse, x)
		if l.S != nil {
			logs[i] = t.Apply(spd.Logarithm(smallest), out[i])
			spread += square(logs[i].X) / float64(len(xs))
		}
	}
	if train {
		l.observe(t, b, spread)
	}
	if !own {
		spread = l.spread
	}
	for i := range out {
		if l.S != nil {
			out[i] = t.Apply(spd.Exponential(1), t.Scale(1/math.Sqrt(spread+eps), l.S, logs[i]))
		}
		out[i] = t.Congruence(root, out[i])
	}
	return out
}

func (l *AffineInvariant) observe(t *spd.Tape, b *mat.SymDense, spread float64) {
	if l.mean == nil {
		l.mean, l.spread = b, spread
		return
	}
	mean, err := spd.Geodesic(spd.AffineInvariant{}, l.mean, b, momentum)
	if err != nil {
		t.Fail(err)
		return
	}
	l.mean, l.spread = mean, (1-momentum)*l.spread+momentum*spread
}

// karcher is one step to the affine-invariant mean, from the arithmetic one.
func karcher(t *spd.Tape, xs []*spd.Var) *mat.SymDense {
	g := average(xs)
	inverse := t.Apply(spd.Power(-.5), g)
	logs := make([]*spd.Var, len(xs))
	for i, x := range xs {
		logs[i] = t.Apply(spd.Logarithm(smallest), t.Congruence(inverse, x.Detached()))
	}
	step := t.Apply(spd.Exponential(1), average(logs))
	return t.Congruence(t.Apply(spd.Power(.5), g), step).Sym()
}

// LogEuclidean is batch normalisation of the logarithms, as of plain vectors:
// X -> exp((log X - B) s / sqrt(v + eps) + log W) about their mean B, with their
// spread v.
type LogEuclidean struct {
	LogW *spd.Var
	S    *spd.Var

	mean   *mat.Dense
	spread float64
}

// NewLogEuclidean returns a layer for matrices of size n.
func NewLogEuclidean(n int) *LogEuclidean {
	return &LogEuclidean{LogW: spd.NewVar(mat.NewDense(n, n, nil)), S: one()}
}

// Params implements [Norm].
func (l *LogEuclidean) Params() []*spd.Var { return []*spd.Var{l.LogW, l.S} }

// Forward implements [Norm].
func (l *LogEuclidean) Forward(t *spd.Tape, xs []*spd.Var, train bool) []*spd.Var {
	out := make([]*spd.Var, len(xs))
	for i, x := range xs {
		out[i] = t.Apply(spd.Logarithm(smallest), x)
	}
	centre, spread := l.mean, l.spread
	own := train || centre == nil
	if own {
		centre, spread = average(out).X, 0
		for _, x := range out {
			var d mat.Dense
			d.Sub(x.X, centre)
			spread += square(&d) / float64(len(xs))
		}
	}
	if train {
		l.observe(centre, spread)
	}
	b := spd.Const(centre)
	for i, x := range out {
		v := t.Scale(1/math.Sqrt(spread+eps), l.S, t.Combine(1, x, -1, b))
		out[i] = t.Apply(spd.Exponential(1), t.Combine(1, v, 1, l.LogW))
	}
	return out
}

func (l *LogEuclidean) observe(b *mat.Dense, spread float64) {
	if l.mean == nil {
		l.mean, l.spread = mat.DenseCopyOf(b), spread
		return
	}
	var d mat.Dense
	d.Sub(b, l.mean)
	d.Scale(momentum, &d)
	l.mean.Add(l.mean, &d)
	l.spread = (1-momentum)*l.spread + momentum*spread
}

// square is the sum of the squares of a matrix.
func square(x mat.Matrix) float64 { n := mat.Norm(x, 2); return n * n }
