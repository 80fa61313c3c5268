package feed

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/outbound"
)

var now = time.Date(2025, 3, 20, 7, 0, 0, 0, time.UTC)

const arxivRSS = `<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom" version="2.0">
<channel><title>cs.CL updates on arXiv.org</title><link>http://rss.arxiv.org/rss/cs.CL</link><description>updates</description><ttl>120</ttl>
<skipDays><day>Saturday</day></skipDays>
<item><title>A New &lt;i&gt;Thing&lt;/i&gt; with $a&lt;b$</title><link>https://arxiv.org/abs/2503.01234</link>
<description>arXiv:2503.01234v1 Announce Type: new
Abstract: We show a thing, where $x&lt;y$ &amp;amp; more.</description>
<guid isPermaLink="false">oai:arXiv.org:2503.01234v1</guid><category>cs.CL</category><category>cs.AI</category>
<pubDate>Wed, 19 Mar 2025 00:00:00 -0400</pubDate><arxiv:announce_type>new</arxiv:announce_type>
<arxiv:journal_reference>J. Things 1</arxiv:journal_reference><arxiv:DOI>10.1000/Thing</arxiv:DOI>
<dc:creator>Ada Lovelace, Alan M. Turing</dc:creator></item>
<item><title>An Old Thing Revised</title><link>https://arxiv.org/abs/2203.01250</link>
<description>arXiv:2203.01250v3 Announce Type: replace-cross
Abstract: Revised.</description><guid isPermaLink="false">oai:arXiv.org:2203.01250v3</guid>
<pubDate>Wed, 19 Mar 2025 00:00:00 -0400</pubDate><dc:creator>Solo</dc:creator></item>
<item><title>An Old Thing Cross-listed</title><link>https://arxiv.org/abs/2203.01251</link>
<description>arXiv:2203.01251v3 Announce Type: cross
Abstract: Crossed.</description><guid isPermaLink="false">oai:arXiv.org:2203.01251v3</guid>
<pubDate>Wed, 19 Mar 2025 00:00:00 -0400</pubDate></item>
<item><title>A New Thing Cross-listed</title><link>https://arxiv.org/abs/2502.01251</link>
<description>arXiv:2502.01251v1 Announce Type: cross
Abstract: Crossed.</description><guid isPermaLink="false">oai:arXiv.org:2502.01251v1</guid>
<pubDate>Wed, 19 Mar 2025 00:00:00 -0400</pubDate></item>
<item><title> </title><link>https://arxiv.org/abs/2502.01252</link></item>
</channel></rss>`

const atomFeed = `<?xml version="1.0" encoding="ISO-8859-1"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/">
<title>Journal f` + "\xfc" + `r Dinge</title><id>urn:x</id><updated>2025-03-18T00:00:00Z</updated>
<entry><title type="html">On H&lt;sub&gt;2&lt;/sub&gt;O</title><id>https://doi.org/10.1000/ABC.2</id><link href="/articles/2"/>
<author><name>Lovelace, Ada</name></author><author><name>Alan Turing</name></author>
<published>2025-03-17T08:00:00Z</published><updated>2025-03-18T08:00:00Z</updated>
<prism:publicationName>Dinge</prism:publicationName>
<summary type="html">&lt;p&gt;First.&lt;/p&gt;&lt;p&gt;Second &lt;script&gt;alert(1)&lt;/script&gt;line.&lt;/p&gt;</summary></entry></feed>`

const jsonFeed = `{"version":"https://jsonfeed.org/version/1.1","title":"Notes","items":[
{"id":"1","url":"https://example.org/1","title":"A note on something new","content_text":"Abstract: Short.","authors":[{"name":"Ada Lovelace, Alan Turing and Grace Hopper"}],"date_published":"2025-03-19T23:00:00-05:00","tags":["notes"]},
{"id":"2","title":"No date and no address here","content_html":"<p>x</p>"}]}`

const rdfFeed = `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://www.biorxiv.org"><title>bioRxiv</title></channel>
<item rdf:about="https://www.biorxiv.org/content/10.1101/2025.03.17.643000v1?rss=1"><title>Cells do things in space</title>
<link>https://www.biorxiv.org/content/10.1101/2025.03.17.643000v1?rss=1</link><description>We look.</description>
<dc:creator>Lovelace, A., Turing, A. M.; Hopper, G.</dc:creator><dc:date>2025-03-18</dc:date><dc:identifier>doi:10.1101/2025.03.17.643000</dc:identifier></item></rdf:RDF>`

func papersOf(t *testing.T, body, contentType string) []offprint.Paper {
	t.Helper()
	f, err := parse([]byte(body), contentType)
	if err != nil {
		t.Fatal(err)
	}
	u, err := http.NewRequest(http.MethodGet, "https://feeds.example/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	return convert(f, origin{"feed:x", u.URL}, now)
}

func TestArXivRSS(t *testing.T) {
	papers := papersOf(t, arxivRSS, "application/rss+xml")
	if len(papers) != 4 {
		t.Fatalf("%d papers", len(papers))
	}
	p := papers[0]
	if p.ArXivID != "2503.01234" || p.DOI != "10.1000/thing" || p.Title != "A New Thing with $a<b$" || p.Journal != "J. Things 1" ||
		p.Abstract != "We show a thing, where $x<y$ & more." || p.Listed != offprint.NewDate(2025, 3, 19) {
		t.Errorf("got %+v", p)
	}
	if !slices.Equal(p.Authors, []string{"Ada Lovelace", "Alan M. Turing"}) || !slices.Equal(p.Categories, []string{"cs.CL", "cs.AI"}) {
		t.Errorf("authors %q, categories %q", p.Authors, p.Categories)
	}
	if !p.Published.IsZero() || !p.Updated.IsZero() {
		t.Errorf("published %s, updated %s", p.Published, p.Updated)
	}
	for i, want := range []offprint.Date{offprint.NewDate(2025, 3, 19), 0, 0, offprint.NewDate(2025, 3, 19)} {
		if papers[i].Listed != want {
			t.Errorf("%s is listed on %s, want %s", papers[i].Title, papers[i].Listed, want)
		}
	}
}

func TestAtom(t *testing.T) {
	papers := papersOf(t, atomFeed, "application/atom+xml")
	if len(papers) != 1 {
		t.Fatalf("%d papers", len(papers))
	}
	p := papers[0]
	if p.Title != "On H2O" || p.DOI != "10.1000/abc.2" || p.Abstract != "First. Second line." || p.Journal != "Dinge" {
		t.Errorf("got %+v", p)
	}
	if !slices.Equal(p.Authors, []string{"Ada Lovelace", "Alan Turing"}) {
		t.Errorf("authors %q", p.Authors)
	}
	if p.Origins[0].URL != "https://feeds.example/articles/2" {
		t.Errorf("origin %+v", p.Origins[0])
	}
	if p.Listed != offprint.NewDate(2025, 3, 17) || p.Updated.Day() != 18 {
		t.Errorf("listed %s, updated %s", p.Listed, p.Updated)
	}
}

func TestJSONFeed(t *testing.T) {
	papers := papersOf(t, jsonFeed, "application/feed+json")
	if len(papers) != 2 {
		t.Fatalf("%d papers", len(papers))
	}
	if p := papers[0]; p.Abstract != "Short." || p.Listed != offprint.NewDate(2025, 3, 20) ||
		!slices.Equal(p.Authors, []string{"Ada Lovelace", "Alan Turing", "Grace Hopper"}) {
		t.Errorf("got %+v", p)
	}
	if p := papers[1]; p.Listed != offprint.DateOf(now) || p.Origins[0].URL != "" || p.Abstract != "x" {
		t.Errorf("got %+v", p)
	}
}

func TestRDF(t *testing.T) {
	p := papersOf(t, rdfFeed, "")[0]
	if p.DOI != "10.1101/2025.03.17.643000" || p.Listed != offprint.NewDate(2025, 3, 18) {
		t.Errorf("got %+v", p)
	}
}

func TestCharsets(t *testing.T) {
	const plain = `<rss version="2.0"><channel><title>Zürich</title></channel></rss>`
	latin := strings.ReplaceAll(plain, "ü", "\xfc")
	utf16 := func(bom string, big bool) string {
		var b strings.Builder
		b.WriteString(bom)
		for _, r := range `<?xml version="1.0" encoding="UTF-16"?>` + plain {
			if big {
				b.WriteString(string([]byte{byte(r >> 8), byte(r)}))
			} else {
				b.WriteString(string([]byte{byte(r), byte(r >> 8)}))
			}
		}
		return b.String()
	}
	for name, c := range map[string]struct{ body, contentType string }{
		"bare":                    {plain, ""},
		"byte order mark":         {"\ufeff" + plain, "text/xml; charset=iso-8859-1"},
		"declared":                {`<?xml version="1.0" encoding="windows-1252"?>` + latin, "text/xml"},
		"declared over the type":  {`<?xml version='1.0' encoding='ISO-8859-1' ?>` + latin, "text/xml; charset=utf-8"},
		"type":                    {latin, "text/xml; charset=ISO-8859-1"},
		"UTF-16, big":             {utf16("\xfe\xff", true), ""},
		"UTF-16, little":          {utf16("\xff\xfe", false), ""},
		"control characters":      {strings.Replace(plain, "Z", "\x00\x0bZ", 1), ""},
		"a type that is no type":  {plain, ";;;"},
		"named UTF-8 differently": {`<?xml version="1.0" encoding="utf8"?>` + plain, ""},
	} {
		f, err := parse([]byte(c.body), c.contentType)
		if err != nil || title(f) != "Zürich" {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	if _, err := parse([]byte(`<?xml version="1.0" encoding="nonsense"?>`+plain), ""); offprint.KindOf(err) != offprint.KindInvalid {
		t.Errorf("unknown encoding: %v", err)
	}
}

func TestHostileFeeds(t *testing.T) {
	const head = `<rss version="2.0" xmlns:x="urn:x"><channel><title>t</title><item><title>one two three</title>`
	for name, body := range map[string]string{
		"deep":        head + strings.Repeat("<x:a>", 300_000),
		"deep, whole": head + strings.Repeat("<x:a>", 1000) + strings.Repeat("</x:a>", 1000) + "</item></channel></rss>",
		"intricate":   head + "<x:a>" + strings.Repeat("t<x:b/>", 400_000) + "</x:a></item></channel></rss>",
		"truncated":   arxivRSS[:len(arxivRSS)/2],
		"not closed":  head,
		"JSON":        `{"version":"https://jsonfeed.org/version/1","items":[`,
		"deep JSON":   `{"items":` + strings.Repeat("[", 1_000_000),
		"empty":       "",
		"page":        "<!doctype html><html><body>Hello</body></html>",
		"entities":    `<!DOCTYPE r [<!ENTITY a "&b;&b;"><!ENTITY b "&a;">]><rss><channel><title>&a;</title>`,
	} {
		if f, err := parse([]byte(body), ""); offprint.KindOf(err) != offprint.KindInvalid {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	if f, err := parse([]byte(`{"items":[null,{"authors":[null],"title":"a b c"}]}`), ""); err == nil {
		convert(f, origin{}, now)
	}
}

func TestPlainText(t *testing.T) {
	for s, want := range map[string]string{
		"plain":                             "plain",
		"a &amp; b":                         "a & b",
		"<p>one</p><p>two</p>":              " one  two ",
		"H<sub>2</sub>O":                    "H2O",
		"$a<b$ and $c>d$":                   "$a<b$ and $c>d$",
		"p < 0.05":                          "p < 0.05",
		"$x<y$":                             "$x<y$",
		"<script>alert(1)</script>safe":     "safe",
		"<style>p{}</style>safe":            "safe",
		"<script>never ends":                "",
		`<img src=x onerror="alert(1)">pic`: "pic",
		"&lt;b&gt;":                         "<b>",
		"a<!-- note -->b":                   "ab",
	} {
		if got := plainText(s); got != want {
			t.Errorf("plainText(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestSplitNames(t *testing.T) {
	for s, want := range map[string][]string{
		"Ada Lovelace":                         {"Ada Lovelace"},
		"Lovelace, Ada":                        {"Ada Lovelace"},
		"Ada Lovelace, Alan Turing":            {"Ada Lovelace", "Alan Turing"},
		"Lovelace, Ada; Turing, Alan":          {"Ada Lovelace", "Alan Turing"},
		"Ada Lovelace and Alan Turing":         {"Ada Lovelace", "Alan Turing"},
		"Plato, Aristotle, and Zeno of Citium": {"Plato", "Aristotle", "Zeno of Citium"},
		"Alexander Grand":                      {"Alexander Grand"},
	} {
		if got := splitNames(s, false); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	if got := splitNames("Plato, Aristotle", true); !slices.Equal(got, []string{"Plato", "Aristotle"}) {
		t.Errorf("arXiv's: %q", got)
	}
}

// feeds serves a feed with validators, and counts how often it is sent whole.
type feeds struct {
	whole int
	last  http.Header
}

func (f *feeds) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.last = r.Header.Clone()
	switch r.URL.Path {
	case "/feed":
		w.Header().Set("ETag", `W/"1"`)
		w.Header().Set("Last-Modified", "Wed, 19 Mar 2025 04:00:00 GMT")
		if r.Header.Get("If-None-Match") == `W/"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		f.whole++
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, arxivRSS)
		_ = z.Close()
	case "/busy":
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusTooManyRequests)
	case "/large":
		_, _ = io.WriteString(w, strings.Repeat(" ", maxBody+1))
	case "/cut":
		w.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(w, arxivRSS)
		panic(http.ErrAbortHandler)
	case "/page":
		_, _ = io.WriteString(w, `<!doctype html><html><head><base href="/blog/"><title>Blog</title>
<link rel="stylesheet" href="x.css"><link rel="alternate" hreflang="de" href="/de">
<link rel="alternate" type="application/rss+xml" title=" Our &amp; blog " href="rss.xml">
<link rel="Alternate" type="application/atom+xml; charset=utf-8" href="https://other.example/atom">
<link rel=alternate type=application/feed+json href='javascript:alert(1)'>
<link rel="alternate" type="application/rss+xml" href="rss.xml"></head></html>`)
	default:
		http.NotFound(w, r)
	}
}

func TestFetch(t *testing.T) {
	f := &feeds{}
	s := httptest.NewServer(f)
	defer s.Close()
	c := &Client{HTTP: outbound.New(outbound.Options{AllowPrivate: true}), Now: func() time.Time { return now }}
	var got []offprint.Paper
	store := func(_ offprint.Source, b offprint.Batch) error {
		got = append(got, b.Papers...)
		return nil
	}
	src, err := c.Fetch(t.Context(), offprint.Source{URL: s.URL + "/feed"}, store)
	if err != nil || len(got) != 4 {
		t.Fatalf("%d papers, %v", len(got), err)
	}
	if src.Name != "cs.CL updates on arXiv.org" || src.ETag != `W/"1"` || src.LastModified != "Wed, 19 Mar 2025 04:00:00 GMT" {
		t.Errorf("got %+v", src)
	}
	if want := now.Add(2 * time.Hour); !src.NextRun.Equal(want) {
		t.Errorf("next run %s, want %s", src.NextRun, want)
	}
	if got[0].Origins[0].Source != "feed:"+s.URL+"/feed" {
		t.Errorf("origin %+v", got[0].Origins)
	}

	src.Name = "Mine"
	src, err = c.Fetch(t.Context(), src, store)
	if err != nil || len(got) != 4 || f.whole != 1 || src.Name != "Mine" {
		t.Errorf("again: %d papers, sent whole %d times, %v", len(got), f.whole, err)
	}
	if f.last.Get("If-Modified-Since") != src.LastModified {
		t.Errorf("asked with %v", f.last)
	}

	boom := errors.New("boom")
	if _, err := c.Fetch(t.Context(), offprint.Source{URL: s.URL + "/feed"}, func(offprint.Source, offprint.Batch) error { return boom }); !errors.Is(err, boom) {
		t.Errorf("the store's error: %v", err)
	}
	for path, want := range map[string]string{
		"/busy":  "The server answered 429 Too Many Requests and asks to wait 10m0s.",
		"/large": "The feed is larger than 8 MiB, the most that is read.",
		"/cut":   "The connection broke before the answer was complete.",
		"/page":  "There is no RSS, Atom or JSON feed at the address.",
		"/none":  "The server answered 404 Not Found.",
	} {
		_, err := c.Fetch(t.Context(), offprint.Source{URL: s.URL + path}, store)
		if got := outbound.Explain(err); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	for _, bad := range []string{"", "nonsense", "http://", "http://[bad", "file:///etc/passwd", "mailto:a@b"} {
		if _, err := c.Fetch(t.Context(), offprint.Source{URL: bad}, store); offprint.KindOf(err) != offprint.KindInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	careful := &Client{HTTP: outbound.New(outbound.Options{})}
	if _, err := careful.Fetch(t.Context(), offprint.Source{URL: s.URL + "/feed"}, store); offprint.KindOf(err) != offprint.KindForbidden {
		t.Errorf("private: %v", err)
	}
	if _, err := careful.Fetch(t.Context(), offprint.Source{URL: s.URL + "/feed", AllowPrivate: true}, store); err != nil {
		t.Errorf("private but allowed: %v", err)
	}
}

func TestOriginHasNoPassword(t *testing.T) {
	for address, want := range map[string]string{
		"https://me:secret@example.org/feed?cat=cs": "feed:https://example.org/feed?cat=cs",
		"https://example.org/Fünf?a=b c":            "feed:https://example.org/Fünf?a=b c",
		"https://me:secret@[bad":                    "feed:",
	} {
		if got := Origin(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

func TestDiscover(t *testing.T) {
	s := httptest.NewServer(&feeds{})
	defer s.Close()
	c := &Client{HTTP: outbound.New(outbound.Options{AllowPrivate: true})}
	got, err := c.Discover(t.Context(), s.URL+"/page")
	want := []Found{{s.URL + "/blog/rss.xml", "Our & blog"}, {"https://other.example/atom", ""}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	got, err = c.Discover(t.Context(), s.URL+"/feed")
	if err != nil || len(got) != 1 || got[0].Title != "cs.CL updates on arXiv.org" {
		t.Errorf("a feed itself: %v, %v", got, err)
	}
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "hello") }))
	defer plain.Close()
	if _, err := c.Discover(t.Context(), plain.URL); offprint.KindOf(err) != offprint.KindNotFound {
		t.Errorf("nothing there: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{arxivRSS, atomFeed, jsonFeed, rdfFeed} {
		f.Add([]byte(s), "")
	}
	f.Add([]byte(atomFeed), "text/xml; charset=shift_jis")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		feed, err := parse(body, contentType)
		if err != nil {
			if strings.Contains(err.Error(), "upset the parser") {
				t.Error(err)
			}
			return
		}
		for _, p := range convert(feed, origin{name: "feed:x"}, now) {
			if p.Title == "" || p.Listed > offprint.DateOf(now)+1 {
				t.Errorf("got %+v", p)
			}
		}
		title(feed)
		if d := timeToLive(feed); d < 0 || d > 24*time.Hour {
			t.Errorf("ttl %s", d)
		}
	})
}

func FuzzPlainText(f *testing.F) {
	f.Add("<p>a &amp; $x<y$</p>")
	f.Fuzz(func(t *testing.T, s string) {
		// U+FFFD, which stands in for what is not allowed, has three bytes.
		if got := plainText(s); len(got) > 3*len(s) {
			t.Errorf("%q grows to %q", s, got)
		}
	})
}
