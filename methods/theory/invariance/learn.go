package invariance

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// MaxClass is how many subsets [Candidates] goes through at most.
const MaxClass = 1 << 20

// Predictor is a representation with its head.
type Predictor struct {
	Subset       []int     // of the covariates, ascending
	W            []float64 // weights of these
	MaxViolation float64   // over the environments that kept it
	Risk         float64   // mean over the environments that kept it
}

// ClassSize is the number of nonempty subsets of at most size out of d
// covariates; +Inf where it is beyond counting.
func ClassSize(d, size int) float64 {
	sum, choose := 0., 1.
	for k := 1; k <= min(d, size); k++ {
		choose *= float64(d-k+1) / float64(k)
		sum += choose
	}
	return math.Round(sum)
}

// Candidates are all nonempty subsets of at most size covariates, each with the
// one head that has the least mean risk over the given environments: a class
// fixed before further environments are drawn. Subsets of linearly dependent
// covariates are left out.
func Candidates(ctx context.Context, fit []Environment, size int) ([]Predictor, error) {
	e, err := pool(fit)
	if err != nil {
		return nil, err
	}
	d := len(e.XY)
	if n := ClassSize(d, size); size < 1 || n > MaxClass {
		return nil, fmt.Errorf("invariance: subsets of up to %d out of %d covariates: %v of them", size, d, n)
	}
	var out []Predictor
	var add func(subset []int) error
	add = func(subset []int) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		first := 0
		if len(subset) > 0 {
			first = subset[len(subset)-1] + 1
			if w, ok := e.fit(subset); ok {
				out = append(out, Predictor{Subset: slices.Clone(subset), W: w})
			}
		}
		if len(subset) == size {
			return nil
		}
		for i := first; i < d; i++ {
			if err := add(append(subset, i)); err != nil {
				return err
			}
		}
		return nil
	}
	return out, add(make([]int, 0, min(size, d)))
}

// Learn keeps the predictors of a class that are eps-invariant on environments,
// in ascending order of their mean risk on these. [Bound] holds if the class was
// fixed without them.
func Learn(ctx context.Context, class []Predictor, envs []Environment, eps float64) ([]Predictor, error) {
	if !(eps >= 0) {
		return nil, fmt.Errorf("invariance: violations within %v", eps)
	}
	mean, err := pool(envs)
	if err != nil {
		return nil, err
	}
	var kept []Predictor
	for _, p := range class {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(p.Subset) != len(p.W) || slices.ContainsFunc(p.Subset, func(i int) bool { return i < 0 || i >= len(mean.XY) }) {
			return nil, fmt.Errorf("invariance: a predictor with weights %v of covariates %v, of %d", p.W, p.Subset, len(mean.XY))
		}
		p.MaxViolation = 0
		for _, e := range envs {
			p.MaxViolation = max(p.MaxViolation, e.Violation(p.Subset, p.W))
			if !(p.MaxViolation <= eps) {
				break
			}
		}
		if p.MaxViolation <= eps {
			p.Risk = mean.Risk(p.Subset, p.W)
			kept = append(kept, p)
		}
	}
	slices.SortStableFunc(kept, func(a, b Predictor) int { return cmp.Compare(a.Risk, b.Risk) })
	return kept, nil
}

// Rate is the share of environments in which a predictor violates eps.
func (p Predictor) Rate(envs []Environment, eps float64) float64 {
	if len(envs) == 0 {
		return math.NaN()
	}
	n := 0
	for _, e := range envs {
		if e.Violation(p.Subset, p.W) > eps {
			n++
		}
	}
	return float64(n) / float64(len(envs))
}

// Dimension is the dimension of the space in which the moments of environments
// lie: with interventions on few nodes of bounded in-degree it stays the same
// however many other covariates there are. A violation's square is a quadratic
// form in it, so that sets of violated environments have a Vapnik-Chervonenkis
// dimension of at most Dimension (Dimension + 1)/2 + 1.
func Dimension(envs []Environment) (int, error) {
	if _, err := pool(envs); err != nil {
		return 0, err
	}
	d := len(envs[0].XY)
	moments := mat.NewDense(len(envs), d*(d+1)/2+d+1, nil)
	for r, e := range envs {
		row := moments.RawRowView(r)[:0]
		for i := range d {
			for j := i; j < d; j++ {
				row = append(row, e.XX.At(i, j))
			}
		}
		_ = append(append(row, e.XY...), e.YY)
	}
	_, cols := moments.Dims()
	for j := range cols {
		if n := mat.Norm(moments.ColView(j), 2); n > 0 {
			for i := range envs {
				moments.Set(i, j, moments.At(i, j)/n)
			}
		}
	}
	var svd mat.SVD
	if !svd.Factorize(moments, mat.SVDNone) {
		return 0, fmt.Errorf("invariance: no singular values of the moments of %d environments", len(envs))
	}
	rank, s := 0, svd.Values(nil)
	for _, v := range s {
		if v > 1e-9*s[0] {
			rank++
		}
	}
	return rank, nil
}

// Bound is the largest rate of violation to expect of a predictor that n fresh
// environments have not refuted, equation (1), out of a class of some size, with
// probability 1 - gamma: at most 1.
func Bound(n int, class, gamma float64) (float64, error) {
	if n < 1 || !(class >= 1) || !(gamma > 0 && gamma < 1) {
		return 0, fmt.Errorf("invariance: bound for a class of %v after %d environments, with probability 1 - %v", class, n, gamma)
	}
	return min(1, (math.Log(class)-math.Log(gamma))/float64(n)), nil
}
