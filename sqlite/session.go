package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// FindSession implements [offprint.ReaderStore].
func (s *Store) FindSession(ctx context.Context, token string, now time.Time) (data []byte, err error) {
	err = s.read(ctx, "find a session", func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT data FROM session WHERE token = ? AND expires > ?`, token, micros(now)).Scan(&data)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return data, err
}

// PutSession implements [offprint.ReaderStore].
func (s *Store) PutSession(ctx context.Context, token string, data []byte, expires time.Time) error {
	if data == nil {
		data = []byte{}
	}
	return s.write(ctx, "store a session", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO session (token, data, expires) VALUES (?, ?, ?)
			ON CONFLICT DO UPDATE SET data = excluded.data, expires = excluded.expires`, token, data, micros(expires))
		return err
	})
}

// DeleteSession implements [offprint.ReaderStore]. One that is not there is no error.
func (s *Store) DeleteSession(ctx context.Context, token string) error {
	return s.write(ctx, "delete a session", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM session WHERE token = ?`, token)
		return err
	})
}

// Sessions implements [offprint.ReaderStore].
func (s *Store) Sessions(ctx context.Context, now time.Time) (map[string][]byte, error) {
	all := make(map[string][]byte)
	err := s.read(ctx, "list sessions", func(tx *sql.Tx) error {
		return query(ctx, tx, func(row scanner) error {
			var token string
			var data []byte
			err := row.Scan(&token, &data)
			all[token] = data
			return err
		}, `SELECT token, data FROM session WHERE expires > ?`, micros(now))
	})
	return all, err
}

// PurgeExpired implements [offprint.ReaderStore].
func (s *Store) PurgeExpired(ctx context.Context, now time.Time) error {
	return s.write(ctx, "purge what has expired", func(tx *sql.Tx) error {
		for _, table := range []string{"session", "token"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE expires <= ?`, micros(now)); err != nil {
				return err
			}
		}
		return nil
	})
}
