// Package invariance finds predictors that stay optimal under interventions
// they have not seen (PAC Generalization via Invariant Representations, 2022,
// arXiv:2205.15196). It keeps those representations of the covariates whose one
// common head is nearly optimal in each of n environments drawn at random
// ([Learn]); these are then nearly optimal in all but a few per cent of the
// environments that there are ([Bound]), whatever the causal graph.
//
// Covariates and target v = (x, y) follow a linear structural equation model,
//
//	v = Theta v + eta,   cov(v) = (I - Theta)^-1 diag(s^2) (I - Theta)^-T,
//
// Theta strictly lower triangular ([SEM]). An environment e has other weights and
// noise at some sites, never at y ([Family]). A representation, here a subset S
// of the covariates or of linear maps of them, with head w violates optimality in
// e by half the gradient of its squared error,
//
//	viol_e(S, w) = | Sigma_e^SS w - Sigma_e^Sy |_2,
//
// and is eps-invariant if no environment has more than eps. If the class H of
// representations with heads is fixed before n environments are drawn, then with
// probability 1 - gamma all of H that are eps-invariant on these n violate eps
// in at most a share
//
//	delta = (ln |H| + ln(1/gamma)) / n                                    (1)
//
// of all environments. In place of ln |H| there may stand the dimension of the
// space in which the environments' moments move ([Dimension]): with sites in few
// nodes of bounded in-degree it does not grow with the number of covariates,
// which is the paper's point.
//
// Differences from the paper: it bounds the complexity of polynomials in the
// interventions, with constants that say little at sizes that can be counted;
// (1) is the elementary bound for a finite class. The violation is the gradient,
// which is such a polynomial.
package invariance

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Environment has the second moments of covariates and target.
type Environment struct {
	XX *mat.SymDense // E[x x^T] [d x d]
	XY []float64     // E[x y] [d]
	YY float64       // E[y^2]
}

// Measure returns the moments of samples x [N x d] and y [N].
func Measure(x *mat.Dense, y []float64) (Environment, error) {
	n, d := x.Dims()
	if n == 0 || len(y) != n {
		return Environment{}, fmt.Errorf("invariance: %d targets for samples of %d x %d", len(y), n, d)
	}
	e := Environment{XX: mat.NewSymDense(d, nil), XY: make([]float64, d)}
	e.XX.SymOuterK(1/float64(n), x.T())
	for i, t := range y {
		for j, v := range x.RawRowView(i) {
			e.XY[j] += v * t / float64(n)
		}
		e.YY += t * t / float64(n)
	}
	if sum := e.YY + mat.Sum(e.XX); math.IsNaN(sum) || math.IsInf(sum, 0) {
		return Environment{}, fmt.Errorf("invariance: samples are not all finite")
	}
	return e, nil
}

// Through returns the moments of A x in place of those of x, for A [k x d]: what
// is observed indirectly, or a linear representation of it.
func (e Environment) Through(a mat.Matrix) (Environment, error) {
	k, d := a.Dims()
	if d != len(e.XY) {
		return Environment{}, fmt.Errorf("invariance: a map of %d covariates where there are %d", d, len(e.XY))
	}
	var half, full mat.Dense
	half.Mul(a, e.XX)
	full.Mul(&half, a.T())
	out := Environment{XX: mat.NewSymDense(k, nil), XY: make([]float64, k), YY: e.YY}
	for i := range k {
		for j := i; j < k; j++ {
			out.XX.SetSym(i, j, (full.At(i, j)+full.At(j, i))/2)
		}
		for j, v := range e.XY {
			out.XY[i] += a.At(i, j) * v
		}
	}
	return out, nil
}

// Violation is how far head w is from optimal on a subset of the covariates, in
// the unit of x times y. It panics if an index is not one of a covariate.
func (e Environment) Violation(subset []int, w []float64) float64 {
	sum := 0.
	for _, i := range subset {
		g := -e.XY[i]
		for b, j := range subset {
			g += e.XX.At(i, j) * w[b]
		}
		sum += g * g
	}
	return math.Sqrt(sum)
}

// Risk is the mean squared error of head w on a subset of the covariates. It
// panics if an index is not one of a covariate.
func (e Environment) Risk(subset []int, w []float64) float64 {
	risk := e.YY
	for a, i := range subset {
		risk -= 2 * w[a] * e.XY[i]
		for b, j := range subset {
			risk += w[a] * w[b] * e.XX.At(i, j)
		}
	}
	return risk
}

// pool is the mean of environments.
func pool(envs []Environment) (Environment, error) {
	if len(envs) == 0 {
		return Environment{}, fmt.Errorf("invariance: no environments")
	}
	d := len(envs[0].XY)
	out := Environment{XX: mat.NewSymDense(d, nil), XY: make([]float64, d)}
	share := 1 / float64(len(envs))
	for k, e := range envs {
		if len(e.XY) != d || e.XX == nil || e.XX.SymmetricDim() != d {
			return Environment{}, fmt.Errorf("invariance: environment %d has not the %d covariates of the first", k, d)
		}
		for i := range d {
			for j := i; j < d; j++ {
				out.XX.SetSym(i, j, out.XX.At(i, j)+share*e.XX.At(i, j))
			}
			out.XY[i] += share * e.XY[i]
		}
		out.YY += share * e.YY
	}
	return out, nil
}

// fit returns the head of least risk on a subset, or false if its covariates are
// linearly dependent.
func (e Environment) fit(subset []int) ([]float64, bool) {
	xx, xy := mat.NewSymDense(len(subset), nil), mat.NewVecDense(len(subset), nil)
	for a, i := range subset {
		for b, j := range subset[a:] {
			xx.SetSym(a, a+b, e.XX.At(i, j))
		}
		xy.SetVec(a, e.XY[i])
	}
	var c mat.Cholesky
	var w mat.VecDense
	if !c.Factorize(xx) || c.SolveVecTo(&w, xy) != nil {
		return nil, false
	}
	return w.RawVector().Data, true
}

// Fit returns the one head of least mean risk over environments, on a subset of
// the covariates.
func Fit(envs []Environment, subset []int) ([]float64, error) {
	e, err := pool(envs)
	if err != nil {
		return nil, err
	}
	for _, i := range subset {
		if i < 0 || i >= len(e.XY) {
			return nil, fmt.Errorf("invariance: covariate %d of %d", i, len(e.XY))
		}
	}
	if len(subset) == 0 {
		return nil, fmt.Errorf("invariance: a head on no covariates")
	}
	w, ok := e.fit(subset)
	if !ok {
		return nil, fmt.Errorf("invariance: covariates %v are linearly dependent", subset)
	}
	return w, nil
}
