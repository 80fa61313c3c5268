package bibfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/offprint/offprint"
)

// Limits on @string macros, in bytes: a few of them, each made of the one
// before, could unfold to anything.
const (
	maxMacros    = 1 << 20  // all that a file defines
	maxExpansion = 16 << 10 // what they may add to one entry or macro
)

// bibEntry has the fields of an entry by their lower-case name, with their
// LaTeX as it stands in the file; only those in bibFields.
type bibEntry map[string]string

// bibParser finds the entries in a piece of a file that starts with one.
// Whatever stands outside of entries is a comment, as for BibTeX.
type bibParser struct {
	text  string
	pos   int
	start int  // where the current entry starts
	line  int  // of start
	cut   bool // text is only the beginning of the piece, which is too long

	macros   map[string]string
	stored   int // bytes in macros
	expanded int // bytes that macros have added to the current entry
	buf      []byte
}

// readBibTeX reads the next entry.
//
// The file is cut before each line that starts an entry, so a missing brace
// costs the entry it is missing from and none of those after it.
func (r *Reader) readBibTeX() (offprint.Paper, error) {
	for {
		e, err := r.bib.next()
		if err == nil && e == nil {
			if err := r.bib.load(r.lines); err != nil {
				return offprint.Paper{}, &readError{err}
			}
			continue
		}
		r.line, r.size = r.bib.line, 0
		if err != nil {
			return offprint.Paper{}, err
		}
		for _, v := range e {
			r.size += len(v)
		}
		return e.paper(), nil
	}
}

// load reads the next piece: the lines from one that starts an entry up to,
// but not with, the next such line.
func (b *bibParser) load(lines *lineReader) error {
	b.buf, b.pos, b.start, b.cut = b.buf[:0], 0, 0, false
	for {
		line, err := lines.next()
		start := startsEntry(line)
		switch {
		case errors.Is(err, io.EOF) && len(b.buf) > 0:
			b.text = decode(b.buf)
			return nil
		case errors.Is(err, errLongLine):
			b.cut = true
		case err != nil:
			return err
		case start && len(b.buf) > 0:
			lines.unread()
			b.text = decode(b.buf)
			return nil
		case !start && len(b.buf) == 0:
			// A comment between entries.
		case b.cut || len(b.buf)+len(line) >= maxRecord:
			b.cut = true
		default:
			if len(b.buf) == 0 {
				b.line = lines.n
			}
			b.buf = append(append(b.buf, line...), '\n')
		}
	}
}

// startsEntry reports whether a line starts with "@word{" or "@word(".
func startsEntry(line []byte) bool {
	line = bytes.TrimLeft(line, " \t")
	if len(line) == 0 || line[0] != '@' {
		return false
	}
	rest := bytes.TrimLeftFunc(line[1:], isLetter)
	if len(rest) == len(line)-1 {
		return false
	}
	rest = bytes.TrimLeft(rest, " \t")
	return len(rest) > 0 && (rest[0] == '{' || rest[0] == '(')
}

func isLetter(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }

// next returns the next entry that describes a work, or nil at the end of the
// text. After an error, which ends the text, line is where the entry starts.
func (b *bibParser) next() (bibEntry, error) {
	for {
		at := strings.IndexByte(b.text[b.pos:], '@')
		if at < 0 {
			b.pos = len(b.text)
			return nil, nil
		}
		at += b.pos
		b.pos = at + 1
		kind := strings.ToLower(b.while(isLetter))
		b.space()
		open := b.peek()
		if kind == "" || open != '{' && open != '(' || at > 0 && isLetter(rune(b.text[at-1])) {
			continue // an @ in a comment
		}
		b.pos++
		b.line += strings.Count(b.text[b.start:at], "\n")
		b.start, b.expanded = at, 0
		var e bibEntry
		var err error
		switch kind {
		case "comment", "preamble", "set", "control", "xdata", "ieeetranbstctl":
			if !b.skipGroup(open) {
				b.pos = len(b.text)
			}
		case "string":
			err = b.macro(closing(open))
		default:
			e, err = b.entry(closing(open))
		}
		if err != nil {
			line := b.line + strings.Count(b.text[b.start:b.pos], "\n")
			if b.pos = len(b.text); b.cut {
				return nil, errLongLine
			}
			return nil, fmt.Errorf("the @%s entry is broken at line %d: %w", clip(kind), line, err)
		}
		if e != nil {
			return e, nil
		}
	}
}

var (
	errOpen     = errors.New("it is not closed: a brace or a quotation mark is missing")
	errTooMuch  = errors.New("its @string macros are too long")
	errNotField = errors.New("a field such as title = {...} was expected")
)

// macro reads the rest of @string{name = value}.
func (b *bibParser) macro(end byte) error {
	b.space()
	name, value, err := b.field(end)
	if err != nil {
		return err
	}
	b.space()
	if b.peek() != end {
		return errOpen
	}
	b.pos++
	if b.macros == nil {
		b.macros = map[string]string{}
	}
	if b.stored += len(name) + len(value); b.stored > maxMacros {
		return errTooMuch
	}
	b.macros[name] = value
	return nil
}

// entry reads the rest of @kind{key, name = value, ...}. It does without a key
// and without commas.
func (b *bibParser) entry(end byte) (bibEntry, error) {
	b.space()
	from := b.pos
	b.while(func(r rune) bool { return r != rune(end) && !strings.ContainsRune("\n,={\"", r) })
	if b.peek() == '=' {
		b.pos = from // that was a field
	}
	e := bibEntry{}
	for {
		b.space()
		switch b.peek() {
		case ',':
			b.pos++
			continue
		case end:
			b.pos++
			return e, nil
		case 0:
			return nil, errOpen
		}
		name, value, err := b.field(end)
		if err != nil {
			return nil, err
		}
		if _, twice := e[name]; bibFields[name] && !twice { // BibTeX, too, takes the first
			e[name] = value
		}
	}
}

// field reads name = value, with the name in lower case.
func (b *bibParser) field(end byte) (name, value string, err error) {
	name = strings.ToLower(b.while(func(r rune) bool {
		return r > ' ' && !strings.ContainsRune(`"#%'(),={}`, r)
	}))
	b.space()
	if name == "" || b.peek() != '=' {
		if b.peek() == 0 {
			return "", "", errOpen
		}
		return "", "", errNotField
	}
	b.pos++
	value, err = b.value(end)
	return name, value, err
}

// value reads strings, numbers and macros that are joined by "#".
func (b *bibParser) value(end byte) (string, error) {
	var joined strings.Builder
	for {
		b.space()
		var part string
		switch c := b.peek(); c {
		case '{', '"':
			b.pos++
			from := b.pos
			if !b.skipGroup(c) {
				return "", errOpen
			}
			part = b.text[from : b.pos-1]
		case 0:
			return "", errOpen
		default:
			word := b.while(func(r rune) bool { return r > ' ' && r != rune(end) && !strings.ContainsRune(`"#,{}`, r) })
			if word == "" {
				return "", errNotField
			}
			var known bool
			if part, known = b.macros[strings.ToLower(word)]; !known {
				part = word // a number, a month, or a macro of some style
			} else if b.expanded += len(part); b.expanded > maxExpansion {
				return "", errTooMuch
			}
		}
		joined.WriteString(part)
		b.space()
		if b.peek() != '#' {
			return joined.String(), nil
		}
		b.pos++
	}
}

// skipGroup moves behind the end of what open has opened, and reports whether
// there is one. Braces within must balance, even those after a backslash.
func (b *bibParser) skipGroup(open byte) bool {
	end := closing(open)
	for depth := 0; b.pos < len(b.text); b.pos++ {
		switch c := b.text[b.pos]; {
		case c == end && depth == 0:
			b.pos++
			return true
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return false
}

func closing(open byte) byte {
	switch open {
	case '{':
		return '}'
	case '(':
		return ')'
	}
	return open
}

// peek returns the byte at pos, and 0 at the end.
func (b *bibParser) peek() byte {
	if b.pos < len(b.text) {
		return b.text[b.pos]
	}
	return 0
}

// while moves over the characters for which ok holds, and returns them.
func (b *bibParser) while(ok func(rune) bool) string {
	rest := b.text[b.pos:]
	n := strings.IndexFunc(rest, func(r rune) bool { return !ok(r) })
	if n < 0 {
		n = len(rest)
	}
	b.pos += n
	return rest[:n]
}

// space moves over white space and, more lenient than BibTeX, over fields that
// are commented out with "%".
func (b *bibParser) space() {
	for b.pos < len(b.text) {
		switch b.text[b.pos] {
		case ' ', '\t', '\n', '\r':
			b.pos++
		case '%':
			n := strings.IndexByte(b.text[b.pos:], '\n')
			if n < 0 {
				n = len(b.text) - b.pos
			}
			b.pos += n
		default:
			return
		}
	}
}
