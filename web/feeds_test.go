package web

import (
	"html"
	"net/http"
	"strings"
	"testing"

	"github.com/mmcdole/gofeed"
	gofeedjson "github.com/mmcdole/gofeed/json"

	"github.com/offprint/offprint"
)

// TestFeeds reads the feeds as a feed reader does.
func TestFeeds(t *testing.T) {
	si := newSite(t, nil)
	const title, abstract = `When a<b & "c"`, `If <script>alert(1)</script> then $x < y$ & so on.`
	put := func(papers ...offprint.Paper) {
		t.Helper()
		if _, err := si.store.PutPapers(t.Context(), papers); err != nil {
			t.Fatal(err)
		}
	}
	put(offprint.Paper{ArXivID: "2503.01234", Title: title, Authors: []string{"Jane <Doe>"}, Abstract: abstract, Categories: []string{"a/b"}, Listed: 20_000})
	v := si.visitor()
	for _, path := range []string{"/feed/today", "/feed/category/a%2Fb"} {
		for _, ext := range []string{".atom", ".rss", ".json"} {
			a := v.want(v.get(path+ext), http.StatusOK)
			f, err := gofeed.NewParser().ParseString(a.body)
			if err != nil {
				t.Fatalf("%s%s: %v\n%s", path, ext, err, a.body)
			}
			if len(f.Items) != 1 {
				t.Fatalf("%s%s: %d items", path, ext, len(f.Items))
			}
			item := f.Items[0]
			text := item.Description
			if ext != ".json" { // there it is plain text, elsewhere HTML
				text = html.UnescapeString(text)
				if text == item.Description {
					t.Errorf("%s%s: the description is no HTML: %s", path, ext, text)
				}
			}
			if want := `If <script>alert(1)</script> then x < y & so on.`; text != want {
				t.Errorf("%s%s: description %q, want %q", path, ext, text, want)
			}
			if item.Title != title || item.Link != si.url+"/paper/2503.01234" {
				t.Errorf("%s%s: %q at %s", path, ext, item.Title, item.Link)
			}
		}
		f, err := (&gofeedjson.Parser{}).Parse(strings.NewReader(v.get(path + ".json").body))
		if err != nil || f.FeedURL != si.url+path+".json" {
			t.Errorf("%s.json says that it is at %q (%v)", path, f.FeedURL, err)
		}
	}
	v.want(v.get("/feed/category/cs.XX.atom"), http.StatusNotFound, "No paper here")
	v.want(v.get("/feed/today.xml"), http.StatusNotFound)

	// Who has the feed is not sent it again, by its tag or by its date, and
	// gets it once a paper joins the day.
	first := v.get("/feed/today.atom")
	since := func(header, value string) *visitor {
		v := si.visitor()
		v.header.Set(header, value)
		return v
	}
	byTag := since("If-None-Match", first.header.Get("Etag"))
	byDate := since("If-Modified-Since", first.header.Get("Last-Modified"))
	byTag.want(byTag.get("/feed/today.atom"), http.StatusNotModified)
	byDate.want(byDate.get("/feed/today.atom"), http.StatusNotModified)
	put(offprint.Paper{ArXivID: "2503.01235", Title: "It comes at noon", Authors: []string{"Jane Doe"}, Listed: 20_000})
	byTag.want(byTag.get("/feed/today.atom"), http.StatusOK, "It comes at noon")
	byDate.want(byDate.get("/feed/today.atom"), http.StatusOK, "It comes at noon")
}
