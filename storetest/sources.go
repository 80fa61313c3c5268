package storetest

import (
	"reflect"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

func testSources(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	src := &offprint.Source{
		Kind: offprint.SourceArXiv, Name: "arXiv", URL: "https://example.org/oai", Sets: []string{"cs", "math"}, AllowPrivate: true,
		Since: at, Cursor: "token", ETag: `"e"`, LastModified: "then", Created: at, LastRun: at.Add(time.Hour), LastSuccess: at, LastError: "cut off", Failures: 2, NextRun: at.Add(2 * time.Hour),
	}
	check(t, s.CreateSource(ctx, src))
	if got := must(s.Source(ctx, src.ID))(t); !reflect.DeepEqual(got, src) {
		t.Errorf("stored %+v, want %+v", got, src)
	}
	feed := &offprint.Source{Kind: offprint.SourceFeed, URL: "https://example.org/feed"}
	check(t, s.CreateSource(ctx, feed))
	for _, twice := range []offprint.Source{{Kind: feed.Kind, URL: feed.URL, Name: "other"}, {Kind: src.Kind, URL: src.URL, Sets: []string{"math", "cs"}}} {
		wantKind(t, s.CreateSource(ctx, &twice), offprint.KindConflict)
	}
	check(t, s.CreateSource(ctx, &offprint.Source{Kind: src.Kind, URL: src.URL}))
	wantKind(t, s.CreateSource(ctx, &offprint.Source{Kind: "gopher", URL: "gopher://example.org"}), offprint.KindInvalid)

	src.Paused, src.Cursor, src.LastError, src.Failures, src.LastSuccess = true, "", "", 0, at.Add(3*time.Hour)
	check(t, s.UpdateSource(ctx, src))
	if got := must(s.Source(ctx, src.ID))(t); !reflect.DeepEqual(got, src) {
		t.Errorf("stored %+v, want %+v", got, src)
	}
	wantKind(t, s.UpdateSource(ctx, &offprint.Source{ID: 999, Kind: src.Kind, URL: "https://example.org"}), offprint.KindNotFound)
	feed.Kind, feed.URL = src.Kind, src.URL // becomes the third one
	wantKind(t, s.UpdateSource(ctx, feed), offprint.KindConflict)
	if all := must(s.Sources(ctx))(t); len(all) != 3 || all[0].ID != src.ID {
		t.Errorf("sources %+v", all)
	}
	check(t, s.DeleteSource(ctx, src.ID))
	wantKind(t, s.DeleteSource(ctx, src.ID), offprint.KindNotFound)
	_, err := s.Source(ctx, src.ID)
	wantKind(t, err, offprint.KindNotFound)
}

// A batch, its deletions and the source's place are stored together or not at all.
func testPutBatch(t *testing.T, s offprint.Store) {
	ctx := t.Context()
	src := &offprint.Source{Kind: offprint.SourceArXiv, URL: "https://example.org/oai"}
	check(t, s.CreateSource(ctx, src))
	moved := *src
	moved.Cursor, moved.Since, moved.ETag, moved.LastModified = "next", at, `"e"`, "then"
	moved.Paused, moved.Name, moved.LastError = true, "stale", "stale" // not of the place
	res := must(s.PutBatch(ctx, moved, offprint.Batch{Papers: []offprint.Paper{newPaper(1), newPaper(2)}, Deleted: []string{"2603.00009"}}))(t)
	if res != (offprint.PutResult{Added: 2}) {
		t.Errorf("result %+v", res)
	}
	got := must(s.Source(ctx, src.ID))(t)
	if got.Cursor != "next" || !got.Since.Equal(at) || got.ETag != `"e"` || got.LastModified != "then" || got.Paused || got.Name != "" || got.LastError != "" || got.Papers != 2 {
		t.Errorf("source %+v", got)
	}
	moved.Cursor = ""
	res = must(s.PutBatch(ctx, moved, offprint.Batch{Papers: []offprint.Paper{newPaper(3)}, Deleted: []string{"2603.00001v2", "2603.00001", "nonsense"}}))(t)
	if res != (offprint.PutResult{Added: 1, Updated: 1}) {
		t.Errorf("result %+v", res)
	}
	if p := must(s.Paper(ctx, "2603.00001"))(t); !p.Withdrawn {
		t.Error("a deleted paper is not withdrawn")
	}
	if got := must(s.Source(ctx, src.ID))(t); got.Cursor != "" {
		t.Errorf("cursor %q", got.Cursor)
	}

	moved.Cursor = "lost"
	_, err := s.PutBatch(ctx, moved, offprint.Batch{Papers: []offprint.Paper{newPaper(4), {}}, Deleted: []string{"2603.00002"}})
	wantKind(t, err, offprint.KindInvalid)
	gone := moved
	gone.ID = 999
	_, err = s.PutBatch(ctx, gone, offprint.Batch{Papers: []offprint.Paper{newPaper(4)}, Deleted: []string{"2603.00002"}})
	wantKind(t, err, offprint.KindNotFound)
	if got := must(s.Source(ctx, src.ID))(t); got.Cursor != "" {
		t.Errorf("cursor %q of a batch that failed", got.Cursor)
	}
	if p := must(s.Paper(ctx, "2603.00002"))(t); p.Withdrawn {
		t.Error("withdrawn by a batch that failed")
	}
	if n := must(s.PaperCount(ctx))(t); n != 3 {
		t.Errorf("%d papers, want 3", n)
	}
	// The place alone, and papers that outlive their source.
	must(s.PutBatch(ctx, moved, offprint.Batch{}))(t)
	check(t, s.DeleteSource(ctx, src.ID))
	if n := must(s.PaperCount(ctx))(t); n != 3 {
		t.Errorf("%d papers, want 3", n)
	}
}
