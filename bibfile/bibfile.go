// Package bibfile reads and writes bibliographic files (JSON lines, BibTeX and
// RIS) and imports them into a store.
//
// The BibTeX and RIS parsers are our own: both grammars are small, and no
// maintained Go library reads them as leniently, and as bounded in time and
// memory, as files from strangers need.
package bibfile

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/offprint/offprint"
)

// Format is a file format. The zero Format stands for "not said": it is told
// from the file's name, and then from its content.
type Format string

// The formats.
const (
	JSONL  Format = "jsonl"  // one JSON object a line
	BibTeX Format = "bibtex" // BibTeX and BibLaTeX
	RIS    Format = "ris"
)

// ParseFormat reads the name of a format, as a flag has it; "" is the zero Format.
func ParseFormat(s string) (Format, error) {
	switch f := Format(strings.ToLower(s)); f {
	case "", JSONL, BibTeX, RIS:
		return f, nil
	}
	return "", offprint.Errorf(offprint.KindInvalid, "%q is not a file format: use jsonl, bibtex or ris.", clip(s))
}

// Limits on a file. What is beyond them is reported, never read into memory.
const (
	maxRecord = 16 << 20 // bytes of a line or of a whole entry
	maxGzip   = 4 << 30  // bytes that one compressed file may unfold to
)

// RecordError says why one record of a file was left out. The records after it
// can still be read.
type RecordError struct {
	File string
	Line int // where the record starts, from 1
	Err  error
}

func (e *RecordError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap returns the reason.
func (e *RecordError) Unwrap() error { return e.Err }

// formatOfName tells a format from a file name, and "" if it does not show.
func formatOfName(name string) Format {
	name = strings.ToLower(name)
	name = strings.TrimSuffix(name, ".gz")
	switch filepath.Ext(name) {
	case ".jsonl", ".ndjson", ".json":
		return JSONL
	case ".bib", ".bibtex":
		return BibTeX
	case ".ris":
		return RIS
	}
	return ""
}

// formatOfLine tells a format from a line, and "" if the line could stand in any.
func formatOfLine(line []byte) Format {
	line = bytes.TrimLeft(line, " \t")
	switch tag, _, ok := risLine(line); {
	case len(line) == 0:
		return ""
	case line[0] == '{':
		return JSONL
	case startsEntry(line):
		return BibTeX
	case ok && tag == "TY":
		return RIS
	}
	return ""
}

// clip shortens hostile input before it is quoted in a message.
func clip(s string) string {
	const limit = 60
	if len(s) > limit {
		s = s[:limit] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
