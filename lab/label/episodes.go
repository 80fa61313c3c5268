package label

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab/digits"
	"github.com/offprint/offprint/methods/label/fewshot"
	"github.com/offprint/offprint/methods/random"
)

// pool is what few-shot episodes are drawn from.
type pool struct {
	name    string
	x       *mat.Dense // rows centred and of length 1 (CL2N)
	y       []int
	byClass [][]int
}

func newPool(name string, x *mat.Dense, mean []float64, y []int, classes int) (*pool, error) {
	p := &pool{name: name, x: mat.DenseCopyOf(x), y: y, byClass: make([][]int, classes)}
	for i, c := range y {
		p.byClass[c] = append(p.byClass[c], i)
	}
	return p, fewshot.CL2N(p.x, mean)
}

// digitPool has the pixels of 1,497 digits, centred by those of the other 300.
var digitPool = sync.OnceValues(func() (*pool, error) {
	all, err := digits.Load()
	if err != nil {
		return nil, err
	}
	all = all.Shuffle(random.New(0, 42))
	rest := all.Slice(300, all.Len())
	return newPool("digits", rest.Dense(), all.Slice(0, 300).Mean(), rest.Y, digits.Classes)
})

// paperPool has papers of three months with their primary categories.
func paperPool(ctx context.Context) (*pool, error) {
	categories := []string{"cs.RO", "cs.HC", "cs.IR", "cs.SD", "cs.CR", "cs.GR", "eess.IV", "cs.SE", "cs.LG", "cs.CL", "cs.CV"}
	first, last, err := someMonths(3)
	if err != nil {
		return nil, err
	}
	t, err := loadPaperTexts(ctx, first, last, categories, 300, 64)
	if err != nil {
		return nil, err
	}
	return newPool("papers", t.x, fewshot.Mean(t.x), t.y, len(categories))
}

// episode is a task: k classes, some examples of each, and queries. Its classes
// are numbered anew.
type episode struct {
	support, queries *mat.Dense
	labels, truth    []int
	k                int
}

// draw takes k classes at random with so many examples each, and of class c
// queries[c] others.
func (p *pool) draw(rng *rand.Rand, k, shots int, queries []int) episode {
	e := episode{k: k}
	var support, query []int
	for c, class := range random.Sample(rng, len(p.byClass), k) {
		rows := random.Sample(rng, len(p.byClass[class]), shots+queries[c])
		for i, r := range rows {
			if i < shots {
				support = append(support, p.byClass[class][r])
				e.labels = append(e.labels, c)
			} else {
				query = append(query, p.byClass[class][r])
				e.truth = append(e.truth, c)
			}
		}
	}
	e.support, e.queries = p.rows(support), p.rows(query)
	return e
}

func (p *pool) rows(at []int) *mat.Dense {
	_, d := p.x.Dims()
	out := mat.NewDense(len(at), d, nil)
	for i, r := range at {
		out.SetRow(i, p.x.RawRowView(r))
	}
	return out
}

// accuracy is the share of queries that got their class.
func (e episode) accuracy(labels []int) float64 {
	right := 0
	for i, y := range labels {
		if y == e.truth[i] {
			right++
		}
	}
	return float64(right) / float64(len(labels))
}

// balanced is n queries of each of k classes.
func balanced(k, n int) []int {
	queries := make([]int, k)
	for i := range queries {
		queries[i] = n
	}
	return queries
}

// unbalanced draws about n queries whose shares of k classes are of a Dirichlet
// distribution with the parameters 2, at least one of each.
func unbalanced(rng *rand.Rand, k, n int) []int {
	alpha := make([]float64, k)
	for i := range alpha {
		alpha[i] = 2
	}
	queries := make([]int, k)
	for i, s := range random.Dirichlet(rng, alpha) {
		queries[i] = max(1, int(math.Round(float64(n)*s)))
	}
	return queries
}
