package sqlite

import (
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// A backup taken while others write is whole, and opens as a store.
func TestBackup(t *testing.T) {
	ctx := t.Context()
	s := openTemp(t)
	if _, err := s.PutPapers(ctx, testPapers(0, 200)); err != nil {
		t.Fatal(err)
	}
	r := &offprint.Reader{Name: "ann", Role: offprint.RoleOwner}
	if err := s.CreateReader(ctx, r); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "backup.db")
	var group sync.WaitGroup
	group.Go(func() {
		for n := range 10 {
			if _, err := s.PutPapers(ctx, testPapers(1000+n*50, 50)); err != nil {
				t.Error(err)
			}
			if _, err := s.SetMark(ctx, r.ID, int64(n+1), offprint.MarkVote, true, time.Now()); err != nil {
				t.Error(err)
			}
		}
	})
	if err := s.Backup(ctx, path); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	if err := Verify(ctx, path); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("files %v (%v), want only the backup", files, err)
	}
	copied, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	n, err := copied.PaperCount(ctx)
	if err != nil || n < 200 || n%50 != 0 {
		t.Errorf("%d papers (%v), want 200 and whole batches", n, err)
	}
	want, err := s.Paper(ctx, "2601.00007")
	if err != nil {
		t.Fatal(err)
	}
	got, err := copied.Paper(ctx, "2601.00007")
	if err != nil {
		t.Fatal(err)
	}
	got.Votes, got.Heat, got.HasHeat = want.Votes, want.Heat, want.HasHeat // may have been voted for since
	if !reflect.DeepEqual(got, want) {
		t.Errorf("copied %+v, want %+v", got, want)
	}
}

func TestBackupLeftOver(t *testing.T) {
	s := openTemp(t)
	path := filepath.Join(t.TempDir(), "backup.db")
	if err := os.WriteFile(path+".part", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), path); offprint.KindOf(err) != offprint.KindConflict {
		t.Errorf("error %v, want a conflict", err)
	}
	if _, err := os.Stat(path + ".part"); err != nil {
		t.Errorf("somebody else's file: %v", err)
	}
}
