package bibfile

import (
	"regexp"
	"slices"
	"strings"

	"github.com/offprint/offprint"
)

// bibFields are the fields of BibTeX and BibLaTeX that a paper is made from.
var bibFields = func() map[string]bool {
	m := map[string]bool{}
	for _, f := range strings.Fields(`title subtitle author abstract doi url eprint primaryclass eprintclass
		journal journaltitle booktitle volume note comment keywords year month day date`) {
		m[f] = true
	}
	return m
}()

// paper returns what the entry says of its work. It takes in the habits of
// arXiv, DBLP and Google Scholar for naming a preprint.
func (e bibEntry) paper() offprint.Paper {
	p := offprint.Paper{
		Title:    e.text("title"),
		Authors:  bibAuthors(e["author"]),
		Abstract: e.text("abstract"),
		Comment:  firstOf(e.text("note"), e.text("comment")),
		Journal:  firstOf(e.text("journal"), e.text("journaltitle"), e.text("booktitle")),
	}
	if sub := e.text("subtitle"); sub != "" {
		p.Title += ": " + sub
	}
	if class := firstOf(e.text("primaryclass"), e.text("eprintclass")); isCategory(class) {
		p.Categories = append(p.Categories, class)
	}
	p.Categories = addCategories(p.Categories, e.text("keywords"))

	url := e.address("url")
	p.DOI = firstDOI(e.address("doi"), url)
	eprint, _, _ := offprint.ParseArXivID(e.address("eprint"))
	p.ArXivID = firstOf(eprint, firstArXivID(p.DOI, url, p.Journal, e.text("volume")))
	if p.ArXivID == "" && arxivStamp.MatchString(p.Comment) {
		p.ArXivID = firstArXivID(p.Comment)
	}
	if preprintJournal.MatchString(p.Journal) {
		p.Journal = ""
	}
	if url != "" {
		p.Origins = []offprint.Origin{{URL: url}}
	}
	date := parseDate(e.text("date"))
	if date.year == 0 {
		date = parseDate(e.text("year") + " " + e.text("month") + " " + e.text("day"))
	}
	date.put(&p)
	return p
}

// text returns a field as plain text.
func (e bibEntry) text(name string) string {
	v := e[name]
	if len(v) > 4*offprint.MaxAbstract {
		v = v[:4*offprint.MaxAbstract] // as much as cleaning could keep
	}
	return strings.TrimSpace(fromLaTeX(v))
}

// address returns a field in which nothing but escaped characters is LaTeX.
func (e bibEntry) address(name string) string {
	v := strings.TrimSpace(e[name])
	if len(v) > offprint.MaxField {
		return ""
	}
	return addressLaTeX.Replace(v)
}

var addressLaTeX = strings.NewReplacer(`\url`, "", `\~{}`, "~", `\textasciitilde`, "~", `\_`, "_", `\%`, "%", `\&`, "&",
	`\#`, "#", `\~`, "~", `\$`, "$", "{", "", "}", "")

// preprintJournal matches what stands for a journal when there is none:
// "arXiv preprint arXiv:1706.03762", "CoRR", "arXiv e-prints".
var preprintJournal = regexp.MustCompile(`(?i)^(corr|arxiv\b.*)$`)

// arxivStamp matches a note that is an arXiv id, as opposed to one that
// mentions another paper's.
var arxivStamp = regexp.MustCompile(`(?i)^arxiv\b`)

// arxivInText finds an arXiv id in running text and in addresses.
var arxivInText = regexp.MustCompile(`(?i)(?:arxiv[:.\s]\s*|abs/|pdf/|html/)((?:[a-z-]+(?:\.[a-z]{2})?/\d{7}|\d{4}\.\d{4,5})(?:v\d+)?)`)

// firstArXivID returns the first arXiv id in the texts.
func firstArXivID(texts ...string) string {
	for _, s := range texts {
		if id, _, ok := offprint.ParseArXivID(s); ok {
			return id
		}
		if m := arxivInText.FindStringSubmatch(s); m != nil {
			if id, _, ok := offprint.ParseArXivID(m[1]); ok {
				return id
			}
		}
	}
	return ""
}

// firstDOI returns the first of the texts that is a DOI or an address of one.
func firstDOI(texts ...string) string {
	for _, s := range texts {
		if doi, ok := offprint.ParseDOI(s); ok {
			return doi
		}
	}
	return ""
}

// categoryForm matches arXiv's categories. Other keywords are left out: the
// categories of papers are a short list that readers choose from.
var categoryForm = regexp.MustCompile(`^(?:(?:astro-ph|cond-mat|cs|econ|eess|math|nlin|physics|q-bio|q-fin|stat)\.[A-Za-z-]{2,16}|` +
	`astro-ph|cond-mat|gr-qc|hep-(?:ex|lat|ph|th)|math-ph|nucl-(?:ex|th)|quant-ph)$`)

func isCategory(s string) bool { return categoryForm.MatchString(s) }

// addCategories adds the categories among keywords that are separated by
// commas or semicolons.
func addCategories(list []string, keywords string) []string {
	for word := range strings.FieldsFuncSeq(keywords, func(r rune) bool { return r == ',' || r == ';' || r == '\n' }) {
		if word = strings.TrimSpace(word); isCategory(word) && !slices.Contains(list, word) {
			list = append(list, word)
		}
	}
	return list
}
