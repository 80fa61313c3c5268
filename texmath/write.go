package texmath

import (
	"html"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// textWriter writes nodes as plain text.
type textWriter struct{ strings.Builder }

func (w *textWriter) nodes(nodes []node) {
	for _, n := range nodes {
		switch n.kind {
		case super:
			w.script(n.kids, superscripts, "^")
		case sub:
			w.script(n.kids, subscripts, "_")
		case group, formula, italic, bold, code:
			w.nodes(n.kids)
		default:
			w.WriteString(n.text)
		}
	}
}

// script writes a power or an index in Unicode's raised or lowered characters
// if all of it has them, and otherwise as TeX does.
func (w *textWriter) script(kids []node, table map[rune]rune, mark string) {
	s := plain(kids)
	if moved, ok := mapAll(s, table); ok {
		w.WriteString(moved)
	} else if utf8.RuneCountInString(s) > 1 {
		w.WriteString(mark + "(" + s + ")")
	} else {
		w.WriteString(mark + s)
	}
}

func mapAll(s string, table map[rune]rune) (string, bool) {
	const limit = 12 // longer ones are hard to read
	var b strings.Builder
	count := 0
	for _, r := range s {
		m, ok := table[r]
		if count++; !ok || count > limit {
			return "", false
		}
		b.WriteRune(m)
	}
	return b.String(), true
}

// htmlWriter writes nodes as HTML.
type htmlWriter struct {
	strings.Builder
	inFormula bool
}

func (w *htmlWriter) nodes(nodes []node) {
	for _, n := range nodes {
		switch n.kind {
		case group:
			w.nodes(n.kids)
		case super:
			w.element("sup", n.kids)
		case sub:
			w.element("sub", n.kids)
		case italic:
			w.element("i", n.kids)
		case bold:
			w.element("b", n.kids)
		case code:
			w.element("code", n.kids)
		case formula:
			w.formula(n)
		case variable:
			w.WriteString("<i>" + escape(n.text) + "</i>")
		default:
			w.WriteString(escape(n.text))
		}
	}
}

func (w *htmlWriter) element(name string, kids []node) {
	w.WriteString("<" + name + ">")
	w.nodes(kids)
	w.WriteString("</" + name + ">")
}

func (w *htmlWriter) formula(n node) {
	if w.inFormula {
		w.nodes(n.kids)
		return
	}
	w.inFormula = true
	w.WriteString(`<span class="math" data-tex="` + html.EscapeString(n.text) + `">`)
	w.nodes(n.kids)
	w.WriteString("</span>")
	w.inFormula = false
}

// escape composes accents before it escapes: afterwards one could merge with
// the bracket of a tag.
func escape(s string) string { return html.EscapeString(norm.NFC.String(s)) }
