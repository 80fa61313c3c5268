package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

const readerColumns = `id, name, email, role, suspended, settings, created`

func scanReader(row scanner, r *offprint.Reader) error {
	return row.Scan(&r.ID, &r.Name, &r.Email, &r.Role, &r.Suspended, jsonColumn{&r.Settings}, timeColumn{&r.Created})
}

func readers(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]offprint.Reader, error) {
	return list(ctx, tx, scanReader, `SELECT `+readerColumns+` FROM reader WHERE `+where, args...)
}

func cleanReader(r *offprint.Reader) error {
	r.Email = strings.ToLower(strings.TrimSpace(r.Email))
	if r.Role != offprint.RoleOwner && r.Role != offprint.RoleReader {
		return offprint.Errorf(offprint.KindInvalid, "%q is not a role: use owner or reader.", string(r.Role))
	}
	for _, s := range []string{r.Name, r.Email} {
		if err := checkText("name or address", s, offprint.MaxField); err != nil {
			return err
		}
	}
	return nil
}

var errEmailTaken = offprint.Errorf(offprint.KindConflict, "There is an account with this e-mail address already.")

// CreateReader implements [offprint.ReaderStore]. Created is set if it is zero.
func (s *Store) CreateReader(ctx context.Context, r *offprint.Reader) error {
	if err := cleanReader(r); err != nil {
		return err
	}
	created := createdAt(r.Created)
	return s.write(ctx, "create a reader", func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `INSERT INTO reader (name, email, role, suspended, settings, created) VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
			r.Name, r.Email, r.Role, r.Suspended, structJSON(r.Settings), micros(created)).Scan(&r.ID)
		if isTaken(err) {
			return errEmailTaken
		}
		r.Created = created
		return err
	})
}

// createdAt is t, or now, as it is stored.
func createdAt(t time.Time) time.Time {
	if t.IsZero() {
		t = time.Now()
	}
	return t.UTC().Truncate(time.Microsecond)
}

// UpdateReader implements [offprint.ReaderStore]. The last owner stays one, and
// cannot be suspended.
func (s *Store) UpdateReader(ctx context.Context, r *offprint.Reader) error {
	if err := cleanReader(r); err != nil {
		return err
	}
	return s.write(ctx, "update a reader", func(tx *sql.Tx) error {
		if r.Role != offprint.RoleOwner || r.Suspended {
			if err := keepOwner(ctx, tx, r.ID); err != nil {
				return err
			}
		}
		res, err := tx.ExecContext(ctx, `UPDATE reader SET name = ?, email = ?, role = ?, suspended = ?, settings = ? WHERE id = ?`,
			r.Name, r.Email, r.Role, r.Suspended, structJSON(r.Settings), r.ID)
		if isTaken(err) {
			return errEmailTaken
		}
		if err := changed(res, err, errNoReader); err != nil {
			return err
		}
		return papersChanged(ctx, tx) // pages show names beside comments
	})
}

// keepOwner gives an error if the reader is the only owner.
func keepOwner(ctx context.Context, tx *sql.Tx, readerID int64) error {
	var last bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM reader WHERE id = ?1 AND role = 'owner')
		AND NOT EXISTS (SELECT 1 FROM reader WHERE id <> ?1 AND role = 'owner' AND NOT suspended)`, readerID).Scan(&last)
	if err == nil && last {
		return offprint.Errorf(offprint.KindConflict, "This is the last owner: make another reader an owner first.")
	}
	return err
}

// Reader implements [offprint.ReaderStore].
func (s *Store) Reader(ctx context.Context, id int64) (r *offprint.Reader, err error) {
	err = s.read(ctx, "find a reader", func(tx *sql.Tx) error {
		found, err := readers(ctx, tx, `id = ?`, id)
		r, err = one(found, err, errNoReader)
		return err
	})
	return r, err
}

// ReaderByEmail implements [offprint.ReaderStore].
func (s *Store) ReaderByEmail(ctx context.Context, email string) (r *offprint.Reader, err error) {
	email = strings.ToLower(strings.TrimSpace(email))
	err = s.read(ctx, "find a reader", func(tx *sql.Tx) error {
		found, err := readers(ctx, tx, `email = ? AND email <> ''`, email)
		r, err = one(found, err, errNoReader)
		return err
	})
	return r, err
}

// Readers implements [offprint.ReaderStore].
func (s *Store) Readers(ctx context.Context) (all []offprint.Reader, err error) {
	err = s.read(ctx, "list readers", func(tx *sql.Tx) error {
		all, err = readers(ctx, tx, `true ORDER BY id`)
		return err
	})
	return all, err
}

// DeleteReader implements [offprint.ReaderStore].
func (s *Store) DeleteReader(ctx context.Context, id int64) error {
	return s.write(ctx, "delete a reader", func(tx *sql.Tx) error {
		if err := keepOwner(ctx, tx, id); err != nil {
			return err
		}
		voted, err := ids(ctx, tx, `SELECT paper_id FROM mark WHERE reader_id = ? AND kind = 'vote'`, id)
		if err != nil {
			return err
		}
		commented, err := ids(ctx, tx, `SELECT DISTINCT paper_id FROM comment WHERE reader_id = ?`, id)
		if err != nil {
			return err
		}
		for _, text := range []string{
			`DELETE FROM report WHERE comment_id IN (SELECT id FROM comment WHERE reader_id = ?)`,
			`UPDATE comment SET deleted = 1, body = '', reader_id = NULL WHERE reader_id = ?`,
			`DELETE FROM token WHERE email <> '' AND email = (SELECT email FROM reader WHERE id = ?)`,
		} {
			if _, err := tx.ExecContext(ctx, text, id); err != nil {
				return err
			}
		}
		if err := pruneComments(ctx, tx, commented...); err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `DELETE FROM reader WHERE id = ?`, id) // all else goes with it
		if err := changed(r, err, errNoReader); err != nil {
			return err
		}
		return recountVotes(ctx, tx, voted...)
	})
}

func ids(ctx context.Context, tx *sql.Tx, text string, args ...any) ([]int64, error) {
	return list(ctx, tx, func(row scanner, id *int64) error { return row.Scan(id) }, text, args...)
}
