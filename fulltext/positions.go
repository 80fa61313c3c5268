package fulltext

import (
	"encoding/binary"
	"slices"
)

// Positions of a term are coded apart from its postings, since only phrases
// and names need them:
//
//	positions = header? (count, position, less the one before)*
//	header    = bytes of each run                     as in a posting list
//
// with one group for each posting, and the first position as it is.

// appendPositions appends the coded positions of a term. ends says where each
// posting's group ends in groups.
func appendPositions(dst, groups []byte, ends []uint32) []byte {
	if len(ends) > runLength {
		start := uint32(0)
		for i := runLength; i < len(ends)+runLength; i += runLength {
			end := ends[min(i, len(ends))-1]
			dst = binary.AppendUvarint(dst, uint64(end-start))
			start = end
		}
	}
	return append(dst, groups...)
}

// appendGroup appends the positions of one posting.
func appendGroup(dst []byte, positions []uint32) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(positions)))
	prev := uint32(0)
	for _, p := range positions {
		dst = binary.AppendUvarint(dst, uint64(p-prev))
		prev = p
	}
	return dst
}

// positionReader reads the positions of a term, forwards.
type positionReader struct {
	data   []byte
	starts []int // of runs
	rank   int   // of the posting at off
	off    int
	buf    []uint32
}

// newPositionReader returns a reader of the positions of a term with df
// postings, which data starts with.
func newPositionReader(data []byte, df int) (*positionReader, error) {
	r := &positionReader{data: data, starts: []int{0}}
	if df <= runLength {
		return r, nil
	}
	n := (df + runLength - 1) / runLength
	off, sum := 0, 0
	r.starts = make([]int, 0, n)
	for range n {
		size, k := uvarint(data[off:])
		if k == 0 || size > uint64(len(data)) {
			return nil, corrupt("positions")
		}
		r.starts = append(r.starts, sum)
		off += k
		sum += int(size)
	}
	if sum > len(data)-off {
		return nil, corrupt("positions")
	}
	r.data = data[off:]
	return r, nil
}

// at returns the positions of the posting with the given rank, which must not
// be smaller than in the call before. They are valid until the next call.
func (r *positionReader) at(rank int) ([]uint32, error) {
	if k := uint(rank) / runLength; k > uint(r.rank)/runLength {
		if k >= uint(len(r.starts)) {
			return nil, corrupt("positions")
		}
		r.rank, r.off = int(k)*runLength, r.starts[k]
	}
	for ; r.rank < rank; r.rank++ {
		end := groupEnd(r.data, r.off)
		if end < 0 {
			return nil, corrupt("positions")
		}
		r.off = end
	}
	data, off := r.data, r.off
	count, n := uvarint(data[off:])
	if n == 0 || count > uint64(len(data)-off) {
		return nil, corrupt("positions")
	}
	off += n
	r.buf = slices.Grow(r.buf[:0], int(count))[:count]
	p := uint32(0)
	for i := range r.buf {
		if off >= len(data) {
			return nil, corrupt("positions")
		}
		gap := uint32(data[off])
		off++
		if gap >= 0x80 {
			v, n := uvarint(data[off-1:])
			if n == 0 || v > authorEnd {
				return nil, corrupt("positions")
			}
			gap = uint32(v)
			off += n - 1
		}
		if p += gap; p > authorEnd {
			return nil, corrupt("positions")
		}
		r.buf[i] = p
	}
	r.off, r.rank = off, rank+1
	return r.buf, nil
}

// groupEnd returns where the group that starts at data[off:] ends, or -1.
func groupEnd(data []byte, off int) int {
	count, n := uvarint(data[off:])
	if n == 0 || count > uint64(len(data)-off) {
		return -1
	}
	off += n
	for ; count > 0; off++ {
		if off >= len(data) {
			return -1
		}
		if data[off] < 0x80 { // the last byte of a varint
			count--
		}
	}
	return off
}
