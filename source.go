package offprint

import (
	"context"
	"time"
)

// SourceKind names a protocol.
type SourceKind string

// The kinds of source that are synchronised.
const (
	SourceArXiv SourceKind = "arxiv" // OAI-PMH
	SourceFeed  SourceKind = "feed"  // RSS, Atom or JSON Feed
)

// Source is a place that papers come from, and how it has fared.
type Source struct {
	ID           int64
	Kind         SourceKind
	Name         string   // for people; defaults to the feed's title or the URL's host
	URL          string   // OAI-PMH base address or feed address
	Sets         []string // OAI-PMH sets; empty for all
	AllowPrivate bool     // a private or loopback address is meant
	Paused       bool

	// What the last runs left, for the next one.
	Since        time.Time // harvest from here: datestamp of the last complete run
	Cursor       string    // where an interrupted run goes on (a resumption token, with its set); empty when complete
	ETag         string
	LastModified string

	Created     time.Time
	LastRun     time.Time // zero if never
	LastSuccess time.Time // zero if never
	LastError   string    // empty after a success
	Failures    int       // in a row
	NextRun     time.Time // not before; moves away as failures add up
	Papers      int       // papers it has brought so far (filled in by the store)
}

// Batch is what a source yields at once. Papers, deletions and the place to go
// on from are stored in one transaction, so a run that is cut off anywhere
// resumes without loss or doubles.
type Batch struct {
	Papers  []Paper
	Deleted []string // arXiv ids that the source has deleted
	Done    int      // records so far in this run, for progress
	Total   int      // records expected in this run; 0 if unknown
}

// Fetcher reads one kind of source. Fetch calls store for each batch, with src's
// Cursor, ETag and so on already moved to the place after the batch, and returns
// the source as it stands at the end of a complete run. It does not touch
// LastRun, LastError and the other records of success and failure.
type Fetcher interface {
	Fetch(ctx context.Context, src Source, store func(Source, Batch) error) (Source, error)
}
