package rank

import (
	"slices"
	"testing"

	"github.com/offprint/offprint/encode"
)

// wordsOf explains with the same words at all times, of which one speaks against.
type wordsOf struct{}

func (wordsOf) Explain(_ encode.Text, _ []float32, n int) []encode.Word {
	return []encode.Word{{Text: "plasma", Share: .4}, {Text: "soup", Share: -.1}}[:min(n, 2)]
}

func TestReason(t *testing.T) {
	a, b := around(0, 3, 32, .2, 1), around(1, 3, 32, .2, 2)
	p := NewProfile(liked(slices.Concat(a, b)...), now, nil)
	if len(p.Interests) != 2 {
		t.Fatalf("%d interests", len(p.Interests))
	}
	r := p.Reason(p.Score(b[1]), b[1], encode.Text{}, wordsOf{})
	if len(r.Examples) != reasonPapers || r.Examples[0] != 5 || slices.Contains(r.Examples, 1) {
		t.Errorf("papers %v, want the nearest, 5, first and none of the other interest", r.Examples)
	}
	if len(r.Words) != 1 || r.Words[0].Text != "plasma" {
		t.Errorf("words %v", r.Words)
	}
	if r := NewProfile(nil, now, nil).Reason(Score{Interest: -1}, b[1], encode.Text{}, wordsOf{}); r.Examples != nil || r.Words != nil {
		t.Errorf("a reason without an interest: %v", r)
	}
}
