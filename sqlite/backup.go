package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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
	path, err = filepath.Abs(path) // SQLite would take "file:" at its start for more than a name
	if err != nil {
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
