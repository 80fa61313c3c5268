package offprint

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseArXivID(t *testing.T) {
	for _, tc := range []struct {
		in, id  string
		version int
	}{
		{"2503.01234", "2503.01234", 0},
		{" 2503.01234v2\n", "2503.01234", 2},
		{"0704.0001", "0704.0001", 0},
		{"arXiv:2503.01234v1", "2503.01234", 1},
		{"ARXIV: 2503.01234", "2503.01234", 0},
		{"arXiv:2503.01234v1 [cs.CL] 3 Mar 2025", "2503.01234", 1},
		{"hep-th/9901001", "hep-th/9901001", 0},
		{"hep-th/9901001v3", "hep-th/9901001", 3},
		{"arXiv:math.GT/0309136", "math/0309136", 0},
		{"cond-mat.mes-hall/0703001v12", "cond-mat/0703001", 12},
		{"https://arxiv.org/abs/2503.01234", "2503.01234", 0},
		{"http://www.arxiv.org/abs/2503.01234v2?context=cs#top", "2503.01234", 2},
		{"https://arxiv.org/pdf/2503.01234v2.pdf", "2503.01234", 2},
		{"https://arxiv.org/pdf/2503.01234", "2503.01234", 0},
		{"https://export.arxiv.org/abs/hep-th/9901001/", "hep-th/9901001", 0},
		{"arxiv.org/html/2503.01234v1", "2503.01234", 1},
		{"10.48550/arXiv.2503.01234", "2503.01234", 0},
		{"https://doi.org/10.48550/arXiv.hep-th/9901001", "hep-th/9901001", 0},
	} {
		if id, version, ok := ParseArXivID(tc.in); !ok || id != tc.id || version != tc.version {
			t.Errorf("ParseArXivID(%q) = %q, %d, %v", tc.in, id, version, ok)
		}
	}
	for _, in := range []string{
		"", "2503", "2503.123", "2503.123456", "2513.01234", "2500.01234", "2503.01234v0", "2503.01234v", "2503.01234v99999", "x2503.01234", "2503.01234 and more",
		"foo/9901001", "hep-th/99010010", "hep-th/9913001", "https://arxiv.org/list/cs.CL/recent", "https://example.org/abs/2503.01234",
		"https://arxiv.org.example.com/abs/2503.01234", "10.1000/2503.01234", "10.48550/arXiv.", "arXiv:", "../2503.01234", strings.Repeat("2", 1<<20),
	} {
		if id, version, ok := ParseArXivID(in); ok || id != "" || version != 0 {
			t.Errorf("ParseArXivID(%.60q) = %q, %d, %v", in, id, version, ok)
		}
	}
}

func TestParseDOI(t *testing.T) {
	for in, want := range map[string]string{
		"10.1000/182":                 "10.1000/182",
		"doi:10.1145/3786304.3787923": "10.1145/3786304.3787923",
		"DOI: 10.1002/(SICI)1097-4571(1999)50:1<1::AID>X": "10.1002/(sici)1097-4571(1999)50:1<1::aid>x",
		"https://doi.org/10.5281/Zenodo.15101686":         "10.5281/zenodo.15101686",
		"http://dx.doi.org/10.1000/a%2Fb?x=y#z":           "10.1000/a/b",
		"doi.org/10.1000/x.":                              "10.1000/x",
		" 10.1000.10/abc ":                                "10.1000.10/abc",
	} {
		if doi, ok := ParseDOI(in); !ok || doi != want {
			t.Errorf("ParseDOI(%q) = %q, %v", in, doi, ok)
		}
	}
	for _, in := range []string{
		"", "10.1000", "10.1000/", "10.10/x", "11.1000/x", "10.1000/a b", "10.1000/a\x00b", "10.1000/é", "https://example.org/10.1000/x",
		"https://doi.org/10.1000/%zz", "10.1000/" + strings.Repeat("x", 300),
	} {
		if doi, ok := ParseDOI(in); ok || doi != "" {
			t.Errorf("ParseDOI(%.60q) = %q, %v", in, doi, ok)
		}
	}
}

func FuzzIdentifiers(f *testing.F) {
	for _, s := range []string{"2503.01234v2", "math.GT/0309136", "https://arxiv.org/pdf/2503.01234v2.pdf", "10.48550/arXiv.2503.01234", "doi:10.1000/x", "https://doi.org/10.1000/doi:x."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if id, _, ok := ParseArXivID(s); ok {
			if again, version, ok := ParseArXivID(id); !ok || again != id || version != 0 {
				t.Errorf("%q has id %q, which reads as %q", s, id, again)
			}
		}
		if doi, ok := ParseDOI(s); ok {
			if again, ok := ParseDOI(doi); !ok || again != doi {
				t.Errorf("%q has DOI %q, which reads as %q", s, doi, again)
			}
		}
	})
}

func TestKeyFor(t *testing.T) {
	authors := []string{"Ada Lovelace"}
	for want, p := range map[string]Paper{
		"2503.01234":     {ArXivID: "2503.01234", DOI: "10.1000/x", Title: "T"},
		"hep-th-9901001": {ArXivID: "hep-th/9901001"},
	} {
		if got := KeyFor(&p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	base := Paper{DOI: "10.1000/x", Title: "Notes on the Analytical Engine", Authors: authors}
	key := KeyFor(&base)
	if !regexp.MustCompile(`^p-[a-z2-7]{12}$`).MatchString(key) {
		t.Errorf("key %q", key)
	}
	if again := KeyFor(&Paper{DOI: "10.1000/x", Title: "Another spelling"}); again != key {
		t.Errorf("one DOI has keys %q and %q", key, again)
	}
	a := KeyFor(&Paper{Title: "Notes on the Analytical Engine", Authors: authors})
	b := KeyFor(&Paper{Title: "Notes on the analytical engine.", Authors: []string{"Lovelace, A."}})
	if a != b || a == key {
		t.Errorf("keys %q and %q of one title, %q of a DOI", a, b, key)
	}
}

func TestIdentifiers(t *testing.T) {
	full := Paper{ArXivID: "2503.01234", DOI: "10.1000/x", Title: "Notes on the Engine", Authors: []string{"Ada Lovelace"}}
	ids := full.Identifiers()
	if len(ids) != 3 || ids[0] != "arxiv:2503.01234" || ids[1] != "doi:10.1000/x" || !regexp.MustCompile(`^title:[0-9a-f]{32}$`).MatchString(ids[2]) {
		t.Errorf("%q", ids)
	}
	// Works without any of these are told apart by all that there is, and
	// known again.
	editorial := func(url string, year int) []string {
		p := Paper{Title: "Editorial", Origins: []Origin{{Source: "feed:x", URL: url}}, Published: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)}
		return p.Identifiers()
	}
	one := editorial("https://example.org/1", 2025)
	if !slices.Equal(one, editorial("https://example.org/1", 2025)) {
		t.Error("one editorial is two works")
	}
	for _, other := range [][]string{editorial("https://example.org/2", 2025), editorial("https://example.org/1", 2026)} {
		if len(other) != 1 || slices.Equal(one, other) {
			t.Errorf("%q and %q", one, other)
		}
	}
}
