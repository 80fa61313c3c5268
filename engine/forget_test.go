package engine_test

import (
	"slices"
	"testing"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/engine"
	"github.com/offprint/offprint/engine/enginetest"
)

// A like-minded reader moves papers up, and after they have gone everything is,
// to the bit, as if they had never been.
func TestForget(t *testing.T) {
	b := open(t, 1000)
	ctx := t.Context()
	month := offprint.PaperQuery{ReaderID: b.reader, First: enginetest.Newest - 60, Last: enginetest.Newest, Limit: 50}
	var mine []int
	ids := func() (ids []int64, common int) {
		t.Helper()
		check(t, b.Sync(ctx))
		p, err := b.ForYou(ctx, month, true)
		check(t, err)
		for i := range p.Items {
			ids = append(ids, p.Items[i].ID)
			r := p.Reasons[p.Items[i].ID]
			if r.Common {
				common++
			}
			for _, like := range r.Like {
				if !slices.ContainsFunc(mine, func(i int) bool { return b.papers[i].Key == like.Key }) {
					t.Errorf("%s is not of the reader's papers, and named as the reason for another", like.Key)
				}
			}
		}
		return ids, common
	}
	for i := 3; i < 400; i += 5 * enginetest.Subjects {
		b.mark(t, i, offprint.MarkVote)
		mine = append(mine, i)
	}
	before, common := ids()
	if len(before) == 0 || common != 0 {
		t.Fatalf("alone: %d papers, %d by votes in common", len(before), common)
	}

	other := &offprint.Reader{Name: "Bob", Email: "bob@example.org", Role: offprint.RoleReader}
	check(t, b.store.CreateReader(ctx, other))
	for _, i := range append(mine, 903, 911, 919, 904, 905) { // the same, and some new ones
		_, err := b.store.SetMark(ctx, other.ID, b.papers[i].ID, offprint.MarkVote, true, enginetest.Newest.Time())
		check(t, err)
	}
	with, common := ids()
	if slices.Equal(with, before) || common == 0 {
		t.Errorf("a like-minded reader changes nothing: %d papers by votes in common", common)
	}

	check(t, b.store.DeleteReader(ctx, other.ID))
	check(t, b.Forget(ctx, other.ID)) // at once, before any Sync
	p, err := b.ForYou(ctx, month, true)
	check(t, err)
	var after []int64
	for i := range p.Items {
		after = append(after, p.Items[i].ID)
	}
	if !slices.Equal(after, before) {
		t.Error("the order still has something of a reader who has gone")
	}
	if again, _ := ids(); !slices.Equal(again, before) {
		t.Error("the order after the next Sync is another")
	}
	check(t, (*engine.Engine)(nil).Forget(ctx, 1)) // where nothing is ever learned
}
