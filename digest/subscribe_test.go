package digest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/mail/mailtest"
)

var wish = offprint.Subscription{Email: "Ann@Example.org", Frequency: offprint.Daily, Hour: 7, TimeZone: "Europe/Berlin", Count: 10}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{})
	s := newService(t, store, server.Host, server.Port)
	ctx := t.Context()
	forged := wish
	forged.State, forged.Secret, forged.Confirmed, forged.Failures = offprint.SubscriptionActive, "guessed", morning, -5
	forged.Query = "pills http://evil.example"
	if err := s.Subscribe(ctx, forged); err != nil {
		t.Fatal(err)
	}
	mails := server.Mails(t)
	if len(mails) != 1 || mails[0].To != "ann@example.org" {
		t.Fatalf("mails: %+v", mails)
	}
	m := mails[0]
	if strings.Contains(m.Raw, "pills") || strings.Contains(m.Raw, "evil") {
		t.Errorf("the mail carries text of whoever asked:\n%s", m.Text)
	}
	link := regexp.MustCompile(`https://papers\.example\.org/digest/confirm/([\w-]{43})\n`).FindStringSubmatch(m.Text)
	if link == nil || !strings.Contains(m.HTML, strings.TrimSpace(link[0])) {
		t.Fatalf("no link in\n%s\n%s", m.Text, m.HTML)
	}
	secret := link[1]
	sub, err := store.SubscriptionBySecret(ctx, secret)
	if err != nil {
		t.Fatal(err)
	}
	if sub.State != offprint.SubscriptionPending || !sub.Confirmed.IsZero() || sub.Failures != 0 {
		t.Errorf("pending: %+v", sub)
	}

	// Confirming, twice; then the digest comes.
	for range 2 {
		if sub, err = s.Confirm(ctx, secret); err != nil || sub.State != offprint.SubscriptionActive || !sub.Confirmed.Equal(s.now()) {
			t.Fatalf("confirmed: %+v, %v", sub, err)
		}
	}
	change := wish
	change.Email, change.State, change.Count, change.Frequency = "eve@example.net", offprint.SubscriptionEnded, 3, offprint.Weekdays
	if err := s.Update(ctx, secret, change); err != nil {
		t.Fatal(err)
	}
	got := reload(t, store, sub)
	if got.Email != "ann@example.org" || got.State != offprint.SubscriptionActive || got.Count != 3 || got.Frequency != offprint.Weekdays || got.Query != "" {
		t.Errorf("changed: %+v", got)
	}
	change.Hour = 25
	if err := s.Update(ctx, secret, change); offprint.KindOf(err) != offprint.KindInvalid {
		t.Errorf("invalid change: %v", err)
	}

	// Unsubscribing, twice; the old link brings nothing back.
	for range 2 {
		if err := s.Unsubscribe(ctx, secret); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Confirm(ctx, secret); offprint.KindOf(err) != offprint.KindConflict {
		t.Errorf("confirming what has ended: %v", err)
	}
	if got := reload(t, store, sub); got.State != offprint.SubscriptionEnded {
		t.Errorf("ended: %+v", got)
	}
	for name, err := range map[string]error{
		"confirm":     func() error { _, err := s.Confirm(ctx, "unknown"); return err }(),
		"update":      s.Update(ctx, "unknown", wish),
		"unsubscribe": s.Unsubscribe(ctx, "unknown"),
	} {
		if offprint.KindOf(err) != offprint.KindNotFound {
			t.Errorf("%s with an unknown secret: %v", name, err)
		}
	}
}

func TestSubscribeInvalid(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{Chaos: true})
	s := newService(t, newStore(t), server.Host, server.Port)
	for name, change := range map[string]func(*offprint.Subscription){
		"address":   func(s *offprint.Subscription) { s.Email = "ann@example.org\r\nBcc: x@y.z" },
		"frequency": func(s *offprint.Subscription) { s.Frequency = "hourly" },
		"query":     func(s *offprint.Subscription) { s.Query = "after:never" },
		"count":     func(s *offprint.Subscription) { s.Count = 0 },
	} {
		sub := wish
		change(&sub)
		if err := s.Subscribe(t.Context(), sub); offprint.KindOf(err) != offprint.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	server.Chaos(t, 0, 550)
	if err := s.Subscribe(t.Context(), wish); offprint.KindOf(err) != offprint.KindInvalid {
		t.Errorf("refused: %v", err)
	}
	server.Chaos(t, 0, 451)
	if err := s.Subscribe(t.Context(), wish); err == nil || offprint.KindOf(err) != offprint.KindInternal {
		t.Errorf("not now: %v", err)
	}
	server.Chaos(t, 0, 0)
	// What failed does not count as a mail.
	if err := s.Subscribe(t.Context(), wish); err != nil {
		t.Fatal(err)
	}
	if n := len(server.Mails(t)); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
}

// Nobody can be flooded, and the answer does not tell who is known.
func TestSubscribeFlood(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{})
	s := newService(t, store, server.Host, server.Port)
	begin := s.now()
	for minute := 0; minute < 48*60; minute += 10 {
		s.now = func() time.Time { return begin.Add(time.Duration(minute) * time.Minute) }
		sub := wish
		sub.Query = fmt.Sprintf("cat:cs.C%c", 'A'+minute%7)
		if err := s.Subscribe(t.Context(), sub); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(server.Mails(t)); n != 2*confirmDaily {
		t.Errorf("%d mails in two days, want %d", n, 2*confirmDaily)
	}

	// Who has the digest already gets no mail, and the same answer.
	before := len(server.Mails(t))
	subscribed(t, store, "bob@example.org")
	bob := wish
	bob.Email = "bob@example.org"
	if err := s.Subscribe(t.Context(), bob); err != nil {
		t.Errorf("known address: %v", err)
	}
	if n := len(server.Mails(t)); n != before {
		t.Errorf("%d mails to a known address", n-before)
	}

	// Who asks again an hour later gets the same link again, with the last wish.
	carl := wish
	carl.Email = "carl@example.org"
	for _, hour := range []int{7, 9} {
		carl.Hour = hour
		if err := s.Subscribe(t.Context(), carl); err != nil {
			t.Fatal(err)
		}
		later := s.now().Add(confirmEvery)
		s.now = func() time.Time { return later }
	}
	mails := server.Mails(t)[before:]
	link := regexp.MustCompile(`/digest/confirm/[\w-]+`)
	if len(mails) != 2 || link.FindString(mails[0].Text) != link.FindString(mails[1].Text) || !strings.Contains(mails[1].Text, "9:00") {
		t.Errorf("mails: %+v", mails)
	}
}

func TestForgetPending(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{})
	s := newService(t, store, server.Host, server.Port)
	if err := s.Subscribe(t.Context(), wish); err != nil {
		t.Fatal(err)
	}
	count := func() int {
		all, err := store.Subscriptions(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	mustRun(t, s, s.now().Add(pendingFor-time.Minute))
	if n := count(); n != 1 {
		t.Fatalf("%d subscriptions, want 1", n)
	}
	mustRun(t, s, s.now().Add(pendingFor))
	if n := count(); n != 0 {
		t.Errorf("%d subscriptions, want 0", n)
	}
}

func TestLimiter(t *testing.T) {
	var l limiter
	at := func(h float64) time.Time { return morning.Add(time.Duration(h * float64(time.Hour))) }
	for _, c := range []struct {
		hour float64
		want bool
	}{{0, true}, {0.5, false}, {1, true}, {2, true}, {3, false}, {23.9, false}, {24, true}, {24.5, false}, {25, true}, {25.5, false}, {26, true}, {27, false}} {
		if got := l.take("ann@example.org", at(c.hour)); got != c.want {
			t.Errorf("hour %v: %v, want %v", c.hour, got, c.want)
		}
	}
	l.giveBack("ann@example.org")
	if !l.take("ann@example.org", at(27)) {
		t.Error("what was given back is gone")
	}
	for i := range limiterMemory {
		l.take(fmt.Sprint(i), at(30))
	}
	if l.take("new@example.org", at(31)) {
		t.Error("memory has no limit")
	}
	if !l.take("new@example.org", at(60)) || len(l.mails) > 10 {
		t.Errorf("old addresses are kept: %d", len(l.mails))
	}
}
