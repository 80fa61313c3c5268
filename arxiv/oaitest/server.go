// Package oaitest is an arXiv for tests: a real HTTP server that speaks
// OAI-PMH and the Atom API over the records it is given, and that misbehaves
// when told to.
package oaitest

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Record is a paper as arXiv's metadata format has it. Dates are written as
// 2025-03-18.
type Record struct {
	ID         string   // such as 2503.01234
	Datestamp  string   // of its last change in any respect
	Sets       []string // such as cs:cs:CL; it is in cs and cs:cs too
	Deleted    bool
	Created    string // date of version 1
	Updated    string // date of the latest version; empty if there is one version
	Version    int    // in the Atom API; 0 means 1
	Title      string
	Authors    []Author
	Categories string // primary first, separated by spaces
	Comments   string
	JournalRef string
	DOI        string
	Abstract   string
}

// Author is a name as OAI-PMH has it.
type Author struct{ Forenames, Keyname, Suffix string }

// Loop is a way in which lists do not end.
type Loop int

// The ways.
const (
	Ends      Loop = iota // it does
	SameToken             // a page gives the token that led to it
	SamePage              // always the same page, with a new token
	NoRecords             // always no records, with a new token
	NewPages              // always new records
)

// Server is the running server. Its methods may be called while it serves.
type Server struct {
	URL    string // OAI-PMH base address
	APIURL string // Atom API

	http *httptest.Server

	mu       sync.Mutex
	records  []Record
	pageSize int
	today    string
	loop     Loop
	epoch    int // grows when tokens expire
	count    int // of answers, for tokens that are never the same
	faults   []Fault
	requests []url.Values
}

// New starts a server with pages of 3 records. Close stops it.
func New(records ...Record) *Server {
	s := &Server{pageSize: 3, today: "2025-03-20"}
	s.Put(records...)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /oai", s.answer(s.oai))
	mux.HandleFunc("GET /api/query", s.answer(s.api))
	s.http = httptest.NewServer(mux)
	s.URL, s.APIURL = s.http.URL+"/oai", s.http.URL+"/api/query"
	return s
}

// Close stops the server, whatever its clients are waiting for.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// Put adds records, or replaces those with the same id.
func (s *Server) Put(records ...Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		if i := slices.IndexFunc(s.records, func(x Record) bool { return x.ID == r.ID }); i >= 0 {
			s.records[i] = r
		} else {
			s.records = append(s.records, r)
		}
	}
	slices.SortStableFunc(s.records, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Datestamp, b.Datestamp), cmp.Compare(a.ID, b.ID))
	})
}

// SetPageSize sets the number of records in a page.
func (s *Server) SetPageSize(n int) { s.mu.Lock(); defer s.mu.Unlock(); s.pageSize = n }

// SetToday sets the server's date, such as 2025-03-20.
func (s *Server) SetToday(date string) { s.mu.Lock(); defer s.mu.Unlock(); s.today = date }

// SetLoop makes lists endless, or has them end again.
func (s *Server) SetLoop(l Loop) { s.mu.Lock(); defer s.mu.Unlock(); s.loop = l }

// ExpireTokens makes all resumption tokens that were given out invalid.
func (s *Server) ExpireTokens() { s.mu.Lock(); defer s.mu.Unlock(); s.epoch++ }

// Fail has the next requests answered with these faults, one each; nil is a
// proper answer.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Requests returns the parameters of the requests so far.
func (s *Server) Requests() []url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *Server) answer(make func(url.Values) []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		s.mu.Lock()
		s.requests = append(s.requests, q)
		var fault Fault
		if len(s.faults) > 0 {
			fault, s.faults = s.faults[0], s.faults[1:]
		}
		s.count++
		body := make(q)
		s.mu.Unlock()
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		if fault != nil {
			fault(w, r, body)
			return
		}
		_, _ = w.Write(body)
	}
}

// list is what a token stands for.
type list struct {
	from, until, set string
	skip, epoch      int
	count            int // makes the token unique where it should be
}

func (l list) String() string {
	return url.Values{
		"from": {l.from}, "until": {l.until}, "set": {l.set},
		"skip": {strconv.Itoa(l.skip)}, "epoch": {strconv.Itoa(l.epoch)}, "count": {strconv.Itoa(l.count)},
	}.Encode()
}

func parseList(token string) (list, bool) {
	q, err := url.ParseQuery(token)
	if err != nil || !q.Has("skip") {
		return list{}, false
	}
	number := func(name string) int { n, _ := strconv.Atoi(q.Get(name)); return n }
	return list{q.Get("from"), q.Get("until"), q.Get("set"), number("skip"), number("epoch"), number("count")}, true
}

func (s *Server) oai(q url.Values) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
`)
	element(&b, "responseDate", s.today+"T06:00:00Z")
	_, _ = fmt.Fprintf(&b, "<request verb=%q>%s</request>\n", escape(q.Get("verb")), escape(s.URL))
	switch q.Get("verb") {
	case "Identify":
		earliest := s.today
		if len(s.records) > 0 {
			earliest = s.records[0].Datestamp
		}
		b.WriteString("<Identify><repositoryName>oaitest</repositoryName><protocolVersion>2.0</protocolVersion>")
		element(&b, "earliestDatestamp", earliest)
		b.WriteString("<deletedRecord>persistent</deletedRecord><granularity>YYYY-MM-DD</granularity></Identify>\n")
	case "ListRecords":
		s.listRecords(&b, q)
	default:
		oaiError(&b, "badVerb", "")
	}
	b.WriteString("</OAI-PMH>\n")
	return b.Bytes()
}

func (s *Server) listRecords(b *bytes.Buffer, q url.Values) {
	l := list{from: q.Get("from"), until: q.Get("until"), set: q.Get("set"), epoch: s.epoch}
	if q.Has("resumptionToken") {
		var ok bool
		l, ok = parseList(q.Get("resumptionToken"))
		if !ok || l.epoch != s.epoch || len(q) != 2 {
			oaiError(b, "badResumptionToken", "The token is invalid or has expired.")
			return
		}
	} else if q.Get("metadataPrefix") != "arXiv" {
		oaiError(b, "cannotDisseminateFormat", "")
		return
	}
	var matching []Record
	for _, r := range s.records {
		if r.Datestamp >= l.from && (l.until == "" || r.Datestamp <= l.until) && r.in(l.set) {
			matching = append(matching, r)
		}
	}
	start := min(l.skip, len(matching))
	end := min(start+s.pageSize, len(matching))
	records := matching[start:end]
	next := l
	next.skip = end
	switch s.loop {
	case Ends:
		if len(records) == 0 {
			oaiError(b, "noRecordsMatch", "")
			return
		}
	case SameToken:
		next = l
	case SamePage:
		next, next.count = l, s.count
	case NoRecords:
		records = nil
		next, next.count = l, s.count
	case NewPages:
		r := matching[0]
		r.ID = fmt.Sprintf("2503.%05d", s.count)
		records = []Record{r}
		next.count = s.count
	}
	b.WriteString("<ListRecords>\n")
	for _, r := range records {
		r.write(b)
	}
	switch {
	case s.loop != Ends || end < len(matching):
		_, _ = fmt.Fprintf(b, "<resumptionToken cursor=\"%d\" completeListSize=\"%d\">%s</resumptionToken>\n", start, len(matching), escape(next.String()))
	case start > 0:
		_, _ = fmt.Fprintf(b, "<resumptionToken cursor=\"%d\" completeListSize=\"%d\"/>\n", start, len(matching))
	}
	b.WriteString("</ListRecords>\n")
}

// in reports whether the record is in a set or one of its subsets.
func (r Record) in(set string) bool {
	return set == "" || slices.ContainsFunc(r.Sets, func(s string) bool {
		return s == set || strings.HasPrefix(s, set+":")
	})
}

func (r Record) write(b *bytes.Buffer) {
	b.WriteString("<record><header")
	if r.Deleted {
		b.WriteString(` status="deleted"`)
	}
	b.WriteString(">")
	element(b, "identifier", "oai:arXiv.org:"+r.ID)
	element(b, "datestamp", r.Datestamp)
	for _, s := range r.Sets {
		element(b, "setSpec", s)
	}
	b.WriteString("</header>")
	if !r.Deleted {
		b.WriteString(`<metadata><arXiv xmlns="http://arxiv.org/OAI/arXiv/">`)
		element(b, "id", r.ID)
		element(b, "created", r.Created)
		optional(b, "updated", r.Updated)
		b.WriteString("<authors>")
		for _, a := range r.Authors {
			b.WriteString("<author>")
			element(b, "keyname", a.Keyname)
			optional(b, "forenames", a.Forenames)
			optional(b, "suffix", a.Suffix)
			b.WriteString("</author>")
		}
		b.WriteString("</authors>")
		element(b, "title", r.Title)
		element(b, "categories", r.Categories)
		optional(b, "comments", r.Comments)
		optional(b, "journal-ref", r.JournalRef)
		optional(b, "doi", r.DOI)
		b.WriteString("<license>http://creativecommons.org/licenses/by/4.0/</license>")
		element(b, "abstract", "  "+r.Abstract+"\n")
		b.WriteString("</arXiv></metadata>")
	}
	b.WriteString("</record>\n")
}

func (s *Server) api(q url.Values) []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom">
<title type="html">ArXiv Query</title>
`)
	for _, id := range strings.Split(q.Get("id_list"), ",") {
		if i := slices.IndexFunc(s.records, func(r Record) bool { return r.ID == id && !r.Deleted }); i >= 0 {
			s.records[i].writeEntry(&b)
		}
	}
	b.WriteString("</feed>\n")
	return b.Bytes()
}

func (r Record) writeEntry(b *bytes.Buffer) {
	b.WriteString("<entry>")
	element(b, "id", fmt.Sprintf("http://arxiv.org/abs/%sv%d", r.ID, max(1, r.Version)))
	element(b, "updated", cmp.Or(r.Updated, r.Created)+"T17:59:59Z")
	element(b, "published", r.Created+"T17:59:59Z")
	element(b, "title", r.Title)
	element(b, "summary", "  "+r.Abstract+"\n")
	for _, a := range r.Authors {
		b.WriteString("<author>")
		element(b, "name", strings.Join(strings.Fields(a.Forenames+" "+a.Keyname+" "+a.Suffix), " "))
		b.WriteString("</author>")
	}
	optional(b, "arxiv:doi", r.DOI)
	optional(b, "arxiv:comment", r.Comments)
	optional(b, "arxiv:journal_ref", r.JournalRef)
	for i, c := range strings.Fields(r.Categories) {
		if i == 0 {
			_, _ = fmt.Fprintf(b, "<arxiv:primary_category term=%q/>", escape(c))
		}
		_, _ = fmt.Fprintf(b, "<category term=%q/>", escape(c))
	}
	b.WriteString("</entry>\n")
}

func oaiError(b *bytes.Buffer, code, message string) {
	_, _ = fmt.Fprintf(b, "<error code=%q>%s</error>\n", code, escape(message))
}

func element(b *bytes.Buffer, name, text string) {
	_, _ = fmt.Fprintf(b, "<%s>%s</%[1]s>", name, escape(text))
}

func optional(b *bytes.Buffer, name, text string) {
	if text != "" {
		element(b, name, text)
	}
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}
