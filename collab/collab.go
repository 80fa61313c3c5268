// Package collab learns what readers have in common from their votes: a paper
// that like-minded readers voted for moves up, and what they voted for before
// tells what a reader may like of the papers that nobody has voted for yet.
//
// A reader u is y_u, a row with a 1 for each paper that they voted for, and c_u,
// the direction of the sum of those papers' text vectors. Two readers are alike by
//
//	K_uv = (1 - t) cos(y_u, y_v) + t cos(c_u, c_v),                          (1)
//
// where a vote for a paper of n votes counts 1 / log2(1 + n). How much reader u
// is told by the others is the ridge regression of u's likes on theirs,
//
//	b_uv = max(0, -G_uv / G_uu),   G = (K + l I)^-1,                         (2)
//
// which is EASE (methods/rec) with readers in the place of papers: its matrix is
// as large as there are readers, whatever the number of papers, and of readers
// who say the same, each counts less. A paper p has the share
//
//	s_up = sum_v b_uv y_vp.                                                  (3)
//
// [Taste.Votes] is 6 s_up, to be added to the paper's cosine with u's own profile;
// and the papers with the greatest shares, which u has not voted for, are
// [Taste.Examples] of what u likes, with s_up as their weight where a vote of u's
// own has 1: so papers without any vote are told apart, too. Where nobody is
// like-minded there is neither, and a single reader keeps the order by text.
//
// A model is a function of the votes alone. It is made in milliseconds, so there
// is no file of it, and a reader who has gone has left nothing in it
// ([Model.Forget]): what remains is, bit by bit, the model of those who stay.
//
// Votes are counted for everybody to see; saves, tags and hidden papers are
// private. Give only votes, or the order of one reader's page tells of another's
// private acts.
package collab

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/vector"
)

// Vote says that a reader voted for a paper.
type Vote struct{ Reader, Paper int64 }

const (
	textShare = .5 // t of equation 1
	ridge     = 1  // l of equation 2
	voteScale = 6  // of a share, against a cosine

	// MostReaders is how many readers are compared at most: those with the most
	// votes. Time grows with its cube, to a second or two.
	MostReaders = 2000
)

// Model knows which readers are alike. It does not change, and is safe for
// concurrent use.
type Model struct {
	dim     int
	all     []reader          // by ID
	readers []reader          // those of all who are compared, by ID
	votes   map[int64][]int32 // of a paper: places in readers, ascending
	factor  mat.Cholesky      // of K + l I; empty with fewer than two readers
}

// reader is what is known of one.
type reader struct {
	id     int64
	papers []int64   // ascending, each once
	centre []float32 // c_u
}

// Vectors gives the text vector of a paper, of length 1, as [index.Index] does:
// it sets v and reports whether there is one.
//
// [index.Index]: https://pkg.go.dev/github.com/offprint/offprint/index#Index
type Vectors func(paper int64, v []float32) bool

// Train makes a model from the votes of all readers, in any order, and the papers'
// vectors of so many numbers. A paper without a vector counts by its votes alone.
func Train(ctx context.Context, votes []Vote, dim int, vectors Vectors) (*Model, error) {
	if dim < 1 || vectors == nil {
		return nil, fmt.Errorf("collab: vectors of %d numbers", dim)
	}
	of := map[int64][]int64{}
	for _, v := range votes {
		of[v.Reader] = append(of[v.Reader], v.Paper)
	}
	m := &Model{dim: dim}
	for _, id := range slices.Sorted(maps.Keys(of)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m.all = append(m.all, newReader(id, of[id], dim, vectors))
	}
	return m.compared(ctx)
}

func newReader(id int64, papers []int64, dim int, vectors Vectors) reader {
	slices.Sort(papers)
	r := reader{id: id, papers: slices.Compact(papers), centre: make([]float32, dim)}
	v := make([]float32, dim)
	for _, p := range r.papers {
		if vectors(p, v) {
			vector.AddScaled(r.centre, 1, v)
		}
	}
	vector.Normalize(r.centre)
	return r
}

// With returns the model with these papers as a reader's votes, in place of those
// that it knew: with one more after a vote. None of them is to forget the reader.
func (m *Model) With(ctx context.Context, id int64, papers []int64, vectors Vectors) (*Model, error) {
	next := &Model{dim: m.dim, all: slices.Clone(m.all)}
	at, known := find(m.all, id)
	switch {
	case len(papers) > 0 && known:
		next.all[at] = newReader(id, slices.Clone(papers), m.dim, vectors)
	case len(papers) > 0:
		next.all = slices.Insert(next.all, at, newReader(id, slices.Clone(papers), m.dim, vectors))
	case known:
		next.all = slices.Delete(next.all, at, at+1)
	default:
		return m, nil
	}
	return next.compared(ctx)
}

// Forget returns the model of the other readers: the one that [Train] makes of
// their votes.
func (m *Model) Forget(ctx context.Context, id int64) (*Model, error) {
	return m.With(ctx, id, nil, nil)
}

// Readers is how many readers the model knows.
func (m *Model) Readers() int { return len(m.all) }

func find(readers []reader, id int64) (int, bool) {
	return slices.BinarySearchFunc(readers, id, func(r reader, id int64) int { return cmp.Compare(r.id, id) })
}

// compared sets all that follows from the readers, and returns the model.
func (m *Model) compared(ctx context.Context) (*Model, error) {
	if m.readers = m.all; len(m.readers) > MostReaders {
		most := slices.Clone(m.all)
		slices.SortStableFunc(most, func(a, b reader) int { return cmp.Compare(len(b.papers), len(a.papers)) })
		m.readers = most[:MostReaders]
		slices.SortFunc(m.readers, func(a, b reader) int { return cmp.Compare(a.id, b.id) })
	}
	m.votes = make(map[int64][]int32)
	for u := range m.readers {
		for _, p := range m.readers[u].papers {
			m.votes[p] = append(m.votes[p], int32(u))
		}
	}
	n := len(m.readers)
	if n < 2 {
		return m, nil
	}
	k := mat.NewSymDense(n, nil)
	weights := make([]float64, n)
	for _, p := range slices.Sorted(maps.Keys(m.votes)) {
		who := m.votes[p]
		w := 1 / math.Log2(1+float64(len(who)))
		for a, u := range who {
			weights[u] += w
			for _, v := range who[a+1:] {
				k.SetSym(int(u), int(v), k.At(int(u), int(v))+w)
			}
		}
	}
	for u := range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		k.SetSym(u, u, 1+ridge)
		for v := u + 1; v < n; v++ {
			text := float64(vector.Dot(m.readers[u].centre, m.readers[v].centre))
			k.SetSym(u, v, (1-textShare)*k.At(u, v)/math.Sqrt(weights[u]*weights[v])+textShare*text)
		}
	}
	if !m.factor.Factorize(k) {
		return nil, fmt.Errorf("collab: the likeness of %d readers has no factor: a vector is not of length 1, or not a number", n)
	}
	return m, nil
}

// shares are b_uv of equation 2, for the reader at a place.
func (m *Model) shares(at int) ([]float64, error) {
	n := len(m.readers)
	g, unit := mat.NewVecDense(n, nil), mat.NewVecDense(n, nil)
	unit.SetVec(at, 1)
	if err := m.factor.SolveVecTo(g, unit); err != nil {
		return nil, fmt.Errorf("collab: %w", err)
	}
	b := make([]float64, n)
	for v := range b {
		if v != at {
			b[v] = max(0, -g.AtVec(v)/g.AtVec(at))
		}
	}
	return b, nil
}

// Taste is what a reader is told by those who are like-minded. It may be nil:
// then that is nothing.
type Taste struct {
	m      *Model
	at     int
	shares []float64 // b_uv of each reader v
}

// Taste returns what the others tell a reader, or nil if there is nobody to tell
// anything, or nobody whom to tell: a reader without a vote. Otherwise it takes
// half a millisecond with 200 readers.
func (m *Model) Taste(id int64) *Taste {
	if m == nil || len(m.readers) < 2 {
		return nil
	}
	at, ok := find(m.readers, id)
	if !ok {
		return nil
	}
	b, err := m.shares(at)
	if err != nil || slices.Max(b) == 0 {
		return nil // there is hardly an error: the ridge keeps the matrix far from singular
	}
	return &Taste{m, at, b}
}

// Votes is what the votes of others add to a paper's score, which is its cosine
// with the reader's own profile: 0 if no like-minded reader voted for it.
func (t *Taste) Votes(paper int64) float32 {
	if t == nil {
		return 0
	}
	share := 0.
	for _, v := range t.m.votes[paper] {
		share += t.shares[v]
	}
	return float32(voteScale * share)
}

// Example is a paper that like-minded readers voted for.
type Example struct {
	Paper  int64
	Weight float32 // s_up of equation 3; one of the reader's own votes has 1
}

// Examples are at most n papers that like-minded readers voted for and the reader
// did not, those with the greatest weights first: to learn from beside the
// reader's own.
func (t *Taste) Examples(n int) []Example {
	if t == nil {
		return nil
	}
	share := make(map[int64]float64)
	for v, b := range t.shares {
		if b > 0 {
			for _, p := range t.m.readers[v].papers {
				share[p] += b
			}
		}
	}
	for _, p := range t.m.readers[t.at].papers {
		delete(share, p)
	}
	examples := make([]Example, 0, len(share))
	for p, s := range share {
		examples = append(examples, Example{p, float32(s)})
	}
	slices.SortFunc(examples, func(a, b Example) int {
		return cmp.Or(cmp.Compare(b.Weight, a.Weight), cmp.Compare(b.Paper, a.Paper))
	})
	return examples[:min(n, len(examples))]
}
