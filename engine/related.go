package engine

import (
	"context"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/encode"
	"github.com/offprint/offprint/rank"
)

// Related returns the papers that are most related to one by text and by
// authors, for the reader with the given ID, at most n.
func (e *Engine) Related(ctx context.Context, paper *offprint.Paper, readerID int64, n int) (Page, error) {
	m := e.ready()
	if m == nil {
		return Page{}, nil
	}
	v := m.encoder.Encode(TextOf(paper))[:m.index.Dim()]
	found, err := m.index.Search(v, depth, func(id int64) bool { return id != paper.ID })
	if err != nil {
		return Page{}, err
	}
	text := hitsOf(found)
	var authors []offprint.Hit
	if g := e.graph.Load(); g != nil {
		authors = g.Shared(paper.ID, depth)
	}
	g := offprint.PaperQuery{ReaderID: readerID, Sort: offprint.SortGiven, Limit: n, IDs: []int64{}}
	reasons := make(map[int64]Reason)
	for _, r := range rank.Related(text, authors, rank.AuthorWeight, 2*n) { // some may be hidden
		g.IDs = append(g.IDs, r.ID)
	}
	page, err := e.Store.Papers(ctx, g)
	if err != nil {
		return Page{}, err
	}
	for i := range page.Items {
		p := &page.Items[i]
		reasons[p.ID] = Reason{Words: e.words(m, p, v, 4), Authors: sharedAuthors(paper, &p.Paper)}
	}
	page.Total, page.Next = len(page.Items), ""
	return Page{PaperPage: page, Reasons: reasons}, nil
}

// words are those of a paper that do most for its likeness to v, which has the
// numbers that the index keeps.
func (e *Engine) words(m *model, p *offprint.PaperItem, v []float32, n int) []string {
	var words []encode.Word
	for _, w := range (prefixed{m.encoder}).Explain(TextOf(&p.Paper), v, n) {
		if w.Share > 0 {
			words = append(words, w)
		}
	}
	return distinct(words)
}

// sharedAuthors are the names that two papers have in common.
func sharedAuthors(a, b *offprint.Paper) []string {
	of := make(map[string]bool, len(a.Authors))
	for _, name := range a.Authors {
		of[offprint.FoldName(name)] = true
	}
	var names []string
	for _, name := range b.Authors {
		if of[offprint.FoldName(name)] {
			names = append(names, name)
		}
	}
	return names
}

// Neighbours are the authors near one: those who have papers together, and those
// who work on the like without.
type Neighbours struct{ Together, Apart []rank.Neighbour }

// mostOwn is how many papers of an author are looked for the like of.
const mostOwn = 20

// Neighbours returns the authors who are near one, at most n of either kind.
func (e *Engine) Neighbours(author string, n int) (Neighbours, error) {
	m, g := e.ready(), e.graph.Load()
	if m == nil || g == nil {
		return Neighbours{}, nil
	}
	folded := offprint.FoldName(author)
	own := g.Papers(folded)
	v, sum := make([]float32, m.index.Dim()), make([]float32, m.index.Dim())
	for _, id := range own[max(0, len(own)-mostOwn):] {
		if m.index.Vector(id, v) {
			for i := range sum {
				sum[i] += v[i]
			}
		}
	}
	found, err := m.index.Search(sum, depth, nil)
	if err != nil {
		return Neighbours{}, err
	}
	var near Neighbours
	near.Together, near.Apart = g.Neighbours(folded, hitsOf(found), n)
	e.mu.RLock()
	defer e.mu.RUnlock()
	for _, list := range [][]rank.Neighbour{near.Together, near.Apart} {
		for i := range list {
			list[i].Name, list[i].Via = e.papers.name(list[i].Name), e.papers.name(list[i].Via)
		}
	}
	return near, nil
}
