package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/sqlite"
)

// The names of what is in the data folder.
const (
	storeFile     = "offprint.db"
	jobsFile      = "jobs.db"
	storeLockFile = "store.lock" // shared by all who use the store; restore has it alone
	serveLockFile = "serve.lock" // the one process that serves
)

// openStore opens the store of the data folder, and creates both if they are
// absent. Call close at the end.
func (e *env) openStore(ctx context.Context) (store *sqlite.Store, closeStore func() error, err error) {
	held, err := e.lockFolder(storeLockFile, false, "the store in %s is just being restored: wait until that has ended.")
	if err != nil {
		return nil, nil, err
	}
	store, err = sqlite.Open(ctx, filepath.Join(e.Data, storeFile))
	if err != nil {
		return nil, nil, errors.Join(err, held.Close())
	}
	return store, func() error { return errors.Join(store.Close(), held.Close()) }, nil
}

// lockFolder takes one of the locks of the data folder, which is created if it
// is absent. The sentence says, with %s for the folder, what is wrong when
// another process is in the way, and what to do.
func (e *env) lockFolder(name string, alone bool, sentence string) (*os.File, error) {
	if err := os.MkdirAll(e.Data, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be created: %s", e.Data, reasonOf(err))
	}
	f, ok, err := lock(filepath.Join(e.Data, name), alone)
	if err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be used: %s", e.Data, reasonOf(err))
	}
	if !ok {
		return nil, offprint.Errorf(offprint.KindConflict, sentence, e.Data)
	}
	return f, nil
}

// withStore opens the store for one function and closes it after it.
func (e *env) withStore(ctx context.Context, f func(*sqlite.Store) error) error {
	store, closeStore, err := e.openStore(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(store), closeStore())
}
