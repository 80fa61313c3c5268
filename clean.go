package offprint

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Years outside of these are mistakes: see [ParseDate].
const minYear, maxYear = 1900, 2200

// Limits on lists that sources keep short and only hostile ones make long.
const (
	maxCategories = 50
	maxVersions   = 1000
	maxOrigins    = 100
)

// Clean brings what a source says of a paper into the form in which it is
// stored, and may be called any number of times:
//
//   - texts are valid UTF-8, trimmed, without control characters and those that
//     reorder or hide text, with single spaces (an abstract and a summary keep
//     their paragraphs, parted by "\n\n"), and cut to their limits;
//   - lists have no empty entries, categories and origins no doubles, versions
//     are sorted, arXiv's categories have its capitals;
//   - ArXivID and DOI are normalised, and empty if they are malformed; arXiv's
//     own DOI becomes an ArXivID;
//   - an origin's URL is http or https, or empty;
//   - dates are UTC, and zero outside of 1900 to 2200;
//   - Links are those of [FindLinks], and Key that of [KeyFor] if it was empty.
//
// Only a paper without a title is refused, as [KindInvalid].
func (p *Paper) Clean() error {
	p.Title = cleanLine(p.Title, MaxTitle)
	if p.Title == "" {
		return Errorf(KindInvalid, "The paper has no title: give it one.")
	}
	p.Abstract = cleanParagraphs(p.Abstract, MaxAbstract)
	p.Summary = cleanParagraphs(p.Summary, MaxAbstract)
	p.Comment = cleanLine(p.Comment, MaxField)
	p.Journal = cleanLine(p.Journal, MaxField)
	p.Authors = cleanLines(p.Authors, MaxAuthors)
	p.Categories = cleanCategories(p.Categories)
	p.cleanIdentifiers()

	p.Published, p.Updated = cleanTime(p.Published), cleanTime(p.Updated)
	if y := p.Listed.Time().Year(); y < minYear || y > maxYear {
		p.Listed = 0
	}
	p.Versions = joinVersions(p.Versions)
	p.Origins = cleanOrigins(p.Origins)
	p.Links = FindLinks(p.Abstract, p.Comment)
	if p.Key == "" {
		p.Key = KeyFor(p)
	}
	return nil
}

func (p *Paper) cleanIdentifiers() {
	p.ArXivID, _, _ = ParseArXivID(p.ArXivID)
	p.DOI, _ = ParseDOI(p.DOI)
	if id, _, ok := ParseArXivID(p.DOI); ok {
		p.ArXivID, p.DOI = cmp.Or(p.ArXivID, id), ""
	}
}

func cleanOrigins(origins []Origin) []Origin {
	var out []Origin
	for _, o := range origins {
		o.Source = cleanLine(o.Source, MaxField)
		o.Signal = max(0, o.Signal)
		o.Seen = cleanTime(o.Seen)
		if u, err := url.Parse(o.URL); err != nil || u.Scheme != "http" && u.Scheme != "https" || len(o.URL) > MaxField {
			o.URL = ""
		}
		if !slices.ContainsFunc(out, func(x Origin) bool { return x.Source == o.Source }) && len(out) < maxOrigins {
			out = append(out, o)
		}
	}
	return out
}

// joinVersions returns the versions of all lists, ascending; of two with the
// same number, the one that comes first.
func joinVersions(lists ...[]Version) []Version {
	var out []Version
	for _, v := range slices.Concat(lists...) {
		if v.Time = cleanTime(v.Time); v.Number > 0 {
			out = append(out, v)
		}
	}
	slices.SortStableFunc(out, func(a, b Version) int { return cmp.Compare(a.Number, b.Number) })
	out = slices.CompactFunc(out, func(a, b Version) bool { return a.Number == b.Number })
	return out[:min(len(out), maxVersions)]
}

func cleanTime(t time.Time) time.Time {
	if t = t.UTC(); t.Year() < minYear || t.Year() > maxYear {
		return time.Time{}
	}
	return t
}

func cleanLines(list []string, limit int) []string {
	var out []string
	for _, s := range list {
		if len(out) == limit {
			break
		}
		if s = cleanLine(s, MaxField); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// cleanCategories writes categories as [ParseQuery] does in a filter, so that
// they are found. A few of arXiv's records have several in one, with commas.
func cleanCategories(list []string) []string {
	var out []string
	for _, s := range cleanLines(list, maxCategories) {
		for c := range strings.SplitSeq(s, ",") {
			c = cleanCategory(strings.TrimSpace(c))
			if c != "" && !slices.Contains(out, c) && len(out) < maxCategories {
				out = append(out, c)
			}
		}
	}
	return out
}

var blankLine = regexp.MustCompile(`\n[ \t\r]*\n`)

// cleanParagraphs is cleanLine for each paragraph of s.
func cleanParagraphs(s string, limit int) string {
	var b strings.Builder
	for _, paragraph := range blankLine.Split(cut(s, 4*limit), -1) {
		if paragraph = cleanLine(paragraph, limit); paragraph == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(paragraph)
	}
	return strings.TrimRight(cut(b.String(), limit), " \n")
}

// cleanLine makes hostile text safe to keep on one line of at most limit bytes.
func cleanLine(s string, limit int) string {
	if len(s) <= limit && isCleanLine(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), invisible(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(cut(s, 4*limit), ""))
	return strings.TrimRight(cut(strings.Join(strings.Fields(s), " "), limit), " ")
}

// isCleanLine reports whether cleanLine has nothing to do. Most texts are so:
// a store cleans again what a source has cleaned before.
func isCleanLine(s string) bool {
	space := true // where a space may not be
	for _, r := range s {
		switch {
		case r == ' ' && space:
			return false
		case r == ' ':
			space = true
			continue
		case r < ' ':
			return false
		case r >= 0x7f && (r == utf8.RuneError || unicode.IsSpace(r) || unicode.IsControl(r) || invisible(r)):
			return false
		}
		space = false
	}
	return !space || s == ""
}

// cut returns the first limit bytes of s, without a part of a character at the end.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && s[limit]&0xc0 == 0x80 {
		limit--
	}
	return s[:limit]
}

// invisible reports whether r only steers how other characters are shown, as
// bidirectional overrides do, or is none. The joiners that some scripts need
// are kept.
func invisible(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = '\u200c', '\u200d'
	if r == zeroWidthNonJoiner || r == zeroWidthJoiner {
		return false
	}
	return unicode.Is(unicode.Cf, r) || r == '\ufffe' || r == '\uffff'
}
