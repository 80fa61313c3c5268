package storetest

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// must2 is must for calls that return two values.
func must2[T, U any](v T, w U, err error) func(t *testing.T) (T, U) {
	return func(t *testing.T) (T, U) {
		t.Helper()
		check(t, err)
		return v, w
	}
}

func newSubscription(email string) *offprint.Subscription {
	return &offprint.Subscription{Email: email, Frequency: offprint.Daily, Hour: 7, TimeZone: "Europe/Berlin", Count: 10,
		State: offprint.SubscriptionActive, Secret: "secret of " + email, Created: at, Confirmed: at.Add(time.Minute)}
}

func testSubscriptions(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	ann := newReader(t, s, "ann")
	sub := newSubscription("ann@example.org")
	sub.ReaderID, sub.Query, sub.Failures, sub.LastError = ann.ID, "cat:cs.CL", 1, "greylisted"
	check(t, s.CreateSubscription(ctx, sub))
	if got := must(s.Subscription(ctx, sub.ID))(t); !reflect.DeepEqual(got, sub) {
		t.Errorf("stored %+v, want %+v", got, sub)
	}
	if got := must(s.SubscriptionBySecret(ctx, sub.Secret))(t); got.ID != sub.ID {
		t.Errorf("found %+v", got)
	}
	// Not two alike that are pending or active.
	alike := newSubscription("Ann@Example.org")
	alike.Query, alike.State, alike.Secret, alike.Hour = sub.Query, offprint.SubscriptionPending, "other", 9
	wantKind(t, s.CreateSubscription(ctx, alike), offprint.KindConflict)
	for i, differ := range []func(*offprint.Subscription){
		func(x *offprint.Subscription) { x.Frequency = offprint.Weekly },
		func(x *offprint.Subscription) { x.Query = "" },
		func(x *offprint.Subscription) { x.Email = "bob@example.org" },
		func(x *offprint.Subscription) { x.State = offprint.SubscriptionEnded },
		func(x *offprint.Subscription) { x.State = offprint.SubscriptionPaused },
	} {
		x := *alike
		x.Secret = fmt.Sprint("other", i)
		differ(&x)
		check(t, s.CreateSubscription(ctx, &x))
	}
	sub.State = offprint.SubscriptionEnded
	check(t, s.UpdateSubscription(ctx, sub))
	check(t, s.CreateSubscription(ctx, alike))
	sub.State = offprint.SubscriptionActive
	wantKind(t, s.UpdateSubscription(ctx, sub), offprint.KindConflict)

	for _, bad := range []func(*offprint.Subscription){
		func(x *offprint.Subscription) { x.Email = "nonsense" },
		func(x *offprint.Subscription) { x.Count = 0 },
		func(x *offprint.Subscription) { x.State = "asleep" },
		func(x *offprint.Subscription) { x.Secret = "" },
	} {
		x := newSubscription("x@example.org")
		bad(x)
		wantKind(t, s.CreateSubscription(ctx, x), offprint.KindInvalid)
		x.ID = sub.ID
		wantKind(t, s.UpdateSubscription(ctx, x), offprint.KindInvalid)
	}
	same := newSubscription("y@example.org")
	same.Secret = sub.Secret
	wantKind(t, s.CreateSubscription(ctx, same), offprint.KindConflict)
	stray := newSubscription("z@example.org")
	stray.ReaderID = 999
	wantKind(t, s.CreateSubscription(ctx, stray), offprint.KindNotFound)
	stray.ReaderID, stray.ID = 0, 999
	wantKind(t, s.UpdateSubscription(ctx, stray), offprint.KindNotFound)

	for state, want := range map[offprint.SubscriptionState]int{"": 7, offprint.SubscriptionEnded: 2, offprint.SubscriptionPaused: 1, offprint.SubscriptionPending: 4, offprint.SubscriptionActive: 0} {
		if n := len(must(s.Subscriptions(ctx, state))(t)); n != want {
			t.Errorf("%d subscriptions in state %q, want %d", n, state, want)
		}
	}
	if of := must(s.SubscriptionsOf(ctx, ann.ID))(t); len(of) != 1 || of[0].ID != sub.ID {
		t.Errorf("Ann's subscriptions %+v", of)
	}
	check(t, s.DeleteSubscription(ctx, sub.ID))
	wantKind(t, s.DeleteSubscription(ctx, sub.ID), offprint.KindNotFound)
	_, err := s.Subscription(ctx, sub.ID)
	wantKind(t, err, offprint.KindNotFound)
	_, err = s.SubscriptionBySecret(ctx, "")
	wantKind(t, err, offprint.KindNotFound)
}

// A digest is claimed by one process at a time, and never again once its
// message may have gone out.
func testDeliveries(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	sub := newSubscription("ann@example.org")
	check(t, s.CreateSubscription(ctx, sub))
	const period = "2026-03-05"
	claim := func(id string, now time.Time) (offprint.Delivery, bool) {
		t.Helper()
		return must2(s.ClaimDelivery(ctx, sub.ID, period, id, now, now.Add(-10*time.Minute)))(t)
	}
	d, ok := claim("<1>", at)
	if want := (offprint.Delivery{SubscriptionID: sub.ID, Period: period, State: offprint.DeliveryClaimed, Tries: 1, MessageID: "<1>", Updated: at}); !ok || d != want {
		t.Fatalf("claimed %v: %+v, want %+v", ok, d, want)
	}
	if _, ok := claim("<2>", at.Add(time.Minute)); ok {
		t.Error("claimed by a second one")
	}
	// The first has died; the message keeps its id.
	d, ok = claim("<3>", at.Add(11*time.Minute))
	if !ok || d.Tries != 2 || d.MessageID != "<1>" {
		t.Errorf("claimed %v: %+v, want try 2 of <1>", ok, d)
	}
	d.State, d.NextTry, d.LastError, d.Updated = offprint.DeliveryRetry, at.Add(time.Hour), "450 later", at.Add(12*time.Minute)
	check(t, s.UpdateDelivery(ctx, d))
	if all := must(s.Deliveries(ctx, sub.ID, 10))(t); len(all) != 1 || all[0] != d {
		t.Errorf("deliveries %+v, want %+v", all, d)
	}
	if _, ok := claim("<4>", at.Add(59*time.Minute)); ok {
		t.Error("claimed before its retry is due")
	}
	d, ok = claim("<5>", at.Add(time.Hour))
	if !ok || d.Tries != 3 || d.MessageID != "<1>" {
		t.Errorf("claimed %v: %+v, want try 3 of <1>", ok, d)
	}
	for _, state := range []offprint.DeliveryState{offprint.DeliveryHandingOver, offprint.DeliverySent, offprint.DeliveryFailed, offprint.DeliveryEmpty, offprint.DeliveryUnknown} {
		d.State, d.Updated = state, at
		check(t, s.UpdateDelivery(ctx, d))
		if _, ok := claim("<6>", at.AddDate(1, 0, 0)); ok {
			t.Errorf("claimed while %s", state)
		}
	}

	// Found handing over after a crash: it may have arrived.
	d.State, d.Updated = offprint.DeliveryHandingOver, at
	check(t, s.UpdateDelivery(ctx, d))
	if all := must(s.AbandonDeliveries(ctx, at))(t); len(all) != 0 {
		t.Errorf("abandoned %+v too early", all)
	}
	all := must(s.AbandonDeliveries(ctx, at.Add(time.Second)))(t)
	if len(all) != 1 || all[0].State != offprint.DeliveryUnknown || all[0].MessageID != "<1>" {
		t.Errorf("abandoned %+v", all)
	}
	if all := must(s.AbandonDeliveries(ctx, at.Add(time.Hour)))(t); len(all) != 0 {
		t.Errorf("abandoned again: %+v", all)
	}
	if _, ok := claim("<7>", at.AddDate(1, 0, 0)); ok {
		t.Error("claimed after it was abandoned")
	}

	for i := range 3 {
		must2(s.ClaimDelivery(ctx, sub.ID, fmt.Sprint("2026-03-0", 6+i), "<x>", at.AddDate(0, 0, i+1), at))(t)
	}
	if all := must(s.Deliveries(ctx, sub.ID, 2))(t); len(all) != 2 || all[0].Period != "2026-03-08" || all[1].Period != "2026-03-07" {
		t.Errorf("newest deliveries %+v", all)
	}
	_, _, err := s.ClaimDelivery(ctx, 999, period, "<8>", at, at)
	wantKind(t, err, offprint.KindNotFound)
	wantKind(t, s.UpdateDelivery(ctx, offprint.Delivery{SubscriptionID: sub.ID, Period: "2027-01-01", State: offprint.DeliverySent}), offprint.KindNotFound)
	wantKind(t, s.UpdateDelivery(ctx, offprint.Delivery{SubscriptionID: sub.ID, Period: period, State: "lost"}), offprint.KindInvalid)
	check(t, s.DeleteSubscription(ctx, sub.ID))
	if all := must(s.Deliveries(ctx, sub.ID, 10))(t); len(all) != 0 {
		t.Errorf("deliveries %+v of no subscription", all)
	}
}

func testDeliveriesAtOnce(t *testing.T, s offprint.Store) {
	sub := newSubscription("ann@example.org")
	check(t, s.CreateSubscription(t.Context(), sub))
	for i := range 10 {
		now := at.Add(time.Duration(i) * time.Hour) // from the second on, the one before has died
		if n := wins(t, func() (bool, error) {
			_, ok, err := s.ClaimDelivery(t.Context(), sub.ID, "2026-03-05", "<1>", now, now.Add(-time.Minute))
			return ok, err
		}); n != 1 {
			t.Errorf("a digest was claimed %d times", n)
		}
	}
}
