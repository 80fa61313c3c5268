package rank

import (
	"cmp"
	"math"
	"slices"
)

// Paper is a paper to be ordered for a reader.
type Paper struct {
	ID      int64
	Vector  []float32 // of length 1
	Authors []int32   // by the numbers of Background.Earlier; may be nil
}

const (
	earlierWeight = .1  // of what a paper's authors wrote before, against the paper's own text
	earlierShrink = 1   // papers with nothing in them, that each author is given besides
	authored      = 400 // papers, the best by text, whose authors are looked at
	peopleWeight  = .04 // of the authors of the reader's papers
)

// knowPeople remembers the authors of a reader's papers: one who has written
// little says more than one who has written much, and may be many.
func (p *Profile) knowPeople(liked []Example) {
	for _, e := range liked {
		for _, a := range e.Authors {
			p.people[a] += min(e.Weight, 1)
		}
	}
	for a, w := range p.people {
		papers := 0
		if p.background != nil && p.background.Earlier != nil {
			_, papers = p.background.Earlier(a, p.whole)
		}
		p.people[a] = w / float32(math.Log(2+float64(papers)))
	}
}

// Order scores papers by text and authors, and puts the best first. To the score
// of its text a paper's authors add
//
//	.1 mean_a (sum of whole.u over a's earlier papers u) / (their number + 1)
//
// over its authors a who have any, and a little for each author that it has in
// common with the reader's papers. Of a long list that is done for the 400 that
// are best by text, in the order among which it matters.
func (p *Profile) Order(papers []Paper) []Choice {
	type place struct {
		Choice
		authors []int32
	}
	all := make([]place, len(papers))
	for i, paper := range papers {
		all[i] = place{Choice{ID: paper.ID, Vector: paper.Vector, Score: p.Score(paper.Vector)}, paper.Authors}
	}
	bestFirst := func(all []place) {
		slices.SortFunc(all, func(a, b place) int {
			return cmp.Or(cmp.Compare(b.Score.Value, a.Score.Value), cmp.Compare(b.ID, a.ID))
		})
	}
	bestFirst(all)
	known := make(map[int32]earlierScore)
	best := all[:min(authored, len(all))]
	for i := range best {
		if s := &best[i].Score; s.Interest >= 0 {
			s.Authors = p.authors(best[i].authors, known)
			s.Value += s.Authors
		}
	}
	bestFirst(best)
	choices := make([]Choice, len(all))
	for i := range all {
		choices[i] = all[i].Choice
	}
	return choices
}

// earlierScore is what an author's earlier papers say; none for those who have
// written nothing.
type earlierScore struct {
	mean float32
	any  bool
}

func (p *Profile) authors(authors []int32, known map[int32]earlierScore) float32 {
	sum, n, people := float32(0), float32(0), float32(0)
	for _, a := range authors {
		people += p.people[a]
		s, ok := known[a]
		if !ok {
			s = p.earlier(a)
			known[a] = s
		}
		if s.any {
			sum, n = sum+s.mean, n+1
		}
	}
	score := peopleWeight * people
	if n > 0 {
		score += earlierWeight * sum / n
	}
	return score
}

func (p *Profile) earlier(author int32) earlierScore {
	if p.background == nil || p.background.Earlier == nil {
		return earlierScore{}
	}
	sum, n := p.background.Earlier(author, p.whole)
	return earlierScore{sum / float32(n+earlierShrink), n > 0}
}
