// Package taxonomy guesses the category of a paper whose source gave none, from
// the papers in the store that have them. It is a guess, to be shown as one: it
// must never take the place of a category that a source gave.
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
	"github.com/offprint/offprint/methods/vector"
)

const (
	fewestOfACategory = 10  // papers, to learn it
	fewestPapers      = 200 // that have a category
	shrinkage         = .1  // of the covariance towards a multiple of the identity
	leastConfidence   = .5  // of a guess that is shown
	mostGuesses       = 3
)

// Options of [Train].
type Options struct {
	Seed uint64
}

// Guess is a category that a paper may belong to.
type Guess struct {
	Category   string
	Confidence float32 // how often such a guess is right
}

// Guesser guesses categories. It is safe for concurrent use.
type Guesser struct {
	dim     int
	names   []string
	weights []float32 // [names x dim]
	bias    []float32 // [names]
}

// category is the form of those of arXiv and of most that are like them; sources
// mix in codes of other classifications (68T50, I.2.7; H.3.3).
var category = regexp.MustCompile(`^[a-z]+(-[a-z]+)*(\.[A-Za-z]+(-[A-Za-z]+)*)?$`)

// Train learns from papers' vectors [papers x dim], rows of length 1, and their
// categories, primary first; papers without any are left out. It is an error of
// [offprint.KindInvalid] if there are not two categories to tell apart.
func Train(ctx context.Context, vectors []float32, dim int, categories [][]string, _ Options) (*Guesser, error) {
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
	return g, g.discriminate(ctx, vectors, of)
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

// Guess returns the categories that a paper with the vector v, of length 1, may
// be in, the surest first. Where no guess is sure enough there is none.
func (g *Guesser) Guess(v []float32) []Guess {
	var guesses []Guess
	for k, p := range g.probabilities(v) {
		if p >= leastConfidence {
			guesses = append(guesses, Guess{g.names[k], float32(p)})
		}
	}
	slices.SortStableFunc(guesses, func(a, b Guess) int { return cmp.Compare(b.Confidence, a.Confidence) })
	return guesses[:min(len(guesses), mostGuesses)]
}

// probabilities of the categories; nil for a vector that says nothing.
func (g *Guesser) probabilities(v []float32) []float64 {
	if len(v) != g.dim || vector.Norm(v) == 0 {
		return nil
	}
	p := make([]float64, len(g.names))
	for k := range p {
		p[k] = float64(g.bias[k] + vector.Dot(v, g.weights[k*g.dim:(k+1)*g.dim]))
	}
	top, sum := slices.Max(p), 0.0
	for k := range p {
		p[k] = math.Exp(p[k] - top)
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
	return p
}
