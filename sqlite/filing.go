package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"

	"github.com/offprint/offprint"
)

// filing collects what a batch changes in the lists by facet and in the counts.
// Everything is written in the order of its key: a batch touches each page of
// the tables once.
type filing struct {
	added, removed []posting
	facets         map[int64]facet
	facetPapers    map[int64]int // change of the number of papers
	dayPapers      map[offprint.Date]int
}

// posting is a row of paper_facet.
type posting struct {
	facetID int64
	listed  offprint.Date
	paperID int64
}

func newFiling() *filing {
	return &filing{facets: make(map[int64]facet), facetPapers: make(map[int64]int), dayPapers: make(map[offprint.Date]int)}
}

// change files a work anew where it differs from what was stored.
func (f *filing) change(w *work) {
	p, facets := w.paper, w.facets
	if facets == nil {
		facets = facetsOf(p)
	}
	stays := make(map[int64]bool)
	for _, old := range w.before {
		f.dayPapers[old.Listed]--
		for id, facet := range facetsOf(old) {
			f.facets[id] = facet
			f.facetPapers[id]--
			if old.ID == p.ID && old.Listed == p.Listed && facets[id].kind != "" {
				stays[id] = true
			} else {
				f.removed = append(f.removed, posting{id, old.Listed, old.ID})
			}
		}
	}
	f.dayPapers[p.Listed]++
	for id, facet := range facets {
		f.facets[id] = facet
		f.facetPapers[id]++
		if !stays[id] {
			f.added = append(f.added, posting{id, p.Listed, p.ID})
		}
	}
}

func (f *filing) store(ctx context.Context, tx *sql.Tx) error {
	if err := f.storePostings(ctx, tx); err != nil {
		return err
	}
	if err := f.storeFacets(ctx, tx); err != nil {
		return err
	}
	return f.storeDays(ctx, tx)
}

func (f *filing) storePostings(ctx context.Context, tx *sql.Tx) error {
	if len(f.removed) > 0 {
		remove, err := tx.PrepareContext(ctx, `DELETE FROM paper_facet WHERE facet_id = ? AND listed = ? AND paper_id = ?`)
		if err != nil {
			return err
		}
		for _, p := range f.removed {
			if _, err := remove.ExecContext(ctx, p.facetID, p.listed, p.paperID); err != nil {
				return err
			}
		}
	}
	slices.SortFunc(f.added, func(a, b posting) int {
		return cmp.Or(cmp.Compare(a.facetID, b.facetID), cmp.Compare(a.listed, b.listed), cmp.Compare(a.paperID, b.paperID))
	})
	insert := inserter{tx: tx, head: `INSERT INTO paper_facet (facet_id, listed, paper_id)`}
	for _, p := range f.added {
		if err := insert.add(ctx, p.facetID, p.listed, p.paperID); err != nil {
			return err
		}
	}
	return insert.flush(ctx)
}

func (f *filing) storeFacets(ctx context.Context, tx *sql.Tx) error {
	type authorWord struct {
		word    string
		facetID int64
	}
	var words []authorWord // of authors that are new
	insert := inserter{
		tx:   tx,
		head: `INSERT INTO facet (id, kind, name, folded, papers)`,
		tail: `ON CONFLICT (id) DO UPDATE SET papers = papers + excluded.papers RETURNING id, papers`,
		scan: func(row scanner) error {
			var id int64
			var papers int
			if err := row.Scan(&id, &papers); err != nil {
				return err
			}
			if facet := f.facets[id]; facet.kind == facetAuthor && papers == f.facetPapers[id] {
				for word := range strings.FieldsSeq(facet.folded) {
					words = append(words, authorWord{word, id})
				}
			}
			return nil
		},
	}
	for _, id := range slices.Sorted(maps.Keys(f.facetPapers)) {
		if n := f.facetPapers[id]; n != 0 {
			facet := f.facets[id]
			if err := insert.add(ctx, id, facet.kind, facet.name, facet.folded, n); err != nil {
				return err
			}
		}
	}
	if err := insert.flush(ctx); err != nil {
		return err
	}
	slices.SortFunc(words, func(a, b authorWord) int {
		return cmp.Or(strings.Compare(a.word, b.word), cmp.Compare(a.facetID, b.facetID))
	})
	insertWord := inserter{tx: tx, head: `INSERT INTO author_word (word, facet_id)`, tail: `ON CONFLICT DO NOTHING`}
	for _, w := range words {
		if err := insertWord.add(ctx, w.word, w.facetID); err != nil {
			return err
		}
	}
	return insertWord.flush(ctx)
}

func (f *filing) storeDays(ctx context.Context, tx *sql.Tx) error {
	for day, n := range f.dayPapers {
		if day == 0 || n == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO day (listed, papers) VALUES (?, ?) ON CONFLICT (listed) DO UPDATE SET papers = papers + excluded.papers`, day, n); err != nil {
			return err
		}
		if n < 0 {
			if _, err := tx.ExecContext(ctx, `DELETE FROM day WHERE listed = ? AND papers = 0`, day); err != nil {
				return err
			}
		}
	}
	return nil
}
