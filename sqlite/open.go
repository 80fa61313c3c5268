// Package sqlite keeps everything in one SQLite file. It is the store of a
// single machine: any number of processes of it may have the file open at once.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver, in pure Go and with FTS5

	"github.com/offprint/offprint"
)

// Store is an [offprint.Store] in one SQLite file, in WAL mode. Writing goes
// through one connection, so that writers of this process queue in Go and only
// those of other processes meet at the file's lock. Reading has connections of
// its own, that never wait for a writer.
//
// Each commit is synced to disk before it returns (synchronous=FULL): with
// NORMAL a power failure could take back a vote that the page had confirmed. It
// costs one sync an act, and one a batch of an import.
type Store struct {
	writer  *sql.DB
	readers *sql.DB
	jobs    *sql.DB
	search  *searchIndex
}

var _ offprint.Store = (*Store)(nil)

const (
	readConnections = 4
	// Page caches in KiB: a reader's holds the upper levels of the indexes, the
	// writer's what a batch of an import touches at random.
	readCache  = 4 * 1024
	writeCache = 24 * 1024
)

// Open opens the store in the file at path, and brings its schema up to date.
// The file, and the folder that it is in, are created if they are absent, for
// the user alone. A file that a newer version of the program has written is
// refused.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := createFile(path); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	s := &Store{search: newSearchIndex()}
	var err error
	if s.writer, err = open(path, "rw", writeCache); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	s.writer.SetMaxOpenConns(1)
	if err := migrate(ctx, s.writer); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %s: %w", path, err), s.writer.Close())
	}
	if s.readers, err = open(path, "ro", readCache); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %w", err), s.writer.Close())
	}
	s.readers.SetMaxOpenConns(readConnections)
	s.readers.SetMaxIdleConns(readConnections)
	if s.jobs, err = open(path, "rw", readCache); err != nil {
		return nil, errors.Join(fmt.Errorf("sqlite: %w", err), s.readers.Close(), s.writer.Close())
	}
	s.jobs.SetMaxOpenConns(1)
	return s, nil
}

// createFile creates an empty database, since SQLite itself would let others
// read it. The files that SQLite puts beside it take over its mode.
func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("create the folder of the database: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	return f.Close()
}

// open returns a handle of the file; mode is "rw" or "ro". Its connections are
// opened when they are needed.
func open(path, mode string, cacheKiB int) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	v := url.Values{
		"mode":          {mode},
		"_busy_timeout": {"10000"}, // the longest wait for another process's batch
		"_foreign_keys": {"on"},
		"_dqs":          {"0"},
		"_pragma":       {fmt.Sprintf("cache_size(-%d)", cacheKiB), "temp_store(memory)"},
	}
	if mode == "rw" {
		v.Set("_journal_mode", "wal")
		v.Set("_synchronous", "full")
		v.Set("_txlock", "immediate") // a transaction that reads first could not upgrade its lock
		v["_pragma"] = append(v["_pragma"], "wal_autocheckpoint(4000)", "journal_size_limit(67108864)")
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: v.Encode()}
	return sql.Open("sqlite", dsn.String())
}

// Close closes the store. No method may be called during or after it.
func (s *Store) Close() error {
	return errors.Join(s.jobs.Close(), s.readers.Close(), s.writer.Close())
}

// Ping reports whether the store can be read.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.Generation(ctx)
	return err
}

// DB returns a handle of the same file for a library that keeps tables of its
// own in it, such as a job queue. Its transactions take the write lock when
// they begin. It is closed with the store.
func (s *Store) DB() *sql.DB { return s.jobs }
