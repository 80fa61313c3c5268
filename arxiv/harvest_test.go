package arxiv_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/arxiv"
	"github.com/offprint/offprint/arxiv/oaitest"
	"github.com/offprint/offprint/outbound"
)

var today = time.Date(2025, 3, 20, 7, 0, 0, 0, time.UTC)

// shelf keeps what a harvest stores, as a store would.
type shelf struct {
	src     offprint.Source
	papers  map[string]*offprint.Paper
	deleted map[string]bool
	batches int
}

func newShelf(src offprint.Source) *shelf {
	return &shelf{src: src, papers: map[string]*offprint.Paper{}, deleted: map[string]bool{}}
}

func (s *shelf) put(src offprint.Source, b offprint.Batch) error {
	s.batches++
	s.src = src
	for _, p := range b.Papers {
		if old := s.papers[p.ArXivID]; old != nil {
			old.Merge(&p)
		} else {
			s.papers[p.ArXivID] = &p
		}
	}
	for _, id := range b.Deleted {
		s.deleted[id] = true
	}
	return nil
}

// contents is what must come out alike however the harvest went.
func (s *shelf) contents() map[string]string {
	m := map[string]string{}
	for id, p := range s.papers {
		m[id] = fmt.Sprintf("%s | %s | %s", p.Listed, p.Title, strings.Join(p.Authors, ", "))
	}
	for id := range s.deleted {
		m[id] += " deleted"
	}
	m["since"] = s.src.Since.Format(time.DateOnly)
	m["cursor"] = s.src.Cursor
	return m
}

// run fetches until the end, as the collector would call it.
func (s *shelf) run(ctx context.Context, c *arxiv.Client) error {
	src, err := c.Fetch(ctx, s.src, s.put)
	if err == nil {
		s.src = src
	}
	return err
}

func newClient(o outbound.Options) *arxiv.Client {
	o.AllowPrivate = true
	return &arxiv.Client{
		HTTP:      outbound.New(o),
		Now:       func() time.Time { return today },
		RetryWait: time.Millisecond,
		MaxWait:   time.Second,
		Log:       slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// collection is 12 records of two archives over a week.
func collection() []oaitest.Record {
	var records []oaitest.Record
	for i := range 12 {
		r := oaitest.Record{
			ID:        fmt.Sprintf("2503.%05d", 10000+i),
			Datestamp: fmt.Sprintf("2025-03-%02d", 10+i/2),
			Created:   fmt.Sprintf("2025-03-%02d", 8+i/2),
			Sets:      []string{"cs:cs:CL"},
			Title:     fmt.Sprintf("On the number %d & what <it> means", i),
			Authors:   []oaitest.Author{{Forenames: "Ada", Keyname: "Lovelace"}, {Keyname: "Turing", Forenames: "Alan M.", Suffix: "II"}},
			Abstract:  "We count.\n  Then we stop: é, 中.",
		}
		r.Categories = "cs.CL cs.AI"
		if i%3 == 2 {
			r.Sets, r.Categories = []string{"stat:stat:ML", "cs:cs:LG"}, "stat.ML cs.LG"
		}
		if i == 5 {
			r.Deleted = true
		}
		records = append(records, r)
	}
	return records
}

func since(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

func TestHarvest(t *testing.T) {
	s := oaitest.New(collection()...)
	defer s.Close()
	c := newClient(outbound.Options{})
	shelf := newShelf(offprint.Source{URL: s.URL, Since: since(2025, 3, 10)})
	if err := shelf.run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if len(shelf.papers) != 11 || !shelf.deleted["2503.10005"] {
		t.Errorf("%d papers, deleted: %v", len(shelf.papers), shelf.deleted)
	}
	if got := shelf.src.Since; !got.Equal(since(2025, 3, 20)) || shelf.src.Cursor != "" {
		t.Errorf("since %s, cursor %q", got, shelf.src.Cursor)
	}
	p := shelf.papers["2503.10000"]
	if want := []string{"Ada Lovelace", "Alan M. Turing II"}; !slices.Equal(p.Authors, want) {
		t.Errorf("authors %q", p.Authors)
	}
	if p.Title != "On the number 0 & what <it> means" || p.Abstract != "We count. Then we stop: é, 中." {
		t.Errorf("title %q, abstract %q", p.Title, p.Abstract)
	}
	if p.Origins[0].Source != "arxiv" || p.Origins[0].URL != "https://arxiv.org/abs/2503.10000" {
		t.Errorf("origin %+v", p.Origins[0])
	}
	if !slices.Equal(p.Categories, []string{"cs.CL", "cs.AI"}) {
		t.Errorf("categories %q", p.Categories)
	}

	// The next run asks from the day before the last one, and finds the change.
	changed := collection()[0]
	changed.Datestamp, changed.Updated, changed.Title = "2025-03-21", "2025-03-20", "On the number zero"
	s.Put(changed)
	before := len(s.Requests())
	if err := shelf.run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if q := s.Requests()[before]; q.Get("from") != "2025-03-19" || q.Has("until") {
		t.Errorf("asked %v", q)
	}
	again := shelf.papers["2503.10000"]
	if again.Title != "On the number zero" || again.Listed != offprint.NewDate(2025, 3, 10) {
		t.Errorf("after the change: %q, listed %s", again.Title, again.Listed)
	}
}

func TestHarvestSets(t *testing.T) {
	s := oaitest.New(collection()...)
	defer s.Close()
	shelf := newShelf(offprint.Source{URL: s.URL, Since: since(2025, 3, 10), Sets: []string{"stat.ML", "cs", "math.AG"}})
	if err := shelf.run(t.Context(), newClient(outbound.Options{})); err != nil {
		t.Fatal(err)
	}
	if len(shelf.papers) != 11 {
		t.Errorf("%d papers", len(shelf.papers))
	}
	asked := map[string]bool{}
	for _, q := range s.Requests() {
		asked[q.Get("set")] = true
	}
	for _, set := range []string{"stat:stat:ML", "cs", "math:math:AG"} {
		if !asked[set] {
			t.Errorf("set %s was not asked for: %v", set, slices.Sorted(maps.Keys(asked)))
		}
	}
}

func TestNothingNewIsSuccess(t *testing.T) {
	s := oaitest.New()
	defer s.Close()
	shelf := newShelf(offprint.Source{URL: s.URL})
	if err := shelf.run(t.Context(), newClient(outbound.Options{})); err != nil {
		t.Fatal(err)
	}
	if q := s.Requests(); len(q) != 2 || q[0].Get("verb") != "Identify" {
		t.Errorf("a harvest of everything asks %v", q)
	}
	if !shelf.src.Since.Equal(since(2025, 3, 20)) {
		t.Errorf("since %s", shelf.src.Since)
	}
}

// A long harvest goes in windows that cover every day once, from when the
// server's records begin.
func TestHarvestWindows(t *testing.T) {
	records := collection()
	old := records[0]
	old.ID, old.Datestamp, old.Created = "2410.00001", "2024-10-05", "2024-10-01"
	s := oaitest.New(append(records, old)...)
	defer s.Close()
	shelf := newShelf(offprint.Source{URL: s.URL})
	if err := shelf.run(t.Context(), newClient(outbound.Options{})); err != nil {
		t.Fatal(err)
	}
	if len(shelf.papers) != 12 {
		t.Errorf("%d papers", len(shelf.papers))
	}
	next := "2024-10-05"
	for _, q := range s.Requests() {
		if q.Get("verb") != "ListRecords" || q.Has("resumptionToken") {
			continue
		}
		if q.Get("from") != next {
			t.Errorf("a window begins at %s, want %s", q.Get("from"), next)
		}
		if q.Has("until") {
			d, err := offprint.ParseDate(q.Get("until"))
			if err != nil {
				t.Fatal(err)
			}
			next = (d + 1).String()
		} else {
			next = "the end"
		}
	}
	if next != "the end" {
		t.Error("the last window is not open")
	}
}

// Whatever happens to single requests, the harvest gets through.
func TestPassingFaults(t *testing.T) {
	s := oaitest.New(collection()...)
	defer s.Close()
	c := newClient(outbound.Options{IdleTimeout: 50 * time.Millisecond})
	want := newShelf(offprint.Source{URL: s.URL, Since: since(2025, 3, 10)})
	if err := want.run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for name, fault := range map[string]oaitest.Fault{
		"connection cut":       oaitest.Cut(700),
		"cut at once":          oaitest.Cut(0),
		"truncated":            oaitest.Truncate(900),
		"empty":                oaitest.Truncate(0),
		"broken XML":           oaitest.Broken(),
		"web page":             oaitest.Page(),
		"silence":              oaitest.Stall(),
		"slow":                 oaitest.Slow(500, time.Millisecond),
		"503 with seconds":     oaitest.Status(503, "1"),
		"503 with a past date": oaitest.Status(503, "Thu, 01 Jan 2015 00:00:00 GMT"),
		"503":                  oaitest.Status(503, ""),
		"429":                  oaitest.Status(429, "0"),
		"500":                  oaitest.Status(500, ""),
		"502":                  oaitest.Status(502, ""),
	} {
		t.Run(name, func(t *testing.T) {
			got := newShelf(offprint.Source{URL: s.URL, Since: since(2025, 3, 10)})
			s.Fail(nil, fault)
			if err := got.run(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.contents(), want.contents()) {
				t.Errorf("got %v\nwant %v", got.contents(), want.contents())
			}
		})
	}
}

func TestLastingFaults(t *testing.T) {
	c := newClient(outbound.Options{})
	c.Retries = 1
	for _, tc := range []struct {
		name  string
		fault oaitest.Fault
		want  string
	}{
		{"too long a wait", oaitest.Status(503, "7200"), "asks to wait 2h"},
		{"gone", oaitest.Status(404, ""), "404 Not Found"},
		{"forbidden", oaitest.Status(403, ""), "403 Forbidden"},
		{"other format", oaitest.Error("cannotDisseminateFormat"), "arXiv's format"},
		{"no such set", oaitest.Error("badArgument"), "a set that it does not have"},
		{"no sets", oaitest.Error("noSetHierarchy"), "no sets"},
		{"anything", oaitest.Error("idDoesNotExist"), "idDoesNotExist"},
		{"web page", oaitest.Page(), `type "html"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := oaitest.New(collection()...)
			defer s.Close()
			s.Fail(tc.fault, tc.fault)
			err := newShelf(offprint.Source{URL: s.URL, Since: since(2025, 3, 10)}).run(t.Context(), c)
			if got := outbound.Explain(err); !strings.Contains(got, tc.want) || !strings.HasSuffix(got, ".") {
				t.Errorf("%q does not say %q", got, tc.want)
			}
		})
	}
	if err := newShelf(offprint.Source{URL: "http://[bad"}).run(t.Context(), c); offprint.KindOf(err) != offprint.KindInvalid {
		t.Errorf("malformed address: %v", err)
	}
}

func TestExpiredTokens(t *testing.T) {
	s := oaitest.New(collection()...)
	defer s.Close()
	c := newClient(outbound.Options{})
	shelf := newShelf(offprint.Source{URL: s.URL, Since: since(2025, 3, 10), Sets: []string{"cs", "stat"}})
	stop := errors.New("stop")
	for shelf.batches < 3 { // in the middle of the first set
		_, err := c.Fetch(t.Context(), shelf.src, func(src offprint.Source, b offprint.Batch) error {
			return errors.Join(shelf.put(src, b), stop)
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
	}
	s.ExpireTokens()
	before := len(s.Requests())
	if err := shelf.run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if len(shelf.papers) != 11 {
		t.Errorf("%d papers", len(shelf.papers))
	}
	q := s.Requests()[before : before+2]
	if !q[0].Has("resumptionToken") || q[1].Get("from") != "2025-03-09" || q[1].Get("set") != "cs" {
		t.Errorf("asked %v", q)
	}
}

func TestEndlessListsAreStopped(t *testing.T) {
	for _, loop := range []oaitest.Loop{oaitest.SameToken, oaitest.SamePage, oaitest.NoRecords, oaitest.NewPages} {
		t.Run(fmt.Sprint(loop), func(t *testing.T) {
			s := oaitest.New(collection()...)
			defer s.Close()
			s.SetLoop(loop)
			c := newClient(outbound.Options{})
			c.SetMaxPages(30)
			shelf := newShelf(offprint.Source{URL: s.URL, Since: since(2025, 3, 10)})
			err := shelf.run(t.Context(), c)
			if !strings.Contains(outbound.Explain(err), "does not end") {
				t.Fatalf("got %v", err)
			}
			if n := len(s.Requests()); n > 40 {
				t.Errorf("%d requests", n)
			}
			if shelf.src.Cursor != "" || !shelf.src.Since.Equal(since(2025, 3, 10)) {
				t.Errorf("cursor %q, since %s", shelf.src.Cursor, shelf.src.Since)
			}
			s.SetLoop(oaitest.Ends)
			if err := shelf.run(t.Context(), c); err != nil {
				t.Errorf("once it is in order: %v", err)
			}
		})
	}
}

// The harvest is killed before or after each batch is stored; it then goes on,
// is killed again, and ends with the same papers.
func TestKilledAtEveryBatch(t *testing.T) {
	s := oaitest.New(collection()...)
	defer s.Close()
	c := newClient(outbound.Options{})
	start := offprint.Source{URL: s.URL, Since: since(2025, 1, 1), Sets: []string{"cs", "stat"}}
	want := newShelf(start)
	if err := want.run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	killed := errors.New("killed")
	for after := range 2 * want.batches {
		got := newShelf(start)
		for kills := 0; ; kills++ {
			n := 0
			_, err := c.Fetch(t.Context(), got.src, func(src offprint.Source, b offprint.Batch) error {
				if n++; n > after/2 && kills < 5 {
					if after%2 == 1 { // stored, but nobody learns of it
						return errors.Join(got.put(src, b), killed)
					}
					return killed
				}
				return got.put(src, b)
			})
			if err == nil {
				break
			}
			if !errors.Is(err, killed) {
				t.Fatal(err)
			}
		}
		if !reflect.DeepEqual(got.contents(), want.contents()) {
			t.Errorf("killed after %d.%d: got %v\nwant %v", after/2, after%2, got.contents(), want.contents())
		}
	}
}

// The connection is cut at each byte of each answer in turn, and the process
// dies of it; the next one goes on.
func TestCutAtEveryByte(t *testing.T) {
	s := oaitest.New(collection()[3:7]...) // with a deleted record
	defer s.Close()
	s.SetPageSize(2)
	c := newClient(outbound.Options{})
	c.Retries = -1
	start := offprint.Source{URL: s.URL, Since: since(2025, 3, 10)}
	want := newShelf(start)
	if err := want.run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	step := 1
	if testing.Short() {
		step = 37
	}
	for page := range want.batches {
		for n := 0; ; n += step {
			var size int
			s.Fail(slices.Repeat([]oaitest.Fault{nil}, page)...)
			s.Fail(func(w http.ResponseWriter, r *http.Request, answer []byte) {
				size = len(answer)
				oaitest.Cut(n)(w, r, answer)
			})
			got := newShelf(start)
			if err := got.run(t.Context(), c); err == nil && n+20 < size {
				// Only the white space at the end may be missing.
				t.Fatalf("page %d, cut at %d of %d: no error", page, n, size)
			} else if err != nil {
				if err := got.run(t.Context(), c); err != nil {
					t.Fatalf("page %d, cut at %d: going on: %v", page, n, err)
				}
			}
			if !reflect.DeepEqual(got.contents(), want.contents()) {
				t.Fatalf("page %d, cut at %d: got %v\nwant %v", page, n, got.contents(), want.contents())
			}
			if n >= size {
				break
			}
		}
	}
}

func TestCancelledHarvest(t *testing.T) {
	s := oaitest.New(collection()...)
	defer s.Close()
	c := newClient(outbound.Options{})
	c.RetryWait, c.MaxWait = time.Hour, time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	s.Fail(func(w http.ResponseWriter, r *http.Request, b []byte) {
		oaitest.Status(503, "")(w, r, b)
		cancel()
	})
	err := newShelf(offprint.Source{URL: s.URL}).run(ctx, c)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestPrivateSourceNeedsLeave(t *testing.T) {
	s := oaitest.New(collection()...)
	defer s.Close()
	c := &arxiv.Client{HTTP: outbound.New(outbound.Options{}), Now: func() time.Time { return today }}
	src := offprint.Source{URL: s.URL}
	if err := newShelf(src).run(t.Context(), c); offprint.KindOf(err) != offprint.KindForbidden {
		t.Errorf("got %v", err)
	}
	src.AllowPrivate = true
	if err := newShelf(src).run(t.Context(), c); err != nil {
		t.Error(err)
	}
}

func TestChangedSetsStartOver(t *testing.T) {
	s := oaitest.New(collection()...)
	defer s.Close()
	c := newClient(outbound.Options{})
	stop := errors.New("stop")
	shelf := newShelf(offprint.Source{URL: s.URL, Since: since(2025, 3, 10), Sets: []string{"stat"}})
	_, err := c.Fetch(t.Context(), shelf.src, func(src offprint.Source, b offprint.Batch) error {
		return errors.Join(shelf.put(src, b), stop)
	})
	if !errors.Is(err, stop) || shelf.src.Cursor == "" {
		t.Fatalf("%v, cursor %q", err, shelf.src.Cursor)
	}
	shelf.src.Sets = []string{"cs"}
	if err := shelf.run(t.Context(), c); err != nil || len(shelf.papers) != 11 {
		t.Errorf("%d papers, %v", len(shelf.papers), err)
	}
}
