package fulltext

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// maxExpansions is how many terms a prefix stands for; of more, those in most
// papers are taken.
const maxExpansions = 64

// load fills in the lists of the clauses and their df.
func (s *search) load() error {
	var need []BlockRef
	want := func(seg *Segment, term string) {
		if k := seg.blockOf(term); term != "" && k >= 0 {
			need = append(need, BlockRef{seg.id, k})
		}
	}
	for _, seg := range s.index.Segments {
		for _, c := range s.clauses {
			want(seg, c.term)
			for _, p := range c.parts {
				want(seg, p)
			}
			if c.prefix != "" {
				for _, p := range [...]string{c.prefix, formPrefix + c.prefix} {
					for from, to := seg.blocksOf(p); from < to; from++ {
						need = append(need, BlockRef{seg.id, from})
					}
				}
			}
		}
	}
	if err := s.fetch(need); err != nil {
		return err
	}

	expansions := make([][]string, len(s.clauses))
	need = nil
	for i, c := range s.clauses {
		if c.prefix == "" {
			continue
		}
		terms, err := s.expand(c.prefix)
		if err != nil {
			return err
		}
		expansions[i] = terms
		for _, seg := range s.index.Segments {
			for _, t := range terms {
				want(seg, t)
			}
		}
	}
	if err := s.fetch(need); err != nil {
		return err
	}

	// Positions are in blocks that only the terms' entries name.
	together := make([][][]entry, len(s.clauses))
	need = nil
	for i, c := range s.clauses {
		if len(c.parts) == 0 {
			continue
		}
		together[i] = make([][]entry, len(s.index.Segments))
		for k, seg := range s.index.Segments {
			entries, err := s.entries(seg, c.parts)
			if err != nil {
				return err
			}
			if len(entries) < len(c.parts) {
				continue
			}
			together[i][k] = entries
			for _, e := range entries {
				if e.flags&flagPositions != 0 {
					if e.block >= seg.posBlocks {
						return corrupt("positions")
					}
					need = append(need, BlockRef{seg.id, firstPositions + e.block})
				}
			}
		}
	}
	if err := s.fetch(need); err != nil {
		return err
	}

	for i := range s.clauses {
		for k, seg := range s.index.Segments {
			c := &s.clauses[i]
			var list *cursor
			var err error
			switch {
			case c.prefix != "":
				list, err = s.union(seg, expansions[i])
			case len(c.parts) > 0:
				list, err = s.together(seg, c, together[i][k])
			default:
				list, err = s.list(seg, c.term)
			}
			if err != nil {
				return err
			}
			if list == nil || list.df == 0 {
				continue
			}
			c.lists[k] = list
			if c.scored {
				n, err := seg.liveIn(list)
				if err != nil {
					return err
				}
				c.df += n
			}
		}
	}
	return nil
}

// fetch gets those of the blocks that are not at hand.
func (s *search) fetch(refs []BlockRef) error {
	refs = slices.DeleteFunc(refs, func(r BlockRef) bool { return s.blocks[r] != nil })
	slices.SortFunc(refs, func(a, b BlockRef) int {
		return cmp.Or(cmp.Compare(a.Segment, b.Segment), a.Number-b.Number)
	})
	if refs = slices.Compact(refs); len(refs) == 0 {
		return nil
	}
	blocks, err := s.index.Fetch(refs)
	if err != nil {
		return err
	}
	if len(blocks) != len(refs) {
		return corrupt("missing block")
	}
	for i, r := range refs {
		s.blocks[r] = blocks[i]
	}
	return nil
}

// entry returns the entry of a term, whose block is at hand. It has no term if
// the segment has none.
func (s *search) entry(seg *Segment, term string) (entry, error) {
	k := seg.blockOf(term)
	if k < 0 {
		return entry{}, nil
	}
	r := blockReader{data: s.blocks[BlockRef{seg.id, k}]}
	if !r.find(term) || r.e.flags&flagForm != 0 {
		return entry{}, r.err
	}
	return r.e, nil
}

// entries returns the entries of terms, or fewer if one of them is absent.
func (s *search) entries(seg *Segment, terms []string) ([]entry, error) {
	var entries []entry
	for _, t := range terms {
		e, err := s.entry(seg, t)
		if err != nil || e.term == nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func (e *entry) cursor(seg *Segment) *cursor {
	return newCursor(e.list, e.df, e.flags&flagTF != 0, uint32(len(seg.ids)))
}

// list returns the posting list of a term, or nil.
func (s *search) list(seg *Segment, term string) (*cursor, error) {
	e, err := s.entry(seg, term)
	if err != nil || e.term == nil {
		return nil, err
	}
	c := e.cursor(seg)
	return c, c.err
}

// liveIn returns how many papers of a list have not been removed. The cursor
// must not have moved, and does not.
func (s *Segment) liveIn(list *cursor) (int, error) {
	n := list.df
	if len(s.gone) == 0 {
		return n, nil
	}
	c := *list
	for _, doc := range s.gone {
		if c.seek(doc) == doc {
			n--
		}
	}
	return n, c.err
}

// expand returns the terms that a prefix stands for: those that have it, and
// the stems of words that have it.
func (s *search) expand(prefix string) ([]string, error) {
	papers := make(map[string]int) // about how many, by term
	for _, seg := range s.index.Segments {
		for _, p := range [...]string{prefix, formPrefix + prefix} {
			from, to := seg.blocksOf(p)
			for ; from < to; from++ {
				r := blockReader{data: s.blocks[BlockRef{seg.id, from}]}
				for r.next() && (bytes.HasPrefix(r.e.term, []byte(p)) || string(r.e.term) < p) {
					if !bytes.HasPrefix(r.e.term, []byte(p)) {
						continue
					}
					if r.e.flags&flagForm != 0 {
						papers[stem(string(r.e.term[len(formPrefix):]))] += r.e.df
					} else {
						papers[string(r.e.term)] += r.e.df
					}
				}
				if r.err != nil {
					return nil, r.err
				}
			}
		}
	}
	terms := make([]string, 0, len(papers))
	for t := range papers {
		if !strings.Contains(t, ":") { // from a corrupt block
			terms = append(terms, t)
		}
	}
	slices.SortFunc(terms, func(a, b string) int {
		return cmp.Or(cmp.Compare(papers[b], papers[a]), cmp.Compare(a, b))
	})
	return terms[:min(len(terms), maxExpansions)], nil
}

// union returns the papers that have any of the terms; their tf is the sum.
func (s *search) union(seg *Segment, terms []string) (*cursor, error) {
	sum := make([]uint16, len(seg.ids))
	n := 0
	for _, t := range terms {
		c, err := s.list(seg, t)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		for doc := c.seek(0); doc != noDoc; doc = c.advance() {
			if sum[doc] == 0 {
				n++
			}
			sum[doc] = min(sum[doc]+uint16(c.tf()), maxTF)
		}
		if c.err != nil {
			return nil, c.err
		}
	}
	docs, tfs := make([]uint32, 0, n), make([]byte, 0, n)
	for doc, tf := range sum {
		if tf > 0 {
			docs = append(docs, uint32(doc))
			tfs = append(tfs, byte(tf))
		}
	}
	return listCursor(docs, tfs), nil
}

// together returns the papers in which the parts of a clause occur together;
// of a compound also those that have it as one word. entries are those of the
// parts, nil if one is absent.
func (s *search) together(seg *Segment, c *preparedClause, entries []entry) (*cursor, error) {
	var docs []uint32
	var tfs []byte
	if entries != nil {
		var err error
		if docs, tfs, err = s.adjacent(seg, c, entries); err != nil {
			return nil, err
		}
	}
	if c.term == "" {
		return listCursor(docs, tfs), nil
	}
	joined, err := s.list(seg, c.term)
	if err != nil || joined == nil {
		return listCursor(docs, tfs), err
	}
	joinedDocs, joinedTFs := joined.all()
	if joined.err != nil {
		return nil, joined.err
	}
	docs, tfs = maximum(docs, tfs, joinedDocs, joinedTFs)
	return listCursor(docs, tfs), nil
}

// maximum merges two lists; a paper in both has the higher tf.
func maximum(docs1 []uint32, tfs1 []byte, docs2 []uint32, tfs2 []byte) (docs []uint32, tfs []byte) {
	for i, j := 0, 0; i < len(docs1) || j < len(docs2); {
		tf2 := func() byte {
			if tfs2 == nil {
				return 1
			}
			return tfs2[j]
		}
		switch {
		case j == len(docs2) || i < len(docs1) && docs1[i] < docs2[j]:
			docs, tfs = append(docs, docs1[i]), append(tfs, tfs1[i])
			i++
		case i == len(docs1) || docs2[j] < docs1[i]:
			docs, tfs = append(docs, docs2[j]), append(tfs, tf2())
			j++
		default:
			docs, tfs = append(docs, docs1[i]), append(tfs, max(tfs1[i], tf2()))
			i, j = i+1, j+1
		}
	}
	return docs, tfs
}

// adjacent returns the papers in which the terms of entries occur one after
// the other, or, unless the clause is near, at one position.
func (s *search) adjacent(seg *Segment, c *preparedClause, entries []entry) (docs []uint32, tfs []byte, err error) {
	lists := make([]*cursor, len(entries))
	readers := make([]*positionReader, len(entries))
	for i, e := range entries {
		data := e.positions
		if e.flags&flagPositions != 0 {
			if data = s.blocks[BlockRef{seg.id, firstPositions + e.block}]; e.offset > len(data) {
				return nil, nil, corrupt("positions")
			}
			data = data[e.offset:]
		}
		lists[i] = e.cursor(seg)
		if readers[i], err = newPositionReader(data, e.df); err != nil {
			return nil, nil, err
		}
	}
	order := slices.Clone(lists)
	slices.SortFunc(order, func(a, b *cursor) int { return a.df - b.df })
	at := make([][]uint32, len(lists))
	intersect(order, func(doc uint32) {
		if err != nil || seg.isRemoved(doc) {
			return
		}
		for i, l := range lists {
			if at[i], err = readers[i].at(l.rank()); err != nil {
				return
			}
		}
		if tf := countTogether(at, c.near); tf > 0 {
			docs = append(docs, doc)
			tfs = append(tfs, byte(tf))
		}
	})
	for _, l := range lists {
		err = cmp.Or(err, l.err)
	}
	return docs, tfs, err
}

// countTogether returns the weighted number of positions at which the first
// term stands and the others too, each one later if near.
func countTogether(at [][]uint32, near bool) int {
	tf := 0
	next := make([]int, 8)[:0]
	for range at {
		next = append(next, 0)
	}
positions:
	for _, p := range at[0] {
		for i := 1; i < len(at); i++ {
			target := p
			if near {
				target += uint32(i)
			}
			for next[i] < len(at[i]) && at[i][next[i]] < target {
				next[i]++
			}
			if next[i] == len(at[i]) {
				break positions
			}
			if at[i][next[i]] != target {
				continue positions
			}
		}
		tf += weightAt(p)
	}
	return min(tf, maxTF)
}
