package storetest

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9 }

// What the store keeps as heat is offprint.Heat of the votes and signals.
func testHeat(t *testing.T, s offprint.Store) {
	rnd := random()
	var readers []*offprint.Reader
	for i := range 8 {
		readers = append(readers, newReader(t, s, fmt.Sprintf("reader%d", i)))
	}
	for n := range 20 {
		p := newPaper(n + 1)
		p.Listed = day + offprint.Date(rnd.IntN(2000)) - 1000
		var signals []int
		for i := range rnd.IntN(4) {
			signals = append(signals, rnd.IntN(3)*rnd.IntN(1000))
			p.Origins = append(p.Origins, offprint.Origin{Source: fmt.Sprint("feed:", i), Signal: signals[i], Seen: at})
		}
		stored := put(t, s, p)[0]
		var votes []time.Time
		for _, r := range readers[:rnd.IntN(len(readers))] {
			// Years apart: the older ones must neither overflow nor vanish wrongly.
			when := at.Add(time.Duration(rnd.Int64N(int64(10 * 365 * 24 * time.Hour)))).Add(-5 * 365 * 24 * time.Hour)
			votes = append(votes, when)
			vote(t, s, r, stored, true, when)
		}
		checkHeat(t, s, stored, votes, signals, p.Listed)
		p.Listed -= 3 // listed earlier by another source
		p.Origins[0].Signal = 11
		put(t, s, p)
		checkHeat(t, s, stored, votes, append(signals, 11), p.Listed)
		for i, r := range readers {
			vote(t, s, r, stored, false, at)
			checkHeat(t, s, stored, votes[min(i+1, len(votes)):], append(signals, 11), p.Listed)
		}
	}
}

func checkHeat(t *testing.T, s offprint.Store, p *offprint.Paper, votes []time.Time, signals []int, listed offprint.Date) {
	t.Helper()
	got := reload(t, s, p)
	heat, ok := offprint.Heat(votes, signals, listed)
	if got.HasHeat != ok || !near(got.Heat, heat) {
		t.Errorf("heat %v (%v), want %v (%v) for votes at %v and signals %v", got.Heat, got.HasHeat, heat, ok, votes, signals)
	}
	if got.Votes != len(votes) {
		t.Errorf("%d votes, want %d", got.Votes, len(votes))
	}
}

// A vote counts once, at its first time, and taking it back restores the heat.
func testVotes(t *testing.T, s offprint.Store) {
	papers := putSome(t, s, 2)
	p := papers[0]
	ann, bob := newReader(t, s, "ann"), newReader(t, s, "bob")
	if n := vote(t, s, ann, p, true, at); n != 1 {
		t.Errorf("%d votes, want 1", n)
	}
	before := reload(t, s, p)
	if n := vote(t, s, ann, p, true, at.Add(time.Hour)); n != 1 {
		t.Errorf("%d votes after a second one by the same reader", n)
	}
	if after := reload(t, s, p); after.Heat != before.Heat {
		t.Errorf("a second vote moved heat from %v to %v", before.Heat, after.Heat)
	}
	if n := vote(t, s, bob, p, true, at.Add(time.Hour)); n != 2 {
		t.Errorf("%d votes, want 2", n)
	}
	if n := vote(t, s, bob, p, false, at); n != 1 {
		t.Errorf("%d votes, want 1", n)
	}
	if after := reload(t, s, p); after.Heat != before.Heat || after.Votes != 1 {
		t.Errorf("heat %v after a vote was taken back, want %v", after.Heat, before.Heat)
	}
	if n := vote(t, s, bob, p, false, at); n != 1 {
		t.Errorf("%d votes, want 1", n)
	}
	vote(t, s, ann, p, false, at)
	if after := reload(t, s, p); after.HasHeat || after.Heat != 0 || after.Votes != 0 {
		t.Errorf("heat %v, votes %d, want none", after.Heat, after.Votes)
	}
	_, err := s.SetMark(t.Context(), ann.ID, 999, offprint.MarkVote, true, at)
	wantKind(t, err, offprint.KindNotFound)
	_, err = s.SetMark(t.Context(), 999, p.ID, offprint.MarkVote, true, at)
	wantKind(t, err, offprint.KindNotFound)
	_, err = s.SetMark(t.Context(), ann.ID, p.ID, "like", true, at)
	wantKind(t, err, offprint.KindInvalid)
	if other := reload(t, s, papers[1]); other.Votes != 0 || other.HasHeat {
		t.Errorf("another paper has votes: %+v", other)
	}
}

// Votes of many readers at once are all counted.
func testVotesAtOnce(t *testing.T, s offprint.Store) {
	p := put(t, s, newPaper(1))[0]
	const readers, each = 8, 6
	var group sync.WaitGroup
	for i := range readers {
		r := newReader(t, s, fmt.Sprintf("reader%d", i))
		group.Go(func() {
			for n := range each {
				if _, err := s.SetMark(t.Context(), r.ID, p.ID, offprint.MarkVote, n%2 == 0 || i%2 == 0, at); err != nil {
					t.Error(err)
				}
				if _, err := s.Papers(t.Context(), offprint.PaperQuery{Sort: offprint.SortTrending, ReaderID: r.ID}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	votes := make([]time.Time, readers/2)
	for i := range votes {
		votes[i] = at
	}
	checkHeat(t, s, p, votes, nil, day)
}

func testMarks(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	p := put(t, s, newPaper(1))[0]
	ann, bob := newReader(t, s, "ann"), newReader(t, s, "bob")
	for i, m := range []offprint.Mark{offprint.MarkVote, offprint.MarkSave, offprint.MarkRead, offprint.MarkHide} {
		must(s.SetMark(ctx, ann.ID, p.ID, m, true, at))(t)
		st := must(s.State(ctx, ann.ID, p.ID))(t)
		if got := []bool{st.Voted, st.Saved, st.Read, st.Hidden}; slices.Contains(got[:i+1], false) || slices.Contains(got[i+1:], true) {
			t.Errorf("after %s: %+v", m, st)
		}
	}
	if st := must(s.State(ctx, bob.ID, p.ID))(t); !reflect.DeepEqual(st, offprint.State{}) {
		t.Errorf("Bob's state %+v", st)
	}
	for _, m := range []offprint.Mark{offprint.MarkVote, offprint.MarkSave, offprint.MarkRead, offprint.MarkHide} {
		must(s.SetMark(ctx, ann.ID, p.ID, m, false, at))(t)
	}
	if st := must(s.State(ctx, ann.ID, p.ID))(t); !reflect.DeepEqual(st, offprint.State{}) {
		t.Errorf("Ann's state %+v", st)
	}
	_, err := s.State(ctx, ann.ID, 999)
	wantKind(t, err, offprint.KindNotFound)
}

func testTags(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	papers := putSome(t, s, 3)
	ann, bob := newReader(t, s, "ann"), newReader(t, s, "bob")
	check(t, s.SetTags(ctx, ann.ID, papers[0].ID, []string{"To Read", "nlp", "nlp"}))
	check(t, s.SetTags(ctx, ann.ID, papers[1].ID, []string{"nlp"}))
	check(t, s.SetTags(ctx, bob.ID, papers[0].ID, []string{"nlp"}))
	if st := must(s.State(ctx, ann.ID, papers[0].ID))(t); !slices.Equal(st.Tags, []string{"nlp", "to-read"}) {
		t.Errorf("tags %v", st.Tags)
	}
	wantTags := func(r *offprint.Reader, want ...offprint.Count) {
		t.Helper()
		if got := must(s.Tags(ctx, r.ID))(t); !slices.Equal(got, want) {
			t.Errorf("tags of %s: %v, want %v", r.Name, got, want)
		}
	}
	wantTags(ann, offprint.Count{Name: "nlp", Papers: 2}, offprint.Count{Name: "to-read", Papers: 1})
	check(t, s.RenameTag(ctx, ann.ID, "to-read", "nlp")) // merged
	wantTags(ann, offprint.Count{Name: "nlp", Papers: 2})
	check(t, s.RenameTag(ctx, ann.ID, "nlp", "Language"))
	wantTags(ann, offprint.Count{Name: "language", Papers: 2})
	wantTags(bob, offprint.Count{Name: "nlp", Papers: 1})
	wantKind(t, s.RenameTag(ctx, ann.ID, "nlp", "x"), offprint.KindNotFound)
	wantKind(t, s.RenameTag(ctx, ann.ID, "language", "a(b"), offprint.KindInvalid)
	check(t, s.RenameTag(ctx, ann.ID, "language", ""))
	wantTags(ann)
	check(t, s.SetTags(ctx, bob.ID, papers[0].ID, nil))
	wantTags(bob)

	var many []string
	for i := range offprint.MaxTags + 1 {
		many = append(many, fmt.Sprint("tag", i))
	}
	check(t, s.SetTags(ctx, ann.ID, papers[2].ID, many[1:]))
	for _, tags := range [][]string{many, {""}, {"and"}, {strings.Repeat("x", offprint.MaxTag+1)}} {
		wantKind(t, s.SetTags(ctx, ann.ID, papers[2].ID, tags), offprint.KindInvalid)
	}
	if st := must(s.State(ctx, ann.ID, papers[2].ID))(t); len(st.Tags) != offprint.MaxTags {
		t.Errorf("%d tags after calls that failed", len(st.Tags))
	}
	wantKind(t, s.SetTags(ctx, ann.ID, 999, []string{"x"}), offprint.KindNotFound)
	wantKind(t, s.SetTags(ctx, 999, papers[0].ID, []string{"x"}), offprint.KindNotFound)
}

func testPublishedTags(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	p := put(t, s, newPaper(1))[0]
	ann, bob := newReader(t, s, "ann"), newReader(t, s, "bob")
	check(t, s.SetTags(ctx, ann.ID, p.ID, []string{"nlp"}))
	tag := offprint.PublishedTag{ReaderID: ann.ID, Tag: "nlp", Slug: "secret1"}
	check(t, s.PublishTag(ctx, tag))
	if got := must(s.PublishedTag(ctx, "secret1"))(t); *got != tag {
		t.Errorf("published %+v", *got)
	}
	wantKind(t, s.PublishTag(ctx, offprint.PublishedTag{ReaderID: ann.ID, Tag: "nlp", Slug: "secret2"}), offprint.KindConflict)
	wantKind(t, s.PublishTag(ctx, offprint.PublishedTag{ReaderID: bob.ID, Tag: "x", Slug: "secret1"}), offprint.KindConflict)
	wantKind(t, s.PublishTag(ctx, offprint.PublishedTag{ReaderID: 999, Tag: "x", Slug: "secret3"}), offprint.KindNotFound)
	wantKind(t, s.PublishTag(ctx, offprint.PublishedTag{ReaderID: ann.ID, Tag: "x"}), offprint.KindInvalid)
	_, err := s.PublishedTag(ctx, "")
	wantKind(t, err, offprint.KindNotFound)
	check(t, s.RenameTag(ctx, ann.ID, "nlp", "language")) // its feed goes on
	if got := must(s.PublishedTag(ctx, "secret1"))(t); got.Tag != "language" {
		t.Errorf("published %+v", *got)
	}
	if all := must(s.PublishedTags(ctx, ann.ID))(t); len(all) != 1 {
		t.Errorf("published %+v", all)
	}
	wantKind(t, s.UnpublishTag(ctx, bob.ID, "language"), offprint.KindNotFound)
	check(t, s.UnpublishTag(ctx, ann.ID, "language"))
	wantKind(t, s.UnpublishTag(ctx, ann.ID, "language"), offprint.KindNotFound)
	_, err = s.PublishedTag(ctx, "secret1")
	wantKind(t, err, offprint.KindNotFound)
}

func testNotes(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	p := put(t, s, newPaper(1))[0]
	ann, bob := newReader(t, s, "ann"), newReader(t, s, "bob")
	for _, note := range []string{"First.\n\n*Second.*", "replaced", "", "again", " \n"} {
		check(t, s.SetNote(ctx, ann.ID, p.ID, note))
		if st := must(s.State(ctx, ann.ID, p.ID))(t); st.Note != strings.TrimSpace(note) {
			t.Errorf("note %q, want %q", st.Note, note)
		}
		if st := must(s.State(ctx, bob.ID, p.ID))(t); st.Note != "" {
			t.Errorf("Bob sees the note %q", st.Note)
		}
	}
	check(t, s.SetNote(ctx, ann.ID, p.ID, strings.Repeat("x", offprint.MaxNote)))
	wantKind(t, s.SetNote(ctx, ann.ID, p.ID, strings.Repeat("x", offprint.MaxNote+1)), offprint.KindTooLarge)
	wantKind(t, s.SetNote(ctx, ann.ID, p.ID, "\xff"), offprint.KindInvalid)
	wantKind(t, s.SetNote(ctx, ann.ID, 999, "x"), offprint.KindNotFound)
	wantKind(t, s.SetNote(ctx, 999, p.ID, "x"), offprint.KindNotFound)
}

func testReaders(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	r := &offprint.Reader{Name: "Ann", Email: "Ann@Example.org", Role: offprint.RoleOwner, Created: at,
		Settings: offprint.Settings{Categories: []string{"cs.CL"}, TimeZone: "Europe/Berlin", Sort: offprint.SortVotes, Dense: true}}
	check(t, s.CreateReader(ctx, r))
	if r.ID <= 0 || r.Email != "ann@example.org" {
		t.Errorf("created %+v", r)
	}
	if got := must(s.Reader(ctx, r.ID))(t); !reflect.DeepEqual(got, r) {
		t.Errorf("stored %+v, want %+v", got, r)
	}
	if got := must(s.ReaderByEmail(ctx, "ANN@example.org"))(t); got.ID != r.ID {
		t.Errorf("found %+v", got)
	}
	before := time.Now().Add(-time.Minute)
	bob := newReader(t, s, "bob")
	if bob.Created.Before(before) {
		t.Errorf("created %v", bob.Created)
	}
	wantKind(t, s.CreateReader(ctx, &offprint.Reader{Email: "BOB@example.org", Role: offprint.RoleReader}), offprint.KindConflict)
	wantKind(t, s.CreateReader(ctx, &offprint.Reader{Email: "c@example.org", Role: "king"}), offprint.KindInvalid)
	bob.Email = "ann@example.org"
	wantKind(t, s.UpdateReader(ctx, bob), offprint.KindConflict)
	bob.Email, bob.Name, bob.Suspended, bob.Settings.Theme = "bob@example.net", "Robert", true, "dark"
	check(t, s.UpdateReader(ctx, bob))
	if got := must(s.Reader(ctx, bob.ID))(t); !reflect.DeepEqual(got, bob) {
		t.Errorf("stored %+v, want %+v", got, bob)
	}
	wantKind(t, s.UpdateReader(ctx, &offprint.Reader{ID: 999, Role: offprint.RoleReader}), offprint.KindNotFound)
	for range 2 { // without an address
		check(t, s.CreateReader(ctx, &offprint.Reader{Role: offprint.RoleReader}))
	}
	_, err := s.ReaderByEmail(ctx, "")
	wantKind(t, err, offprint.KindNotFound)
	_, err = s.Reader(ctx, 999)
	wantKind(t, err, offprint.KindNotFound)
	if all := must(s.Readers(ctx))(t); len(all) != 4 || all[0].ID != r.ID {
		t.Errorf("readers %+v", all)
	}
}

// There is always an owner who can sign in.
func testLastOwner(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	ann := &offprint.Reader{Name: "ann", Email: "ann@example.org", Role: offprint.RoleOwner}
	check(t, s.CreateReader(ctx, ann))
	bob := newReader(t, s, "bob")
	wantKind(t, s.DeleteReader(ctx, ann.ID), offprint.KindConflict)
	for _, change := range []func(r *offprint.Reader){
		func(r *offprint.Reader) { r.Role = offprint.RoleReader },
		func(r *offprint.Reader) { r.Suspended = true },
	} {
		r := *ann
		change(&r)
		wantKind(t, s.UpdateReader(ctx, &r), offprint.KindConflict)
	}
	bob.Role = offprint.RoleOwner
	check(t, s.UpdateReader(ctx, bob))
	check(t, s.DeleteReader(ctx, ann.ID))
	wantKind(t, s.DeleteReader(ctx, bob.ID), offprint.KindConflict)
	wantKind(t, s.DeleteReader(ctx, ann.ID), offprint.KindNotFound)
}

// everything gives a reader one of each thing.
func everything(t *testing.T, s offprint.Store, r *offprint.Reader, p *offprint.Paper) {
	t.Helper()
	ctx := t.Context()
	for _, m := range []offprint.Mark{offprint.MarkVote, offprint.MarkSave, offprint.MarkRead, offprint.MarkHide} {
		must(s.SetMark(ctx, r.ID, p.ID, m, true, at))(t)
	}
	check(t, s.SetTags(ctx, r.ID, p.ID, []string{"nlp", "old"}))
	check(t, s.SetNote(ctx, r.ID, p.ID, "a note"))
	check(t, s.PublishTag(ctx, offprint.PublishedTag{ReaderID: r.ID, Tag: "nlp", Slug: "tag-" + r.Name}))
	check(t, s.CreateComment(ctx, &offprint.Comment{PaperID: p.ID, ReaderID: r.ID, Body: "A comment."}))
	check(t, s.CreateSavedSearch(ctx, &offprint.SavedSearch{ReaderID: r.ID, Name: "mine", Query: "cat:cs.CL", Slug: "search-" + r.Name, Alert: true}))
	check(t, s.CreateWebhook(ctx, &offprint.Webhook{ReaderID: r.ID, URL: "https://example.org/hook", Events: []offprint.WebhookEvent{offprint.EventDay}}))
	check(t, s.CreateAPIToken(ctx, &offprint.APIToken{ReaderID: r.ID, Name: "bot", Hash: offprint.HashSecret("api-" + r.Name)}))
	check(t, s.CreateToken(ctx, offprint.Token{Hash: offprint.HashSecret("invite-" + r.Name), Purpose: offprint.PurposeInvite, Role: offprint.RoleReader, By: r.ID, Created: at, Expires: at.Add(time.Hour)}))
	check(t, s.CreateToken(ctx, offprint.Token{Hash: offprint.HashSecret("sign-in-" + r.Name), Purpose: offprint.PurposeSignIn, Email: r.Email, Created: at, Expires: at.Add(time.Hour)}))
	sub := newSubscription(r.Email)
	sub.ReaderID, sub.Secret = r.ID, "sub-"+r.Name
	check(t, s.CreateSubscription(ctx, sub))
	must2(s.ClaimDelivery(ctx, sub.ID, "2026-03-05", "<1@example.org>", at, at))(t)
}

// Nothing of a reader who leaves stays, but placeholders where others answered.
func testDeleteReader(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	p := put(t, s, newPaper(1))[0]
	ann, bob := newReader(t, s, "ann"), newReader(t, s, "bob")
	everything(t, s, ann, p)
	everything(t, s, bob, p)
	// ann(bob) stays as a placeholder; ann(ann) goes whole; a deleted one whose last reply goes, goes too.
	answered := &offprint.Comment{PaperID: p.ID, ReaderID: ann.ID, Body: "Answered."}
	check(t, s.CreateComment(ctx, answered))
	answer := &offprint.Comment{PaperID: p.ID, ReaderID: bob.ID, ParentID: answered.ID, Body: "Answer."}
	check(t, s.CreateComment(ctx, answer))
	alone := &offprint.Comment{PaperID: p.ID, ReaderID: ann.ID, Body: "Talking"}
	check(t, s.CreateComment(ctx, alone))
	check(t, s.CreateComment(ctx, &offprint.Comment{PaperID: p.ID, ReaderID: ann.ID, ParentID: alone.ID, Body: "to myself."}))
	check(t, s.ReportComment(ctx, answered.ID, bob.ID, "no"))
	check(t, s.ReportComment(ctx, answer.ID, ann.ID, "no"))

	check(t, s.DeleteReader(ctx, ann.ID))
	_, err := s.Reader(ctx, ann.ID)
	wantKind(t, err, offprint.KindNotFound)
	_, err = s.ReaderByEmail(ctx, ann.Email)
	wantKind(t, err, offprint.KindNotFound)
	_, err = s.ReaderData(ctx, ann.ID)
	wantKind(t, err, offprint.KindNotFound)
	checkHeat(t, s, p, []time.Time{at}, nil, day)
	if st := must(s.State(ctx, ann.ID, p.ID))(t); !reflect.DeepEqual(st, offprint.State{}) {
		t.Errorf("state %+v", st)
	}
	if tags := must(s.Tags(ctx, ann.ID))(t); len(tags) != 0 {
		t.Errorf("tags %v", tags)
	}
	for _, secret := range []string{"invite-ann", "sign-in-ann"} {
		_, err := s.Token(ctx, offprint.HashSecret(secret), at)
		wantKind(t, err, offprint.KindNotFound)
	}
	_, err = s.APITokenByHash(ctx, offprint.HashSecret("api-ann"), at)
	wantKind(t, err, offprint.KindNotFound)
	_, err = s.PublishedTag(ctx, "tag-ann")
	wantKind(t, err, offprint.KindNotFound)
	_, err = s.SavedSearchBySlug(ctx, "search-ann")
	wantKind(t, err, offprint.KindNotFound)
	_, err = s.SubscriptionBySecret(ctx, "sub-ann")
	wantKind(t, err, offprint.KindNotFound)
	if n := len(must(s.Webhooks(ctx, 0))(t)); n != 1 {
		t.Errorf("%d webhooks, want 1", n)
	}
	if n := len(must(s.AlertSearches(ctx))(t)); n != 1 {
		t.Errorf("%d alerts, want 1", n)
	}
	var got []string
	for _, c := range must(s.Comments(ctx, p.ID))(t) {
		got = append(got, fmt.Sprint(c.Author, "|", c.Body, "|", c.Deleted, "|", c.ReaderID == bob.ID, "|", c.Reports))
	}
	if want := []string{"bob|A comment.|false|true|0", "||true|false|0", "bob|Answer.|false|true|0"}; !slices.Equal(got, want) {
		t.Errorf("comments %q, want %q", got, want)
	}
	if p := reload(t, s, p); p.Comments != 2 {
		t.Errorf("%d comments, want 2", p.Comments)
	}
	// Bob has lost nothing, and nobody gets Ann's number.
	d := must(s.ReaderData(ctx, bob.ID))(t)
	if len(d.Papers) != 1 || len(d.Comments) != 2 || len(d.Subscriptions) != 1 || len(d.APITokens) != 1 {
		t.Errorf("Bob has %+v", d)
	}
	if next := newReader(t, s, "cleo"); next.ID == ann.ID {
		t.Error("a new reader has the number of one who has left, and with it their sessions")
	}
	// The placeholder goes with its last reply.
	check(t, s.DeleteComment(ctx, answer.ID))
	if n := len(must(s.Comments(ctx, p.ID))(t)); n != 1 {
		t.Errorf("%d comments, want 1", n)
	}
}

func testReaderData(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	papers := putSome(t, s, 3)
	ann, bob := newReader(t, s, "ann"), newReader(t, s, "bob")
	everything(t, s, bob, papers[0])
	everything(t, s, ann, papers[1])
	must(s.SetMark(ctx, ann.ID, papers[2].ID, offprint.MarkRead, true, at.Add(time.Hour)))(t)
	d := must(s.ReaderData(ctx, ann.ID))(t)
	want := []offprint.ReaderPaper{
		{Key: papers[1].Key, Title: papers[1].Title, Vote: at, Save: at, Read: at, Hide: at, Tags: []string{"nlp", "old"}, Note: "a note"},
		{Key: papers[2].Key, Title: papers[2].Title, Read: at.Add(time.Hour)},
	}
	if !reflect.DeepEqual(d.Papers, want) {
		t.Errorf("papers %+v, want %+v", d.Papers, want)
	}
	if d.Reader.Email != ann.Email || len(d.Comments) != 1 || d.Comments[0].Body != "A comment." || len(d.Searches) != 1 || d.Searches[0].Name != "mine" ||
		len(d.PublishedTags) != 1 || len(d.Subscriptions) != 1 || len(d.Webhooks) != 1 || len(d.APITokens) != 1 || d.APITokens[0].Hash != nil {
		t.Errorf("data %+v", d)
	}
	_, err := s.ReaderData(ctx, 999)
	wantKind(t, err, offprint.KindNotFound)
}

func testTokens(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	ann := newReader(t, s, "ann")
	tok := offprint.Token{Hash: offprint.HashSecret("a"), Purpose: offprint.PurposeInvite, Email: "new@example.org", Role: offprint.RoleReader, By: ann.ID, Created: at, Expires: at.Add(time.Hour)}
	check(t, s.CreateToken(ctx, tok))
	wantKind(t, s.CreateToken(ctx, tok), offprint.KindConflict)
	wantKind(t, s.CreateToken(ctx, offprint.Token{Purpose: offprint.PurposeSignIn}), offprint.KindInvalid)
	wantKind(t, s.CreateToken(ctx, offprint.Token{Hash: offprint.HashSecret("z"), By: 999}), offprint.KindNotFound)
	for range 2 {
		if got := must(s.Token(ctx, tok.Hash, at))(t); !reflect.DeepEqual(*got, tok) {
			t.Errorf("token %+v, want %+v", *got, tok)
		}
	}
	_, err := s.Token(ctx, tok.Hash, tok.Expires)
	wantKind(t, err, offprint.KindNotFound)
	_, err = s.UseToken(ctx, tok.Hash, tok.Expires)
	wantKind(t, err, offprint.KindNotFound)
	_, err = s.UseToken(ctx, offprint.HashSecret("b"), at)
	wantKind(t, err, offprint.KindNotFound)
	sign := offprint.Token{Hash: offprint.HashSecret("c"), Purpose: offprint.PurposeSignIn, Email: ann.Email, Created: at, Expires: at.Add(time.Minute)}
	check(t, s.CreateToken(ctx, sign))
	if open := must(s.Invitations(ctx, at))(t); len(open) != 1 || !reflect.DeepEqual(open[0], tok) {
		t.Errorf("invitations %+v", open)
	}
	if open := must(s.Invitations(ctx, tok.Expires))(t); len(open) != 0 {
		t.Errorf("invitations %+v, want none", open)
	}
	if got := must(s.UseToken(ctx, tok.Hash, at))(t); !reflect.DeepEqual(*got, tok) {
		t.Errorf("token %+v, want %+v", *got, tok)
	}
	_, err = s.UseToken(ctx, tok.Hash, at)
	wantKind(t, err, offprint.KindNotFound)
	check(t, s.RevokeToken(ctx, sign.Hash))
	wantKind(t, s.RevokeToken(ctx, sign.Hash), offprint.KindNotFound)
	check(t, s.CreateToken(ctx, sign))
	check(t, s.CreateToken(ctx, tok))
	check(t, s.PurgeExpired(ctx, sign.Expires))
	wantKind(t, s.RevokeToken(ctx, sign.Hash), offprint.KindNotFound)
	check(t, s.RevokeToken(ctx, tok.Hash))
}

// wins counts how many of several calls at once succeed.
func wins(t *testing.T, try func() (bool, error)) int {
	t.Helper()
	var won atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			ok, err := try()
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	group.Wait()
	return int(won.Load())
}

func testTokensAtOnce(t *testing.T, s offprint.Store) {
	for i := range 10 {
		tok := offprint.Token{Hash: offprint.HashSecret(fmt.Sprint(i)), Purpose: offprint.PurposeOwner, Created: at, Expires: at.Add(time.Hour)}
		check(t, s.CreateToken(t.Context(), tok))
		if n := wins(t, func() (bool, error) {
			_, err := s.UseToken(t.Context(), tok.Hash, at)
			if offprint.KindOf(err) == offprint.KindNotFound {
				return false, nil
			}
			return err == nil, err
		}); n != 1 {
			t.Errorf("a token was used %d times", n)
		}
	}
}

func testAPITokens(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	ann, bob := newReader(t, s, "ann"), newReader(t, s, "bob")
	tok := &offprint.APIToken{ReaderID: ann.ID, Name: "bot", Hash: offprint.HashSecret("a"), Write: true, Created: at}
	check(t, s.CreateAPIToken(ctx, tok))
	wantKind(t, s.CreateAPIToken(ctx, &offprint.APIToken{ReaderID: bob.ID, Hash: offprint.HashSecret("a")}), offprint.KindConflict)
	wantKind(t, s.CreateAPIToken(ctx, &offprint.APIToken{ReaderID: 999, Hash: offprint.HashSecret("b")}), offprint.KindNotFound)
	wantKind(t, s.CreateAPIToken(ctx, &offprint.APIToken{ReaderID: ann.ID}), offprint.KindInvalid)
	all := must(s.APITokens(ctx, ann.ID))(t)
	if len(all) != 1 || !reflect.DeepEqual(all[0], *tok) {
		t.Errorf("tokens %+v, want %+v", all, *tok)
	}
	// Its use is noted to the hour, and written once an hour.
	for _, use := range []time.Time{at, at.Add(10 * time.Minute), at.Add(2 * time.Hour)} {
		got := must(s.APITokenByHash(ctx, tok.Hash, use))(t)
		if got.ID != tok.ID || !got.Write {
			t.Errorf("token %+v", got)
		}
		last := must(s.APITokens(ctx, ann.ID))(t)[0].LastUsed
		if last.After(use) || use.Sub(last) >= time.Hour {
			t.Errorf("last used %v, want the hour of %v", last, use)
		}
	}
	_, err := s.APITokenByHash(ctx, offprint.HashSecret("b"), at)
	wantKind(t, err, offprint.KindNotFound)
	wantKind(t, s.DeleteAPIToken(ctx, bob.ID, tok.ID), offprint.KindNotFound)
	check(t, s.DeleteAPIToken(ctx, ann.ID, tok.ID))
	_, err = s.APITokenByHash(ctx, tok.Hash, at)
	wantKind(t, err, offprint.KindNotFound)
}

func testSavedSearches(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	ann, bob := newReader(t, s, "ann"), newReader(t, s, "bob")
	q := &offprint.SavedSearch{ReaderID: ann.ID, Name: "Mine", Query: "attention cat:cs.CL", Slug: "slug", LastID: 5, Created: at}
	check(t, s.CreateSavedSearch(ctx, q))
	if all := must(s.SavedSearches(ctx, ann.ID))(t); len(all) != 1 || all[0] != *q {
		t.Errorf("searches %+v, want %+v", all, *q)
	}
	if alerts := must(s.AlertSearches(ctx))(t); len(alerts) != 0 {
		t.Errorf("alerts %+v", alerts)
	}
	for range 2 { // without feeds
		check(t, s.CreateSavedSearch(ctx, &offprint.SavedSearch{ReaderID: bob.ID, Name: "x", Query: "y"}))
	}
	wantKind(t, s.CreateSavedSearch(ctx, &offprint.SavedSearch{ReaderID: bob.ID, Slug: "slug"}), offprint.KindConflict)
	wantKind(t, s.CreateSavedSearch(ctx, &offprint.SavedSearch{ReaderID: 999}), offprint.KindNotFound)
	wantKind(t, s.CreateSavedSearch(ctx, &offprint.SavedSearch{ReaderID: bob.ID, Query: strings.Repeat("x ", 10_000)}), offprint.KindTooLarge)
	// An alert that is switched on has seen what is stored, and never goes back.
	newest := putSome(t, s, 8)[7].ID
	q.Name, q.Alert = "Renamed", true
	check(t, s.UpdateSavedSearch(ctx, q))
	if got := must(s.SavedSearchBySlug(ctx, "slug"))(t); got.LastID != newest {
		t.Errorf("the alert has seen papers up to %d, want %d", got.LastID, newest)
	}
	q.LastID = newest + 5
	check(t, s.UpdateSavedSearch(ctx, q))
	q.LastID = newest // from a form that was opened before
	check(t, s.UpdateSavedSearch(ctx, q))
	q.LastID = newest + 5
	if alerts := must(s.AlertSearches(ctx))(t); len(alerts) != 1 || alerts[0] != *q {
		t.Errorf("alerts %+v, want %+v", alerts, *q)
	}
	if got := must(s.SavedSearchBySlug(ctx, "slug"))(t); *got != *q {
		t.Errorf("found %+v, want %+v", *got, *q)
	}
	_, err := s.SavedSearchBySlug(ctx, "")
	wantKind(t, err, offprint.KindNotFound)
	fresh := &offprint.SavedSearch{ReaderID: ann.ID, Name: "x", Query: "y", Alert: true}
	check(t, s.CreateSavedSearch(ctx, fresh))
	if fresh.LastID != newest {
		t.Errorf("a new alert has seen papers up to %d, want %d", fresh.LastID, newest)
	}
	stolen := *q
	stolen.ReaderID = bob.ID
	wantKind(t, s.UpdateSavedSearch(ctx, &stolen), offprint.KindNotFound)
	wantKind(t, s.DeleteSavedSearch(ctx, bob.ID, q.ID), offprint.KindNotFound)
	check(t, s.DeleteSavedSearch(ctx, ann.ID, q.ID))
	wantKind(t, s.DeleteSavedSearch(ctx, ann.ID, q.ID), offprint.KindNotFound)
}

func testWebhooks(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	ann, bob := newReader(t, s, "ann"), newReader(t, s, "bob")
	w := &offprint.Webhook{ReaderID: ann.ID, URL: "https://example.org/hook", Secret: "s", Events: []offprint.WebhookEvent{offprint.EventDay, offprint.EventAlert}, Created: at}
	check(t, s.CreateWebhook(ctx, w))
	check(t, s.CreateWebhook(ctx, &offprint.Webhook{ReaderID: bob.ID, URL: "https://example.org/b", Events: []offprint.WebhookEvent{offprint.EventDay}}))
	wantKind(t, s.CreateWebhook(ctx, &offprint.Webhook{ReaderID: ann.ID, Events: []offprint.WebhookEvent{offprint.EventDay}}), offprint.KindInvalid)
	wantKind(t, s.CreateWebhook(ctx, &offprint.Webhook{ReaderID: ann.ID, URL: "https://example.org", Events: []offprint.WebhookEvent{"dusk"}}), offprint.KindInvalid)
	wantKind(t, s.CreateWebhook(ctx, &offprint.Webhook{ReaderID: 999, URL: "https://example.org", Events: []offprint.WebhookEvent{offprint.EventDay}}), offprint.KindNotFound)
	if got := must(s.Webhook(ctx, w.ID))(t); !reflect.DeepEqual(got, w) {
		t.Errorf("webhook %+v, want %+v", got, w)
	}
	check(t, s.NoteWebhook(ctx, w.ID, at, "200 OK"))
	if all := must(s.Webhooks(ctx, ann.ID))(t); len(all) != 1 || all[0].LastStatus != "200 OK" || !all[0].LastTime.Equal(at) {
		t.Errorf("webhooks %+v", all)
	}
	if n := len(must(s.Webhooks(ctx, 0))(t)); n != 2 {
		t.Errorf("%d webhooks of all readers, want 2", n)
	}
	wantKind(t, s.NoteWebhook(ctx, 999, at, ""), offprint.KindNotFound)
	wantKind(t, s.DeleteWebhook(ctx, bob.ID, w.ID), offprint.KindNotFound)
	check(t, s.DeleteWebhook(ctx, ann.ID, w.ID))
	_, err := s.Webhook(ctx, w.ID)
	wantKind(t, err, offprint.KindNotFound)
}

func testSessions(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	find := func(token string, now time.Time) string {
		t.Helper()
		return string(must(s.FindSession(ctx, token, now))(t))
	}
	check(t, s.PutSession(ctx, "a", []byte("one"), at.Add(time.Hour)))
	check(t, s.PutSession(ctx, "a", []byte("two"), at.Add(2*time.Hour)))
	check(t, s.PutSession(ctx, "b", []byte("\x00\xff"), at.Add(time.Hour)))
	check(t, s.PutSession(ctx, "c", nil, at.Add(time.Hour)))
	if got := find("a", at.Add(90*time.Minute)); got != "two" {
		t.Errorf("session %q", got)
	}
	if got := find("b", at); got != "\x00\xff" {
		t.Errorf("session %q", got)
	}
	for token, now := range map[string]time.Time{"a": at.Add(2 * time.Hour), "b": at.Add(time.Hour), "x": at} {
		if data := must(s.FindSession(ctx, token, now))(t); data != nil {
			t.Errorf("session %s at %v: %q, want none", token, now, data)
		}
	}
	if all := must(s.Sessions(ctx, at))(t); len(all) != 3 || string(all["a"]) != "two" {
		t.Errorf("sessions %q", all)
	}
	check(t, s.PurgeExpired(ctx, at.Add(time.Hour)))
	if all := must(s.Sessions(ctx, at))(t); len(all) != 1 {
		t.Errorf("sessions %q, want only a", all)
	}
	check(t, s.DeleteSession(ctx, "a"))
	check(t, s.DeleteSession(ctx, "a"))
	if data := must(s.FindSession(ctx, "a", at))(t); data != nil {
		t.Errorf("session %q after it was deleted", data)
	}
}
