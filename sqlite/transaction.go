package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// write runs f in a transaction that has the write lock from its start. What f
// did is on disk when write returns nil, and undone otherwise. Calls in f must
// use tx: the connection is the only one.
func (s *Store) write(ctx context.Context, op string, f func(tx *sql.Tx) error) error {
	return transact(ctx, s.writer, nil, op, f)
}

// read runs f on a snapshot.
func (s *Store) read(ctx context.Context, op string, f func(tx *sql.Tx) error) error {
	return transact(ctx, s.readers, &sql.TxOptions{ReadOnly: true}, op, f)
}

func transact(ctx context.Context, db *sql.DB, opts *sql.TxOptions, op string, f func(tx *sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // the first error says more
		return fmt.Errorf("%s: %w", op, cancelled(ctx, err))
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s: %w", op, cancelled(ctx, err))
	}
	return nil
}

// cancelled returns the error of a context that is done in place of what came
// of it: the transaction has been rolled back and its statements closed.
func cancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// isTaken reports whether err is a violation of a unique index.
func isTaken(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// changed returns notFound if a statement changed no row.
func changed(r sql.Result, err error, notFound error) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return notFound
}

// query calls scan for each row.
func query(ctx context.Context, tx *sql.Tx, scan func(row scanner) error, text string, args ...any) error {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// scanner is a row, of one or of many.
type scanner interface{ Scan(dest ...any) error }

// list returns what scan makes of each row.
func list[T any](ctx context.Context, tx *sql.Tx, scan func(row scanner, v *T) error, text string, args ...any) ([]T, error) {
	var all []T
	err := query(ctx, tx, func(row scanner) error {
		var v T
		err := scan(row, &v)
		all = append(all, v)
		return err
	}, text, args...)
	return all, err
}

// one returns the first of a list, or notFound if it is empty.
func one[T any](all []T, err, notFound error) (*T, error) {
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, notFound
	}
	return &all[0], nil
}
