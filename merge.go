package offprint

import (
	"cmp"
	"slices"
	"strings"
)

// Merge takes over what a later report q on the same work has to say, and
// reports whether that changed p. Both must be clean. Merging the same report
// again changes nothing.
//
//   - A report never replaces something with nothing.
//   - Title, authors, abstract, categories, comment, journal, identifiers and
//     Updated come from the newer text: by arXiv id if there are two, else by the
//     number of versions, else by Updated. A report without a date is older than
//     one with a date; of two alike, q counts as newer. What the newer text lacks
//     is filled in from the older one. What only feeds tell of a work counts as
//     older than any other report, whatever its date: a feed often speaks of
//     papers that it links, in words of its own.
//   - Versions are united, unless they are of two arXiv ids.
//   - Listed and Published are the earliest.
//   - Origins are united by source; of one that both have, q's signal and
//     address count.
//   - Withdrawn is set when the newer report says so, and taken back when arXiv,
//     which alone reports it, brings the paper again.
//
// The summary is q's, if it has one, since there is only one place for it to come
// from. ID, Key and what readers did stay.
func (p *Paper) Merge(q *Paper) (changed bool) {
	m := merge{p: p, q: q, age: compareAge(q, p), twoIDs: twoArXivIDs(p, q)}
	m.texts()
	m.versions()
	m.dates()
	m.origins()
	m.withdrawn()
	if m.changed {
		p.Links = FindLinks(p.Abstract, p.Comment)
	}
	return m.changed
}

// merge is one call of [Paper.Merge].
type merge struct {
	p, q    *Paper
	age     int  // -1 if q's text is older than p's, 1 if it is newer
	twoIDs  bool // see twoArXivIDs
	changed bool
}

// compareAge compares the texts of two reports on a work: -1 if a's is older.
func compareAge(a, b *Paper) int {
	if twoArXivIDs(a, b) {
		return compareArXivIDs(a.ArXivID, b.ArXivID)
	}
	if own := ownWords(a); own != ownWords(b) {
		if own {
			return 1
		}
		return -1
	}
	if na, nb := lastVersion(a), lastVersion(b); na > 0 && nb > 0 && na != nb {
		return cmp.Compare(na, nb)
	}
	if !a.Updated.IsZero() && !b.Updated.IsZero() {
		return a.Updated.Compare(b.Updated)
	}
	dated := func(p *Paper) int {
		if p.Updated.IsZero() && len(p.Versions) == 0 {
			return 0
		}
		return 1
	}
	return cmp.Compare(dated(a), dated(b))
}

// ownWords reports whether something else than a feed speaks of a paper.
func ownWords(p *Paper) bool {
	return slices.ContainsFunc(p.Origins, func(o Origin) bool { return !strings.HasPrefix(o.Source, "feed:") })
}

// twoArXivIDs reports whether a work was submitted twice, so that each report
// is of another record of arXiv's.
func twoArXivIDs(a, b *Paper) bool {
	return a.ArXivID != "" && b.ArXivID != "" && a.ArXivID != b.ArXivID
}

// compareArXivIDs orders ids by month, and within one by their text.
func compareArXivIDs(a, b string) int {
	month := func(id string) string {
		_, digits, old := strings.Cut(id, "/")
		switch {
		case !old:
			return "20" + id
		case digits[0] == '9':
			return "19" + digits
		default:
			return "20" + digits
		}
	}
	return cmp.Or(cmp.Compare(month(a), month(b)), cmp.Compare(a, b))
}

func lastVersion(p *Paper) int {
	if len(p.Versions) == 0 {
		return 0
	}
	return p.Versions[len(p.Versions)-1].Number
}

func (m *merge) texts() {
	p, q := m.p, m.q
	m.text(&p.Title, q.Title)
	m.text(&p.Abstract, q.Abstract)
	m.text(&p.Comment, q.Comment)
	m.text(&p.Journal, q.Journal)
	m.text(&p.DOI, q.DOI)
	m.list(&p.Authors, q.Authors)
	m.list(&p.Categories, q.Categories)
	if q.Summary != "" && q.Summary != p.Summary {
		p.Summary, m.changed = q.Summary, true
	}
	m.text(&p.ArXivID, q.ArXivID)
}

func (m *merge) text(p *string, q string) {
	if q != "" && q != *p && (m.age >= 0 || *p == "") {
		*p, m.changed = q, true
	}
}

func (m *merge) list(p *[]string, q []string) {
	if len(q) > 0 && !slices.Equal(*p, q) && (m.age >= 0 || len(*p) == 0) {
		*p, m.changed = slices.Clone(q), true
	}
}

func (m *merge) versions() {
	var joined []Version
	switch {
	case m.twoIDs && (m.age < 0 || len(m.q.Versions) == 0):
		return
	case m.twoIDs:
		joined = joinVersions(m.q.Versions)
	case m.age < 0:
		joined = joinVersions(m.p.Versions, m.q.Versions)
	default:
		joined = joinVersions(m.q.Versions, m.p.Versions)
	}
	same := func(a, b Version) bool { return a.Number == b.Number && a.Time.Equal(b.Time) }
	if !slices.EqualFunc(joined, m.p.Versions, same) {
		m.p.Versions, m.changed = joined, true
	}
}

func (m *merge) dates() {
	p, q := m.p, m.q
	outranked := m.age > 0 && !ownWords(p) && ownWords(q) // p's date is a feed's
	if m.age >= 0 && q.Updated.After(p.Updated) || outranked && !q.Updated.IsZero() && !q.Updated.Equal(p.Updated) {
		p.Updated, m.changed = q.Updated, true
	}
	if !q.Published.IsZero() && (p.Published.IsZero() || q.Published.Before(p.Published)) {
		p.Published, m.changed = q.Published, true
	}
	if q.Listed != 0 && (p.Listed == 0 || q.Listed < p.Listed) {
		p.Listed, m.changed = q.Listed, true
	}
}

func (m *merge) origins() {
	p := m.p
	united := slices.Clone(p.Origins)
	for _, o := range m.q.Origins {
		i := slices.IndexFunc(united, func(x Origin) bool { return x.Source == o.Source })
		if i < 0 {
			united = append(united, o)
			continue
		}
		x := &united[i]
		if x.Seen.IsZero() {
			x.Seen = o.Seen
		}
		if m.twoIDs && m.age < 0 {
			continue
		}
		x.Signal, x.URL = o.Signal, cmp.Or(o.URL, x.URL)
	}
	if !slices.EqualFunc(united, p.Origins, sameOrigin) {
		p.Origins, m.changed = united, true
	}
}

func sameOrigin(a, b Origin) bool {
	return a.Source == b.Source && a.URL == b.URL && a.Signal == b.Signal && a.Seen.Equal(b.Seen)
}

func (m *merge) withdrawn() {
	fromArXiv := slices.ContainsFunc(m.q.Origins, func(o Origin) bool { return o.Source == string(SourceArXiv) })
	if m.age < 0 || m.q.Withdrawn == m.p.Withdrawn || !m.q.Withdrawn && !fromArXiv {
		return
	}
	m.p.Withdrawn, m.changed = m.q.Withdrawn, true
}
