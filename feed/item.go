package feed

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"

	"github.com/offprint/offprint"
)

// origin is where a feed's items come from.
type origin struct {
	name string   // for offprint.Origin
	base *url.URL // what links are relative to
}

// convert turns a feed's items into papers, in their order.
func convert(f *gofeed.Feed, from origin, now time.Time) []offprint.Paper {
	var papers []offprint.Paper
	for _, it := range f.Items[:min(len(f.Items), maxItems)] {
		if it == nil {
			continue
		}
		if p, ok := paper(it, from, now); ok {
			papers = append(papers, p)
		}
	}
	return papers
}

// arXiv's own feeds put three things into the description.
var announcement = regexp.MustCompile(`^\s*arXiv:\S+\s+Announce Type:\s*([a-z-]+)\s+(?:Abstract:\s*)?`)

var abstractLabel = regexp.MustCompile(`^(?i:abstract)\s*[:.]\s*`)

// paper turns an item into a paper; ok is false if it has no title.
func paper(it *gofeed.Item, from origin, now time.Time) (p offprint.Paper, ok bool) {
	arxivID, doi := identifiers(it)
	abstract := strings.TrimSpace(cmp.Or(strings.TrimSpace(plainText(it.Description)), plainText(it.Content)))
	announced := extension(it, "arxiv", "announce_type")
	if m := announcement.FindStringSubmatch(abstract); m != nil {
		announced = cmp.Or(announced, m[1])
		abstract = abstract[len(m[0]):]
	}
	p = offprint.Paper{
		ArXivID:  arxivID,
		DOI:      doi,
		Title:    plainText(it.Title),
		Authors:  authors(it, arxivID != ""),
		Abstract: abstractLabel.ReplaceAllString(abstract, ""),
		Journal:  plainText(cmp.Or(extension(it, "arxiv", "journal_reference"), extension(it, "prism", "publicationName"))),
		Comment:  plainText(extension(it, "arxiv", "comment")),
		Origins:  []offprint.Origin{{Source: from.name, URL: link(it, from.base), Seen: now}},
	}
	for _, c := range it.Categories {
		p.Categories = append(p.Categories, plainText(c))
	}
	published, updated := timeOf(it.PublishedParsed), timeOf(it.UpdatedParsed)
	if arxivID == "" {
		// For a paper of arXiv's these would be when it was announced.
		p.Published, p.Updated = published, cmp.Or(updated, published)
	}
	p.Listed = listed(announced, arxivID, cmp.Or(published, updated), now)
	return p, p.Clean() == nil
}

// listed is the item's day, or the day of its first sight if it has none that
// is credible. What is not new is on no day: a new version, and the cross-list
// of a paper that arXiv has had for long.
func listed(announced, arxivID string, t, now time.Time) offprint.Date {
	today := offprint.DateOf(now.UTC())
	day := today
	if !t.IsZero() && t.Year() > 1970 {
		day = min(offprint.DateOf(t.UTC()), today+1)
	}
	if strings.HasPrefix(announced, "replace") {
		return 0
	}
	if announced == "cross" {
		// New ids begin with their year and month.
		month, err := time.Parse("0601", arxivID[:min(4, len(arxivID))])
		if err != nil || day > offprint.DateOf(month)+62 {
			return 0
		}
	}
	return day
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

var doiInPath = regexp.MustCompile(`/doi/(?:(?:abs|full|pdf|epdf|10\.1002/ps)/)?(10\.\d{4,9}/[^?#]+)`)

// identifiers finds an arXiv id and a DOI where feeds put them.
func identifiers(it *gofeed.Item) (arxivID, doi string) {
	candidates := []string{extension(it, "prism", "doi"), extension(it, "arxiv", "DOI"), extension(it, "arxiv", "doi")}
	if dc := it.DublinCoreExt; dc != nil {
		candidates = append(candidates, dc.Identifier...)
	}
	candidates = append(candidates, it.GUID, it.Link)
	candidates = append(candidates, it.Links...)
	for _, s := range candidates {
		s = strings.TrimSpace(s)
		if arxivID == "" {
			if id, _, ok := offprint.ParseArXivID(strings.TrimPrefix(s, "oai:arXiv.org:")); ok {
				arxivID = id
			}
		}
		if doi == "" {
			if d, ok := offprint.ParseDOI(s); ok {
				doi = d
			} else if m := doiInPath.FindStringSubmatch(s); m != nil {
				if d, ok := offprint.ParseDOI(m[1]); ok {
					doi = d
				}
			}
		}
	}
	return arxivID, doi
}

// extension returns the text of an item's first element with a name of a
// namespace that the feed gives this prefix.
func extension(it *gofeed.Item, prefix, name string) string {
	if e := it.Extensions[prefix][name]; len(e) > 0 {
		return strings.TrimSpace(e[0].Value)
	}
	return ""
}

// link is the item's page, or nothing if it is not of the web.
func link(it *gofeed.Item, base *url.URL) string {
	u, err := url.Parse(strings.TrimSpace(cmp.Or(it.Link, it.GUID)))
	if err != nil || u.String() == "" {
		return ""
	}
	if base != nil && it.Link != "" {
		u = base.ResolveReference(u)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}

// authors finds the names of an item's authors. Feeds have them in an element
// each, or in one with commas: arXiv's always, others' as far as it can be told
// from "Family, Given".
func authors(it *gofeed.Item, arxiv bool) []string {
	var fields []string
	if dc := it.DublinCoreExt; dc != nil {
		fields = dc.Creator
		if len(fields) == 0 {
			fields = dc.Author
		}
	}
	if len(fields) == 0 {
		for _, a := range it.Authors {
			if a != nil {
				fields = append(fields, a.Name)
			}
		}
	}
	var names []string
	for _, f := range fields {
		names = append(names, splitNames(strings.Join(strings.Fields(plainText(f)), " "), arxiv)...)
		if len(names) > offprint.MaxAuthors {
			break
		}
	}
	return names
}

func splitNames(s string, arxiv bool) []string {
	switch {
	case strings.Contains(s, ";"):
		var names []string
		for part := range strings.SplitSeq(s, ";") {
			names = append(names, givenFirst(strings.TrimSpace(part)))
		}
		return names
	case arxiv || strings.Count(s, ",") > 1 || severalFullNames(s):
		s = strings.ReplaceAll(strings.ReplaceAll(s, ", and ", ", "), " and ", ", ")
		var names []string
		for part := range strings.SplitSeq(s, ",") {
			names = append(names, strings.TrimSpace(part))
		}
		return names
	default:
		return []string{givenFirst(s)}
	}
}

// severalFullNames tells "Ada Lovelace, Alan Turing" from "Lovelace, Ada".
func severalFullNames(s string) bool {
	if strings.Contains(s, " and ") {
		return true
	}
	a, b, ok := strings.Cut(s, ",")
	return ok && len(strings.Fields(a)) > 1 && len(strings.Fields(b)) > 1
}

// givenFirst turns "Family, Given" round.
func givenFirst(s string) string {
	family, given, ok := strings.Cut(s, ",")
	if !ok {
		return s
	}
	return strings.TrimSpace(given) + " " + strings.TrimSpace(family)
}
