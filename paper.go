package offprint

import "time"

// Paper is one work, whatever number of sources and versions it came from.
type Paper struct {
	ID  int64  // the store's own number; 0 before it is stored
	Key string // its name in addresses, for good: see [KeyFor]

	ArXivID string // without version, such as 2503.11731 or hep-th/9901001; may be empty
	DOI     string // lower case, without a resolver's address; may be empty

	Title      string
	Authors    []string // in order, "Given Family"
	Abstract   string
	Summary    string   // a paragraph of our own; the founding list has one for each paper
	Categories []string // primary first, such as cs.CL
	Comment    string   // the authors' comment ("12 pages, accepted at ...")
	Journal    string   // where it was published, as the source writes it

	Listed    Date      // the day on whose page it stands; 0 keeps it off the days
	Published time.Time // first version, UTC; zero if unknown
	Updated   time.Time // latest version, UTC; zero if unknown
	Versions  []Version // ascending; empty if unknown
	Withdrawn bool      // the source has deleted it, or its authors withdrew it

	Links   []Link   // code and project pages found in the text: see [FindLinks]
	Origins []Origin // where it came from, oldest first

	Votes    int     // readers who voted for it
	Comments int     // comments that are not deleted
	Heat     float64 // see trending.go; 0 and HasHeat false when nothing speaks for it
	HasHeat  bool
}

// Version is one version of a paper at its source.
type Version struct {
	Number int       `json:"number"`
	Time   time.Time `json:"time"`
}

// LinkKind says what a [Link] leads to.
type LinkKind string

// The kinds of link that [FindLinks] tells apart.
const (
	LinkCode    LinkKind = "code"
	LinkData    LinkKind = "data"
	LinkProject LinkKind = "project"
)

// Link is an address that a paper's own text gives.
type Link struct {
	Kind LinkKind `json:"kind"`
	URL  string   `json:"url"`
}

// Origin is one source that has brought a paper.
type Origin struct {
	Source string    `json:"source"` // such as "arxiv", "founding", "file:refs.bib" or "feed:https://..."
	URL    string    `json:"url"`    // the paper's page there, if it has one
	Signal int       `json:"signal"` // approval that the source itself reports, such as its upvotes; 0 if none
	Seen   time.Time `json:"seen"`   // when it first came from there
}

// Limits on what a paper may hold. A source's text is cut to them, never
// refused for them: see [Paper.Clean].
const (
	MaxTitle    = 1000   // bytes
	MaxAbstract = 50_000 // bytes
	MaxAuthors  = 5000   // names; collaborations have thousands
	MaxField    = 2000   // bytes of any other text
)

// State is what one reader has done with one paper. It is private to the reader.
type State struct {
	Voted, Saved, Read, Hidden bool
	Tags                       []string // sorted
	Note                       string   // Markdown
}

// Sort is an order of a list of papers.
type Sort string

// The orders of a page. All end with newest first, so that they are total.
const (
	SortTrending  Sort = "trending"  // heat, see trending.go; then time
	SortTime      Sort = "time"      // listed, newest first
	SortVotes     Sort = "votes"     // number of votes; then time
	SortRelevance Sort = "relevance" // BM25; only with search terms, and their default
	SortForYou    Sort = "for-you"   // what the reader likes; a store, which cannot know, takes it as trending
	SortGiven     Sort = "given"     // that of PaperQuery.IDs; never in an address
)

// ParseSort reads a sort from an address; "" is fallback.
func ParseSort(s string, fallback Sort) (Sort, error) {
	switch v := Sort(s); v {
	case "":
		return fallback, nil
	case SortTrending, SortTime, SortVotes, SortRelevance, SortForYou:
		return v, nil
	}
	return "", Errorf(KindInvalid, "%q is not an order: use trending, time, votes, relevance or for-you.", clip(s))
}

// PaperQuery selects a page of papers for one reader.
type PaperQuery struct {
	ReaderID int64 // whose states are filled in, and whose hidden papers are left out; 0 for nobody

	First, Last Date    // listed within; both zero for any day
	Category    string  // any of a paper's categories
	Author      string  // exact name, compared by [FoldName]
	Origin      string  // brought by this source
	Search      Query   // terms and filters of the search box
	Shelf       Mark    // only papers with this mark of the reader's
	Tags        TagExpr // only papers whose tags of the reader's satisfy it; nil for any
	Noted       bool    // only papers with a note of the reader's
	AfterID     int64   // only papers stored after the one with this ID; 0 for any
	IDs         []int64 // only these papers, at most 5,000; nil for any
	WithHidden  bool    // keep the reader's hidden papers in

	Sort   Sort
	Limit  int    // at most this many; 0 means 25, more than 200 means 200
	Cursor string // from PaperPage.Next
}

// PaperPage is one page of a list.
type PaperPage struct {
	Items []PaperItem
	Next  string // cursor of the next page; empty on the last one
	Total int    // matches in all for a search and -1 where counting would mean reading them
}

// PaperItem is a paper in a list. Its Abstract may be cut to a teaser of about
// 600 bytes, and Origins, Versions, Summary beyond a teaser's length and Journal are not
// filled in; [Store.Paper] gives the whole.
type PaperItem struct {
	Paper
	State State
	Score float64 // BM25 with [SortRelevance], else 0
}

// Hit is a paper that was found, and how well it fits: more is better.
type Hit struct {
	ID    int64
	Score float64
}

// DayCount is a day and how many papers it lists.
type DayCount struct {
	Day    Date
	Papers int
}

// Count is a name (a category, an author, a tag) and how many papers have it.
type Count struct {
	Name   string
	Papers int
}
