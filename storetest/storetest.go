// Package storetest is the suite that every [offprint.Store] passes.
package storetest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// Run runs the suite. Each test calls open for a store of its own, empty, that
// open closes when the test is over.
func Run(t *testing.T, open func(t *testing.T) offprint.Store) {
	tests := []struct {
		name string
		run  func(t *testing.T, s offprint.Store)
	}{
		{"Put", testPut},
		{"PutTwice", testPutTwice},
		{"PutAllOrNone", testPutAllOrNone},
		{"PutCancelled", testPutCancelled},
		{"PutLeavesInputAlone", testPutLeavesInputAlone},
		{"FindPaper", testFindPaper},
		{"Merge", testMerge},
		{"MergeNot", testMergeNot},
		{"MergeSubmittedTwice", testMergeSubmittedTwice},
		{"MergeStored", testMergeStored},
		{"RandomReports", testRandomReports},
		{"AllPapers", testAllPapers},
		{"Generation", testGeneration},
		{"PapersChanged", testPapersChanged},
		{"Days", testDays},
		{"Categories", testCategories},
		{"AuthorsLike", testAuthorsLike},

		{"Lists", testLists},
		{"ListItems", testListItems},
		{"ListLimits", testListLimits},
		{"Cursors", testCursors},
		{"CursorsWhileVoting", testCursorsWhileVoting},
		{"Hidden", testHidden},
		{"Given", testGiven},
		{"Search", testSearch},
		{"SearchOwn", testSearchOwn},
		{"SearchPages", testSearchPages},

		{"Heat", testHeat},
		{"Votes", testVotes},
		{"VotesAtOnce", testVotesAtOnce},
		{"Marks", testMarks},
		{"Acts", testActs},
		{"Tags", testTags},
		{"PublishedTags", testPublishedTags},
		{"Notes", testNotes},

		{"Readers", testReaders},
		{"LastOwner", testLastOwner},
		{"DeleteReader", testDeleteReader},
		{"ReaderData", testReaderData},
		{"Tokens", testTokens},
		{"TokensAtOnce", testTokensAtOnce},
		{"APITokens", testAPITokens},
		{"SavedSearches", testSavedSearches},
		{"Webhooks", testWebhooks},
		{"Sessions", testSessions},

		{"Comments", testComments},
		{"CommentThreads", testCommentThreads},
		{"Reports", testReports},

		{"Sources", testSources},
		{"PutBatch", testPutBatch},

		{"Subscriptions", testSubscriptions},
		{"Deliveries", testDeliveries},
		{"DeliveriesAtOnce", testDeliveriesAtOnce},

		{"Backup", testBackup},
		{"Ping", testPing},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

// must returns the value of a call that has to succeed.
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		check(t, err)
		return v
	}
}

// check stops the test at an error.
func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantKind expects an error of a kind.
func wantKind(t *testing.T, err error, kind offprint.Kind) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one of kind %q", kind)
	} else if got := offprint.KindOf(err); got != kind {
		t.Errorf("error %q of kind %q, want %q", err, got, kind)
	}
}

// at is a moment to count from. Stores keep at least microseconds.
var at = time.Date(2026, 3, 5, 10, 20, 30, 123456000, time.UTC)

var day = offprint.NewDate(2026, time.March, 5)

// newPaper returns a paper that differs from those of other numbers in everything.
func newPaper(n int) offprint.Paper {
	word := numberWord(n)
	id := fmt.Sprintf("2603.%05d", n)
	return offprint.Paper{
		ArXivID:    id,
		Title:      "On the " + word + " of learning machines",
		Authors:    []string{"Ada " + word, "Kurt Gödel"},
		Abstract:   "We study " + word + " in depth.",
		Categories: []string{"cs.CL", "cs.LG"},
		Listed:     day,
		Published:  at.Add(-time.Hour),
		Updated:    at,
		Origins:    []offprint.Origin{{Source: "arxiv", URL: "https://arxiv.org/abs/" + id, Seen: at}},
	}
}

// numberWord is a word of letters for each number.
func numberWord(n int) string {
	word := "x"
	for ; n > 0; n /= 20 {
		word += string(rune('a' + n%20))
	}
	return word + "ology"
}

// put stores papers and returns them as they are stored, in the same order.
func put(t *testing.T, s offprint.Store, papers ...offprint.Paper) []*offprint.Paper {
	t.Helper()
	must(s.PutPapers(t.Context(), papers))(t)
	var stored []*offprint.Paper
	for _, p := range papers {
		check(t, p.Clean())
		key := p.Key
		if p.ArXivID != "" {
			key = p.ArXivID
		} else if p.DOI != "" {
			key = p.DOI
		}
		stored = append(stored, must(s.Paper(t.Context(), key))(t))
	}
	return stored
}

// putSome stores n new papers.
func putSome(t *testing.T, s offprint.Store, n int) []*offprint.Paper {
	t.Helper()
	var papers []offprint.Paper
	for i := range n {
		papers = append(papers, newPaper(i+1))
	}
	return put(t, s, papers...)
}

// newReader creates a reader who is no owner.
func newReader(t *testing.T, s offprint.Store, name string) *offprint.Reader {
	t.Helper()
	r := &offprint.Reader{Name: name, Email: name + "@example.org", Role: offprint.RoleReader}
	check(t, s.CreateReader(t.Context(), r))
	return r
}

// random returns numbers that are the same in each run.
func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// vote votes, and returns the number of votes.
func vote(t *testing.T, s offprint.Store, r *offprint.Reader, p *offprint.Paper, on bool, at time.Time) int {
	t.Helper()
	return must(s.SetMark(t.Context(), r.ID, p.ID, offprint.MarkVote, on, at))(t)
}

// reload reads a paper anew.
func reload(t *testing.T, s offprint.Store, p *offprint.Paper) *offprint.Paper {
	t.Helper()
	return must(s.Paper(t.Context(), p.Key))(t)
}

// walk returns the keys of all pages of a list.
func walk(t *testing.T, s offprint.Store, q offprint.PaperQuery) []string {
	t.Helper()
	var keys []string
	for {
		page := must(s.Papers(t.Context(), q))(t)
		for _, item := range page.Items {
			keys = append(keys, item.Key)
		}
		if page.Next == "" {
			return keys
		}
		if len(page.Items) == 0 || len(keys) > 10_000 {
			t.Fatalf("the list does not end: %d papers so far, %d on this page", len(keys), len(page.Items))
		}
		q.Cursor = page.Next
	}
}
