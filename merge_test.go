package offprint

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

func at(day int) time.Time { return time.Date(2026, time.March, day, 0, 0, 0, 0, time.UTC) }

func TestMergeAge(t *testing.T) {
	v := func(numbers ...int) (list []Version) {
		for _, n := range numbers {
			list = append(list, Version{n, at(n)})
		}
		return list
	}
	for _, tc := range []struct {
		name      string
		p, q      Paper
		takesText bool
	}{
		{"neither has a date", Paper{}, Paper{}, true},
		{"newer", Paper{Updated: at(1)}, Paper{Updated: at(2)}, true},
		{"the same date", Paper{Updated: at(1)}, Paper{Updated: at(1)}, true},
		{"older", Paper{Updated: at(2)}, Paper{Updated: at(1)}, false},
		{"the first date", Paper{}, Paper{Updated: at(1)}, true},
		{"no date any more", Paper{Updated: at(1)}, Paper{}, false},
		{"more versions", Paper{Versions: v(1)}, Paper{Versions: v(1, 2)}, true},
		{"fewer versions", Paper{Versions: v(1, 2)}, Paper{Versions: v(1)}, false},
		{"fewer versions, later date", Paper{Versions: v(1, 2), Updated: at(2)}, Paper{Versions: v(1), Updated: at(3)}, false},
		{"no versions any more", Paper{Versions: v(1)}, Paper{}, false},
		{"a later arXiv id", Paper{ArXivID: "2503.01234", Updated: at(9)}, Paper{ArXivID: "2504.00001"}, true},
		{"an earlier arXiv id", Paper{ArXivID: "2504.00001"}, Paper{ArXivID: "2503.01234", Updated: at(9)}, false},
		{"an arXiv id with more digits", Paper{ArXivID: "1412.9999"}, Paper{ArXivID: "1501.00001"}, true},
		{"an old arXiv id", Paper{ArXivID: "0704.0001"}, Paper{ArXivID: "hep-th/0703001"}, false},
		{"older than 2000", Paper{ArXivID: "hep-th/0001001"}, Paper{ArXivID: "hep-th/9912001"}, false},
	} {
		p, q := tc.p, tc.q
		p.Title, q.Title = "Old", "New"
		changed := p.Merge(&q)
		if (p.Title == "New") != tc.takesText || tc.takesText && !changed {
			t.Errorf("%s: title %q, changed %v", tc.name, p.Title, changed)
		}
		if p.Merge(&q) {
			t.Errorf("%s: the second time it changed again", tc.name)
		}
	}
}

func TestMergeFillsIn(t *testing.T) {
	p := Paper{Key: "p-x", Title: "T", Updated: at(5), Votes: 3, ID: 7}
	q := Paper{
		Key: "2503.01234", ArXivID: "2503.01234", DOI: "10.1000/x", Title: "Older title", Authors: []string{"Ada"}, Abstract: "Code: https://github.com/ada/engine",
		Summary: "S", Categories: []string{"cs.CL"}, Comment: "C", Journal: "J", Listed: 20000, Published: at(1),
	}
	if !p.Merge(&q) {
		t.Fatal("nothing changed")
	}
	want := q
	want.Key, want.Title, want.Updated, want.Votes, want.ID = "p-x", "T", at(5), 3, 7
	want.Links = []Link{{LinkCode, "https://github.com/ada/engine"}}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got\n%+v, want\n%+v", p, want)
	}
	// A report that says nothing takes nothing away.
	if p.Merge(&Paper{Title: "T", Updated: at(5)}) {
		t.Errorf("changed to %+v", p)
	}
}

func TestMergeDates(t *testing.T) {
	for _, tc := range []struct{ p, q, want Date }{{0, 0, 0}, {5, 0, 5}, {0, 5, 5}, {5, 3, 3}, {3, 5, 3}} {
		p := Paper{Listed: tc.p}
		if changed := p.Merge(&Paper{Listed: tc.q}); p.Listed != tc.want || changed != (tc.p != tc.want) {
			t.Errorf("listed %d and %d: %d, %v", tc.p, tc.q, p.Listed, changed)
		}
	}
	p := Paper{Published: at(3)}
	if p.Merge(&Paper{Published: at(4)}) || !p.Merge(&Paper{Published: at(2)}) || !p.Published.Equal(at(2)) {
		t.Errorf("published %v", p.Published)
	}
}

func TestMergeOrigins(t *testing.T) {
	p := Paper{Updated: at(9), Origins: []Origin{{Source: "arxiv", URL: "https://arxiv.org/abs/x", Seen: at(1)}, {Source: "feed:hot", Signal: 5, Seen: at(2)}}}
	q := Paper{Origins: []Origin{{Source: "feed:hot", URL: "https://example.org/x", Signal: 8, Seen: at(4)}, {Source: "file:a.bib", Seen: at(4)}}}
	if !p.Merge(&q) || p.Merge(&q) {
		t.Error("the first merge changes it, and the second does not")
	}
	want := []Origin{
		{Source: "arxiv", URL: "https://arxiv.org/abs/x", Seen: at(1)},
		{Source: "feed:hot", URL: "https://example.org/x", Signal: 8, Seen: at(2)},
		{Source: "file:a.bib", Seen: at(4)},
	}
	if !reflect.DeepEqual(p.Origins, want) {
		t.Errorf("got %+v", p.Origins)
	}
	q.Origins[0].Signal = 6 // votes are taken back, too
	if !p.Merge(&q) || p.Origins[1].Signal != 6 {
		t.Errorf("signal %d", p.Origins[1].Signal)
	}
}

// What a feed says of a paper that it links does not replace the paper's own
// text, in whatever order the two come.
func TestMergeOfFeeds(t *testing.T) {
	feed := Paper{ArXivID: "2503.01234", Title: "Great new paper!", Abstract: "Read this.", Comment: "via x", Updated: at(9), Origins: []Origin{{Source: "feed:https://x.org", Seen: at(9)}}}
	for name, own := range map[string]Paper{
		"arXiv":  {ArXivID: "2503.01234", Title: "A title", Abstract: "Own.", Updated: at(3), Versions: []Version{{1, at(3)}}, Origins: []Origin{{Source: "arxiv", Seen: at(4)}}},
		"a file": {ArXivID: "2503.01234", Title: "A title", Abstract: "Own.", Origins: []Origin{{Source: "file:x", Seen: at(4)}}},
	} {
		last, first := own, feed
		last.Merge(&feed)
		first.Merge(&own)
		for order, p := range map[string]Paper{"last": last, "first": first} {
			if p.Title != "A title" || p.Abstract != "Own." || p.Comment != "via x" || len(p.Origins) != 2 {
				t.Errorf("%s, the feed %s: %+v", name, order, p)
			}
			if !own.Updated.IsZero() && !p.Updated.Equal(own.Updated) {
				t.Errorf("%s, the feed %s: updated %v", name, order, p.Updated)
			}
		}
	}
	p, later := feed, feed
	later.Title, later.Updated = "Its title", at(10)
	if p.Merge(&later); p.Title != "Its title" {
		t.Errorf("a feed that corrects itself: %+v", p)
	}
}

func TestMergeWithdrawn(t *testing.T) {
	arxiv := []Origin{{Source: "arxiv"}}
	p := Paper{ArXivID: "2503.01234", Origins: arxiv, Updated: at(3)}
	for i, step := range []struct {
		q    Paper
		want bool
	}{
		{Paper{Origins: arxiv, Updated: at(2), Withdrawn: true}, false}, // about an older version
		{Paper{Origins: arxiv, Updated: at(4), Withdrawn: true}, true},
		{Paper{Origins: []Origin{{Source: "feed:x"}}, Updated: at(5)}, true}, // knows nothing of it
		{Paper{Origins: arxiv, Updated: at(3)}, true},
		{Paper{Origins: arxiv, Updated: at(6)}, false},
	} {
		if p.Merge(&step.q); p.Withdrawn != step.want {
			t.Errorf("step %d: withdrawn is %v", i+1, p.Withdrawn)
		}
	}
}

// One work that was submitted twice stays the same however often, and in
// whatever order, its two records come.
func TestMergeOfTwoSubmissions(t *testing.T) {
	first := Paper{ArXivID: "2503.01234", Title: "A title", Abstract: "First.", Origins: []Origin{{Source: "file:x", URL: "https://arxiv.org/abs/2503.01234"}}, Versions: []Version{{1, at(1)}, {2, at(2)}}}
	second := Paper{ArXivID: "2510.04321", Title: "A title", Abstract: "Second.", Origins: []Origin{{Source: "file:x", URL: "https://arxiv.org/abs/2510.04321"}}, Versions: []Version{{1, at(8)}}}
	p := first
	p.Merge(&second)
	once := p
	for range 3 {
		if p.Merge(&first) || p.Merge(&second) {
			t.Errorf("changed again, to %+v", p)
		}
	}
	other := second
	if other.Merge(&first) || !reflect.DeepEqual(once, other) {
		t.Errorf("the order matters:\n%+v\n%+v", once, other)
	}
	if once.Abstract != "Second." || len(once.Versions) != 1 {
		t.Errorf("got %+v", once)
	}
}

// Whatever two reports say: merging the second again changes nothing, changed
// is true exactly if something differs, and nothing becomes empty.
func TestMergeProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	pick := func(choices ...string) string { return choices[r.IntN(len(choices))] }
	random := func() Paper {
		p := Paper{
			ArXivID: pick("", "2503.01234", "2504.00001", "hep-th/9901001"), DOI: pick("", "10.1000/a", "10.1000/b"),
			Title: pick("A", "B"), Abstract: pick("", "x https://github.com/a/b", "y"), Summary: pick("", "s", "t"),
			Comment: pick("", "c", "d"), Journal: pick("", "j"), Listed: Date(r.IntN(3)), Withdrawn: r.IntN(3) == 0,
		}
		for range r.IntN(3) {
			p.Authors = append(p.Authors, pick("Ada", "Charles"))
			p.Categories = append(p.Categories, pick("cs.CL", "cs.CV"))
			p.Versions = append(p.Versions, Version{1 + r.IntN(3), at(1 + r.IntN(9))})
			p.Origins = append(p.Origins, Origin{Source: pick("arxiv", "feed:x"), URL: pick("", "https://a.org/1", "https://a.org/2"), Signal: r.IntN(3), Seen: at(1 + r.IntN(9))})
		}
		if r.IntN(2) == 0 {
			p.Updated = at(1 + r.IntN(5))
		}
		if r.IntN(2) == 0 {
			p.Published = at(1 + r.IntN(5))
		}
		if err := p.Clean(); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for range 5_000 {
		p, q := random(), random()
		before, original := p, q
		before.Origins = slices.Clone(p.Origins)
		changed := p.Merge(&q)
		if changed == reflect.DeepEqual(p, before) {
			t.Fatalf("changed is %v:\n%+v\n%+v\n%+v", changed, before, q, p)
		}
		once := p
		if p.Merge(&q) || !reflect.DeepEqual(p, once) {
			t.Fatalf("merged again:\n%+v\n%+v\n%+v\n%+v", before, q, once, p)
		}
		if !reflect.DeepEqual(q, original) {
			t.Fatalf("q was changed to %+v", q)
		}
		if lost(before, p) {
			t.Fatalf("something was lost:\n%+v\n%+v\n%+v", before, q, p)
		}
		clean := p
		if err := clean.Clean(); err != nil || !reflect.DeepEqual(clean, p) {
			t.Fatalf("not clean after a merge: %+v, %v", p, err)
		}
	}
}

// lost reports whether a field of before is empty in after.
func lost(before, after Paper) bool {
	b, a := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range b.NumField() {
		switch b.Type().Field(i).Name {
		case "Withdrawn", "Links":
			continue
		}
		if !b.Field(i).IsZero() && a.Field(i).IsZero() {
			return true
		}
	}
	return false
}
