package bibfile

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/offprint/offprint"
)

// fuzzFormat feeds hostile files to a reader. It must come to an end; and what
// it makes of them must survive being written and read again.
func fuzzFormat(f *testing.F, format Format, write func(io.Writer, *offprint.Paper) error, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := NewReader(bytes.NewReader(data), "fuzz", format)
		if err != nil {
			return
		}
		for range len(data) + 2 { // no format has records of less than a byte
			p, err := r.Read()
			if r.err != nil {
				return
			}
			if err != nil {
				continue
			}
			var b strings.Builder
			if err := write(&b, &p); err != nil {
				t.Fatal(err)
			}
			again := readOne(t, b.String(), format)
			if again.Title != p.Title || oneLine(again.Abstract) != oneLine(p.Abstract) || again.ArXivID != p.ArXivID || again.Comment != p.Comment {
				t.Errorf("%+v was written as\n%s\nand read as %+v", p, b.String(), again)
			}
		}
		t.Errorf("no end after %d records", len(data)+2)
	})
}

func FuzzBibTeX(f *testing.F) {
	fuzzFormat(f, BibTeX, WriteBibTeX,
		"@misc{a, title={A}, author={Doe, Jane and {B and C}}, year=2017, month=jun, eprint={1706.03762}}",
		"@string{a = \"x\" # y}\n@article(b, title = a # {\\\"o}, note = {$x$ \\'{\\i}}, journal = {J})\n@comment{x}",
		"@misc{a, title = {A\n@misc{b, title = \"B\", abstract = {x\\par y}}",
		"\xef\xbb\xbf@misc{title = {\xe9}}%@{",
	)
}

func FuzzRIS(f *testing.F) {
	fuzzFormat(f, RIS, WriteRIS,
		"TY  - JOUR\r\nTI  - A\r\nAU  - Doe, Jane, Jr.\r\nDA  - 2017/06/12/\r\nAB  - x\r\n  y\r\nER  - \r\n",
		"TY - A\nT1 - B\nUR - https://arxiv.org/abs/1706.03762\nTY  - C\nKW  - cs.CL; x\nER  -",
		"\xef\xbb\xbfTY  - A\nTI  - \xe9\x80",
	)
}

func FuzzJSONL(f *testing.F) {
	fuzzFormat(f, JSONL, WriteJSONL,
		`{"id": "2503.00001v2", "listed": "2025-03-03", "title": "A", "authors": ["Jane Doe"], "categories": ["cs.CL"], "comment": "", "abstract": "x"}`,
		`{"title": "B", "published": "2025-03-01", "versions": [{"number": 1, "time": "2025-03-02T08:00:00Z"}], "upvotes": -1}`+"\n[\n{}\n",
		"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff",
	)
}
