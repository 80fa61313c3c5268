package bibfile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// pieces are what random texts are made of: the marks that mean something in
// one of the formats, and some that only look so.
var pieces = strings.Split(`a|The|BERT|naïve|Łódź|日本語|𝔸|e|,|.|;|:|"|'|`+"`"+`|--|{|}|{a}|}{|\|\\|\'e|\textbf{x}|\{|$|$x_1$|$\frac{a}{b}$|$}$|$$y$$|\(z\)|\(|\[|`+
	`%|&|#|_|~|^|@|@misc{|@a(|=|and|AND|others|TY  - |ER  - |AB  - x|<b>|</b>|&amp;|http://a.b/c_d~e%20|-|(|)|[|]|{"id": 1}|5%|`+"\u200d|e\u0301|ı", "|")

func randomText(rnd *rand.Rand, most int) string {
	var b strings.Builder
	for range rnd.IntN(most) + 1 {
		b.WriteString(pieces[rnd.IntN(len(pieces))])
		if rnd.IntN(2) == 0 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// randomPaper returns a clean paper with everything in it that a file holds.
func randomPaper(t testing.TB, rnd *rand.Rand) offprint.Paper {
	day := offprint.NewDate(2025, time.Month(rnd.IntN(12)+1), rnd.IntN(28)+1)
	p := offprint.Paper{
		Title:    "T " + randomText(rnd, 12),
		Abstract: randomText(rnd, 20) + "\n\n" + randomText(rnd, 20),
		Comment:  "C " + randomText(rnd, 6),
		Authors:  []string{"Jane Doe", "Ludwig van Beethoven", "Martin Luther King Jr.", "Gemini Team", "Plato", "J.-P. de la Tour III"},
	}
	for range rnd.IntN(4) {
		p.Authors = append(p.Authors, randomText(rnd, 4))
	}
	if rnd.IntN(2) == 0 {
		p.Categories = []string{"cs.CL", "hep-th", "math.AG"}[:1+rnd.IntN(3)]
	}
	if rnd.IntN(2) == 0 {
		p.Journal = "J " + randomText(rnd, 4)
	}
	if rnd.IntN(3) > 0 {
		p.ArXivID = fmt.Sprintf("25%02d.%05d", rnd.IntN(12)+1, rnd.IntN(99999))
	}
	if rnd.IntN(3) > 0 {
		p.DOI = fmt.Sprintf("10.1000/x_(y)<%d>", rnd.IntN(1000))
	}
	if rnd.IntN(2) == 0 {
		p.Listed, p.Published = day, day.Time()
	}
	if rnd.IntN(2) == 0 {
		p.Origins = []offprint.Origin{{Source: "x", URL: "https://x.org/~me/a_b?c=d&e=f%20#g"}}
	}
	if err := p.Clean(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range 1000 {
		p := randomPaper(t, rnd)

		var bib bytes.Buffer
		if err := WriteBibTeX(&bib, &p); err != nil {
			t.Fatal(err)
		}
		want := p
		want.Listed = 0
		if !p.Published.IsZero() {
			want.Published = time.Date(p.Published.Year(), p.Published.Month(), 1, 0, 0, 0, 0, time.UTC)
		}
		want.Origins = []offprint.Origin{{URL: pageURL(&p)}}
		// Two entries: the first must not run into the second.
		papers, bad := read(t, bib.String()+bib.String(), "x", BibTeX)
		if len(papers) != 2 || len(bad) != 0 {
			t.Fatalf("paper %d: read %d papers and %v of:\n%s", i, len(papers), bad, &bib)
		}
		checkSame(t, &papers[1], &want)

		var ris bytes.Buffer
		if err := WriteRIS(&ris, &p); err != nil {
			t.Fatal(err)
		}
		want = p
		want.Abstract, want.Authors = oneLine(p.Abstract), nil
		for _, a := range p.Authors {
			if a = oneLine(strings.ReplaceAll(a, ",", "")); a != "" {
				want.Authors = append(want.Authors, a)
			}
		}
		want.Origins = []offprint.Origin{{URL: pageURL(&p)}}
		papers, bad = read(t, ris.String()+ris.String(), "x", RIS)
		if len(papers) != 2 || len(bad) != 0 {
			t.Fatalf("paper %d: read %d papers and %v of:\n%s", i, len(papers), bad, &ris)
		}
		checkSame(t, &papers[1], &want)

		p.Summary = randomText(rnd, 9)
		p.Updated = time.Date(2025, 5, 6, 7, 8, 9, 0, time.UTC)
		p.Versions = []offprint.Version{{Number: 1, Time: p.Published}, {Number: 3, Time: p.Updated}}
		p.Withdrawn = rnd.IntN(2) == 0
		if err := p.Clean(); err != nil {
			t.Fatal(err)
		}
		var lines bytes.Buffer
		if err := WriteJSONL(&lines, &p); err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(lines.Bytes(), []byte("\n")); n != 1 {
			t.Errorf("paper %d takes %d lines", i, n)
		}
		want = p
		want.Origins = []offprint.Origin{{URL: pageURL(&p)}}
		got := readOne(t, lines.String(), JSONL)
		checkSame(t, &got, &want)
		if t.Failed() {
			t.Fatalf("paper %d:\n%s%s%s", i, &bib, &ris, &lines)
		}
	}
}

func TestWriteBibTeX(t *testing.T) {
	p := offprint.Paper{
		ArXivID: "1706.03762", Title: "BERT & the 5% of $O(n^2)$", Categories: []string{"cs.CL", "cs.LG"},
		Authors:   []string{"Jane Doe", "Martin Luther King Jr.", "Gemini Team", "Barnes and Noble"},
		Published: time.Date(2017, 6, 12, 0, 0, 0, 0, time.UTC),
		Abstract:  "One.\n\nTwo_{3}.",
	}
	var b bytes.Buffer
	if err := WriteBibTeX(&b, &p); err != nil {
		t.Fatal(err)
	}
	want := `@misc{doe2017bert,
  title         = {{BERT} \& the 5\% of $O(n^2)$},
  author        = {Jane Doe and King, Jr., Martin Luther and {Gemini Team} and {Barnes and Noble}},
  year          = {2017},
  month         = jun,
  eprint        = {1706.03762},
  archivePrefix = {arXiv},
  primaryClass  = {cs.CL},
  url           = {https://arxiv.org/abs/1706.03762},
  keywords      = {cs.CL, cs.LG},
  abstract      = {One.\par Two\_\textbraceleft{}3\textbraceright{}.},
}
`
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", &b, want)
	}
}

func TestWriteRIS(t *testing.T) {
	p := offprint.Paper{
		DOI: "10.1000/x", Title: "A\nTY  - title", Categories: []string{"cs.CL", "cs.LG"}, Journal: "J",
		Authors:   []string{"Ludwig van Beethoven", "Martin Luther King Jr.", "Gemini Team"},
		Published: time.Date(2017, 6, 12, 0, 0, 0, 0, time.UTC),
	}
	var b bytes.Buffer
	if err := WriteRIS(&b, &p); err != nil {
		t.Fatal(err)
	}
	want := `TY  - JOUR
TI  - A TY - title
AU  - van Beethoven, Ludwig
AU  - King, Martin Luther, Jr.
AU  - Gemini Team
PY  - 2017
DA  - 2017/06/12/
T2  - J
DO  - 10.1000/x
KW  - cs.CL
KW  - cs.LG
ER  - 

`
	if got := strings.ReplaceAll(b.String(), "\r\n", "\n"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestCiteKey(t *testing.T) {
	year := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		paper offprint.Paper
		want  string
	}{
		{offprint.Paper{Title: "On the Attention of X", Authors: []string{"Jane Doe"}, Published: year}, "doe2026attention"},
		{offprint.Paper{Title: "Über-Dinge", Authors: []string{"Kurt Gödel Jr."}, Listed: offprint.DateOf(year)}, "godel2026uber"},
		{offprint.Paper{Title: "What is it?", Authors: []string{"Ludwig van Beethoven"}}, "vanbeethoven"},
		{offprint.Paper{Title: "BERT: one", Authors: []string{"Gemini Team"}, Published: year}, "gemini2026bert"},
		{offprint.Paper{Title: "注意", Authors: []string{"王芳"}, Key: "2601.00001"}, "260100001"},
		{offprint.Paper{Title: "注意"}, "paper"},
	}
	for _, test := range tests {
		if got := CiteKey(&test.paper); got != test.want {
			t.Errorf("%q by %q: %s, want %s", test.paper.Title, test.paper.Authors, got, test.want)
		}
	}
}
