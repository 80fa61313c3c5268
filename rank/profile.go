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
	ID      int64
	Vector  []float32 // of length 1
	Weight  float32   // > 0 when liked: a vote, a save, a tag are 1 each; < 0 when hidden
	At      time.Time // zero for now
	Authors []int32   // by the numbers of Background.Earlier; may be nil
	Others  bool      // others' choice, not the reader's: it counts, and no reason names it
}

// Interest is one thing that a reader likes: some of their papers, which are
// near each other.
type Interest struct {
	Direction []float32 // of length 1: the mean of its examples, away from what was hidden
	Weight    float32   // of its examples, after their decay
	Examples  []Example // the liked ones that it is made of, the heaviest first

	query []float32 // what papers are scored with
}

// Profile is what a reader likes, learned from examples: one interest or more.
// It is made anew after each act, which takes some milliseconds. It does not
// change, and is safe for concurrent use.
type Profile struct {
	Interests []Interest // the heaviest first

	whole      []float32         // query of all interests together
	people     map[int32]float32 // what the examples' authors count for
	background *Background       // may be nil
}

const (
	// Two groups of examples are two interests where the mean cosine between
	// them is below this share of what is typical between any two papers.
	apart        = .6
	apartUnknown = .05 // the cosine itself, without a background

	wholeShare = 2. / 3 // of a score is that for all interests together; the rest for the best
	hidden     = .1     // weight of the hidden papers against the liked ones
	halfLife   = 120 * 24 * time.Hour
	mostKept   = 256 // liked papers, and hidden ones, the heaviest, that count
	interests  = 8   // at most
	nearPapers = 50  // nearest to the liked ones, towards which a profile leans,
	nearWeight = .5  // with this weight against them
)

// NewProfile learns from a reader's examples. Papers that are far apart make
// interests of their own; hidden ones push all interests away from them; old
// ones fade, to half their weight in four months before now. Without a liked
// paper there is no interest, and all scores are 0. The background may be nil;
// with it profiles are better by some per cent.
func NewProfile(examples []Example, now time.Time, background *Background) *Profile {
	liked, not := weighed(examples, now)
	p := &Profile{background: background, people: make(map[int32]float32)}
	if len(liked) == 0 {
		return p
	}
	away := make([]float32, len(liked[0].Vector))
	for _, e := range not {
		vector.AddScaled(away, e.Weight, e.Vector)
	}
	vector.Normalize(away)
	direction := func(group []Example) []float32 {
		d := make([]float32, len(away))
		for _, e := range group {
			vector.AddScaled(d, e.Weight, e.Vector)
		}
		vector.Normalize(d)
		vector.AddScaled(d, hidden, away)
		vector.Normalize(d)
		return d
	}

	whole := background.query(direction(liked))
	near := background.near(whole)
	query := func(d []float32) []float32 {
		q := slices.Clone(background.query(d))
		vector.AddScaled(q, nearWeight, near)
		background.calibrate(q)
		return q
	}
	bound := float32(apartUnknown)
	if background != nil {
		bound = apart * background.typical
	}
	for _, group := range groups(liked, bound) {
		in := Interest{Direction: direction(group), Examples: group}
		in.query = background.query(in.Direction)
		for _, e := range group {
			in.Weight += e.Weight
		}
		p.Interests = append(p.Interests, in)
	}
	slices.SortStableFunc(p.Interests, func(a, b Interest) int { return cmp.Compare(b.Weight, a.Weight) })
	if len(p.Interests) == 1 {
		p.Interests[0].query = query(p.Interests[0].Direction)
		p.whole = p.Interests[0].query
	} else {
		for i := range p.Interests {
			p.Interests[i].query = slices.Clone(p.Interests[i].query)
			background.calibrate(p.Interests[i].query)
		}
		p.whole = query(direction(liked))
	}
	p.knowPeople(liked)
	return p
}

// weighed parts examples into liked and hidden ones, after their decay, the
// heaviest first.
func weighed(examples []Example, now time.Time) (liked, not []Example) {
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
	heaviest := func(a, b Example) int {
		return cmp.Or(cmp.Compare(max(b.Weight, -b.Weight), max(a.Weight, -a.Weight)), cmp.Compare(b.ID, a.ID))
	}
	slices.SortFunc(liked, heaviest)
	slices.SortFunc(not, heaviest)
	return liked[:min(mostKept, len(liked))], not[:min(mostKept, len(not))]
}

// near is the direction of the papers that are nearest to a query, or 0
// (pseudo-relevance feedback, Rocchio 1971).
func (b *Background) near(q []float32) []float32 {
	sum := make([]float32, len(q))
	if b != nil && b.Near != nil {
		for _, v := range b.Near(q, nearPapers) {
			vector.AddScaled(sum, 1, v)
		}
		vector.Normalize(sum)
	}
	return sum
}

// Score says how well a paper fits a reader, and which of their interests.
type Score struct {
	// Value is Text and what the authors add. It is on the scale of a cosine.
	Value    float32
	Text     float32
	Authors  float32
	Interest int // place in Profile.Interests of the one that fits best; -1 when there is none
}

// Score gives a paper's vector, of length 1, its score, without its authors:
//
//	2/3 whole.v + 1/3 max_i query_i.v
//
// over the interests i. The mean of both is better than either: for readers of
// one subject interests split what is one, and without them a lesser subject
// never comes to the top.
func (p *Profile) Score(v []float32) Score {
	s := Score{Interest: -1}
	best := float32(0)
	for i := range p.Interests {
		if x := vector.Dot(p.Interests[i].query, v); s.Interest < 0 || x > best {
			best, s.Interest = x, i
		}
	}
	if s.Interest >= 0 {
		s.Text = wholeShare*vector.Dot(p.whole, v) + (1-wholeShare)*best
		s.Value = s.Text
	}
	return s
}

// groups parts examples into those that belong together, by joining the two
// groups with the greatest mean cosine between their members until that is
// below the bound and there are no more groups than interests.
func groups(liked []Example, bound float32) [][]Example {
	n := len(liked)
	members := make([][]Example, n)
	weights := make([]float32, n)
	links := make([]float32, n*n) // sums of cosines, by the weights of both
	alive := make([]int, n)
	for i, e := range liked {
		members[i], weights[i], alive[i] = []Example{e}, e.Weight, i
		for j := range i {
			links[i*n+j] = e.Weight * liked[j].Weight * vector.Dot(e.Vector, liked[j].Vector)
			links[j*n+i] = links[i*n+j]
		}
	}
	for len(alive) > 1 {
		a, at, best := 0, 0, float32(math.Inf(-1))
		for k, j := range alive {
			for _, i := range alive[:k] {
				if link := links[i*n+j] / (weights[i] * weights[j]); link > best {
					a, at, best = i, k, link
				}
			}
		}
		if best < bound && len(alive) <= interests {
			break
		}
		b := alive[at]
		alive = slices.Delete(alive, at, at+1)
		members[a] = append(members[a], members[b]...)
		weights[a] += weights[b]
		for _, k := range alive {
			links[a*n+k] += links[b*n+k]
			links[k*n+a] = links[a*n+k]
		}
	}
	out := make([][]Example, len(alive))
	for k, i := range alive {
		out[k] = members[i]
	}
	return out
}
