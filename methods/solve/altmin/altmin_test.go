package altmin

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

func normalMatrix(m, k int, rng *rand.Rand) *mat.Dense {
	a := mat.NewDense(m, k, nil)
	for i := range a.RawMatrix().Data {
		a.RawMatrix().Data[i] = rng.NormFloat64()
	}
	return a
}

// observed takes entries of u v^T with probability p.
func observed(u, v *mat.Dense, p float64, rng *rand.Rand) Entries {
	m, _ := u.Dims()
	n, _ := v.Dims()
	truth := &Model{u, v}
	e := Entries{Rows: m, Cols: n}
	for i := range m {
		for j := range n {
			if rng.Float64() < p {
				e.I, e.J, e.X = append(e.I, int32(i)), append(e.J, int32(j)), append(e.X, truth.At(i, j))
			}
		}
	}
	return e
}

func off(m *Model, u, v *mat.Dense) float64 {
	var got, want mat.Dense
	got.Mul(m.U, m.V.T())
	want.Mul(u, v.T())
	got.Sub(&got, &want)
	return mat.Norm(&got, 2) / mat.Norm(&want, 2)
}

func complete(t *testing.T, e Entries, o Options) *Model {
	t.Helper()
	m, s, err := Complete(t.Context(), e, o)
	if err != nil {
		t.Fatal(err)
	}
	if s.MACs == 0 || len(s.Residual) == 0 {
		t.Errorf("stats %+v", s)
	}
	return m
}

// Every solver recovers a matrix of low rank, with and without orthonormal
// factors.
func TestRecovers(t *testing.T) {
	rng := random.New(1, 0)
	u, v := normalMatrix(60, 3, rng), normalMatrix(50, 3, rng)
	e := observed(u, v, .5, rng)
	for name, s := range map[string]Solver{"exact": Exact(), "CGLS": CGLS(3), "sketched": SketchedCGLS(3, 4, rng)} {
		for _, free := range []bool{false, true} {
			m := complete(t, e, Options{Rank: 3, Rounds: 30, Solver: s, Free: free})
			if d := off(m, u, v); d > 1e-6 {
				t.Errorf("%s, free %v: off by %v", name, free, d)
			}
			if d, err := SubspaceDist(m.U, u); err != nil || d > 1e-5 {
				t.Errorf("%s, free %v: subspaces %v apart, %v", name, free, d, err)
			}
		}
	}
}

// With all entries of a matrix of rank k one round is enough, and going on from
// the result changes nothing.
func TestFullObservation(t *testing.T) {
	rng := random.New(2, 0)
	u, v := normalMatrix(30, 4, rng), normalMatrix(20, 4, rng)
	e := observed(u, v, 2, rng)
	m := complete(t, e, Options{Rank: 4, Rounds: 1, Solver: Exact()})
	if d := off(m, u, v); d > 1e-10 {
		t.Errorf("off by %v", d)
	}
	if d, err := SubspaceDist(m.U, u); err != nil || d > 1e-10 {
		t.Errorf("subspaces %v apart, %v", d, err)
	}
	again := complete(t, e, Options{Rank: 4, Rounds: 1, Start: m})
	if d := off(again, u, v); d > 1e-10 {
		t.Errorf("going on ends %v off", d)
	}
}

func TestScale(t *testing.T) {
	rng := random.New(3, 0)
	u, v := normalMatrix(30, 2, rng), normalMatrix(30, 2, rng)
	e := observed(u, v, .4, rng)
	small := complete(t, e, Options{Rank: 2, Rounds: 4})
	for i := range e.X {
		e.X[i] *= 10
	}
	large := complete(t, e, Options{Rank: 2, Rounds: 4})
	var a, b mat.Dense
	a.Mul(small.U, small.V.T())
	a.Scale(10, &a)
	b.Mul(large.U, large.V.T())
	if !mat.EqualApprox(&a, &b, 1e-4) { // the start is in float32
		t.Error("ten times the entries are not ten times the matrix")
	}
}

func regression(n, k int, rng *rand.Rand) (blas64.General, []float64) {
	return normalMatrix(n, k, rng).RawMatrix(), normalMatrix(n, 1, rng).RawMatrix().Data
}

// k steps of conjugate gradients are the solution, with and without a ridge; so
// are fewer after the change of variables, nearly.
func TestSolversAgree(t *testing.T) {
	for trial := range uint64(200) {
		rng := random.New(trial, 4)
		n, k, ridge := 20+rng.IntN(100), 1+rng.IntN(8), float64(trial%2)*rng.Float64()*10
		b, y := regression(n, k, rng)
		for i := range n { // badly scaled
			b.Data[i*k] *= 30
		}
		want := make([]float64, k)
		if _, err := Exact().Solve(b, y, ridge, want); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name string
			Solver
			off float64
		}{{"CGLS", CGLS(3 * k), 1e-8}, {"CGLS, long past the end", CGLS(100 * k), 1e-8}, {"sketched", SketchedCGLS(12, 8, rng), 1e-4}} {
			x := normalMatrix(k, 1, rng).RawMatrix().Data
			if _, err := c.Solve(b, y, ridge, x); err != nil {
				t.Fatal(err)
			}
			for i := range x {
				if math.Abs(x[i]-want[i]) > c.off*(1+math.Abs(want[i])) {
					t.Errorf("trial %d, %s: x(%d) = %v, want %v", trial, c.name, i, x[i], want[i])
				}
			}
		}
	}
}

// B R^-1 is well conditioned, whatever the columns' scales.
func TestPreconditioner(t *testing.T) {
	worst := 0.0
	rng := random.New(5, 0)
	for range 100 {
		b, _ := regression(200, 8, rng)
		for i := range 200 {
			for j := range 8 {
				b.Data[i*8+j] *= math.Pow(10, float64(j))
			}
		}
		s := &cgls{steps: 1, c: 8, rng: rng}
		raw, _, err := s.triangle(b, 0)
		if err != nil {
			t.Fatal(err)
		}
		r := mat.NewTriDense(8, mat.Upper, nil)
		r.SetRawTriangular(*raw)
		var inv mat.TriDense
		if err := inv.InverseTri(r); err != nil {
			if _, ok := errors.AsType[mat.Condition](err); !ok {
				t.Fatal(err)
			}
		}
		var x mat.Dense
		x.Mul(mat.NewDense(200, 8, b.Data), &inv)
		worst = max(worst, mat.Cond(&x, 2))
	}
	if worst > 4 {
		t.Errorf("condition number %.2f", worst)
	}
}

// With fewer entries than unknowns CGLS goes to the nearest solution, and the
// normal equations have none.
func TestUnderdetermined(t *testing.T) {
	b := blas64.General{Rows: 1, Cols: 2, Stride: 2, Data: []float64{1, 1}}
	for name, s := range map[string]Solver{"CGLS": CGLS(3), "sketched": SketchedCGLS(3, 4, random.New(6, 0))} {
		x := []float64{3, 0}
		if _, err := s.Solve(b, []float64{1}, 0, x); err != nil {
			t.Fatal(err)
		}
		if math.Abs(x[0]-2) > 1e-12 || math.Abs(x[1]+1) > 1e-12 {
			t.Errorf("%s: %v, want [2 -1]", name, x)
		}
	}
	if _, err := Exact().Solve(b, []float64{1}, 0, []float64{3, 0}); !errors.Is(err, ErrSingular) {
		t.Errorf("normal equations: %v", err)
	}
}

// Orthonormalising one factor keeps the product.
func TestOrthonormalise(t *testing.T) {
	rng := random.New(7, 0)
	a, b := normalMatrix(20, 4, rng), normalMatrix(15, 4, rng)
	var want mat.Dense
	want.Mul(a, b.T())
	orthonormalise(&a, &b)
	var got, gram mat.Dense
	got.Mul(a, b.T())
	gram.Mul(a.T(), a)
	if !mat.EqualApprox(&got, &want, 1e-12) {
		t.Error("the product changes")
	}
	for i := range 4 {
		gram.Set(i, i, gram.At(i, i)-1)
	}
	if d := mat.Norm(&gram, 2); d > 1e-12 {
		t.Errorf("the columns are %v off orthonormal", d)
	}
}

func TestSubspaceDist(t *testing.T) {
	angle := .3
	u := mat.NewDense(3, 1, []float64{2, 0, 0})
	w := mat.NewDense(3, 1, []float64{5 * math.Cos(angle), 5 * math.Sin(angle), 0})
	if d, err := SubspaceDist(u, w); err != nil || math.Abs(d-math.Sin(angle)) > 1e-12 {
		t.Errorf("%v, %v; want sin of the angle", d, err)
	}
	if _, err := SubspaceDist(u, mat.NewDense(4, 1, nil)); err == nil {
		t.Error("no error for different spaces")
	}
}

func TestErrors(t *testing.T) {
	good := Entries{Rows: 2, Cols: 2, I: []int32{0, 1}, J: []int32{0, 1}, X: []float64{1, 2}}
	for name, c := range map[string]struct {
		e Entries
		o Options
	}{
		"outside":  {Entries{2, 2, []int32{2}, []int32{0}, []float64{1}}, Options{Rank: 1}},
		"NaN":      {Entries{2, 2, []int32{0}, []int32{0}, []float64{math.NaN()}}, Options{Rank: 1}},
		"twice":    {Entries{2, 2, []int32{0, 0}, []int32{1, 1}, []float64{1, 1}}, Options{Rank: 1}},
		"no entry": {Entries{Rows: 2, Cols: 2}, Options{Rank: 1}},
		"lengths":  {Entries{2, 2, []int32{0}, nil, []float64{1}}, Options{Rank: 1}},
		"rank":     {good, Options{Rank: 3}},
		"ridge":    {good, Options{Rank: 1, Ridge: -1}},
		"start":    {good, Options{Rank: 1, Start: &Model{mat.NewDense(2, 2, nil), mat.NewDense(2, 2, nil)}}},
	} {
		if _, _, err := Complete(t.Context(), c.e, c.o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, _, err := Complete(ctx, good, Options{Rank: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
