package sqlite

import (
	"context"
	"database/sql"

	"github.com/offprint/offprint"
)

var (
	errNoSearch  = offprint.Errorf(offprint.KindNotFound, "There is no such saved search.")
	errSlugTaken = offprint.Errorf(offprint.KindConflict, "The name of the feed is taken: use another.")
)

func savedSearches(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]offprint.SavedSearch, error) {
	return list(ctx, tx, func(row scanner, q *offprint.SavedSearch) error {
		return row.Scan(&q.ID, &q.ReaderID, &q.Name, &q.Query, &q.Slug, &q.Alert, &q.LastID, timeColumn{&q.Created})
	}, `SELECT id, reader_id, name, query, slug, alert, last_id, created FROM saved_search WHERE `+where, args...)
}

func checkSavedSearch(q *offprint.SavedSearch) error {
	for what, s := range map[string]string{"name": q.Name, "search": q.Query} {
		if err := checkText(what, s, offprint.MaxField); err != nil {
			return err
		}
	}
	_, err := offprint.ParseQuery(q.Query)
	return err
}

// newestPaper is where an alert starts: what is stored already is no news.
const newestPaper = `(SELECT last_paper FROM totals)`

// CreateSavedSearch implements [offprint.ReaderStore]: it sets ID, and Created if it is zero.
func (s *Store) CreateSavedSearch(ctx context.Context, q *offprint.SavedSearch) error {
	if err := checkSavedSearch(q); err != nil {
		return err
	}
	created := createdAt(q.Created)
	return s.write(ctx, "save a search", func(tx *sql.Tx) error {
		if err := needReader(ctx, tx, q.ReaderID); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, `INSERT INTO saved_search (reader_id, name, query, slug, alert, last_id, created)
			VALUES (?1, ?2, ?3, ?4, ?5, iif(?5 AND ?6 = 0, `+newestPaper+`, ?6), ?7) RETURNING id, last_id`,
			q.ReaderID, q.Name, q.Query, q.Slug, q.Alert, q.LastID, micros(created)).Scan(&q.ID, &q.LastID)
		if isTaken(err) {
			return errSlugTaken
		}
		q.Created = created
		return err
	})
}

// UpdateSavedSearch implements [offprint.ReaderStore]. LastID never goes back,
// so that a form that was open meanwhile repeats no alert.
func (s *Store) UpdateSavedSearch(ctx context.Context, q *offprint.SavedSearch) error {
	if err := checkSavedSearch(q); err != nil {
		return err
	}
	return s.write(ctx, "update a saved search", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE saved_search SET name = ?, query = ?, slug = ?, alert = ?4,
			last_id = max(last_id, ?5, iif(?4 AND NOT alert, `+newestPaper+`, 0)) WHERE id = ?6 AND reader_id = ?7`,
			q.Name, q.Query, q.Slug, q.Alert, q.LastID, q.ID, q.ReaderID)
		if isTaken(err) {
			return errSlugTaken
		}
		return changed(r, err, errNoSearch)
	})
}

// SavedSearches implements [offprint.ReaderStore].
func (s *Store) SavedSearches(ctx context.Context, readerID int64) (all []offprint.SavedSearch, err error) {
	err = s.read(ctx, "list saved searches", func(tx *sql.Tx) error {
		all, err = savedSearches(ctx, tx, `reader_id = ? ORDER BY id`, readerID)
		return err
	})
	return all, err
}

// SavedSearchBySlug implements [offprint.ReaderStore].
func (s *Store) SavedSearchBySlug(ctx context.Context, slug string) (q *offprint.SavedSearch, err error) {
	err = s.read(ctx, "find a saved search", func(tx *sql.Tx) error {
		found, err := savedSearches(ctx, tx, `slug = ? AND slug <> ''`, slug)
		q, err = one(found, err, errNoSearch)
		return err
	})
	return q, err
}

// AlertSearches implements [offprint.ReaderStore].
func (s *Store) AlertSearches(ctx context.Context) (all []offprint.SavedSearch, err error) {
	err = s.read(ctx, "list alerts", func(tx *sql.Tx) error {
		all, err = savedSearches(ctx, tx, `alert ORDER BY id`)
		return err
	})
	return all, err
}

// DeleteSavedSearch implements [offprint.ReaderStore].
func (s *Store) DeleteSavedSearch(ctx context.Context, readerID, id int64) error {
	return s.write(ctx, "delete a saved search", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM saved_search WHERE reader_id = ? AND id = ?`, readerID, id)
		return changed(r, err, errNoSearch)
	})
}
