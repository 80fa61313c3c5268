// Package svm is the linear support vector machine by dual coordinate descent
// (Hsieh, Chang, Lin, Keerthi and Sundararajan, "A Dual Coordinate Descent Method
// for Large-scale Linear SVM", 2008; LIBLINEAR's). For rows x_i with labels
// y_i = 1 or -1 the weights w minimise
//
//	|w|^2 / 2 + sum_i C_i loss(1 - y_i w.x_i),   loss(t) = max(0, t) or max(0, t)^2
//
// where x_i has a constant 1 at its end, whose weight is the bias; as in LIBLINEAR
// it is penalised with the rest. The dual has one variable a_i in [0, U_i] for each
// row and is solved one variable at a time, w = sum_i a_i y_i x_i being kept:
//
//	G_i = y_i w.x_i - 1 + D_i a_i,   a_i <- min(max(a_i - G_i / (|x_i|^2 + 1 + D_i), 0), U_i)
//
// with U_i = C_i, D_i = 0 for the hinge and U_i = inf, D_i = 1/(2 C_i) for its square.
package svm

import (
	"context"
	"fmt"
	"math"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
)

// Options say what is fitted.
type Options struct {
	C float64 // weight of the losses against the penalty; 0 for 1

	// Hinge takes the hinge loss (L1) in place of its square (L2).
	Hinge bool

	// Balanced divides the losses of each class by how common it is:
	// C_i = C n / (2 n_class), so that both weigh the same together.
	Balanced bool

	Rounds    int     // over all rows, at most; 0 for 1,000
	Tolerance float64 // of the projected gradient's range, at which it ends; 0 for .1, as LIBLINEAR
	Seed      uint64  // of the order of rows
}

// Model is a fitted machine: a row's score is Weights.x + Bias.
type Model struct {
	Weights []float32
	Bias    float32

	Dual      []float64 // a_i of each row
	Rounds    int       // that were needed
	Converged bool
}

// Fit fits a machine to the rows of x; y says which of them are positive. A
// single class, and labels that do not fit the rows, are errors.
func Fit(ctx context.Context, x *sparse.Matrix, y []bool, o Options) (*Model, error) {
	positive := 0
	for _, p := range y {
		if p {
			positive++
		}
	}
	if o.C == 0 {
		o.C = 1
	}
	if o.Rounds == 0 {
		o.Rounds = 1000
	}
	if o.Tolerance == 0 {
		o.Tolerance = .1
	}
	switch {
	case len(y) != x.Rows:
		return nil, fmt.Errorf("svm: %d labels of %d rows", len(y), x.Rows)
	case positive == 0 || positive == len(y):
		return nil, fmt.Errorf("svm: %d of %d rows are positive, and both classes are needed", positive, len(y))
	case !(o.C > 0) || math.IsInf(o.C, 1):
		return nil, fmt.Errorf("svm: C = %v is not a number above 0", o.C)
	}
	s := newSolver(x, y, o, positive)
	m := &Model{Weights: make([]float32, x.Cols), Dual: s.dual}
	rng := random.New(o.Seed, 1)
	for m.Rounds < o.Rounds && !m.Converged {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rng.Shuffle(len(s.active), func(i, j int) { s.active[i], s.active[j] = s.active[j], s.active[i] })
		all := len(s.active) == x.Rows
		m.Converged = s.round() <= o.Tolerance
		if m.Converged && !all { // of those left; see whether it holds for all
			s.restore()
			m.Converged = false
		}
		m.Rounds++
	}
	for c, w := range s.w {
		m.Weights[c] = float32(w)
	}
	m.Bias = float32(s.bias)
	return m, nil
}

// Scores returns the score of each row of x, which has the columns that were
// fitted.
func (m *Model) Scores(x *sparse.Matrix) []float32 {
	s := make([]float32, x.Rows)
	x.Mul(s, m.Weights, 1)
	for i := range s {
		s[i] += m.Bias
	}
	return s
}

// solver is the state of the descent.
type solver struct {
	x      *sparse.Matrix
	y      []float64 // 1 or -1
	upper  []float64 // U_i, of the class of i
	diag   []float64 // D_i
	square []float64 // |x_i|^2 + 1
	dual   []float64
	w      []float64
	bias   float64

	// Rows whose variable sits at a bound that it wants to be at are left out
	// until all others have converged (shrinking).
	active    []int
	low, high float64 // beyond which a gradient is clear
}

func newSolver(x *sparse.Matrix, y []bool, o Options, positive int) *solver {
	n := x.Rows
	s := &solver{
		x: x, y: make([]float64, n), upper: make([]float64, n), diag: make([]float64, n), square: make([]float64, n),
		dual: make([]float64, n), w: make([]float64, x.Cols), active: make([]int, 0, n),
	}
	for i, p := range y {
		s.y[i] = -1
		class := n - positive
		if p {
			s.y[i], class = 1, positive
		}
		c := o.C
		if o.Balanced {
			c *= float64(n) / (2 * float64(class))
		}
		s.upper[i] = c
		if !o.Hinge {
			s.upper[i], s.diag[i] = math.Inf(1), .5/c
		}
		s.square[i] = 1
		_, vals := x.Row(i)
		for _, v := range vals {
			s.square[i] += float64(v) * float64(v)
		}
	}
	s.restore()
	return s
}

// restore makes all rows active.
func (s *solver) restore() {
	s.active = s.active[:0]
	for i := range s.y {
		s.active = append(s.active, i)
	}
	s.low, s.high = math.Inf(-1), math.Inf(1)
}

// round takes each active variable to its best and returns the range of the
// projected gradients that it met.
func (s *solver) round() float64 {
	low, high := math.Inf(1), math.Inf(-1)
	kept := s.active[:0]
	for _, i := range s.active {
		cols, vals := s.x.Row(i)
		score := s.bias
		for k, c := range cols {
			score += s.w[c] * float64(vals[k])
		}
		old := s.dual[i]
		g := s.y[i]*score - 1 + s.diag[i]*old
		projected := g
		switch old {
		case 0:
			if g > s.high {
				continue
			}
			projected = min(g, 0)
		case s.upper[i]:
			if g < s.low {
				continue
			}
			projected = max(g, 0)
		}
		kept = append(kept, i)
		low, high = min(low, projected), max(high, projected)
		if math.Abs(projected) < 1e-12 {
			continue
		}
		s.dual[i] = min(max(old-g/(s.square[i]+s.diag[i]), 0), s.upper[i])
		step := (s.dual[i] - old) * s.y[i]
		for k, c := range cols {
			s.w[c] += step * float64(vals[k])
		}
		s.bias += step
	}
	s.active = kept
	if s.high = high; high <= 0 {
		s.high = math.Inf(1)
	}
	if s.low = low; low >= 0 {
		s.low = math.Inf(-1)
	}
	if len(kept) == 0 {
		return 0
	}
	return high - low
}
