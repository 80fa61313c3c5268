package bibfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

var errLongLine = fmt.Errorf("the record is longer than %d MB", maxRecord>>20)

// lineReader reads a text line by line, whatever the length of its lines.
type lineReader struct {
	r     *bufio.Reader
	n     int // number of the line that next returned, from 1
	line  []byte
	long  []byte // holds a line that outgrows the buffer of r
	again bool
}

// next returns the next line without its end. The slice is valid until the
// next call. It fails with errLongLine for a line over the limit, which is
// skipped, with [io.EOF], or with whatever reading failed with.
func (l *lineReader) next() ([]byte, error) {
	if l.again {
		l.again = false
		return l.line, nil
	}
	part, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		part, err = l.rest(part)
	}
	if errors.Is(err, io.EOF) && len(part) > 0 {
		err = nil // the last line has no end
	}
	if err != nil && !errors.Is(err, errLongLine) {
		return nil, err
	}
	l.n++
	if err != nil {
		return nil, err
	}
	part = bytes.TrimSuffix(part, []byte("\n"))
	l.line = bytes.TrimSuffix(part, []byte("\r"))
	return l.line, nil
}

// rest reads the remainder of a line that begins with part.
func (l *lineReader) rest(part []byte) ([]byte, error) {
	if cap(l.long) > 1<<20 {
		l.long = nil // one huge line must not hold its memory for good
	}
	l.long = append(l.long[:0], part...)
	tooLong := false
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.long)+len(part) > maxRecord {
			tooLong, l.long = true, l.long[:0]
		}
		if !tooLong {
			l.long = append(l.long, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case tooLong && (err == nil || errors.Is(err, io.EOF)):
			return nil, errLongLine
		default:
			return l.long, err
		}
	}
}

// unread makes next return the line that it returned last once more.
func (l *lineReader) unread() { l.again = true }

// windows1252 has the characters of that encoding for 0x80 to 0x9F. Files that
// call themselves Latin-1 are written in it: the two differ only there, where
// Latin-1 has control characters.
var windows1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8D, 'Ž', 0x8F,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9D, 'ž', 'Ÿ',
}

// decode returns b as a string: as UTF-8, and if it is not that, as Latin-1.
func decode(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	out := make([]byte, 0, len(b)+len(b)/8)
	for _, c := range b {
		r := rune(c)
		if 0x80 <= c && c < 0xA0 {
			r = windows1252[c-0x80]
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}
