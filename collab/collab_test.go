package collab

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

const dim = 16

// circle is readers of two kinds. Papers 0 to 199 are liked by readers of the
// first, 200 to 399 by those of the second, and texts tell little of it.
type circle struct {
	votes []Vote
	texts []float32
}

const papers = 400

func (c *circle) vectors(paper int64, v []float32) bool {
	if paper < 0 || paper >= papers {
		return false
	}
	copy(v, c.texts[paper*dim:(paper+1)*dim])
	return true
}

func newCircle(readers int, seed uint64) *circle {
	rng := random.New(seed, 1)
	c := &circle{texts: make([]float32, papers*dim)}
	random.Normal(rng, c.texts, 1)
	for p := range papers {
		c.texts[p*dim+p/200] += 1.5
	}
	vector.NormalizeRows(c.texts, dim)
	for u := range readers {
		for _, i := range random.Sample(rng, 100, 15) { // the others of each 200 stay cold
			c.votes = append(c.votes, Vote{int64(10 + u), int64(u%2*200 + i)})
		}
	}
	return c
}

func (c *circle) train(t *testing.T, votes []Vote) *Model {
	t.Helper()
	m, err := Train(context.Background(), votes, dim, c.vectors)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// told is all that a model tells a reader: the scores of all papers, then the
// weights that they have as examples.
func told(m *Model, reader int64) []float32 {
	taste := m.Taste(reader)
	out := make([]float32, 2*papers)
	for p := range papers {
		out[p] = taste.Votes(int64(p))
	}
	for _, x := range taste.Examples(papers) {
		out[papers+x.Paper] = x.Weight
	}
	return out
}

func mean(x []float32) float64 {
	sum := 0.
	for _, v := range x {
		sum += float64(v)
	}
	return sum / float64(len(x))
}

func TestLikeMindedReaders(t *testing.T) {
	c := newCircle(12, 1)
	m := c.train(t, c.votes)
	for u := range int64(12) {
		s := told(m, 10+u)
		own, other := s[u%2*200:u%2*200+200], s[200-u%2*200:400-u%2*200]
		if a, b := mean(own), mean(other); a < 2*max(b, .01) {
			t.Errorf("reader %d: papers have %.3f of their kind, %.3f of the other", u, a, b)
		}
		examples := m.Taste(10 + u).Examples(30)
		if len(examples) != 30 || !slices.IsSortedFunc(examples, func(a, b Example) int { return cmp.Compare(b.Weight, a.Weight) }) {
			t.Fatalf("reader %d: examples %v", u, examples)
		}
		kind := 0
		for _, x := range examples {
			if x.Weight <= 0 || x.Weight > 1 || slices.Contains(c.votes, Vote{10 + u, x.Paper}) {
				t.Errorf("reader %d: example %+v", u, x)
			}
			if x.Paper/200 == u%2 {
				kind++
			}
		}
		if kind < 25 {
			t.Errorf("reader %d: %d of 30 examples are of their kind", u, kind)
		}
	}
}

// A reader on their own, and one without votes, keep the order by text.
func TestNobodyToTell(t *testing.T) {
	c := newCircle(2, 2)
	alone := c.train(t, slices.DeleteFunc(slices.Clone(c.votes), func(v Vote) bool { return v.Reader != 10 }))
	for _, taste := range []*Taste{alone.Taste(10), alone.Taste(11), c.train(t, nil).Taste(10), (*Model)(nil).Taste(1), c.train(t, c.votes).Taste(5)} {
		if taste != nil || taste.Votes(3) != 0 || len(taste.Examples(3)) > 0 {
			t.Errorf("%+v", taste)
		}
	}
}

// One's own vote says nothing about a paper, and nothing is said of one that
// nobody voted for.
func TestOnlyOthersVote(t *testing.T) {
	c := newCircle(6, 3)
	votes := append(slices.Clone(c.votes), Vote{10, papers + 7})
	m := c.train(t, votes)
	if s := m.Taste(10).Votes(papers + 7); s != 0 {
		t.Errorf("own vote: %v", s)
	}
	if s := m.Taste(12).Votes(papers + 7); s <= 0 {
		t.Errorf("vote of a like-minded reader: %v", s)
	}
	if s := m.Taste(10).Votes(1 << 40); s != 0 {
		t.Errorf("unknown paper: %v", s)
	}
}

// The model is a function of the set of votes: their order does not matter, nor
// whether they came one by one.
func TestOrderOfVotes(t *testing.T) {
	c := newCircle(9, 4)
	want := c.train(t, c.votes)
	mixed := append(slices.Clone(c.votes), c.votes[:20]...)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	grown := c.train(t, c.votes[:70])
	of := map[int64][]int64{}
	for _, v := range mixed {
		of[v.Reader] = append(of[v.Reader], v.Paper)
	}
	for _, u := range []int64{18, 13, 10, 11, 12, 17, 15, 16, 14} {
		var err error
		if grown, err = grown.With(context.Background(), u, of[u], c.vectors); err != nil {
			t.Fatal(err)
		}
	}
	for u := range int64(9) {
		s := told(want, 10+u)
		if !slices.Equal(s, told(c.train(t, mixed), 10+u)) || !slices.Equal(s, told(grown, 10+u)) {
			t.Errorf("reader %d has other scores", u)
		}
	}
}

// A model that forgot readers is the model that never saw them, bit by bit, for
// any readers, and whatever they voted for.
func TestForgetIsNeverSeen(t *testing.T) {
	for seed := range uint64(6) {
		c := newCircle(10, seed)
		rng := random.New(seed, 2)
		gone := random.Sample(rng, 10, 1+int(seed)%3)
		all := c.train(t, c.votes)
		forgot := all
		var err error
		for _, u := range gone {
			if forgot, err = forgot.Forget(context.Background(), int64(10+u)); err != nil {
				t.Fatal(err)
			}
		}
		is := func(id int64) bool { return slices.Contains(gone, int(id-10)) }
		never := c.train(t, slices.DeleteFunc(slices.Clone(c.votes), func(v Vote) bool { return is(v.Reader) }))
		changed := false
		for u := int64(10); u < 20; u++ {
			if is(u) {
				if forgot.Taste(u) != nil {
					t.Errorf("seed %d: reader %d is still there", seed, u)
				}
				continue
			}
			if !slices.Equal(told(forgot, u), told(never, u)) {
				t.Errorf("seed %d: reader %d can tell that somebody was there", seed, u)
			}
			changed = changed || !slices.Equal(told(all, u), told(never, u))
		}
		if !changed {
			t.Errorf("seed %d: nothing depended on those who are forgotten", seed)
		}
	}
}

func TestErrors(t *testing.T) {
	ctx := context.Background()
	if _, err := Train(ctx, nil, 0, newCircle(1, 1).vectors); err == nil {
		t.Error("no dimensions: no error")
	}
	if _, err := Train(ctx, nil, dim, nil); err == nil {
		t.Error("no vectors: no error")
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	c := newCircle(3, 1)
	if _, err := Train(stopped, c.votes, dim, c.vectors); err == nil {
		t.Error("a cancelled training: no error")
	}
	if m, err := c.train(t, c.votes).Forget(ctx, 77); err != nil || m.Readers() != 3 {
		t.Errorf("forgetting a stranger: %v", err)
	}
}

// 200 readers with 500 votes each.
func benchmarked(b *testing.B) *Model {
	rng := random.New(1, 1)
	var votes []Vote
	for u := range int64(200) {
		for _, p := range random.Sample(rng, 20_000, 500) {
			votes = append(votes, Vote{u, int64(p)})
		}
	}
	m, err := Train(context.Background(), votes, 256, func(p int64, to []float32) bool {
		clear(to)
		to[p%256] = 1
		return true
	})
	if err != nil {
		b.Fatal(err)
	}
	return m
}

func BenchmarkTrain(b *testing.B) {
	for b.Loop() {
		benchmarked(b)
	}
}

func BenchmarkTaste(b *testing.B) {
	m := benchmarked(b)
	for b.Loop() {
		m.Taste(100)
	}
}
