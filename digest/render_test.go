package digest

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/offprint/offprint"
)

func item(key string, category string, heat float64) offprint.PaperItem {
	p := offprint.PaperItem{Paper: offprint.Paper{Key: key, Title: key, Heat: heat, HasHeat: heat != 0}}
	if category != "" {
		p.Categories = []string{category}
	}
	return p
}

func TestOrder(t *testing.T) {
	days := [][]offprint.PaperItem{
		{item("hot2", "cs.CL", 5), item("a1", "cs.CL", 0), item("a2", "cs.CL", 0), item("a3", "cs.CV", 0), item("a4", "", 0)},
		{item("hot1", "cs.CL", 9), item("b1", "cs.CL", 0), item("b2", "cs.CL", 0), item("b3", "math.AG", 0)},
	}
	keys := func(count int) string {
		var s []string
		for _, p := range order(days, count) {
			s = append(s, p.Key)
		}
		return strings.Join(s, " ")
	}
	for count, want := range map[int]string{
		0:  "",
		1:  "hot1",
		2:  "hot1 hot2",
		3:  "hot1 hot2 a3",             // cs.CL has two places already
		6:  "hot1 hot2 a3 b3 a4 a1",    // then the days in turn
		7:  "hot1 hot2 a3 b3 a4 a1 b1", //
		50: "hot1 hot2 a3 b3 a4 a1 b1 a2 b2",
	} {
		if got := keys(count); got != want {
			t.Errorf("%d papers: %s, want %s", count, got, want)
		}
	}
	if got := order(nil, 5); len(got) != 0 {
		t.Errorf("no days: %v", got)
	}
}

func TestWrap(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, c := range []struct{ text, want string }{
		{"", " 1. \n"},
		{"short", " 1. short\n"},
		{strings.Repeat("word ", 15), " 1. word word word word word word word word word word word word word\n    word word\n"},
		{"a " + long + " b", " 1. a\n    " + long + "\n    b\n"},
		{long, " 1. " + long + "\n"},
	} {
		if got := wrap(c.text, " 1. ", "    "); got != c.want {
			t.Errorf("wrap(%q)\n got %q\nwant %q", c.text, got, c.want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"one  two\nthree", 20, "one two three"},
		{"one two three", 10, "one two…"},
		{"one two, three", 9, "one two…"},
		{strings.Repeat("ü", 30), 10, strings.Repeat("ü", 10) + "…"},
		{"", 5, ""},
	} {
		if got := shorten(c.text, c.limit); got != c.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", c.text, c.limit, got, c.want)
		}
	}
}

// edited is a digest with what sources may bring.
func edited(t testing.TB, papers ...offprint.Paper) (*view, *edition) {
	t.Helper()
	s := newService(t, newStore(t), "", 0)
	e := &edition{
		sub:    &offprint.Subscription{Email: "ann@example.org", Frequency: offprint.Daily, Secret: offprint.NewSecret(), Query: `"<b>x</b>" cat:cs.CL`},
		period: "2026-03-05", span: offprint.SpanOf(offprint.UnitDay, yesterday), listed: 100,
	}
	for _, p := range papers {
		e.papers = append(e.papers, offprint.PaperItem{Paper: p})
	}
	return s.view(e), e
}

func TestRenderHostile(t *testing.T) {
	evil := "<script>alert(1)</script><img src=x onerror=alert(1)>\r\nBcc: eve@example.net\x00\u202e $\\href{javascript:alert(1)}{x}$ <!-- " + strings.Repeat("\\emph{", 100)
	v, e := edited(t,
		offprint.Paper{
			Key: "2603.04001", Title: evil, Abstract: strings.Repeat(evil, 1000), Authors: []string{evil, "</p></div>", "b", "c", "d"},
			Categories: []string{"cs.CL\"><b>"}, Votes: 3, Comments: 1, Summary: evil,
			Links: []offprint.Link{{Kind: offprint.LinkCode, URL: "javascript:alert(1)"}, {Kind: offprint.LinkCode, URL: "https://github.com/a/b"}},
		},
		offprint.Paper{Key: "p-x", Title: "x", Summary: "Only a summary"})
	out, err := v.html()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	allowed := strings.Fields("html head meta style title body table tbody tr td h1 h2 p div a br")
	for n := range doc.Descendants() {
		if n.Type == html.CommentNode {
			t.Errorf("a comment: %q", n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		if !slices.Contains(allowed, n.Data) {
			t.Errorf("unexpected element %s", n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "src" || a.Key == "background" || strings.HasPrefix(a.Key, "on") || strings.Contains(a.Val, "url(") {
				t.Errorf("unexpected attribute %s=%q", a.Key, a.Val)
			}
			if a.Key == "href" && !strings.HasPrefix(a.Val, "https://papers.example.org/") && !strings.HasPrefix(a.Val, "https://github.com/") && a.Val != "#ZgotmplZ" {
				t.Errorf("unexpected link %q", a.Val)
			}
		}
	}
	if !strings.Contains(v.text(), "Only a summary") {
		t.Error("the summary is missing")
	}
	for line := range strings.Lines(v.text()) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || r == '\u202e' }) {
			t.Errorf("control characters: %q", line)
		}
		if utf8.RuneCountInString(line) > lineWidth && strings.Contains(strings.TrimSpace(line), " ") {
			t.Errorf("a line of %d characters: %q", utf8.RuneCountInString(line), line)
		}
	}
	if s := e.subject(); strings.ContainsFunc(s, unicode.IsControl) || utf8.RuneCountInString(s) > 160 {
		t.Errorf("subject: %q", s)
	}
}

func TestWithin(t *testing.T) {
	span := offprint.SpanOf(offprint.UnitWeek, yesterday)
	for query, want := range map[string]string{
		"cat:cs.CL":                "cat:cs.CL after:2026-03-02 before:2026-03-09",
		"after:2026-03-04 x":       "x after:2026-03-04 before:2026-03-09",
		"x before:2026-03-05":      "x after:2026-03-02 before:2026-03-05",
		"x after:2025 before:2027": "x after:2026-03-02 before:2026-03-09",
		"after:never":              "after:never",
	} {
		if got := within(query, span); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

func TestByline(t *testing.T) {
	for want, authors := range map[string][]string{
		"":               nil,
		"A":              {"A"},
		"A, B, C, D":     {"A", "B", "C", "D"},
		"A, B, C et al.": {"A", "B", "C", "D", "E"},
	} {
		if got := byline(authors); got != want {
			t.Errorf("%v: %s, want %s", authors, got, want)
		}
	}
}
