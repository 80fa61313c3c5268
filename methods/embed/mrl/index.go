package mrl

import (
	"fmt"
	"slices"

	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/vector"
)

// Index finds the nearest of N vectors by the cosine of prefixes. It keeps a
// normalised copy of each row for each of its sizes, so that a scan reads only
// what it needs: less than twice the memory of the rows, with halvings.
type Index struct {
	sizes  Sizes
	n      int
	levels [][]float32 // [size][n x size]
}

// Hit is a vector that was found.
type Hit struct {
	ID    int     // its row
	Score float32 // cosine of the last stage's prefixes
}

// Stage is a step of a [Index.Funnel]: rank by the first Dims dimensions and
// keep the best Keep.
type Stage struct{ Dims, Keep int }

// NewIndex makes an index of rows as encoded, each of s.Full() numbers. Its
// searches can use the sizes s, whether trained or not.
func NewIndex(rows []float32, s Sizes) (*Index, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if len(rows)%s.Full() != 0 {
		return nil, fmt.Errorf("mrl: %d numbers are no rows of %d", len(rows), s.Full())
	}
	x := &Index{sizes: slices.Clone(s), n: len(rows) / s.Full()}
	for _, m := range s {
		x.levels = append(x.levels, TruncateRows(rows, s.Full(), m))
	}
	return x, nil
}

// Len is the number of vectors.
func (x *Index) Len() int { return x.n }

// Search ranks all vectors by their first dims dimensions and returns the best
// k, best first. An error means that dims is none of the index's sizes, or q too
// short.
func (x *Index) Search(q []float32, dims, k int) ([]Hit, error) {
	return x.Funnel(q, []Stage{{dims, k}})
}

// Adaptive ranks all vectors by shortDims dimensions, and the best shortK of
// them by all (the paper's adaptive retrieval). It returns the best k.
func (x *Index) Adaptive(q []float32, shortDims, shortK, k int) ([]Hit, error) {
	return x.Funnel(q, []Stage{{shortDims, shortK}, {x.sizes.Full(), k}})
}

// Funnel goes through the stages: the first ranks all vectors, each further one
// what the one before it kept. It returns what the last one keeps, best first.
func (x *Index) Funnel(q []float32, stages []Stage) ([]Hit, error) {
	if len(stages) == 0 {
		return nil, fmt.Errorf("mrl: a funnel without stages")
	}
	if len(q) < x.sizes.Full() {
		return nil, fmt.Errorf("mrl: a query of %d numbers, for an index of %d", len(q), x.sizes.Full())
	}
	var ids []int // nil stands for all
	var hits []Hit
	prefix := make([]float32, x.sizes.Full())
	for at, st := range stages {
		i := slices.Index(x.sizes, st.Dims)
		if i < 0 || st.Keep < 1 {
			return nil, fmt.Errorf("mrl: stage %+v: the index has the sizes %v, and at least 1 must be kept", st, x.sizes)
		}
		p := prefix[:st.Dims]
		Truncate(p, q)
		scores := score(p, x.levels[i], ids, x.n)
		if at < len(stages)-1 { // the next stage needs no order
			kept := eval.Select(scores, st.Keep)
			for j, k := range kept {
				kept[j] = row(ids, k)
			}
			ids = kept
			continue
		}
		for _, k := range eval.Top(scores, st.Keep, nil) {
			hits = append(hits, Hit{row(ids, k), scores[k]})
		}
	}
	return hits, nil
}

// score compares q with rows of its length: those of the ids, or the first n
// without any.
func score(q, rows []float32, ids []int, n int) []float32 {
	m := len(q)
	if ids != nil {
		n = len(ids)
	}
	scores := make([]float32, n)
	for k := range scores {
		scores[k] = vector.Dot(q, rows[row(ids, k)*m:])
	}
	return scores
}

func row(ids []int, k int) int {
	if ids == nil {
		return k
	}
	return ids[k]
}

// MACs is the number of multiply-adds of a query that goes through the stages.
func (x *Index) MACs(stages []Stage) int {
	total, n := 0, x.n
	for _, st := range stages {
		total += n * st.Dims
		n = min(n, st.Keep)
	}
	return total
}
