package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// testGiven asks for given papers, in their order, in all the ways of a list.
func testGiven(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	l := newLibrary(t, s, 60)
	rnd := random()
	var given []int64
	for _, i := range rnd.Perm(len(l.papers))[:30] {
		given = append(given, l.papers[i].ID)
	}
	given = append(given, 1<<40) // not there
	for _, q := range []offprint.PaperQuery{
		{},
		{ReaderID: l.ann.ID},
		{ReaderID: l.ann.ID, WithHidden: true},
		{First: day, Last: day + 1},
		{Category: "cs.CV"},
		{ReaderID: l.ann.ID, Shelf: offprint.MarkSave},
		{ReaderID: l.ann.ID, Tags: offprint.HasTag("one")},
	} {
		all := l.keys(q)
		var want []string
		for _, id := range given {
			if i := slices.IndexFunc(l.papers, func(p *offprint.Paper) bool { return p.ID == id }); i >= 0 && slices.Contains(all, l.papers[i].Key) {
				want = append(want, l.papers[i].Key)
			}
		}
		q.IDs, q.Sort, q.Limit = given, offprint.SortGiven, 200
		page := must(s.Papers(ctx, q))(t)
		if got := keysOf(page); !slices.Equal(got, want) || page.Total != len(want) || page.Next != "" {
			t.Errorf("%+v: %v of %d, want %v", q, got, page.Total, want)
		}
		hits, total, err := s.Hits(ctx, q)
		if err != nil || total != len(want) || len(hits) != len(want) {
			t.Errorf("%+v: %d hits of %d, %v", q, len(hits), total, err)
		}
		if len(want) > 2 {
			q.Limit = 2
			if got := keysOf(must(s.Papers(ctx, q))(t)); !slices.Equal(got, want[:2]) {
				t.Errorf("two of %v: %v", want, got)
			}
		}
	}
	// With a search: what it finds, in the given order.
	q := offprint.PaperQuery{IDs: given, Sort: offprint.SortGiven, Limit: 200, ReaderID: l.ann.ID, Search: offprint.Query{Cats: []string{"math"}, Tags: []string{"two"}}}
	var want []string
	for _, id := range given {
		for _, p := range l.papers {
			if st := l.states[p.ID]; p.ID == id && slices.Contains(p.Categories, "math.CO") && slices.Contains(st.Tags, "two") && !st.Hidden {
				want = append(want, p.Key)
			}
		}
	}
	if got := keysOf(must(s.Papers(ctx, q))(t)); !slices.Equal(got, want) {
		t.Errorf("search among given papers: %v, want %v", got, want)
	}
	words := offprint.PaperQuery{Search: offprint.Query{Terms: []offprint.Term{{Text: "learning"}}}, Limit: 7}
	hits, total, err := s.Hits(ctx, words)
	page := must(s.Papers(ctx, words))(t)
	if err != nil || total != page.Total || len(hits) != 7 {
		t.Fatalf("%d hits of %d, want those of %d; %v", len(hits), total, page.Total, err)
	}
	for i, item := range page.Items {
		if hits[i].ID != item.ID || hits[i].Score != item.Score {
			t.Errorf("hit %d is %+v, and the paper %d, %g", i, hits[i], item.ID, item.Score)
		}
	}
	// In another order, they are a list like others.
	sorted := must(s.Papers(ctx, offprint.PaperQuery{IDs: given, Sort: offprint.SortTime, Limit: 7}))(t)
	if len(sorted.Items) != 7 || sorted.Next == "" {
		t.Errorf("%d papers by time, next %q", len(sorted.Items), sorted.Next)
	}
	if none := must(s.Papers(ctx, offprint.PaperQuery{IDs: []int64{}, Sort: offprint.SortGiven}))(t); len(none.Items) != 0 {
		t.Errorf("%d papers of none", len(none.Items))
	}
	_, err = s.Papers(ctx, offprint.PaperQuery{IDs: make([]int64, 5001), Sort: offprint.SortGiven})
	wantKind(t, err, offprint.KindInvalid)
}

func keysOf(page offprint.PaperPage) []string {
	var keys []string
	for _, item := range page.Items {
		keys = append(keys, item.Key)
	}
	return keys
}

// testPapersChanged follows the store through additions and changes.
func testPapersChanged(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	since := int64(-1)
	changed := func() (keys []string) {
		check(t, s.PapersChanged(ctx, since, func(p *offprint.Paper, generation int64) error {
			if generation < since {
				t.Errorf("generation %d after %d", generation, since)
			}
			if p.Abstract == "" || len(p.Origins) == 0 {
				t.Errorf("%s is not whole", p.Key)
			}
			keys, since = append(keys, p.Key), generation
			return nil
		}))
		return keys
	}
	want := func(what string, got []string, papers ...*offprint.Paper) {
		t.Helper()
		var keys []string
		for _, p := range papers {
			keys = append(keys, p.Key)
		}
		if !slices.Equal(got, keys) {
			t.Errorf("%s: %v, want %v", what, got, keys)
		}
	}
	want("of an empty store", changed())
	papers := putSome(t, s, 450)
	want("after the first batch", changed(), papers...)
	want("without a change", changed())
	ann := newReader(t, s, "ann")
	vote(t, s, ann, papers[0], true, at)
	put(t, s, newPaper(3))
	want("after a vote and the same again", changed())

	second := newPaper(7)
	second.Abstract, second.Updated = "We now study it in more depth.", at.Add(time.Hour)
	added := put(t, s, second, newPaper(1000))
	want("after a second version and a new paper", changed(), added...)
}

// testActs reads what readers did.
func testActs(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	papers := putSome(t, s, 3)
	ann, bob := newReader(t, s, "ann"), newReader(t, s, "bob")
	vote(t, s, ann, papers[1], true, at)
	must(s.SetMark(ctx, ann.ID, papers[0].ID, offprint.MarkHide, true, at.Add(time.Hour)))(t)
	must(s.SetMark(ctx, ann.ID, papers[1].ID, offprint.MarkSave, true, at.Add(time.Minute)))(t)
	must(s.SetMark(ctx, ann.ID, papers[1].ID, offprint.MarkRead, true, at.Add(time.Second)))(t)
	check(t, s.SetTags(ctx, ann.ID, papers[1].ID, []string{"b", "a"}))
	check(t, s.SetTags(ctx, bob.ID, papers[2].ID, []string{"c"}))

	of := must(s.Acts(ctx, ann.ID))(t)
	if len(of) != 2 {
		t.Fatalf("%d acts of ann", len(of))
	}
	if a := of[0]; a.ReaderID != ann.ID || a.PaperID != papers[0].ID || !a.Hide.Equal(at.Add(time.Hour)) || !a.Vote.IsZero() || a.Tags != nil {
		t.Errorf("first act %+v", a)
	}
	if a := of[1]; a.PaperID != papers[1].ID || !a.Vote.Equal(at) || !a.Save.Equal(at.Add(time.Minute)) || !a.Read.Equal(at.Add(time.Second)) || !a.Hide.IsZero() || !slices.Equal(a.Tags, []string{"a", "b"}) {
		t.Errorf("second act %+v", a)
	}
	if all := must(s.Acts(ctx, 0))(t); len(all) != 3 || all[2].ReaderID != bob.ID || !slices.Equal(all[2].Tags, []string{"c"}) {
		t.Errorf("all acts %+v", all)
	}
	if none := must(s.Acts(ctx, 99))(t); len(none) != 0 {
		t.Errorf("acts of nobody: %+v", none)
	}
}
