// Package texmath turns the LaTeX that stands in titles and abstracts into
// readable Unicode text and into safe HTML.
//
// It is a reader of fragments, not a typesetter: Greek letters, operators,
// accents, fonts, powers and indices become what a person would write in a
// plain message, and what it does not know degrades to readable text. It never
// fails, and takes time linear in its input whatever that is.
package texmath

import (
	"html/template"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Text returns s as Unicode text: "$O(n^2)$ by G\"odel" is "O(n²) by Gödel".
func Text(s string) string {
	if isPlain(s) {
		return s
	}
	var w textWriter
	w.nodes(parse(clean(s)))
	return norm.NFC.String(w.String())
}

// HTML returns s as HTML that shows the same as [Text], with sup, sub, i, b and
// code elements. Each formula stands in
//
//	<span class="math" data-tex="the formula's source">…</span>
//
// so that a script may typeset it in place of what is shown. Everything else
// is escaped.
func HTML(s string) template.HTML {
	if isPlain(s) {
		return template.HTML(template.HTMLEscapeString(s))
	}
	var w htmlWriter
	w.nodes(parse(clean(s)))
	return template.HTML(w.String())
}

// isPlain reports whether s has nothing to convert or to clean.
func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < ' ', c > '~':
			return false
		case strings.IndexByte("\\$~{`", c) >= 0:
			return false
		case (c == '-' || c == '\'') && i+1 < len(s) && s[i+1] == c: // a dash, a closing quotation mark
			return false
		}
	}
	return true
}

// clean drops what has no place in a line of text: invalid UTF-8, control
// characters and those that reorder text.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n':
			return r
		case r < ' ', r >= 0x7f && r < 0xa0, r == '\ufffd', r == '\ufeff',
			r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069,
			r >= 0xfdd0 && r <= 0xfdef, r&0xfffe == 0xfffe:
			return -1
		}
		return r
	}, s)
}
