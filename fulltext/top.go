package fulltext

import (
	"cmp"
	"slices"

	"github.com/offprint/offprint"
)

// Hit is a paper that was found.
type Hit struct {
	ID     int64
	Score  float64 // BM25; 0 from [Matches]
	Listed offprint.Date
}

// compareHits puts the better one first. No two hits are equal.
func compareHits(a, b Hit) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Listed, a.Listed), cmp.Compare(b.ID, a.ID))
}

// top keeps the best n hits, as a heap with the worst of them at the root.
type top struct {
	n    int
	hits []Hit
}

func (t *top) add(h Hit) {
	switch {
	case len(t.hits) < t.n:
		t.hits = append(t.hits, h)
		for i := len(t.hits) - 1; i > 0; {
			up := (i - 1) / 2
			if compareHits(t.hits[i], t.hits[up]) <= 0 {
				break
			}
			t.hits[i], t.hits[up] = t.hits[up], t.hits[i]
			i = up
		}
	case t.n > 0 && h.Score >= t.hits[0].Score && compareHits(h, t.hits[0]) < 0:
		t.hits[0] = h
		for i := 0; ; {
			worst := 2*i + 1
			if worst >= len(t.hits) {
				break
			}
			if worst+1 < len(t.hits) && compareHits(t.hits[worst+1], t.hits[worst]) > 0 {
				worst++
			}
			if compareHits(t.hits[worst], t.hits[i]) <= 0 {
				break
			}
			t.hits[i], t.hits[worst] = t.hits[worst], t.hits[i]
			i = worst
		}
	}
}

// sorted returns the hits, best first. The heap is used up.
func (t *top) sorted() []Hit {
	slices.SortFunc(t.hits, compareHits)
	return t.hits
}
