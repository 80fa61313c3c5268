package geometry

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/methods/geometry/spd"
	"github.com/offprint/offprint/methods/random"
)

// kappas are condition numbers.
var kappas = []float64{10, 1e3, 1e5, 1e7}

// exactKappa is the largest that float64 can square and still tell apart.
const exactKappa = 1e5

func tensorAt(kappa float64) string {
	return fmt.Sprintf("metric tensor: condition number at %.0e", kappa)
}

func changeAt(kappa float64) string {
	return fmt.Sprintf("distances: relative change at %.0e", kappa)
}

// conditioning measures what ill-conditioned matrices do to the geometries.
func conditioning(r *lab.Run) error {
	const n, draws = 8, 20
	for _, kappa := range kappas {
		spectrum := make([]float64, n)
		for i := range spectrum {
			spectrum[i] = math.Pow(kappa, -float64(i)/(n-1))
		}
		for _, m := range []struct {
			name string
			spd.Metric
		}{{variantBW, spd.BuresWasserstein{}}, {variantAffine, spd.AffineInvariant{}}, {variantLogE, spd.LogEuclidean{}}} {
			if m.name != variantLogE && kappa <= exactKappa {
				c, err := tensorCondition(m, spectrum)
				if err != nil {
					return err
				}
				r.Metric(tensorAt(kappa), m.name, r.Seed, c, "")
			}
			rng := random.New(r.Seed, 60)
			changes := make([]float64, draws)
			for i := range changes {
				a, b := rotated(rng, spectrum), rotated(rng, spectrum)
				before, err := m.Dist2(a, b)
				if err != nil {
					return err
				}
				a.AddSym(a, smallMatrix(rng, n, 1e-4))
				after, err := m.Dist2(a, b)
				if err != nil {
					return err
				}
				changes[i] = math.Abs(math.Sqrt(after)/math.Sqrt(before) - 1)
			}
			slices.Sort(changes)
			r.Metric(changeAt(kappa), m.name, r.Seed, stat.Quantile(.5, stat.LinInterp, changes, nil), "")
		}
	}
	return nil
}

// tensorCondition is the condition number of the metric tensor at a diagonal
// matrix, over an orthonormal basis of the symmetric matrices.
func tensorCondition(m spd.Metric, diagonal []float64) (float64, error) {
	n := len(diagonal)
	p := mat.NewSymDense(n, nil)
	var basis []*mat.SymDense
	for i, w := range diagonal {
		p.SetSym(i, i, w)
		for j := range i + 1 {
			e := mat.NewSymDense(n, nil)
			e.SetSym(i, j, math.Sqrt(.5))
			if i == j {
				e.SetSym(i, i, 1)
			}
			basis = append(basis, e)
		}
	}
	gram := mat.NewSymDense(len(basis), nil)
	for i, u := range basis {
		for j, v := range basis[:i+1] {
			g, err := m.Inner(p, u, v)
			if err != nil {
				return 0, err
			}
			gram.SetSym(i, j, g)
		}
	}
	var e mat.EigenSym
	if !e.Factorize(gram, false) {
		return math.NaN(), nil
	}
	w := e.Values(nil)
	return w[len(w)-1] / w[0], nil
}

// rotated has the eigenvalues and random eigenvectors.
func rotated(rng *rand.Rand, spectrum []float64) *mat.SymDense {
	n := len(spectrum)
	var qr mat.QR
	qr.Factorize(gaussian(rng, n))
	var q, half mat.Dense
	qr.QTo(&q)
	roots := mat.NewDiagDense(n, nil)
	for i, w := range spectrum {
		roots.SetDiag(i, math.Sqrt(w))
	}
	half.Mul(&q, roots)
	x := mat.NewSymDense(n, nil)
	x.SymOuterK(1, &half)
	return x
}

// smallMatrix is a random semi-definite matrix of the given trace.
func smallMatrix(rng *rand.Rand, n int, trace float64) *mat.SymDense {
	x := mat.NewSymDense(n, nil)
	x.SymOuterK(1, gaussian(rng, n))
	x.ScaleSym(trace/mat.Trace(x), x)
	return x
}

func gaussian(rng *rand.Rand, n int) *mat.Dense {
	x := mat.NewDense(n, n, nil)
	for i := range n {
		for j := range n {
			x.Set(i, j, rng.NormFloat64())
		}
	}
	return x
}
