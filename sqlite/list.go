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
	if err := normalise(&q, maxLimit); err != nil {
		return page, err
	}
	err = s.read(ctx, "list papers", func(tx *sql.Tx) error {
		hits, err := s.hits(ctx, tx, q, &page)
		if err != nil {
			return err
		}
		page.Items, err = readItems(ctx, tx, hits, q.ReaderID)
		return err
	})
	return page, err
}

// Hits implements [offprint.PaperStore].
func (s *Store) Hits(ctx context.Context, q offprint.PaperQuery) (hits []offprint.Hit, total int, err error) {
	if err := normalise(&q, maxGiven); err != nil {
		return nil, 0, err
	}
	var page offprint.PaperPage
	err = s.read(ctx, "find papers", func(tx *sql.Tx) error {
		hits, err = s.hits(ctx, tx, q, &page)
		return err
	})
	return hits, page.Total, err
}

// hits finds the papers of a page, and fills in its total and its next cursor.
func (s *Store) hits(ctx context.Context, tx *sql.Tx, q offprint.PaperQuery, page *offprint.PaperPage) (hits []offprint.Hit, err error) {
	searching := !q.Search.IsZero()
	if q.Sort == offprint.SortGiven {
		hits, err = s.givenHits(ctx, tx, q)
		page.Total = len(hits)
		return hits[:min(len(hits), q.Limit)], err
	}
	from, err := parsePlace(q.Cursor, q.Sort, searching)
	if err != nil {
		return nil, err
	}
	if searching {
		hits, page.Total, page.Next, err = s.searchPage(ctx, tx, q, from)
	} else {
		page.Total = -1
		hits, page.Next, err = listPage(ctx, tx, q, from)
	}
	return hits, err
}

// givenHits are those of q.IDs that satisfy the rest of the query, in their order.
func (s *Store) givenHits(ctx context.Context, tx *sql.Tx, q offprint.PaperQuery) (hits []offprint.Hit, err error) {
	q.Sort, q.Limit = offprint.SortTime, len(q.IDs)
	if q.Search.IsZero() {
		l, err := newLister(ctx, tx, q)
		if err != nil {
			return nil, err
		}
		places, err := l.run(ctx, tx, l.timed(place{}, q.Limit), afterTimed)
		if err != nil {
			return nil, err
		}
		for _, p := range places {
			hits = append(hits, offprint.Hit{ID: p.id})
		}
	} else if hits, _, _, err = s.searchPage(ctx, tx, q, place{}); err != nil {
		return nil, err
	}
	order := make(map[int64]int, len(q.IDs))
	for i, id := range slices.Backward(q.IDs) {
		order[id] = i
	}
	slices.SortFunc(hits, func(a, b offprint.Hit) int { return order[a.ID] - order[b.ID] })
	return hits, nil
}

// normalise fills in what a query leaves open.
func normalise(q *offprint.PaperQuery, most int) error {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Limit = min(q.Limit, most)
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
	if sort == offprint.SortForYou {
		sort = offprint.SortTrending
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
func listPage(ctx context.Context, tx *sql.Tx, q offprint.PaperQuery, from place) (hits []offprint.Hit, next string, err error) {
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
		hits = append(hits, offprint.Hit{ID: p.id})
	}
	return hits, next, nil
}

// readItems reads the papers of a page.
func readItems(ctx context.Context, tx *sql.Tx, hits []offprint.Hit, readerID int64) ([]offprint.PaperItem, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(hits))
	for i, h := range hits {
		ids[i] = h.ID
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
		if papers[h.ID] == nil {
			continue
		}
		item := offprint.PaperItem{Paper: *papers[h.ID], Score: h.Score}
		if st := states[h.ID]; st != nil {
			item.State = *st
		}
		items = append(items, item)
	}
	return items, nil
}
