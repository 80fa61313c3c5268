package engine

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/taxonomy"
)

// Topic is what a good many papers are about, and how it comes and goes.
type Topic struct {
	Slug, Name      string
	Words           []string
	Share           float64       // of the papers of the last four weeks
	Weeks           []float64     // share of each week's papers, oldest first
	First           offprint.Date // of the first of these weeks, a Monday
	Rising, Falling bool
}

// Topics returns all topics, the one with the greatest share of the last weeks first.
func (e *Engine) Topics() []Topic {
	m := e.ready()
	if m == nil || m.topics == nil {
		return nil
	}
	all := make([]Topic, len(m.topics.Topics))
	for i := range all {
		all[i] = m.topic(i)
	}
	slices.SortStableFunc(all, func(a, b Topic) int { return cmp.Compare(b.Share, a.Share) })
	return all
}

const (
	shownWords  = 5
	recentWeeks = 4
)

func (m *model) topic(i int) Topic {
	t := &m.topics.Topics[i]
	out := Topic{
		Slug: t.Slug, Name: t.Name, Words: t.Words[:min(shownWords, len(t.Words))],
		Weeks: m.topics.Shares(i), First: m.topics.First, Rising: t.Trend.Rising, Falling: t.Trend.Falling,
	}
	papers, all := int32(0), int32(0)
	for w := max(0, len(t.Weekly)-recentWeeks); w < len(t.Weekly); w++ {
		papers, all = papers+t.Weekly[w], all+m.topics.Weekly[w]
	}
	out.Share = float64(papers) / float64(max(all, 1))
	return out
}

// topicPapers is how many of the papers nearest to a topic's centre are looked at.
const topicPapers = 1500

// Topic returns a topic and a page of its papers, newest first.
func (e *Engine) Topic(ctx context.Context, slug string, q offprint.PaperQuery) (Topic, Page, error) {
	m := e.ready()
	offset, err := parseOffset(q.Cursor)
	if err != nil {
		return Topic{}, Page{}, err
	}
	at := -1
	if m != nil && m.topics != nil {
		at = m.topics.BySlug(slug)
	}
	if at < 0 {
		return Topic{}, Page{}, offprint.Errorf(offprint.KindNotFound, "There is no topic of that name: topics come and go when Offprint learns anew.")
	}
	found, err := m.index.Search(m.topics.Topics[at].Centre, topicPapers, nil)
	if err != nil {
		return Topic{}, Page{}, err
	}
	type dated struct {
		id  int64
		day offprint.Date
	}
	var in []dated
	v := make([]float32, m.learned.Dim) // of which the index has the first
	e.mu.RLock()
	for _, h := range found {
		if !m.index.Vector(h.ID, v[:m.index.Dim()]) {
			continue
		}
		if t, _ := m.topics.Assign(v); t == at {
			in = append(in, dated{h.ID, e.papers.rows[h.ID].day})
		}
	}
	e.mu.RUnlock()
	slices.SortStableFunc(in, func(a, b dated) int { return cmp.Compare(b.day, a.day) })
	limit := cmp.Or(q.Limit, 25)
	g := offprint.PaperQuery{ReaderID: q.ReaderID, Sort: offprint.SortGiven, Limit: limit, IDs: []int64{}}
	for _, d := range in[min(offset, len(in)):min(offset+limit, len(in))] {
		g.IDs = append(g.IDs, d.id)
	}
	page, err := e.Store.Papers(ctx, g)
	if err != nil {
		return Topic{}, Page{}, err
	}
	page.Total = len(in)
	if end := offset + limit; end < len(in) && end <= deepest {
		page.Next = strconv.Itoa(end)
	}
	return m.topic(at), Page{PaperPage: page}, nil
}

// GuessCategories returns the categories that a paper without any may be in.
func (e *Engine) GuessCategories(p *offprint.Paper) []taxonomy.Guess {
	m := e.ready()
	if m == nil || m.guesser == nil {
		return nil
	}
	return m.guesser.Guess(m.encoder.Encode(TextOf(p)))
}
