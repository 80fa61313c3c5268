package rank

import (
	"cmp"
	"math"
	"slices"

	"github.com/offprint/offprint"
)

// Hit is a paper that was found, and how well it fits.
type Hit = offprint.Hit

// MeaningWeight is that of meaning in a search, as measured: more of it lets papers
// without the words come before some that have them all, less loses what is said
// in other words.
const MeaningWeight = .3

// Fused is a paper that was found by its words, by its meaning, or by both.
type Fused struct {
	ID    int64
	Score float64 // (1-w)·Words + w·Meaning

	Words, Meaning         float64 // its two scores, scaled to 0..1
	FromWords, FromMeaning bool    // which searches found it
}

// Fuse merges what a search by words (BM25) and one by meaning (cosine) have
// found, the best first; a paper's score is
//
//	(1-w)·words/max(words) + w·(meaning - floor)/(max(meaning) - floor)
//
// A paper that only one search has found gets nothing from the other: floor is
// the least score of the list. With w = 0 the order is that of the words, with
// 1 that of the meaning; ties go to the better word score, then to the higher
// ID. A paper that a list has twice counts with its better score; scores that
// are not finite are left out.
func Fuse(words, meaning []Hit, w float64) []Fused {
	found := make(map[int64]*Fused, len(words)+len(meaning))
	at := func(id int64) *Fused {
		if found[id] == nil {
			found[id] = &Fused{ID: id}
		}
		return found[id]
	}
	if low, high, ok := span(words); ok {
		low = min(low, 0) // BM25 starts there
		for _, h := range words {
			if finite(h.Score) {
				f := at(h.ID)
				f.FromWords, f.Words = true, max(f.Words, scaled(h.Score, low, high))
			}
		}
	}
	if low, high, ok := span(meaning); ok {
		for _, h := range meaning {
			if finite(h.Score) {
				f := at(h.ID)
				f.FromMeaning, f.Meaning = true, max(f.Meaning, scaled(h.Score, low, high))
			}
		}
	}
	fused := make([]Fused, 0, len(found))
	for _, f := range found {
		f.Score = (1-w)*f.Words + w*f.Meaning
		fused = append(fused, *f)
	}
	slices.SortFunc(fused, func(a, b Fused) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Words, a.Words), cmp.Compare(b.ID, a.ID))
	})
	return fused
}

// span returns the least and the greatest score of a list that has any.
func span(hits []Hit) (low, high float64, ok bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, h := range hits {
		if finite(h.Score) {
			low, high, ok = min(low, h.Score), max(high, h.Score), true
		}
	}
	return low, high, ok
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// scaled takes low to 0 and high to 1. Where they are one all are the best.
func scaled(x, low, high float64) float64 {
	if high <= low {
		return 1
	}
	return (x - low) / (high - low)
}
