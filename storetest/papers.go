package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

func testPut(t *testing.T, s offprint.Store) {
	want := newPaper(1)
	want.DOI = "10.1000/one"
	want.Summary = "Our own words.\n\nIn two paragraphs."
	want.Comment = "12 pages, code at https://github.com/example/code"
	want.Journal = "J. Exact Results 1 (2026)"
	want.Versions = []offprint.Version{{Number: 1, Time: at.Add(-time.Hour)}, {Number: 2, Time: at}}
	want.Origins = append(want.Origins, offprint.Origin{Source: "feed:https://example.org/feed", Seen: at.Add(time.Second), Signal: 3})
	res := must(s.PutPapers(t.Context(), []offprint.Paper{want, newPaper(2)}))(t)
	if res != (offprint.PutResult{Added: 2}) {
		t.Errorf("result %+v, want 2 added", res)
	}
	got := must(s.Paper(t.Context(), "2603.00001"))(t)
	if got.ID <= 0 || !got.HasHeat {
		t.Errorf("id %d, has heat %v", got.ID, got.HasHeat)
	}
	check(t, want.Clean())
	want.ID, want.Heat, want.HasHeat = got.ID, got.Heat, true
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("stored\n%+v, want\n%+v", *got, want)
	}
	bare := put(t, s, offprint.Paper{Title: "Nothing"})[0]
	if bare.Authors != nil || bare.Origins != nil || bare.Versions != nil || bare.Links != nil || !bare.Published.IsZero() || bare.HasHeat {
		t.Errorf("a paper of which only the title is known: %+v", bare)
	}
	if n := must(s.PaperCount(t.Context()))(t); n != 3 {
		t.Errorf("%d papers, want 3", n)
	}
}

func testPutTwice(t *testing.T, s offprint.Store) {
	papers := []offprint.Paper{newPaper(1), newPaper(2), newPaper(1)}
	if res := must(s.PutPapers(t.Context(), papers))(t); res != (offprint.PutResult{Added: 2, Unchanged: 1}) {
		t.Errorf("first: %+v", res)
	}
	before := must(s.Generation(t.Context()))(t)
	if res := must(s.PutPapers(t.Context(), papers))(t); res != (offprint.PutResult{Unchanged: 3}) {
		t.Errorf("again: %+v", res)
	}
	if after := must(s.Generation(t.Context()))(t); after != before {
		t.Errorf("generation went from %d to %d for nothing", before, after)
	}
	papers[1].Title = "On something else altogether"
	if res := must(s.PutPapers(t.Context(), papers))(t); res != (offprint.PutResult{Updated: 1, Unchanged: 2}) {
		t.Errorf("changed: %+v", res)
	}
	if p := must(s.Paper(t.Context(), "2603.00002"))(t); p.Title != papers[1].Title {
		t.Errorf("title %q", p.Title)
	}
	if res := must(s.PutPapers(t.Context(), nil))(t); res != (offprint.PutResult{}) {
		t.Errorf("nothing: %+v", res)
	}
}

func testPutAllOrNone(t *testing.T, s offprint.Store) {
	res, err := s.PutPapers(t.Context(), []offprint.Paper{newPaper(1), {Title: " \n"}, newPaper(2)})
	wantKind(t, err, offprint.KindInvalid)
	if res != (offprint.PutResult{}) {
		t.Errorf("result %+v of a call that failed", res)
	}
	if n := must(s.PaperCount(t.Context()))(t); n != 0 {
		t.Errorf("%d papers of a call that failed", n)
	}
	_, err = s.Paper(t.Context(), "2603.00001")
	wantKind(t, err, offprint.KindNotFound)
}

// A call that is given up at any moment stores all or nothing, and says which.
func testPutCancelled(t *testing.T, s offprint.Store) {
	const size = 300
	stored := 0
	for i := range 12 {
		var papers []offprint.Paper
		for j := range size {
			papers = append(papers, newPaper(i*size+j+1))
		}
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(time.Duration(i)*time.Millisecond, cancel)
		_, err := s.PutPapers(ctx, papers)
		timer.Stop()
		cancel()
		if err == nil {
			stored += size
		} else if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
		if n := must(s.PaperCount(t.Context()))(t); n != stored {
			t.Fatalf("%d papers after call %d (%v), want %d", n, i, err, stored)
		}
	}
	if keys := walk(t, s, offprint.PaperQuery{Category: "cs.CL", Limit: 200}); len(keys) != stored {
		t.Errorf("%d papers in their category, want %d", len(keys), stored)
	}
}

func testPutLeavesInputAlone(t *testing.T, s offprint.Store) {
	put(t, s, newPaper(1))
	p := newPaper(1)
	p.Title, p.Authors = "  A   new title of it ", []string{" Ada ", "Kurt Gödel"}
	p.Origins[0].Signal = 7
	given := p
	given.Authors, given.Origins = slices.Clone(p.Authors), slices.Clone(p.Origins)
	papers := []offprint.Paper{p}
	must(s.PutPapers(t.Context(), papers))(t)
	if !reflect.DeepEqual(papers[0], given) {
		t.Errorf("PutPapers changed its argument to\n%+v from\n%+v", papers[0], given)
	}
	// What only a store can know is not taken from a source.
	liar := newPaper(2)
	liar.ID, liar.Key, liar.Votes, liar.Comments, liar.Heat, liar.HasHeat = 1, "2603.00001", 9, 9, 9, true
	got := put(t, s, liar)[0]
	if got.ID == 1 || got.Key != "2603.00002" || got.Votes != 0 || got.Comments != 0 || got.HasHeat {
		t.Errorf("stored %+v", got)
	}
}

func testFindPaper(t *testing.T, s offprint.Store) {
	p := newPaper(1)
	p.DOI = "10.1000/One(1)"
	old := newPaper(2)
	old.ArXivID = "hep-th/9901001"
	untitled := offprint.Paper{Title: "Lines"}
	stored := put(t, s, p, old, untitled)
	for key, want := range map[string]int64{
		"2603.00001":                           stored[0].ID,
		"2603.00001v3":                         stored[0].ID,
		"arXiv:2603.00001v1":                   stored[0].ID,
		"https://arxiv.org/abs/2603.00001":     stored[0].ID,
		"10.1000/one(1)":                       stored[0].ID,
		"https://doi.org/10.1000/ONE(1)":       stored[0].ID,
		"10.48550/arXiv.2603.00001":            stored[0].ID,
		"hep-th-9901001":                       stored[1].ID,
		"hep-th/9901001":                       stored[1].ID,
		stored[2].Key:                          stored[2].ID,
		"":                                     0,
		"2603.00003":                           0,
		"10.1000/two":                          0,
		"title:" + strings.Repeat("0", 32):     0,
		"p-aaaaaaaaaaaa":                       0,
		"' OR 1=1 --":                          0,
		"2603.00001\x00":                       0,
		strings.Repeat("2603.00001", 100_000):  0,
		"https://example.org/abs/2603.00001v3": 0,
	} {
		got, err := s.Paper(t.Context(), key)
		if want == 0 {
			wantKind(t, err, offprint.KindNotFound)
		} else if err != nil || got.ID != want {
			t.Errorf("Paper(%q) = %v, %v, want paper %d", key, got, err, want)
		}
	}
}

// The same work by arXiv id, by DOI, by title and authors.
func testMerge(t *testing.T, s offprint.Store) {
	first := newPaper(1)
	first.DOI = "10.1000/one"
	id := put(t, s, first)[0].ID

	byID := newPaper(1)
	byID.ArXivID = "arXiv:2603.00001v2"
	byID.Title, byID.Updated = "A better title for it", at.Add(time.Hour)
	byID.Versions = []offprint.Version{{Number: 2, Time: at.Add(time.Hour)}}
	byDOI := offprint.Paper{DOI: "https://doi.org/10.1000/ONE", Title: "Title as the journal has it", Journal: "J. One", Updated: at.Add(2 * time.Hour),
		Origins: []offprint.Origin{{Source: "feed:https://example.org/feed", URL: "https://example.org/1", Seen: at.Add(time.Hour)}}}
	byTitle := offprint.Paper{Title: "A Better Title, for {It}", Authors: []string{"A. " + numberWord(1), "K. Godel"}, Summary: "Short.",
		Origins: []offprint.Origin{{Source: "file:refs.bib", Seen: at.Add(2 * time.Hour)}}}
	for _, p := range []offprint.Paper{byID, byDOI, byTitle} {
		if res := must(s.PutPapers(t.Context(), []offprint.Paper{p}))(t); res.Added != 0 || res.Updated != 1 {
			t.Errorf("%q: %+v, want 1 updated", p.Title, res)
		}
	}
	if n := must(s.PaperCount(t.Context()))(t); n != 1 {
		t.Fatalf("%d papers, want 1", n)
	}
	p := must(s.Paper(t.Context(), "2603.00001"))(t)
	if p.ID != id || p.Key != "2603.00001" || p.DOI != "10.1000/one" || p.Journal != "J. One" || p.Summary != "Short." || len(p.Versions) != 1 || p.Listed != day {
		t.Errorf("merged to %+v", p)
	}
	if len(p.Origins) != 3 || p.Origins[0].Source != "arxiv" || p.Origins[2].Source != "file:refs.bib" {
		t.Errorf("origins %+v", p.Origins)
	}
	for _, origin := range []string{"arxiv", "feed:https://example.org/feed", "file:refs.bib"} {
		if keys := walk(t, s, offprint.PaperQuery{Origin: origin}); !slices.Equal(keys, []string{"2603.00001"}) {
			t.Errorf("papers of origin %s: %v", origin, keys)
		}
	}

	// Within one call as well.
	a := newPaper(2)
	b := offprint.Paper{Title: a.Title, Authors: a.Authors, DOI: "10.1000/two"}
	c := offprint.Paper{Title: "Another title for it", DOI: "10.1000/two"}
	if res := must(s.PutPapers(t.Context(), []offprint.Paper{a, b, c}))(t); res.Added != 1 || res.Added+res.Updated+res.Unchanged != 3 {
		t.Errorf("three reports at once: %+v", res)
	}
	// And when only the last of a call shows that the others are one.
	d := newPaper(3)
	e := offprint.Paper{Title: "A title of its own", Authors: []string{"B. C."}, DOI: "10.1000/three"}
	f := newPaper(3)
	f.DOI = "10.1000/three"
	if res := must(s.PutPapers(t.Context(), []offprint.Paper{d, e, f}))(t); res.Added != 1 || res.Added+res.Updated+res.Unchanged != 3 {
		t.Errorf("three reports at once, joined by the last: %+v", res)
	}
	if n := must(s.PaperCount(t.Context()))(t); n != 3 {
		t.Errorf("%d papers, want 3", n)
	}
}

// A DOI that two of arXiv's papers share is that of a volume.
func testMergeNot(t *testing.T, s offprint.Store) {
	a, b := newPaper(1), newPaper(2)
	a.DOI, b.DOI = "10.1000/volume", "10.1000/volume"
	if res := must(s.PutPapers(t.Context(), []offprint.Paper{a, b}))(t); res != (offprint.PutResult{Added: 2}) {
		t.Errorf("result %+v, want two papers", res)
	}
	if res := must(s.PutPapers(t.Context(), []offprint.Paper{a, b}))(t); res != (offprint.PutResult{Unchanged: 2}) {
		t.Errorf("result %+v, want nothing changed", res)
	}
	// A third report without arXiv id goes to one of them, and joins nothing.
	put(t, s, offprint.Paper{Title: a.Title, Authors: a.Authors, DOI: a.DOI, Journal: "J."})
	put(t, s, offprint.Paper{Title: b.Title, Authors: b.Authors, DOI: b.DOI, Journal: "J."})
	if n := must(s.PaperCount(t.Context()))(t); n != 2 {
		t.Errorf("%d papers, want 2", n)
	}
	for _, p := range []offprint.Paper{a, b} {
		if got := must(s.Paper(t.Context(), p.ArXivID))(t); got.ArXivID != p.ArXivID || got.Abstract != p.Abstract {
			t.Errorf("%s has become %+v", p.ArXivID, got)
		}
	}
}

// A work that was submitted to arXiv twice is one paper, and importing both
// again changes nothing.
func testMergeSubmittedTwice(t *testing.T, s offprint.Store) {
	a, b := newPaper(1), newPaper(2)
	b.Title, b.Authors = a.Title, a.Authors
	for i, want := range []offprint.PutResult{{Added: 1, Updated: 1}, {Unchanged: 2}, {Unchanged: 2}} {
		if res := must(s.PutPapers(t.Context(), []offprint.Paper{a, b}))(t); res != want {
			t.Errorf("import %d: %+v, want %+v", i+1, res, want)
		}
	}
	for _, key := range []string{"2603.00001", "2603.00002"} {
		if p := must(s.Paper(t.Context(), key))(t); p.Key != "2603.00001" {
			t.Errorf("%s leads to %s", key, p.Key)
		}
	}
}

// A report that shows two stored papers to be one keeps all that readers did.
func testMergeStored(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	journal := offprint.Paper{Title: "As the journal calls it", Authors: []string{"Ada " + numberWord(1)}, DOI: "10.1000/one", Categories: []string{"econ.EM"},
		Listed: day + 3, Origins: []offprint.Origin{{Source: "feed:x", Signal: 5, Seen: at}}}
	preprint := newPaper(1)
	a, b := put(t, s, journal)[0], put(t, s, preprint)[0]
	ann, bob := newReader(t, s, "ann"), newReader(t, s, "bob")
	vote(t, s, ann, a, true, at)
	vote(t, s, ann, b, true, at.Add(-time.Hour))
	vote(t, s, bob, b, true, at.Add(time.Hour))
	must(s.SetMark(ctx, bob.ID, b.ID, offprint.MarkSave, true, at))(t)
	check(t, s.SetTags(ctx, ann.ID, a.ID, []string{"one", "two"}))
	check(t, s.SetTags(ctx, ann.ID, b.ID, []string{"two", "three"}))
	check(t, s.SetNote(ctx, ann.ID, a.ID, "first note"))
	check(t, s.SetNote(ctx, ann.ID, b.ID, "second note"))
	check(t, s.SetNote(ctx, bob.ID, b.ID, "Bob's note"))
	c := &offprint.Comment{PaperID: b.ID, ReaderID: bob.ID, Body: "Nice."}
	check(t, s.CreateComment(ctx, c))

	both := newPaper(1)
	both.DOI = "10.1000/one"
	res := must(s.PutPapers(ctx, []offprint.Paper{both}))(t)
	if res.Added != 0 || res.Updated != 1 {
		t.Errorf("result %+v", res)
	}
	p := must(s.Paper(ctx, "10.1000/one"))(t)
	if p.ID != a.ID || p.Key != a.Key || p.ArXivID != "2603.00001" || p.Title != both.Title || p.Listed != day {
		t.Errorf("joined to %+v", p)
	}
	for _, key := range []string{a.Key, b.Key, "2603.00001v2", "doi:10.1000/one"} {
		if q := must(s.Paper(ctx, key))(t); q.ID != p.ID {
			t.Errorf("%s leads to paper %d, want %d", key, q.ID, p.ID)
		}
	}
	heat, _ := offprint.Heat([]time.Time{at.Add(-time.Hour), at.Add(time.Hour)}, []int{5}, day)
	if p.Votes != 2 || p.Comments != 1 || !near(p.Heat, heat) {
		t.Errorf("votes %d, comments %d, heat %v, want 2, 1, %v", p.Votes, p.Comments, p.Heat, heat)
	}
	st := must(s.State(ctx, ann.ID, p.ID))(t)
	if !st.Voted || !slices.Equal(st.Tags, []string{"one", "three", "two"}) || !strings.Contains(st.Note, "first note") || !strings.Contains(st.Note, "second note") {
		t.Errorf("Ann's state %+v", st)
	}
	if st := must(s.State(ctx, bob.ID, p.ID))(t); !st.Voted || !st.Saved || st.Note != "Bob's note" {
		t.Errorf("Bob's state %+v", st)
	}
	if all := must(s.Comments(ctx, p.ID))(t); len(all) != 1 || all[0].ID != c.ID {
		t.Errorf("comments %+v", all)
	}
	_, err := s.State(ctx, ann.ID, b.ID)
	wantKind(t, err, offprint.KindNotFound)
	for name, q := range map[string]offprint.PaperQuery{
		"all": {}, "its day": {First: day, Last: day}, "its category": {Category: "cs.CL"}, "its author": {Author: "Kurt Gödel"},
		"a shelf": {ReaderID: bob.ID, Shelf: offprint.MarkSave}, "a tag": {ReaderID: ann.ID, Tags: offprint.HasTag("three")},
	} {
		if keys := walk(t, s, q); !slices.Equal(keys, []string{p.Key}) {
			t.Errorf("papers of %s: %v, want %s", name, keys, p.Key)
		}
	}
	checkCounts(t, s)

	// The number of the paper that has gone is not given again.
	if next := put(t, s, newPaper(9))[0]; next.ID <= b.ID {
		t.Errorf("a new paper has number %d, that of the one that has gone is %d", next.ID, b.ID)
	}
}

// Whatever sources report, in whatever batches: what is kept about papers beside
// them agrees with them, and nothing fails.
func testRandomReports(t *testing.T, s offprint.Store) {
	rnd := random()
	pick := func(from ...string) string { return from[rnd.IntN(len(from))] }
	ann := newReader(t, s, "ann")
	for range 40 {
		var batch []offprint.Paper
		for range 1 + rnd.IntN(8) {
			p := offprint.Paper{
				ArXivID:    pick("", "", "2603.00001", "2603.00002", "2603.00003", "2603.00004"),
				DOI:        pick("", "", "10.1000/a", "10.1000/b", "10.1000/c"),
				Title:      pick("A title of one", "A title of two", "A title of three", "Short"),
				Authors:    strings.Fields(pick("", "Ann", "Ann Bob", "Bob Åsa", "bob asa Ann")),
				Categories: strings.Fields(pick("", "cs.CL", "cs.CL cs.CV", "cs.CV cs.CL math.CO")),
				Abstract:   pick("", "Long words.", "Longer words."),
				Listed:     offprint.Date(pick("\x00", "\x05", "\x06", "\x07")[0]),
				Updated:    at.Add(time.Duration(rnd.IntN(3)) * time.Hour),
				Origins:    []offprint.Origin{{Source: pick("arxiv", "feed:a", "feed:b"), Signal: rnd.IntN(4), Seen: at}},
			}
			batch = append(batch, p)
		}
		before := must(s.PaperCount(t.Context()))(t)
		res := must(s.PutPapers(t.Context(), batch))(t)
		if res.Added+res.Updated+res.Unchanged != len(batch) {
			t.Errorf("%+v for %d papers", res, len(batch))
		}
		if after := must(s.PaperCount(t.Context()))(t); after > before+res.Added {
			t.Errorf("from %d to %d papers with %d added", before, after, res.Added)
		}
		for _, p := range batch {
			check(t, p.Clean())
			if p.ArXivID != "" {
				must(s.Paper(t.Context(), p.ArXivID))(t)
			}
		}
		page := must(s.Papers(t.Context(), offprint.PaperQuery{}))(t)
		for _, item := range page.Items {
			if rnd.IntN(4) == 0 {
				vote(t, s, ann, &item.Paper, rnd.IntN(2) == 0, at)
			}
		}
		checkCounts(t, s)
	}
}

// checkCounts compares all counts and lists with the papers themselves.
func checkCounts(t *testing.T, s offprint.Store) {
	t.Helper()
	ctx := t.Context()
	var keys []string
	days := map[offprint.Date]int{}
	categories, authors, origins := map[string][]string{}, map[string][]string{}, map[string][]string{}
	check(t, s.AllPapers(ctx, func(p *offprint.Paper) error {
		keys = append(keys, p.Key)
		if p.Listed != 0 {
			days[p.Listed]++
		}
		file(categories, p.Key, p.Categories...)
		for _, a := range p.Authors {
			file(authors, p.Key, offprint.FoldName(a))
		}
		for _, o := range p.Origins {
			file(origins, p.Key, o.Source)
		}
		return nil
	}))
	sameKeys(t, "all", walk(t, s, offprint.PaperQuery{}), keys)
	if n := must(s.PaperCount(ctx))(t); n != len(keys) {
		t.Errorf("PaperCount is %d, want %d", n, len(keys))
	}
	got := map[offprint.Date]int{}
	for _, d := range must(s.Days(ctx, -1e6, 1e6))(t) {
		got[d.Day] = d.Papers
	}
	if !reflect.DeepEqual(got, days) {
		t.Errorf("days %v, want %v", got, days)
	}
	for name, keys := range authors {
		sameKeys(t, "author "+name, walk(t, s, offprint.PaperQuery{Author: name}), keys)
	}
	for name, keys := range origins {
		sameKeys(t, "origin "+name, walk(t, s, offprint.PaperQuery{Origin: name}), keys)
	}
	counts := must(s.Categories(ctx))(t)
	if len(counts) != len(categories) {
		t.Errorf("categories %v, want %v", counts, categories)
	}
	for _, c := range counts {
		if c.Papers != len(categories[c.Name]) {
			t.Errorf("category %s has %d papers, want %d", c.Name, c.Papers, len(categories[c.Name]))
		}
		sameKeys(t, "category "+c.Name, walk(t, s, offprint.PaperQuery{Category: c.Name}), categories[c.Name])
	}
	counts = must(s.AuthorsLike(ctx, "", 100))(t)
	if len(counts) != len(authors) {
		t.Errorf("authors %v, want %v", counts, authors)
	}
	for _, c := range counts {
		if c.Papers != len(authors[offprint.FoldName(c.Name)]) {
			t.Errorf("author %s has %d papers, want %d", c.Name, c.Papers, len(authors[offprint.FoldName(c.Name)]))
		}
	}
}

// file adds a key to each list, once.
func file(lists map[string][]string, key string, names ...string) {
	for _, name := range names {
		if !slices.Contains(lists[name], key) {
			lists[name] = append(lists[name], key)
		}
	}
}

// sameKeys compares two lists without regard to their order.
func sameKeys(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Clone(got), slices.Clone(want)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("papers of %s: %v, want %v", what, got, want)
	}
}

func testAllPapers(t *testing.T, s offprint.Store) {
	stored := putSome(t, s, 450)
	n := 0
	check(t, s.AllPapers(t.Context(), func(p *offprint.Paper) error {
		if !reflect.DeepEqual(p, stored[n]) {
			t.Fatalf("paper %d is\n%+v, want\n%+v", n, p, stored[n])
		}
		n++
		return nil
	}))
	if n != len(stored) {
		t.Errorf("%d papers, want %d", n, len(stored))
	}
	enough := errors.New("enough")
	n = 0
	if err := s.AllPapers(t.Context(), func(*offprint.Paper) error {
		if n++; n == 3 {
			return enough
		}
		return nil
	}); !errors.Is(err, enough) || n != 3 {
		t.Errorf("stopped with %v after %d papers", err, n)
	}
}

// Each change that a page could show moves the generation, and reading does not.
func testGeneration(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	last := must(s.Generation(ctx))(t)
	grows := func(what string) {
		t.Helper()
		now := must(s.Generation(ctx))(t)
		if now <= last {
			t.Errorf("%s: generation %d after %d", what, now, last)
		}
		last = now
	}
	p := put(t, s, newPaper(1))[0]
	grows("a new paper")
	r := newReader(t, s, "ann")
	last = must(s.Generation(ctx))(t)
	vote(t, s, r, p, true, at)
	grows("a vote")
	vote(t, s, r, p, false, at)
	grows("a vote taken back")
	c := &offprint.Comment{PaperID: p.ID, ReaderID: r.ID, Body: "Hm."}
	check(t, s.CreateComment(ctx, c))
	grows("a comment")
	check(t, s.EditComment(ctx, c.ID, "Hm!", at))
	grows("an edit")
	check(t, s.DeleteComment(ctx, c.ID))
	grows("a deletion")
	src := &offprint.Source{Kind: offprint.SourceArXiv, URL: "https://example.org/oai"}
	check(t, s.CreateSource(ctx, src))
	must(s.PutBatch(ctx, *src, offprint.Batch{Deleted: []string{"2603.00001"}}))(t)
	grows("a withdrawal")
	must(s.Papers(ctx, offprint.PaperQuery{}))(t)
	must(s.PutBatch(ctx, *src, offprint.Batch{Deleted: []string{"2603.00001"}}))(t)
	if now := must(s.Generation(ctx))(t); now != last {
		t.Errorf("generation went from %d to %d for nothing", last, now)
	}
}

func testDays(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	if d := must(s.LatestDay(ctx, day))(t); d != 0 {
		t.Errorf("latest day %v of an empty store", d)
	}
	var papers []offprint.Paper
	for i, d := range []offprint.Date{day, day, day + 2, 0, day + 400} {
		p := newPaper(i + 1)
		p.Listed = d
		papers = append(papers, p)
	}
	put(t, s, papers...)
	for limit, want := range map[offprint.Date]offprint.Date{day - 1: 0, day: day, day + 1: day, day + 2: day + 2, day + 399: day + 2, day + 1000: day + 400} {
		if d := must(s.LatestDay(ctx, limit))(t); d != want {
			t.Errorf("latest day up to %v is %v, want %v", limit, d, want)
		}
	}
	got := must(s.Days(ctx, day, day+399))(t)
	if want := []offprint.DayCount{{Day: day, Papers: 2}, {Day: day + 2, Papers: 1}}; !slices.Equal(got, want) {
		t.Errorf("days %v, want %v", got, want)
	}
	if got := must(s.Days(ctx, day+3, day+4))(t); len(got) != 0 {
		t.Errorf("days %v, want none", got)
	}
	papers[2].Listed = day + 1 // an earlier day wins
	put(t, s, papers[2])
	got = must(s.Days(ctx, day+1, day+2))(t)
	if want := []offprint.DayCount{{Day: day + 1, Papers: 1}}; !slices.Equal(got, want) {
		t.Errorf("days %v, want %v", got, want)
	}
	if d := must(s.LatestDay(ctx, day+2))(t); d != day+1 {
		t.Errorf("latest day %v, want %v", d, day+1)
	}
}

func testCategories(t *testing.T, s offprint.Store) {
	a, b, c := newPaper(1), newPaper(2), newPaper(3)
	a.Categories = []string{"cs.CL", "cs.LG", "cs.CL"}
	b.Categories = []string{"cs.LG"}
	c.Categories = []string{"cs.LG", "stat.ML"}
	put(t, s, a, b, c)
	want := []offprint.Count{{Name: "cs.LG", Papers: 3}, {Name: "cs.CL", Papers: 1}, {Name: "stat.ML", Papers: 1}}
	if got := must(s.Categories(t.Context()))(t); !slices.Equal(got, want) {
		t.Errorf("categories %v, want %v", got, want)
	}
	c.Categories = []string{"cs.CL"} // moved
	put(t, s, c)
	want = []offprint.Count{{Name: "cs.CL", Papers: 2}, {Name: "cs.LG", Papers: 2}}
	if got := must(s.Categories(t.Context()))(t); !slices.Equal(got, want) {
		t.Errorf("categories %v, want %v", got, want)
	}
}

func testAuthorsLike(t *testing.T, s offprint.Store) {
	var papers []offprint.Paper
	for i, authors := range [][]string{
		{"Kurt Gödel", "Ada Lovelace"}, {"Kurt Godel", "Emmy Noether"}, {"KURT GÖDEL", "Ada Byron"}, {"Ada Lovelace"},
		{"Jean-Pierre Serre", "X. Æ"}, {"Kurt Gödel", "Kurt Godel"}, {"李明"}, {"100%_"},
	} {
		p := newPaper(i + 1)
		p.Authors = authors
		papers = append(papers, p)
	}
	put(t, s, papers...)
	godel, ada := offprint.Count{Name: "Kurt Gödel", Papers: 4}, offprint.Count{Name: "Ada Lovelace", Papers: 2}
	byron := offprint.Count{Name: "Ada Byron", Papers: 1}
	serre := offprint.Count{Name: "Jean-Pierre Serre", Papers: 1}
	for _, test := range []struct {
		prefix string
		limit  int
		want   []offprint.Count
	}{
		{"god", 9, []offprint.Count{godel}},
		{"Göd", 9, []offprint.Count{godel}},
		{"k", 9, []offprint.Count{godel}},
		{"ada", 9, []offprint.Count{ada, byron}},
		{"ada", 1, []offprint.Count{ada}},
		{"ada l", 9, []offprint.Count{ada}},
		{"ada lovelace ", 9, []offprint.Count{ada}},
		{"pierre s", 9, []offprint.Count{serre}},
		{"jean-p", 9, []offprint.Count{serre}},
		{"ae", 9, []offprint.Count{{Name: "X. Æ", Papers: 1}}},
		{"李", 9, []offprint.Count{{Name: "李明", Papers: 1}}},
		{"100", 9, []offprint.Count{{Name: "100%_", Papers: 1}}},
		{"", 2, []offprint.Count{godel, ada}},
		{"odel", 9, nil},
		{"%", 1, []offprint.Count{godel}}, // nothing is left of it: the empty prefix
		{"ada", 0, nil},
	} {
		if got := must(s.AuthorsLike(t.Context(), test.prefix, test.limit))(t); !slices.Equal(got, test.want) {
			t.Errorf("AuthorsLike(%q, %d) = %v, want %v", test.prefix, test.limit, got, test.want)
		}
	}
	if got := must(s.AuthorsLike(t.Context(), strings.Repeat("a", 1_000_000), 5))(t); len(got) != 0 {
		t.Errorf("authors like a megabyte: %v", got)
	}
}
