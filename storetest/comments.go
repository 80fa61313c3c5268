package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

func testComments(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	papers := putSome(t, s, 2)
	ann, bob := newReader(t, s, "ann"), newReader(t, s, "bob")
	c := &offprint.Comment{PaperID: papers[0].ID, ReaderID: ann.ID, Body: "*Good.*", Created: at}
	check(t, s.CreateComment(ctx, c))
	if c.ID <= 0 || c.Author != "ann" || !c.Created.Equal(at) || !c.Edited.IsZero() {
		t.Errorf("created %+v", c)
	}
	if got := must(s.Comment(ctx, c.ID))(t); *got != *c {
		t.Errorf("stored %+v, want %+v", *got, *c)
	}
	reply := &offprint.Comment{PaperID: papers[0].ID, ReaderID: bob.ID, ParentID: c.ID, Body: "Is it?", Created: at.Add(time.Minute)}
	check(t, s.CreateComment(ctx, reply))
	other := &offprint.Comment{PaperID: papers[1].ID, ReaderID: bob.ID, Body: "Elsewhere."}
	check(t, s.CreateComment(ctx, other))

	for _, test := range []struct {
		c    offprint.Comment
		kind offprint.Kind
	}{
		{offprint.Comment{PaperID: papers[0].ID, ReaderID: ann.ID, Body: " \n"}, offprint.KindInvalid},
		{offprint.Comment{PaperID: papers[0].ID, ReaderID: ann.ID, Body: strings.Repeat("x", offprint.MaxBody+1)}, offprint.KindTooLarge},
		{offprint.Comment{PaperID: papers[0].ID, ReaderID: ann.ID, Body: "x", ParentID: other.ID}, offprint.KindInvalid},
		{offprint.Comment{PaperID: papers[0].ID, ReaderID: ann.ID, Body: "x", ParentID: 999}, offprint.KindNotFound},
		{offprint.Comment{PaperID: 999, ReaderID: ann.ID, Body: "x"}, offprint.KindNotFound},
		{offprint.Comment{PaperID: papers[0].ID, ReaderID: 999, Body: "x"}, offprint.KindNotFound},
	} {
		wantKind(t, s.CreateComment(ctx, &test.c), test.kind)
	}
	if all := must(s.Comments(ctx, papers[0].ID))(t); len(all) != 2 || all[0].ID != c.ID || all[1].ParentID != c.ID {
		t.Errorf("comments %+v", all)
	}
	if p := reload(t, s, papers[0]); p.Comments != 2 {
		t.Errorf("%d comments, want 2", p.Comments)
	}
	if recent := must(s.RecentComments(ctx, 2))(t); len(recent) != 2 || recent[0].ID != other.ID || recent[1].ID != reply.ID {
		t.Errorf("recent %+v", recent)
	}
	check(t, s.EditComment(ctx, c.ID, "*Better.*", at.Add(time.Hour)))
	if got := must(s.Comment(ctx, c.ID))(t); got.Body != "*Better.*" || !got.Edited.Equal(at.Add(time.Hour)) || !got.Created.Equal(at) {
		t.Errorf("edited to %+v", got)
	}
	wantKind(t, s.EditComment(ctx, c.ID, "", at), offprint.KindInvalid)
	wantKind(t, s.EditComment(ctx, 999, "x", at), offprint.KindNotFound)
	_, err := s.Comment(ctx, 999)
	wantKind(t, err, offprint.KindNotFound)
}

// A deleted comment is a placeholder for as long as it has replies.
func testCommentThreads(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	p := put(t, s, newPaper(1))[0]
	ann := newReader(t, s, "ann")
	add := func(parent int64) int64 {
		t.Helper()
		c := &offprint.Comment{PaperID: p.ID, ReaderID: ann.ID, ParentID: parent, Body: "x"}
		check(t, s.CreateComment(ctx, c))
		return c.ID
	}
	a := add(0)
	b := add(a)
	c := add(b)
	d := add(a)
	want := func(count int, ids ...int64) {
		t.Helper()
		var got []int64
		for _, c := range must(s.Comments(ctx, p.ID))(t) {
			got = append(got, c.ID)
			if c.Deleted && c.Body != "" {
				t.Errorf("a deleted comment says %q", c.Body)
			}
		}
		if !slices.Equal(got, ids) {
			t.Errorf("comments %v, want %v", got, ids)
		}
		if p := reload(t, s, p); p.Comments != count {
			t.Errorf("the paper counts %d comments, want %d", p.Comments, count)
		}
	}
	want(4, a, b, c, d)
	check(t, s.DeleteComment(ctx, b))
	want(3, a, b, c, d)
	wantKind(t, s.DeleteComment(ctx, b), offprint.KindNotFound)
	wantKind(t, s.EditComment(ctx, b, "x", at), offprint.KindNotFound)
	wantKind(t, s.CreateComment(ctx, &offprint.Comment{PaperID: p.ID, ReaderID: ann.ID, ParentID: b, Body: "x"}), offprint.KindConflict)
	check(t, s.DeleteComment(ctx, a))
	want(2, a, b, c, d)
	check(t, s.DeleteComment(ctx, c)) // b has no replies left
	want(1, a, d)
	check(t, s.DeleteComment(ctx, d))
	want(0)
	if recent := must(s.RecentComments(ctx, 10))(t); len(recent) != 0 {
		t.Errorf("recent %+v", recent)
	}
	wantKind(t, s.DeleteComment(ctx, a), offprint.KindNotFound)
}

func testReports(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	p := put(t, s, newPaper(1))[0]
	ann, bob, cleo := newReader(t, s, "ann"), newReader(t, s, "bob"), newReader(t, s, "cleo")
	c := &offprint.Comment{PaperID: p.ID, ReaderID: ann.ID, Body: "Rude."}
	check(t, s.CreateComment(ctx, c))
	check(t, s.CreateComment(ctx, &offprint.Comment{PaperID: p.ID, ReaderID: ann.ID, Body: "Polite."}))
	for range 2 {
		check(t, s.ReportComment(ctx, c.ID, bob.ID, "rude"))
	}
	check(t, s.ReportComment(ctx, c.ID, cleo.ID, ""))
	if all := must(s.ReportedComments(ctx))(t); len(all) != 1 || all[0].ID != c.ID || all[0].Reports != 2 {
		t.Errorf("reported %+v", all)
	}
	check(t, s.DismissReports(ctx, c.ID))
	if all := must(s.ReportedComments(ctx))(t); len(all) != 0 {
		t.Errorf("reported %+v", all)
	}
	check(t, s.ReportComment(ctx, c.ID, bob.ID, "still rude"))
	check(t, s.DeleteComment(ctx, c.ID))
	if all := must(s.ReportedComments(ctx))(t); len(all) != 0 {
		t.Errorf("reported %+v", all)
	}
	wantKind(t, s.ReportComment(ctx, c.ID, bob.ID, "x"), offprint.KindNotFound)
	wantKind(t, s.ReportComment(ctx, 999, bob.ID, "x"), offprint.KindNotFound)
	wantKind(t, s.DismissReports(ctx, 999), offprint.KindNotFound)
}
