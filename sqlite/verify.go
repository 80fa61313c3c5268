package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/offprint/offprint/fulltext"
)

// Verify checks the store in the file at path, a backup for one: its pages and
// indexes, its references, the counts that it keeps and its full-text index. It
// returns the first thing that is wrong. A store of an older version of the
// program passes if its file is sound, one of a newer does not.
func Verify(ctx context.Context, path string) (err error) {
	if info, err := os.Stat(path); err != nil {
		return fmt.Errorf("verify: %w", err)
	} else if info.Size() == 0 {
		return fmt.Errorf("verify %s: the file is empty", path)
	}
	db, err := open(path, "ro", readCache)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	m, err := newMigrator(db)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	older, err := checkVersion(ctx, m)
	if err != nil {
		return fmt.Errorf("verify %s: %w", path, err)
	}
	return transact(ctx, db, &sql.TxOptions{ReadOnly: true}, "verify "+path, func(tx *sql.Tx) error {
		if err := findNone(ctx, tx, fileChecks); err != nil || older {
			return err
		}
		if err := findNone(ctx, tx, countChecks); err != nil {
			return err
		}
		return checkIndex(ctx, tx)
	})
}

// fileChecks are queries for what is wrong with the file.
var fileChecks = []string{
	`SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'`,
	`SELECT 'a row of ' || "table" || ' refers to a row of ' || parent || ' that is not there' FROM pragma_foreign_key_check LIMIT 10`,
}

// countChecks are queries for counts that differ from what they count.
var countChecks = []string{
	`SELECT 'the number of papers is wrong' FROM totals WHERE papers <> (SELECT count(*) FROM paper)`,
	`SELECT 'the number of papers of a day is wrong: ' || listed
		FROM (SELECT listed, count(*) AS n FROM paper WHERE listed <> 0 GROUP BY listed) FULL JOIN day USING (listed)
		WHERE papers IS NOT n LIMIT 10`,
	`SELECT 'a list is not as long as it should be: ' || kind || ' ' || name FROM facet f
		LEFT JOIN (SELECT facet_id, count(*) AS n FROM paper_facet GROUP BY facet_id) l ON l.facet_id = f.id
		WHERE f.papers <> coalesce(l.n, 0) LIMIT 10`,
	`SELECT 'a paper has a wrong number of votes: ' || key FROM paper p
		LEFT JOIN (SELECT paper_id, count(*) AS n FROM mark WHERE kind = 'vote' GROUP BY paper_id) v ON v.paper_id = p.id
		WHERE p.votes <> coalesce(v.n, 0) LIMIT 10`,
}

func findNone(ctx context.Context, tx *sql.Tx, checks []string) error {
	for _, check := range checks {
		wrong, err := list(ctx, tx, func(row scanner, s *string) error { return row.Scan(s) }, check)
		if err != nil {
			return err
		}
		if len(wrong) > 0 {
			return fmt.Errorf("damaged: %s", strings.Join(wrong, "; "))
		}
	}
	return nil
}

// checkIndex compares the papers in the full-text index with those stored.
func checkIndex(ctx context.Context, tx *sql.Tx) error {
	segments, _, err := newSearchIndex().segments(ctx, tx)
	if err != nil {
		return fmt.Errorf("damaged: full-text index: %w", err)
	}
	indexed := 0
	for _, s := range segments {
		indexed += s.Live()
	}
	index := &fulltext.Index{Segments: segments, Fetch: func(refs []fulltext.BlockRef) ([][]byte, error) { return fetchBlocks(ctx, tx, refs) }}
	all, err := index.Match(fulltext.Request{})
	if err != nil {
		return fmt.Errorf("damaged: full-text index: %w", err)
	}
	stored := 0
	err = query(ctx, tx, func(row scanner) error {
		var id int64
		if err := row.Scan(&id); err != nil {
			return err
		}
		if stored++; !all.Contains(id) {
			return fmt.Errorf("damaged: paper %d is not in the full-text index", id)
		}
		return nil
	}, `SELECT id FROM paper`)
	if err == nil && indexed != stored {
		err = fmt.Errorf("damaged: the full-text index has %d papers, the store %d", indexed, stored)
	}
	return err
}
