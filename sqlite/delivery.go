package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/offprint/offprint"
)

const deliveryColumns = `subscription_id, period, state, tries, next_try, last_error, message_id, updated`

func scanDelivery(row scanner, d *offprint.Delivery) error {
	return row.Scan(&d.SubscriptionID, &d.Period, &d.State, &d.Tries, timeColumn{&d.NextTry}, &d.LastError, &d.MessageID, timeColumn{&d.Updated})
}

// ClaimDelivery implements [offprint.DigestStore]. Tries counts the try that is
// claimed. The delivery keeps the message id of its first try.
func (s *Store) ClaimDelivery(ctx context.Context, subscriptionID int64, period, messageID string, now, stale time.Time) (d offprint.Delivery, claimed bool, err error) {
	err = s.write(ctx, "claim a delivery", func(tx *sql.Tx) error {
		if found, err := ids(ctx, tx, `SELECT id FROM subscription WHERE id = ?`, subscriptionID); err != nil {
			return err
		} else if len(found) == 0 {
			return errNoSubscription
		}
		found, err := list(ctx, tx, scanDelivery, `INSERT INTO delivery (`+deliveryColumns+`) VALUES (?1, ?2, 'claimed', 1, 0, '', ?3, ?4)
			ON CONFLICT DO UPDATE SET state = 'claimed', tries = tries + 1, next_try = 0, updated = excluded.updated
			WHERE state = 'retry' AND next_try <= ?4 OR state = 'claimed' AND updated < ?5
			RETURNING `+deliveryColumns, subscriptionID, period, messageID, micros(now), micros(stale))
		if err == nil && len(found) > 0 {
			d, claimed = found[0], true
		}
		return err
	})
	if err != nil {
		return offprint.Delivery{}, false, err
	}
	return d, claimed, nil
}

var errNoDelivery = offprint.Errorf(offprint.KindNotFound, "There is no such delivery.")

// UpdateDelivery implements [offprint.DigestStore]. The message id is not changed.
func (s *Store) UpdateDelivery(ctx context.Context, d offprint.Delivery) error {
	switch d.State {
	case offprint.DeliveryClaimed, offprint.DeliveryHandingOver, offprint.DeliverySent, offprint.DeliveryRetry, offprint.DeliveryFailed, offprint.DeliveryUnknown, offprint.DeliveryEmpty:
	default:
		return offprint.Errorf(offprint.KindInvalid, "%q is not a state of a delivery.", string(d.State))
	}
	return s.write(ctx, "update a delivery", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE delivery SET state = ?, tries = ?, next_try = ?, last_error = ?, updated = ? WHERE subscription_id = ? AND period = ?`,
			d.State, d.Tries, micros(d.NextTry), d.LastError, micros(createdAt(d.Updated)), d.SubscriptionID, d.Period)
		return changed(r, err, errNoDelivery)
	})
}

// AbandonDeliveries implements [offprint.DigestStore]. They keep the time at
// which they were handed over.
func (s *Store) AbandonDeliveries(ctx context.Context, stale time.Time) (all []offprint.Delivery, err error) {
	err = s.write(ctx, "abandon deliveries", func(tx *sql.Tx) error {
		all, err = list(ctx, tx, scanDelivery, `UPDATE delivery SET state = 'unknown' WHERE state = 'handing over' AND updated < ? RETURNING `+deliveryColumns, micros(stale))
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Deliveries implements [offprint.DigestStore].
func (s *Store) Deliveries(ctx context.Context, subscriptionID int64, limit int) (all []offprint.Delivery, err error) {
	err = s.read(ctx, "list deliveries", func(tx *sql.Tx) error {
		all, err = list(ctx, tx, scanDelivery, `SELECT `+deliveryColumns+` FROM delivery WHERE subscription_id = ? ORDER BY updated DESC, period DESC LIMIT ?`, subscriptionID, max(limit, 0))
		return err
	})
	return all, err
}
