package bibfile

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/offprint/offprint"
)

// WriteBibTeX writes a paper as a BibTeX entry in a single call of Write: an
// @article if it has a journal, otherwise @misc, with the eprint fields that
// arXiv recommends. [Reader] reads back title, authors, abstract, arXiv id,
// DOI, journal, comment, arXiv's categories, the page's address, and the month
// of the first version; a day is not written, since a day would list the paper.
func WriteBibTeX(w io.Writer, p *offprint.Paper) error {
	var b bytes.Buffer
	kind := "misc"
	if p.Journal != "" {
		kind = "article"
	}
	fmt.Fprintf(&b, "@%s{%s,\n", kind, CiteKey(p))
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-13s = {%s},\n", name, value)
		}
	}
	field("title", titleLaTeX(oneLine(p.Title)))
	field("author", authorsLaTeX(p.Authors))
	if t := published(p); !t.IsZero() {
		field("year", t.Format("2006"))
		if !p.Published.IsZero() {
			fmt.Fprintf(&b, "  %-13s = %s,\n", "month", monthNames[t.Month()-1])
		}
	}
	field("journal", toLaTeX(oneLine(p.Journal)))
	if p.ArXivID != "" {
		field("eprint", p.ArXivID)
		field("archivePrefix", "arXiv")
		if len(p.Categories) > 0 && isCategory(p.Categories[0]) {
			field("primaryClass", p.Categories[0])
		}
	}
	field("doi", verbatim.Replace(p.DOI))
	field("url", verbatim.Replace(pageURL(p)))
	field("keywords", toLaTeX(strings.Join(p.Categories, ", ")))
	field("note", toLaTeX(oneLine(p.Comment)))
	paragraphs := strings.Split(p.Abstract, "\n\n")
	for i, s := range paragraphs {
		paragraphs[i] = toLaTeX(oneLine(s))
	}
	field("abstract", strings.Join(paragraphs, `\par `))
	b.WriteString("}\n")
	_, err := w.Write(b.Bytes())
	return err
}

// WriteRIS writes a paper as a RIS record in a single call of Write. [Reader]
// reads back what it does of [WriteBibTeX], but with the whole date, and
// without the commas in the names of groups, for which RIS has no form.
func WriteRIS(w io.Writer, p *offprint.Paper) error {
	var b bytes.Buffer
	field := func(tag, value string) {
		if value = oneLine(value); value != "" {
			fmt.Fprintf(&b, "%s  - %s\r\n", tag, value) // the line end is RIS's own
		}
	}
	kind := "UNPB"
	if p.Journal != "" {
		kind = "JOUR"
	}
	field("TY", kind)
	field("TI", p.Title)
	for _, a := range p.Authors {
		n := splitName(strings.ReplaceAll(a, ",", ""))
		switch {
		case n.suffix != "":
			field("AU", n.family+", "+n.given+", "+n.suffix)
		case n.given != "":
			field("AU", n.family+", "+n.given)
		default:
			field("AU", n.family)
		}
	}
	if t := published(p); !t.IsZero() {
		field("PY", t.Format("2006"))
		if !p.Published.IsZero() {
			field("DA", t.Format("2006/01/02/"))
		}
	}
	field("T2", p.Journal)
	if p.ArXivID != "" {
		field("AN", "arXiv:"+p.ArXivID)
	}
	field("DO", p.DOI)
	field("UR", pageURL(p))
	for _, c := range p.Categories {
		field("KW", c)
	}
	field("N1", p.Comment)
	field("AB", p.Abstract)
	b.WriteString("ER  - \r\n\r\n")
	_, err := w.Write(b.Bytes())
	return err
}

// verbatim keeps an address, which styles print as it stands, from ending its
// field.
var verbatim = strings.NewReplacer("{", "%7B", "}", "%7D", `\`, "%5C", " ", "%20", "\n", "", "\r", "")

// CiteKey returns a key to cite a paper by, such as doe2026attention: family
// name, year and first word of weight of the title, in ASCII.
func CiteKey(p *offprint.Paper) string {
	var author, year string
	if len(p.Authors) > 0 {
		n := splitName(p.Authors[0])
		words := strings.Fields(n.family)
		if n.given == "" && len(words) > 0 {
			words = words[:1] // a group: "Gemini Team"
		}
		author = ascii(strings.Join(words, ""))
	}
	if t := published(p); !t.IsZero() {
		year = t.Format("2006")
	}
	title := ""
	for _, word := range strings.Fields(p.Title) {
		word, _, _ = strings.Cut(word, "-")
		if word = ascii(word); len(word) > 2 && !smallWords[word] {
			title = word
			break
		}
	}
	return firstOf(author+year+title, ascii(p.Key), "paper")
}

// smallWords do not tell one title from another.
var smallWords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`about all and are beyond but can does for from has how into its not
		one our that the their there this towards toward under upon using via was were what when where which
		who why will with your`) {
		m[w] = true
	}
	return m
}()

// ascii returns the ASCII letters and digits of s, folded, at most 30.
func ascii(s string) string {
	const limit = 30
	out := make([]byte, 0, limit)
	for _, c := range []byte(offprint.FoldName(s)) {
		if ('a' <= c && c <= 'z' || '0' <= c && c <= '9') && len(out) < limit {
			out = append(out, c)
		}
	}
	return string(out)
}

// titleLaTeX returns a title in which the words that have capitals within,
// such as BERT, are in braces: bibliography styles leave these as they are.
func titleLaTeX(title string) string {
	words := strings.Split(title, " ")
	for i, w := range words {
		words[i] = toLaTeX(w)
	}
	// A formula may have spaces in it. Only as a whole does it stay a formula.
	if whole := toLaTeX(title); strings.Join(words, " ") != whole {
		return whole
	}
	for i, w := range words {
		_, n := utf8.DecodeRuneInString(w)
		if strings.ContainsFunc(w[n:], unicode.IsUpper) && !strings.ContainsAny(w, `\$`) {
			words[i] = "{" + w + "}"
		}
	}
	return strings.Join(words, " ")
}

// authorsLaTeX joins names so that each stays one: a group's in braces, one
// with a suffix in parts.
func authorsLaTeX(authors []string) string {
	names := make([]string, 0, len(authors))
	for _, a := range authors {
		a = oneLine(a)
		n, text := splitName(a), toLaTeX(a)
		hasAnd := false
		for _, word := range strings.Fields(a) {
			hasAnd = hasAnd || strings.EqualFold(word, "and") || strings.EqualFold(word, "others")
		}
		switch {
		case hasAnd, n.given == "" && strings.ContainsAny(text, " ,"):
			text = "{" + text + "}"
		case n.suffix != "":
			text = toLaTeX(n.family) + ", " + toLaTeX(n.suffix) + ", " + toLaTeX(n.given)
		}
		names = append(names, text)
	}
	return strings.Join(names, " and ")
}

// pageURL returns the address of the paper's page at the first source that has
// one, else at arXiv.
func pageURL(p *offprint.Paper) string {
	for _, o := range p.Origins {
		if o.URL != "" {
			return o.URL
		}
	}
	if p.ArXivID != "" {
		return "https://arxiv.org/abs/" + p.ArXivID
	}
	return ""
}

// oneLine turns white space, line ends above all, into single spaces.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
