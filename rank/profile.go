package rank

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/offprint/offprint/methods/vector"
)

// Example is a paper that a reader has said something about.
type Example struct {
	ID     int64
	Vector []float32 // of length 1
	Weight float32   // > 0 when liked: a vote, a save, a tag are 1 each; < 0 when hidden
	At     time.Time // zero for now
}

// Interest is one thing that a reader likes: some of their papers, which are
// near each other.
type Interest struct {
	Direction []float32 // of length 1
	Weight    float32   // of its examples, after their decay
	Examples  []Example // the liked ones that it is made of, the heaviest first
}

// Profile is what a reader likes, learned from examples: one interest or more.
// It is made anew after each act, which takes some milliseconds. It does not
// change, and is safe for concurrent use.
type Profile struct {
	Interests []Interest // the heaviest first
}

const (
	apart     = .15 // cosine of two groups' centroids below which they are two interests
	hidden    = .25 // weight of the hidden papers against the liked ones
	halfLife  = 120 * 24 * time.Hour
	mostKept  = 400 // liked papers, the newest, that interests are made of
	interests = 8   // at most
)

// NewProfile learns from a reader's examples. Papers that are far apart make
// interests of their own; hidden ones push all interests away from them; old
// ones fade, to half their weight in four months before now. Without a liked
// paper there is no interest, and all scores are 0.
func NewProfile(examples []Example, now time.Time) *Profile {
	var liked, not []Example
	for _, e := range examples {
		if !e.At.IsZero() {
			e.Weight *= float32(math.Exp2(-max(0, float64(now.Sub(e.At))/float64(halfLife))))
		}
		switch {
		case e.Weight > 0:
			liked = append(liked, e)
		case e.Weight < 0:
			not = append(not, e)
		}
	}
	heaviest := func(a, b Example) int { return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(b.ID, a.ID)) }
	slices.SortFunc(liked, heaviest)
	slices.SortFunc(not, func(a, b Example) int { return heaviest(b, a) })
	liked, not = liked[:min(mostKept, len(liked))], not[:min(mostKept, len(not))]
	p := &Profile{}
	if len(liked) == 0 {
		return p
	}
	away := make([]float32, len(liked[0].Vector))
	total := float32(0)
	for _, e := range not {
		vector.AddScaled(away, e.Weight, e.Vector)
		total -= e.Weight
	}
	for _, group := range groups(liked) {
		in := Interest{Direction: make([]float32, len(away)), Examples: group}
		for _, e := range group {
			vector.AddScaled(in.Direction, e.Weight, e.Vector)
			in.Weight += e.Weight
		}
		vector.Normalize(in.Direction)
		if total > 0 {
			vector.AddScaled(in.Direction, hidden/total, away)
			vector.Normalize(in.Direction)
		}
		p.Interests = append(p.Interests, in)
	}
	slices.SortStableFunc(p.Interests, func(a, b Interest) int { return cmp.Compare(b.Weight, a.Weight) })
	return p
}

// Score says how well a paper fits a reader, and which of their interests.
type Score struct {
	Value    float32 // cosine with the interest
	Interest int     // place in Profile.Interests; -1 when there is none
}

// Score gives a paper's vector, of length 1, its score: that of the interest
// which fits best.
func (p *Profile) Score(v []float32) Score {
	best := Score{Interest: -1}
	for i, in := range p.Interests {
		if s := vector.Dot(in.Direction, v); best.Interest < 0 || s > best.Value {
			best = Score{s, i}
		}
	}
	return best
}

// groups parts examples into those that belong together, by joining the two
// groups whose centroids have the greatest cosine until that is below apart and
// there are no more groups than interests.
func groups(liked []Example) [][]Example {
	if len(liked) == 1 {
		return [][]Example{liked}
	}
	dim := len(liked[0].Vector)
	n := len(liked)
	members := make([][]Example, n)
	sums := make([]float32, n*dim)
	for i, e := range liked {
		members[i] = []Example{e}
		vector.AddScaled(sums[i*dim:(i+1)*dim], e.Weight, e.Vector)
	}
	cosine := make([]float32, n*n)
	norms := make([]float32, n)
	row := func(i int) []float32 { return sums[i*dim : (i+1)*dim] }
	update := func(i int) {
		norms[i] = max(vector.Norm(row(i)), 1e-9)
		for j := range n {
			if members[j] != nil && j != i {
				c := vector.Dot(row(i), row(j)) / (norms[i] * max(norms[j], 1e-9))
				cosine[i*n+j], cosine[j*n+i] = c, c
			}
		}
	}
	for i := range n {
		norms[i] = max(vector.Norm(row(i)), 1e-9)
	}
	for i := range n {
		update(i)
	}
	for left := n; left > 1; left-- {
		a, b, best := -1, -1, float32(-2)
		for i := range n {
			if members[i] == nil {
				continue
			}
			for j := i + 1; j < n; j++ {
				if members[j] != nil && cosine[i*n+j] > best {
					a, b, best = i, j, cosine[i*n+j]
				}
			}
		}
		if best < apart && left <= interests {
			break
		}
		members[a], members[b] = append(members[a], members[b]...), nil
		vector.AddScaled(row(a), 1, row(b))
		update(a)
	}
	var out [][]Example
	for _, m := range members {
		if m != nil {
			out = append(out, m)
		}
	}
	return out
}
