package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/offprint/offprint"
)

func TestOpenIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder? with #odd %41 name", "data")
	path := filepath.Join(dir, "offprint.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.PutPapers(t.Context(), []offprint.Paper{{Title: "One"}}); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 2 {
		t.Errorf("%d files, want the database and its log", len(files))
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f.Name(), info.Mode())
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v (%v)", info.Mode(), err)
	}
}

// Commits are synced, references enforced, and the log stays bounded.
func TestPragmas(t *testing.T) {
	s := openTemp(t)
	for _, test := range []struct {
		db           *sql.DB
		pragma, want string
	}{
		{s.writer, "journal_mode", "wal"}, {s.writer, "synchronous", "2"}, {s.writer, "foreign_keys", "1"}, {s.writer, "busy_timeout", "10000"},
		{s.readers, "foreign_keys", "1"}, {s.readers, "busy_timeout", "10000"},
		{s.DB(), "journal_mode", "wal"}, {s.DB(), "synchronous", "2"}, {s.DB(), "foreign_keys", "1"},
	} {
		var got string
		if err := test.db.QueryRowContext(t.Context(), `PRAGMA `+test.pragma).Scan(&got); err != nil || got != test.want {
			t.Errorf("%s is %s (%v), want %s", test.pragma, got, err, test.want)
		}
	}
	if _, err := s.readers.ExecContext(t.Context(), `DELETE FROM paper`); err == nil {
		t.Error("a reading connection writes")
	}
}

func TestOpenRefusesNewer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offprint.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.writer.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{Verify(t.Context(), path), reopen(t.Context(), path)} {
		if offprint.KindOf(err) != offprint.KindConflict || !strings.Contains(err.Error(), "newer version") {
			t.Errorf("error %v, want one about a newer version", err)
		}
	}
}

func reopen(ctx context.Context, path string) error {
	s, err := Open(ctx, path)
	if err != nil {
		return err
	}
	return s.Close()
}

func TestOpenNotADatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offprint.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := reopen(t.Context(), path); err == nil {
		t.Error("opened")
	}
	if err := reopen(t.Context(), filepath.Join(path, "below")); err == nil {
		t.Error("opened below a file")
	}
}

// Processes that start at once on a new file all get it, with its schema.
func TestOpenAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offprint.db")
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			s, err := Open(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.PutPapers(t.Context(), []offprint.Paper{{Title: "One"}}); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if err := Verify(t.Context(), path); err != nil {
		t.Error(err)
	}
}

// Two stores of one file, as of two processes: what one has done, the other
// sees, and neither fails for the other's writing.
func TestTwoStores(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offprint.db")
	var stores [2]*Store
	for i := range stores {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		stores[i] = s
	}
	var group sync.WaitGroup
	for i, s := range stores {
		group.Go(func() {
			for n := range 20 {
				if _, err := s.PutPapers(t.Context(), testPapers(i*1000+n*20, 20)); err != nil {
					t.Error(err)
				}
				if _, err := s.Papers(t.Context(), offprint.PaperQuery{Sort: offprint.SortTrending}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	for _, s := range stores {
		if n, err := s.PaperCount(t.Context()); err != nil || n != 800 {
			t.Errorf("%d papers (%v), want 800", n, err)
		}
	}
	if err := Verify(t.Context(), path); err != nil {
		t.Error(err)
	}
}

// A library's own tables live in the same file.
func TestDB(t *testing.T) {
	s := openTemp(t)
	if _, err := s.DB().ExecContext(t.Context(), `CREATE TABLE job (id INTEGER PRIMARY KEY); INSERT INTO job VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := s.readers.QueryRowContext(t.Context(), `SELECT count(*) FROM job`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d jobs (%v), want 1", n, err)
	}
}

func TestClosed(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "offprint.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err == nil || errors.Is(err, sql.ErrNoRows) {
		t.Errorf("ping of a closed store: %v", err)
	}
}
