package digest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/mail"
)

// pendingFor is how long a subscription waits for its address to confirm.
const pendingFor = 7 * 24 * time.Hour

// Subscribe records a pending subscription (its address, frequency, hour, time
// zone, query, count and reader) and mails its address a link to confirm. It
// answers in the same way whether or not the address is known, and whether or
// not it has been mailed too lately to be mailed again: at most once an hour
// and three times a day. An address that has such a digest already gets no mail.
//
// Settings that break a rule, and an address that the mail server refuses, are
// [offprint.KindInvalid].
func (s *Service) Subscribe(ctx context.Context, sub offprint.Subscription) error {
	if s.mail == nil {
		return mail.ErrNotConfigured
	}
	sub = offprint.Subscription{
		ReaderID: sub.ReaderID, Email: sub.Email, Frequency: sub.Frequency, Hour: sub.Hour, TimeZone: sub.TimeZone, Query: sub.Query, Count: sub.Count,
		State: offprint.SubscriptionPending, Secret: offprint.NewSecret(), Created: s.now(),
	}
	if err := sub.Check(); err != nil {
		return err
	}
	if !s.limits.take(sub.Email, s.now()) {
		return nil
	}
	err := s.store.CreateSubscription(ctx, &sub)
	if offprint.KindOf(err) == offprint.KindConflict {
		existing, err := s.alike(ctx, sub)
		if err != nil {
			s.limits.giveBack(sub.Email)
			return err
		}
		if existing == nil || existing.State != offprint.SubscriptionPending {
			return nil
		}
		existing.Hour, existing.TimeZone, existing.Count = sub.Hour, sub.TimeZone, sub.Count // the last wish counts
		if err := s.store.UpdateSubscription(ctx, existing); err != nil {
			s.limits.giveBack(sub.Email)
			return err
		}
		sub = *existing
	} else if err != nil {
		s.limits.giveBack(sub.Email)
		return err
	}
	m, err := s.confirmation(sub)
	if err != nil {
		return err
	}
	if err := s.mail.Send(ctx, m); err != nil {
		s.limits.giveBack(sub.Email)
		if e, ok := errors.AsType[*mail.Error](err); ok && e.Class == mail.Permanent && !e.Server {
			return offprint.Errorf(offprint.KindInvalid, "The mail server does not take mail to this address: check how it is spelled.")
		}
		return fmt.Errorf("digest: mail a confirmation: %w", err)
	}
	return nil
}

// alike finds the pending or active subscription that stands in the way of a
// new one; nil if it has gone meanwhile.
func (s *Service) alike(ctx context.Context, sub offprint.Subscription) (*offprint.Subscription, error) {
	for _, state := range []offprint.SubscriptionState{offprint.SubscriptionPending, offprint.SubscriptionActive} {
		all, err := s.store.Subscriptions(ctx, state)
		if err != nil {
			return nil, err
		}
		for _, other := range all {
			if other.Email == sub.Email && other.Frequency == sub.Frequency && other.Query == sub.Query {
				return &other, nil
			}
		}
	}
	return nil, nil
}

// Confirm makes the subscription with the secret active: a pending one, or one
// that was paused because mail to it failed. Doing it twice is fine. A secret
// that is not known is [offprint.KindNotFound]; a subscription that has ended
// is [offprint.KindConflict].
func (s *Service) Confirm(ctx context.Context, secret string) (*offprint.Subscription, error) {
	sub, err := s.store.SubscriptionBySecret(ctx, secret)
	if err != nil {
		return nil, err
	}
	switch sub.State {
	case offprint.SubscriptionActive:
		return sub, nil
	case offprint.SubscriptionPending:
		sub.Confirmed = s.now()
	case offprint.SubscriptionPaused:
	default:
		return nil, offprint.Errorf(offprint.KindConflict, "This digest has ended: subscribe again.")
	}
	sub.State, sub.Failures, sub.LastError = offprint.SubscriptionActive, 0, ""
	if err := s.store.UpdateSubscription(ctx, sub); err != nil {
		return nil, err
	}
	return sub, nil
}

// Update changes what the subscription with the secret asks for: frequency,
// hour, time zone, query and count. Everything else stays.
func (s *Service) Update(ctx context.Context, secret string, want offprint.Subscription) error {
	sub, err := s.store.SubscriptionBySecret(ctx, secret)
	if err != nil {
		return err
	}
	sub.Frequency, sub.Hour, sub.TimeZone, sub.Query, sub.Count = want.Frequency, want.Hour, want.TimeZone, want.Query, want.Count
	if err := sub.Check(); err != nil {
		return err
	}
	return s.store.UpdateSubscription(ctx, sub)
}

// Unsubscribe ends the subscription with the secret. Doing it twice is fine.
func (s *Service) Unsubscribe(ctx context.Context, secret string) error {
	sub, err := s.store.SubscriptionBySecret(ctx, secret)
	if err != nil || sub.State == offprint.SubscriptionEnded {
		return err
	}
	sub.State = offprint.SubscriptionEnded
	return s.store.UpdateSubscription(ctx, sub)
}

// forgetPending deletes subscriptions that nobody has confirmed in time.
func (s *Service) forgetPending(ctx context.Context, now time.Time) error {
	pending, err := s.store.Subscriptions(ctx, offprint.SubscriptionPending)
	if err != nil {
		return err
	}
	for _, sub := range pending {
		if now.Sub(sub.Created) < pendingFor {
			continue
		}
		if err := s.store.DeleteSubscription(ctx, sub.ID); err != nil && offprint.KindOf(err) != offprint.KindNotFound {
			return err
		}
	}
	return nil
}
