package fulltext

import (
	"bytes"
	"encoding/binary"
)

// A segment's terms are in blocks numbered from 0, and their positions in
// blocks numbered from firstPositions. Both have a few kilobytes, or one term.
// An entry of a block of terms is
//
//	shared bytes with the term before, other bytes, those bytes
//	flags, df
//	bytes of the list, list                          unless it is a form
//	bytes of positions, positions | block, offset    if it has any
const (
	blockBytes      = 4000 // with its row's own bytes a page of SQLite's
	firstPositions  = 1 << 19
	maxBlocks       = 1 << 19 // of each kind
	inlinePositions = 24      // bytes up to which positions stand in the entry
	maxTerm         = 256     // bytes
)

const (
	flagTF        = 1 << iota // the list has term frequencies; all are 1 otherwise
	flagPositions             // there are positions, in a block of their own
	flagInline                // there are positions, in the entry
	flagForm                  // a word as written: nothing but a count
)

// entry is a term of a block.
type entry struct {
	term      []byte // valid until the next entry is read
	flags     byte
	df        int
	list      []byte
	positions []byte // if flagInline
	block     int    // if flagPositions: where they are
	offset    int
}

// blockReader reads the entries of a block.
type blockReader struct {
	data []byte
	e    entry
	err  error
}

// next reads an entry into r.e. It returns false at the end, and on errors.
func (r *blockReader) next() bool {
	if len(r.data) == 0 {
		return false
	}
	e := &r.e
	shared := r.uint(len(e.term))
	suffix := r.bytes(r.uint(maxTerm))
	if r.err != nil || shared+len(suffix) > maxTerm {
		return r.fail()
	}
	e.term = append(e.term[:shared], suffix...)
	flags := r.bytes(1)
	e.df = r.uint(maxDocs)
	if r.err != nil {
		return false
	}
	if e.flags = flags[0]; e.flags&(flagPositions|flagInline) == flagPositions|flagInline {
		return r.fail()
	}
	e.list, e.positions, e.block, e.offset = nil, nil, 0, 0
	if e.flags&flagForm == 0 {
		e.list = r.bytes(r.uint(len(r.data)))
	}
	switch {
	case e.flags&flagInline != 0:
		e.positions = r.bytes(r.uint(len(r.data)))
	case e.flags&flagPositions != 0:
		e.block = r.uint(maxBlocks - 1)
		e.offset = r.uint(1 << 30)
	}
	return r.err == nil
}

func (r *blockReader) fail() bool {
	r.err = corrupt("block")
	r.data = nil
	return false
}

func (r *blockReader) uint(limit int) int {
	v, n := uvarint(r.data)
	if n == 0 || v > uint64(limit) {
		r.fail()
		return 0
	}
	r.data = r.data[n:]
	return int(v)
}

func (r *blockReader) bytes(n int) []byte {
	if n > len(r.data) {
		r.fail()
		return nil
	}
	b := r.data[:n:n]
	r.data = r.data[n:]
	return b
}

// find goes to the entry of term.
func (r *blockReader) find(term string) bool {
	for r.next() {
		if c := bytes.Compare(r.e.term, []byte(term)); c >= 0 {
			return c == 0
		}
	}
	return false
}

// writer makes the blocks of a segment of terms that come in order.
type writer struct {
	emit func(number int, data []byte) error

	firsts    []string // first term of each block so far
	block     []byte
	last      []byte // term before
	positions []byte
	posBlocks int

	list, scratch, coded []byte
}

// add writes a term and its postings.
func (w *writer) add(term string, p *postings) error {
	var flags byte
	tfs := p.tfs
	if allOnes(tfs) {
		tfs = nil
	} else {
		flags |= flagTF
	}
	w.list = appendList(w.list[:0], p.docs, tfs, &w.scratch)
	w.coded = w.coded[:0]
	if len(p.ends) > 0 {
		if w.coded = appendPositions(w.coded, p.positions, p.ends); len(w.coded) <= inlinePositions {
			flags |= flagInline
		} else {
			flags |= flagPositions
		}
	}
	if err := w.begin(term, len(w.list)+len(w.coded), flags, len(p.docs)); err != nil {
		return err
	}
	w.block = binary.AppendUvarint(w.block, uint64(len(w.list)))
	w.block = append(w.block, w.list...)
	switch {
	case flags&flagInline != 0:
		w.block = binary.AppendUvarint(w.block, uint64(len(w.coded)))
		w.block = append(w.block, w.coded...)
	case flags&flagPositions != 0:
		if len(w.positions) > 0 && len(w.positions)+len(w.coded) > blockBytes {
			if err := w.flushPositions(); err != nil {
				return err
			}
		}
		w.block = binary.AppendUvarint(w.block, uint64(w.posBlocks))
		w.block = binary.AppendUvarint(w.block, uint64(len(w.positions)))
		w.positions = append(w.positions, w.coded...)
	}
	return nil
}

// addForm writes a word as written that occurs in count papers.
func (w *writer) addForm(term string, count int) error {
	return w.begin(term, 0, flagForm, min(count, maxDocs))
}

// begin writes what is common to all entries, in a new block if the entry of
// about size bytes has no room in the current one.
func (w *writer) begin(term string, size int, flags byte, df int) error {
	if len(w.block) > 0 && len(w.block)+len(term)+size+12 > blockBytes {
		if err := w.flush(); err != nil {
			return err
		}
	}
	shared := 0
	if len(w.block) == 0 {
		w.firsts = append(w.firsts, term)
	} else {
		for shared < min(len(w.last), len(term)) && w.last[shared] == term[shared] {
			shared++
		}
	}
	w.block = binary.AppendUvarint(w.block, uint64(shared))
	w.block = binary.AppendUvarint(w.block, uint64(len(term)-shared))
	w.block = append(w.block, term[shared:]...)
	w.block = append(w.block, flags)
	w.block = binary.AppendUvarint(w.block, uint64(df))
	w.last = append(w.last[:0], term...)
	return nil
}

func (w *writer) flush() error {
	if len(w.block) == 0 {
		return nil
	}
	data := bytes.Clone(w.block)
	w.block = w.block[:0]
	return w.emit(len(w.firsts)-1, data)
}

func (w *writer) flushPositions() error {
	if len(w.positions) == 0 {
		return nil
	}
	data := bytes.Clone(w.positions)
	w.positions = w.positions[:0]
	w.posBlocks++
	return w.emit(firstPositions+w.posBlocks-1, data)
}

func (w *writer) close() error {
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.flushPositions(); err != nil {
		return err
	}
	if len(w.firsts) > maxBlocks || w.posBlocks > maxBlocks {
		return corrupt("too many blocks")
	}
	return nil
}
