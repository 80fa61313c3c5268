// Package taxonomy guesses the category of a paper whose source gave none, from
// the papers in the store that have them. It is a guess, to be shown as one: it
// must never take the place of a category that a source gave.
//
// A linear discriminant gives the probabilities of the categories. Of these not
// the greatest is taken, but the category that is nearest in arXiv's tree to all
// that the paper may be (Loki, methods/geometry/loki): it is right a little more
// often, and less far off where it is wrong.
package taxonomy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/methods/geometry/loki"
	"github.com/offprint/offprint/methods/vector"
)

// LeastConfidence is that of a guess that is shown.
const LeastConfidence = .8

const (
	fewestOfACategory = 30  // papers, to learn it
	fewestPapers      = 200 // that have a category
	mostCategories    = 512
	shrinkage         = .02 // of the covariance towards a multiple of the identity
	temper            = 4   // of the probabilities, which are too sure of themselves
	calibrated        = 10  // one paper in so many, the newest, tells how sure guesses are
)

// Options of [Train].
type Options struct {
	Seed   uint64 // without effect: nothing is random
	Argmax bool   // take the most probable category, a baseline; a file does not keep it
}

// Guess is a category that a paper may belong to.
type Guess struct {
	Category   string
	Confidence float32 // how often such a guess is one of the paper's categories
}

// Guesser guesses categories. It is safe for concurrent use.
type Guesser struct {
	dim     int
	names   []string
	weights []float32 // [names x dim]
	bias    []float32 // [names]
	offsets []float32 // [names]: confidence = logistic(offset + slope logit p)
	slope   float32
	nearest *loki.Adapter
}

// category is the form of those of arXiv and of most that are like them; sources
// mix in codes of other classifications (68T50, I.2.7; H.3.3).
var category = regexp.MustCompile(`^[a-z]+(-[a-z]+)*(\.[A-Za-z]+(-[A-Za-z]+)*)?$`)

// Train learns from papers' vectors [papers x dim], rows of length 1, and their
// categories, primary first; papers without any are left out. The oldest come
// first: how sure guesses are is measured on the newest tenth, learned from the
// rest. It is an error of [offprint.KindInvalid] if there are not two categories
// to tell apart.
func Train(ctx context.Context, vectors []float32, dim int, categories [][]string, o Options) (*Guesser, error) {
	if dim < 1 || len(vectors) != dim*len(categories) {
		return nil, fmt.Errorf("taxonomy: %d numbers are not %d vectors of %d", len(vectors), len(categories), dim)
	}
	count := make(map[string]int)
	for _, c := range categories {
		if len(c) > 0 && category.MatchString(c[0]) {
			count[c[0]]++
		}
	}
	g := &Guesser{dim: dim}
	total := 0
	for name, n := range count {
		if n >= fewestOfACategory {
			g.names = append(g.names, name)
			total += n
		}
	}
	if len(g.names) < 2 || total < fewestPapers {
		return nil, offprint.Errorf(offprint.KindInvalid, "there are %d categories with %d papers or more, and %d papers in them: too few to guess categories.", len(g.names), fewestOfACategory, total)
	}
	slices.SortFunc(g.names, func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), strings.Compare(a, b)) })
	g.names = g.names[:min(len(g.names), mostCategories)]
	if !o.Argmax {
		if err := g.measure(); err != nil {
			return nil, err
		}
	}
	number := make(map[string]int)
	for k, name := range g.names {
		number[name] = k
	}
	of := make([]int, len(categories))
	for i, c := range categories {
		of[i] = -1
		if len(c) > 0 {
			if k, ok := number[c[0]]; ok && vector.Norm(vectors[i*dim:(i+1)*dim]) > 0 {
				of[i] = k
			}
		}
	}
	g.offsets = make([]float32, len(g.names))
	old := len(of) - len(of)/calibrated
	if err := g.discriminate(ctx, vectors, of[:old]); err != nil {
		return nil, err
	}
	if err := g.calibrate(ctx, vectors[old*dim:], categories[old:]); err != nil {
		return nil, err
	}
	if err := g.discriminate(ctx, vectors, of); err != nil {
		return nil, err
	}
	return g, nil
}

// discriminate fits Gaussians with one covariance for all categories (linear
// discriminant analysis): log p(k|v) = log p(k) + m_k' S v - m_k' S m_k / 2 + const,
// S the inverse covariance.
func (g *Guesser) discriminate(ctx context.Context, vectors []float32, of []int) error {
	d, classes := g.dim, len(g.names)
	means, n := mat.NewDense(classes, d, nil), make([]float64, classes)
	for i, k := range of {
		if k >= 0 {
			n[k]++
			row := means.RawRowView(k)
			for j, v := range vectors[i*d : (i+1)*d] {
				row[j] += float64(v)
			}
		}
	}
	total := 0.0
	for k := range classes {
		row := means.RawRowView(k)
		for j := range row {
			row[j] /= max(n[k], 1)
		}
		total += n[k]
	}
	const block = 1024
	within := mat.NewSymDense(d, nil)
	rows := mat.NewDense(block, d, nil)
	at := 0
	flush := func() {
		if at > 0 {
			within.SymRankK(within, 1/total, rows.Slice(0, at, 0, d).(*mat.Dense).T())
			at = 0
		}
	}
	for i, k := range of {
		if k < 0 {
			continue
		}
		row, mean := rows.RawRowView(at), means.RawRowView(k)
		for j, v := range vectors[i*d : (i+1)*d] {
			row[j] = float64(v) - mean[j]
		}
		if at++; at == block {
			if err := ctx.Err(); err != nil {
				return err
			}
			flush()
		}
	}
	flush()
	average := mat.Trace(within) / float64(d)
	within.ScaleSym(1-shrinkage, within)
	for j := range d {
		within.SetSym(j, j, within.At(j, j)+shrinkage*average+1e-9)
	}
	var chol mat.Cholesky
	if !chol.Factorize(within) {
		return errors.New("taxonomy: the vectors' covariance cannot be inverted")
	}
	var w mat.Dense // [d x classes]
	if err := chol.SolveTo(&w, means.T()); err != nil {
		return fmt.Errorf("taxonomy: %w", err)
	}
	g.weights, g.bias = make([]float32, classes*d), make([]float32, classes)
	for k := range classes {
		b := math.Log(max(n[k], 1) / total)
		for j := range d {
			g.weights[k*d+j] = float32(w.At(j, k))
			b -= w.At(j, k) * means.At(k, j) / 2
		}
		g.bias[k] = float32(b)
	}
	return nil
}

// Categories are those that can be guessed.
func (g *Guesser) Categories() []string { return slices.Clone(g.names) }

// Guess returns the category that a paper with the vector v, of length 1, may be
// in, or none where the guess is not sure enough ([LeastConfidence]).
func (g *Guesser) Guess(v []float32) []Guess {
	if best := g.Best(v); best.Confidence >= LeastConfidence {
		return []Guess{best}
	}
	return nil
}

// Best returns the guess for a vector however unsure it is, and the zero Guess
// for a vector of zeros or of another length.
func (g *Guesser) Best(v []float32) Guess {
	k, p := g.best(v)
	if k < 0 {
		return Guess{}
	}
	return Guess{g.names[k], g.confidence(k, p)}
}

// best is the number of the guess and its tempered probability.
func (g *Guesser) best(v []float32) (int, float64) {
	p := g.probabilities(v)
	if p == nil {
		return -1, 0
	}
	at := 0
	for k := range p {
		if p[k] > p[at] {
			at = k
		}
	}
	if g.nearest != nil {
		if found, err := g.nearest.Predict(mat.NewDense(1, len(p), p)); err == nil {
			at = found[0]
		}
	}
	return at, p[at]
}

// probabilities of the categories; nil for a vector that says nothing.
func (g *Guesser) probabilities(v []float32) []float64 {
	if len(v) != g.dim || vector.Norm(v) == 0 {
		return nil
	}
	p := make([]float64, len(g.names))
	for k := range p {
		p[k] = float64(g.bias[k]+vector.Dot(v, g.weights[k*g.dim:(k+1)*g.dim])) / temper
	}
	top, sum := slices.Max(p), 0.0
	for k := range p {
		p[k] = math.Exp(p[k] - top)
		sum += p[k]
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return nil
	}
	for k := range p {
		p[k] /= sum
	}
	return p
}

// Distance is that of two categories in arXiv's tree: 0 for the same one, 2
// within an archive (cs.CL, cs.CV), 4 otherwise.
func Distance(a, b string) float64 {
	x, _, _ := strings.Cut(a, ".")
	y, _, _ := strings.Cut(b, ".")
	switch {
	case a == b:
		return 0
	case x == y:
		return 2
	}
	return 4
}

// measure prepares the distances between the categories.
func (g *Guesser) measure() error {
	n := len(g.names)
	d, all := make([]float64, n*n), make([]int, n)
	for a := range n {
		all[a] = a
		for b := range n {
			d[a*n+b] = Distance(g.names[a], g.names[b])
		}
	}
	m, err := loki.NewMetric(n, d)
	if err != nil {
		return fmt.Errorf("taxonomy: %w", err)
	}
	g.nearest, err = loki.New(m, all)
	if err != nil {
		return fmt.Errorf("taxonomy: %w", err)
	}
	return nil
}
