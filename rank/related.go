package rank

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// Byline says who wrote a paper. Names that are the same are the same author,
// so they should come folded ([offprint.FoldName]).
type Byline struct {
	Paper   int64
	Authors []string
}

// Authors is the graph of papers and their authors. It does not change; building
// it anew takes well under a second for 54,000 papers. It is safe for concurrent use.
type Authors struct {
	names  []string // ascending
	papers []int64  // ascending

	paperAuthors lists // by place in papers, places in names
	authorPapers lists // by place in names, places in papers
}

// lists are lists of numbers, one after the other.
type lists struct {
	ptr []int32
	all []int32
}

func (l lists) of(i int32) []int32 { return l.all[l.ptr[i]:l.ptr[i+1]] }

// NewAuthors builds the graph. Of a paper that comes twice the last byline
// counts; an empty name is nobody's.
func NewAuthors(ctx context.Context, bylines []Byline) (*Authors, error) {
	byPaper := make(map[int64][]string, len(bylines))
	numbers := make(map[string]int32)
	for i, b := range bylines {
		if i%1000 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		byPaper[b.Paper] = b.Authors
		for _, name := range b.Authors {
			numbers[name] = 0
		}
	}
	delete(numbers, "")
	g := &Authors{names: make([]string, 0, len(numbers)), papers: make([]int64, 0, len(byPaper))}
	for name := range numbers {
		g.names = append(g.names, name)
	}
	slices.Sort(g.names)
	for i, name := range g.names {
		numbers[name] = int32(i)
	}
	for id := range byPaper {
		g.papers = append(g.papers, id)
	}
	slices.Sort(g.papers)
	g.paperAuthors.ptr = append(g.paperAuthors.ptr, 0)
	counts := make([]int32, len(g.names)+1)
	for _, id := range g.papers {
		from := len(g.paperAuthors.all)
		for _, name := range byPaper[id] {
			if name != "" {
				g.paperAuthors.all = append(g.paperAuthors.all, numbers[name])
			}
		}
		own := g.paperAuthors.all[from:]
		slices.Sort(own)
		g.paperAuthors.all = g.paperAuthors.all[:from+len(slices.Compact(own))]
		for _, a := range g.paperAuthors.all[from:] {
			counts[a+1]++
		}
		g.paperAuthors.ptr = append(g.paperAuthors.ptr, int32(len(g.paperAuthors.all)))
	}
	for i := range g.names {
		counts[i+1] += counts[i]
	}
	g.authorPapers = lists{ptr: counts, all: make([]int32, len(g.paperAuthors.all))}
	next := slices.Clone(counts)
	for p := range g.papers {
		for _, a := range g.paperAuthors.of(int32(p)) {
			g.authorPapers.all[next[a]] = int32(p)
			next[a]++
		}
	}
	return g, nil
}

// Papers are the papers of an author, oldest ID first.
func (g *Authors) Papers(author string) []int64 {
	a, ok := slices.BinarySearch(g.names, author)
	if !ok {
		return nil
	}
	var ids []int64
	for _, p := range g.authorPapers.of(int32(a)) {
		ids = append(ids, g.papers[p])
	}
	return ids
}

// Shared returns the papers that have authors in common with a paper, the most
// first, at most n. The score is the cosine of the two papers' authors, of whom
// one with few papers says more:
//
//	Σ_{a in both} 1/ln(1+d(a)) / sqrt(Σ_{a in p} 1/ln(1+d(a)) · Σ_{a in q} 1/ln(1+d(a)))
func (g *Authors) Shared(paper int64, n int) []Hit {
	p, ok := slices.BinarySearch(g.papers, paper)
	if !ok {
		return nil
	}
	sums := make(map[int32]float64)
	for _, a := range g.paperAuthors.of(int32(p)) {
		for _, q := range g.authorPapers.of(a) {
			if q != int32(p) {
				sums[q] += g.weight(a)
			}
		}
	}
	own := g.mass(int32(p))
	hits := make([]Hit, 0, len(sums))
	for q, sum := range sums {
		hits = append(hits, Hit{ID: g.papers[q], Score: sum / math.Sqrt(own*g.mass(q))})
	}
	return best(hits, n)
}

// weight is what an author says of the papers that share them.
func (g *Authors) weight(a int32) float64 {
	return 1 / math.Log(1+float64(len(g.authorPapers.of(a))))
}

func (g *Authors) mass(p int32) float64 {
	sum := 0.
	for _, a := range g.paperAuthors.of(p) {
		sum += g.weight(a)
	}
	return sum
}

// best returns the n best hits, ties by ID, the newest first.
func best(hits []Hit, n int) []Hit {
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.ID, a.ID))
	})
	return hits[:min(max(n, 0), len(hits))]
}

// AuthorWeight is that of authors beside text, as measured: it finds four times as
// many of a struck author's papers as text alone does, and loses a hundredth of
// what is of the same category.
const AuthorWeight = .5

// RelatedPaper is a paper that is related to another.
type RelatedPaper struct {
	ID            int64
	Score         float64
	Text, Authors float64 // cosine of the texts, and of the authors; 0 where not found
}

// Related merges the papers that are near a paper by text (cosines) and by
// authors ([Authors.Shared]), the best first, at most n: their score is
// text + w·authors. A paper that is not among those near by text has the least
// of their cosines.
func Related(text, authors []Hit, w float64, n int) []RelatedPaper {
	found := make(map[int64]*RelatedPaper, len(text)+len(authors))
	at := func(id int64) *RelatedPaper {
		if found[id] == nil {
			found[id] = &RelatedPaper{ID: id}
		}
		return found[id]
	}
	floor, _, _ := span(text)
	for _, h := range text {
		at(h.ID).Text = h.Score
	}
	for _, h := range authors {
		r := at(h.ID)
		r.Authors = h.Score
	}
	inText := make(map[int64]bool, len(text))
	for _, h := range text {
		inText[h.ID] = true
	}
	all := make([]RelatedPaper, 0, len(found))
	for id, r := range found {
		r.Score = r.Text + w*r.Authors
		if !inText[id] && len(text) > 0 {
			r.Score += floor
		}
		all = append(all, *r)
	}
	slices.SortFunc(all, func(a, b RelatedPaper) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.ID, a.ID))
	})
	return all[:min(max(n, 0), len(all))]
}
