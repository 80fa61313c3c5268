package digest

import (
	"context"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/mail"
)

// Preview returns the latest digest of a subscription at now as it would be
// mailed, whether or not it was, and whatever the subscription's state; if no
// papers were listed in that time, the latest before it. Nothing is stored. If
// there are no papers for it, that is [offprint.KindNotFound].
func (s *Service) Preview(ctx context.Context, sub offprint.Subscription, now time.Time) (mail.Message, error) {
	if err := sub.Check(); err != nil {
		return mail.Message{}, err
	}
	if sub.Secret == "" {
		sub.Secret = "preview"
	}
	period, span, err := s.latest(ctx, sub, now)
	if err != nil {
		return mail.Message{}, err
	}
	e, err := s.edit(ctx, &sub, period, span)
	if err != nil {
		return mail.Message{}, err
	}
	if len(e.papers) == 0 {
		return mail.Message{}, offprint.Errorf(offprint.KindNotFound, "There are no papers for a digest of %s.", e.title())
	}
	return s.message(e, s.messageID(&sub, period))
}

// latest finds the latest period of a subscription for which papers were listed.
func (s *Service) latest(ctx context.Context, sub offprint.Subscription, now time.Time) (period string, span offprint.Span, err error) {
	errNone := offprint.Errorf(offprint.KindNotFound, "There are no papers for a digest yet.")
	sub.Confirmed = time.Unix(1, 0) // before any digest
	period, span, ok := sub.Due(now)
	if !ok {
		return "", span, errNone
	}
	day, err := s.store.LatestDay(ctx, span.Last)
	if err != nil || day >= span.First {
		return period, span, err
	}
	if day == 0 {
		return "", span, errNone
	}
	// The first digest from that day on that covers it, whatever the zone.
	for t := day.Time(); t.Before(now); t = t.Add(6 * time.Hour) {
		if period, span, ok = sub.Due(t); ok && span.First <= day && day <= span.Last {
			return period, span, nil
		}
	}
	return "", span, errNone
}

// Plan is what a run would do for one subscription.
type Plan struct {
	Subscription offprint.Subscription
	Period       string
	Span         offprint.Span
	Send         bool                   // a mail would go out now
	State        offprint.DeliveryState // of what has been tried or sent already; empty for nothing
	NextTry      time.Time              // with State "retry"
	Papers       int                    // with Send, or without State: papers in it
	Subject      string                 // with Send
}

// DryRun lists what [Service.Run] would do at now for each active subscription
// whose time has come, including those that have had their digest. Nothing is
// sent or stored, and no mail server is needed.
func (s *Service) DryRun(ctx context.Context, now time.Time) ([]Plan, error) {
	active, err := s.store.Subscriptions(ctx, offprint.SubscriptionActive)
	if err != nil {
		return nil, err
	}
	var plans []Plan
	for i := range active {
		sub := &active[i]
		period, span, ok := sub.Due(now)
		if !ok {
			continue
		}
		p := Plan{Subscription: *sub, Period: period, Span: span}
		past, err := s.store.Deliveries(ctx, sub.ID, recentDeliveries)
		if err != nil {
			return nil, err
		}
		for _, d := range past {
			if d.Period == period {
				p.State, p.NextTry = d.State, d.NextTry
				p.Send = waits(d, now, s.lease)
			}
		}
		if p.State == "" || p.Send {
			e, err := s.edit(ctx, sub, period, span)
			if err != nil {
				return nil, err
			}
			if p.Papers = len(e.papers); p.Papers > 0 {
				p.Send, p.Subject = true, e.subject()
			} else {
				p.Send = false
			}
		}
		plans = append(plans, p)
	}
	return plans, nil
}
