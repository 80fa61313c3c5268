package offprint

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Frequency is how often a digest is sent.
type Frequency string

// The frequencies of a [Subscription].
const (
	Daily    Frequency = "daily"
	Weekdays Frequency = "weekdays" // Monday to Friday
	Weekly   Frequency = "weekly"   // Mondays, the week before
	Monthly  Frequency = "monthly"  // the first, the month before
)

// SubscriptionState is where a subscription stands.
type SubscriptionState string

// A subscription is pending until its address has confirmed, active while it is
// mailed, paused when mail has failed too often, and ended when its address has
// unsubscribed.
const (
	SubscriptionPending SubscriptionState = "pending"
	SubscriptionActive  SubscriptionState = "active"
	SubscriptionPaused  SubscriptionState = "paused"
	SubscriptionEnded   SubscriptionState = "ended"
)

// Subscription is one digest to one address. Nobody needs an account for it.
type Subscription struct {
	ID        int64
	ReaderID  int64  // the account that it belongs to; 0 for none
	Email     string // lower case
	Frequency Frequency
	Hour      int    // 0 to 23, in TimeZone
	TimeZone  string // IANA name
	Query     string // search of the box; empty for all papers
	Count     int    // papers in a digest, 1 to 100
	State     SubscriptionState
	Secret    string // in its confirm, manage and unsubscribe links; unguessable
	Created   time.Time
	Confirmed time.Time // zero until then
	Failures  int       // digests in a row that could not be delivered
	LastError string
}

// DeliveryState is how far one digest to one subscription has come.
type DeliveryState string

// A delivery is claimed before the first byte goes out and handing over just
// before the message itself does. One found handing over after a crash may have
// arrived: it becomes unknown and is never sent again.
const (
	DeliveryClaimed     DeliveryState = "claimed"
	DeliveryHandingOver DeliveryState = "handing over"
	DeliverySent        DeliveryState = "sent"
	DeliveryRetry       DeliveryState = "retry"   // a temporary failure: again at NextTry
	DeliveryFailed      DeliveryState = "failed"  // refused for good, or too often
	DeliveryUnknown     DeliveryState = "unknown" // the process died while handing over
	DeliveryEmpty       DeliveryState = "empty"   // nothing to say: no mail
)

// Delivery is one digest to one subscription, identified by both the
// subscription and the period, whatever the number of tries.
type Delivery struct {
	SubscriptionID int64
	Period         string // such as 2026-03-05, 2026-W10 or 2026-03: see [Subscription.Due]
	State          DeliveryState
	Tries          int
	NextTry        time.Time
	LastError      string
	MessageID      string // the same for each try
	Updated        time.Time
}

// MaxDigest is the largest number of papers in a digest.
const MaxDigest = 100

// Check puts the subscription's address into its stored form (see
// [CleanEmail]) and reports what is wrong with its settings as [KindInvalid].
func (s *Subscription) Check() error {
	email, err := CleanEmail(s.Email)
	if err != nil {
		return err
	}
	s.Email = email
	if !slices.Contains([]Frequency{Daily, Weekdays, Weekly, Monthly}, s.Frequency) {
		return Errorf(KindInvalid, "%q is not how often a digest can come: use daily, weekdays, weekly or monthly.", clip(string(s.Frequency)))
	}
	if s.Hour < 0 || s.Hour > 23 {
		return Errorf(KindInvalid, "%d is not an hour: use 0 to 23.", s.Hour)
	}
	if _, err := s.location(); err != nil {
		return err
	}
	if s.Count < 1 || s.Count > MaxDigest {
		return Errorf(KindInvalid, "A digest has 1 to %d papers, not %d.", MaxDigest, s.Count)
	}
	q, err := ParseQuery(s.Query)
	if err != nil {
		return err
	}
	if s.ReaderID == 0 && len(q.Tags)+len(q.NotTags) > 0 {
		return Errorf(KindInvalid, "tag: needs an account, since tags belong to readers: sign in first, or leave it out.")
	}
	return nil
}

// CleanEmail returns a mail address in the form in which it is stored and
// compared: only the address, in lower case. An address that is malformed, too
// long to be delivered to (254 bytes) or not in ASCII is [KindInvalid].
func CleanEmail(s string) (string, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	invalid := Errorf(KindInvalid, "%q is not a mail address: write it as name@example.org.", clip(s))
	local, domain, _ := strings.Cut(s, "@")
	if len(s) > 254 || len(local) > 64 || !mailDomain.MatchString(domain) {
		return "", invalid
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", invalid
	}
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		return "", invalid
	}
	return s, nil
}

var mailDomain = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$`)

func (s *Subscription) location() (*time.Location, error) {
	loc, err := time.LoadLocation(s.TimeZone)
	if err != nil || s.TimeZone == "Local" {
		return nil, Errorf(KindInvalid, "%q is not a time zone: use a name such as Europe/Berlin.", clip(s.TimeZone))
	}
	return loc, nil
}

// Due returns the latest digest whose time has come at now, and the days that
// it covers; ok is false before the first one after s.Confirmed. The period
// names the digest for good:
//
//   - daily: each day at s.Hour, about the day before; the day's own date.
//   - weekdays: the same from Monday to Friday; on Monday, about Friday to Sunday.
//   - weekly: on Monday, about the week before; that week, such as 2026-W10.
//   - monthly: on the first, about the month before; that month, such as 2026-02.
//
// Days and hours are those of s.TimeZone. An hour that a change of the clocks
// skips is the moment of the change.
func (s *Subscription) Due(now time.Time) (period string, span Span, ok bool) {
	loc, err := s.location()
	if err != nil || s.Confirmed.IsZero() {
		return "", Span{}, false
	}
	return s.due(now, loc)
}

func (s *Subscription) due(now time.Time, loc *time.Location) (period string, span Span, ok bool) {
	d := DateOf(now.In(loc)) + 1 // a day can begin early: clocks may go back over midnight
	for !s.sendsOn(d) || s.sendTime(d, loc).After(now) {
		d--
	}
	if s.sendTime(d, loc).Before(s.Confirmed) {
		return "", Span{}, false
	}
	period, span = s.digestOf(d)
	return period, span, true
}

// NextSend returns the first time after now at which a digest of s comes due,
// and the zero time if its time zone is unknown.
func NextSend(s *Subscription, now time.Time) time.Time {
	loc, err := s.location()
	if err != nil {
		return time.Time{}
	}
	return s.nextSend(now, loc)
}

func (s *Subscription) nextSend(now time.Time, loc *time.Location) time.Time {
	d := DateOf(now.In(loc)) - 1
	for !s.sendsOn(d) || !s.sendTime(d, loc).After(now) {
		d++
	}
	return s.sendTime(d, loc)
}

// sendsOn reports whether a digest is sent on day d.
func (s *Subscription) sendsOn(d Date) bool {
	t := d.Time()
	switch s.Frequency {
	case Weekdays:
		return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday
	case Weekly:
		return t.Weekday() == time.Monday
	case Monthly:
		return t.Day() == 1
	default:
		return true
	}
}

// digestOf returns what the digest sent on day d is called, and covers.
func (s *Subscription) digestOf(d Date) (period string, span Span) {
	switch s.Frequency {
	case Weekly:
		span = SpanOf(UnitWeek, d-1)
		return span.String(), span
	case Monthly:
		span = SpanOf(UnitMonth, d-1)
		return span.String(), span
	}
	span = SpanOf(UnitDay, d-1)
	if s.Frequency == Weekdays && d.Time().Weekday() == time.Monday {
		span.First = d - 3
	}
	return d.String(), span
}

// sendTime is the first instant at which the clocks of loc show s.Hour of day d,
// or the instant at which they skip it.
func (s *Subscription) sendTime(d Date, loc *time.Location) time.Time {
	shown := d.Time().Add(time.Duration(s.Hour) * time.Hour)
	at := shown.Add(-26 * time.Hour).In(loc) // before that anywhere
	for {
		_, offset := at.Zone()
		_, end := at.ZoneBounds()
		t := shown.Add(-time.Duration(offset) * time.Second).In(loc)
		switch {
		case t.Before(at):
			return at
		case end.IsZero() || t.Before(end):
			return t
		}
		at = end
	}
}
