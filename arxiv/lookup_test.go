package arxiv

import (
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/arxiv/oaitest"
	"github.com/offprint/offprint/outbound"
)

func TestLookup(t *testing.T) {
	s := oaitest.New(
		oaitest.Record{
			ID: "2503.01234", Datestamp: "2025-03-18", Created: "2025-03-03", Updated: "2025-03-17", Version: 3,
			Title: "On looking up", Authors: []oaitest.Author{{Forenames: "Ada", Keyname: "Lovelace"}},
			Categories: "cs.CL stat.ML I.2.7 68T50", Comments: "12 pages, https://github.com/a/b", DOI: "10.1000/xyz",
			JournalRef: "J. Look. 1", Abstract: "Found.",
		},
		oaitest.Record{ID: "hep-th/9901001", Datestamp: "2025-03-18", Created: "1999-01-04", Title: "An old one", Categories: "hep-th"},
	)
	defer s.Close()
	c := &Client{
		HTTP: outbound.New(outbound.Options{AllowPrivate: true}), API: s.APIURL,
		RetryWait: time.Millisecond, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	s.Fail(oaitest.Cut(300), oaitest.Status(503, "0"))
	papers, err := c.Lookup(t.Context(), "https://arxiv.org/abs/hep-th/9901001v1", "arXiv:2503.01234", "2503.01234v1", "2503.99999")
	if err != nil || len(papers) != 2 {
		t.Fatalf("%d papers, %v", len(papers), err)
	}
	if papers[0].ArXivID != "hep-th/9901001" || papers[0].Listed != offprint.NewDate(1999, 1, 5) {
		t.Errorf("the first is %+v", papers[0])
	}
	p := papers[1]
	if p.Title != "On looking up" || p.DOI != "10.1000/xyz" || p.Journal != "J. Look. 1" || p.Authors[0] != "Ada Lovelace" || p.Abstract != "Found." {
		t.Errorf("got %+v", p)
	}
	if !slices.Equal(p.Categories, []string{"cs.CL", "stat.ML"}) {
		t.Errorf("categories %q", p.Categories)
	}
	if len(p.Versions) != 2 || p.Versions[0].Number != 1 || p.Versions[1].Number != 3 || p.Versions[1].Time.Format(time.DateOnly) != "2025-03-17" {
		t.Errorf("versions %+v", p.Versions)
	}
	if len(p.Links) != 1 || p.Links[0].Kind != offprint.LinkCode {
		t.Errorf("links %+v", p.Links)
	}
	if p.Listed != offprint.NewDate(2025, 3, 4) || p.Published != offprint.NewDate(2025, 3, 3).Time() {
		t.Errorf("listed %s, published %s", p.Listed, p.Published)
	}

	if _, err := c.Lookup(t.Context(), "not an id"); offprint.KindOf(err) != offprint.KindInvalid {
		t.Errorf("malformed: %v", err)
	}
}

const apiError = `<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>http://arxiv.org/api/errors#incorrect_id_format_for_1234.12345</id>
<title>Error</title><summary>incorrect id format for 1234.12345</summary></entry></feed>`

func TestLookupErrors(t *testing.T) {
	s := oaitest.New()
	defer s.Close()
	c := &Client{HTTP: outbound.New(outbound.Options{AllowPrivate: true}), API: s.APIURL, Retries: -1}
	s.Fail(oaitest.Body(400, apiError))
	if _, err := c.Lookup(t.Context(), "2503.00001"); !strings.Contains(outbound.Explain(err), "incorrect id format") {
		t.Errorf("an error of the API: %v", err)
	}
	s.Fail(oaitest.Body(400, "<html/>"))
	if _, err := c.Lookup(t.Context(), "2503.00001"); !strings.Contains(outbound.Explain(err), "400") {
		t.Errorf("another error: %v", err)
	}
}

func FuzzReadEntries(f *testing.F) {
	f.Add(apiError)
	f.Add(`<feed><entry><id>http://arxiv.org/abs/2503.01234v2</id><title>T</title><published>2025-03-03T17:59:59Z</published>
<updated>2025-03-05T17:59:59Z</updated><author><name>A</name></author><category term="cs.CL"/></entry></feed>`)
	f.Fuzz(func(t *testing.T, s string) {
		entries, err := readEntries(strings.NewReader(s))
		if err != nil {
			return
		}
		for i := range entries {
			if p, ok := entries[i].paper(time.Unix(1, 0)); ok && (p.Title == "" || p.ArXivID == "") {
				t.Errorf("%q gives %+v", s, p)
			}
		}
	})
}
