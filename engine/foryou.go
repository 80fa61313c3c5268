package engine

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/collab"
	"github.com/offprint/offprint/encode"
	"github.com/offprint/offprint/rank"
)

const (
	diversified = 200 // of the best papers, which are put in an order without repetition
	mostScored  = 5000
	sameness    = .1 // what a paper loses for being like one above it
)

// ForYou orders the papers of q's days, which satisfy its filters, by what the
// reader has voted for, saved, tagged and hidden; with unseen, only those of
// which they have said nothing. Without a liked paper the page is empty and has
// no examples.
func (e *Engine) ForYou(ctx context.Context, q offprint.PaperQuery, unseen bool) (Page, error) {
	skip := func(a offprint.Act) bool { return unseen || !a.Hide.IsZero() }
	var taste *collab.Taste
	if m := e.ready(); m != nil {
		taste = e.taste(m, q.ReaderID)
	}
	return e.personal(ctx, q, taste, skip, func(a offprint.Act) float32 {
		weight := float32(len(a.Tags))
		for _, t := range []time.Time{a.Vote, a.Save} {
			if !t.IsZero() {
				weight++
			}
		}
		if weight == 0 && !a.Hide.IsZero() {
			return -1
		}
		return weight
	})
}

// ForTag orders papers that do not have a tag of the reader's by those that do.
func (e *Engine) ForTag(ctx context.Context, q offprint.PaperQuery, tag string) (Page, error) {
	has := func(a offprint.Act) bool { return slices.Contains(a.Tags, tag) }
	skip := func(a offprint.Act) bool { return has(a) || !a.Hide.IsZero() }
	return e.personal(ctx, q, nil, skip, func(a offprint.Act) float32 {
		if has(a) {
			return 1
		}
		return 0
	})
}

// personal orders papers by the acts to which weight gives one, and by what
// other readers tell, if anything; those to skip are left out.
func (e *Engine) personal(ctx context.Context, q offprint.PaperQuery, taste *collab.Taste, skip func(offprint.Act) bool, weight func(offprint.Act) float32) (Page, error) {
	m := e.ready()
	if m == nil {
		return Page{}, nil
	}
	offset, err := parseOffset(q.Cursor)
	if err != nil {
		return Page{}, err
	}
	acts, err := e.Store.Acts(ctx, q.ReaderID)
	if err != nil {
		return Page{}, err
	}
	examples, liked := e.examples(m, acts, weight)
	if liked == 0 {
		return Page{}, nil
	}
	examples = append(examples, e.othersExamples(m, acts, taste)...)
	profile := rank.NewProfile(examples, e.Now(), e.background(m, q.First))

	ids := e.candidates(q, acts, skip)
	choices := profile.Order(e.candidatePapers(m, ids))
	if taste != nil {
		for i, c := range choices {
			choices[i].Score.Value += taste.Votes(c.ID)
		}
		slices.SortStableFunc(choices, func(a, b rank.Choice) int { return cmp.Compare(b.Score.Value, a.Score.Value) })
	}
	if filtered := !q.Search.IsZero(); filtered {
		if choices, err = e.filter(ctx, q, choices); err != nil {
			return Page{}, err
		}
	}
	if n := min(diversified, len(choices)); n > 0 {
		choices = append(rank.Diverse(choices[:n], n, sameness), choices[n:]...)
	}
	page := Page{Examples: liked, Reasons: make(map[int64]Reason)}
	limit := cmp.Or(q.Limit, 25)
	shown := choices[min(offset, len(choices)):min(offset+limit, len(choices))]
	page.PaperPage, err = e.Store.Papers(ctx, offprint.PaperQuery{ReaderID: q.ReaderID, WithHidden: true, IDs: idsOf(shown), Sort: offprint.SortGiven, Limit: limit})
	if err != nil {
		return Page{}, err
	}
	page.Total = len(choices)
	if end := offset + limit; end < len(choices) && end <= deepest {
		page.Next = strconv.Itoa(end)
	}
	return page, e.giveReasons(ctx, m, profile, taste, shown, &page)
}

// examples are what a profile is made of, and how many of them are liked.
func (e *Engine) examples(m *model, acts []offprint.Act, weight func(offprint.Act) float32) (examples []rank.Example, liked int) {
	for _, a := range acts {
		w := weight(a)
		if w == 0 {
			continue
		}
		v := make([]float32, m.index.Dim())
		if !m.index.Vector(a.PaperID, v) {
			continue // not encoded yet
		}
		if w > 0 {
			liked++
		}
		at := a.Vote
		for _, t := range []time.Time{a.Save, a.Hide} {
			if t.After(at) {
				at = t
			}
		}
		examples = append(examples, rank.Example{ID: a.PaperID, Vector: v, Weight: w, At: at, Authors: e.authorsOf(a.PaperID)})
	}
	return examples, liked
}

// mostOthers is how many papers that others voted for tell something of a reader.
const mostOthers = 200

// othersExamples are papers that like-minded readers voted for, and of which the
// reader has said nothing. They fade with the papers' days, for when others voted
// is theirs to know.
func (e *Engine) othersExamples(m *model, acts []offprint.Act, taste *collab.Taste) (examples []rank.Example) {
	said := make(map[int64]bool, len(acts))
	for _, a := range acts {
		said[a.PaperID] = true
	}
	for _, x := range taste.Examples(mostOthers) {
		v := make([]float32, m.index.Dim())
		if !said[x.Paper] && m.index.Vector(x.Paper, v) {
			e.mu.RLock()
			row := e.papers.rows[x.Paper]
			e.mu.RUnlock()
			examples = append(examples, rank.Example{ID: x.Paper, Vector: v, Weight: x.Weight, At: row.day.Time(), Authors: row.authors, Others: true})
		}
	}
	return examples
}

func (e *Engine) authorsOf(id int64) []int32 {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.papers.rows[id].authors
}

// candidates are the papers of q's days but for those to skip.
func (e *Engine) candidates(q offprint.PaperQuery, acts []offprint.Act, skip func(offprint.Act) bool) []int64 {
	skipped := make(map[int64]bool, len(acts))
	for _, a := range acts {
		skipped[a.PaperID] = skip(a)
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	return slices.DeleteFunc(e.papers.within(q.First, q.Last), func(id int64) bool { return skipped[id] })
}

// candidatePapers are papers with what they are ordered by.
func (e *Engine) candidatePapers(m *model, ids []int64) []rank.Paper {
	dim := m.index.Dim()
	papers := make([]rank.Paper, 0, len(ids))
	vectors := make([]float32, len(ids)*dim)
	e.mu.RLock()
	defer e.mu.RUnlock()
	for i, id := range ids {
		v := vectors[i*dim : (i+1)*dim]
		if m.index.Vector(id, v) {
			papers = append(papers, rank.Paper{ID: id, Vector: v, Authors: e.papers.rows[id].authors})
		}
	}
	return papers
}

// filter keeps the choices that satisfy the filters of a query.
func (e *Engine) filter(ctx context.Context, q offprint.PaperQuery, choices []rank.Choice) ([]rank.Choice, error) {
	choices = choices[:min(mostScored, len(choices))]
	hits, _, err := e.Store.Hits(ctx, offprint.PaperQuery{ReaderID: q.ReaderID, WithHidden: true, Search: q.Search, IDs: idsOf(choices), Sort: offprint.SortGiven, Limit: mostScored})
	if err != nil {
		return nil, err
	}
	keep := make(map[int64]bool, len(hits))
	for _, h := range hits {
		keep[h.ID] = true
	}
	return slices.DeleteFunc(choices, func(c rank.Choice) bool { return !keep[c.ID] }), nil
}

func idsOf(choices []rank.Choice) []int64 {
	ids := make([]int64, len(choices))
	for i, c := range choices {
		ids[i] = c.ID
	}
	return ids
}

// giveReasons says why each paper of a page is there.
func (e *Engine) giveReasons(ctx context.Context, m *model, profile *rank.Profile, taste *collab.Taste, shown []rank.Choice, page *Page) error {
	of := make(map[int64]rank.Choice, len(shown))
	for _, c := range shown {
		of[c.ID] = c
	}
	reasons := make(map[int64]rank.Reason, len(shown))
	var examples []int64
	for i := range page.Items {
		p := &page.Items[i]
		c := of[p.ID]
		r := profile.Reason(c.Score, c.Vector, TextOf(&p.Paper), prefixed{m.encoder})
		reasons[p.ID] = r
		examples = append(examples, r.Examples...)
	}
	slices.Sort(examples)
	named, err := e.refs(ctx, slices.Compact(examples))
	if err != nil {
		return err
	}
	for id, r := range reasons {
		out := Reason{Common: taste.Votes(id) > 0}
		for _, x := range r.Examples {
			if ref, ok := named[x]; ok && x != id {
				out.Like = append(out.Like, ref)
			}
		}
		out.Words = distinct(r.Words)
		page.Reasons[id] = out
	}
	return nil
}

// distinct are the words but for those, after the first, that a phrase among them
// has.
func distinct(words []encode.Word) []string {
	var out []string
	for i, w := range words {
		if !slices.ContainsFunc(words, func(other encode.Word) bool {
			return other.Text != w.Text && strings.Contains(" "+other.Text+" ", " "+w.Text+" ")
		}) || i == 0 {
			out = append(out, w.Text)
		}
	}
	return out
}

// refs names papers.
func (e *Engine) refs(ctx context.Context, ids []int64) (map[int64]Ref, error) {
	refs := make(map[int64]Ref, len(ids))
	for some := range slices.Chunk(ids, 200) {
		page, err := e.Store.Papers(ctx, offprint.PaperQuery{IDs: some, Sort: offprint.SortGiven, Limit: len(some)})
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			refs[page.Items[i].ID] = Ref{page.Items[i].Key, page.Items[i].Title}
		}
	}
	return refs, nil
}

// prefixed explains likeness to the first numbers of a vector, which are what
// the index keeps.
type prefixed struct{ Encoder }

// Explain implements [rank.Explainer].
func (p prefixed) Explain(t encode.Text, v []float32, n int) []encode.Word {
	whole := make([]float32, p.Dim())
	copy(whole, v)
	return p.Encoder.Explain(t, whole, n)
}
