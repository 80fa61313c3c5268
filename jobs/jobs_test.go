package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/sqlite"
)

// delivered is one call of Deliver.
type delivered struct {
	hook int64
	id   string
	body map[string]any
}

// bench has a store, a queue and what was delivered.
type bench struct {
	*testing.T
	cfg    Config
	store  *sqlite.Store
	reader offprint.Reader
	got    chan delivered
	answer atomic.Pointer[func(try int) error]
	tries  atomic.Int64
}

func newBench(t *testing.T) *bench {
	t.Parallel()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	b := &bench{T: t, store: store, got: make(chan delivered, 100)}
	b.reader = offprint.Reader{Name: "Ada", Email: "ada@example.org", Role: offprint.RoleOwner}
	b.must(store.CreateReader(t.Context(), &b.reader))
	b.cfg = Config{
		Path: filepath.Join(dir, "jobs ?#%.db"), Store: store, BaseURL: "https://papers.example.org",
		Log:           slog.New(slog.DiscardHandler),
		Metrics:       prometheus.NewRegistry(),
		Collect:       func(context.Context) error { return nil },
		CollectSource: func(context.Context, int64) error { return nil },
		Deliver: func(_ context.Context, h offprint.Webhook, e Event) (string, error) {
			try := int(b.tries.Add(1))
			if f := b.answer.Load(); f != nil {
				if err := (*f)(try); err != nil {
					return "503 Service Unavailable", err
				}
			}
			d := delivered{hook: h.ID, id: e.ID}
			if err := json.Unmarshal(e.Body, &d.body); err != nil {
				t.Errorf("body %s: %v", e.Body, err)
			}
			b.got <- d
			return "200 OK", nil
		},
	}
	return b
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) open() *Runner {
	b.Helper()
	cfg := b.cfg
	cfg.Metrics = nil
	r, err := Open(b.Context(), cfg)
	b.must(err)
	return r
}

func (b *bench) start() *Runner {
	b.Helper()
	r := b.open()
	b.must(r.Start(b.Context()))
	b.Cleanup(func() { r.Close(context.Background()) })
	return r
}

func (b *bench) hook(reader int64, events ...offprint.WebhookEvent) offprint.Webhook {
	b.Helper()
	h := offprint.Webhook{ReaderID: reader, URL: "https://example.org/hook", Secret: "s", Events: events}
	b.must(b.store.CreateWebhook(b.Context(), &h))
	return h
}

func (b *bench) papers(day offprint.Date, titles ...string) {
	b.Helper()
	var list []offprint.Paper
	for _, title := range titles {
		list = append(list, offprint.Paper{
			Title: title, Authors: []string{"Grace Hopper"}, DOI: "10.1/" + offprint.NewSecret(), Listed: day,
			Categories: []string{"cs.CL"}, Origins: []offprint.Origin{{Source: "test"}},
		})
	}
	_, err := b.store.PutPapers(b.Context(), list)
	b.must(err)
}

// next is the next delivery.
func (b *bench) next() delivered {
	b.Helper()
	select {
	case d := <-b.got:
		return d
	case <-time.After(30 * time.Second):
		b.Fatal("nothing was delivered")
	}
	panic("unreachable")
}

// settle waits until nothing waits or runs.
func (b *bench) settle(r *Runner) {
	b.Helper()
	for range 300 {
		current, _, err := r.Status(b.Context(), 10)
		b.must(err)
		if len(current) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.Fatal("jobs do not end")
}

func (b *bench) none() {
	b.Helper()
	select {
	case d := <-b.got:
		b.Fatalf("delivered: %v", d)
	default:
	}
}

func TestPeriodic(t *testing.T) {
	b := newBench(t)
	var wg sync.WaitGroup
	wg.Add(2)
	var collected, sent sync.Once
	b.cfg.Collect = func(context.Context) error { collected.Do(wg.Done); return nil }
	b.cfg.SendDigests = func(context.Context) error { sent.Do(wg.Done); return nil }
	b.start()
	wg.Wait()
}

func TestNewDay(t *testing.T) {
	b := newBench(t)
	h := b.hook(b.reader.ID, offprint.EventDay)
	b.hook(b.reader.ID, offprint.EventAlert) // not for this
	today := offprint.DateOf(time.Now().UTC())
	b.papers(today-30, "An old paper on sorting networks")
	r := b.start()
	b.settle(r)
	b.none() // an old day is no news

	b.papers(today-1, "A paper on compilers", "Another paper on compilers")
	b.must(r.SyncSource(t.Context(), 1))
	d := b.next()
	if d.hook != h.ID || d.body["event"] != "day" || d.body["day"] != (today-1).String() || d.body["papers"] != 2.0 ||
		d.body["url"] != "https://papers.example.org/day/"+(today-1).String() {
		t.Errorf("%+v", d)
	}
	b.settle(r)
	b.must(r.SyncSource(t.Context(), 2))
	b.settle(r)
	b.none() // once a day

	got, err := b.store.Webhook(t.Context(), h.ID)
	b.must(err)
	if got.LastStatus != "200 OK" || got.LastTime.IsZero() {
		t.Errorf("%+v", got)
	}
}

func TestAlert(t *testing.T) {
	b := newBench(t)
	other := offprint.Reader{Name: "Eve", Email: "eve@example.org", Role: offprint.RoleReader}
	b.must(b.store.CreateReader(t.Context(), &other))
	h := b.hook(b.reader.ID, offprint.EventAlert)
	b.hook(other.ID, offprint.EventAlert) // somebody else's
	b.papers(0, "Compilers of long ago")
	s := offprint.SavedSearch{ReaderID: b.reader.ID, Name: "compilers", Query: "compilers", Alert: true}
	b.must(b.store.CreateSavedSearch(t.Context(), &s))
	r := b.start()
	b.settle(r)
	b.none() // what was there before the alert is not new

	b.papers(0, "Compilers of today", "Sorting networks of today")
	b.must(r.SyncSource(t.Context(), 1))
	d := b.next()
	list, _ := d.body["papers"].([]any)
	if d.hook != h.ID || d.body["search"] != "compilers" || d.body["total"] != 1.0 || len(list) != 1 ||
		list[0].(map[string]any)["title"] != "Compilers of today" {
		t.Errorf("%+v", d)
	}
	b.settle(r)
	b.must(r.SyncSource(t.Context(), 1))
	b.settle(r)
	b.none()
}

func TestSuspendedReaderHearsNothing(t *testing.T) {
	b := newBench(t)
	other := offprint.Reader{Name: "Eve", Email: "eve@example.org", Role: offprint.RoleReader, Suspended: true}
	b.must(b.store.CreateReader(t.Context(), &other))
	other.Suspended = true
	b.must(b.store.UpdateReader(t.Context(), &other))
	b.hook(other.ID, offprint.EventDay)
	b.papers(offprint.DateOf(time.Now().UTC()), "A paper on compilers")
	r := b.start()
	b.settle(r)
	b.none()
}

func TestDeliveryIsTriedAgain(t *testing.T) {
	b := newBench(t)
	h := b.hook(b.reader.ID, offprint.EventDay)
	fail := func(try int) error {
		if try == 1 {
			return errors.New("not now")
		}
		return nil
	}
	b.answer.Store(&fail)
	r := b.start()
	b.must(r.TestWebhook(t.Context(), h.ID))
	if d := b.next(); d.body["event"] != "test" || b.tries.Load() != 2 {
		t.Errorf("%+v after %d tries", d, b.tries.Load())
	}
}

func TestDeliveryIsGivenUp(t *testing.T) {
	b := newBench(t)
	h := b.hook(b.reader.ID, offprint.EventDay)
	gone := func(int) error { return offprint.Errorf(offprint.KindNotFound, "The receiver answered 410 Gone.") }
	b.answer.Store(&gone)
	r := b.start()
	b.must(r.TestWebhook(t.Context(), h.ID))
	b.settle(r)
	_, troubled, err := r.Status(t.Context(), 10)
	b.must(err)
	if len(troubled) != 1 || troubled[0].Kind != "webhook" || troubled[0].Attempt != 1 || troubled[0].Error == "" {
		t.Errorf("%+v", troubled)
	}
	if got, err := b.store.Webhook(t.Context(), h.ID); err != nil || got.LastStatus != "503 Service Unavailable" {
		t.Errorf("%+v, %v", got, err)
	}
}

// What a process had in hand when it died is done by the next one.
func TestCutOff(t *testing.T) {
	b := newBench(t)
	h := b.hook(b.reader.ID, offprint.EventDay)
	r := b.start()
	b.settle(r)
	b.must(r.Close(t.Context()))

	r = b.open() // not started: nothing takes the job
	b.must(r.TestWebhook(t.Context(), h.ID))
	_, err := r.db.ExecContext(t.Context(), `UPDATE river_job SET state = 'running', attempt = 1 WHERE kind = 'webhook'`)
	b.must(err)
	b.must(r.db.Close())

	r = b.start()
	b.next()
	b.settle(r)
	if _, troubled, err := r.Status(t.Context(), 10); err != nil || len(troubled) != 0 {
		t.Errorf("%+v, %v", troubled, err)
	}
}

// Close interrupts a harvest, which is taken up at the next start and is no failure.
func TestCloseInterrupts(t *testing.T) {
	b := newBench(t)
	started := make(chan bool, 10)
	b.cfg.CollectSource = func(ctx context.Context, id int64) error {
		started <- true
		<-ctx.Done()
		return ctx.Err()
	}
	r := b.start()
	b.must(r.SyncSource(t.Context(), 7))
	b.must(r.SyncSource(t.Context(), 7)) // the same wish
	<-started
	b.must(r.Close(t.Context()))
	if len(started) != 0 {
		t.Error("one source was read twice at once")
	}
	r = b.start()
	<-started
	if _, troubled, err := r.Status(t.Context(), 10); err != nil || len(troubled) != 0 {
		t.Errorf("%+v, %v", troubled, err)
	}
}
