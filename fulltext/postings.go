package fulltext

import (
	"encoding/binary"
	"math"
	"sort"
)

// A posting list says in which papers of a segment a term occurs, by their
// numbers there, and how often. It is coded in runs of up to runLength papers:
//
//	list = header? run*        header only if there is more than one run
//	header = (last number, less that of the run before, less 1; bytes of the run)*
//	run  = (number, less the one before, less 1)* tf*
//
// with unsigned varints, and a byte for each tf. If all tf are 1 there are none.
const runLength = 128

// noDoc is beyond the last paper of every segment.
const noDoc = math.MaxUint32

// maxDocs bounds the papers of a segment.
const maxDocs = 1 << 24

// postings are a posting list with positions, decoded.
type postings struct {
	docs      []uint32
	tfs       []byte   // nil if all are 1
	positions []byte   // of all papers, one after the other: count, then deltas
	ends      []uint32 // where each paper's positions end; nil if there are none
}

func (p *postings) reset() {
	p.docs, p.tfs, p.positions, p.ends = p.docs[:0], p.tfs[:0], p.positions[:0], p.ends[:0]
}

// allOnes reports whether the term frequencies need not be written.
func allOnes(tfs []byte) bool {
	for _, tf := range tfs {
		if tf != 1 {
			return false
		}
	}
	return true
}

// appendList appends the coded list. tfs is nil if all are 1.
func appendList(dst []byte, docs []uint32, tfs []byte, scratch *[]byte) []byte {
	prev := int64(-1)
	if len(docs) <= runLength {
		return appendRun(dst, docs, tfs, prev)
	}
	runs := (*scratch)[:0]
	for i := 0; i < len(docs); i += runLength {
		run := docs[i:min(i+runLength, len(docs))]
		var f []byte
		if len(tfs) > 0 {
			f = tfs[i : i+len(run)]
		}
		before := len(runs)
		runs = appendRun(runs, run, f, prev)
		last := int64(run[len(run)-1])
		dst = binary.AppendUvarint(dst, uint64(last-prev-1))
		dst = binary.AppendUvarint(dst, uint64(len(runs)-before))
		prev = last
	}
	*scratch = runs
	return append(dst, runs...)
}

func appendRun(dst []byte, docs []uint32, tfs []byte, prev int64) []byte {
	for _, d := range docs {
		dst = binary.AppendUvarint(dst, uint64(int64(d)-prev-1))
		prev = int64(d)
	}
	return append(dst, tfs...)
}

// cursor walks over a posting list in order. It decodes only the runs that it
// stops in. A corrupt list ends early, and sets err.
type cursor struct {
	df    int
	limit uint32 // papers in the segment
	data  []byte
	hasTF bool
	runs  []run // nil for a list that is decoded as a whole
	next  int   // run after the one decoded

	docs []uint32 // of the current run
	tfs  []byte   // likewise; nil if all are 1
	i    int
	base int // rank of docs[0] in the list

	buf [runLength]uint32
	err error
}

type run struct {
	last       uint32
	start, end int
}

// newCursor returns a cursor before the first paper of a coded list of df papers.
func newCursor(data []byte, df int, hasTF bool, limit uint32) *cursor {
	c := &cursor{df: df, limit: limit, data: data, hasTF: hasTF}
	if df < 1 || df > int(limit) {
		return c.fail()
	}
	if df <= runLength {
		c.runs = []run{{limit - 1, 0, len(data)}}
		return c
	}
	n := (df + runLength - 1) / runLength
	c.runs = make([]run, 0, n)
	last, off, size := int64(-1), 0, 0
	for range n {
		gap, k := uvarint(data[off:])
		length, m := uvarint(data[off+k:])
		if k == 0 || m == 0 || gap >= uint64(limit) || length > uint64(len(data)) {
			return c.fail()
		}
		off += k + m
		last += int64(gap) + 1
		c.runs = append(c.runs, run{uint32(last), size, size + int(length)})
		size += int(length)
	}
	if last >= int64(limit) || size != len(data)-off {
		return c.fail()
	}
	c.data = data[off:]
	return c
}

// listCursor returns a cursor over a list that is already decoded.
func listCursor(docs []uint32, tfs []byte) *cursor {
	return &cursor{df: len(docs), docs: docs, tfs: tfs}
}

func (c *cursor) fail() *cursor {
	c.err = corrupt("posting list")
	c.runs, c.docs, c.tfs, c.i = nil, nil, nil, 0
	return c
}

// doc returns the current paper, or noDoc. Before the first seek there is none.
func (c *cursor) doc() uint32 {
	if c.i < len(c.docs) {
		return c.docs[c.i]
	}
	return noDoc
}

// tf returns the current paper's term frequency.
func (c *cursor) tf() int {
	if c.tfs == nil {
		return 1
	}
	return int(c.tfs[c.i])
}

// rank returns how many papers are before the current one.
func (c *cursor) rank() int { return c.base + c.i }

// seek goes forward to the first paper that is not before target, and returns
// it, or noDoc.
func (c *cursor) seek(target uint32) uint32 {
	if c.i < len(c.docs) {
		if d := c.docs[c.i]; d >= target {
			return d
		}
	}
	if n := len(c.docs); n == 0 || c.docs[n-1] < target {
		if !c.load(target) {
			return noDoc
		}
	}
	// Short steps are the rule; long ones double.
	docs, low, step := c.docs, c.i, 1
	for low+step < len(docs) && docs[low+step] < target {
		low += step
		step *= 2
	}
	high := min(low+step, len(docs)-1)
	for low < high {
		if mid := int(uint(low+high) / 2); docs[mid] < target {
			low = mid + 1
		} else {
			high = mid
		}
	}
	c.i = low
	return docs[low]
}

// advance goes to the next paper after a seek that found one.
func (c *cursor) advance() uint32 {
	if c.i++; c.i < len(c.docs) {
		return c.docs[c.i]
	}
	return c.seek(c.docs[c.i-1] + 1)
}

// load decodes the first run that ends at or after target.
func (c *cursor) load(target uint32) bool {
	k := c.next
	if k < len(c.runs) && c.runs[k].last < target {
		k += sort.Search(len(c.runs)-k, func(i int) bool { return c.runs[k+i].last >= target })
	}
	if k >= len(c.runs) {
		c.i = len(c.docs)
		c.next = len(c.runs)
		return false
	}
	c.next = k + 1
	c.base = k * runLength
	n := min(runLength, c.df-c.base)
	prev := int64(-1)
	if k > 0 {
		prev = int64(c.runs[k-1].last)
	}
	data := c.data[c.runs[k].start:c.runs[k].end]
	c.docs = c.buf[:n]
	used := decodeRun(c.docs, data, prev, c.limit)
	if used < 0 || len(c.runs) > 1 && c.docs[n-1] != c.runs[k].last {
		c.fail()
		return false
	}
	c.tfs, c.i = nil, 0
	rest := data[used:]
	if c.hasTF {
		c.tfs = rest
		n -= len(rest)
	} else if len(rest) == 0 {
		n = 0
	}
	if n != 0 {
		c.fail()
		return false
	}
	if c.docs[len(c.docs)-1] < target { // only in a list of one run
		c.i = len(c.docs)
		return false
	}
	return true
}

// decodeRun decodes as many paper numbers as fit into docs, and returns how
// many bytes they took, or -1.
func decodeRun(docs []uint32, data []byte, prev int64, limit uint32) int {
	off := 0
	d := uint32(prev + 1)
	for i := range docs {
		if off >= len(data) {
			return -1
		}
		gap := uint32(data[off])
		off++
		if gap >= 0x80 {
			v, n := uvarint(data[off-1:])
			if n == 0 || v >= uint64(limit) {
				return -1
			}
			gap = uint32(v)
			off += n - 1
		}
		d += gap
		docs[i] = d
		d++
	}
	// Gaps are below 2^24 and a run has few, so that nothing has wrapped.
	if d > limit {
		return -1
	}
	return off
}

// all decodes the whole list. The result is valid until the cursor moves.
func (c *cursor) all() (docs []uint32, tfs []byte) {
	if c.runs == nil {
		return c.docs, c.tfs
	}
	docs = make([]uint32, 0, min(c.df, int(c.limit)))
	if c.hasTF {
		tfs = make([]byte, 0, cap(docs))
	}
	target := uint32(0)
	for c.load(target) {
		docs = append(docs, c.docs...)
		tfs = append(tfs, c.tfs...)
		target = c.docs[len(c.docs)-1] + 1
	}
	return docs, tfs
}

// uvarint is binary.Uvarint that returns no length for what is not a varint.
func uvarint(data []byte) (v uint64, n int) {
	if len(data) > 0 && data[0] < 0x80 {
		return uint64(data[0]), 1
	}
	if v, n = binary.Uvarint(data); n < 0 {
		n = 0
	}
	return v, n
}
