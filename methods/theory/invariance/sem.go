package invariance

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// SEM is a linear structural equation model of d covariates and a target, d+1
// nodes in causal order. Covariate i of an environment is node i, or node i+1
// from the target on.
type SEM struct {
	Theta    *mat.Dense // [d+1 x d+1], strictly lower triangular: row i has what node i takes from those before
	NoiseVar []float64  // of each node
	Target   int        // node of y
}

func (s SEM) check() error {
	n := len(s.NoiseVar)
	if r, c := s.Theta.Dims(); n < 2 || r != n || c != n || s.Target < 0 || s.Target >= n {
		return fmt.Errorf("invariance: weights of %d x %d and target %d for %d nodes", r, c, s.Target, n)
	}
	for i, v := range s.NoiseVar {
		if !(v >= 0) || math.IsInf(v, 1) {
			return fmt.Errorf("invariance: noise of variance %v", v)
		}
		for j, w := range s.Theta.RawRowView(i) {
			if math.IsNaN(w) || math.IsInf(w, 0) || j >= i && w != 0 {
				return fmt.Errorf("invariance: weight %v from node %d to node %d", w, j, i)
			}
		}
	}
	return nil
}

// RandomSEM draws a model of d >= 3 covariates, its target in the middle. A node
// has inDegree parents among those before it, or all that there are, with weights
// in +-[0.5, 1.2]; the two nodes after the target have it as a parent, so that
// the best predictors are not causes. Noise has variance 1.
func RandomSEM(d, inDegree int, rng *rand.Rand) (SEM, error) {
	if d < 3 || inDegree < 1 {
		return SEM{}, fmt.Errorf("invariance: a model of %d covariates, %d parents each", d, inDegree)
	}
	s := SEM{Theta: mat.NewDense(d+1, d+1, nil), NoiseVar: make([]float64, d+1), Target: d / 2}
	for i := range s.NoiseVar {
		s.NoiseVar[i] = 1
		parents := rng.Perm(i)[:min(i, inDegree)]
		if (i == s.Target+1 || i == s.Target+2) && !slices.Contains(parents, s.Target) {
			parents[0] = s.Target
		}
		slices.Sort(parents)
		for _, p := range parents {
			w := .5 + .7*rng.Float64()
			if rng.IntN(2) == 0 {
				w = -w
			}
			s.Theta.Set(i, p, w)
		}
	}
	return s, nil
}

// covariate is the number of a node that is not the target.
func (s SEM) covariate(node int) int {
	if node > s.Target {
		return node - 1
	}
	return node
}

// node is the one of a covariate.
func (s SEM) node(covariate int) int {
	if covariate >= s.Target {
		return covariate + 1
	}
	return covariate
}

// Causes is the true predictor: the target's parents and their weights. Its
// violation is 0 in every environment.
func (s SEM) Causes() Predictor {
	var p Predictor
	for j, w := range s.Theta.RawRowView(s.Target) {
		if w != 0 {
			p.Subset, p.W = append(p.Subset, s.covariate(j)), append(p.W, w)
		}
	}
	return p
}

// Environment returns the exact moments of the model.
func (s SEM) Environment() (Environment, error) {
	if err := s.check(); err != nil {
		return Environment{}, err
	}
	n := len(s.NoiseVar)
	cov := mat.NewSymDense(n, nil)
	paths := mat.NewDense(n, n, nil) // (I - Theta)^-1, row by row
	for i := range n {
		row := paths.RawRowView(i)
		row[i] = 1
		for j, w := range s.Theta.RawRowView(i)[:i] {
			if w != 0 {
				for k, v := range paths.RawRowView(j)[:j+1] {
					row[k] += w * v
				}
			}
		}
		for j := range i + 1 {
			sum := 0.
			for k, v := range paths.RawRowView(j)[:j+1] {
				sum += v * row[k] * s.NoiseVar[k]
			}
			cov.SetSym(i, j, sum)
		}
	}
	d := n - 1
	e := Environment{XX: mat.NewSymDense(d, nil), XY: make([]float64, d), YY: cov.At(s.Target, s.Target)}
	for i := range d {
		for j := i; j < d; j++ {
			e.XX.SetSym(i, j, cov.At(s.node(i), s.node(j)))
		}
		e.XY[i] = cov.At(s.node(i), s.Target)
	}
	return e, nil
}

// Sample draws n samples, x [n x d] and y [n].
func (s SEM) Sample(n int, rng *rand.Rand) (x *mat.Dense, y []float64, err error) {
	if err := s.check(); err != nil {
		return nil, nil, err
	}
	if n < 1 {
		return nil, nil, fmt.Errorf("invariance: %d samples", n)
	}
	x, y = mat.NewDense(n, len(s.NoiseVar)-1, nil), make([]float64, n)
	v := make([]float64, len(s.NoiseVar))
	for k := range n {
		for i, s2 := range s.NoiseVar {
			v[i] = rng.NormFloat64() * math.Sqrt(s2)
			for j, w := range s.Theta.RawRowView(i)[:i] {
				v[i] += w * v[j]
			}
		}
		row := x.RawRowView(k)
		copy(row, v[:s.Target])
		copy(row[s.Target:], v[s.Target+1:])
		y[k] = v[s.Target]
	}
	return x, y, nil
}

// Family is a distribution of soft interventions: at each site, the weights of
// its parents are drawn anew from +-WeightRange, and the variance of its noise
// from VarLo to VarHi, all uniformly.
type Family struct {
	Sites        []int // covariates
	WeightRange  float64
	VarLo, VarHi float64
}

// Draw returns n models, each after an intervention of its own.
func (s SEM) Draw(f Family, n int, rng *rand.Rand) ([]SEM, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if !(f.WeightRange >= 0) || !(f.VarLo >= 0) || !(f.VarHi >= f.VarLo) {
		return nil, fmt.Errorf("invariance: interventions with weights within %v, variances of %v to %v", f.WeightRange, f.VarLo, f.VarHi)
	}
	for _, site := range f.Sites {
		if site < 0 || site >= len(s.NoiseVar)-1 {
			return nil, fmt.Errorf("invariance: interventions on covariate %d of %d", site, len(s.NoiseVar)-1)
		}
	}
	out := make([]SEM, n)
	for k := range out {
		e := SEM{Theta: mat.DenseCopyOf(s.Theta), NoiseVar: slices.Clone(s.NoiseVar), Target: s.Target}
		for _, site := range f.Sites {
			i := s.node(site)
			row := e.Theta.RawRowView(i)
			for j, w := range row {
				if w != 0 {
					row[j] = f.WeightRange * (2*rng.Float64() - 1)
				}
			}
			e.NoiseVar[i] = f.VarLo + (f.VarHi-f.VarLo)*rng.Float64()
		}
		out[k] = e
	}
	return out, nil
}

// Environments returns the exact moments of models.
func Environments(models []SEM) ([]Environment, error) {
	out := make([]Environment, len(models))
	for i, m := range models {
		var err error
		if out[i], err = m.Environment(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
