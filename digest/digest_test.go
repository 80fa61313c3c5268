package digest

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/mail"
	"github.com/offprint/offprint/mail/mailtest"
	"github.com/offprint/offprint/sqlite"
)

// The digests of these tests are sent on Thursday, 5 March 2026, at 07:00 UTC,
// and are about the day before.
var (
	morning   = time.Date(2026, 3, 5, 7, 0, 0, 0, time.UTC)
	yesterday = offprint.NewDate(2026, 3, 4)
)

const baseURL = "https://papers.example.org"

func newStore(t testing.TB) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "offprint.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func newService(t testing.TB, store offprint.Store, host string, port int) *Service {
	t.Helper()
	cfg := Config{Store: store, BaseURL: baseURL, Log: slog.New(slog.DiscardHandler)}
	if host != "" {
		sender, err := mail.New(mail.Config{Host: host, Port: port, Security: mail.NoTLS, From: "Papers <papers@example.org>", Timeout: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Mail = sender
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.now = func() time.Time { return morning.Add(-24 * time.Hour) }
	return s
}

// putPapers lists n papers on a day, in categories in turn.
func putPapers(t testing.TB, store offprint.Store, day offprint.Date, n int, categories ...string) {
	t.Helper()
	if len(categories) == 0 {
		categories = []string{"cs.CL"}
	}
	papers := make([]offprint.Paper, n)
	for i := range papers {
		papers[i] = offprint.Paper{
			ArXivID: fmt.Sprintf("%s.%05d", day.Time().Format("0601"), int(day.Time().Day())*1000+i),
			Title:   fmt.Sprintf("Paper %d of %s with $x^2$", i, day), Authors: []string{"Ada Lovelace", "Alan Turing"},
			Abstract: "We do what can be done. Our code: https://github.com/example/code" + fmt.Sprint(i), Categories: []string{categories[i%len(categories)]},
			Listed: day, Published: day.Time(), Origins: []offprint.Origin{{Source: "arxiv"}},
		}
	}
	if _, err := store.PutPapers(t.Context(), papers); err != nil {
		t.Fatal(err)
	}
}

// subscribed stores an active daily subscription.
func subscribed(t testing.TB, store offprint.Store, email string, change ...func(*offprint.Subscription)) *offprint.Subscription {
	t.Helper()
	sub := &offprint.Subscription{
		Email: email, Frequency: offprint.Daily, Hour: 7, TimeZone: "UTC", Count: 10, State: offprint.SubscriptionActive,
		Secret: offprint.NewSecret(), Confirmed: morning.Add(-20 * time.Hour),
	}
	for _, f := range change {
		f(sub)
	}
	if err := store.CreateSubscription(t.Context(), sub); err != nil {
		t.Fatal(err)
	}
	return sub
}

func mustRun(t testing.TB, s *Service, now time.Time) Report {
	t.Helper()
	r, err := s.Run(t.Context(), now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func delivery(t testing.TB, store offprint.Store, sub *offprint.Subscription) offprint.Delivery {
	t.Helper()
	all, err := store.Deliveries(t.Context(), sub.ID, 1)
	if err != nil || len(all) == 0 {
		t.Fatalf("deliveries: %v, %v", all, err)
	}
	return all[0]
}

func reload(t testing.TB, store offprint.Store, sub *offprint.Subscription) *offprint.Subscription {
	t.Helper()
	got, err := store.Subscription(t.Context(), sub.ID)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestRun(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{})
	s := newService(t, store, server.Host, server.Port)
	putPapers(t, store, yesterday, 12, "cs.CL", "cs.CV")
	ann := subscribed(t, store, "ann@example.org")
	bob := subscribed(t, store, "bob@example.org", func(s *offprint.Subscription) { s.Query, s.Count = "cat:cs.CV", 5 })
	carl := subscribed(t, store, "carl@example.org", func(s *offprint.Subscription) { s.Query = "cat:math.AG" })
	subscribed(t, store, "dora@example.org", func(s *offprint.Subscription) { s.Hour = 8 })
	subscribed(t, store, "emil@example.org", func(s *offprint.Subscription) { s.State = offprint.SubscriptionPending })

	if r := mustRun(t, s, morning.Add(-time.Minute)); r != (Report{}) {
		t.Errorf("before the hour: %v", r)
	}
	if r := mustRun(t, s, morning); r != (Report{Sent: 2, Empty: 1}) {
		t.Errorf("at the hour: %v", r)
	}
	for i := range 5 {
		if r := mustRun(t, s, morning.Add(time.Duration(i)*10*time.Minute)); r != (Report{}) {
			t.Errorf("again: %v", r)
		}
	}
	if got := delivery(t, store, carl); got.State != offprint.DeliveryEmpty {
		t.Errorf("empty digest: %+v", got)
	}
	if got := delivery(t, store, ann); got.State != offprint.DeliverySent || got.Period != "2026-03-05" || got.Tries != 1 {
		t.Errorf("sent digest: %+v", got)
	}
	mails := server.Mails(t)
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	m := mails[0]
	if m.To != "ann@example.org" || m.Header.Get("Subject") == "" {
		t.Errorf("mail to %s: %v", m.To, m.Header)
	}
	if got, want := m.Header.Get("List-Unsubscribe"), "<"+baseURL+"/digest/unsubscribe/"+ann.Secret+">"; got != want {
		t.Errorf("List-Unsubscribe: %s, want %s", got, want)
	}
	if got := m.Header.Get("List-Id"); got != "<digest.papers.example.org>" {
		t.Errorf("List-Id: %s", got)
	}
	if n := strings.Count(mails[1].Text, baseURL+"/paper/"); n != 5 {
		t.Errorf("%s got %d papers, want 5", bob.Email, n)
	}
	if bad := server.Unsupported(t, m.ID); bad > 2 {
		t.Errorf("mail programs do not know %.1f %% of the HTML", bad)
	}

	// The next day there is a new digest.
	putPapers(t, store, yesterday+1, 3, "cs.CV")
	if r := mustRun(t, s, morning.Add(24*time.Hour)); r != (Report{Sent: 3, Empty: 1}) {
		t.Errorf("next day: %v", r)
	}
}

func TestRunWithoutMail(t *testing.T) {
	t.Parallel()
	s := newService(t, newStore(t), "", 0)
	if _, err := s.Run(t.Context(), morning); offprint.KindOf(err) != offprint.KindInvalid {
		t.Errorf("Run: %v", err)
	}
	if err := s.Subscribe(t.Context(), offprint.Subscription{}); offprint.KindOf(err) != offprint.KindInvalid {
		t.Errorf("Subscribe: %v", err)
	}
}

// A digest's reader does not get what they have hidden, nor anything while suspended.
func TestRunForReader(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{})
	s := newService(t, store, server.Host, server.Port)
	putPapers(t, store, yesterday, 3)
	reader := &offprint.Reader{Name: "Ann", Email: "ann@example.org", Role: offprint.RoleReader}
	if err := store.CreateReader(t.Context(), reader); err != nil {
		t.Fatal(err)
	}
	hidden, err := store.Paper(t.Context(), "2603.04001")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.SetMark(t.Context(), reader.ID, hidden.ID, offprint.MarkHide, true, morning); err != nil {
		t.Fatal(err)
	}
	subscribed(t, store, "ann@example.org", func(s *offprint.Subscription) { s.ReaderID = reader.ID })
	subscribed(t, store, "bob@example.org")
	reader.Suspended = true
	if err := store.UpdateReader(t.Context(), reader); err != nil {
		t.Fatal(err)
	}
	if r := mustRun(t, s, morning); r != (Report{Sent: 1}) {
		t.Errorf("suspended: %v", r)
	}
	reader.Suspended = false
	if err := store.UpdateReader(t.Context(), reader); err != nil {
		t.Fatal(err)
	}
	if r := mustRun(t, s, morning); r != (Report{Sent: 1}) {
		t.Errorf("not suspended: %v", r)
	}
	for _, m := range server.Mails(t) {
		if has, want := strings.Contains(m.Text, hidden.Key), m.To == "bob@example.org"; has != want {
			t.Errorf("%s: hidden paper in the mail: %v, want %v", m.To, has, want)
		}
	}
}

func TestRetry(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{Chaos: true})
	s := newService(t, store, server.Host, server.Port)
	putPapers(t, store, yesterday, 3)
	sub := subscribed(t, store, "ann@example.org")

	server.Chaos(t, 0, 451)
	now := morning
	var waits []time.Duration
	for range maxTries - 1 {
		if r := mustRun(t, s, now); r != (Report{Retry: 1}) {
			t.Fatalf("at %v: %v", now, r)
		}
		d := delivery(t, store, sub)
		if r := mustRun(t, s, d.NextTry.Add(-time.Second)); r != (Report{}) {
			t.Errorf("before its time: %v", r)
		}
		waits = append(waits, d.NextTry.Sub(now).Round(time.Minute))
		now = d.NextTry
	}
	m := time.Minute
	if got, want := fmt.Sprint(waits), fmt.Sprint([]time.Duration{5 * m, 10 * m, 20 * m, 40 * m, 80 * m, 160 * m, 320 * m}); got != want {
		t.Errorf("waits %v, want %v", got, want)
	}
	if r := mustRun(t, s, now); r != (Report{Failed: 1}) {
		t.Errorf("last try: %v", r)
	}
	if got := reload(t, store, sub); got.Failures != 1 || got.LastError == "" || got.State != offprint.SubscriptionActive {
		t.Errorf("after a failed digest: %+v", got)
	}

	// The next one arrives at the second try, and the failure is forgotten.
	putPapers(t, store, yesterday+1, 3)
	now = morning.Add(24 * time.Hour)
	if r := mustRun(t, s, now); r != (Report{Retry: 1}) {
		t.Errorf("next day: %v", r)
	}
	server.Chaos(t, 0, 0)
	if r := mustRun(t, s, now.Add(6*time.Minute)); r != (Report{Sent: 1}) {
		t.Errorf("next day, again: %v", r)
	}
	if got := reload(t, store, sub); got.Failures != 0 || got.LastError != "" {
		t.Errorf("after a sent digest: %+v", got)
	}
	if n := len(server.Mails(t)); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{Chaos: true})
	s := newService(t, store, server.Host, server.Port)
	for i := range 6 {
		putPapers(t, store, yesterday+offprint.Date(i), 1)
	}
	for _, c := range []struct{ code, digests int }{
		{550, maxNoMailbox}, // no such user
		{552, maxFailures},
	} {
		server.Chaos(t, 0, c.code)
		sub := subscribed(t, store, fmt.Sprintf("a%d@example.org", c.code))
		for i := range c.digests {
			if got := reload(t, store, sub); got.State != offprint.SubscriptionActive || got.Failures != i {
				t.Fatalf("%d, after %d digests: %+v", c.code, i, got)
			}
			if r := mustRun(t, s, morning.Add(time.Duration(i)*24*time.Hour)); r != (Report{Failed: 1}) {
				t.Fatalf("%d, digest %d: %v", c.code, i, r)
			}
		}
		got := reload(t, store, sub)
		if got.State != offprint.SubscriptionPaused || !strings.Contains(got.LastError, fmt.Sprint(c.code)) {
			t.Fatalf("%d: %+v", c.code, got)
		}
		// Confirming again takes it up.
		if got, err := s.Confirm(t.Context(), sub.Secret); err != nil || got.State != offprint.SubscriptionActive || got.Failures != 0 {
			t.Errorf("resumed: %+v, %v", got, err)
		}
		if err := s.Unsubscribe(t.Context(), sub.Secret); err != nil {
			t.Fatal(err)
		}
	}
}

// A mail server that is away or refuses the sender is no fault of a digest's.
func TestServerAway(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{Chaos: true})
	putPapers(t, store, yesterday, 3)
	var subs []*offprint.Subscription
	for i := range 3 {
		subs = append(subs, subscribed(t, store, fmt.Sprintf("a%d@example.org", i)))
	}
	check := func(what string, s *Service, now time.Time) {
		t.Helper()
		if r, err := s.Run(t.Context(), now); err == nil || r != (Report{Retry: 1}) {
			t.Errorf("%s: %v, %v; want one retry and an error", what, r, err)
		}
	}
	away := newService(t, store, "127.0.0.1", 1)
	check("away", away, morning)
	s := newService(t, store, server.Host, server.Port)
	server.Chaos(t, 550, 0)
	check("sender refused", s, morning.Add(time.Minute))
	server.Chaos(t, 0, 0)
	if r := mustRun(t, s, morning.Add(10*time.Minute)); r != (Report{Sent: 3}) {
		t.Errorf("back: %v", r)
	}
	for _, sub := range subs {
		if got := reload(t, store, sub); got.Failures != 0 {
			t.Errorf("failures: %+v", got)
		}
		if d := delivery(t, store, sub); d.Tries != 1 {
			t.Errorf("tries: %+v", d)
		}
	}
}

func TestCutConnection(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{})
	proxy := mailtest.NewProxy(t, server, 0)
	s := newService(t, store, proxy.Host, proxy.Port)
	putPapers(t, store, yesterday, 3)
	sub := subscribed(t, store, "ann@example.org")

	proxy.CutAt("DATA\r\n", false)
	if r, err := s.Run(t.Context(), morning); err == nil || r != (Report{Retry: 1}) {
		t.Errorf("cut before the message: %v, %v", r, err)
	}
	proxy.CutAt("\r\n.\r\n", true)
	if r, err := s.Run(t.Context(), morning.Add(time.Hour)); err == nil || r != (Report{Unknown: 1}) {
		t.Errorf("cut before the answer: %v, %v", r, err)
	}
	proxy.CutAt("", false)
	if r := mustRun(t, s, morning.Add(2*time.Hour)); r != (Report{}) {
		t.Errorf("after: %v", r)
	}
	if d := delivery(t, store, sub); d.State != offprint.DeliveryUnknown || d.Tries != 2 {
		t.Errorf("delivery: %+v", d)
	}
	if n := len(server.Mails(t)); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
}

// A connection that the server closed between two messages is no fault of the
// second.
func TestIdleConnection(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{})
	proxy := mailtest.NewProxy(t, server, 0)
	s := newService(t, store, proxy.Host, proxy.Port)
	putPapers(t, store, yesterday, 3)
	r := &run{Service: s, began: morning, wall: time.Now().Round(0)}
	defer r.hangUp()
	send := func(to string) error {
		return r.send(t.Context(), mail.Message{To: to, Subject: "s", Text: "t"}, func() error { return nil })
	}
	if err := send("ann@example.org"); err != nil {
		t.Fatal(err)
	}
	proxy.Cut()
	if err := send("bob@example.org"); err != nil {
		t.Fatal(err)
	}
	if n := len(server.Mails(t)); n != 2 {
		t.Errorf("%d mails, want 2", n)
	}
}

// Digests that wait for a retry when the next is due are given up.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{Chaos: true})
	s := newService(t, store, server.Host, server.Port)
	putPapers(t, store, yesterday, 1)
	putPapers(t, store, yesterday+1, 1)
	sub := subscribed(t, store, "ann@example.org")
	server.Chaos(t, 0, 451)
	mustRun(t, s, morning.Add(23*time.Hour))
	server.Chaos(t, 0, 0)
	if r := mustRun(t, s, morning.Add(24*time.Hour)); r != (Report{Sent: 1, Failed: 1}) {
		t.Errorf("next day: %v", r)
	}
	if r := mustRun(t, s, morning.Add(25*time.Hour)); r != (Report{}) {
		t.Errorf("later: %v", r)
	}
	all, err := store.Deliveries(t.Context(), sub.ID, 10)
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %v", all, err)
	}
	for _, d := range all {
		if want := map[string]offprint.DeliveryState{"2026-03-05": offprint.DeliveryFailed, "2026-03-06": offprint.DeliverySent}[d.Period]; d.State != want {
			t.Errorf("%+v, want %s", d, want)
		}
	}
}

func TestStopped(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{})
	s := newService(t, store, server.Host, server.Port)
	putPapers(t, store, yesterday, 3)
	subscribed(t, store, "ann@example.org")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Run(ctx, morning); err == nil {
		t.Error("no error")
	}
	if r := mustRun(t, s, morning.Add(time.Minute)); r != (Report{Sent: 1}) {
		t.Errorf("afterwards: %v", r)
	}
}

// Of several runs at once, one sends each digest.
func TestConcurrentRuns(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{})
	putPapers(t, store, yesterday, 3)
	const subs, runs = 10, 4
	for i := range subs {
		subscribed(t, store, fmt.Sprintf("a%d@example.org", i))
	}
	reports := make(chan Report)
	for range runs {
		s := newService(t, store, server.Host, server.Port)
		go func() {
			r, err := s.Run(context.WithoutCancel(t.Context()), morning)
			if err != nil {
				t.Error(err)
			}
			reports <- r
		}()
	}
	sent := 0
	for range runs {
		sent += (<-reports).Sent
	}
	if n := len(server.Mails(t)); sent != subs || n != subs {
		t.Errorf("%d reported and %d arrived, want %d", sent, n, subs)
	}
}

// A claim that has grown old, as when the machine was suspended, is not used.
func TestOldClaim(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{})
	s := newService(t, store, server.Host, server.Port)
	putPapers(t, store, yesterday, 3)
	sub := subscribed(t, store, "ann@example.org")
	r := &run{Service: s, began: morning, wall: time.Now().Round(0)}
	defer r.hangUp()
	d, ok, err := store.ClaimDelivery(t.Context(), sub.ID, "2026-03-05", "x@example.org", morning, morning)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := r.deliver(t.Context(), sub, d, mail.Message{To: sub.Email, Subject: "s", Text: "t"}, morning.Add(-s.lease)); err != nil {
		t.Fatal(err)
	}
	if n := len(server.Mails(t)); n != 0 {
		t.Errorf("%d mails, want none", n)
	}
	if d := delivery(t, store, sub); d.State != offprint.DeliveryClaimed {
		t.Errorf("delivery: %+v", d)
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	store, server := newStore(t), mailtest.Start(t, mailtest.Options{})
	s := newService(t, store, server.Host, server.Port)
	putPapers(t, store, yesterday, 3)
	ann := subscribed(t, store, "ann@example.org")
	mustRun(t, s, morning)
	bob := subscribed(t, store, "bob@example.org")
	carl := subscribed(t, store, "carl@example.org", func(s *offprint.Subscription) { s.Query = "cat:math.AG" })
	subscribed(t, store, "dora@example.org", func(s *offprint.Subscription) { s.Hour = 9 })
	plans, err := s.DryRun(t.Context(), morning)
	if err != nil {
		t.Fatal(err)
	}
	if len(plans) != 3 {
		t.Fatalf("%d plans: %+v", len(plans), plans)
	}
	if p := plans[0]; p.Subscription.ID != ann.ID || p.Send || p.State != offprint.DeliverySent {
		t.Errorf("sent already: %+v", p)
	}
	if p := plans[1]; p.Subscription.ID != bob.ID || !p.Send || p.Papers != 3 || !strings.HasPrefix(p.Subject, "Daily Papers, Wed 4 March: ") {
		t.Errorf("due: %+v", p)
	}
	if p := plans[2]; p.Subscription.ID != carl.ID || p.Send || p.Papers != 0 || p.State != "" {
		t.Errorf("empty: %+v", p)
	}
	if got := len(server.Mails(t)); got != 1 {
		t.Errorf("%d mails, want 1", got)
	}
	if all, err := store.Deliveries(t.Context(), bob.ID, 1); err != nil || len(all) != 0 {
		t.Errorf("something was stored: %v, %v", all, err)
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	s := newService(t, store, "", 0)
	sub := offprint.Subscription{Email: "ann@example.org", Frequency: offprint.Daily, Hour: 7, TimeZone: "Pacific/Kiritimati", Count: 2}
	if _, err := s.Preview(t.Context(), sub, morning); offprint.KindOf(err) != offprint.KindNotFound {
		t.Errorf("without papers: %v", err)
	}
	putPapers(t, store, yesterday-5, 3) // a Friday
	for _, c := range []struct {
		frequency offprint.Frequency
		subject   string
	}{
		{offprint.Daily, "Daily Papers, Fri 27 February: Paper 2 of 2026-02-27 with x² and 1 more"},
		{offprint.Weekdays, "Daily Papers, Fri 27 to Sun 1 March: Paper 2 of 2026-02-27 with x² and 1 more"},
		{offprint.Weekly, "Weekly Papers, week 9: Paper 2 of 2026-02-27 with x² and 1 more"},
		{offprint.Monthly, "Monthly Papers, February: Paper 2 of 2026-02-27 with x² and 1 more"},
	} {
		sub.Frequency = c.frequency
		m, err := s.Preview(t.Context(), sub, morning)
		if err != nil {
			t.Errorf("%s: %v", c.frequency, err)
			continue
		}
		if m.Subject != c.subject {
			t.Errorf("%s: subject %q, want %q", c.frequency, m.Subject, c.subject)
		}
	}
	sub.Query = "cat:math.AG"
	if _, err := s.Preview(t.Context(), sub, morning); offprint.KindOf(err) != offprint.KindNotFound {
		t.Errorf("without matches: %v", err)
	}
	sub.Hour = 24
	if _, err := s.Preview(t.Context(), sub, morning); offprint.KindOf(err) != offprint.KindInvalid {
		t.Errorf("invalid: %v", err)
	}
}

func TestNew(t *testing.T) {
	store := newStore(t)
	for _, base := range []string{"", "papers.example.org", "ftp://papers.example.org", "https://"} {
		if _, err := New(Config{Store: store, BaseURL: base}); err == nil {
			t.Errorf("%q: no error", base)
		}
	}
	s, err := New(Config{Store: store, BaseURL: "https://example.org/papers/"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.link("digest", "confirm", "a b/c"), "https://example.org/papers/digest/confirm/a%20b/c"; got != want {
		t.Errorf("link %s, want %s", got, want)
	}
	for host, want := range map[string]string{"http://[::1]:8080": "localhost", "http://127.0.0.1:8080": "127.0.0.1"} {
		s.base, _ = url.Parse(host)
		if got := s.domain(); got != want {
			t.Errorf("domain of %s: %s, want %s", host, got, want)
		}
	}
}
