package bibfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/offprint/offprint"
)

// Reader reads the papers of one file, one at a time.
type Reader struct {
	name   string
	format Format
	lines  *lineReader
	bib    bibParser
	origin offprint.Origin // of every paper, but for what the record itself says
	line   int             // where the last record starts
	size   int             // bytes that the last record holds on to, at most
	err    error           // what ended reading; sticky
}

// NewReader returns a reader of r, which may be compressed by gzip. The name
// stands in messages and, without its folder, in the papers' origin; "" and "-"
// stand for standard input. A zero format is told from the name, and then from
// the content, for which NewReader waits for the first line that shows it.
func NewReader(r io.Reader, name string, format Format) (*Reader, error) {
	if name == "" || name == "-" {
		name = "stdin"
	}
	buf := bufio.NewReaderSize(r, 128<<10)
	if magic, _ := buf.Peek(2); bytes.Equal(magic, []byte{0x1F, 0x8B}) {
		unzip, err := gzip.NewReader(buf)
		if err != nil {
			return nil, fmt.Errorf("%s: gzip: %w", name, err)
		}
		buf = bufio.NewReaderSize(&limitedReader{unzip, maxGzip}, 128<<10)
	}
	switch mark, _ := buf.Peek(2); {
	case bytes.Equal(mark, []byte{0xFF, 0xFE}), bytes.Equal(mark, []byte{0xFE, 0xFF}):
		return nil, offprint.Errorf(offprint.KindInvalid, "%s is in UTF-16: save it as UTF-8.", name)
	case bytes.Equal(mark, []byte{0xEF, 0xBB}):
		if mark, _ = buf.Peek(3); len(mark) == 3 && mark[2] == 0xBF {
			_, _ = buf.Discard(3) // cannot fail: they are in the buffer
		}
	}
	rd := &Reader{
		name:   name,
		format: format,
		lines:  &lineReader{r: buf},
		origin: offprint.Origin{
			Source: "file:" + filepath.Base(name),
			Seen:   time.Now().UTC().Truncate(time.Second),
		},
	}
	if rd.format == "" {
		rd.format = formatOfName(name)
	}
	if rd.format == "" {
		if err := rd.sniff(); err != nil {
			return nil, err
		}
	}
	return rd, nil
}

// sniff reads up to the first line that shows the format. Lines before it are
// comments in the formats that allow for any.
func (r *Reader) sniff() error {
	const limit = 2000 // lines
	seen := false
	for r.lines.n < limit {
		line, err := r.lines.next()
		if errors.Is(err, io.EOF) && !seen {
			r.format = JSONL // an empty file has no records in any format
			return nil
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, errLongLine) {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		seen = seen || len(bytes.TrimSpace(line)) > 0
		if r.format = formatOfLine(line); r.format != "" {
			r.lines.unread()
			return nil
		}
	}
	return offprint.Errorf(offprint.KindInvalid,
		"%s is neither JSON lines nor BibTeX nor RIS, as far as its beginning shows: say which with a format.", r.name)
}

// Format returns the format that is read.
func (r *Reader) Format() Format { return r.format }

// Line returns the number of the line at which the record that [Reader.Read]
// returned last starts, from 1.
func (r *Reader) Line() int { return r.line }

// Read returns the next paper, cleaned as [offprint.Paper.Clean] does. For a
// record that is malformed, too long or not a paper it fails with a
// [*RecordError], and the next call goes on after it. At the end it fails with
// [io.EOF]; any other error means that the rest cannot be read.
func (r *Reader) Read() (offprint.Paper, error) {
	if r.err != nil {
		return offprint.Paper{}, r.err
	}
	p, err := r.record()
	if err == nil {
		origin := r.origin
		for _, o := range p.Origins { // at most one
			origin.URL, origin.Signal = o.URL, o.Signal
		}
		p.Origins = []offprint.Origin{origin}
		err = p.Clean()
	} else if fatal, ok := errors.AsType[*readError](err); ok {
		r.err = fatal.err
		if !errors.Is(r.err, io.EOF) {
			r.err = fmt.Errorf("%s: after line %d: %w", r.name, r.lines.n, fatal.err)
		}
		return offprint.Paper{}, r.err
	}
	if err != nil {
		return offprint.Paper{}, &RecordError{File: r.name, Line: r.line, Err: err}
	}
	return p, nil
}

// record reads one record and sets r.line to its start.
func (r *Reader) record() (offprint.Paper, error) {
	switch r.format {
	case BibTeX:
		return r.readBibTeX()
	case RIS:
		return r.readRIS()
	default:
		return r.readJSONL()
	}
}

// readError is a failure, or the end, of the input rather than of a record.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }

// limitedReader fails once more than left bytes have come. Unlike
// [io.LimitedReader] it does not pass a cut for the end.
type limitedReader struct {
	r    io.Reader
	left int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, fmt.Errorf("unfolds to more than %d GB: split the file", maxGzip>>30)
	}
	return n, err
}
