package quality

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/offprint/offprint/methods/cluster"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// electorate is what simulated readers choose from. Nobody's real votes come with
// the records, so that these readers like circles of authors: a paper belongs to
// where the other papers of its authors are, whatever its own text is; and of a
// circle they take the papers that have more appeal, which no text tells.
type electorate struct {
	*Bench
	from    int       // the first paper that anybody votes for
	circles [][]int   // places in Papers, ascending
	appeal  []float64 // of each of Papers[from:]
}

const (
	voteMonths     = 6   // before the tested month, in which readers vote
	circlePapers   = 150 // on average
	circleDims     = 64  // of the vectors that circles are made with
	circleRounds   = 8
	leastCircle    = 40 // papers of a circle before the tested month that one is interested in,
	leastTested    = 10 // and in that month
	severalPeople  = 40 // papers of a name that may be several people's
	hype           = .1 // share of a reader's votes that go to whatever has the most appeal
	fewestVotes    = 5  // of a reader, before the tested month
	mostVotes      = 200
	mostInterests  = 3
	fewestTestVote = 6
)

// newElectorate finds the circles.
func (b *Bench) newElectorate(ctx context.Context) (*electorate, error) {
	if b.authors == nil {
		b.authors = newBylines(b.Papers)
	}
	e := &electorate{Bench: b, from: b.Test}
	for month, months := "", 0; e.from > 0; e.from-- {
		if m := monthOf(&b.Papers[e.from-1]); m != month {
			if month, months = m, months+1; months > voteMonths {
				break
			}
		}
	}
	rng := random.New(b.Seed, 41)
	e.appeal = make([]float64, len(b.Papers)-e.from)
	for i := range e.appeal {
		e.appeal[i] = math.Exp(rng.NormFloat64())
	}
	var rows []float32
	var places []int
	dim := min(circleDims, b.Encoder.Dim())
	for i := e.from; i < len(b.Papers); i++ {
		v := make([]float32, dim)
		for _, a := range b.authors.of[i] {
			papers := b.authors.papers[a]
			if len(papers) > severalPeople {
				continue
			}
			for _, j := range papers {
				if j != i && j >= e.from {
					vector.AddScaled(v, 1/float32(len(papers)), b.Row(j)[:dim])
				}
			}
		}
		if vector.Normalize(v) > 0 {
			rows, places = append(rows, v...), append(places, i)
		}
	}
	if len(places) < circlePapers {
		return e, nil
	}
	found, err := cluster.Fit(ctx, rows, dim, len(places)/circlePapers, circleRounds, rng)
	if err != nil {
		return nil, err
	}
	circles := make([][]int, found.K)
	for k, c := range found.Assign {
		circles[c] = append(circles[c], places[k])
	}
	for _, c := range circles {
		before, _ := slices.BinarySearch(c, b.Test)
		if before >= leastCircle && len(c)-before >= leastTested {
			e.circles = append(e.circles, c)
		}
	}
	return e, nil
}

// voter is a simulated reader: places of the papers that they vote for before the
// tested month, and in it, early and late.
type voter struct{ before, early, late []int }

// voters draws n readers with one to three interests each, all of them among so
// many circles.
func (e *electorate) voters(n, circles int, rng *rand.Rand) []voter {
	shared := random.Sample(rng, len(e.circles), min(circles, len(e.circles)))
	voters := make([]voter, n)
	for u := range voters {
		v := &voters[u]
		var interests []int
		for _, k := range random.Sample(rng, len(shared), min(1+rng.IntN(mostInterests), len(shared))) {
			interests = append(interests, shared[k])
		}
		votes := int(fewestVotes * math.Pow(mostVotes/fewestVotes, rng.Float64()))
		v.before = e.draw(interests, votes, e.from, e.Test, rng)
		in := e.draw(interests, max(fewestTestVote, votes/2), e.Test, len(e.Papers), rng)
		rng.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
		v.early, v.late = in[:len(in)/2], in[len(in)/2:]
	}
	return voters
}

// draw draws papers of these circles, without any twice, those with more appeal
// the likelier.
func (e *electorate) draw(interests []int, votes, from, to int, rng *rand.Rand) []int {
	weight := make([]float64, to-from)
	all := 0.
	for i := range weight {
		a := e.appeal[from+i-e.from]
		weight[i] = a * a
		all += a * a
	}
	for i := range weight {
		weight[i] *= hype / all
	}
	for _, c := range interests {
		sum := 0.
		of := func(do func(i int, appeal float64)) {
			for _, i := range e.circles[c] {
				if i >= from && i < to {
					do(i-from, e.appeal[i-e.from])
				}
			}
		}
		of(func(_ int, appeal float64) { sum += appeal })
		of(func(i int, appeal float64) { weight[i] += (1 - hype) / float64(len(interests)) * appeal / sum })
	}
	type drawn struct {
		place int
		key   float64 // exponential: the least are a draw without replacement
	}
	keys := make([]drawn, len(weight))
	for i, w := range weight {
		keys[i] = drawn{from + i, rng.ExpFloat64() / w}
	}
	slices.SortFunc(keys, func(a, b drawn) int { return cmp.Compare(a.key, b.key) })
	out := make([]int, min(votes, len(keys)))
	for i := range out {
		out[i] = keys[i].place
	}
	return out
}
