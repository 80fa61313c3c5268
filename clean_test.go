package offprint

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestCleanLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		" a \t\n b ":                "a b",
		"a\u00a0b\u2028c\u3000d":    "a b c d",
		"a\x00\x1b[31mb\x7f":        "a[31mb",
		"a\u202egnp.exe":            "agnp.exe",
		"\ufeffa\u200fb\u2066c":     "abc",
		"soft\u00adhyphen":          "softhyphen",
		"می\u200cخواهم":             "می\u200cخواهم", // a joiner that Persian needs
		"a\xff\xfeb":                "ab",
		"x\ufffe\uffffy":            "xy",
		"$\\alpha$ <b>& \"é\" 量子 😀": "$\\alpha$ <b>& \"é\" 量子 😀",
	} {
		if got := cleanLine(in, MaxTitle); got != want {
			t.Errorf("cleanLine(%q) = %q, want %q", in, got, want)
		}
	}
	for _, tc := range []struct {
		in    string
		limit int
		want  string
	}{
		{"abcdef", 3, "abc"}, {"ab cd", 3, "ab"}, {"aéé", 4, "aé"}, {"aéé", 2, "a"}, {"é", 1, ""}, {"abc", 3, "abc"}, {"abc", 0, ""},
	} {
		if got := cleanLine(tc.in, tc.limit); got != tc.want {
			t.Errorf("cleanLine(%q, %d) = %q, want %q", tc.in, tc.limit, got, tc.want)
		}
	}
}

func TestCleanParagraphs(t *testing.T) {
	for in, want := range map[string]string{
		"  One line\n  wrapped.  ":                 "One line wrapped.",
		"First.\n\nSecond\nhalf.\r\n \t\r\nThird.": "First.\n\nSecond half.\n\nThird.",
		"\n\n\n":        "",
		"\n\na\n\n\n\n": "a",
	} {
		if got := cleanParagraphs(in, MaxAbstract); got != want {
			t.Errorf("cleanParagraphs(%q) = %q, want %q", in, got, want)
		}
	}
	if got := cleanParagraphs("ab\n\ncd", 3); got != "ab" {
		t.Errorf("cut between paragraphs: %q", got)
	}
}

func TestClean(t *testing.T) {
	berlin := mustLoad(t, "Europe/Berlin")
	p := Paper{
		ArXivID:    "arXiv:2503.01234v2",
		DOI:        "https://doi.org/10.1000/ABC",
		Title:      " A  title\n of\u202e two lines ",
		Authors:    []string{" Ada  Lovelace", "", "\x00", "Charles Babbage"},
		Abstract:   "Text.\n\nCode: https://github.com/ada/engine.",
		Categories: []string{"cs.CL", "cs.cl", " cs.AI, cs.CL,", "Machine Learning"},
		Comment:    "Page: https://ada.github.io/engine/",
		Listed:     NewDate(9999, time.January, 1),
		Published:  time.Date(2025, time.March, 3, 1, 0, 0, 0, berlin),
		Updated:    time.Date(20260, time.March, 3, 1, 0, 0, 0, time.UTC),
		Versions:   []Version{{2, time.Date(2025, time.March, 4, 1, 0, 0, 0, berlin)}, {0, time.Time{}}, {1, time.Time{}}, {2, time.Time{}}},
		Origins: []Origin{
			{Source: "arxiv", URL: "https://arxiv.org/abs/2503.01234", Signal: -3},
			{Source: "feed:x", URL: "javascript:alert(1)", Signal: 5},
			{Source: " feed:x", URL: "https://example.org/"},
		},
		Links: []Link{{LinkCode, "javascript:alert(2)"}},
	}
	if err := p.Clean(); err != nil {
		t.Fatal(err)
	}
	want := Paper{
		Key:        "2503.01234",
		ArXivID:    "2503.01234",
		DOI:        "10.1000/abc",
		Title:      "A title of two lines",
		Authors:    []string{"Ada Lovelace", "Charles Babbage"},
		Abstract:   "Text.\n\nCode: https://github.com/ada/engine.",
		Categories: []string{"cs.CL", "cs.AI", "Machine Learning"},
		Comment:    "Page: https://ada.github.io/engine/",
		Published:  time.Date(2025, time.March, 3, 0, 0, 0, 0, time.UTC),
		Versions:   []Version{{1, time.Time{}}, {2, time.Date(2025, time.March, 4, 0, 0, 0, 0, time.UTC)}},
		Origins:    []Origin{{Source: "arxiv", URL: "https://arxiv.org/abs/2503.01234"}, {Source: "feed:x", Signal: 5}},
		Links:      []Link{{LinkCode, "https://github.com/ada/engine"}, {LinkProject, "https://ada.github.io/engine/"}},
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got\n%+v, want\n%+v", p, want)
	}
}

func TestCleanIdentifiers(t *testing.T) {
	for _, tc := range []struct{ arxiv, doi, wantArXiv, wantDOI string }{
		{"", "10.48550/arXiv.2503.01234", "2503.01234", ""},
		{"2503.01234", "10.48550/arXiv.2503.01234", "2503.01234", ""},
		{"hep-th/9901001v1", "10.1000/x", "hep-th/9901001", "10.1000/x"},
		{"nonsense", "nonsense", "", ""},
	} {
		p := Paper{Title: "T", ArXivID: tc.arxiv, DOI: tc.doi}
		if err := p.Clean(); err != nil || p.ArXivID != tc.wantArXiv || p.DOI != tc.wantDOI {
			t.Errorf("%q and %q became %q and %q, %v", tc.arxiv, tc.doi, p.ArXivID, p.DOI, err)
		}
	}
	p := Paper{Title: "T", Key: "kept", ArXivID: "2503.01234"}
	if err := p.Clean(); err != nil || p.Key != "kept" {
		t.Errorf("key %q, %v", p.Key, err)
	}
}

func TestCleanRefusesOnlyPapersWithoutTitle(t *testing.T) {
	for _, title := range []string{"", " \n", "\x00\u202e", "\xff"} {
		p := Paper{Title: title, ArXivID: "2503.01234"}
		wantInvalid(t, p.Clean())
	}
}

// A hostile paper is cut to its limits, and can then be stored, marshalled and
// cleaned again without further change.
func TestCleanLimits(t *testing.T) {
	huge := strings.Repeat("é\u202e \x00<script>", 1<<16)
	p := Paper{
		Title: huge, Abstract: huge, Summary: huge, Comment: huge, Journal: huge, ArXivID: huge, DOI: huge,
		Listed: math.MinInt32, Published: time.Unix(1<<60, 0),
		Origins: []Origin{{Source: huge, URL: "https://example.org/" + huge, Signal: math.MinInt}},
	}
	for i := range 2 * MaxAuthors {
		p.Authors = append(p.Authors, strings.Repeat("A", i%3000))
		p.Categories = append(p.Categories, strings.Repeat("c", i%3000))
		p.Versions = append(p.Versions, Version{Number: 2*MaxAuthors - i})
	}
	for i := range 200 {
		p.Origins = append(p.Origins, Origin{Source: strings.Repeat("s", i)})
	}
	if err := p.Clean(); err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string][2]int{
		"title": {len(p.Title), MaxTitle}, "abstract": {len(p.Abstract), MaxAbstract}, "summary": {len(p.Summary), MaxAbstract},
		"comment": {len(p.Comment), MaxField}, "journal": {len(p.Journal), MaxField}, "authors": {len(p.Authors), MaxAuthors},
		"categories": {len(p.Categories), maxCategories}, "versions": {len(p.Versions), maxVersions}, "origins": {len(p.Origins), maxOrigins},
	} {
		if n[0] > n[1] || n[0] < n[1]-20 {
			t.Errorf("%s: %d, the limit is %d", name, n[0], n[1])
		}
	}
	if p.ArXivID != "" || p.DOI != "" || p.Origins[0].URL != "" || p.Listed != 0 || !p.Published.IsZero() {
		t.Errorf("kept %q, %q, %q, %v, %v", p.ArXivID, p.DOI, p.Origins[0].URL, p.Listed, p.Published)
	}
	again := p
	if err := again.Clean(); err != nil || !reflect.DeepEqual(again, p) {
		t.Errorf("cleaning twice is not cleaning once: %v", err)
	}
	if _, err := json.Marshal(p); err != nil {
		t.Error(err)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("A title", "Text.\n\nhttps://github.com/a/b.", "2503.01234", "Ada", int64(1<<40), 3)
	f.Add("\xff\u202e", "\n \n\x00\n", "doi:10.1/x", ",", int64(-1<<62), -1)
	f.Fuzz(func(t *testing.T, title, text, id, name string, seconds int64, n int) {
		p := Paper{
			Title: title, Abstract: text, Summary: text, Comment: text, ArXivID: id, DOI: id, Authors: []string{name, title}, Categories: []string{name, id},
			Listed: Date(n), Published: time.Unix(seconds, 0), Versions: []Version{{n, time.Unix(seconds, 0)}, {1, time.Time{}}},
			Origins: []Origin{{Source: name, URL: text, Signal: n}, {Source: title, URL: id}},
		}
		if err := p.Clean(); err != nil {
			wantInvalid(t, err)
			return
		}
		for _, s := range append(append([]string{p.Title, p.Abstract, p.Summary, p.Comment, p.Key}, p.Authors...), p.Categories...) {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\x1b\u202e\r") || strings.TrimSpace(s) != s {
				t.Errorf("left %q", s)
			}
		}
		again := p
		if err := again.Clean(); err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("cleaned\n%+v, again\n%+v, %v", p, again, err)
		}
		if len(p.Identifiers()) == 0 {
			t.Error("no identifier")
		}
		if q := p; q.Merge(&p) {
			t.Errorf("merging a paper with itself changed it to %+v", q)
		}
	})
}
