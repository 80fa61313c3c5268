package digest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/mail"
)

// What becomes of a digest that is not delivered at the first try.
const (
	maxTries        = 8
	firstDelay      = 5 * time.Minute // after the first try; doubled after each other
	longestDelay    = 6 * time.Hour
	maxFailures     = 5 // digests in a row that were not delivered, before the subscription is paused
	maxNoMailbox    = 2 // the same where the server says that there is no such mailbox
	maxServerFaults = 3 // messages in a row that broke their connection, before the run gives up
)

// Report counts what a run did with the digests that were due.
type Report struct {
	Sent    int // accepted by the mail server
	Empty   int // nothing to say, so no mail
	Retry   int // failed for now: tried again later
	Failed  int // refused for good, tried too often, or overtaken by the next digest
	Unknown int // may have arrived; never sent again
}

// String returns the report as a sentence.
func (r Report) String() string {
	return fmt.Sprintf("%d sent, %d empty, %d to be tried again, %d failed, %d unknown", r.Sent, r.Empty, r.Retry, r.Failed, r.Unknown)
}

// Run sends the digests that are due at now. No digest goes to an address
// twice, even if a process is killed while it sends or two run at once: what
// was being handed over when a process died may have arrived, and is reported
// as unknown. What concerns one digest alone is recorded with it; the error is
// about the store or the mail server.
func (s *Service) Run(ctx context.Context, now time.Time) (Report, error) {
	if s.mail == nil {
		return Report{}, mail.ErrNotConfigured
	}
	r := &run{Service: s, began: now, wall: time.Now().Round(0)}
	defer r.hangUp()
	if err := r.abandon(ctx); err != nil {
		return r.report, err
	}
	if err := s.forgetPending(ctx, now); err != nil {
		return r.report, fmt.Errorf("digest: forget unconfirmed subscriptions: %w", err)
	}
	active, err := s.store.Subscriptions(ctx, offprint.SubscriptionActive)
	if err != nil {
		return r.report, fmt.Errorf("digest: list subscriptions: %w", err)
	}
	var errs []error
	for i := range active {
		if ctx.Err() != nil {
			errs = append(errs, ctx.Err())
			break
		}
		if err := r.one(ctx, &active[i]); err != nil {
			errs = append(errs, fmt.Errorf("digest: subscription %d: %w", active[i].ID, err))
			if r.serverFaults >= maxServerFaults {
				break
			}
		}
	}
	return r.report, errors.Join(errs...)
}

// run is one call of [Service.Run].
type run struct {
	*Service
	began time.Time // the time that the run was told
	wall  time.Time // the wall clock's then

	conn         *mail.Conn // nil until there is something to send
	sent         int        // messages over conn
	serverFaults int        // in a row
	report       Report
}

// clock goes on from the time that the run was told. It follows the wall clock,
// which also counts the time for which a machine was suspended.
func (r *run) clock() time.Time {
	return r.began.Add(max(0, time.Now().Round(0).Sub(r.wall)))
}

// abandon reports what a process left behind that died while handing over.
func (r *run) abandon(ctx context.Context) error {
	left, err := r.store.AbandonDeliveries(ctx, r.clock().Add(-r.lease))
	if err != nil {
		return fmt.Errorf("digest: abandon deliveries: %w", err)
	}
	for _, d := range left {
		r.report.Unknown++
		r.log.Warn("digest may not have arrived: the process stopped while sending it", "subscription", d.SubscriptionID, "period", d.Period)
	}
	return nil
}

// one sends a subscription's digest if it is due and nobody else sees to it.
func (r *run) one(ctx context.Context, sub *offprint.Subscription) error {
	period, span, ok := sub.Due(r.began)
	if !ok {
		return nil
	}
	due, err := r.isDue(ctx, sub, period)
	if err != nil || !due {
		return err
	}
	now := r.clock()
	d, claimed, err := r.store.ClaimDelivery(ctx, sub.ID, period, r.messageID(sub, period), now, now.Add(-r.lease))
	if err != nil || !claimed {
		return err
	}
	// It may have been changed or ended since it was listed.
	sub, err = r.store.Subscription(ctx, sub.ID)
	if err != nil {
		return err
	}
	if sub.State != offprint.SubscriptionActive {
		return r.settle(ctx, d, offprint.DeliveryFailed, "The subscription has ended.")
	}
	e, err := r.edit(ctx, sub, period, span)
	if err != nil {
		return errors.Join(err, r.later(ctx, d, "It could not be put together."))
	}
	if len(e.papers) == 0 {
		return r.settle(ctx, d, offprint.DeliveryEmpty, "")
	}
	m, err := r.message(e, d.MessageID)
	if err != nil {
		return errors.Join(err, r.later(ctx, d, "It could not be put together."))
	}
	return r.deliver(ctx, sub, d, m, now)
}

// isDue reports whether a period's digest has still to be sent. It settles what
// is left of earlier periods: the newer digest takes their place.
func (r *run) isDue(ctx context.Context, sub *offprint.Subscription, period string) (bool, error) {
	past, err := r.store.Deliveries(ctx, sub.ID, recentDeliveries)
	if err != nil {
		return false, err
	}
	now := r.clock()
	due := true
	for _, d := range past {
		switch {
		case d.Period == period:
			due = waits(d, now, r.lease)
		case d.State == offprint.DeliveryRetry || waits(d, now, r.lease):
			refused := d.State == offprint.DeliveryRetry && d.Tries > 0 // by the recipient's side, not only ours
			reason := strings.TrimSpace("The next digest was due before this one could be delivered. " + d.LastError)
			if err := r.settle(ctx, d, offprint.DeliveryFailed, reason); err != nil {
				return false, err
			}
			if refused {
				if err := r.undelivered(ctx, sub, reason, false); err != nil {
					return false, err
				}
			}
		}
	}
	if !due || sub.ReaderID == 0 {
		return due, nil
	}
	reader, err := r.store.Reader(ctx, sub.ReaderID)
	if err != nil {
		return false, err
	}
	return !reader.Suspended, nil
}

// recentDeliveries is how far back a run looks for what is unfinished.
const recentDeliveries = 10

// waits reports whether a delivery is to be tried again now, by the same rule
// as the store's [offprint.DigestStore.ClaimDelivery].
func waits(d offprint.Delivery, now time.Time, lease time.Duration) bool {
	return d.State == offprint.DeliveryRetry && !now.Before(d.NextTry) ||
		d.State == offprint.DeliveryClaimed && d.Updated.Before(now.Add(-lease))
}

// deliver hands a claimed digest to the mail server and records how it went.
func (r *run) deliver(ctx context.Context, sub *offprint.Subscription, d offprint.Delivery, m mail.Message, claimed time.Time) error {
	late := false
	handOver := func() error {
		if r.clock().Sub(claimed) > r.lease/2 { // a suspended machine, say: somebody else may have it by now
			late = true
			return errors.New("its claim has grown old")
		}
		d.State, d.Updated = offprint.DeliveryHandingOver, r.clock()
		return r.store.UpdateDelivery(context.WithoutCancel(ctx), d)
	}
	err := r.send(ctx, m, handOver)
	if late {
		return nil
	}
	if err == nil {
		r.serverFaults = 0
		if err := r.settle(ctx, d, offprint.DeliverySent, ""); err != nil {
			return err
		}
		return r.delivered(ctx, sub)
	}
	failure, ok := errors.AsType[*mail.Error](err)
	switch {
	case !ok:
		return errors.Join(err, r.later(ctx, d, err.Error()))
	case failure.Class == mail.Unknown:
		r.serverFaults++
		return errors.Join(err, r.settle(ctx, d, offprint.DeliveryUnknown, failure.Error()))
	case r.conn == nil || failure.Server && failure.Code != 0 || ctx.Err() != nil:
		// The server takes nothing at all now: no fault of this digest.
		r.serverFaults = maxServerFaults
		return errors.Join(err, r.later(ctx, d, failure.Error()))
	case failure.Class == mail.Permanent:
		r.serverFaults = 0
		return errors.Join(r.settle(ctx, d, offprint.DeliveryFailed, failure.Error()), r.undelivered(ctx, sub, failure.Error(), failure.NoMailbox))
	}
	if failure.Server { // the connection broke: the server's fault, or this message's
		r.serverFaults++
	} else {
		r.serverFaults, err = 0, nil
	}
	if d.Tries >= maxTries {
		return errors.Join(err, r.settle(ctx, d, offprint.DeliveryFailed, failure.Error()), r.undelivered(ctx, sub, failure.Error(), failure.NoMailbox))
	}
	d.NextTry = r.clock().Add(delay(d.Tries))
	return errors.Join(err, r.settle(ctx, d, offprint.DeliveryRetry, failure.Error()))
}

// delay is how long a digest waits after its first, second, ... try.
func delay(tries int) time.Duration {
	d := firstDelay
	for range tries - 1 {
		d = min(2*d, longestDelay)
	}
	return d
}

// send sends a message over the run's connection, which it opens if need be. A
// connection that has been used before may have been closed by the server
// meanwhile, so then the message gets a second chance over a new one.
func (r *run) send(ctx context.Context, m mail.Message, handOver func() error) error {
	handed := false
	for {
		if r.conn == nil || r.conn.Broken() {
			r.hangUp()
			conn, err := r.mail.Open(ctx)
			if err != nil {
				return err
			}
			r.conn, r.sent = conn, 0
		}
		used := r.sent > 0
		r.sent++
		err := r.conn.Send(ctx, m, func() error { handed = true; return handOver() })
		if err == nil || !used || handed || !r.conn.Broken() {
			return err
		}
	}
}

func (r *run) hangUp() {
	if r.conn != nil {
		r.conn.Close()
		r.conn = nil
	}
}

// settle records a delivery's new state, even if the run is being stopped.
func (r *run) settle(ctx context.Context, d offprint.Delivery, state offprint.DeliveryState, reason string) error {
	d.State, d.LastError, d.Updated = state, reason, r.clock()
	switch state {
	case offprint.DeliverySent:
		r.report.Sent++
	case offprint.DeliveryEmpty:
		r.report.Empty++
	case offprint.DeliveryRetry:
		r.report.Retry++
	case offprint.DeliveryFailed:
		r.report.Failed++
	case offprint.DeliveryUnknown:
		r.report.Unknown++
	}
	if reason != "" {
		r.log.Warn("digest not delivered", "subscription", d.SubscriptionID, "period", d.Period, "state", string(state), "tries", d.Tries, "reason", reason)
	}
	return r.store.UpdateDelivery(context.WithoutCancel(ctx), d)
}

// later puts a delivery off without counting the try: it was not its fault.
func (r *run) later(ctx context.Context, d offprint.Delivery, reason string) error {
	d.Tries--
	d.NextTry = r.clock().Add(firstDelay)
	return r.settle(ctx, d, offprint.DeliveryRetry, reason)
}

// delivered forgets a subscription's failures.
func (r *run) delivered(ctx context.Context, sub *offprint.Subscription) error {
	if sub.Failures == 0 && sub.LastError == "" {
		return nil
	}
	return r.change(ctx, sub.ID, func(sub *offprint.Subscription) { sub.Failures, sub.LastError = 0, "" })
}

// noMailbox marks the failure of an address that does not exist.
const noMailbox = "No such mailbox: "

// undelivered counts a digest that was not delivered, and pauses a subscription
// that has failed too often.
func (r *run) undelivered(ctx context.Context, sub *offprint.Subscription, reason string, mailboxAbsent bool) error {
	return r.change(ctx, sub.ID, func(sub *offprint.Subscription) {
		limit := maxFailures
		if mailboxAbsent {
			if reason = noMailbox + reason; strings.HasPrefix(sub.LastError, noMailbox) {
				limit = maxNoMailbox
			}
		}
		sub.Failures, sub.LastError = sub.Failures+1, reason
		if sub.Failures >= limit && sub.State == offprint.SubscriptionActive {
			sub.State = offprint.SubscriptionPaused
			r.log.Warn("subscription paused: its mail fails", "subscription", sub.ID, "failures", sub.Failures)
		}
	})
}

// change changes a subscription as it stands now.
func (r *run) change(ctx context.Context, id int64, f func(*offprint.Subscription)) error {
	ctx = context.WithoutCancel(ctx)
	sub, err := r.store.Subscription(ctx, id)
	if err != nil {
		return err
	}
	f(sub)
	return r.store.UpdateSubscription(ctx, sub)
}
