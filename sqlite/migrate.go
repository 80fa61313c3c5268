package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/offprint/offprint"
)

//go:embed migrations/*.sql
var migrations embed.FS

func newMigrator(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
}

// migrate brings the schema up to date. When two processes start at once, one
// of them finds a migration done that it was about to do: it looks again.
func migrate(ctx context.Context, db *sql.DB) error {
	m, err := newMigrator(db)
	if err != nil {
		return err
	}
	const processes = 5
	for range processes {
		if _, err = checkVersion(ctx, m); err != nil {
			return err
		}
		if _, err = m.Up(ctx); err == nil || ctx.Err() != nil {
			break
		}
		pending, lookErr := m.HasPending(ctx)
		if lookErr != nil {
			return errors.Join(err, lookErr)
		}
		if !pending {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("bring the schema up to date: %w", err)
	}
	return nil
}

// checkVersion refuses a schema that is newer than the program, and reports
// whether it is older.
func checkVersion(ctx context.Context, m *goose.Provider) (older bool, err error) {
	current, target, err := m.GetVersions(ctx)
	if err != nil {
		return false, fmt.Errorf("read the schema's version: %w", err)
	}
	if current > target {
		return false, offprint.Errorf(offprint.KindConflict, "The database was written by a newer version of Offprint (its schema is %d, this program knows %d): use that version, or restore a backup.", current, target)
	}
	return current < target, nil
}
