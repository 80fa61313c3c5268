package align

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Linear predicts the units of B from those of A, each from its own few.
type Linear struct {
	// W [s1 x s2] has the weights for standardised units: column j predicts unit
	// j of B in its standard deviations.
	W *mat.Dense

	meanA, sdA, meanB, sdB []float64
}

// Predict returns the units of B [n x s2] for those of a [n x s1].
func (l *Linear) Predict(a *mat.Dense) (*mat.Dense, error) {
	n, s := a.Dims()
	if s != len(l.meanA) {
		return nil, fmt.Errorf("align: %d units for a prediction from %d", s, len(l.meanA))
	}
	z := mat.NewDense(n, s, nil)
	for i := range n {
		for j, v := range a.RawRowView(i) {
			if l.sdA[j] > 0 {
				z.Set(i, j, (v-l.meanA[j])/l.sdA[j])
			}
		}
	}
	var out mat.Dense
	out.Mul(z, l.W)
	for i := range n {
		row := out.RawRowView(i)
		for j := range row {
			row[j] = row[j]*l.sdB[j] + l.meanB[j]
		}
	}
	return &out, nil
}

// R2 returns the share of the variance of each unit of b [n x s2] that is
// predicted from a [n x s1]; it is negative where the mean does better. A dead
// unit has 0.
func (l *Linear) R2(a, b *mat.Dense) ([]float64, error) {
	if err := check(a, b); err != nil {
		return nil, err
	}
	p, err := l.Predict(a)
	if err != nil {
		return nil, err
	}
	if _, s := b.Dims(); s != len(l.meanB) {
		return nil, fmt.Errorf("align: %d units for a prediction of %d", s, len(l.meanB))
	}
	std := standardise(b)
	n, _ := b.Dims()
	out := make([]float64, len(l.meanB))
	for i := range n {
		for j, v := range b.RawRowView(i) {
			d := v - p.At(i, j)
			out[j] += d * d / float64(n)
		}
	}
	for j, mse := range out {
		if out[j] = 0; std.sd[j] > 0 {
			out[j] = 1 - mse/(std.sd[j]*std.sd[j])
		}
	}
	return out, nil
}

// Used is the mean number of units of A that a unit of B is predicted from.
func (l *Linear) Used() float64 {
	n := 0
	for _, w := range l.W.RawMatrix().Data {
		if w != 0 {
			n++
		}
	}
	_, s := l.W.Dims()
	return float64(n) / float64(s)
}

// problem is a prediction to be fitted: what its solutions need of a and b is
// their correlations.
type problem struct {
	*Linear
	aa, ab *mat.Dense // correlations [s1 x s1], [s1 x s2]
}

func newProblem(a, b *mat.Dense) (*problem, error) {
	if err := check(a, b); err != nil {
		return nil, err
	}
	x, y := standardise(a), standardise(b)
	_, s1 := a.Dims()
	_, s2 := b.Dims()
	return &problem{
		&Linear{mat.NewDense(s1, s2, nil), x.mean, x.sd, y.mean, y.sd},
		correlate(x, x), correlate(x, y),
	}, nil
}

// LeastSquares predicts b [n x s2] from all units of a [n x s1] with the penalty
// ridge |w|^2 / 2 in place of equation 4's; ridge may be 0, also when units of a
// depend on each other.
func LeastSquares(a, b *mat.Dense, ridge float64) (*Linear, error) {
	p, err := newProblem(a, b)
	if err != nil {
		return nil, err
	}
	if ridge < 0 || math.IsNaN(ridge) {
		return nil, fmt.Errorf("align: a ridge of %v", ridge)
	}
	s, _ := p.aa.Dims()
	var e mat.EigenSym
	if !e.Factorize(mat.NewSymDense(s, p.aa.RawMatrix().Data), true) {
		return nil, fmt.Errorf("align: no eigenvalues of %d units", s)
	}
	var v, c mat.Dense
	e.VectorsTo(&v)
	c.Mul(v.T(), p.ab)
	values := e.Values(nil)
	for i, l := range values {
		scale := 0.
		if l > 1e-12*values[s-1] {
			scale = 1 / (l + ridge)
		}
		for j, x := range c.RawRowView(i) {
			c.Set(i, j, x*scale)
		}
	}
	p.W.Mul(&v, &c)
	return p.Linear, nil
}

// LassoOptions tell when coordinate descent ends.
type LassoOptions struct {
	Sweeps    int     // at most; 0 stands for 1,000
	Tolerance float64 // largest change of a weight in the last sweep; 0 stands for 1e-6
}

// Lasso solves equation 4 for each unit of b [n x s2] by coordinate descent over
// the units of a [n x s1]:
//
//	w_i <- soft(mean_n A_ni (B_n - sum_{k != i} A_nk w_k), alpha),
//	soft(t, alpha) = sign(t) max(|t| - alpha, 0),
//
// with both standardised. A larger alpha uses fewer units; with 1 or more none is
// left.
func Lasso(ctx context.Context, a, b *mat.Dense, alpha float64, opts LassoOptions) (*Linear, error) {
	p, err := newProblem(a, b)
	if err != nil {
		return nil, err
	}
	if alpha < 0 || math.IsNaN(alpha) {
		return nil, fmt.Errorf("align: a penalty of %v", alpha)
	}
	if opts.Sweeps == 0 {
		opts.Sweeps = 1000
	}
	if opts.Tolerance == 0 {
		opts.Tolerance = 1e-6
	}
	_, s2 := p.W.Dims()
	for j := range s2 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p.descend(j, alpha, opts)
	}
	return p.Linear, nil
}

// descend fits unit j of B.
func (p *problem) descend(j int, alpha float64, opts LassoOptions) {
	s, _ := p.aa.Dims()
	w := make([]float64, s)
	res := mat.Col(nil, j, p.ab) // correlation of each unit with the residual
	for range opts.Sweeps {
		moved := 0.
		for i := range s {
			row := p.aa.RawRowView(i)
			if row[i] == 0 { // dead
				continue
			}
			t := res[i] + w[i]
			next := math.Copysign(max(math.Abs(t)-alpha, 0), t)
			if d := next - w[i]; d != 0 {
				for k, c := range row {
					res[k] -= c * d
				}
				moved = max(moved, math.Abs(d))
				w[i] = next
			}
		}
		if moved < opts.Tolerance {
			break
		}
	}
	p.W.SetCol(j, w)
}

// Greedy predicts each unit of b [n x s2] from few units of a [n x s1], chosen
// one by one (orthogonal matching pursuit): always the one that correlates most
// with what is left, all weights then fitted anew. It returns one prediction for
// each of the sizes, which ascend.
func Greedy(ctx context.Context, a, b *mat.Dense, sizes []int) ([]*Linear, error) {
	p, err := newProblem(a, b)
	if err != nil {
		return nil, err
	}
	if len(sizes) == 0 || sizes[0] < 1 || !slices.IsSorted(sizes) {
		return nil, fmt.Errorf("align: sizes %v: they must ascend from 1 or more", sizes)
	}
	s1, s2 := p.W.Dims()
	out := make([]*Linear, len(sizes))
	for k := range out {
		l := *p.Linear
		l.W = mat.NewDense(s1, s2, nil)
		out[k] = &l
	}
	for j := range s2 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p.pursue(j, sizes, out)
	}
	return out, nil
}

// pursue fits unit j of B for all sizes. It keeps the triangle L of the chosen
// units' correlations, L L^T, and adds a row for each.
func (p *problem) pursue(j int, sizes []int, out []*Linear) {
	const dependent = 1e-9 // what a unit must add to those chosen
	s, _ := p.aa.Dims()
	target := mat.Col(nil, j, p.ab)
	res := slices.Clone(target)
	gone := make([]bool, s) // chosen, dead or dependent
	var chosen []int
	var tri [][]float64
	var w []float64
	for k, size := range sizes {
		for len(chosen) < size {
			best := -1
			for i, r := range res {
				if !gone[i] && (best < 0 || math.Abs(r) > math.Abs(res[best])) {
					best = i
				}
			}
			if best < 0 {
				break
			}
			gone[best] = true
			row, left := make([]float64, len(chosen)+1), p.aa.At(best, best)
			for x, c := range chosen {
				v := p.aa.At(best, c)
				for y := range x {
					v -= row[y] * tri[x][y]
				}
				row[x] = v / tri[x][x]
				left -= row[x] * row[x]
			}
			if left < dependent {
				continue
			}
			row[len(chosen)] = math.Sqrt(left)
			chosen, tri = append(chosen, best), append(tri, row)
			w = solve(tri, chosen, target)
			copy(res, target)
			for x, c := range chosen {
				for i, v := range p.aa.RawRowView(c) {
					res[i] -= v * w[x]
				}
			}
		}
		for x, c := range chosen {
			out[k].W.Set(c, j, w[x])
		}
	}
}

// solve returns w with L L^T w = target at the chosen places.
func solve(l [][]float64, chosen []int, target []float64) []float64 {
	w := make([]float64, len(l))
	for i, row := range l {
		v := target[chosen[i]]
		for k := range i {
			v -= row[k] * w[k]
		}
		w[i] = v / row[i]
	}
	for i := len(l) - 1; i >= 0; i-- {
		for k := i + 1; k < len(l); k++ {
			w[i] -= l[k][i] * w[k]
		}
		w[i] /= l[i][i]
	}
	return w
}
