package sqlite

import (
	"context"
	"database/sql"

	"github.com/offprint/offprint"
)

// absorb moves everything that hangs on a paper that turned out to be a double
// to the one that stays, and removes it. A reader who marked both keeps the
// earlier mark, all tags and both notes; the old key goes on leading here.
func absorb(ctx context.Context, tx *sql.Tx, stays, goes *offprint.Paper) error {
	for _, text := range []string{
		`UPDATE identifier SET paper_id = ?1 WHERE paper_id = ?2`,
		`INSERT INTO identifier (value, paper_id) SELECT 'key:' || key, ?1 FROM paper WHERE id = ?2`,
		`INSERT INTO mark (paper_id, kind, reader_id, listed, at)
			SELECT p.id, m.kind, m.reader_id, p.listed, m.at FROM mark m JOIN paper p ON p.id = ?1 WHERE m.paper_id = ?2
			ON CONFLICT DO UPDATE SET at = min(at, excluded.at)`,
		`DELETE FROM mark WHERE paper_id = ?2`,
		`INSERT INTO tag (paper_id, reader_id, tag, listed)
			SELECT p.id, t.reader_id, t.tag, p.listed FROM tag t JOIN paper p ON p.id = ?1 WHERE t.paper_id = ?2
			ON CONFLICT DO NOTHING`,
		`DELETE FROM tag WHERE paper_id = ?2`,
		`INSERT INTO note (reader_id, paper_id, body)
			SELECT n.reader_id, ?1, n.body FROM note n WHERE n.paper_id = ?2
			ON CONFLICT DO UPDATE SET body = body || char(10, 10) || excluded.body`,
		`DELETE FROM note WHERE paper_id = ?2`,
		`UPDATE comment SET paper_id = ?1 WHERE paper_id = ?2`,
		`DELETE FROM paper WHERE id = ?2`,
		`UPDATE paper SET
			votes = (SELECT count(*) FROM mark WHERE paper_id = ?1 AND kind = 'vote'),
			comments = (SELECT count(*) FROM comment WHERE paper_id = ?1 AND NOT deleted)
			WHERE id = ?1`,
	} {
		if _, err := tx.ExecContext(ctx, text, stays.ID, goes.ID); err != nil {
			return err
		}
	}
	return nil
}
