package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/offprint/offprint"
)

// Backup implements [offprint.Store]. It copies one snapshot, compacted, and
// path appears only once the copy is complete and on disk.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return offprint.Errorf(offprint.KindConflict, "%s exists: choose a new file for the backup.", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("back up: %w", err)
	}
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return offprint.Errorf(offprint.KindConflict, "%s is left from a backup that was cut off, or is being written: remove it if no backup runs.", part)
	} else if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(part)
		}
	}()
	if _, err = s.readers.ExecContext(ctx, `VACUUM INTO ?`, part); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	if err = os.Rename(part, path); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name in a folder durable, where folders can be synced.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	_ = d.Sync() // some file systems cannot
	return d.Close()
}

// Verify checks the store in the file at path, a backup for one: its pages and
// indexes, its references, its full-text index and the counts that it keeps. It
// returns the first thing that is wrong. A store of an older version passes,
// one of a newer does not.
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
	if err := checkVersion(ctx, m); err != nil {
		return fmt.Errorf("verify %s: %w", path, err)
	}
	return transact(ctx, db, &sql.TxOptions{ReadOnly: true}, "verify "+path, func(tx *sql.Tx) error {
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
	})
}

// checks are queries for what is wrong.
var checks = []string{
	`SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'`,
	`SELECT 'a row of ' || "table" || ' refers to a row of ' || parent || ' that is not there' FROM pragma_foreign_key_check LIMIT 10`,
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
