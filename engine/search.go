package engine

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/encode"
	"github.com/offprint/offprint/index"
	"github.com/offprint/offprint/methods/vector"
	"github.com/offprint/offprint/rank"
)

// Page is a page of papers with the reasons why they are on it.
type Page struct {
	offprint.PaperPage
	Reasons  map[int64]Reason // by paper ID
	Examples int              // papers of the reader's that it was made from
}

// Reason says why a paper is shown.
type Reason struct {
	Meaning bool     // found by what it is about, not by its words
	Like    []Ref    // papers of the reader's, or of a query, that it is most like
	Words   []string // its words that count most for that
	Authors []string // who wrote papers that the reader likes
	Common  bool     // readers with votes in common like it
}

// Ref names a paper.
type Ref struct{ Key, Title string }

const (
	depth   = 100  // hits of each kind that are merged for the first page
	deepest = 1000 // hits of each kind that are merged at all
)

// Search finds papers by words and by meaning. Queries without words, and other
// orders than by relevance, are the store's alone; a query with similar: finds
// what is like those papers.
func (e *Engine) Search(ctx context.Context, q offprint.PaperQuery) (Page, error) {
	m := e.ready()
	like, err := e.similarTo(ctx, q.Search.Similar)
	if err != nil {
		return Page{}, err
	}
	byRelevance := q.Sort == offprint.SortRelevance || q.Sort == ""
	if m == nil || !byRelevance || len(q.Search.Terms) == 0 && len(like) == 0 {
		if len(like) > 0 && m == nil {
			return Page{}, errNothingLearned
		}
		page, err := e.Store.Papers(ctx, q)
		return Page{PaperPage: page}, err
	}
	offset, err := parseOffset(q.Cursor)
	if err != nil {
		return Page{}, err
	}
	if q.Limit <= 0 {
		q.Limit = 25
	}
	n := min(offset+q.Limit+depth, deepest)

	var words []offprint.Hit
	total := 0
	if len(q.Search.Terms) > 0 {
		w := q
		w.Sort, w.Cursor, w.Limit = offprint.SortRelevance, "", n
		if words, total, err = e.Store.Hits(ctx, w); err != nil {
			return Page{}, err
		}
	}
	meaning, err := e.meaning(ctx, m, q, like, n)
	if err != nil {
		return Page{}, err
	}
	weight := rank.MeaningWeight
	if len(like) > 0 {
		weight = 1
	}
	fused := rank.Fuse(words, meaning, weight)
	shown := fused[min(offset, len(fused)):min(offset+q.Limit, len(fused))]

	g := offprint.PaperQuery{ReaderID: q.ReaderID, WithHidden: true, Sort: offprint.SortGiven, Limit: q.Limit, IDs: []int64{}}
	reasons := make(map[int64]Reason)
	for _, f := range shown {
		g.IDs = append(g.IDs, f.ID)
		if !f.FromWords && len(like) == 0 {
			reasons[f.ID] = Reason{Meaning: true}
		}
	}
	page, err := e.Store.Papers(ctx, g)
	if err != nil {
		return Page{}, err
	}
	page.Total = max(total, len(fused))
	if end := offset + q.Limit; end < len(fused) {
		page.Next = strconv.Itoa(end)
	}
	return Page{PaperPage: page, Reasons: reasons}, nil
}

var (
	errNothingLearned = offprint.Errorf(offprint.KindInvalid, "Nothing has been learned from the papers here yet, so that none can be said to be similar: that takes %d papers, and a few minutes.", FewestPapers)
	errCursor         = offprint.Errorf(offprint.KindInvalid, "That is not the address of a page: start from the first.")
)

func parseOffset(cursor string) (int, error) {
	if cursor == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(cursor)
	if err != nil || n < 0 || n > deepest {
		return 0, errCursor
	}
	return n, nil
}

// similarTo finds the papers of similar: filters.
func (e *Engine) similarTo(ctx context.Context, keys []string) ([]*offprint.Paper, error) {
	var papers []*offprint.Paper
	for _, key := range keys {
		p, err := e.Store.Paper(ctx, key)
		if offprint.KindOf(err) == offprint.KindNotFound {
			return nil, offprint.Errorf(offprint.KindNotFound, "similar:%s names no paper here: give an arXiv id, a DOI, or the last part of a paper’s address.", key)
		}
		if err != nil {
			return nil, err
		}
		papers = append(papers, p)
	}
	return papers, nil
}

// meaning returns the papers that are nearest to a query in meaning, of those
// that satisfy its filters, its phrases and what it leaves out.
func (e *Engine) meaning(ctx context.Context, m *model, q offprint.PaperQuery, like []*offprint.Paper, n int) ([]offprint.Hit, error) {
	v := make([]float32, m.index.Dim())
	for _, p := range like {
		vector.AddScaled(v, 1, m.encoder.Encode(TextOf(p))[:len(v)])
	}
	if text := meant(q.Search); text != "" {
		vector.AddScaled(v, 1, m.encoder.Encode(encode.Text{Title: text})[:len(v)])
	}
	if vector.Normalize(v) == 0 {
		return nil, nil
	}
	must := q.Search
	must.Similar = nil
	must.Terms = slices.DeleteFunc(slices.Clone(must.Terms), func(t offprint.Term) bool { return !t.Not && !t.Phrase && !t.Prefix })
	filtered := !must.IsZero() || q.First != 0 || q.Last != 0 || q.Category != "" || q.Author != "" || q.Origin != "" || q.Shelf != "" || q.Tags != nil || q.Noted || q.AfterID != 0 || q.ReaderID != 0 && !q.WithHidden
	want := n
	if filtered {
		want = mostGiven
	}
	first, last := max(q.First, q.Search.After), q.Last
	if before := q.Search.Before; before != 0 && (last == 0 || before <= last) {
		last = before - 1
	}
	found, err := m.index.Search(v, want, func(id int64) bool {
		return !slices.ContainsFunc(like, func(p *offprint.Paper) bool { return p.ID == id }) && e.listedWithin(id, first, last)
	})
	if err != nil {
		return nil, err
	}
	hits := hitsOf(found)
	if !filtered {
		return hits, nil
	}
	g := q
	g.Search, g.Sort, g.Cursor, g.Limit, g.IDs = must, offprint.SortGiven, "", n, make([]int64, len(hits))
	for i, h := range hits {
		g.IDs[i] = h.ID
	}
	kept, _, err := e.Store.Hits(ctx, g)
	if err != nil {
		return nil, err
	}
	scores := make(map[int64]float64, len(hits))
	for _, h := range hits {
		scores[h.ID] = h.Score
	}
	for i := range kept {
		kept[i].Score = scores[kept[i].ID]
	}
	return kept, nil
}

// listedWithin says whether a paper's day is one of those; 0 for no bound.
func (e *Engine) listedWithin(id int64, first, last offprint.Date) bool {
	if first == 0 && last == 0 {
		return true
	}
	e.mu.RLock()
	day := e.papers.rows[id].day
	e.mu.RUnlock()
	return day >= first && (last == 0 || day <= last)
}

// mostGiven is how many of the nearest papers are looked through for those that
// satisfy a query's filters.
const mostGiven = 2000

func hitsOf(found []index.Hit) []offprint.Hit {
	hits := make([]offprint.Hit, len(found))
	for i, h := range found {
		hits[i] = offprint.Hit{ID: h.ID, Score: float64(h.Score)}
	}
	return hits
}

// meant is the text of a query that a paper's meaning is compared with.
func meant(q offprint.Query) string {
	var parts []string
	for _, t := range q.Terms {
		if !t.Not && !t.Prefix {
			parts = append(parts, t.Text)
		}
	}
	return strings.Join(parts, " ")
}
