package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/sqlite"
)

type backupCmd struct {
	File string `arg:"" help:"File to write; it must not exist."`
}

func (c backupCmd) Run(ctx context.Context, e *env) error {
	if _, err := os.Lstat(c.File); err == nil {
		return offprint.Errorf(offprint.KindConflict, "%s exists already: name another file, or remove it first.", c.File)
	}
	return e.withStore(ctx, func(store *sqlite.Store) error {
		if err := store.Backup(ctx, c.File); err != nil {
			return fmt.Errorf("backup: %w", err)
		}
		fmt.Fprintf(e.stdout, "%s holds the whole store. \"offprint restore %s\" puts it back.\n", c.File, c.File)
		return nil
	})
}

type restoreCmd struct {
	File  string `arg:"" help:"Backup to restore."`
	Force bool   `env:"-" help:"Replace the store that is there. It is kept beside the new one."`
}

func (c restoreCmd) Run(ctx context.Context, e *env) error {
	held, err := e.lockFolder(storeLockFile, true, "the store in %s is in use: end offprint serve, and whatever else uses it, then restore.")
	if err != nil {
		return err
	}
	defer held.Close()
	target := filepath.Join(e.Data, storeFile)
	_, err = os.Lstat(target)
	there := err == nil
	if there && !c.Force {
		return offprint.Errorf(offprint.KindConflict, "there is a store in %s already: add --force to replace it. It is then kept beside the new one.", e.Data)
	}

	// What is verified is the copy, which nobody else can change meanwhile.
	incoming := target + ".incoming"
	defer removeStore(incoming)
	removeStore(incoming)
	if err := copyFile(ctx, incoming, c.File); err != nil {
		return fmt.Errorf("%s cannot be copied: %w", c.File, err)
	}
	if err := sqlite.Verify(ctx, incoming); err != nil {
		return fmt.Errorf("%s is not restored: %w", c.File, err)
	}

	if there {
		aside := target + time.Now().UTC().Format(".before-20060102T150405Z")
		if err := moveStore(target, aside); err != nil {
			return fmt.Errorf("the present store cannot be put aside: %w", err)
		}
		fmt.Fprintf(e.stdout, "The former store is now %s.\n", aside)
	}
	// What waits in the queue belongs to the readers of the former store.
	removeStore(filepath.Join(e.Data, jobsFile))
	if err := moveStore(incoming, target); err != nil {
		return fmt.Errorf("the store cannot be put in place: %w", err)
	}
	fmt.Fprintf(e.stdout, "%s is restored into %s.\n", c.File, e.Data)
	return nil
}

// sidecars are the suffixes of the files that make up a SQLite database. The
// database itself is moved last and removed first.
var sidecars = []string{"-wal", "-shm", ""}

func moveStore(from, to string) error {
	for _, suffix := range sidecars {
		if err := os.Rename(from+suffix, to+suffix); err != nil && (suffix == "" || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return syncFolder(filepath.Dir(to))
}

func removeStore(path string) {
	for i := len(sidecars) - 1; i >= 0; i-- {
		_ = os.Remove(path + sidecars[i]) // mostly absent
	}
}

// copyFile writes a new file, for the user alone, and has it on disk when it returns.
func copyFile(ctx context.Context, to, from string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, readerFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return in.Read(p)
	})); err != nil {
		return err
	}
	return out.Sync()
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// syncFolder makes renamings in a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
