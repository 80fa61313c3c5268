package bibfile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/offprint/offprint"
)

func zipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFormats(t *testing.T) {
	const (
		line = "{\"id\": \"2503.00001\", \"title\": \"A\"}\n"
		bib  = "% comment\n\n@misc{a, title={A}}\n"
		ris  = "\nTY  - UNPB\nTI  - A\nER  - \n"
	)
	tests := []struct {
		name, text string
		given      Format
		want       Format
	}{
		{"a.jsonl", line, "", JSONL},
		{"a.jsonl.gz", zipped(t, line), "", JSONL},
		{"a.NDJSON", line, "", JSONL},
		{"a.json", "\ufeff" + line, "", JSONL},
		{"a.bib", bib, "", BibTeX},
		{"a.bib.gz", zipped(t, bib), "", BibTeX},
		{"a.ris", ris, "", RIS},
		{"-", line, "", JSONL},
		{"-", bib, "", BibTeX},
		{"-", zipped(t, ris), "", RIS},
		{"x.txt", "\ufeff" + ris, "", RIS},
		{"x.txt", "  " + line, "", JSONL},
		{"wrong.ris", bib, BibTeX, BibTeX},
	}
	for _, test := range tests {
		// A reader that gets a byte at a time must see the same.
		for _, slow := range []bool{false, true} {
			var in io.Reader = strings.NewReader(test.text)
			if slow {
				in = iotest.OneByteReader(in)
			}
			r, err := NewReader(in, test.name, test.given)
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
				continue
			}
			if p, err := r.Read(); r.Format() != test.want || err != nil || p.Title != "A" || p.Key == "" {
				t.Errorf("%s: read %q, %v as %s, want A as %s", test.name, p.Title, err, r.Format(), test.want)
			}
			for range 2 {
				if _, err := r.Read(); !errors.Is(err, io.EOF) {
					t.Errorf("%s: at the end: %v", test.name, err)
				}
			}
		}
	}
}

func TestUnreadableFiles(t *testing.T) {
	whole := zipped(t, strings.Repeat("{\"title\": \"A\"}\n", 1000))
	tests := []struct{ name, text, want string }{
		{"a.txt", "Dear Sir or Madam,\n", "neither JSON lines nor BibTeX nor RIS"},
		{"a.bib", "\xff\xfe@\x00m\x00", "UTF-16"},
		{"a.jsonl", "\x1f\x8b nonsense", "gzip"},
		{"a.jsonl", whole[:len(whole)-12], "unexpected EOF"},
		{"a.jsonl", whole[:len(whole)-8] + "12345678", "checksum"},
	}
	for _, test := range tests {
		r, err := NewReader(strings.NewReader(test.text), test.name, "")
		for err == nil {
			_, err = r.Read()
		}
		if errors.Is(err, io.EOF) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), test.name) {
			t.Errorf("%q: %v, want something with %q and the file's name", clip(test.text), err, test.want)
		}
	}
	if r, err := NewReader(strings.NewReader(""), "", ""); err != nil {
		t.Errorf("an empty file: %v", err)
	} else if _, err := r.Read(); !errors.Is(err, io.EOF) {
		t.Errorf("an empty file: %v", err)
	}
}

func TestFailingInput(t *testing.T) {
	fault := errors.New("the disk is gone")
	for _, format := range []Format{JSONL, BibTeX, RIS} {
		r, err := NewReader(iotest.ErrReader(fault), "x", format)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // it stays failed
			if _, err := r.Read(); !errors.Is(err, fault) {
				t.Errorf("%s: %v, want the fault", format, err)
			}
		}
	}
}

func TestGzipBomb(t *testing.T) {
	r := &limitedReader{strings.NewReader(strings.Repeat("x", 100)), 64}
	if b, err := io.ReadAll(r); err == nil || len(b) > 64 {
		t.Errorf("read %d bytes, %v; want an error after 64", len(b), err)
	}
	if b, err := io.ReadAll(&limitedReader{strings.NewReader("x"), 1}); err != nil || len(b) != 1 {
		t.Errorf("read %d bytes, %v; want 1", len(b), err)
	}
}

func TestJSONLines(t *testing.T) {
	text := `{"id": "2503.00001v2", "listed": "2025-03-03", "title": " A\u0000 <b>title</b> ", "authors": ["Jane Doe"], "categories": ["cs.CL", "cs.AI"], "comment": "12 pages", "abstract": "Code: https://github.com/x/y"}
{"id": "hep-th/9901001", "listed": "", "title": "B", "authors": null, "doi": "https://doi.org/10.1000/X", "published": "2025-03-01", "updated": "2025-03-02T10:00:00+02:00", "versions": [{"number": 2, "time": "2025-03-02T08:00:00Z"}, {"number": 1}], "summary": "S", "url": "https://x.org/b", "upvotes": 7, "unknown": [{"a": [[]]}]}

	{"title": "C", "id": "10.1000/c"}
{"id": "2503.00002", "title": 5}
{"id": "2503.00003", "title": ""}
{"id": "2503.00004", "title": "D", "listed": "yesterday"}
{"id": "2503.00004", "title": "D", "updated": "yesterday"}
[1]
nonsense
{"title": "` + strings.Repeat("long ", maxRecord/5) + `"}
{"title": ` + strings.Repeat("[", 100_000) + `}
{"id": "anything", "title": "E"}`
	papers, bad := read(t, text, "in.jsonl", "")
	want := []offprint.Paper{
		{ArXivID: "2503.00001", Listed: offprint.NewDate(2025, 3, 3), Title: "A <b>title</b>", Authors: []string{"Jane Doe"},
			Categories: []string{"cs.CL", "cs.AI"}, Comment: "12 pages", Abstract: "Code: https://github.com/x/y"},
		{ArXivID: "hep-th/9901001", Title: "B", DOI: "10.1000/x", Published: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC),
			Updated: time.Date(2025, 3, 2, 8, 0, 0, 0, time.UTC), Summary: "S", Origins: []offprint.Origin{{URL: "https://x.org/b"}},
			Versions: []offprint.Version{{Number: 1}, {Number: 2, Time: time.Date(2025, 3, 2, 8, 0, 0, 0, time.UTC)}}},
		{Title: "C", DOI: "10.1000/c"},
		{Title: "E"},
	}
	if len(papers) != len(want) {
		t.Fatalf("read %d papers, want %d", len(papers), len(want))
	}
	for i := range want {
		checkSame(t, &papers[i], &want[i])
	}
	if len(papers[0].Links) != 1 {
		t.Errorf("the links of the first are %v", papers[0].Links)
	}
	if o := papers[1].Origins[0]; o.Signal != 7 || o.Source != "file:in.jsonl" || o.Seen.IsZero() {
		t.Errorf("origin is %+v", o)
	}
	var lines []int
	for _, b := range bad {
		lines = append(lines, b.Line)
		if len(b.Error()) > 300 {
			t.Errorf("a message of %d bytes: %.100s", len(b.Error()), b)
		}
	}
	if want := []int{5, 6, 7, 8, 9, 10, 11, 12}; !slices.Equal(lines, want) {
		t.Errorf("bad lines %v, want %v: %v", lines, want, bad)
	}
	if got := bad[0].Error(); got != `in.jsonl:5: "title" cannot be a number` {
		t.Errorf("message is %q", got)
	}
}

func TestMonths(t *testing.T) {
	files := months(t)
	good, bad := 0, 0
	for _, name := range files {
		g, b := readAll(t, name)
		good, bad = good+g, bad+b
	}
	if good != 54_002 || bad != 0 {
		t.Errorf("read %d papers and %d bad records, want 54,002 and none", good, bad)
	}
}
