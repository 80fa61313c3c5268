// Package altmin completes matrices of low rank by alternating least squares
// whose small problems are solved approximately (Gu, Song, Yin and Zhang, "Low
// Rank Matrix Completion via Robust Alternating Minimization in Nearly Linear
// Time", 2023, arXiv:2302.11068). A few preconditioned iterations from the round
// before are enough: rounds and observed entries stay what exact solutions need,
// and the work falls from |Omega| k^2 to |Omega| k a round.
//
// For M [m x n] of rank k, known on Omega, U and V with U V^T = M are found by
//
//	U = the k leading left singular vectors of P_Omega(M)/p
//	v_j ~ argmin_v  sum over i in Omega_j of (M_ij - <u_i, v>)^2          (1)
//	u_i ~ argmin_u  sum over j in Omega_i of (M_ij - <u, v_j>)^2          (2)
//
// in turns, the factor that stands still having orthonormal columns. If every
// half step is within eps_0 of the exact one, the distance of the subspaces
// |(I - U U^T) U*| still shrinks by a constant factor (1/4 in the paper) a half
// step, down to a multiple of eps_0. A problem min |B x - y| of (1) or (2) is
// solved by
//
//	S B = Q R             S a sketch with some c k rows                   (3)
//	a few steps of CGLS on min |B R^-1 w - y|, from w = R x_0, x = R^-1 w (4)
//
// where x_0 is the solution of the round before. B R^-1 is well conditioned. With
// orthonormal factors and entries observed at random B is so already, and plain
// CGLS does without (3).
//
// Differences from the paper: all of Omega serves every half step, where the
// proof wants a fresh part of it each time; no clipping of the start's large
// entries; conjugate gradients in place of gradient descent; a sparse sketch,
// which is the cheaper one for a few hundred rows; and a ridge, for data that
// has no exact low rank.
package altmin

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/lowrank"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
)

// Entries are the observed entries of a matrix of Rows x Cols: X[e] in row I[e]
// and column J[e], both from 0, each place at most once.
type Entries struct {
	Rows, Cols int
	I, J       []int32
	X          []float64
}

// Check returns an error if lengths differ, there is no entry, or one is outside
// of the matrix, not finite, or there twice.
func (e Entries) Check() error {
	if len(e.X) == 0 || len(e.I) != len(e.X) || len(e.J) != len(e.X) {
		return fmt.Errorf("altmin: %d rows and %d columns of %d entries", len(e.I), len(e.J), len(e.X))
	}
	seen := make(map[int64]struct{}, len(e.X))
	for k, x := range e.X {
		i, j := e.I[k], e.J[k]
		if i < 0 || int(i) >= e.Rows || j < 0 || int(j) >= e.Cols {
			return fmt.Errorf("altmin: entry (%d, %d) is outside of %d x %d", i, j, e.Rows, e.Cols)
		}
		if x-x != 0 {
			return fmt.Errorf("altmin: entry (%d, %d) is %v", i, j, x)
		}
		at := int64(i)*int64(e.Cols) + int64(j)
		if _, twice := seen[at]; twice {
			return fmt.Errorf("altmin: entry (%d, %d) is there twice", i, j)
		}
		seen[at] = struct{}{}
	}
	return nil
}

// Options of [Complete].
type Options struct {
	Rank   int    // k, at most the smaller side
	Rounds int    // of both half steps; 0 for 12
	Solver Solver // of the small problems; nil for CGLS(3)

	// Free leaves the factors as the half steps give them. Without, the one that
	// stands still is orthonormalised, and the other's start turned to fit. A ridge
	// means another thing then: with one, set Free.
	Free bool

	// Ridge lambda adds lambda N |x|^2 to a problem with N entries.
	Ridge float64

	Start *Model // to go on from, as yesterday's; nil for the singular vectors
	Seed  uint64 // of the singular vectors

	// Watch, if set, is called after each round. The model is only lent.
	Watch func(round int, m *Model, s Stats)
}

// Stats are what rounds have cost and brought.
type Stats struct {
	MACs     int64     // multiply-adds, those of the start left out
	Residual []float64 // root mean square over the entries after each round
}

// Model is a matrix U V^T.
type Model struct {
	U *mat.Dense // [m x k]
	V *mat.Dense // [n x k]
}

// At is the model's entry in row i and column j.
func (m *Model) At(i, j int) float64 {
	x := 0.0
	v := m.V.RawRowView(j)
	for k, u := range m.U.RawRowView(i) {
		x += u * v[k]
	}
	return x
}

// Complete fits a model to the entries. Bad entries and options are errors.
func Complete(ctx context.Context, e Entries, o Options) (*Model, Stats, error) {
	if err := e.Check(); err != nil {
		return nil, Stats{}, err
	}
	if o.Rank < 1 || o.Rank > min(e.Rows, e.Cols) {
		return nil, Stats{}, fmt.Errorf("altmin: rank %d of a matrix of %d x %d", o.Rank, e.Rows, e.Cols)
	}
	if o.Rounds < 0 || !(o.Ridge >= 0) {
		return nil, Stats{}, fmt.Errorf("altmin: %d rounds, ridge %v", o.Rounds, o.Ridge)
	}
	if o.Rounds == 0 {
		o.Rounds = 12
	}
	if o.Solver == nil {
		o.Solver = CGLS(3)
	}
	m, err := start(ctx, e, o)
	if err != nil {
		return nil, Stats{}, err
	}
	rows, cols := by(e.Rows, e.I, e.J, e.X), by(e.Cols, e.J, e.I, e.X)
	var s Stats
	for round := range o.Rounds {
		for _, half := range []struct {
			known  lists
			fixed  **mat.Dense
			solved **mat.Dense
		}{{cols, &m.U, &m.V}, {rows, &m.V, &m.U}} {
			if !o.Free {
				if s.MACs += orthonormalise(half.fixed, half.solved); !finite(*half.fixed) {
					return nil, s, errors.New("altmin: the factors do not stay finite")
				}
			}
			if err := halfStep(ctx, half.known, *half.fixed, *half.solved, o, &s.MACs); err != nil {
				return nil, s, err
			}
		}
		s.Residual = append(s.Residual, m.residual(e))
		if o.Watch != nil {
			o.Watch(round, m, s)
		}
	}
	return m, s, nil
}

// start is U from the singular vectors of the entries, and V with their values.
func start(ctx context.Context, e Entries, o Options) (*Model, error) {
	if o.Start != nil {
		m, k := o.Start.U.Dims()
		n, kv := o.Start.V.Dims()
		if m != e.Rows || n != e.Cols || k != o.Rank || kv != o.Rank {
			return nil, fmt.Errorf("altmin: a start of %d x %d and %d x %d for a matrix of %d x %d and rank %d", m, k, n, kv, e.Rows, e.Cols, o.Rank)
		}
		return &Model{mat.DenseCopyOf(o.Start.U), mat.DenseCopyOf(o.Start.V)}, nil
	}
	p := float64(len(e.X)) / (float64(e.Rows) * float64(e.Cols))
	entries := make([]sparse.Entry, len(e.X))
	for k, x := range e.X {
		entries[k] = sparse.Entry{Row: e.I[k], Col: e.J[k], Val: float32(x / p)}
	}
	a, err := sparse.New(e.Rows, e.Cols, entries)
	if err != nil {
		return nil, err
	}
	u, s, v, err := lowrank.SVD(ctx, a, o.Rank, random.New(o.Seed, 23))
	if err != nil {
		return nil, err
	}
	split := func(x *mat.Dense, power float64) {
		x.Apply(func(_, j int, v float64) float64 { return v * math.Pow(s[j], power) }, x)
	}
	if o.Free { // of equal length
		split(u, .5)
		split(v, .5)
	} else {
		split(v, 1)
	}
	return &Model{u, v}, nil
}

// lists are the entries of each row, or of each column.
type lists struct {
	ptr    []int
	other  []int32
	values []float64
}

func by(n int, at, other []int32, x []float64) lists {
	l := lists{make([]int, n+1), make([]int32, len(x)), make([]float64, len(x))}
	for _, i := range at {
		l.ptr[i+1]++
	}
	for i := range n {
		l.ptr[i+1] += l.ptr[i]
	}
	next := append([]int(nil), l.ptr[:n]...)
	for e, i := range at {
		l.other[next[i]], l.values[next[i]] = other[e], x[e]
		next[i]++
	}
	return l
}

// halfStep solves for each row of one factor, with the other one fixed. A row
// without entries stays.
func halfStep(ctx context.Context, known lists, fixed, solved *mat.Dense, o Options, macs *int64) error {
	n, k := solved.Dims()
	var b []float64
	for j := range n {
		if j%64 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		lo, hi := known.ptr[j], known.ptr[j+1]
		if lo == hi {
			continue
		}
		b = b[:0]
		for _, i := range known.other[lo:hi] {
			b = append(b, fixed.RawRowView(int(i))...)
		}
		x := solved.RawRowView(j)
		used, err := o.Solver.Solve(blas64.General{Rows: hi - lo, Cols: k, Stride: k, Data: b}, known.values[lo:hi], o.Ridge*float64(hi-lo), x)
		if err != nil {
			return fmt.Errorf("altmin: row or column %d: %w", j, err)
		}
		*macs += used
	}
	return nil
}

// orthonormalise gives a orthonormal columns and turns b so that a b^T remains.
// It returns the multiply-adds.
func orthonormalise(a, b **mat.Dense) int64 {
	q, r := thinQR(*a)
	var turned mat.Dense
	turned.Mul(*b, r.T()) // a b^T = q r b^T = q (b r^T)^T
	*a, *b = q, &turned
	m, k := q.Dims()
	n, _ := turned.Dims()
	return 2*int64(m)*int64(k)*int64(k) + int64(n)*int64(k)*int64(k+1)/2
}

// thinQR returns Q [m x k] and R [k x k]: mat.QR would make Q m x m.
func thinQR(a *mat.Dense) (q *mat.Dense, r *mat.TriDense) {
	q = mat.DenseCopyOf(a)
	_, k := q.Dims()
	raw := q.RawMatrix()
	tau := make([]float64, k)
	work := make([]float64, 64*k)
	lapack64.Geqrf(raw, tau, work, len(work))
	r = mat.NewTriDense(k, mat.Upper, nil)
	for i := range k {
		for j := i; j < k; j++ {
			r.SetTri(i, j, q.At(i, j))
		}
	}
	lapack64.Orgqr(raw, tau, work, len(work))
	return q, r
}

func finite(a *mat.Dense) bool {
	for _, v := range a.RawMatrix().Data {
		if v-v != 0 {
			return false
		}
	}
	return true
}

func (m *Model) residual(e Entries) float64 {
	sum := 0.0
	for k, x := range e.X {
		d := x - m.At(int(e.I[k]), int(e.J[k]))
		sum += d * d
	}
	return math.Sqrt(sum / float64(len(e.X)))
}

// SubspaceDist is the distance |(I - Q Q^T) W|_2 of the column spaces of u and w,
// with orthonormal bases Q and W: the sine of the largest angle between them.
// Both have as many rows, and full column rank.
func SubspaceDist(u, w *mat.Dense) (float64, error) {
	m, ku := u.Dims()
	n, kw := w.Dims()
	if m != n || ku > m || kw > n {
		return 0, fmt.Errorf("altmin: the column spaces of %d x %d and %d x %d", m, ku, n, kw)
	}
	q, _ := thinQR(u)
	b, _ := thinQR(w)
	var in, rest mat.Dense
	in.Mul(q.T(), b)
	rest.Mul(q, &in)
	rest.Sub(b, &rest)
	return mat.Norm(&rest, 2), nil
}
