package arxiv

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/outbound"
)

const (
	overlap     = 1  // days harvested again, as datestamps are days and a day goes on after a harvest
	maxRestarts = 3  // of one list in a run
	maxEmpty    = 20 // pages in a row without a record
)

// Fetch harvests what is new or changed since src.Since, or everything (arXiv
// has millions of records) if that is zero. It stores each page with the place
// after it, so that it can be cut off anywhere: the next call goes on there.
// Records may come again, which changes nothing.
//
// A token that has expired starts the current list over. A server whose lists
// do not end is found out: a token or a page that comes again, many empty pages
// or too many pages in all end the run with an error.
func (c *Client) Fetch(ctx context.Context, src offprint.Source, store func(offprint.Source, offprint.Batch) error) (offprint.Source, error) {
	if src.AllowPrivate {
		ctx = outbound.AllowPrivate(ctx)
	}
	h := &harvest{Client: c, src: src, store: store, today: offprint.DateOf(c.now().UTC())}
	for _, s := range src.Sets {
		h.sets = append(h.sets, SetSpec(s))
	}
	if len(h.sets) == 0 {
		h.sets = []string{""}
	}
	var ok bool
	if h.at, ok = parseCursor(src.Cursor, h.sets); !ok {
		if err := h.begin(ctx); err != nil {
			return src, err
		}
	}
	for {
		done, err := h.list(ctx)
		if done || err != nil {
			return h.src, err
		}
	}
}

// harvest is one run of Fetch.
type harvest struct {
	*Client
	src   offprint.Source
	store func(offprint.Source, offprint.Batch) error
	sets  []string
	today offprint.Date
	at    cursor
}

// begin sets the cursor to the start of a new harvest.
func (h *harvest) begin(ctx context.Context) error {
	from := offprint.Date(1)
	if !h.src.Since.IsZero() {
		from = offprint.DateOf(h.src.Since.UTC()) - overlap
	}
	if from < h.today-window {
		// Long ago: the server knows when its records begin, and may refuse to
		// be asked for less.
		p, err := h.ask(ctx, url.Values{"verb": {"Identify"}})
		if err != nil {
			return err
		}
		from = max(from, day(p.earliest))
	}
	h.at = cursor{}.at(min(max(from, 1), h.today), h.sets, h.today)
	return nil
}

// list harvests the rest of the current list. It reports whether it was the last.
func (h *harvest) list(ctx context.Context) (last bool, err error) {
	var (
		seen     = map[string]bool{h.at.Token: true}
		previous [sha256.Size]byte
		empty    int
		restarts int
	)
	for {
		p, err := h.page(ctx)
		if e, ok := errors.AsType[*protocolError](err); ok && e.code == "badResumptionToken" && h.at.Token != "" && restarts < maxRestarts {
			restarts++
			h.at = h.at.restarted()
			seen, previous, empty = map[string]bool{"": true}, [sha256.Size]byte{}, 0
			h.log().InfoContext(ctx, "arXiv: the token has expired, starting the list over", "set", h.at.Sets[0], "from", h.at.From)
			continue
		}
		if err != nil {
			return false, err
		}

		// Does this end?
		digest := p.digest()
		if empty++; len(p.records) > 0 {
			empty = 0
		}
		switch {
		case p.token == "":
		case seen[p.token], len(p.records) > 0 && digest == previous, empty > maxEmpty, h.at.Pages >= h.pageLimit():
			return false, h.endless()
		}
		seen[p.token], previous = true, digest

		if h.at.Start == 0 {
			h.at.Start = h.today
			if d := day(p.date); d != 0 { // within reason: another's clock
				h.at.Start = max(min(d, h.today), h.at.From)
			}
		}
		b := h.batch(ctx, p)
		end, last := h.advance(p.token)
		if err := h.store(h.src, b); err != nil {
			return false, err
		}
		if end {
			return last, nil
		}
	}
}

// advance moves the cursor past a page that ended with token. It reports
// whether the list ended there, and whether the harvest did.
func (h *harvest) advance(token string) (end, last bool) {
	switch {
	case token != "":
		h.at.Token = token
		h.at.Pages++
	case len(h.at.Sets) > 1:
		end = true
		h.at.Sets = h.at.Sets[1:]
		h.at = h.at.restarted()
	case h.at.Until != 0:
		end = true
		next := h.at.Until + 1
		h.src.Since = next.Time()
		h.at = h.at.at(next, h.sets, h.today)
	default:
		h.src.Since, h.src.Cursor = h.at.Start.Time(), ""
		return true, true
	}
	h.src.Cursor = h.at.String()
	return end, false
}

// endless gives up on the list, and has the next run start over, by when the
// server may be in order.
func (h *harvest) endless() error {
	h.src.Cursor = ""
	if err := h.store(h.src, offprint.Batch{Done: h.at.Done}); err != nil {
		return err
	}
	return offprint.Errorf(offprint.KindInvalid, "The server's list does not end: it repeats itself or goes on without records. The next run starts over.")
}

func (h *harvest) pageLimit() int {
	if h.maxPages > 0 {
		return h.maxPages
	}
	return 5000
}

// batch turns a page into what is to be stored.
func (h *harvest) batch(ctx context.Context, p *page) offprint.Batch {
	var b offprint.Batch
	if p.total > 0 && p.cursor >= 0 {
		b.Total = h.at.Done - p.cursor + p.total
	}
	h.at.Done += len(p.records)
	b.Done = h.at.Done
	seen := h.now().UTC()
	for i := range p.records {
		switch paper, deleted, ok := p.records[i].paper(seen); {
		case !ok:
			h.log().WarnContext(ctx, "arXiv: record skipped", "identifier", clip(p.records[i].Header.Identifier))
		case deleted != "":
			b.Deleted = append(b.Deleted, deleted)
		default:
			b.Papers = append(b.Papers, paper)
		}
	}
	return b
}

// digest tells pages apart by their records.
func (p *page) digest() [sha256.Size]byte {
	s := sha256.New()
	for i := range p.records {
		_, _ = fmt.Fprintf(s, "%q %q\n", p.records[i].Header.Identifier, p.records[i].Header.Datestamp)
	}
	return [sha256.Size]byte(s.Sum(nil))
}

// page asks for the page at the cursor. No records are no error.
func (h *harvest) page(ctx context.Context) (*page, error) {
	q := url.Values{"verb": {"ListRecords"}}
	if h.at.Token != "" {
		q.Set("resumptionToken", h.at.Token)
	} else {
		q.Set("metadataPrefix", "arXiv")
		q.Set("from", h.at.From.String())
		if h.at.Until != 0 {
			q.Set("until", h.at.Until.String())
		}
		if set := h.at.Sets[0]; set != "" {
			q.Set("set", set)
		}
	}
	p, err := h.ask(ctx, q)
	if e, ok := errors.AsType[*protocolError](err); ok && e.code == "noRecordsMatch" {
		return &page{cursor: -1}, nil
	}
	return p, err
}

// ask makes one request of the protocol.
func (h *harvest) ask(ctx context.Context, q url.Values) (*page, error) {
	base := h.src.URL
	if base == "" {
		base = OAIURL
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, offprint.Errorf(offprint.KindInvalid, "The source's address is malformed: give one such as %s.", OAIURL)
	}
	u.RawQuery, u.Fragment = q.Encode(), ""
	var p *page
	err = h.get(ctx, u.String(), func(status int, body io.Reader) error {
		var err error
		p, err = readPage(body)
		if status != http.StatusOK && (err != nil || p.code == "") {
			return &outbound.StatusError{Code: status}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if p.code != "" {
		return nil, &protocolError{p.code, clip(p.message)}
	}
	return p, nil
}

// protocolError is an error that OAI-PMH defines.
type protocolError struct{ code, message string }

func (e *protocolError) Error() string {
	switch e.code {
	case "cannotDisseminateFormat":
		return "the server does not offer records in arXiv's format; only servers that do can be harvested"
	case "noSetHierarchy":
		return "the server has no sets: leave the source's sets empty"
	case "badArgument":
		return "the server refuses the request, perhaps for a set that it does not have: " + e.message
	}
	return fmt.Sprintf("the server reports %s: %s", clip(e.code), e.message)
}
