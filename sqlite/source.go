package sqlite

import (
	"context"
	"database/sql"

	"github.com/offprint/offprint"
)

var (
	errNoSource    = offprint.Errorf(offprint.KindNotFound, "There is no such source.")
	errSourceTaken = offprint.Errorf(offprint.KindConflict, "There is such a source already.")
)

// sources returns sources with the number of papers that have come from them:
// sources of arXiv share an origin.
func sources(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]offprint.Source, error) {
	all, err := list(ctx, tx, func(row scanner, s *offprint.Source) error {
		return row.Scan(&s.ID, &s.Kind, &s.Name, &s.URL, linesColumn{&s.Sets}, &s.AllowPrivate, &s.Paused, timeColumn{&s.Since}, &s.Cursor, &s.ETag, &s.LastModified,
			timeColumn{&s.Created}, timeColumn{&s.LastRun}, timeColumn{&s.LastSuccess}, &s.LastError, &s.Failures, timeColumn{&s.NextRun})
	}, `SELECT id, kind, name, url, sets, allow_private, paused, since, cursor, etag, last_modified,
		created, last_run, last_success, last_error, failures, next_run FROM source WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	for i := range all {
		id := originFacet(originOf(&all[i])).id()
		if err := tx.QueryRowContext(ctx, `SELECT coalesce((SELECT papers FROM facet WHERE id = ?), 0)`, id).Scan(&all[i].Papers); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// originOf is the [offprint.Origin.Source] of a source's papers.
func originOf(s *offprint.Source) string {
	if s.Kind == offprint.SourceFeed {
		return "feed:" + s.URL
	}
	return string(s.Kind)
}

func checkSource(s *offprint.Source) error {
	if s.Kind != offprint.SourceArXiv && s.Kind != offprint.SourceFeed {
		return offprint.Errorf(offprint.KindInvalid, "%q is not a kind of source: use arxiv or feed.", string(s.Kind))
	}
	return checkText("address", s.URL, offprint.MaxField)
}

// CreateSource implements [offprint.SourceStore]: it sets ID, and Created if it is zero.
func (s *Store) CreateSource(ctx context.Context, src *offprint.Source) error {
	if err := checkSource(src); err != nil {
		return err
	}
	created := createdAt(src.Created)
	return s.write(ctx, "create a source", func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `INSERT INTO source (kind, name, url, sets, allow_private, paused, since, cursor, etag, last_modified,
				created, last_run, last_success, last_error, failures, next_run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			src.Kind, src.Name, src.URL, sortedLines(src.Sets), src.AllowPrivate, src.Paused, micros(src.Since), src.Cursor, src.ETag, src.LastModified,
			micros(created), micros(src.LastRun), micros(src.LastSuccess), src.LastError, src.Failures, micros(src.NextRun)).Scan(&src.ID)
		if isTaken(err) {
			return errSourceTaken
		}
		src.Created = created
		return err
	})
}

// UpdateSource implements [offprint.SourceStore]. Created and Papers are not changed.
func (s *Store) UpdateSource(ctx context.Context, src *offprint.Source) error {
	if err := checkSource(src); err != nil {
		return err
	}
	return s.write(ctx, "update a source", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE source SET kind = ?, name = ?, url = ?, sets = ?, allow_private = ?, paused = ?, since = ?, cursor = ?, etag = ?, last_modified = ?,
				last_run = ?, last_success = ?, last_error = ?, failures = ?, next_run = ? WHERE id = ?`,
			src.Kind, src.Name, src.URL, sortedLines(src.Sets), src.AllowPrivate, src.Paused, micros(src.Since), src.Cursor, src.ETag, src.LastModified,
			micros(src.LastRun), micros(src.LastSuccess), src.LastError, src.Failures, micros(src.NextRun), src.ID)
		if isTaken(err) {
			return errSourceTaken
		}
		return changed(r, err, errNoSource)
	})
}

// Source implements [offprint.SourceStore].
func (s *Store) Source(ctx context.Context, id int64) (src *offprint.Source, err error) {
	err = s.read(ctx, "find a source", func(tx *sql.Tx) error {
		found, err := sources(ctx, tx, `id = ?`, id)
		src, err = one(found, err, errNoSource)
		return err
	})
	return src, err
}

// Sources implements [offprint.SourceStore].
func (s *Store) Sources(ctx context.Context) (all []offprint.Source, err error) {
	err = s.read(ctx, "list sources", func(tx *sql.Tx) error {
		all, err = sources(ctx, tx, `true ORDER BY id`)
		return err
	})
	return all, err
}

// DeleteSource implements [offprint.SourceStore].
func (s *Store) DeleteSource(ctx context.Context, id int64) error {
	return s.write(ctx, "delete a source", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM source WHERE id = ?`, id)
		return changed(r, err, errNoSource)
	})
}

// PutBatch implements [offprint.SourceStore]. Of the source only its place
// (Since, Cursor, ETag, LastModified) is stored: the rest may have been changed
// by its owner since the run began. Papers that become withdrawn count as updated.
func (s *Store) PutBatch(ctx context.Context, src offprint.Source, b offprint.Batch) (offprint.PutResult, error) {
	return s.putPapers(ctx, b.Papers, func(tx *sql.Tx, res *offprint.PutResult) error {
		n, err := withdraw(ctx, tx, b.Deleted)
		if err != nil {
			return err
		}
		res.Updated += n
		r, err := tx.ExecContext(ctx, `UPDATE source SET since = ?, cursor = ?, etag = ?, last_modified = ? WHERE id = ?`,
			micros(src.Since), src.Cursor, src.ETag, src.LastModified, src.ID)
		return changed(r, err, errNoSource)
	})
}

// withdraw marks papers as withdrawn and returns how many were not so before.
// Those that are not stored are left out.
func withdraw(ctx context.Context, tx *sql.Tx, arxivIDs []string) (int, error) {
	var names []string
	for _, s := range arxivIDs {
		if id, _, ok := offprint.ParseArXivID(s); ok {
			names = append(names, "arxiv:"+id)
		}
	}
	if len(names) == 0 {
		return 0, nil
	}
	r, err := tx.ExecContext(ctx, `UPDATE paper SET withdrawn = 1 WHERE NOT withdrawn
		AND id IN (SELECT i.paper_id FROM json_each(?) n CROSS JOIN identifier i ON i.value = n.value)`, listJSON(names))
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	if err != nil || n == 0 {
		return 0, err
	}
	return int(n), papersChanged(ctx, tx)
}
