package rank

import (
	"cmp"
	"slices"

	"github.com/offprint/offprint/encode"
	"github.com/offprint/offprint/methods/vector"
)

// Reason says why a paper is there.
type Reason struct {
	Examples []int64       // the reader's papers that it is nearest to, the nearest first
	Words    []encode.Word // of the paper, those that count most
}

// Explainer names the words of a text that do most for its cosine with v, as
// [encode.Encoder] does.
type Explainer interface {
	Explain(t encode.Text, v []float32, n int) []encode.Word
}

const (
	reasonPapers = 2
	reasonWords  = 4
)

// Reason says why a paper with the vector v has its score.
func (p *Profile) Reason(s Score, v []float32, t encode.Text, e Explainer) Reason {
	if s.Interest < 0 {
		return Reason{}
	}
	in := &p.Interests[s.Interest]
	near := slices.DeleteFunc(slices.Clone(in.Examples), func(x Example) bool { return x.Others })
	slices.SortStableFunc(near, func(a, b Example) int {
		return cmp.Compare(vector.Dot(b.Vector, v), vector.Dot(a.Vector, v))
	})
	var r Reason
	for _, x := range near[:min(reasonPapers, len(near))] {
		r.Examples = append(r.Examples, x.ID)
	}
	for _, w := range e.Explain(t, in.Direction, reasonWords) {
		if w.Share > 0 {
			r.Words = append(r.Words, w)
		}
	}
	return r
}
