package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/offprint/offprint"
)

const tokenColumns = `hash, purpose, email, role, coalesce(reader_id, 0), created, expires`

func scanToken(row scanner, t *offprint.Token) error {
	return row.Scan(&t.Hash, &t.Purpose, &t.Email, &t.Role, &t.By, timeColumn{&t.Created}, timeColumn{&t.Expires})
}

var errNoToken = offprint.Errorf(offprint.KindNotFound, "The link is not valid: it has been used, or has expired.")

// CreateToken implements [offprint.ReaderStore].
func (s *Store) CreateToken(ctx context.Context, t offprint.Token) error {
	if len(t.Hash) == 0 {
		return offprint.Errorf(offprint.KindInvalid, "The token has no hash.")
	}
	return s.write(ctx, "create a token", func(tx *sql.Tx) error {
		if t.By != 0 {
			if err := needReader(ctx, tx, t.By); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO token (hash, purpose, email, role, reader_id, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			t.Hash, t.Purpose, t.Email, t.Role, nullID(t.By), micros(t.Created), micros(t.Expires))
		if isTaken(err) {
			return offprint.Errorf(offprint.KindConflict, "There is such a token already.")
		}
		return err
	})
}

// Token implements [offprint.ReaderStore].
func (s *Store) Token(ctx context.Context, hash []byte, now time.Time) (t *offprint.Token, err error) {
	err = s.read(ctx, "find a token", func(tx *sql.Tx) error {
		found, err := list(ctx, tx, scanToken, `SELECT `+tokenColumns+` FROM token WHERE hash = ? AND expires > ?`, hash, micros(now))
		t, err = one(found, err, errNoToken)
		return err
	})
	return t, err
}

// UseToken implements [offprint.ReaderStore].
func (s *Store) UseToken(ctx context.Context, hash []byte, now time.Time) (t *offprint.Token, err error) {
	err = s.write(ctx, "use a token", func(tx *sql.Tx) error {
		found, err := list(ctx, tx, scanToken, `DELETE FROM token WHERE hash = ? AND expires > ? RETURNING `+tokenColumns, hash, micros(now))
		t, err = one(found, err, errNoToken)
		return err
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Invitations implements [offprint.ReaderStore].
func (s *Store) Invitations(ctx context.Context, now time.Time) (all []offprint.Token, err error) {
	err = s.read(ctx, "list invitations", func(tx *sql.Tx) error {
		all, err = list(ctx, tx, scanToken, `SELECT `+tokenColumns+` FROM token WHERE purpose = 'invite' AND expires > ? ORDER BY created, hash`, micros(now))
		return err
	})
	return all, err
}

// RevokeToken implements [offprint.ReaderStore].
func (s *Store) RevokeToken(ctx context.Context, hash []byte) error {
	return s.write(ctx, "revoke a token", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM token WHERE hash = ?`, hash)
		return changed(r, err, errNoToken)
	})
}

func apiTokens(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]offprint.APIToken, error) {
	return list(ctx, tx, func(row scanner, t *offprint.APIToken) error {
		return row.Scan(&t.ID, &t.ReaderID, &t.Name, &t.Hash, &t.Write, timeColumn{&t.Created}, timeColumn{&t.LastUsed})
	}, `SELECT id, reader_id, name, hash, write, created, last_used FROM api_token WHERE `+where, args...)
}

var errNoAPIToken = offprint.Errorf(offprint.KindNotFound, "There is no such API token.")

// CreateAPIToken implements [offprint.ReaderStore]: it sets ID, and Created if it is zero.
func (s *Store) CreateAPIToken(ctx context.Context, t *offprint.APIToken) error {
	if err := checkText("name", t.Name, offprint.MaxField); err != nil {
		return err
	}
	if len(t.Hash) == 0 {
		return offprint.Errorf(offprint.KindInvalid, "The token has no hash.")
	}
	created := createdAt(t.Created)
	return s.write(ctx, "create an API token", func(tx *sql.Tx) error {
		if err := needReader(ctx, tx, t.ReaderID); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, `INSERT INTO api_token (reader_id, name, hash, write, created, last_used) VALUES (?, ?, ?, ?, ?, 0) RETURNING id`,
			t.ReaderID, t.Name, t.Hash, t.Write, micros(created)).Scan(&t.ID)
		if isTaken(err) {
			return offprint.Errorf(offprint.KindConflict, "There is such a token already.")
		}
		t.Created = created
		return err
	})
}

// APITokenByHash implements [offprint.ReaderStore].
func (s *Store) APITokenByHash(ctx context.Context, hash []byte, now time.Time) (t *offprint.APIToken, err error) {
	err = s.read(ctx, "find an API token", func(tx *sql.Tx) error {
		found, err := apiTokens(ctx, tx, `hash = ?`, hash)
		t, err = one(found, err, errNoAPIToken)
		return err
	})
	if err != nil || now.Sub(t.LastUsed) < time.Hour {
		return t, err
	}
	hour := now.UTC().Truncate(time.Hour)
	err = s.write(ctx, "note the use of an API token", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE api_token SET last_used = ?1 WHERE id = ?2 AND last_used < ?1`, micros(hour), t.ID)
		return err
	})
	t.LastUsed = hour
	return t, err
}

// APITokens implements [offprint.ReaderStore].
func (s *Store) APITokens(ctx context.Context, readerID int64) (all []offprint.APIToken, err error) {
	err = s.read(ctx, "list API tokens", func(tx *sql.Tx) error {
		all, err = apiTokens(ctx, tx, `reader_id = ? ORDER BY id`, readerID)
		return err
	})
	return all, err
}

// DeleteAPIToken implements [offprint.ReaderStore].
func (s *Store) DeleteAPIToken(ctx context.Context, readerID, id int64) error {
	return s.write(ctx, "delete an API token", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM api_token WHERE reader_id = ? AND id = ?`, readerID, id)
		return changed(r, err, errNoAPIToken)
	})
}
