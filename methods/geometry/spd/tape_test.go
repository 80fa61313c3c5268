package spd

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// checkGradient compares the gradient of sum(weights * f(inputs)) with finite
// differences. Symmetric inputs are changed symmetrically.
func checkGradient(t *testing.T, rng *rand.Rand, f func(tape *Tape, in []*Var) *Var, symmetricInput []bool, inputs ...mat.Matrix) {
	t.Helper()
	vars := func() []*Var {
		out := make([]*Var, len(inputs))
		for i, x := range inputs {
			out[i] = NewVar(x)
		}
		return out
	}
	in := vars()
	tape := new(Tape)
	y := f(tape, in)
	r, c := y.X.Dims()
	weights := mat.NewDense(r, c, nil)
	for i := range r {
		for j := range c {
			weights.Set(i, j, rng.NormFloat64())
		}
	}
	y.G.Copy(weights)
	tape.Backward()
	loss := func(in []*Var) float64 {
		var p mat.Dense
		p.MulElem(weights, f(new(Tape), in).X)
		return mat.Sum(&p)
	}
	const h = 1e-6
	for k := range in {
		r, c := in[k].X.Dims()
		for i := range r {
			for j := range c {
				if symmetricInput[k] && j < i {
					continue
				}
				shifted := func(by float64) float64 {
					at := vars()
					at[k].X.Set(i, j, at[k].X.At(i, j)+by)
					if symmetricInput[k] && i != j {
						at[k].X.Set(j, i, at[k].X.At(j, i)+by)
					}
					return loss(at)
				}
				want := (shifted(h) - shifted(-h)) / (2 * h)
				got := in[k].G.At(i, j)
				if symmetricInput[k] && i != j {
					got += in[k].G.At(j, i)
				}
				if math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
					t.Fatalf("input %d, entry %d %d: gradient %v, finite difference %v", k, i, j, got, want)
				}
			}
		}
	}
}

func normal(rng *rand.Rand, r, c int) *mat.Dense {
	x := mat.NewDense(r, c, nil)
	for i := range r {
		for j := range c {
			x.Set(i, j, rng.NormFloat64())
		}
	}
	return x
}

// randomSPD has eigenvalues of about 1.
func randomSPD(rng *rand.Rand, n int) *mat.SymDense {
	return sum(1/float64(n), congruence(normal(rng, n, n), identity(n)), .2, identity(n))
}

func randomSym(rng *rand.Rand, n int) *mat.SymDense { return symmetric(normal(rng, n, n)) }

func TestGradients(t *testing.T) {
	rng := random.New(1, 6)
	const n = 4
	equal := identity(n)
	equal.ScaleSym(1.5, equal)
	for _, x := range []*mat.SymDense{randomSPD(rng, n), equal} {
		for name, f := range map[string]Function{
			"log": Logarithm(1e-5), "exp": Exponential(-.5), "sqrt": Power(.5), "inverse root": Power(-.5), "square": Power(2), "cube": Power(3), "same": Power(1),
		} {
			t.Run(name, func(t *testing.T) {
				checkGradient(t, rng, func(tape *Tape, in []*Var) *Var { return tape.Apply(f, in[0]) }, []bool{true}, x)
			})
		}
		for name, o := range map[string]Operator{"root": ToPoint, "inverse root": InverseRoot, "inverse": Inverse} {
			t.Run("operator "+name, func(t *testing.T) {
				checkGradient(t, rng, func(tape *Tape, in []*Var) *Var { return tape.Operate(o, in[0], in[1]) }, []bool{true, true}, x, randomSym(rng, n))
			})
		}
		checkGradient(t, rng, func(tape *Tape, in []*Var) *Var { return tape.Congruence(in[0], in[1]) }, []bool{false, true}, normal(rng, 3, n), x)
		checkGradient(t, rng, func(tape *Tape, in []*Var) *Var { return tape.Combine(2, in[0], -.3, in[1]) }, []bool{true, true}, x, randomSym(rng, n))
		checkGradient(t, rng, func(tape *Tape, in []*Var) *Var { return tape.Scale(.7, in[0], in[1]) }, []bool{false, true}, mat.NewDense(1, 1, []float64{1.3}), x)
		checkGradient(t, rng, func(tape *Tape, in []*Var) *Var { return tape.Hadamard(equal, in[0]) }, []bool{true}, x)
	}
	checkGradient(t, rng, func(tape *Tape, in []*Var) *Var { return tape.Mul(in[0], in[1]) }, []bool{false, false}, normal(rng, 2, 3), normal(rng, 3, 4))
	checkGradient(t, rng, func(tape *Tape, in []*Var) *Var { return tape.Transpose(in[0]) }, []bool{false}, normal(rng, 2, 3))
	checkGradient(t, rng, func(tape *Tape, in []*Var) *Var { return tape.Orthonormal(in[0]) }, []bool{false}, normal(rng, 5, 3))
}

// A raised eigenvalue passes no gradient on.
func TestLogarithmOfSmallEigenvalues(t *testing.T) {
	x := NewVar(mat.NewDiagDense(2, []float64{1e-9, 2}))
	tape := new(Tape)
	y := tape.Apply(Logarithm(1e-5), x)
	if got := y.X.At(0, 0); math.Abs(got-math.Log(1e-5)) > 1e-12 {
		t.Errorf("log %v", got)
	}
	y.G.Set(0, 0, 1)
	y.G.Set(1, 1, 1)
	tape.Backward()
	if x.G.At(0, 0) != 0 || math.Abs(x.G.At(1, 1)-.5) > 1e-12 {
		t.Errorf("gradient %v", x.G.RawMatrix().Data)
	}
}

// The Lyapunov solution has the gradient dV = L_P[dL], dP = -(dV L + L dV).
func TestLyapunovGradient(t *testing.T) {
	rng := random.New(2, 6)
	p, v, g := randomSPD(rng, 5), randomSym(rng, 5), randomSym(rng, 5)
	pv, vv := NewVar(p), NewVar(v)
	tape := new(Tape)
	twice := tape.Operate(Inverse, pv, vv)
	l, err := Lyapunov(p, v)
	if err != nil {
		t.Fatal(err)
	}
	twice.X.Scale(.5, twice.X)
	if !mat.EqualApprox(twice.X, l, 1e-12) {
		t.Error("the operator is not twice the Lyapunov solution")
	}
	twice.G.Scale(.5, g)
	tape.Backward()
	dv, err := Lyapunov(p, g)
	if err != nil {
		t.Fatal(err)
	}
	if !mat.EqualApprox(vv.G, dv, 1e-10) {
		t.Error("gradient by V")
	}
	var dp mat.Dense
	dp.Mul(dv, l)
	if !mat.EqualApprox(pv.G, sum(-2, symmetric(&dp), 0, l), 1e-10) {
		t.Error("gradient by P")
	}
}
