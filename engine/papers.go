package engine

import (
	"context"
	"slices"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/rank"
)

// papers is what is kept of each paper in memory, beside its vector: its day and
// its authors.
type papers struct {
	rows    map[int64]row
	days    map[offprint.Date][]int64 // ascending
	numbers map[string]int32          // of authors, by folded name
	folded  []string                  // names of authors
	names   []string                  // as first seen
	by      [][]int64                 // papers of each author, in the order they came
	changes int                       // so far
}

type row struct {
	day     offprint.Date
	authors []int32
}

// mostAuthors is how many authors of a paper count; a collaboration's thousands
// say nothing about any one of them.
const mostAuthors = 50

func newPapers() *papers {
	return &papers{rows: map[int64]row{}, days: map[offprint.Date][]int64{}, numbers: map[string]int32{}}
}

// put adds a paper, or replaces what is known of it.
func (t *papers) put(p *offprint.Paper) {
	r := row{day: p.Listed}
	if len(p.Authors) <= mostAuthors {
		for _, name := range p.Authors {
			if a := t.number(name); !slices.Contains(r.authors, a) {
				r.authors = append(r.authors, a)
			}
		}
	}
	old, had := t.rows[p.ID]
	if had && old.day == r.day && slices.Equal(old.authors, r.authors) {
		return
	}
	t.changes++
	t.rows[p.ID] = r
	for _, a := range old.authors {
		t.by[a] = slices.DeleteFunc(t.by[a], func(id int64) bool { return id == p.ID })
	}
	for _, a := range r.authors {
		t.by[a] = append(t.by[a], p.ID)
	}
	if had {
		t.days[old.day] = slices.DeleteFunc(t.days[old.day], func(id int64) bool { return id == p.ID })
	}
	if r.day != 0 {
		ids := t.days[r.day]
		i, _ := slices.BinarySearch(ids, p.ID)
		t.days[r.day] = slices.Insert(ids, i, p.ID)
	}
}

// number is that of an author, who gets one when new.
func (t *papers) number(name string) int32 {
	folded := offprint.FoldName(name)
	a, ok := t.numbers[folded]
	if !ok {
		a = int32(len(t.names)) //nolint:gosec // there are not that many people
		t.numbers[folded] = a
		t.folded, t.names, t.by = append(t.folded, folded), append(t.names, name), append(t.by, nil)
	}
	return a
}

// name is how an author is written.
func (t *papers) name(folded string) string {
	if a, ok := t.numbers[folded]; ok {
		return t.names[a]
	}
	return folded
}

// within returns the papers of the days from first to last, newest day first.
func (t *papers) within(first, last offprint.Date) []int64 {
	var ids []int64
	for d := last; d >= first; d-- {
		ids = append(ids, t.days[d]...)
	}
	return ids
}

// graph builds the graph of papers and authors.
func (t *papers) graph(ctx context.Context) (*rank.Authors, error) {
	bylines := make([]rank.Byline, 0, len(t.rows))
	for id, r := range t.rows {
		b := rank.Byline{Paper: id, Authors: make([]string, len(r.authors))}
		for i, a := range r.authors {
			b.Authors[i] = t.folded[a]
		}
		bylines = append(bylines, b)
	}
	return rank.NewAuthors(ctx, bylines)
}
