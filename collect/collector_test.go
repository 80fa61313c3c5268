package collect_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/arxiv"
	"github.com/offprint/offprint/arxiv/oaitest"
	"github.com/offprint/offprint/collect"
	"github.com/offprint/offprint/feed"
	"github.com/offprint/offprint/outbound"
	"github.com/offprint/offprint/sqlite"
)

var now = time.Date(2025, 3, 20, 7, 0, 0, 0, time.UTC)

// fetchFunc is a fetcher for what no server can be made to do.
type fetchFunc func(context.Context, offprint.Source, func(offprint.Source, offprint.Batch) error) (offprint.Source, error)

func (f fetchFunc) Fetch(ctx context.Context, src offprint.Source, store func(offprint.Source, offprint.Batch) error) (offprint.Source, error) {
	return f(ctx, src, store)
}

func newCollector(t *testing.T) *collect.Collector {
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
	web := outbound.New(outbound.Options{UserAgent: "Offprint/test"})
	clock := func() time.Time { return now }
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	return &collect.Collector{
		Store: store,
		Fetchers: map[offprint.SourceKind]offprint.Fetcher{
			offprint.SourceArXiv: &arxiv.Client{HTTP: web, Now: clock, Retries: -1, Log: quiet},
			offprint.SourceFeed:  &feed.Client{HTTP: web, Now: clock},
		},
		Now: clock,
		Log: quiet,
	}
}

func create(t *testing.T, c *collect.Collector, src offprint.Source) int64 {
	t.Helper()
	src.AllowPrivate = true
	if err := c.Store.CreateSource(t.Context(), &src); err != nil {
		t.Fatal(err)
	}
	return src.ID
}

func source(t *testing.T, c *collect.Collector, id int64) *offprint.Source {
	t.Helper()
	src, err := c.Store.Source(context.WithoutCancel(t.Context()), id)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func records(n int) []oaitest.Record {
	var all []oaitest.Record
	for i := range n {
		all = append(all, oaitest.Record{
			ID: fmt.Sprintf("2503.%05d", 20000+i), Datestamp: "2025-03-18", Created: "2025-03-17", Sets: []string{"cs:cs:CL"},
			Title: fmt.Sprintf("A study of the number %d", i), Authors: []oaitest.Author{{Forenames: "Ada", Keyname: "Lovelace"}},
			Categories: "cs.CL", Abstract: "We study it.",
		})
	}
	return all
}

const rss = `<rss version="2.0"><channel><title>A blog of papers</title><ttl>180</ttl>
<item><title>Something entirely different</title><link>https://example.org/1</link><author>Alan Turing</author></item>
<item><title>A study of the number 0</title><link>https://arxiv.org/abs/2503.20000v1</link></item></channel></rss>`

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestRun(t *testing.T) {
	c := newCollector(t)
	oai := oaitest.New(records(7)...)
	defer oai.Close()
	var last collect.Progress
	finished := 0
	c.Progress = func(p collect.Progress) {
		if last = p; p.Finished {
			finished++
		}
	}
	blog := create(t, c, offprint.Source{Kind: offprint.SourceFeed, URL: serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, rss) })})
	gone := create(t, c, offprint.Source{Kind: offprint.SourceFeed, Name: "Old blog", URL: serve(t, http.NotFound)})
	busy := create(t, c, offprint.Source{Kind: offprint.SourceFeed, Name: "Busy blog", URL: serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "36000")
		w.WriteHeader(http.StatusServiceUnavailable)
	})})
	harvest := create(t, c, offprint.Source{Kind: offprint.SourceArXiv, URL: oai.URL, Since: now.AddDate(0, 0, -5)})
	later := create(t, c, offprint.Source{Kind: offprint.SourceFeed, URL: "http://127.0.0.1:1/later", NextRun: now.Add(time.Second)})
	paused := create(t, c, offprint.Source{Kind: offprint.SourceFeed, URL: "http://127.0.0.1:1/paused", Paused: true})

	err := c.Run(t.Context())
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"Old blog: The server answered 404 Not Found.", "Busy blog: The server answered 503 Service Unavailable and asks to wait 10h0m0s."} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if n, err := c.Store.PaperCount(t.Context()); err != nil || n != 8 {
		t.Errorf("%d papers, %v", n, err)
	}
	if finished != 4 {
		t.Errorf("%d sources finished, the last %+v", finished, last)
	}
	p, err := c.Store.Paper(t.Context(), "2503.20000")
	if err != nil || len(p.Origins) != 2 {
		t.Errorf("a paper of two sources: %+v, %v", p, err)
	}

	for id, want := range map[int64]time.Duration{harvest: 6 * time.Hour, blog: 3 * time.Hour} {
		if s := source(t, c, id); !s.LastSuccess.Equal(now) || !s.LastRun.Equal(now) || s.LastError != "" || s.Failures != 0 || !s.NextRun.Equal(now.Add(want)) {
			t.Errorf("after a success: %+v", s)
		}
	}
	if s := source(t, c, blog); s.Name != "A blog of papers" {
		t.Errorf("named %q", s.Name)
	}
	if s := source(t, c, harvest); s.Cursor != "" || !s.Since.Equal(now.Truncate(24*time.Hour)) {
		t.Errorf("harvested to %s, cursor %q", s.Since, s.Cursor)
	}
	if s := source(t, c, gone); s.Failures != 1 || s.LastError != "The server answered 404 Not Found." || !s.LastSuccess.IsZero() ||
		s.NextRun.Before(now.Add(3*time.Minute)) || s.NextRun.After(now.Add(7*time.Minute)) {
		t.Errorf("after a failure: %+v", s)
	}
	if s := source(t, c, busy); !s.NextRun.Equal(now.Add(10 * time.Hour)) {
		t.Errorf("asked to wait: %+v", s)
	}
	for _, id := range []int64{later, paused} {
		if s := source(t, c, id); !s.LastRun.IsZero() {
			t.Errorf("not due, but run: %+v", s)
		}
	}

	// Nothing is due now.
	before := len(oai.Requests())
	if err := c.Run(t.Context()); err != nil || len(oai.Requests()) != before {
		t.Errorf("again: %v", err)
	}
	// RunSource does not ask what is due.
	if err := c.RunSource(t.Context(), paused); !strings.Contains(err.Error(), "127.0.0.1: The server refuses connections.") {
		t.Errorf("paused: %v", err)
	}
	if err := c.RunSource(t.Context(), 999); offprint.KindOf(err) != offprint.KindNotFound {
		t.Errorf("unknown: %v", err)
	}
}

func TestFailuresAddUp(t *testing.T) {
	c := newCollector(t)
	status := http.StatusInternalServerError
	id := create(t, c, offprint.Source{Kind: offprint.SourceFeed, Name: "Blog", URL: serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, rss)
	})})
	for n := 1; n <= 15; n++ {
		if err := c.RunSource(t.Context(), id); err == nil {
			t.Fatal("no error")
		}
		s := source(t, c, id)
		wait := s.NextRun.Sub(now)
		usual := min(5*time.Minute<<(n-1), 24*time.Hour)
		if s.Failures != n || wait < usual*3/4 || wait > min(usual*5/4, 24*time.Hour) {
			t.Errorf("failure %d: %d in a row, waits %s", n, s.Failures, wait)
		}
	}
	status = http.StatusOK
	if err := c.RunSource(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if s := source(t, c, id); s.Failures != 0 || s.LastError != "" {
		t.Errorf("after a success: %+v", s)
	}
}

func TestNotTwiceAtOnce(t *testing.T) {
	c := newCollector(t)
	inside, leave := make(chan struct{}), make(chan struct{})
	c.Fetchers[offprint.SourceFeed] = fetchFunc(func(_ context.Context, src offprint.Source, _ func(offprint.Source, offprint.Batch) error) (offprint.Source, error) {
		inside <- struct{}{}
		<-leave
		return src, nil
	})
	id := create(t, c, offprint.Source{Kind: offprint.SourceFeed, URL: "https://example.org/feed"})
	done := make(chan error)
	go func() { done <- c.Run(t.Context()) }()
	<-inside
	if err := c.RunSource(t.Context(), id); offprint.KindOf(err) != offprint.KindConflict {
		t.Errorf("a second run: %v", err)
	}
	if err := c.Run(t.Context()); err != nil {
		t.Errorf("a run of all: %v", err)
	}
	close(leave)
	if err := <-done; err != nil {
		t.Error(err)
	}
	go func() { done <- c.RunSource(t.Context(), id) }()
	<-inside
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestPanicFailsAlone(t *testing.T) {
	c := newCollector(t)
	c.Fetchers[offprint.SourceArXiv] = fetchFunc(func(context.Context, offprint.Source, func(offprint.Source, offprint.Batch) error) (offprint.Source, error) {
		panic("oh")
	})
	bad := create(t, c, offprint.Source{Kind: offprint.SourceArXiv, Name: "Bad", URL: "https://example.org/oai"})
	good := create(t, c, offprint.Source{Kind: offprint.SourceFeed, URL: serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, rss) })})
	if err := c.Run(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "Bad: Reading it failed") {
		t.Errorf("got %v", err)
	}
	if s := source(t, c, bad); s.Failures != 1 {
		t.Errorf("got %+v", s)
	}
	if s := source(t, c, good); s.Failures != 0 || s.LastSuccess.IsZero() {
		t.Errorf("got %+v", s)
	}
}

func TestBadAnswersAreSentences(t *testing.T) {
	c := newCollector(t)
	oai := oaitest.New(records(2)...)
	defer oai.Close()
	id := create(t, c, offprint.Source{Kind: offprint.SourceArXiv, Name: "arXiv", URL: oai.URL, Since: now.AddDate(0, 0, -5)})
	for _, f := range []oaitest.Fault{oaitest.Cut(300), oaitest.Truncate(300), oaitest.Broken(), oaitest.Page(), oaitest.Error("badArgument"), oaitest.Status(500, "")} {
		oai.Fail(f)
		if err := c.RunSource(t.Context(), id); err == nil {
			t.Error("no error")
		}
		if s := source(t, c, id).LastError; s == "" || !strings.HasSuffix(s, ".") || s[0] < 'A' || s[0] > 'Z' {
			t.Errorf("%q is no sentence", s)
		}
	}
}

// A run that its caller ends is not the source's failure.
func TestStopped(t *testing.T) {
	c := newCollector(t)
	oai := oaitest.New(records(9)...)
	defer oai.Close()
	ctx, cancel := context.WithCancel(t.Context())
	c.Progress = func(collect.Progress) { cancel() }
	id := create(t, c, offprint.Source{Kind: offprint.SourceArXiv, URL: oai.URL, Since: now.AddDate(0, 0, -5)})
	if err := c.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s := source(t, c, id)
	if s.Failures != 0 || s.LastError != "" || s.Cursor == "" || s.NextRun.After(now) || !s.LastSuccess.IsZero() {
		t.Errorf("got %+v", s)
	}
	if n, err := c.Store.PaperCount(t.Context()); err != nil || n != 3 {
		t.Errorf("%d papers, %v", n, err)
	}
}

// With a budget, or killed at any batch, a harvest comes in pieces, and ends
// with what it brings in one.
func TestPieces(t *testing.T) {
	contents := func(c *collect.Collector) (keys []string) {
		if err := c.Store.AllPapers(t.Context(), func(p *offprint.Paper) error {
			keys = append(keys, p.Key+" "+p.Title)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return keys
	}
	oai := oaitest.New(records(10)...)
	defer oai.Close()
	src := offprint.Source{Kind: offprint.SourceArXiv, URL: oai.URL, Since: now.AddDate(0, 0, -5), Sets: []string{"cs", "stat"}}
	whole := newCollector(t)
	create(t, whole, src)
	if err := whole.Run(t.Context()); err != nil {
		t.Fatal(err)
	}

	t.Run("budget", func(t *testing.T) {
		c := newCollector(t)
		c.Budget = time.Nanosecond
		at := now
		c.Now = func() time.Time { at = at.Add(time.Second); return at }
		id := create(t, c, src)
		runs := 0
		for source(t, c, id).LastSuccess.IsZero() {
			if err := c.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if runs++; runs > 20 {
				t.Fatal("it does not end")
			}
		}
		if got := contents(c); runs < 4 || !reflect.DeepEqual(got, contents(whole)) {
			t.Errorf("in %d runs: %v", runs, got)
		}
	})

	for after := 1; after <= 5; after++ {
		t.Run(fmt.Sprintf("killed after %d", after), func(t *testing.T) {
			c := newCollector(t)
			id := create(t, c, src)
			ctx, cancel := context.WithCancel(t.Context())
			batches := 0
			c.Progress = func(collect.Progress) {
				if batches++; batches == after {
					cancel()
				}
			}
			_ = c.Run(ctx)
			if err := c.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := contents(c); !reflect.DeepEqual(got, contents(whole)) {
				t.Errorf("got %v", got)
			}
			if s := source(t, c, id); s.Cursor != "" || s.LastSuccess.IsZero() {
				t.Errorf("got %+v", s)
			}
		})
	}
}

func TestDeletedWhileRead(t *testing.T) {
	c := newCollector(t)
	oai := oaitest.New(records(9)...)
	defer oai.Close()
	id := create(t, c, offprint.Source{Kind: offprint.SourceArXiv, URL: oai.URL, Since: now.AddDate(0, 0, -5)})
	c.Progress = func(p collect.Progress) {
		if !p.Finished {
			if err := c.Store.DeleteSource(t.Context(), id); err != nil {
				t.Error(err)
			}
		}
	}
	if err := c.Run(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestOwnersChangesStay(t *testing.T) {
	c := newCollector(t)
	id := create(t, c, offprint.Source{Kind: offprint.SourceFeed, URL: "https://example.org/feed"})
	c.Fetchers[offprint.SourceFeed] = fetchFunc(func(ctx context.Context, src offprint.Source, _ func(offprint.Source, offprint.Batch) error) (offprint.Source, error) {
		changed := src
		changed.Name, changed.Paused = "Renamed", true
		if err := c.Store.UpdateSource(ctx, &changed); err != nil {
			t.Error(err)
		}
		src.Name = "The feed's own title"
		return src, nil
	})
	if err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := source(t, c, id); s.Name != "Renamed" || !s.Paused || s.LastSuccess.IsZero() {
		t.Errorf("got %+v", s)
	}
}

func TestAdd(t *testing.T) {
	c := newCollector(t)
	oai := oaitest.New(records(2)...)
	defer oai.Close()
	api := &arxiv.Client{HTTP: outbound.New(outbound.Options{AllowPrivate: true}), API: oai.APIURL, Retries: -1}
	c.Lookup = api.Lookup
	for _, ref := range []string{"arxiv:2503.20001", "https://arxiv.org/pdf/2503.20001v1"} {
		p, err := c.Add(t.Context(), ref)
		if err != nil || p.ID == 0 || p.ArXivID != "2503.20001" || len(p.Origins) != 1 || p.Origins[0].Source != "arxiv" {
			t.Errorf("%s: %+v, %v", ref, p, err)
		}
	}
	if n, err := c.Store.PaperCount(t.Context()); err != nil || n != 1 {
		t.Errorf("%d papers, %v", n, err)
	}
	for ref, want := range map[string]offprint.Kind{
		"nonsense":                  offprint.KindInvalid,
		"https://example.org/paper": offprint.KindInvalid,
		"2503.29999":                offprint.KindNotFound,
	} {
		if _, err := c.Add(t.Context(), ref); offprint.KindOf(err) != want {
			t.Errorf("%s: %v", ref, err)
		}
	}
	oai.Fail(oaitest.Status(500, ""))
	if _, err := c.Add(t.Context(), "2503.20000"); !strings.Contains(fmt.Sprint(err), "Try again later.") {
		t.Errorf("arXiv is down: %v", err)
	}
	c.Lookup = nil
	if _, err := c.Add(t.Context(), "2503.20000"); offprint.KindOf(err) != offprint.KindInvalid {
		t.Errorf("without lookups: %v", err)
	}
}
