package web

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

func TestSources(t *testing.T) {
	var synced []int64
	si := newSite(t, func(c *Config) {
		c.SyncSource = func(_ context.Context, id int64) error { synced = append(synced, id); return nil }
	})
	v := si.signedIn(si.reader("Olga", "olga@example.org", offprint.RoleOwner))
	anyone := si.visitor()
	v.want(v.get("/sources"), 200, "No source is set up yet", "Add arXiv")
	a := anyone.want(anyone.get("/sources"), 200, "The owner of this Offprint adds them")
	if strings.Contains(a.body, "Add arXiv") {
		t.Error("everybody is offered to add sources")
	}
	v.want(v.post("/sources/arxiv", "back", "7"), 400, "at least one set")
	v.want(v.post("/sources/arxiv", "back", "x", "set", "cs"), 400)
	v.want(v.post("/sources/arxiv", "back", "7", "others", "cs&verb=x"), 400)
	v.want(v.post("/sources/arxiv", "back", "7", "set", "cs:cs:CL", "set", "cs:cs:CL", "others", "math:math:ST"), 200, "It is being read now", "arXiv cs:cs:CL, math:math:ST")
	src, err := si.store.Source(t.Context(), 1)
	if err != nil || !slices.Equal(src.Sets, []string{"cs:cs:CL", "math:math:ST"}) || src.URL != arxivOAI || time.Since(src.Since) < 6*24*time.Hour {
		t.Fatalf("%+v, %v", src, err)
	}
	v.want(v.post("/sources/arxiv", "back", "7", "set", "math:math:ST", "set", "cs:cs:CL"), 409)
	v.want(v.post("/sources/feed", "url", "file:///etc/passwd"), 400, "not a web address")
	v.want(v.post("/sources/feed", "url", "https://example.org/feed?key=geheim"), 200, "example.org")
	if a := anyone.get("/sources"); strings.Contains(a.body, "geheim") || !strings.Contains(a.body, "example.org") {
		t.Error("everybody sees a feed's whole address")
	}
	v.want(v.post("/sources/1", "do", "pause"), 200, "is paused", "Paused by the owner")
	v.want(v.post("/sources/1", "do", "sync"), 400, "resume it first")
	v.want(v.post("/sources/1", "do", "resume"), 200)
	v.want(v.post("/sources/1", "do", "sync"), 200)
	if !slices.Equal(synced, []int64{1, 2, 1}) {
		t.Errorf("synced %v", synced)
	}
	src.LastRun, src.LastError, src.Failures = time.Now(), "It answered 503 <b>Service Unavailable</b>.", 3
	src.LastSuccess = time.Now().Add(-50 * time.Hour)
	if err := si.store.UpdateSource(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	anyone.want(anyone.get("/sources"), 200, "it last worked 2 days ago, and has failed 3 times in a row: It answered 503 &lt;b&gt;")
	v.want(v.post("/sources/1", "do", "remove"), 200, "Its papers stay")
	v.want(v.post("/sources/1", "do", "remove"), 404)
	v.want(v.post("/sources/2", "do", "explode"), 400)
}
