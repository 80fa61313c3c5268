package offprint

import "time"

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
