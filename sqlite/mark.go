package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/offprint/offprint"
)

var errNoReader = offprint.Errorf(offprint.KindNotFound, "There is no such reader here.")

func needReader(ctx context.Context, tx *sql.Tx, id int64) error {
	err := tx.QueryRowContext(ctx, `SELECT id FROM reader WHERE id = ?`, id).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return errNoReader
	}
	return err
}

func needBoth(ctx context.Context, tx *sql.Tx, readerID, paperID int64) error {
	if err := needReader(ctx, tx, readerID); err != nil {
		return err
	}
	return needPaper(ctx, tx, paperID)
}

// SetMark implements [offprint.ReaderStore]. A mark that is already there keeps
// its time.
func (s *Store) SetMark(ctx context.Context, readerID, paperID int64, m offprint.Mark, on bool, at time.Time) (votes int, err error) {
	if _, err := offprint.ParseMark(string(m)); err != nil {
		return 0, err
	}
	err = s.write(ctx, "set a mark", func(tx *sql.Tx) error {
		if err := needBoth(ctx, tx, readerID, paperID); err != nil {
			return err
		}
		text, args := `DELETE FROM mark WHERE paper_id = ? AND kind = ? AND reader_id = ?`, []any{paperID, m, readerID}
		if on {
			text = `INSERT INTO mark (paper_id, kind, reader_id, listed, at)
				SELECT id, ?2, ?3, listed, ?4 FROM paper WHERE id = ?1 ON CONFLICT DO NOTHING`
			args = append(args, micros(at))
		}
		r, err := tx.ExecContext(ctx, text, args...)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		if err != nil {
			return err
		}
		if m == offprint.MarkVote && n > 0 {
			if err := recountVotes(ctx, tx, paperID); err != nil {
				return err
			}
		}
		return tx.QueryRowContext(ctx, `SELECT votes FROM paper WHERE id = ?`, paperID).Scan(&votes)
	})
	return votes, err
}

// recountVotes brings votes and heat of papers in line with the marks.
func recountVotes(ctx context.Context, tx *sql.Tx, paperIDs ...int64) error {
	if _, err := tx.ExecContext(ctx, `UPDATE paper SET votes = (SELECT count(*) FROM mark WHERE paper_id = paper.id AND kind = 'vote')
		WHERE id IN (SELECT value FROM json_each(?))`, listJSON(paperIDs)); err != nil {
		return err
	}
	if err := reheat(ctx, tx, paperIDs...); err != nil {
		return err
	}
	return papersChanged(ctx, tx)
}

// Acts implements [offprint.ReaderStore].
func (s *Store) Acts(ctx context.Context, readerID int64) (acts []offprint.Act, err error) {
	whose := `?1 = 0`
	if readerID != 0 {
		whose = `reader_id = ?1`
	}
	err = s.read(ctx, "read a reader's acts", func(tx *sql.Tx) error {
		return query(ctx, tx, func(row scanner) error {
			var a offprint.Act
			var kind, tag string
			var at time.Time
			if err := row.Scan(&a.ReaderID, &a.PaperID, &kind, &tag, timeColumn{&at}); err != nil {
				return err
			}
			if n := len(acts); n == 0 || acts[n-1].ReaderID != a.ReaderID || acts[n-1].PaperID != a.PaperID {
				acts = append(acts, a)
			}
			switch last := &acts[len(acts)-1]; offprint.Mark(kind) {
			case offprint.MarkVote:
				last.Vote = at
			case offprint.MarkSave:
				last.Save = at
			case offprint.MarkRead:
				last.Read = at
			case offprint.MarkHide:
				last.Hide = at
			default:
				last.Tags = append(last.Tags, tag)
			}
			return nil
		}, `SELECT * FROM (
				SELECT reader_id, paper_id, kind, '' AS tag, at FROM mark WHERE `+whose+`
				UNION ALL SELECT reader_id, paper_id, 'tag', tag, 0 FROM tag WHERE `+whose+`
			) ORDER BY reader_id, paper_id, kind, tag`, readerID)
	})
	return acts, err
}

// SetTags implements [offprint.ReaderStore].
func (s *Store) SetTags(ctx context.Context, readerID, paperID int64, tags []string) error {
	clean, err := cleanTags(tags)
	if err != nil {
		return err
	}
	return s.write(ctx, "set tags", func(tx *sql.Tx) error {
		if err := needBoth(ctx, tx, readerID, paperID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM tag WHERE paper_id = ? AND reader_id = ?`, paperID, readerID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO tag (paper_id, reader_id, tag, listed)
			SELECT p.id, ?2, value, p.listed FROM json_each(?3) CROSS JOIN paper p ON p.id = ?1`, paperID, readerID, listJSON(clean))
		return err
	})
}

func cleanTags(tags []string) ([]string, error) {
	var clean []string
	for _, t := range tags {
		tag, err := offprint.CleanTag(t)
		if err != nil {
			return nil, err
		}
		clean = append(clean, tag)
	}
	slices.Sort(clean)
	clean = slices.Compact(clean)
	if len(clean) > offprint.MaxTags {
		return nil, offprint.Errorf(offprint.KindInvalid, "A paper can have %d tags of yours, not %d.", offprint.MaxTags, len(clean))
	}
	return clean, nil
}

// SetNote implements [offprint.ReaderStore].
func (s *Store) SetNote(ctx context.Context, readerID, paperID int64, note string) error {
	if err := checkText("note", note, offprint.MaxNote); err != nil {
		return err
	}
	return s.write(ctx, "set a note", func(tx *sql.Tx) error {
		if err := needBoth(ctx, tx, readerID, paperID); err != nil {
			return err
		}
		var err error
		if strings.TrimSpace(note) == "" {
			_, err = tx.ExecContext(ctx, `DELETE FROM note WHERE reader_id = ? AND paper_id = ?`, readerID, paperID)
		} else {
			_, err = tx.ExecContext(ctx, `INSERT INTO note (reader_id, paper_id, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body`, readerID, paperID, note)
		}
		return err
	})
}

// checkText refuses what is not text, or too much of it.
func checkText(what, s string, limit int) error {
	if len(s) > limit {
		return offprint.Errorf(offprint.KindTooLarge, "The %s is too long: use at most %d bytes.", what, limit)
	}
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return offprint.Errorf(offprint.KindInvalid, "The %s is not text in UTF-8.", what)
	}
	return nil
}

// Tags implements [offprint.ReaderStore].
func (s *Store) Tags(ctx context.Context, readerID int64) (counts []offprint.Count, err error) {
	err = s.read(ctx, "count tags", func(tx *sql.Tx) error {
		counts, err = readCounts(ctx, tx, `SELECT tag, count(*) FROM tag WHERE reader_id = ? GROUP BY tag ORDER BY tag`, readerID)
		return err
	})
	return counts, err
}

// RenameTag implements [offprint.ReaderStore]. A tag that is renamed to another
// one of the reader's is merged into it. Its feed goes with it, unless the other
// has one.
func (s *Store) RenameTag(ctx context.Context, readerID int64, from, to string) error {
	if to != "" {
		var err error
		if to, err = offprint.CleanTag(to); err != nil {
			return err
		}
	}
	if from == to {
		return nil
	}
	return s.write(ctx, "rename a tag", func(tx *sql.Tx) error {
		if to != "" {
			if _, err := tx.ExecContext(ctx, `INSERT INTO tag (paper_id, reader_id, tag, listed)
				SELECT paper_id, reader_id, ?3, listed FROM tag WHERE reader_id = ?1 AND tag = ?2 ON CONFLICT DO NOTHING`, readerID, from, to); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `UPDATE OR IGNORE published_tag SET tag = ?3 WHERE reader_id = ?1 AND tag = ?2`, readerID, from, to); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM published_tag WHERE reader_id = ? AND tag = ?`, readerID, from); err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `DELETE FROM tag WHERE reader_id = ? AND tag = ?`, readerID, from)
		return changed(r, err, offprint.Errorf(offprint.KindNotFound, "You have no such tag."))
	})
}

// PublishTag implements [offprint.ReaderStore].
func (s *Store) PublishTag(ctx context.Context, t offprint.PublishedTag) error {
	tag, err := offprint.CleanTag(t.Tag)
	if err != nil {
		return err
	}
	if t.Slug == "" {
		return offprint.Errorf(offprint.KindInvalid, "A published tag needs a name for its feed.")
	}
	return s.write(ctx, "publish a tag", func(tx *sql.Tx) error {
		if err := needReader(ctx, tx, t.ReaderID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO published_tag (slug, reader_id, tag) VALUES (?, ?, ?)`, t.Slug, t.ReaderID, tag)
		if isTaken(err) {
			return offprint.Errorf(offprint.KindConflict, "The tag has a feed already.")
		}
		return err
	})
}

var errNoPublishedTag = offprint.Errorf(offprint.KindNotFound, "There is no feed of such a tag.")

// UnpublishTag implements [offprint.ReaderStore].
func (s *Store) UnpublishTag(ctx context.Context, readerID int64, tag string) error {
	return s.write(ctx, "unpublish a tag", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM published_tag WHERE reader_id = ? AND tag = ?`, readerID, tag)
		return changed(r, err, errNoPublishedTag)
	})
}

// PublishedTags implements [offprint.ReaderStore].
func (s *Store) PublishedTags(ctx context.Context, readerID int64) (tags []offprint.PublishedTag, err error) {
	err = s.read(ctx, "list published tags", func(tx *sql.Tx) error {
		tags, err = publishedTags(ctx, tx, `reader_id = ? ORDER BY tag`, readerID)
		return err
	})
	return tags, err
}

func publishedTags(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]offprint.PublishedTag, error) {
	return list(ctx, tx, func(row scanner, t *offprint.PublishedTag) error {
		return row.Scan(&t.ReaderID, &t.Tag, &t.Slug)
	}, `SELECT reader_id, tag, slug FROM published_tag WHERE `+where, args...)
}

// PublishedTag implements [offprint.ReaderStore].
func (s *Store) PublishedTag(ctx context.Context, slug string) (t *offprint.PublishedTag, err error) {
	err = s.read(ctx, "find a published tag", func(tx *sql.Tx) error {
		tags, err := publishedTags(ctx, tx, `slug = ?`, slug)
		t, err = one(tags, err, errNoPublishedTag)
		return err
	})
	return t, err
}
