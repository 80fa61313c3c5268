// Package fulltext is the search engine: it turns papers into the postings of
// an inverted index, keeps them as blobs for a database to store, and finds
// and ranks papers in them.
//
// # Ranking
//
// Papers are ranked by BM25 over weighted fields, the simple form of BM25F in
// S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25
// and Beyond", Foundations and Trends in Information Retrieval 3(4), 2009. The
// score of a paper d for a query of terms t is
//
//	score(d) = Σ_t idf(t) · tf(t,d)·(k1+1) / (tf(t,d) + k1·(1 - b + b·len(d)/avg))
//	idf(t)   = ln(1 + (N - df(t) + 1/2) / (df(t) + 1/2))
//
// with k1 = 1.2 and b = 0.75. tf(t,d) counts an occurrence in the title 3
// times, one among the authors 2 times, and one in the abstract, the summary or
// the comment once; it is cut at 255. len(d) is 3 times the words of the title
// plus the words of abstract, summary and comment: a paper of a thousand
// authors is not longer to read. N is the number of papers, df(t) the number of
// those with t and avg their mean length. A phrase, a prefix and a compound
// count as one term each, whose tf and df are those of the whole. Papers that
// have been removed or replaced count nowhere, so that a score depends on the
// papers alone, never on how they are split into segments.
//
// # Storage
//
// A [Segment] is the index of a batch of papers. It consists of a table of its
// papers and of numbered blocks of a few kilobytes, which hold the terms in
// order with their postings, and, apart from them, the terms' positions. It
// never changes; papers leave it by a bitmap beside it. [Builder] makes a
// segment of papers and [Merge] one of several segments, so that a search has
// few to look at. All blobs are checked while they are read: a corrupt one
// gives an error that wraps [ErrCorrupt].
package fulltext

import (
	"errors"
	"fmt"

	"github.com/offprint/offprint"
)

const (
	k1      = 1.2
	lengthB = 0.75 // b of the formula
)

// Weights of an occurrence, by field.
const (
	titleWeight  = 3
	authorWeight = 2
	textWeight   = 1
	maxTF        = 255
)

// Positions of words tell their field: the title's start at 0, those of
// abstract, summary and comment at textStart, and those of the authors at
// authorStart. Words beyond a field's room are not indexed.
const (
	textStart   = 1 << 12
	authorStart = 1 << 19
	authorEnd   = 1 << 21
	fieldGap    = 8 // unused positions between texts, so that no phrase spans them
)

func weightAt(position uint32) int {
	switch {
	case position < textStart:
		return titleWeight
	case position < authorStart:
		return textWeight
	default:
		return authorWeight
	}
}

// Terms that are not words have a prefix with a colon, which no word contains.
const (
	categoryPrefix = "cat:"    // a category, and its archive
	authorPrefix   = "author:" // a word of an author's name; its positions are the authors' ordinals
	formPrefix     = "form:"   // a word as written, where its stem is not a prefix of it: no postings
	codeTerm       = "has:code"
)

// ErrCorrupt is wrapped by the errors about blobs that no [Builder] has written.
var ErrCorrupt = errors.New("fulltext: corrupt index")

func corrupt(what string) error { return fmt.Errorf("%w: %s", ErrCorrupt, what) }

func hasCode(p *offprint.Paper) bool {
	for _, l := range p.Links {
		if l.Kind == offprint.LinkCode {
			return true
		}
	}
	return false
}
