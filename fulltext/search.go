package fulltext

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/offprint/offprint"
)

// Index is a set of segments that are searched together. A paper is live in at
// most one of them.
type Index struct {
	Segments []*Segment
	// Fetch returns the blocks with the given names, in their order.
	Fetch func(refs []BlockRef) ([][]byte, error)
}

// BlockRef names a block.
type BlockRef struct {
	Segment int64 // as given to [OpenSegment]
	Number  int
}

// Request is what to look for. All of it must hold.
type Request struct {
	Query       offprint.Query     // without its tags, which the index does not know
	First, Last offprint.Date      // listed within; both zero for any day
	Only        map[int64]struct{} // papers to choose from; nil for all
	Except      map[int64]struct{} // papers to leave out
}

// Top returns the best limit papers by BM25, ties newest first, and how many
// match in all. Words that are joined by nothing must all occur.
func (x *Index) Top(r Request, limit int) (hits []Hit, total int, err error) {
	s, err := x.prepare(r)
	if err != nil || s == nil {
		return nil, 0, err
	}
	best := top{n: limit}
	for i, seg := range s.index.Segments {
		var scored []scoredList
		missing := false
		for k := range s.clauses {
			if c := &s.clauses[k]; c.scored {
				list := c.lists[i]
				missing = missing || list == nil
				scored = append(scored, scoredList{list, c.idf * (k1 + 1)})
			}
		}
		if missing {
			continue
		}
		err := s.run(i, func(doc uint32) {
			total++
			norm := s.norm0 + s.norm1*float64(seg.lengths[doc])
			score := 0.0
			for _, l := range scored {
				tf := float64(l.tf())
				score += l.weight * tf / (tf + norm)
			}
			best.add(Hit{seg.ids[doc], score, seg.listed[doc]})
		})
		if err != nil {
			return nil, 0, err
		}
	}
	return best.sorted(), total, nil
}

type scoredList struct {
	*cursor
	weight float64
}

// Match returns all papers that match.
func (x *Index) Match(r Request) (*Matches, error) {
	m := &Matches{segments: x.Segments, bits: make([][]uint64, len(x.Segments))}
	s, err := x.prepare(r)
	if err != nil || s == nil {
		return m, err
	}
	for i, seg := range x.Segments {
		set := make([]uint64, (len(seg.ids)+63)/64)
		m.bits[i] = set
		err := s.run(i, func(doc uint32) {
			set[doc/64] |= 1 << (doc % 64)
			m.n++
		})
		if err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Matches is a set of papers.
type Matches struct {
	segments []*Segment
	bits     [][]uint64 // by segment; nil for none
	n        int
}

// Len returns the number of papers.
func (m *Matches) Len() int { return m.n }

// Contains reports whether the paper is one of them.
func (m *Matches) Contains(id int64) bool {
	for i, seg := range m.segments {
		if m.bits[i] == nil {
			continue
		}
		if doc, ok := seg.find(id); ok && m.bits[i][doc/64]>>(doc%64)&1 != 0 {
			return true
		}
	}
	return false
}

// All calls yield for each paper until it returns false.
func (m *Matches) All(yield func(Hit) bool) {
	for i, set := range m.bits {
		seg := m.segments[i]
		for k, w := range set {
			for ; w != 0; w &= w - 1 {
				doc := k*64 + bits.TrailingZeros64(w)
				if !yield(Hit{ID: seg.ids[doc], Listed: seg.listed[doc]}) {
					return
				}
			}
		}
	}
}

// Newest returns the limit papers that were listed last, of two of one day the
// one with the higher ID first, without those that skip says, unless it is nil.
func (m *Matches) Newest(limit int, skip func(id int64) bool) []Hit {
	// Papers come more or less in the order of their days: from the end, most
	// of them are turned away at once.
	order := make([]int, 0, len(m.segments))
	for i, seg := range m.segments {
		if len(seg.ids) > 0 && m.bits[i] != nil {
			order = append(order, i)
		}
	}
	lastID := func(i int) int64 { return m.segments[i].ids[len(m.segments[i].ids)-1] }
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(lastID(j), lastID(i)) })
	best := top{n: limit}
	for _, i := range order {
		seg := m.segments[i]
		for k, w := range slices.Backward(m.bits[i]) {
			for w != 0 {
				bit := bits.Len64(w) - 1
				w &^= 1 << bit
				h := Hit{ID: seg.ids[k*64+bit], Listed: seg.listed[k*64+bit]}
				if skip == nil || !skip(h.ID) {
					best.add(h)
				}
			}
		}
	}
	return best.sorted()
}

// search is a request that is being answered.
type search struct {
	index   *Index
	request Request
	clauses []preparedClause
	blocks  map[BlockRef][]byte
	first   offprint.Date // listed from here to last, if dated
	last    offprint.Date
	dated   bool

	papers       int     // N
	norm0, norm1 float64 // norm0 + norm1·len(d) = k1·(1 - b + b·len(d)/avg)
}

type preparedClause struct {
	clause
	lists []*cursor // by segment; nil where no paper satisfies it
	df    int       // only of clauses that are scored
	idf   float64
}

// prepare fetches all that answering takes. It returns nil if there is nothing
// to be found.
func (x *Index) prepare(r Request) (*search, error) {
	clauses, ok := clausesOf(r.Query)
	if !ok {
		return nil, nil
	}
	s := &search{index: x, request: r, blocks: make(map[BlockRef][]byte)}
	if s.limitDays(); s.dated && s.first > s.last {
		return nil, nil
	}
	words := uint64(0)
	for _, seg := range x.Segments {
		s.papers += seg.live
		words += seg.words
	}
	average := math.Max(float64(words), 1) / math.Max(float64(s.papers), 1)
	s.norm0, s.norm1 = k1*(1-lengthB), k1*lengthB/average
	for _, c := range clauses {
		s.clauses = append(s.clauses, preparedClause{clause: c, lists: make([]*cursor, len(x.Segments))})
	}
	if err := s.load(); err != nil {
		return nil, fmt.Errorf("read the full-text index: %w", err)
	}
	for i := range s.clauses {
		c := &s.clauses[i]
		c.idf = math.Log1p((float64(s.papers-c.df) + 0.5) / (float64(c.df) + 0.5))
	}
	return s, nil
}

func (s *search) limitDays() {
	r := &s.request
	s.first, s.last = math.MinInt32, math.MaxInt32
	if r.First != 0 || r.Last != 0 {
		s.first, s.last, s.dated = r.First, r.Last, true
	}
	if r.Query.After != 0 {
		s.first, s.dated = max(s.first, r.Query.After), true
	}
	if r.Query.Before != 0 {
		s.last, s.dated = min(s.last, r.Query.Before-1), true
	}
}

// run calls visit for each paper of a segment that matches, in order. While it
// does, the lists of all scored clauses are at that paper.
func (s *search) run(i int, visit func(doc uint32)) error {
	seg := s.index.Segments[i]
	var must, not []*cursor
	for k := range s.clauses {
		switch c := &s.clauses[k]; {
		case c.not && c.lists[i] != nil:
			not = append(not, c.lists[i])
		case c.not:
		case c.lists[i] == nil:
			return nil
		default:
			must = append(must, c.lists[i])
		}
	}
	all := slices.Concat(must, not)
	slices.SortFunc(must, func(a, b *cursor) int { return a.df - b.df })
	only := s.request.Only
	if only != nil && (len(must) == 0 || len(only) < must[0].df) {
		must = slices.Insert(must, 0, listCursor(seg.numbers(only), nil))
		only = nil
	}
	accept := func(doc uint32) {
		if seg.isRemoved(doc) {
			return
		}
		if day := seg.listed[doc]; s.dated && (day == 0 || day < s.first || day > s.last) {
			return
		}
		for _, c := range not {
			if c.seek(doc) == doc {
				return
			}
		}
		if only != nil {
			if _, ok := only[seg.ids[doc]]; !ok {
				return
			}
		}
		if len(s.request.Except) > 0 {
			if _, ok := s.request.Except[seg.ids[doc]]; ok {
				return
			}
		}
		visit(doc)
	}
	if len(must) == 0 {
		for doc := range uint32(len(seg.ids)) {
			accept(doc)
		}
	} else {
		intersect(must, accept)
	}
	for _, c := range all {
		if c.err != nil {
			return c.err
		}
	}
	return nil
}

// intersect calls visit for each paper that is in all lists, the first of which
// should be the shortest.
func intersect(lists []*cursor, visit func(doc uint32)) {
	lead, rest := lists[0], lists[1:]
	doc := lead.seek(0)
next:
	for doc != noDoc {
		for _, c := range rest {
			if d := c.seek(doc); d != doc {
				if d == noDoc {
					return
				}
				doc = lead.seek(d)
				continue next
			}
		}
		visit(doc)
		doc = lead.advance()
	}
}

// numbers returns the numbers of the papers with the given ids.
func (s *Segment) numbers(ids map[int64]struct{}) []uint32 {
	var docs []uint32
	for id := range ids {
		if doc, ok := s.find(id); ok {
			docs = append(docs, doc)
		}
	}
	slices.Sort(docs)
	return docs
}
