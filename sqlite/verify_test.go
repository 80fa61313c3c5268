package sqlite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each kind of damage is found.
func TestVerify(t *testing.T) {
	ctx := t.Context()
	build := func(t *testing.T) string {
		path := filepath.Join(t.TempDir(), "offprint.db")
		s, err := Open(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.PutPapers(ctx, testPapers(0, 100)); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Run("sound", func(t *testing.T) {
		if err := Verify(ctx, build(t)); err != nil {
			t.Error(err)
		}
	})
	for name, text := range map[string]string{
		"reference": `PRAGMA foreign_keys = off; INSERT INTO identifier VALUES ('doi:10.1/x', 4711)`,
		"total":     `UPDATE totals SET papers = papers + 1`,
		"day":       `UPDATE day SET papers = papers + 1`,
		"missing":   `DELETE FROM day`,
		"facet":     `DELETE FROM paper_facet WHERE paper_id = 7`,
		"votes":     `UPDATE paper SET votes = 1 WHERE id = 7`,
		"no index":  `DELETE FROM segment`,
		"segment":   `UPDATE segment SET docs = x'00ff'`,
	} {
		t.Run(name, func(t *testing.T) {
			path := build(t)
			db, err := open(path, "rw", readCache)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.ExecContext(ctx, text); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if err := Verify(ctx, path); err == nil {
				t.Error("passes")
			} else if !strings.Contains(err.Error(), "damaged") {
				t.Errorf("error %v, want one about damage", err)
			}
		})
	}
	for name, damage := range map[string]func(b []byte) []byte{
		"empty": func([]byte) []byte { return nil },
		"cut":   func(b []byte) []byte { return b[:len(b)/2] },
		"no database": func(b []byte) []byte {
			return []byte(strings.Repeat("x", len(b)))
		},
		"overwritten": func(b []byte) []byte {
			for i := len(b) / 3; i < len(b)/3+20_000; i++ {
				b[i] = 0xaa
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := build(t)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(b), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := Verify(ctx, path); err == nil {
				t.Error("passes")
			}
		})
	}
	if err := Verify(ctx, filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("a file that is not there passes")
	}
}
