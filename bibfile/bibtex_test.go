package bibfile

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// read reads all papers and all bad records of a text.
func read(t testing.TB, text, name string, format Format) (papers []offprint.Paper, bad []*RecordError) {
	t.Helper()
	r, err := NewReader(strings.NewReader(text), name, format)
	if err != nil {
		t.Fatal(err)
	}
	for {
		p, err := r.Read()
		if errors.Is(err, io.EOF) {
			return papers, bad
		}
		if wrong, ok := errors.AsType[*RecordError](err); ok {
			bad = append(bad, wrong)
		} else if err != nil {
			t.Fatal(err)
		} else {
			papers = append(papers, p)
		}
	}
}

// readOne reads a text that has one good record.
func readOne(t testing.TB, text string, format Format) offprint.Paper {
	t.Helper()
	papers, bad := read(t, text, "x", format)
	if len(papers) != 1 || len(bad) != 0 {
		t.Fatalf("read %d papers and bad records %v, want 1 and none, of:\n%s", len(papers), bad, text)
	}
	return papers[0]
}

func TestBibTeXEntries(t *testing.T) {
	tests := []struct {
		name, text string
		want       func(p *offprint.Paper)
	}{
		{"arXiv's own export", `@misc{vaswani2023attention,
      title={Attention Is All You Need},
      author={Ashish Vaswani and Noam Shazeer and {\L}ukasz Kaiser},
      year={2017}, month=jun,
      eprint={1706.03762},
      archivePrefix={arXiv},
      primaryClass={cs.CL},
      url={https://arxiv.org/abs/1706.03762v7},
}`, func(p *offprint.Paper) {
			p.Title = "Attention Is All You Need"
			p.Authors = []string{"Ashish Vaswani", "Noam Shazeer", "Łukasz Kaiser"}
			p.Published = time.Date(2017, 6, 1, 0, 0, 0, 0, time.UTC)
			p.ArXivID, p.Categories = "1706.03762", []string{"cs.CL"}
			p.Origins = []offprint.Origin{{URL: "https://arxiv.org/abs/1706.03762v7"}}
		}},
		{"DBLP's preprint", `@article{DBLP:journals/corr/VaswaniSPUJGKP17,
  author = {Ashish Vaswani}, title = {Attention is All you Need},
  journal = {CoRR}, volume = {abs/1706.03762}, year = {2017},
}`, func(p *offprint.Paper) {
			p.Title, p.Authors, p.ArXivID = "Attention is All you Need", []string{"Ashish Vaswani"}, "1706.03762"
			p.Published = time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC)
		}},
		{"Google Scholar's preprint", `@article{x, title={A}, author={Doe, Jane and others}, journal={arXiv preprint arXiv:hep-th/9901001}}`,
			func(p *offprint.Paper) { p.Title, p.Authors, p.ArXivID = "A", []string{"Jane Doe"}, "hep-th/9901001" }},
		{"arXiv's DOI", `@misc{x, title={A}, doi={https://doi.org/10.48550/arXiv.1706.03762}}`,
			func(p *offprint.Paper) { p.Title, p.ArXivID = "A", "1706.03762" }},
		{"a note that mentions another paper", `@misc{x, title={A}, note={Extends arXiv:1706.03762}}`,
			func(p *offprint.Paper) { p.Title, p.Comment = "A", "Extends arXiv:1706.03762" }},
		{"macros, concatenation, quotes", `@string{jmlr = "Journal of " # {Machine}} @STRING(ml = {Learning})
@Article{x, title = "A {"}quoted{"} title", journal = jmlr # " " # ml # { Research}, year = 2003, month = "12~" # feb}`,
			func(p *offprint.Paper) {
				p.Title, p.Journal = `A "quoted" title`, "Journal of Machine Learning Research"
				p.Listed, p.Published = offprint.NewDate(2003, 2, 12), time.Date(2003, 2, 12, 0, 0, 0, 0, time.UTC)
			}},
		{"BibLaTeX", `@online{x, title = {A}, subtitle = {B}, date = {2024-03-05}, eprint = {2403.01234v2}, eprinttype = {arXiv},
 eprintclass = {stat.ML}, journaltitle = {J}, keywords = {deep learning, cs.LG; stat.ML}}`, func(p *offprint.Paper) {
			p.Title, p.ArXivID, p.Journal, p.Categories = "A: B", "2403.01234", "J", []string{"stat.ML", "cs.LG"}
			p.Listed, p.Published = offprint.NewDate(2024, 3, 5), time.Date(2024, 3, 5, 0, 0, 0, 0, time.UTC)
		}},
		{"parentheses, no key, no commas, comments within", "@misc(\n title = {A} % not this: {\n% year = 1999,\n note = {B}\n)",
			func(p *offprint.Paper) { p.Title, p.Comment = "A", "B" }},
		{"no key at all", `@misc{title = {A}, note = {B}}`, func(p *offprint.Paper) { p.Title, p.Comment = "A", "B" }},
		{"comments around", "me@example.org {x}\n@comment{ {@misc{no, title={No}}} }\n@preamble{\"\\def\\x{}\"}\n@misc{a, title={A}}\ntrailing } { text",
			func(p *offprint.Paper) { p.Title = "A" }},
		{"the first of two fields counts", `@misc{a, title={A}, title={B}}`, func(p *offprint.Paper) { p.Title = "A" }},
		{"formulas stay", `@misc{a, title={On $\mathcal{O}(n^{2})$ {GANs} and \(x_1\), 5\% \& up}}`,
			func(p *offprint.Paper) { p.Title = `On $\mathcal{O}(n^{2})$ GANs and \(x_1\), 5% & up` }},
		{"an address with escapes", `@misc{a, title={A}, url={\url{https://x.org/\~{}me/a\_b%20c}}}`, func(p *offprint.Paper) {
			p.Title, p.Origins = "A", []offprint.Origin{{URL: "https://x.org/~me/a_b%20c"}}
		}},
		{"a script for an address", `@misc{a, title={A}, url={javascript:alert(1)}}`, func(p *offprint.Paper) { p.Title = "A" }},
		{"Latin-1", "@misc{a, title={Schr\xf6dinger \x96 \x93caf\xe9\x94}}", func(p *offprint.Paper) { p.Title = "Schrödinger – “café”" }},
		{"byte order mark", "\ufeff@misc{a, title={A}}", func(p *offprint.Paper) { p.Title = "A" }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var want offprint.Paper
			test.want(&want)
			got := readOne(t, test.text, BibTeX)
			checkSame(t, &got, &want)
		})
	}
}

// checkSame compares what a file says of a paper.
func checkSame(t testing.TB, got, want *offprint.Paper) {
	t.Helper()
	flat := func(p *offprint.Paper) string {
		url := ""
		if len(p.Origins) > 0 {
			url = p.Origins[0].URL
		}
		return fmt.Sprintf("title %q\nauthors %q\nabstract %q\nsummary %q\ncategories %q\ncomment %q\njournal %q\narXiv %q\nDOI %q\n"+
			"listed %v\npublished %v\nupdated %v\nversions %v\nwithdrawn %v\nURL %q",
			p.Title, p.Authors, p.Abstract, p.Summary, p.Categories, p.Comment, p.Journal, p.ArXivID, p.DOI,
			p.Listed, p.Published, p.Updated, p.Versions, p.Withdrawn, url)
	}
	g, w := strings.Split(flat(got), "\n"), strings.Split(flat(want), "\n")
	for i := range g {
		if g[i] != w[i] {
			t.Errorf("got  %s\nwant %s", g[i], w[i])
		}
	}
}

func TestBibTeXAuthors(t *testing.T) {
	tests := []struct {
		list string
		want []string
	}{
		{``, nil},
		{`Jane Doe`, []string{"Jane Doe"}},
		{`Doe, Jane`, []string{"Jane Doe"}},
		{`van Beethoven, Ludwig and Ludwig van Beethoven`, []string{"Ludwig van Beethoven", "Ludwig van Beethoven"}},
		{`King, Jr., Martin Luther`, []string{"Martin Luther King Jr."}},
		{`de la Vall{\'e}e Poussin, Charles Louis Xavier Joseph`, []string{"Charles Louis Xavier Joseph de la Vallée Poussin"}},
		{`{Barnes and Noble, Inc.} and {Gemini Team}`, []string{"Barnes and Noble, Inc.", "Gemini Team"}},
		{"A. One\n  AND\tB. Two and\r\nC. Three and others", []string{"A. One", "B. Two", "C. Three"}},
		{`and and A. One and and B. Two and `, []string{"A. One", "B. Two"}},
		{`G{\"o}del, Kurt and Erd\H{o}s, P{\'a}l and {\O}rsted and \v{C}ech, E.`, []string{"Kurt Gödel", "Pál Erdős", "Ørsted", "E. Čech"}},
		{`A, B, C, D`, []string{"C D A B"}},
		{`Sandy Land`, []string{"Sandy Land"}},
		{`,`, nil},
	}
	for _, test := range tests {
		p := readOne(t, "@misc{a, title={A}, author={"+test.list+"}}", BibTeX)
		if !slices.Equal(p.Authors, test.want) {
			t.Errorf("%q gives %q, want %q", test.list, p.Authors, test.want)
		}
	}
}

func TestBibTeXGoesOnAfterBadEntries(t *testing.T) {
	text := `% a comment
@misc{one, title = {One}}

@misc{two,
  title = {Two,
  year = 2001
}
@misc{three, title = {Three}}
@misc{four, author = {Nobody}}
@misc{five, title = {Five} ; }
@misc{six, title = "Six}
@misc{seven, title = {Seven}} @misc{eight, title = {Eight}}
@misc{nine, title = {Nine`
	papers, bad := read(t, text, "refs.bib", "")
	var titles []string
	for _, p := range papers {
		titles = append(titles, p.Title)
		if p.Origins[0].Source != "file:refs.bib" {
			t.Errorf("origin is %q", p.Origins[0].Source)
		}
	}
	if want := []string{"One", "Three", "Seven", "Eight"}; !slices.Equal(titles, want) {
		t.Errorf("read %q, want %q", titles, want)
	}
	var lines []int
	for _, b := range bad {
		lines = append(lines, b.Line)
		if !strings.HasPrefix(b.Error(), fmt.Sprintf("refs.bib:%d: ", b.Line)) {
			t.Errorf("message does not start with its place: %q", b)
		}
	}
	if want := []int{4, 9, 10, 11, 13}; !slices.Equal(lines, want) {
		t.Errorf("bad records at %v, want %v: %v", lines, want, bad)
	}
}

func TestBibTeXMacroBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("@string{a0 = {" + strings.Repeat("x", 1000) + "}}\n")
	for i := range 40 {
		fmt.Fprintf(&b, "@string{a%d = a%d # a%d # a%d}\n", i+1, i, i, i)
	}
	b.WriteString("@misc{x, title = a40 # a39, note = {" + strings.Repeat("} # a1 # {", 5000) + "}}\n@misc{y, title = {Y}}")
	papers, bad := read(t, b.String(), "x", BibTeX)
	if len(papers) != 1 || papers[0].Title != "Y" {
		t.Errorf("read %d papers, want Y alone", len(papers))
	}
	if len(bad) == 0 {
		t.Error("nothing was refused")
	}
}

func TestFromLaTeX(t *testing.T) {
	tests := []struct{ in, want string }{
		{`\"o \"{o} {\"o} {\"{o}} \" o`, "ö ö ö ö ö"},
		{`\'e\'{e}\` + "`" + `a\^{\i}\~n\=a\.z`, "ééàîñāż"},
		{`\u{g}\v{c}\H{u}\c{c}\k{a}\r{u}\d{h}\b{d}`, "ğčűçąůḥḏ"},
		{`\c c \v s \'\i`, "ç š í"},
		{`{\o} \O{} \ss{} \l\L \ae \AE{} \aa{} {\AA} {\i}`, "ø Ø ß łŁæÆ å Å ı"},
		{`Stra\ss e, Stra{\ss}e`, "Straße, Straße"},
		{`\'{\^{e}} \'\^e`, "ế ế"},
		{`\& \% \$ \# \_ \{ \}`, "& % $ # _ { }"},
		{`a~b\ c\\d\,e\-f\/g`, "a b c d efg"},
		{`\textbf{bold} {\em soft} \emph{x}`, "bold soft x"},
		{`\unknown stays, \textunknown{goes}`, `\unknown stays, goes`},
		{`$\alpha_{1}$ and $$x$$ and \[y\] and \$5 or $5`, `$\alpha_{1}$ and $$x$$ and \[y\] and $5 or $5`},
		{`\^{} \~{} \textasciitilde{} \textbackslash{} \` + "`" + `{}`, "^ ~ ~ \\ `"},
		{`\`, `\`},
		{`\'`, `'`},
		{`\'{`, `'`},
		{`\'{a`, `á`},
		{`}{`, ``},
		{`\'{abc}`, "ábc"},
		{`\'ж`, "ж\u0301"},
	}
	for _, test := range tests {
		if got := fromLaTeX(test.in); got != test.want {
			t.Errorf("%s gives %q, want %q", test.in, got, test.want)
		}
	}
}

// What a hostile file can make slow must stay proportionate: these ran for
// minutes, or out of stack, before they were bounded.
func TestHostileLaTeX(t *testing.T) {
	for _, unit := range []string{`\'`, `\'{`, `{`, `}`, `$`, `\(`, `\[`, `$$`, `\`, `\'\i`, `~`} {
		fromLaTeX(strings.Repeat(unit, 200_000/len(unit)))
		toLaTeX(strings.Repeat(unit, 200_000/len(unit)))
	}
}
