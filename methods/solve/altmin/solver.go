package altmin

import (
	"errors"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/solve/sketch"
)

// Solver solves least-squares problems, or comes closer to their solution. It is
// used by one goroutine at a time.
type Solver interface {
	// Solve moves x [k] towards argmin |B x - y|^2 + ridge |x|^2, with b [N x k] and
	// y [N], and returns the multiply-adds that it took.
	Solve(b blas64.General, y []float64, ridge float64, x []float64) (int64, error)
}

// ErrSingular says that an exact solution is not determined: there are fewer
// entries than the rank, or they depend on each other. A ridge helps.
var ErrSingular = errors.New("altmin: the normal equations are singular")

type normal struct{}

// Exact solves by the normal equations and Cholesky, in N k^2/2 multiply-adds and
// k^3/6. The start does not matter.
func Exact() Solver { return normal{} }

func (normal) Solve(b blas64.General, y []float64, ridge float64, x []float64) (int64, error) {
	n, k := b.Rows, b.Cols
	gram := blas64.Symmetric{N: k, Stride: k, Data: make([]float64, k*k), Uplo: blas.Upper}
	blas64.Syrk(blas.Trans, 1, b, 0, gram)
	for i := range k {
		gram.Data[i*k+i] += ridge
	}
	right := blas64.General{Rows: k, Cols: 1, Stride: 1, Data: make([]float64, k)}
	blas64.Gemv(blas.Trans, 1, b, vec(y), 0, vec(right.Data))
	chol, ok := lapack64.Potrf(gram)
	if !ok {
		return 0, ErrSingular
	}
	lapack64.Potrs(chol, right)
	copy(x, right.Data)
	return int64(n*k*(k+1)/2 + n*k + k*k*k/6 + k*k), nil
}

// cgls are steps of conjugate gradients on the normal equations, which are never
// formed (Hestenes and Stiefel, 1952), after a change of variables if c > 0.
type cgls struct {
	steps, c int
	rng      *rand.Rand
}

// CGLS takes steps of conjugate gradients from the start, each in 2 N k
// multiply-adds. Without a unique solution it goes to the one nearest to the
// start.
func CGLS(steps int) Solver { return &cgls{steps: steps} }

// SketchedCGLS takes steps after a change of variables that makes the problem
// well conditioned, equations 3 and 4: by the triangle of a QR decomposition of
// c k rows, into which the N are compressed (c of 4 to 8), or of all if they are
// not more. Where these do not have the full rank, it does as [CGLS]. That takes about c k^3 multiply-adds, and pays for N far above c k.
func SketchedCGLS(steps, c int, rng *rand.Rand) Solver { return &cgls{steps, max(1, c), rng} }

func vec(x []float64) blas64.Vector { return blas64.Vector{N: len(x), Inc: 1, Data: x} }

func (s *cgls) Solve(b blas64.General, y []float64, ridge float64, x []float64) (int64, error) {
	n, k := b.Rows, b.Cols
	var macs int64
	var r *blas64.Triangular // x = R^-1 w
	if s.c > 0 {
		var err error
		if r, macs, err = s.triangle(b, ridge); err != nil {
			return 0, err
		}
	}
	work := make([]float64, 2*n+3*k)
	rest, q := vec(work[:n]), vec(work[n:2*n])
	work = work[2*n:]
	g, p, step := vec(work[:k]), vec(work[k:2*k]), vec(work[2*k:])

	copy(rest.Data, y)
	blas64.Gemv(blas.NoTrans, -1, b, vec(x), 1, rest)
	// gradient sets g to R^-T (B^T rest - ridge x), the way downhill in w.
	gradient := func() {
		blas64.Gemv(blas.Trans, 1, b, rest, 0, g)
		if ridge > 0 {
			blas64.Axpy(-ridge, vec(x), g)
		}
		macs += int64(n * k)
		if r != nil {
			blas64.Trsv(blas.Trans, *r, g)
			macs += int64(k * (k + 1) / 2)
		}
	}
	gradient()
	copy(p.Data, g.Data)
	macs += int64(n * k)
	gg := blas64.Dot(g, g)
	for i := range s.steps {
		copy(step.Data, p.Data)
		if r != nil {
			blas64.Trsv(blas.NoTrans, *r, step)
			macs += int64(k * (k + 1) / 2)
		}
		blas64.Gemv(blas.NoTrans, 1, b, step, 0, q)
		macs += int64(n * k)
		curve := blas64.Dot(q, q) + ridge*blas64.Dot(step, step)
		if !(curve > 0) { // at the solution
			break
		}
		// Equal to gg / curve until rounding is all that is left of g; from
		// there on it still never goes uphill, as that would.
		a := blas64.Dot(g, p) / curve
		macs += int64(k)
		blas64.Axpy(a, step, vec(x))
		blas64.Axpy(-a, q, rest)
		if i == s.steps-1 {
			break
		}
		gradient()
		before := gg
		if gg = blas64.Dot(g, g); gg == 0 {
			break
		}
		blas64.Scal(gg/before, p)
		blas64.Axpy(1, g, p)
	}
	return macs, nil
}

// triangle is R of equation 3, with the ridge as rows of its own; nil if there
// are too few rows for one.
func (s *cgls) triangle(b blas64.General, ridge float64) (*blas64.Triangular, int64, error) {
	n, k := b.Rows, b.Cols
	a := mat.NewDense(n, k, b.Data)
	var macs int64
	if rows := s.c * k; rows < n {
		draw, err := sketch.CountSketch(n, rows, s.rng)
		if err != nil {
			return nil, 0, err
		}
		if a, err = draw.Apply(a); err != nil {
			return nil, 0, err
		}
		macs += draw.MACs(k)
	}
	rows, _ := a.Dims()
	tall := mat.NewDense(rows+k, k, nil)
	tall.Copy(a)
	if ridge > 0 {
		root := math.Sqrt(ridge)
		for i := range k {
			tall.Set(rows+i, i, root)
		}
	}
	_, r := thinQR(tall)
	raw := r.RawTriangular()
	least, most := math.Abs(raw.Data[0]), 0.0
	for i := range k {
		d := math.Abs(raw.Data[i*raw.Stride+i])
		least, most = min(least, d), max(most, d)
	}
	macs += int64(rows * k * k)
	if !(least > 1e-12*most) {
		return nil, macs, nil
	}
	return &raw, macs, nil
}
