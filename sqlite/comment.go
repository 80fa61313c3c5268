package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

var errNoComment = offprint.Errorf(offprint.KindNotFound, "There is no such comment here.")

func comments(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]offprint.Comment, error) {
	return list(ctx, tx, func(row scanner, c *offprint.Comment) error {
		return row.Scan(&c.ID, &c.PaperID, &c.PaperKey, &c.PaperTitle, &c.ReaderID, &c.Author, &c.ParentID, &c.Body, timeColumn{&c.Created}, timeColumn{&c.Edited}, &c.Deleted, &c.Reports)
	}, `SELECT c.id, c.paper_id, p.key, p.title, coalesce(c.reader_id, 0), coalesce(r.name, ''), coalesce(c.parent_id, 0), c.body, c.created, c.edited, c.deleted,
			(SELECT count(*) FROM report WHERE comment_id = c.id)
		FROM comment c JOIN paper p ON p.id = c.paper_id LEFT JOIN reader r ON r.id = c.reader_id WHERE `+where, args...)
}

func findComment(ctx context.Context, tx *sql.Tx, id int64) (*offprint.Comment, error) {
	found, err := comments(ctx, tx, `c.id = ?`, id)
	return one(found, err, errNoComment)
}

func checkBody(body string) error {
	if strings.TrimSpace(body) == "" {
		return offprint.Errorf(offprint.KindInvalid, "The comment is empty.")
	}
	return checkText("comment", body, offprint.MaxBody)
}

// CreateComment implements [offprint.CommentStore]. Created is set if it is zero.
func (s *Store) CreateComment(ctx context.Context, c *offprint.Comment) error {
	if err := checkBody(c.Body); err != nil {
		return err
	}
	return s.write(ctx, "create a comment", func(tx *sql.Tx) error {
		if err := needBoth(ctx, tx, c.ReaderID, c.PaperID); err != nil {
			return err
		}
		if c.ParentID != 0 {
			parent, err := findComment(ctx, tx, c.ParentID)
			if err != nil {
				return err
			}
			if parent.PaperID != c.PaperID {
				return offprint.Errorf(offprint.KindInvalid, "The comment that this one answers is under another paper.")
			}
			if parent.Deleted {
				return offprint.Errorf(offprint.KindConflict, "The comment that this one answers has been deleted.")
			}
		}
		var id int64
		err := tx.QueryRowContext(ctx, `INSERT INTO comment (paper_id, reader_id, parent_id, body, created, edited, deleted) VALUES (?, ?, ?, ?, ?, 0, 0) RETURNING id`,
			c.PaperID, c.ReaderID, nullID(c.ParentID), c.Body, micros(createdAt(c.Created))).Scan(&id)
		if err != nil {
			return err
		}
		stored, err := findComment(ctx, tx, id)
		if err != nil {
			return err
		}
		*c = *stored
		return recountComments(ctx, tx, c.PaperID)
	})
}

// recountComments brings the counts of papers in line with their comments.
func recountComments(ctx context.Context, tx *sql.Tx, paperIDs ...int64) error {
	if _, err := tx.ExecContext(ctx, `UPDATE paper SET comments = (SELECT count(*) FROM comment WHERE paper_id = paper.id AND NOT deleted)
		WHERE id IN (SELECT value FROM json_each(?))`, listJSON(paperIDs)); err != nil {
		return err
	}
	return papersChanged(ctx, tx)
}

// pruneComments removes placeholders that have no replies, and then those that
// had no others, and recounts.
func pruneComments(ctx context.Context, tx *sql.Tx, paperIDs ...int64) error {
	for {
		r, err := tx.ExecContext(ctx, `DELETE FROM comment WHERE deleted AND paper_id IN (SELECT value FROM json_each(?))
			AND NOT EXISTS (SELECT 1 FROM comment reply WHERE reply.parent_id = comment.id)`, listJSON(paperIDs))
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return recountComments(ctx, tx, paperIDs...)
		}
	}
}

// Comment implements [offprint.CommentStore].
func (s *Store) Comment(ctx context.Context, id int64) (c *offprint.Comment, err error) {
	err = s.read(ctx, "find a comment", func(tx *sql.Tx) error {
		c, err = findComment(ctx, tx, id)
		return err
	})
	return c, err
}

// Comments implements [offprint.CommentStore].
func (s *Store) Comments(ctx context.Context, paperID int64) (all []offprint.Comment, err error) {
	err = s.read(ctx, "list comments", func(tx *sql.Tx) error {
		all, err = comments(ctx, tx, `c.paper_id = ? ORDER BY c.created, c.id`, paperID)
		return err
	})
	return all, err
}

// RecentComments implements [offprint.CommentStore].
func (s *Store) RecentComments(ctx context.Context, limit int) (all []offprint.Comment, err error) {
	err = s.read(ctx, "list recent comments", func(tx *sql.Tx) error {
		all, err = comments(ctx, tx, `NOT c.deleted ORDER BY c.id DESC LIMIT ?`, max(limit, 0))
		return err
	})
	return all, err
}

// EditComment implements [offprint.CommentStore].
func (s *Store) EditComment(ctx context.Context, id int64, body string, at time.Time) error {
	if err := checkBody(body); err != nil {
		return err
	}
	return s.write(ctx, "edit a comment", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE comment SET body = ?, edited = ? WHERE id = ? AND NOT deleted`, body, micros(at), id)
		if err := changed(r, err, errNoComment); err != nil {
			return err
		}
		return papersChanged(ctx, tx)
	})
}

// DeleteComment implements [offprint.CommentStore].
func (s *Store) DeleteComment(ctx context.Context, id int64) error {
	return s.write(ctx, "delete a comment", func(tx *sql.Tx) error {
		c, err := findComment(ctx, tx, id)
		if err != nil {
			return err
		}
		if c.Deleted {
			return errNoComment
		}
		for _, text := range []string{`DELETE FROM report WHERE comment_id = ?`, `UPDATE comment SET deleted = 1, body = '' WHERE id = ?`} {
			if _, err := tx.ExecContext(ctx, text, id); err != nil {
				return err
			}
		}
		return pruneComments(ctx, tx, c.PaperID)
	})
}

// ReportComment implements [offprint.CommentStore]. A second report by the same
// reader changes nothing.
func (s *Store) ReportComment(ctx context.Context, id, readerID int64, reason string) error {
	if err := checkText("reason", reason, offprint.MaxField); err != nil {
		return err
	}
	return s.write(ctx, "report a comment", func(tx *sql.Tx) error {
		if err := needReader(ctx, tx, readerID); err != nil {
			return err
		}
		if c, err := findComment(ctx, tx, id); err != nil {
			return err
		} else if c.Deleted {
			return errNoComment
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO report (comment_id, reader_id, reason, created) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			id, readerID, reason, micros(time.Now()))
		return err
	})
}

// DismissReports implements [offprint.CommentStore].
func (s *Store) DismissReports(ctx context.Context, id int64) error {
	return s.write(ctx, "dismiss reports", func(tx *sql.Tx) error {
		if _, err := findComment(ctx, tx, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM report WHERE comment_id = ?`, id)
		return err
	})
}

// ReportedComments implements [offprint.CommentStore].
func (s *Store) ReportedComments(ctx context.Context) (all []offprint.Comment, err error) {
	err = s.read(ctx, "list reported comments", func(tx *sql.Tx) error {
		if all, err = comments(ctx, tx, `c.id IN (SELECT comment_id FROM report) ORDER BY c.id`); err != nil {
			return err
		}
		for i := range all {
			err := tx.QueryRowContext(ctx, `SELECT coalesce(group_concat(replace(reason, char(10), ' '), char(10)), '') FROM report WHERE comment_id = ? AND reason <> ''`,
				all[i].ID).Scan(&all[i].Reasons)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}
