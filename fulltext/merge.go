package fulltext

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/offprint/offprint"
)

// ReadFunc returns a block of a segment.
type ReadFunc func(segment int64, number int) ([]byte, error)

// Merge makes one segment of the live papers of several. It reads their blocks
// with read and writes the new ones with emit, which may keep data, and returns
// the new table. Where a paper is live in several segments, the one in the last
// of these counts. Little more than the blocks at hand is in memory.
func Merge(segments []*Segment, read ReadFunc, emit func(number int, data []byte) error) (table []byte, err error) {
	sources, ids, lengths, listed := number(segments)
	for _, s := range sources {
		s.read = read
		if err := s.next(); err != nil {
			return nil, err
		}
	}
	w := &writer{emit: emit}
	m := merger{writer: w}
	for {
		var first *source
		for _, s := range sources {
			if !s.done && (first == nil || bytes.Compare(s.reader.e.term, first.reader.e.term) < 0) {
				first = s
			}
		}
		if first == nil {
			break
		}
		term := string(first.reader.e.term)
		m.begin(term)
		for _, s := range sources {
			if !s.done && string(s.reader.e.term) == term {
				if err := m.take(s); err != nil {
					return nil, err
				}
				if err := s.next(); err != nil {
					return nil, err
				}
			}
		}
		if err := m.finish(); err != nil {
			return nil, err
		}
	}
	if err := w.close(); err != nil {
		return nil, err
	}
	return appendSegment(nil, ids, lengths, listed, w.firsts, w.posBlocks), nil
}

// number gives the papers of the merged segment their numbers.
func number(segments []*Segment) (sources []*source, ids []int64, lengths []uint32, listed []offprint.Date) {
	type paper struct {
		id      int64
		segment int
		doc     uint32
	}
	var papers []paper
	for i, seg := range segments {
		s := &source{segment: seg, numbers: make([]uint32, len(seg.ids)), posBlock: -1}
		sources = append(sources, s)
		for doc, id := range seg.ids {
			s.numbers[doc] = noDoc
			if !seg.isRemoved(uint32(doc)) {
				papers = append(papers, paper{id, i, uint32(doc)})
			}
		}
	}
	slices.SortFunc(papers, func(a, b paper) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.segment, b.segment))
	})
	for i, p := range papers {
		if i+1 < len(papers) && papers[i+1].id == p.id {
			continue
		}
		sources[p.segment].numbers[p.doc] = uint32(len(ids))
		ids = append(ids, p.id)
		lengths = append(lengths, segments[p.segment].lengths[p.doc])
		listed = append(listed, segments[p.segment].listed[p.doc])
	}
	return sources, ids, lengths, listed
}

// source is a segment while it is merged.
type source struct {
	segment *Segment
	read    ReadFunc
	numbers []uint32 // new number of each paper, or noDoc

	reader blockReader
	block  int // to be read next
	done   bool

	posBlock  int // the one in positions, or -1
	positions []byte
}

// next goes to the next entry.
func (s *source) next() error {
	for !s.reader.next() {
		if s.reader.err != nil {
			return s.reader.err
		}
		if s.block >= len(s.segment.firsts) {
			s.done = true
			return nil
		}
		data, err := s.read(s.segment.id, s.block)
		if err != nil {
			return fmt.Errorf("read block %d of segment %d: %w", s.block, s.segment.id, err)
		}
		s.reader = blockReader{data: data, e: entry{term: s.reader.e.term[:0]}}
		s.block++
	}
	return nil
}

// positionsOf returns the positions of the current entry, or nil.
func (s *source) positionsOf(e *entry) ([]byte, error) {
	if e.flags&flagPositions == 0 {
		return e.positions, nil
	}
	if e.block >= s.segment.posBlocks {
		return nil, corrupt("positions")
	}
	if e.block != s.posBlock {
		data, err := s.read(s.segment.id, firstPositions+e.block)
		if err != nil {
			return nil, fmt.Errorf("read block %d of segment %d: %w", firstPositions+e.block, s.segment.id, err)
		}
		s.posBlock, s.positions = e.block, data
	}
	if e.offset > len(s.positions) {
		return nil, corrupt("positions")
	}
	return s.positions[e.offset:], nil
}

// merger puts together the postings of one term after the other.
type merger struct {
	writer *writer
	term   string
	count  int // of a form
	all    postings
	sorted postings
}

func (m *merger) begin(term string) {
	m.term, m.count = term, 0
	m.all.reset()
}

// take adds the postings of the source's current entry.
func (m *merger) take(s *source) error {
	e := &s.reader.e
	if e.flags&flagForm != 0 {
		m.count += e.df
		return nil
	}
	c := newCursor(e.list, e.df, e.flags&flagTF != 0, uint32(len(s.segment.ids)))
	var groups []byte
	off := 0
	if e.flags&(flagPositions|flagInline) != 0 {
		data, err := s.positionsOf(e)
		if err != nil {
			return err
		}
		r, err := newPositionReader(data, e.df)
		if err != nil {
			return err
		}
		groups = r.data
	}
	for doc := c.seek(0); doc != noDoc; doc = c.seek(doc + 1) {
		start := off
		if groups != nil {
			if off = groupEnd(groups, off); off < 0 {
				return corrupt("positions")
			}
		}
		n := s.numbers[doc]
		if n == noDoc {
			continue
		}
		m.all.docs = append(m.all.docs, n)
		m.all.tfs = append(m.all.tfs, byte(c.tf()))
		if groups != nil {
			m.all.positions = append(m.all.positions, groups[start:off]...)
			m.all.ends = append(m.all.ends, uint32(len(m.all.positions)))
		}
	}
	return c.err
}

// finish writes the term, unless no live paper has it.
func (m *merger) finish() error {
	if m.count > 0 {
		return m.writer.addForm(m.term, m.count)
	}
	p := &m.all
	if len(p.docs) == 0 {
		return nil
	}
	if len(p.ends) > 0 && len(p.ends) != len(p.docs) || strings.HasPrefix(m.term, formPrefix) {
		return corrupt("a term's entries contradict each other")
	}
	if !slices.IsSorted(p.docs) {
		p = m.sort()
	}
	return m.writer.add(m.term, p)
}

// sort returns the postings by paper. It is needed only where the segments'
// papers interleave.
func (m *merger) sort() *postings {
	order := make([]int, len(m.all.docs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(m.all.docs[i], m.all.docs[j]) })
	p := &m.sorted
	p.reset()
	for _, i := range order {
		p.docs = append(p.docs, m.all.docs[i])
		p.tfs = append(p.tfs, m.all.tfs[i])
		if len(m.all.ends) > 0 {
			start := uint32(0)
			if i > 0 {
				start = m.all.ends[i-1]
			}
			p.positions = append(p.positions, m.all.positions[start:m.all.ends[i]]...)
			p.ends = append(p.ends, uint32(len(p.positions)))
		}
	}
	return p
}
