package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/offprint/offprint"
)

var errNoWebhook = offprint.Errorf(offprint.KindNotFound, "There is no such webhook.")

func webhooks(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]offprint.Webhook, error) {
	return list(ctx, tx, func(row scanner, w *offprint.Webhook) error {
		return row.Scan(&w.ID, &w.ReaderID, &w.URL, &w.Secret, jsonColumn{&w.Events}, timeColumn{&w.Created}, timeColumn{&w.LastTime}, &w.LastStatus)
	}, `SELECT id, reader_id, url, secret, events, created, last_time, last_status FROM webhook WHERE `+where, args...)
}

// CreateWebhook implements [offprint.ReaderStore]: it sets ID, and Created if it is zero.
func (s *Store) CreateWebhook(ctx context.Context, w *offprint.Webhook) error {
	if w.URL == "" || len(w.Events) == 0 {
		return offprint.Errorf(offprint.KindInvalid, "A webhook needs an address and at least one event.")
	}
	if err := checkText("address", w.URL, offprint.MaxField); err != nil {
		return err
	}
	for _, e := range w.Events {
		if e != offprint.EventDay && e != offprint.EventAlert {
			return offprint.Errorf(offprint.KindInvalid, "%q is not an event: use day or alert.", string(e))
		}
	}
	created := createdAt(w.Created)
	return s.write(ctx, "create a webhook", func(tx *sql.Tx) error {
		if err := needReader(ctx, tx, w.ReaderID); err != nil {
			return err
		}
		err := tx.QueryRowContext(ctx, `INSERT INTO webhook (reader_id, url, secret, events, created, last_time, last_status) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			w.ReaderID, w.URL, w.Secret, listJSON(w.Events), micros(created), micros(w.LastTime), w.LastStatus).Scan(&w.ID)
		w.Created = created
		return err
	})
}

// Webhooks implements [offprint.ReaderStore].
func (s *Store) Webhooks(ctx context.Context, readerID int64) (all []offprint.Webhook, err error) {
	err = s.read(ctx, "list webhooks", func(tx *sql.Tx) error {
		if readerID == 0 {
			all, err = webhooks(ctx, tx, `true ORDER BY id`)
		} else {
			all, err = webhooks(ctx, tx, `reader_id = ? ORDER BY id`, readerID)
		}
		return err
	})
	return all, err
}

// Webhook implements [offprint.ReaderStore].
func (s *Store) Webhook(ctx context.Context, id int64) (w *offprint.Webhook, err error) {
	err = s.read(ctx, "find a webhook", func(tx *sql.Tx) error {
		found, err := webhooks(ctx, tx, `id = ?`, id)
		w, err = one(found, err, errNoWebhook)
		return err
	})
	return w, err
}

// NoteWebhook implements [offprint.ReaderStore].
func (s *Store) NoteWebhook(ctx context.Context, id int64, at time.Time, status string) error {
	return s.write(ctx, "note a webhook's delivery", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE webhook SET last_time = ?, last_status = ? WHERE id = ?`, micros(at), status, id)
		return changed(r, err, errNoWebhook)
	})
}

// DeleteWebhook implements [offprint.ReaderStore].
func (s *Store) DeleteWebhook(ctx context.Context, readerID, id int64) error {
	return s.write(ctx, "delete a webhook", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM webhook WHERE reader_id = ? AND id = ?`, readerID, id)
		return changed(r, err, errNoWebhook)
	})
}
