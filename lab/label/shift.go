package label

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// labelShift says how examples of known classes are dealt out to domains in which
// the classes have different shares.
type labelShift struct {
	domains int
	alpha   float64 // of the Dirichlet distribution of a domain's shares; small: they differ more
	bound   float64 // of the shares' condition number
}

// shifted are examples in domains.
type shifted struct {
	rows   []int // which examples
	domain []int
	class  []int
	prior  *mat.Dense // p(y|d) [classes x domains]
}

// deal draws shares for each domain until they are far enough from dependent, and
// then as many examples as there are for them, each once. Domains are equally
// large.
func (s labelShift) deal(rng *rand.Rand, class []int, classes int) shifted {
	prior := mat.NewDense(classes, s.domains, nil)
	alpha := make([]float64, classes)
	for y := range alpha {
		alpha[y] = s.alpha / float64(classes)
	}
	for {
		for d := range s.domains {
			prior.SetCol(d, random.Dirichlet(rng, alpha))
		}
		var svd mat.SVD
		if svd.Factorize(prior, mat.SVDNone) && svd.Cond() <= s.bound {
			break
		}
	}
	byClass := make([][]int, classes)
	for _, i := range rng.Perm(len(class)) {
		byClass[class[i]] = append(byClass[class[i]], i)
	}
	n := float64(len(class)) // the size at which the scarcest class is used up
	for y, rows := range byClass {
		n = min(n, float64(len(rows))/(mat.Sum(prior.RowView(y))/float64(s.domains)))
	}
	out := shifted{prior: prior}
	for d := range s.domains {
		for y := range classes {
			k := min(int(prior.At(y, d)*n/float64(s.domains)), len(byClass[y]))
			for _, i := range byClass[y][:k] {
				out.rows, out.domain, out.class = append(out.rows, i), append(out.domain, d), append(out.class, y)
			}
			byClass[y] = byClass[y][k:]
		}
	}
	return out
}
