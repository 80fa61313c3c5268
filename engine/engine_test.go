package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/engine"
	"github.com/offprint/offprint/engine/enginetest"
	"github.com/offprint/offprint/rank"
	"github.com/offprint/offprint/sqlite"
)

// bed is a store with papers, what was learned from them, and a reader.
type bed struct {
	*engine.Engine
	store  *sqlite.Store
	papers []offprint.Paper // as stored
	reader int64
}

func open(t *testing.T, n int) *bed {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "offprint.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	b := &bed{store: store, Engine: enginetest.Open(t, store, enginetest.Papers(n))}
	if err := store.AllPapers(t.Context(), func(p *offprint.Paper) error { b.papers = append(b.papers, *p); return nil }); err != nil {
		t.Fatal(err)
	}
	r := &offprint.Reader{Name: "Ann", Role: offprint.RoleOwner}
	if err := store.CreateReader(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	b.reader = r.ID
	return b
}

// subject is what a paper is about.
func (b *bed) subject(id int64) int {
	return slices.IndexFunc(b.papers, func(p offprint.Paper) bool { return p.ID == id }) % enginetest.Subjects
}

// share is how many of a page's papers are about one of the subjects.
func (b *bed) share(p engine.Page, subjects ...int) float64 {
	n := 0
	for i := range p.Items {
		if slices.Contains(subjects, b.subject(p.Items[i].ID)) {
			n++
		}
	}
	return float64(n) / float64(max(1, len(p.Items)))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bed) mark(t *testing.T, place int, m offprint.Mark) {
	t.Helper()
	_, err := b.store.SetMark(t.Context(), b.reader, b.papers[place].ID, m, true, enginetest.Newest.Time())
	check(t, err)
}

func TestEngine(t *testing.T) {
	b := open(t, 1200)
	ctx := t.Context()
	month := offprint.PaperQuery{ReaderID: b.reader, First: enginetest.Newest - 60, Last: enginetest.Newest, Limit: 20}

	t.Run("ForYou", func(t *testing.T) {
		if p, err := b.ForYou(ctx, month, true); err != nil || p.Examples != 0 || len(p.Items) != 0 {
			t.Errorf("before any act: %d papers of %d examples, %v", len(p.Items), p.Examples, err)
		}
		b.mark(t, 3, offprint.MarkVote) // one example: subject 3
		p, err := b.ForYou(ctx, month, true)
		check(t, err)
		if got := b.share(p, 3); p.Examples != 1 || len(p.Items) != 20 || got < .9 {
			t.Errorf("from one example: %d papers, %.2f of its subject", len(p.Items), got)
		}
		r := p.Reasons[p.Items[0].ID]
		if len(r.Like) != 1 || r.Like[0].Key != b.papers[3].Key || len(r.Words) == 0 {
			t.Errorf("reason %+v", r)
		}
		b.mark(t, 6, offprint.MarkSave) // and another interest
		p, err = b.ForYou(ctx, month, true)
		check(t, err)
		if both, one := b.share(p, 3, 6), b.share(p, 6); both < .9 || one < .25 || one > .75 {
			t.Errorf("from two interests: %.2f of them, %.2f of one", both, one)
		}
		shown := p.Items[0].ID
		_, err = b.store.SetMark(ctx, b.reader, shown, offprint.MarkHide, true, enginetest.Newest.Time())
		check(t, err)
		p, err = b.ForYou(ctx, month, false)
		check(t, err)
		if slices.ContainsFunc(p.Items, func(i offprint.PaperItem) bool { return i.ID == shown }) {
			t.Error("a hidden paper is shown")
		}
		seen := map[int64]bool{}
		for q := month; ; q.Cursor = p.Next {
			p, err = b.ForYou(ctx, q, true)
			check(t, err)
			for i := range p.Items {
				if seen[p.Items[i].ID] {
					t.Fatalf("paper %d is on two pages", p.Items[i].ID)
				}
				seen[p.Items[i].ID] = true
			}
			if p.Next == "" {
				break
			}
		}
		if len(seen) != p.Total {
			t.Errorf("%d papers on all pages of %d", len(seen), p.Total)
		}
		filtered := month
		filtered.Search.Cats = b.papers[4].Categories
		p, err = b.ForYou(ctx, filtered, true)
		check(t, err)
		if b.share(p, 4) != 1 {
			t.Errorf("other categories than the reader's: %.2f", b.share(p, 4))
		}
		wrong := month
		wrong.Cursor = "x"
		if _, err := b.ForYou(ctx, wrong, true); offprint.KindOf(err) != offprint.KindInvalid {
			t.Errorf("a wrong cursor gives %v", err)
		}
	})

	t.Run("ForTag", func(t *testing.T) {
		check(t, b.store.SetTags(ctx, b.reader, b.papers[5].ID, []string{"x"}))
		p, err := b.ForTag(ctx, month, "x")
		check(t, err)
		if b.share(p, 5) < .9 || p.Examples != 1 {
			t.Errorf("%.2f of the tag's subject", b.share(p, 5))
		}
		if p, err = b.ForTag(ctx, month, "y"); err != nil || p.Examples != 0 {
			t.Errorf("an unused tag: %d examples, %v", p.Examples, err)
		}
	})

	t.Run("Search", func(t *testing.T) {
		word := "gimelae" // of subject 2
		p, err := b.Search(ctx, offprint.PaperQuery{Search: offprint.Query{Terms: []offprint.Term{{Text: word}}}, Limit: 20})
		check(t, err)
		if b.share(p, 2) != 1 || len(p.Items) != 20 {
			t.Errorf("%q: %d papers, %.2f of its subject", word, len(p.Items), b.share(p, 2))
		}
		// Two words that no paper has together: the store alone finds nothing.
		q := offprint.PaperQuery{Search: offprint.Query{Terms: []offprint.Term{{Text: word}, {Text: "unheardof"}}}, Limit: 20}
		if p, err = b.Search(ctx, q); err != nil || b.share(p, 2) < .9 || !p.Reasons[p.Items[0].ID].Meaning {
			t.Errorf("by meaning: %.2f, %v", b.share(p, 2), err)
		}
		q.Search = offprint.Query{Similar: []string{b.papers[9].Key}}
		p, err = b.Search(ctx, q)
		check(t, err)
		if b.share(p, 1) < .9 || slices.ContainsFunc(p.Items, func(i offprint.PaperItem) bool { return i.ID == b.papers[9].ID }) {
			t.Errorf("similar to a paper: %.2f of its subject", b.share(p, 1))
		}
		q.Search.Cats = b.papers[2].Categories
		if p, err = b.Search(ctx, q); err != nil || b.share(p, 2) != 1 {
			t.Errorf("similar in another category: %.2f, %v", b.share(p, 2), err)
		}
		q.Search = offprint.Query{Similar: []string{"nothing"}}
		if _, err = b.Search(ctx, q); offprint.KindOf(err) != offprint.KindNotFound {
			t.Errorf("similar to nothing gives %v", err)
		}
		q.Search = offprint.Query{Terms: []offprint.Term{{Text: word}}, After: enginetest.Newest - 10}
		p, err = b.Search(ctx, q)
		check(t, err)
		for i := range p.Items {
			if p.Items[i].Listed < q.Search.After {
				t.Errorf("found %s, of %s", p.Items[i].Key, p.Items[i].Listed)
			}
		}
	})

	t.Run("Related", func(t *testing.T) {
		p, err := b.Related(ctx, &b.papers[12], 0, 8)
		check(t, err)
		if b.share(p, 4) != 1 || len(p.Items) != 8 {
			t.Errorf("%d related papers, %.2f of the subject", len(p.Items), b.share(p, 4))
		}
		near, err := b.Neighbours(b.papers[12].Authors[0], 5)
		check(t, err)
		if len(near.Together) == 0 || len(near.Apart) == 0 || near.Together[0].Name == "" {
			t.Errorf("neighbours %+v", near)
		}
	})

	t.Run("Questions", func(t *testing.T) {
		var answers []rank.Answer
		for n := 0; ; n++ {
			papers, err := b.NextQuestion(ctx, answers)
			check(t, err)
			if len(papers) == 0 {
				break
			}
			if n >= rank.MaxQuestions || len(papers) > rank.Shown {
				t.Fatal("too many questions")
			}
			for i := range papers {
				a := rank.Answer{ID: papers[i].ID, Reply: rank.No}
				if b.subject(a.ID) == 3 {
					a.Reply = rank.Yes
				}
				answers = append(answers, a)
			}
		}
		if len(answers) == 0 {
			t.Error("nothing is asked")
		}
	})

	t.Run("Status", func(t *testing.T) {
		st, ok := b.Status()
		if !ok || st.Indexed != len(b.papers) || st.Stale != 0 || st.Papers != len(b.papers) {
			t.Errorf("status %+v, %v", st, ok)
		}
	})
}

// TestFollow follows the store, ends, and starts again, with whole and with
// damaged files.
func TestFollow(t *testing.T) {
	b := open(t, 1000)
	ctx := t.Context()
	dir := b.Dir
	more := enginetest.Papers(1040)[1000:]
	_, err := b.store.PutPapers(ctx, more)
	check(t, err)
	check(t, b.Sync(ctx))
	if st, _ := b.Status(); st.Indexed != 1040 {
		t.Errorf("%d papers after 40 more", st.Indexed)
	}
	// A new text moves the vector.
	p := more[0]
	p.Abstract, p.Updated = b.papers[3].Abstract, p.Updated.Add(time.Hour)
	_, err = b.store.PutPapers(ctx, []offprint.Paper{p})
	check(t, err)
	check(t, b.Sync(ctx))
	check(t, b.Close())

	reopen := func() *engine.Engine {
		t.Helper()
		e, err := engine.Open(engine.Config{Store: b.store, Dir: dir})
		check(t, err)
		if e.Ready() {
			t.Error("ready before it has read anything")
		}
		check(t, e.Sync(ctx))
		return e
	}
	if st, ok := reopen().Status(); !ok || st.Indexed != 1040 {
		t.Errorf("after a start: %+v, %v", st, ok)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	check(t, err)
	for _, f := range files {
		whole, err := os.ReadFile(f)
		check(t, err)
		check(t, os.WriteFile(f, whole[:len(whole)/2], 0o600))
		e := reopen()
		if filepath.Base(f) == "index.bin" {
			if st, ok := e.Status(); !ok || st.Indexed != 1040 {
				t.Errorf("a damaged index is not made again: %+v", st)
			}
		}
		check(t, os.WriteFile(f, whole, 0o600))
	}
}

// TestReplace learns anew and takes the new encoder up while the old one answers.
func TestReplace(t *testing.T) {
	b := open(t, 1000)
	ctx := t.Context()
	trained := 0
	e, err := engine.Open(engine.Config{Store: b.store, Dir: b.Dir, Train: func(ctx context.Context, from string) error {
		trained++
		_, err := engine.Learn(ctx, b.store, b.Dir, engine.Options{Seed: 2, Dim: enginetest.Quick.Dim, Epochs: 2})
		return err
	}})
	check(t, err)
	check(t, e.Sync(ctx))
	check(t, e.TrainIfDue(ctx))
	if trained != 0 {
		t.Error("trained again without new papers")
	}
	before, _ := e.Status()
	_, err = b.store.PutPapers(ctx, enginetest.Papers(1300)[1000:])
	check(t, err)
	check(t, e.TrainIfDue(ctx))
	after, _ := e.Status()
	if trained != 1 || after.Encoder == before.Encoder || after.Stale != 0 || after.Indexed != 1300 {
		t.Errorf("after training %d times: %+v", trained, after)
	}
	check(t, e.TrainIfDue(ctx))
	if trained != 1 {
		t.Error("trained twice")
	}
}

func TestLearnCutOff(t *testing.T) {
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "offprint.db"))
	check(t, err)
	defer store.Close()
	dir := t.TempDir()
	if _, err := engine.Learn(t.Context(), store, dir, engine.Options{}); offprint.KindOf(err) != offprint.KindInvalid {
		t.Errorf("without papers: %v", err)
	}
	_, err = store.PutPapers(t.Context(), enginetest.Papers(1000))
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	o := enginetest.Quick
	o.Progress = func(done float64, _ string) {
		if done > .6 {
			cancel()
		}
	}
	_, err = engine.Learn(ctx, store, dir, o)
	if err == nil {
		t.Fatal("not cut off")
	}
	kept, err := filepath.Glob(filepath.Join(dir, "checkpoint-*"))
	check(t, err)
	if len(kept) == 0 {
		t.Fatal("no checkpoint is kept")
	}
	l, err := engine.Learn(t.Context(), store, dir, enginetest.Quick)
	check(t, err)
	if len(l.Loss) != 1 {
		t.Errorf("%d epochs after a checkpoint", len(l.Loss))
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "checkpoint-*")); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}
