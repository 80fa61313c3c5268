package arxiv

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/outbound"
)

const lookupBatch = 100 // ids in one request

// Lookup gets papers by their arXiv ids, each in any form that
// [offprint.ParseArXivID] reads; a version in it is ignored, and the latest is
// returned. The papers come in the order asked for, without those that arXiv
// does not have. A malformed id is a [offprint.KindInvalid] error.
func (c *Client) Lookup(ctx context.Context, ids ...string) ([]offprint.Paper, error) {
	var want []string
	for _, s := range ids {
		id, _, ok := offprint.ParseArXivID(s)
		if !ok {
			return nil, offprint.Errorf(offprint.KindInvalid, "%q is not an arXiv id or address: write it as arxiv:2503.01234.", clip(s))
		}
		if !slices.Contains(want, id) {
			want = append(want, id)
		}
	}
	found := map[string]offprint.Paper{}
	for batch := range slices.Chunk(want, lookupBatch) {
		if err := c.lookup(ctx, batch, found); err != nil {
			return nil, err
		}
	}
	var papers []offprint.Paper
	for _, id := range want {
		if p, ok := found[id]; ok {
			papers = append(papers, p)
		}
	}
	return papers, nil
}

func (c *Client) lookup(ctx context.Context, ids []string, found map[string]offprint.Paper) error {
	base := c.API
	if base == "" {
		base = APIURL
	}
	q := url.Values{"id_list": {strings.Join(ids, ",")}, "max_results": {fmt.Sprint(len(ids))}}
	var entries []entry
	err := c.get(ctx, base+"?"+q.Encode(), func(status int, body io.Reader) error {
		var err error
		entries, err = readEntries(body)
		if status != http.StatusOK && (err != nil || len(entries) == 0) {
			return &outbound.StatusError{Code: status}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("looking up papers at arXiv: %w", err)
	}
	for i := range entries {
		e := &entries[i]
		if strings.Contains(e.ID, "/api/errors") {
			return offprint.Errorf(offprint.KindInvalid, "arXiv answers: %s", clip(strings.TrimSpace(e.Summary)))
		}
		if p, ok := e.paper(c.now().UTC()); ok {
			found[p.ArXivID] = p
		}
	}
	return nil
}

// entry is a paper in the Atom API.
type entry struct {
	ID         string  `xml:"id"` // http://arxiv.org/abs/2503.01234v2
	Title      string  `xml:"title"`
	Summary    string  `xml:"summary"`
	Published  string  `xml:"published"` // of version 1
	Updated    string  `xml:"updated"`   // of the version in ID
	Authors    authors `xml:"author"`
	Comment    string  `xml:"comment"`
	JournalRef string  `xml:"journal_ref"`
	DOI        string  `xml:"doi"`
	Primary    term    `xml:"primary_category"`
	Categories []term  `xml:"category"`
}

type term struct {
	Term string `xml:"term,attr"`
}

// readEntries reads an answer of the Atom API. It fails unless it is complete.
func readEntries(r io.Reader) ([]entry, error) {
	var entries []entry
	err := walk(r, "feed", func(d *xml.Decoder, start xml.StartElement) error {
		if start.Name.Local != "entry" {
			return d.Skip()
		}
		if len(entries) >= lookupBatch {
			return fmt.Errorf("the answer has more than the %d entries asked for", lookupBatch)
		}
		var e entry
		if err := d.DecodeElement(&e, &start); err != nil {
			return err
		}
		entries = append(entries, e)
		return nil
	})
	return entries, err
}

// paper turns an entry into a paper; ok is false if it is none, as for an id
// that arXiv does not know.
func (e *entry) paper(seen time.Time) (p offprint.Paper, ok bool) {
	id, version, ok := offprint.ParseArXivID(e.ID)
	if !ok {
		return p, false
	}
	published, updated := instant(e.Published), instant(e.Updated)
	p = offprint.Paper{
		ArXivID:   id,
		DOI:       firstWord(e.DOI),
		Title:     e.Title,
		Abstract:  e.Summary,
		Comment:   e.Comment,
		Journal:   e.JournalRef,
		Withdrawn: withdrawn(e.Comment),
		Origins:   origins(id, seen),
		// Days, as OAI-PMH has them: with times, a change that a harvest
		// brings later on the same day would count as older.
		Published: timeOf(dateOf(published)),
		Updated:   timeOf(dateOf(updated)),
	}
	if !published.IsZero() {
		p.Listed = ListingDay(published)
		p.Versions = append(p.Versions, offprint.Version{Number: 1, Time: published})
	}
	if version > 1 && !updated.IsZero() {
		p.Versions = append(p.Versions, offprint.Version{Number: version, Time: updated})
	}
	for _, a := range e.Authors {
		p.Authors = append(p.Authors, a.Name)
	}
	// Subject classes of the ACM and the MSC, such as I.2.7 and 68T50, are
	// among the categories; arXiv's own begin with a small letter.
	for _, c := range append([]term{e.Primary}, e.Categories...) {
		t := strings.TrimSpace(c.Term)
		if t != "" && t[0] >= 'a' && t[0] <= 'z' && !slices.Contains(p.Categories, t) {
			p.Categories = append(p.Categories, t)
		}
	}
	return p, p.Clean() == nil
}

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(s))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

func dateOf(t time.Time) offprint.Date {
	if t.IsZero() {
		return 0
	}
	return offprint.DateOf(t)
}
