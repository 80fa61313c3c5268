package arxiv

import (
	"regexp"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

// paper turns a record into a paper, or into the id of one that is deleted.
// ok is false for a record that names no arXiv paper or has no title.
func (r *record) paper(seen time.Time) (p offprint.Paper, deleted string, ok bool) {
	// The identifier is "oai:arXiv.org:2503.01234".
	name := r.Header.Identifier[strings.LastIndexByte(r.Header.Identifier, ':')+1:]
	if r.Metadata != nil && r.Metadata.ID != "" {
		name = r.Metadata.ID
	}
	id, _, valid := offprint.ParseArXivID(name)
	if !valid {
		return p, "", false
	}
	if r.Header.Status == "deleted" {
		return p, id, true
	}
	m := r.Metadata
	if m == nil {
		return p, "", false
	}
	created, updated := day(m.Created), day(m.Updated)
	p = offprint.Paper{
		ArXivID:    id,
		DOI:        firstWord(m.DOI), // several, separated by spaces, happen
		Title:      m.Title,
		Abstract:   m.Abstract,
		Categories: strings.Fields(m.Categories),
		Comment:    m.Comments,
		Journal:    m.JournalRef,
		Listed:     listed(created, updated, day(r.Header.Datestamp)),
		Published:  timeOf(created),
		Updated:    timeOf(max(created, updated)),
		Withdrawn:  withdrawn(m.Comments),
		Origins:    origins(id, seen),
	}
	for _, a := range m.Authors {
		p.Authors = append(p.Authors, strings.Join([]string{a.Forenames, a.Keyname, a.Suffix}, " "))
	}
	return p, "", p.Clean() == nil
}

func origins(id string, seen time.Time) []offprint.Origin {
	return []offprint.Origin{{Source: "arxiv", URL: "https://arxiv.org/abs/" + id, Seen: seen}}
}

var withdrawal = regexp.MustCompile(`(?i)^\W*withdrawn\b|\b(paper|article|work|manuscript|preprint|submission) (has been|is|was) withdrawn\b`)

// withdrawn reports whether the authors' comment takes the paper back, which
// is the only sign that arXiv gives of it.
func withdrawn(comment string) bool {
	return withdrawal.MatchString(strings.Join(strings.Fields(comment), " "))
}

// day reads the day of a datestamp, with or without its time; 0 if malformed.
func day(s string) offprint.Date {
	s = strings.TrimSpace(s)
	d, err := offprint.ParseDate(s[:min(len(s), len(time.DateOnly))])
	if err != nil {
		return 0
	}
	return d
}

// timeOf returns a day's first instant, and no time for no day.
func timeOf(d offprint.Date) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return d.Time()
}

func firstWord(s string) string {
	for word := range strings.FieldsSeq(s) {
		return word
	}
	return ""
}
