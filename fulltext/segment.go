package fulltext

import (
	"encoding/binary"
	"math/bits"
	"sort"
	"strings"

	"github.com/offprint/offprint"
)

// Segment is the table of a segment's papers and of its blocks, in memory: about
// 16 bytes a paper, and what [Segment.WithRemoved] adds. It never changes, and
// may be used from several goroutines.
type Segment struct {
	id        int64
	ids       []int64 // of papers, ascending
	lengths   []uint32
	listed    []offprint.Date
	firsts    []string // first term of each block
	posBlocks int

	removed []byte   // bitmap by paper number; nil if all are live
	gone    []uint32 // its papers
	live    int
	words   uint64 // lengths of live papers, summed
}

const segmentVersion = 1

// appendSegment appends the table as [OpenSegment] reads it.
func appendSegment(dst []byte, ids []int64, lengths []uint32, listed []offprint.Date, firsts []string, posBlocks int) []byte {
	dst = append(dst, segmentVersion)
	dst = binary.AppendUvarint(dst, uint64(len(ids)))
	prev := int64(0)
	for i, id := range ids {
		dst = binary.AppendUvarint(dst, uint64(id-prev))
		dst = binary.AppendUvarint(dst, uint64(lengths[i]))
		dst = binary.AppendVarint(dst, int64(listed[i]))
		prev = id
	}
	dst = binary.AppendUvarint(dst, uint64(posBlocks))
	dst = binary.AppendUvarint(dst, uint64(len(firsts)))
	for _, f := range firsts {
		dst = binary.AppendUvarint(dst, uint64(len(f)))
		dst = append(dst, f...)
	}
	return dst
}

// OpenSegment reads a table that [Builder.Build] or [Merge] returned. The id is
// the caller's: it comes back in [BlockRef].
func OpenSegment(id int64, table []byte) (*Segment, error) {
	if len(table) == 0 || table[0] != segmentVersion {
		return nil, corrupt("segment of another version")
	}
	r := blockReader{data: table[1:]}
	n := r.uint(min(maxDocs, len(table)/3)) // a paper takes 3 bytes at least
	s := &Segment{id: id, ids: make([]int64, n), lengths: make([]uint32, n), listed: make([]offprint.Date, n), live: n}
	prev := int64(0)
	for i := range n {
		gap, k := uvarint(r.data)
		if k == 0 || gap == 0 || gap > 1<<62 || prev+int64(gap) < prev {
			return nil, corrupt("segment's papers")
		}
		r.data = r.data[k:]
		prev += int64(gap)
		s.ids[i] = prev
		s.lengths[i] = uint32(r.uint(1 << 30))
		day, k := binary.Varint(r.data)
		if k <= 0 || day != int64(int32(day)) {
			return nil, corrupt("segment's papers")
		}
		r.data = r.data[k:]
		s.listed[i] = offprint.Date(day)
		s.words += uint64(s.lengths[i])
	}
	s.posBlocks = r.uint(maxBlocks)
	blocks := r.uint(min(maxBlocks, len(r.data)))
	if r.err != nil {
		return nil, r.err
	}
	s.firsts = make([]string, blocks)
	for i := range s.firsts {
		s.firsts[i] = string(r.bytes(r.uint(maxTerm)))
		if i > 0 && s.firsts[i] <= s.firsts[i-1] {
			return nil, corrupt("segment's blocks")
		}
	}
	if r.err != nil || len(r.data) > 0 {
		return nil, corrupt("segment's blocks")
	}
	return s, nil
}

// WithRemoved returns the segment without the papers of a bitmap that
// [Segment.Remove] returned. Nil is for none.
func (s *Segment) WithRemoved(bitmap []byte) (*Segment, error) {
	t := *s
	t.removed, t.gone, t.live, t.words = nil, nil, len(s.ids), 0
	for _, n := range s.lengths {
		t.words += uint64(n)
	}
	if len(bitmap) == 0 {
		return &t, nil
	}
	if len(bitmap) != (len(s.ids)+7)/8 {
		return nil, corrupt("bitmap of removed papers")
	}
	t.removed = bitmap
	for i, b := range bitmap {
		for ; b != 0; b &= b - 1 {
			doc := i*8 + bits.TrailingZeros8(b)
			if doc >= len(s.ids) {
				return nil, corrupt("bitmap of removed papers")
			}
			t.gone = append(t.gone, uint32(doc))
			t.live--
			t.words -= uint64(s.lengths[doc])
		}
	}
	return &t, nil
}

// Remove returns the bitmap of the papers that are gone when those with the
// given ids are too, or nil if none of them is in the segment.
func (s *Segment) Remove(ids []int64) []byte {
	var bitmap []byte
	for _, id := range ids {
		doc, ok := s.find(id)
		if !ok || s.isRemoved(doc) {
			continue
		}
		if bitmap == nil {
			bitmap = make([]byte, (len(s.ids)+7)/8)
			copy(bitmap, s.removed)
		}
		bitmap[doc/8] |= 1 << (doc % 8)
	}
	return bitmap
}

// ID returns the id that the segment was opened with.
func (s *Segment) ID() int64 { return s.id }

// Len returns how many papers the segment was built from.
func (s *Segment) Len() int { return len(s.ids) }

// Live returns how many of them have not been removed.
func (s *Segment) Live() int { return s.live }

func (s *Segment) isRemoved(doc uint32) bool {
	return s.removed != nil && s.removed[doc/8]>>(doc%8)&1 != 0
}

// find returns the number of the paper with the id.
func (s *Segment) find(id int64) (doc uint32, ok bool) {
	n := len(s.ids)
	if n == 0 || id < s.ids[0] || id > s.ids[n-1] {
		return 0, false
	}
	i := sort.Search(n, func(i int) bool { return s.ids[i] >= id })
	return uint32(i), s.ids[i] == id
}

// blockOf returns the number of the block that term is in, if it is in any, or -1.
func (s *Segment) blockOf(term string) int {
	return sort.SearchStrings(s.firsts, term+"\x00") - 1
}

// blocksOf returns the range of the blocks that can have terms with the prefix.
func (s *Segment) blocksOf(prefix string) (from, to int) {
	to = sort.Search(len(s.firsts), func(i int) bool {
		return s.firsts[i] > prefix && !strings.HasPrefix(s.firsts[i], prefix)
	})
	return max(0, s.blockOf(prefix)), to
}
