package storetest

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/offprint/offprint"
)

// A backup goes to a new file only, and holds up neither readers nor writers.
func testBackup(t *testing.T, s offprint.Store) {
	papers := putSome(t, s, 50)
	r := newReader(t, s, "ann")
	path := filepath.Join(t.TempDir(), "backup")
	var group sync.WaitGroup
	group.Go(func() {
		for _, p := range papers {
			if _, err := s.SetMark(t.Context(), r.ID, p.ID, offprint.MarkVote, true, at); err != nil {
				t.Error(err)
			}
		}
	})
	check(t, s.Backup(t.Context(), path))
	group.Wait()
	info, err := os.Stat(path)
	check(t, err)
	if info.Size() == 0 || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("backup of %d bytes with mode %v", info.Size(), info.Mode())
	}
	wantKind(t, s.Backup(t.Context(), path), offprint.KindConflict)
	again, err := os.Stat(path)
	check(t, err)
	if !os.SameFile(info, again) || info.Size() != again.Size() {
		t.Error("a second backup touched the first")
	}
	if err := s.Backup(t.Context(), filepath.Join(path, "below", "a", "file")); err == nil {
		t.Error("a backup below a file succeeded")
	}
}

func testPing(t *testing.T, s offprint.Store) {
	check(t, s.Ping(t.Context()))
}
