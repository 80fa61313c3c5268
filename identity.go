package offprint

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// KeyFor returns the key of a new paper: its arXiv id with "-" for "/", or
// else "p-" and a hash of its DOI or of its title and authors.
func KeyFor(p *Paper) string {
	if p.ArXivID != "" {
		return strings.ReplaceAll(p.ArXivID, "/", "-")
	}
	sum := sha256.Sum256([]byte(cmp.Or(p.DOI, TitleKey(p.Title, p.Authors), exactText(p))))
	return "p-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:12])
}

// exactText is what tells apart works whose titles say too little.
func exactText(p *Paper) string {
	parts := append([]string{p.Title}, p.Authors...)
	if len(p.Origins) > 0 {
		parts = append(parts, p.Origins[0].URL)
	}
	if !p.Published.IsZero() {
		parts = append(parts, strconv.Itoa(p.Published.Year()))
	}
	return strings.Join(parts, "\x00")
}

// Identifiers returns the names by which two reports are known to be about the
// same work: "arxiv:2503.01234", "doi:10.1000/x" and "title:" with a hash of
// [TitleKey]. A work with none of them gets an "exact:" one, over everything
// that its source gives to tell it apart. The paper must be clean.
func (p *Paper) Identifiers() []string {
	var ids []string
	if p.ArXivID != "" {
		ids = append(ids, "arxiv:"+p.ArXivID)
	}
	if p.DOI != "" {
		ids = append(ids, "doi:"+p.DOI)
	}
	if k := TitleKey(p.Title, p.Authors); k != "" {
		ids = append(ids, "title:"+shortHash(k))
	}
	if len(ids) == 0 {
		ids = append(ids, "exact:"+shortHash(exactText(p)))
	}
	return ids
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}

// arxivArchives are the first parts of arXiv's categories and old ids.
var arxivArchives = func() map[string]bool {
	m := map[string]bool{}
	for _, a := range strings.Fields(`
		acc-phys adap-org alg-geom ao-sci astro-ph atom-ph bayes-an chao-dyn chem-ph cmp-lg comp-gas
		cond-mat cs dg-ga econ eess funct-an gr-qc hep-ex hep-lat hep-ph hep-th math math-ph mtrl-th nlin
		nucl-ex nucl-th patt-sol physics plasm-ph q-alg q-bio q-fin quant-ph solv-int stat supr-con`) {
		m[a] = true
	}
	return m
}()

var (
	arxivNew = regexp.MustCompile(`^(\d\d(?:0[1-9]|1[0-2])\.\d{4,5})(?:v([1-9]\d{0,3}))?$`)
	arxivOld = regexp.MustCompile(`^([a-z-]+)(?:\.[a-z-]{2,12})?/(\d\d(?:0[1-9]|1[0-2])\d{3})(?:v([1-9]\d{0,3}))?$`)
	arxivURL = regexp.MustCompile(`^(?:https?://)?(?:[a-z]+\.)?arxiv\.org/(?:abs|pdf|html)/([^?#]+?)(?:\.pdf|/)?(?:[?#].*)?$`)
	doiForm  = regexp.MustCompile(`^10\.\d{4,9}(?:\.\d+)*/[^\s\x00-\x1f\x7f]+$`)
)

// ParseArXivID reads an arXiv id, with or without version, as it is written in
// references, addresses of arxiv.org and arXiv's DOIs. The version is 0 if it
// is not given.
func ParseArXivID(s string) (id string, version int, ok bool) {
	if len(s) > 300 {
		return "", 0, false
	}
	s = strings.ToLower(strings.TrimSpace(s))
	if m := arxivURL.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	if doi, ok := ParseDOI(s); ok {
		s, ok = strings.CutPrefix(doi, "10.48550/arxiv.")
		if !ok {
			return "", 0, false
		}
	}
	if after, ok := strings.CutPrefix(s, "arxiv:"); ok {
		// The stamp on a PDF goes on: "arXiv:2503.01234v1 [cs.CL] 3 Mar 2025".
		s, _, _ = strings.Cut(strings.TrimSpace(after), " ")
	}
	var v string
	if m := arxivNew.FindStringSubmatch(s); m != nil {
		id, v = m[1], m[2]
	} else if m := arxivOld.FindStringSubmatch(s); m != nil && arxivArchives[m[1]] {
		id, v = m[1]+"/"+m[2], m[3]
	} else {
		return "", 0, false
	}
	version, _ = strconv.Atoi(v) // "" is 0
	return id, version, true
}

// ParseDOI reads a DOI, bare, with "doi:" or as a resolver's address, and
// returns it in lower case.
func ParseDOI(s string) (doi string, ok bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	for _, prefix := range []string{"https://", "http://"} {
		s = strings.TrimPrefix(s, prefix)
	}
	for _, host := range []string{"doi.org/", "dx.doi.org/", "www.doi.org/"} {
		if after, found := strings.CutPrefix(s, host); found {
			after, _, _ = strings.Cut(after, "?")
			plain, err := url.PathUnescape(after)
			if err != nil {
				return "", false
			}
			s = strings.ToLower(plain)
		}
	}
	s = strings.TrimSpace(strings.TrimPrefix(s, "doi:"))
	s = strings.TrimRight(s, ".,;")
	if len(s) > 300 || !doiForm.MatchString(s) {
		return "", false
	}
	return s, true
}

// TitleKey returns the same string for the same work however its title and
// authors are written: the title without markup, case, punctuation and
// diacritics, with the family names of the first and the last author. It is
// empty when that is too little to go by: a title of fewer than 3 words, or no
// authors.
func TitleKey(title string, authors []string) string {
	title = FoldName(plainTitle(title))
	if strings.Count(title, " ") < 2 || len(authors) == 0 {
		return ""
	}
	first, last := familyName(authors[0]), familyName(authors[len(authors)-1])
	if first == "" || last == "" {
		return ""
	}
	return strings.ReplaceAll(title, " ", "") + "|" + first + "|" + last
}

var latexCommand = regexp.MustCompile(`\\[a-zA-Z]+\s*|\\.`)

// plainTitle drops the markup of LaTeX.
func plainTitle(s string) string {
	s = latexCommand.ReplaceAllStringFunc(s, func(c string) string {
		return ""
	})
	return strings.NewReplacer("$", "", "{", "", "}", "", "_", "", "^", "", "~", " ").Replace(s)
}

// familyName returns the last word of an author's family name, folded.
func familyName(s string) string {
	if family, _, ok := strings.Cut(s, ","); ok {
		s = family
	}
	words := strings.Fields(FoldName(s))
	for len(words) > 1 && slices.Contains([]string{"jr", "sr", "ii", "iii", "iv"}, words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// invisible reports whether r only steers how other characters are shown, as
// bidirectional overrides do. The joiners that some scripts need are kept.
func invisible(r rune) bool {
	const zwnj, zwj = '\u200c', '\u200d'
	return unicode.Is(unicode.Cf, r) && r != zwnj && r != zwj || r == '\ufffe' || r == '\uffff'
}

// cleanText makes hostile text safe to keep: valid UTF-8, without control and
// invisible characters, with single spaces, at most limit bytes.
func cleanText(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), invisible(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > limit {
		s = strings.TrimRight(strings.ToValidUTF8(s[:limit], ""), " ")
	}
	return s
}

// Clean brings what a source says of a paper into the form in which it is
// stored: text trimmed, with single spaces, without control characters and
// those that reorder text, cut to the limits; identifiers normalised; versions
// sorted; addresses of origins only if they are of the web; Key set if it is
// empty; Links found. Only a paper without a title is refused ([KindInvalid]).
func (p *Paper) Clean() error {
	p.Title = cleanText(p.Title, MaxTitle)
	if p.Title == "" {
		return Errorf(KindInvalid, "The paper has no title.")
	}
	p.Abstract = cleanText(p.Abstract, MaxAbstract)
	p.Summary = cleanText(p.Summary, MaxAbstract)
	p.Comment = cleanText(p.Comment, MaxField)
	p.Journal = cleanText(p.Journal, MaxField)
	p.Authors = cleanList(p.Authors, MaxAuthors)
	p.Categories = cleanList(p.Categories, maxCategories)
	if doi, ok := ParseDOI(p.DOI); ok {
		p.DOI = doi
	} else {
		p.DOI = ""
	}
	if id, _, ok := ParseArXivID(p.ArXivID); ok {
		p.ArXivID = id
	} else {
		p.ArXivID = ""
	}
	if id, _, ok := ParseArXivID(p.DOI); ok { // arXiv's own DOI says no more than the id
		p.DOI = ""
		p.ArXivID = cmp.Or(p.ArXivID, id)
	}
	p.Published, p.Updated = cleanTime(p.Published), cleanTime(p.Updated)
	p.Versions = unionVersions(nil, p.Versions)
	p.Origins = slices.Clone(p.Origins)
	for i := range p.Origins {
		o := &p.Origins[i]
		o.Source = cleanText(o.Source, MaxField)
		o.Seen = cleanTime(o.Seen)
		o.Signal = max(0, o.Signal)
		if u, err := url.Parse(o.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || len(o.URL) > MaxField {
			o.URL = ""
		}
	}
	p.Links = FindLinks(p.Abstract, p.Comment)
	if p.Key == "" {
		p.Key = KeyFor(p)
	}
	return nil
}

const maxCategories = 50

func cleanList(list []string, limit int) []string {
	var out []string
	for _, s := range list {
		if s = cleanText(s, MaxField); s != "" && len(out) < limit {
			out = append(out, s)
		}
	}
	return out
}

func cleanTime(t time.Time) time.Time {
	if t = t.UTC(); t.Year() < 1000 || t.Year() > 2200 {
		return time.Time{}
	}
	return t
}

func unionVersions(a, b []Version) []Version {
	var out []Version
	for _, v := range slices.Concat(b, a) {
		if v.Number > 0 && !slices.ContainsFunc(out, func(w Version) bool { return w.Number == v.Number }) {
			out = append(out, Version{v.Number, cleanTime(v.Time)})
		}
	}
	slices.SortFunc(out, func(a, b Version) int { return cmp.Compare(a.Number, b.Number) })
	return out
}

// Merge takes over what q, a newer report on the same work, says, and reports
// whether that changed anything.
func (p *Paper) Merge(q *Paper) (changed bool) {
	set := func(dst *string, src string) {
		if src != "" && *dst != src {
			*dst, changed = src, true
		}
	}
	older := q.Updated.Before(p.Updated)
	if !older {
		set(&p.Title, q.Title)
		set(&p.Abstract, q.Abstract)
		set(&p.Comment, q.Comment)
		set(&p.Journal, q.Journal)
		set(&p.ArXivID, q.ArXivID)
		set(&p.DOI, q.DOI)
		if len(q.Authors) > 0 && !slices.Equal(p.Authors, q.Authors) {
			p.Authors, changed = slices.Clone(q.Authors), true
		}
		if len(q.Categories) > 0 && !slices.Equal(p.Categories, q.Categories) {
			p.Categories, changed = slices.Clone(q.Categories), true
		}
		if q.Updated.After(p.Updated) {
			p.Updated, changed = q.Updated, true
		}
	}
	set(&p.Summary, q.Summary)
	if q.Listed != 0 && (p.Listed == 0 || q.Listed < p.Listed) {
		p.Listed, changed = q.Listed, true
	}
	if !q.Published.IsZero() && (p.Published.IsZero() || q.Published.Before(p.Published)) {
		p.Published, changed = q.Published, true
	}
	if v := unionVersions(p.Versions, q.Versions); !slices.EqualFunc(v, p.Versions, func(a, b Version) bool { return a.Number == b.Number && a.Time.Equal(b.Time) }) {
		p.Versions, changed = v, true
	}
	for _, o := range q.Origins {
		i := slices.IndexFunc(p.Origins, func(x Origin) bool { return x.Source == o.Source })
		if i < 0 {
			p.Origins, changed = append(slices.Clone(p.Origins), o), true
		} else if x := &p.Origins[i]; x.Signal != o.Signal {
			x.Signal, changed = o.Signal, true
		}
	}
	if p.Withdrawn != q.Withdrawn {
		p.Withdrawn, changed = q.Withdrawn, true
	}
	if changed {
		p.Links = FindLinks(p.Abstract, p.Comment)
	}
	return changed
}
