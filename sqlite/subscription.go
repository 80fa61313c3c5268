package sqlite

import (
	"context"
	"database/sql"

	"github.com/offprint/offprint"
)

var (
	errNoSubscription    = offprint.Errorf(offprint.KindNotFound, "There is no such subscription.")
	errSubscriptionTaken = offprint.Errorf(offprint.KindConflict, "The address has such a subscription already.")
)

func subscriptions(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]offprint.Subscription, error) {
	return list(ctx, tx, func(row scanner, s *offprint.Subscription) error {
		return row.Scan(&s.ID, &s.ReaderID, &s.Email, &s.Frequency, &s.Hour, &s.TimeZone, &s.Query, &s.Count, &s.State, &s.Secret,
			timeColumn{&s.Created}, timeColumn{&s.Confirmed}, &s.Failures, &s.LastError)
	}, `SELECT id, coalesce(reader_id, 0), email, frequency, hour, time_zone, query, count, state, secret, created, confirmed, failures, last_error
		FROM subscription WHERE `+where, args...)
}

func checkSubscription(s *offprint.Subscription) error {
	if err := s.Check(); err != nil {
		return err
	}
	switch s.State {
	case offprint.SubscriptionPending, offprint.SubscriptionActive, offprint.SubscriptionPaused, offprint.SubscriptionEnded:
	default:
		return offprint.Errorf(offprint.KindInvalid, "%q is not a state of a subscription.", string(s.State))
	}
	if s.Secret == "" {
		return offprint.Errorf(offprint.KindInvalid, "The subscription has no secret.")
	}
	return nil
}

// CreateSubscription implements [offprint.DigestStore]. Created is set if it is zero.
func (s *Store) CreateSubscription(ctx context.Context, sub *offprint.Subscription) error {
	if err := checkSubscription(sub); err != nil {
		return err
	}
	created := createdAt(sub.Created)
	return s.write(ctx, "create a subscription", func(tx *sql.Tx) error {
		if sub.ReaderID != 0 {
			if err := needReader(ctx, tx, sub.ReaderID); err != nil {
				return err
			}
		}
		err := tx.QueryRowContext(ctx, `INSERT INTO subscription (reader_id, email, frequency, hour, time_zone, query, count, state, secret, created, confirmed, failures, last_error)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			nullID(sub.ReaderID), sub.Email, sub.Frequency, sub.Hour, sub.TimeZone, sub.Query, sub.Count, sub.State, sub.Secret,
			micros(created), micros(sub.Confirmed), sub.Failures, sub.LastError).Scan(&sub.ID)
		if isTaken(err) {
			return errSubscriptionTaken
		}
		sub.Created = created
		return err
	})
}

// UpdateSubscription implements [offprint.DigestStore]. Created is not changed.
func (s *Store) UpdateSubscription(ctx context.Context, sub *offprint.Subscription) error {
	if err := checkSubscription(sub); err != nil {
		return err
	}
	return s.write(ctx, "update a subscription", func(tx *sql.Tx) error {
		if sub.ReaderID != 0 {
			if err := needReader(ctx, tx, sub.ReaderID); err != nil {
				return err
			}
		}
		r, err := tx.ExecContext(ctx, `UPDATE subscription SET reader_id = ?, email = ?, frequency = ?, hour = ?, time_zone = ?, query = ?, count = ?, state = ?, secret = ?,
			confirmed = ?, failures = ?, last_error = ? WHERE id = ?`,
			nullID(sub.ReaderID), sub.Email, sub.Frequency, sub.Hour, sub.TimeZone, sub.Query, sub.Count, sub.State, sub.Secret,
			micros(sub.Confirmed), sub.Failures, sub.LastError, sub.ID)
		if isTaken(err) {
			return errSubscriptionTaken
		}
		return changed(r, err, errNoSubscription)
	})
}

// Subscription implements [offprint.DigestStore].
func (s *Store) Subscription(ctx context.Context, id int64) (*offprint.Subscription, error) {
	return s.subscription(ctx, `id = ?`, id)
}

// SubscriptionBySecret implements [offprint.DigestStore].
func (s *Store) SubscriptionBySecret(ctx context.Context, secret string) (*offprint.Subscription, error) {
	return s.subscription(ctx, `secret = ?`, secret)
}

func (s *Store) subscription(ctx context.Context, where string, arg any) (sub *offprint.Subscription, err error) {
	err = s.read(ctx, "find a subscription", func(tx *sql.Tx) error {
		found, err := subscriptions(ctx, tx, where, arg)
		sub, err = one(found, err, errNoSubscription)
		return err
	})
	return sub, err
}

// Subscriptions implements [offprint.DigestStore].
func (s *Store) Subscriptions(ctx context.Context, state offprint.SubscriptionState) ([]offprint.Subscription, error) {
	if state == "" {
		return s.listSubscriptions(ctx, `true ORDER BY id`)
	}
	return s.listSubscriptions(ctx, `state = ? ORDER BY id`, state)
}

// SubscriptionsOf implements [offprint.DigestStore].
func (s *Store) SubscriptionsOf(ctx context.Context, readerID int64) ([]offprint.Subscription, error) {
	return s.listSubscriptions(ctx, `reader_id = ? ORDER BY id`, readerID)
}

func (s *Store) listSubscriptions(ctx context.Context, where string, args ...any) (all []offprint.Subscription, err error) {
	err = s.read(ctx, "list subscriptions", func(tx *sql.Tx) error {
		all, err = subscriptions(ctx, tx, where, args...)
		return err
	})
	return all, err
}

// DeleteSubscription implements [offprint.DigestStore].
func (s *Store) DeleteSubscription(ctx context.Context, id int64) error {
	return s.write(ctx, "delete a subscription", func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM subscription WHERE id = ?`, id)
		return changed(r, err, errNoSubscription)
	})
}
