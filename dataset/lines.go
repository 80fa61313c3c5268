package dataset

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// LineError is a line of a data set that is not as it should be.
type LineError struct {
	File string
	Line int // from 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// maxLine is the longest line that is read: 16 MiB.
const maxLine = 16 << 20

// open opens a file of a set, decompressed if it is gzipped.
func open(dir, name string) (io.ReadCloser, string, error) {
	p, err := locate(dir, name)
	if err != nil {
		return nil, "", err
	}
	f, err := os.Open(p)
	if err != nil {
		return nil, "", err
	}
	if filepath.Ext(p) != ".gz" {
		return f, p, nil
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("%s: %w", p, err), f.Close())
	}
	return gzipFile{z, f}, p, nil
}

// gzipFile closes the file with its decompressor.
type gzipFile struct {
	*gzip.Reader
	f *os.File
}

func (g gzipFile) Close() error { return errors.Join(g.Reader.Close(), g.f.Close()) }

// eachLine calls f for each line of a file, with its number from 1. What f
// returns is given the file and the line.
func eachLine(dir, name string, f func(n int, line string) error) (err error) {
	r, p, err := open(dir, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for lines.Scan() {
		n++
		if err := f(n, lines.Text()); err != nil {
			return &LineError{p, n, err}
		}
	}
	if err := lines.Err(); err != nil {
		return &LineError{p, n + 1, err}
	}
	return nil
}

// index reads a number from 0 to limit-1.
func index(s string, limit int) (int32, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", s)
	}
	if n < 0 || int(n) >= limit {
		return 0, fmt.Errorf("%d is not within 0 to %d", n, limit-1)
	}
	return int32(n), nil
}
