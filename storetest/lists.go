package storetest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// library is a store with papers of all sorts and a reader who has done
// everything to some of them, beside a plain model of both.
type library struct {
	s      offprint.Store
	ann    *offprint.Reader
	papers []*offprint.Paper
	states map[int64]offprint.State
}

func newLibrary(t *testing.T, s offprint.Store, size int) *library {
	t.Helper()
	ctx := t.Context()
	rnd := random()
	l := &library{s: s, ann: newReader(t, s, "ann"), states: map[int64]offprint.State{}}
	bob := newReader(t, s, "bob")
	var papers []offprint.Paper
	for i := range size {
		p := newPaper(i + 1)
		p.Listed = day + offprint.Date(rnd.IntN(4))
		if rnd.IntN(20) == 0 {
			p.Listed = day - 300
		}
		if rnd.IntN(20) == 0 {
			p.Listed = 0
		}
		p.Categories = [][]string{{"cs.CL"}, {"cs.CL", "cs.CV"}, {"cs.CV"}, {"math.CO"}}[rnd.IntN(4)]
		p.Authors = [][]string{{"Ada Lovelace"}, {"Kurt Gödel", "Emmy Noether"}, {"Emmy Noether"}}[rnd.IntN(3)]
		p.Origins[0].Source = []string{"arxiv", "arxiv", "feed:x"}[rnd.IntN(3)]
		p.Origins[0].Signal = max(0, rnd.IntN(6)-3)
		papers = append(papers, p)
	}
	for i, p := range put(t, s, papers...) {
		when := at.Add(time.Duration(rnd.IntN(100)) * time.Hour)
		if rnd.IntN(3) == 0 {
			vote(t, s, bob, p, true, when)
		}
		must(s.SetMark(ctx, bob.ID, p.ID, offprint.MarkHide, rnd.IntN(2) == 0, at))(t) // nobody else's business
		var st offprint.State
		if st.Voted = rnd.IntN(3) == 0; st.Voted {
			vote(t, s, l.ann, p, true, when.Add(time.Duration(i)*time.Minute))
		}
		st.Saved, st.Read, st.Hidden = rnd.IntN(3) == 0, rnd.IntN(2) == 0, rnd.IntN(6) == 0
		must(s.SetMark(ctx, l.ann.ID, p.ID, offprint.MarkSave, st.Saved, at))(t)
		must(s.SetMark(ctx, l.ann.ID, p.ID, offprint.MarkRead, st.Read, at))(t)
		must(s.SetMark(ctx, l.ann.ID, p.ID, offprint.MarkHide, st.Hidden, at))(t)
		for _, tag := range []string{"one", "three", "two"} {
			if rnd.IntN(4) == 0 {
				st.Tags = append(st.Tags, tag)
			}
		}
		check(t, s.SetTags(ctx, l.ann.ID, p.ID, st.Tags))
		if rnd.IntN(5) == 0 {
			st.Note = fmt.Sprintf("note %d", i)
			check(t, s.SetNote(ctx, l.ann.ID, p.ID, st.Note))
		}
		l.papers = append(l.papers, reload(t, s, p))
		l.states[p.ID] = st
	}
	return l
}

// keys answers a query without search from the model.
func (l *library) keys(q offprint.PaperQuery) []string {
	var found []*offprint.Paper
	for _, p := range l.papers {
		st := l.states[p.ID]
		if q.ReaderID == 0 {
			st = offprint.State{}
		}
		shelves := map[offprint.Mark]bool{"": true, offprint.MarkVote: st.Voted, offprint.MarkSave: st.Saved, offprint.MarkRead: st.Read, offprint.MarkHide: st.Hidden}
		if p.ID > q.AfterID && (q.First == 0 || p.Listed >= q.First) && (q.Last == 0 || p.Listed <= q.Last) &&
			(q.Category == "" || slices.Contains(p.Categories, q.Category)) &&
			(q.Author == "" || slices.ContainsFunc(p.Authors, func(a string) bool { return offprint.FoldName(a) == offprint.FoldName(q.Author) })) &&
			(q.Origin == "" || slices.ContainsFunc(p.Origins, func(o offprint.Origin) bool { return o.Source == q.Origin })) &&
			shelves[q.Shelf] && (q.Tags == nil || q.Tags.Match(st.Tags)) && (!q.Noted || st.Note != "") &&
			(q.WithHidden || q.Shelf == offprint.MarkHide || !st.Hidden) {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b *offprint.Paper) int {
		rank := 0
		switch q.Sort {
		case offprint.SortTrending:
			rank = cmp.Or(compareBool(b.HasHeat, a.HasHeat), cmp.Compare(b.Heat, a.Heat))
		case offprint.SortVotes:
			rank = cmp.Compare(b.Votes, a.Votes)
		}
		return cmp.Or(rank, cmp.Compare(b.Listed, a.Listed), cmp.Compare(b.ID, a.ID))
	})
	var keys []string
	for _, p := range found {
		keys = append(keys, p.Key)
	}
	return keys
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Lists agree with a plain model, in each order and page by page, whatever is
// asked for at once.
func testLists(t *testing.T, s offprint.Store) {
	l := newLibrary(t, s, 80)
	one, two, three := offprint.HasTag("one"), offprint.HasTag("two"), offprint.HasTag("three")
	queries := []offprint.PaperQuery{
		{},
		{First: day, Last: day},
		{First: day + 1, Last: day + 2},
		{First: day + 100, Last: day + 200},
		{First: day - 400, Last: day + 1},
		{First: day + 1},
		{Last: day},
		{Category: "cs.CL"},
		{Category: "cs.CL", First: day, Last: day + 1},
		{Category: "cs.CL", First: day - 400, Last: day + 400},
		{Category: "cs.XX"},
		{Author: "kurt godel"},
		{Author: "Emmy Noether", Category: "cs.CV"},
		{Author: "Nobody"},
		{Origin: "feed:x"},
		{Origin: "arxiv", Category: "cs.CL", Author: "Ada Lovelace", First: day, Last: day + 2},
		{AfterID: l.papers[50].ID},
		{AfterID: l.papers[50].ID, Category: "cs.CL", First: day, Last: day + 2},
		{Shelf: offprint.MarkVote},
		{Shelf: offprint.MarkSave},
		{Shelf: offprint.MarkRead, Category: "cs.CL", First: day, Last: day + 1},
		{Shelf: offprint.MarkHide},
		{Shelf: offprint.MarkSave, WithHidden: true},
		{Noted: true},
		{Noted: true, Shelf: offprint.MarkSave, Author: "Ada Lovelace"},
		{Tags: one},
		{Tags: offprint.AllTags{one, two}},
		{Tags: offprint.AllTags{offprint.NotTags{Expr: one}, two}},
		{Tags: offprint.AnyTag{one, three}},
		{Tags: offprint.NotTags{Expr: offprint.AnyTag{one, two}}},
		{Tags: offprint.AnyTag{one, offprint.NotTags{Expr: offprint.AllTags{two, three}}}},
		{Tags: offprint.NotTags{Expr: offprint.NotTags{Expr: one}}},
		{Tags: offprint.AllTags{}},
		{Tags: offprint.AnyTag{}},
		{Tags: offprint.HasTag("four")},
		{Tags: offprint.AnyTag{one, two}, Shelf: offprint.MarkRead, Category: "cs.CV", First: day, Last: day + 3},
		{Tags: offprint.NotTags{Expr: one}, Noted: true},
		{Tags: offprint.NotTags{Expr: one}, Category: "cs.CL"},
	}
	for _, q := range queries {
		for _, sort := range []offprint.Sort{offprint.SortTime, offprint.SortTrending, offprint.SortVotes} {
			for _, readerID := range []int64{0, l.ann.ID} {
				if readerID == 0 && (q.Shelf != "" || q.Tags != nil || q.Noted) {
					continue
				}
				q := q
				q.Sort, q.ReaderID = sort, readerID
				want := l.keys(q)
				for _, limit := range []int{6, 200} {
					q.Limit = limit
					if got := walk(t, s, q); !slices.Equal(got, want) {
						t.Errorf("%+v:\n got %v\nwant %v", q, got, want)
					}
				}
			}
		}
	}
	// What belongs to readers is empty for nobody.
	for _, q := range []offprint.PaperQuery{{Shelf: offprint.MarkSave}, {Noted: true}, {Tags: one}} {
		if got := walk(t, s, q); len(got) != 0 {
			t.Errorf("%+v for nobody: %v", q, got)
		}
	}
}

func testListItems(t *testing.T, s offprint.Store) {
	p := newPaper(1)
	p.Abstract = strings.Repeat("Wörter ", 1000)
	p.Summary = strings.Repeat("Summary ", 1000)
	p.Comment = "https://github.com/example/code"
	whole := put(t, s, p)[0]
	r := newReader(t, s, "ann")
	vote(t, s, r, whole, true, at)
	check(t, s.SetTags(t.Context(), r.ID, whole.ID, []string{"b", "a"}))
	check(t, s.SetNote(t.Context(), r.ID, whole.ID, "mine"))

	item := must(s.Papers(t.Context(), offprint.PaperQuery{ReaderID: r.ID}))(t).Items[0]
	if item.ID != whole.ID || item.Title != whole.Title || !slices.Equal(item.Authors, whole.Authors) || !slices.Equal(item.Categories, whole.Categories) ||
		!slices.Equal(item.Links, whole.Links) || len(item.Links) != 1 || item.Votes != 1 || !item.HasHeat || !item.Published.Equal(whole.Published) || item.Listed != whole.Listed {
		t.Errorf("item %+v", item)
	}
	for _, text := range []string{item.Abstract, item.Summary} {
		if len(text) < 400 || len(text) > 650 || !strings.HasSuffix(text, "…") {
			t.Errorf("teaser of %d bytes: %q", len(text), text)
		}
	}
	if st := item.State; !st.Voted || st.Saved || !slices.Equal(st.Tags, []string{"a", "b"}) || st.Note != "mine" {
		t.Errorf("state %+v", st)
	}
	if item := must(s.Papers(t.Context(), offprint.PaperQuery{}))(t).Items[0]; item.State.Voted || item.State.Tags != nil || item.State.Note != "" {
		t.Errorf("state for nobody %+v", item.State)
	}
	if got := must(s.Papers(t.Context(), offprint.PaperQuery{}))(t); got.Total != -1 || got.Next != "" {
		t.Errorf("total %d, next %q, want -1 and none", got.Total, got.Next)
	}
}

func testListLimits(t *testing.T, s offprint.Store) {
	putSome(t, s, 230)
	for limit, want := range map[int]int{0: 25, -1: 25, 1: 1, 200: 200, 1_000_000: 200} {
		if page := must(s.Papers(t.Context(), offprint.PaperQuery{Limit: limit}))(t); len(page.Items) != want || page.Next == "" {
			t.Errorf("limit %d gives %d papers, want %d", limit, len(page.Items), want)
		}
	}
	for _, q := range []offprint.PaperQuery{{Sort: "best"}, {Shelf: "attic"}} {
		_, err := s.Papers(t.Context(), q)
		wantKind(t, err, offprint.KindInvalid)
	}
}

// A cursor is good for the order that gave it, and nothing else passes as one.
func testCursors(t *testing.T, s offprint.Store) {
	papers := putSome(t, s, 10)
	r := newReader(t, s, "ann")
	for _, p := range papers[:5] {
		vote(t, s, r, p, true, at)
	}
	cursors := map[offprint.Sort]string{}
	for _, sort := range []offprint.Sort{offprint.SortTrending, offprint.SortTime, offprint.SortVotes} {
		cursors[sort] = must(s.Papers(t.Context(), offprint.PaperQuery{Sort: sort, Limit: 3}))(t).Next
	}
	for given, cursor := range cursors {
		for sort := range cursors {
			_, err := s.Papers(t.Context(), offprint.PaperQuery{Sort: sort, Cursor: cursor})
			if sort == given {
				check(t, err)
			} else {
				wantKind(t, err, offprint.KindInvalid)
			}
		}
		bad := []string{"x", "AAAA", cursor + "A", cursor[:len(cursor)-1], cursor[1:], strings.ToUpper(cursor) + "=", " " + cursor, strings.Repeat("A", 100_000)}
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		check(t, err)
		raw[0]++ // of the next version
		bad = append(bad, base64.RawURLEncoding.EncodeToString(raw))
		for _, cursor := range bad {
			_, err := s.Papers(t.Context(), offprint.PaperQuery{Sort: given, Cursor: cursor})
			wantKind(t, err, offprint.KindInvalid)
		}
		_, err = s.Papers(t.Context(), offprint.PaperQuery{Sort: given, Cursor: cursor, Search: search(t, "machines")})
		wantKind(t, err, offprint.KindInvalid)
	}
}

// While votes come in, a walk by time meets each paper once, and one by heat or
// votes each paper that keeps its place.
func testCursorsWhileVoting(t *testing.T, s offprint.Store) {
	papers := putSome(t, s, 60)
	r := newReader(t, s, "ann")
	for i, p := range papers[:30] {
		vote(t, s, r, p, true, at.Add(time.Duration(i)*time.Hour))
	}
	moving := papers[20:40]
	bob := newReader(t, s, "bob")
	for _, sort := range []offprint.Sort{offprint.SortTime, offprint.SortTrending, offprint.SortVotes} {
		seen := map[string]int{}
		q := offprint.PaperQuery{Sort: sort, Limit: 4}
		for i := 0; ; i++ {
			page := must(s.Papers(t.Context(), q))(t)
			for _, item := range page.Items {
				seen[item.Key]++
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
			p := moving[i%len(moving)]
			vote(t, s, bob, p, i%3 != 0, at.Add(time.Duration(i)*time.Hour))
		}
		for _, p := range papers {
			if n := seen[p.Key]; n != 1 && (sort == offprint.SortTime || !slices.Contains(moving, p)) {
				t.Errorf("by %s, paper %s came %d times", sort, p.Key, n)
			}
		}
	}
}

// A paper that a reader hides is gone from their lists, and from nobody else's.
func testHidden(t *testing.T, s offprint.Store) {
	papers := putSome(t, s, 3)
	ann, bob := newReader(t, s, "ann"), newReader(t, s, "bob")
	must(s.SetMark(t.Context(), ann.ID, papers[1].ID, offprint.MarkHide, true, at))(t)
	all, without := []string{papers[2].Key, papers[1].Key, papers[0].Key}, []string{papers[2].Key, papers[0].Key}
	for _, test := range []struct {
		q    offprint.PaperQuery
		want []string
	}{
		{offprint.PaperQuery{ReaderID: ann.ID}, without},
		{offprint.PaperQuery{ReaderID: ann.ID, WithHidden: true}, all},
		{offprint.PaperQuery{ReaderID: ann.ID, Shelf: offprint.MarkHide}, []string{papers[1].Key}},
		{offprint.PaperQuery{ReaderID: bob.ID}, all},
		{offprint.PaperQuery{}, all},
		{offprint.PaperQuery{ReaderID: ann.ID, Search: search(t, "machines"), Sort: offprint.SortTime}, without},
		{offprint.PaperQuery{ReaderID: bob.ID, Search: search(t, "machines"), Sort: offprint.SortTime}, all},
	} {
		if got := walk(t, s, test.q); !slices.Equal(got, test.want) {
			t.Errorf("%+v: %v, want %v", test.q, got, test.want)
		}
	}
}
