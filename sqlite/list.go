package sqlite

import (
	"context"
	"database/sql"
	"slices"

	"github.com/offprint/offprint"
)

const (
	defaultLimit = 25
	maxLimit     = 200
	maxGiven     = 5000 // papers of PaperQuery.IDs
)

// Papers implements [offprint.PaperStore].
//
// A list is found in two steps: the ids of a page, from an index that has them
// in the order of the page, and then the rows of those ids. Papers without heat
// or votes come by time after those that have any; the two parts are walked
// one after the other.
func (s *Store) Papers(ctx context.Context, q offprint.PaperQuery) (page offprint.PaperPage, err error) {
	if err := normalise(&q); err != nil {
		return page, err
	}
	if q.Sort == offprint.SortGiven {
		return s.givenPapers(ctx, q)
	}
	searching := !q.Search.IsZero()
	from, err := parsePlace(q.Cursor, q.Sort, searching)
	if err != nil {
		return page, err
	}
	err = s.read(ctx, "list papers", func(tx *sql.Tx) error {
		var hits []searchHit
		if searching {
			hits, page.Total, page.Next, err = s.searchPage(ctx, tx, q, from)
		} else {
			page.Total = -1
			hits, page.Next, err = listPage(ctx, tx, q, from)
		}
		if err != nil {
			return err
		}
		page.Items, err = readItems(ctx, tx, hits, q.ReaderID)
		return err
	})
	return page, err
}

// givenPapers keeps those of q.IDs that satisfy the rest of the query, in their order.
func (s *Store) givenPapers(ctx context.Context, q offprint.PaperQuery) (page offprint.PaperPage, err error) {
	limit := q.Limit
	q.Sort = offprint.SortTime
	err = s.read(ctx, "list given papers", func(tx *sql.Tx) error {
		var hits []searchHit
		if q.Search.IsZero() {
			l, err := newLister(ctx, tx, q)
			if err != nil {
				return err
			}
			places, err := l.run(ctx, tx, l.timed(place{}, len(q.IDs)), afterTimed)
			if err != nil {
				return err
			}
			for _, p := range places {
				hits = append(hits, searchHit{PaperID: p.id})
			}
		} else {
			q.Limit = len(q.IDs)
			if hits, _, _, err = s.searchPage(ctx, tx, q, place{}); err != nil {
				return err
			}
		}
		order := make(map[int64]int, len(q.IDs))
		for i, id := range slices.Backward(q.IDs) {
			order[id] = i
		}
		slices.SortFunc(hits, func(a, b searchHit) int { return order[a.PaperID] - order[b.PaperID] })
		page.Total = len(hits)
		page.Items, err = readItems(ctx, tx, hits[:min(len(hits), limit)], q.ReaderID)
		return err
	})
	return page, err
}

// normalise fills in what a query leaves open.
func normalise(q *offprint.PaperQuery) error {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Limit = min(q.Limit, maxLimit)
	fallback := offprint.SortTime
	if len(q.Search.Terms) > 0 {
		fallback = offprint.SortRelevance
	}
	sort, err := q.Sort, error(nil)
	if sort != offprint.SortGiven {
		if sort, err = offprint.ParseSort(string(q.Sort), fallback); err != nil {
			return err
		}
	}
	if len(q.IDs) > maxGiven {
		return offprint.Errorf(offprint.KindInvalid, "a list of %d papers is too long: %d are allowed", len(q.IDs), maxGiven)
	}
	if sort == offprint.SortRelevance && len(q.Search.Terms) == 0 {
		sort = offprint.SortTime
	}
	q.Sort = sort
	if q.Shelf != "" {
		if _, err := offprint.ParseMark(string(q.Shelf)); err != nil {
			return err
		}
	}
	if q.Shelf == offprint.MarkHide {
		q.WithHidden = true
	}
	return nil
}

// listPage returns the papers of a page that is not a search.
func listPage(ctx context.Context, tx *sql.Tx, q offprint.PaperQuery, from place) (hits []searchHit, next string, err error) {
	l, err := newLister(ctx, tx, q)
	if err != nil {
		return nil, "", err
	}
	var places []place
	if q.Sort != offprint.SortTime && from.form != afterTimed {
		if places, err = l.run(ctx, tx, l.ranked(from, q.Limit+1), afterRanked); err != nil {
			return nil, "", err
		}
		from = place{}
	}
	if len(places) <= q.Limit {
		rest, err := l.run(ctx, tx, l.timed(from, q.Limit+1-len(places)), afterTimed)
		if err != nil {
			return nil, "", err
		}
		places = append(places, rest...)
	}
	if len(places) > q.Limit {
		places = places[:q.Limit]
		next = places[q.Limit-1].String()
	}
	for _, p := range places {
		hits = append(hits, searchHit{PaperID: p.id})
	}
	return hits, next, nil
}

// readItems reads the papers of a page.
func readItems(ctx context.Context, tx *sql.Tx, hits []searchHit, readerID int64) ([]offprint.PaperItem, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(hits))
	for i, h := range hits {
		ids[i] = h.PaperID
	}
	papers := make(map[int64]*offprint.Paper, len(ids))
	err := query(ctx, tx, func(row scanner) error {
		p := new(offprint.Paper)
		if err := row.Scan(append(listDest(p), &p.Summary, &p.Abstract)...); err != nil {
			return err
		}
		p.Summary, p.Abstract = teaser(p.Summary), teaser(p.Abstract)
		papers[p.ID] = p
		return nil
	}, `SELECT `+listColumns+`, substr(p.summary, 1, ?1), substr(p.abstract, 1, ?1) FROM json_each(?2) CROSS JOIN paper p ON p.id = value`, teaserBytes+1, listJSON(ids))
	if err != nil {
		return nil, err
	}
	states, err := readStates(ctx, tx, readerID, ids)
	if err != nil {
		return nil, err
	}
	items := make([]offprint.PaperItem, 0, len(hits))
	for _, h := range hits {
		if papers[h.PaperID] == nil {
			continue
		}
		item := offprint.PaperItem{Paper: *papers[h.PaperID], Score: h.Score}
		if st := states[h.PaperID]; st != nil {
			item.State = *st
		}
		items = append(items, item)
	}
	return items, nil
}
