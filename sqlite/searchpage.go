package sqlite

import (
	"context"
	"database/sql"
	"slices"

	"github.com/offprint/offprint"
)

// searchPage returns the hits of a page of a search, their number in all, and
// the cursor of the next page.
func (s *Store) searchPage(ctx context.Context, tx *sql.Tx, q offprint.PaperQuery, from place) (hits []offprint.Hit, total int, next string, err error) {
	f := searchFilter{First: q.First, Last: q.Last}
	if len(q.Search.Cats) == 0 && q.Category != "" {
		q.Search.Cats, q.Category = []string{q.Category}, ""
	}
	if f.Only, f.Except, err = searchSets(ctx, tx, q); err != nil {
		return nil, 0, "", err
	}
	if f.Only != nil && len(f.Only) == 0 {
		return nil, 0, "", nil
	}
	hits, total, err = s.search.search(ctx, tx, q.Search, f, q.Sort, from.offset, q.Limit)
	if err != nil {
		return nil, 0, "", err
	}
	if end := from.offset + len(hits); len(hits) > 0 && end < total && end <= maxOffset {
		next = place{sort: q.Sort, form: afterHits, offset: end}.String()
	}
	return hits, total, next, nil
}

// searchSets returns the papers that the reader's own things and the facets
// narrow a search to (nil for all papers), and those that they take out.
func searchSets(ctx context.Context, tx *sql.Tx, q offprint.PaperQuery) (only, except map[int64]struct{}, err error) {
	own := offprint.PaperQuery{ReaderID: q.ReaderID, Author: q.Author, Category: q.Category, Origin: q.Origin, Shelf: q.Shelf, Noted: q.Noted, AfterID: q.AfterID, IDs: q.IDs, WithHidden: true}
	if own.Tags = searchTags(q); own.Tags != nil && own.Tags.Match(nil) {
		// All papers without these tags are in: take out those that have the wrong ones.
		c := tagCondition(own.Tags, q.ReaderID)
		except, err = readSet(ctx, tx, nil, clause{`SELECT DISTINCT d.paper_id FROM tag d CROSS JOIN paper p ON p.id = d.paper_id
			WHERE d.reader_id = ? AND d.tag IN (SELECT value FROM json_each(?)) AND NOT ` + c.text,
			slices.Concat([]any{q.ReaderID, listJSON(tagsIn(own.Tags))}, c.args)})
		if err != nil {
			return nil, nil, err
		}
		own.Tags = nil
	}
	l, err := newLister(ctx, tx, own)
	if err != nil {
		return nil, nil, err
	}
	if l.driver.text != "" {
		table := clause{l.driver.text + ` d CROSS JOIN paper p ON p.id = d.paper_id`, l.driver.args}
		if only, err = readSet(ctx, tx, nil, statement(`d.paper_id`, table, l.where(`true`, `d.listed`), "", 0)); err != nil {
			return nil, nil, err
		}
	}
	if q.ReaderID != 0 && !q.WithHidden {
		except, err = readSet(ctx, tx, except, clause{`SELECT paper_id FROM mark WHERE reader_id = ? AND kind = 'hide'`, []any{q.ReaderID}})
	}
	return only, except, err
}

func readSet(ctx context.Context, tx *sql.Tx, set map[int64]struct{}, c clause) (map[int64]struct{}, error) {
	if set == nil {
		set = make(map[int64]struct{})
	}
	err := query(ctx, tx, func(row scanner) error {
		var id int64
		err := row.Scan(&id)
		set[id] = struct{}{}
		return err
	}, c.text, c.args...)
	return set, err
}

// searchTags joins the condition of the query with tag: and -tag: of its search.
func searchTags(q offprint.PaperQuery) offprint.TagExpr {
	var all offprint.AllTags
	if q.Tags != nil {
		all = append(all, q.Tags)
	}
	for _, tag := range q.Search.Tags {
		all = append(all, offprint.HasTag(tag))
	}
	for _, tag := range q.Search.NotTags {
		all = append(all, offprint.NotTags{Expr: offprint.HasTag(tag)})
	}
	if len(all) == 0 {
		return nil
	}
	return all
}
