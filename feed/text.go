package feed

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plainText returns the text of a piece of HTML. What only looks like a tag,
// as in "$a<b$", is text.
func plainText(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return s
	}
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(s))
	var hidden atom.Atom // the element whose text is not for people
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			// A tag that does not end is text after all.
			if rest := z.Raw(); len(rest) > 0 && hidden == 0 {
				b.WriteString(html.UnescapeString(string(rest)))
			}
			return b.String()
		case html.TextToken:
			if hidden == 0 {
				b.Write(z.Text())
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			raw := string(z.Raw())
			name, _ := z.TagName()
			a := atom.Lookup(name)
			switch {
			case hidden != 0:
				if kind == html.EndTagToken && a == hidden {
					hidden = 0
				}
			case a == 0:
				b.WriteString(html.UnescapeString(raw))
			case a == atom.Script || a == atom.Style:
				if kind == html.StartTagToken {
					hidden = a
				}
			case breaks(a):
				b.WriteByte(' ')
			}
		}
	}
}

// breaks reports whether an element stands apart from the text around it.
func breaks(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Br, atom.Div, atom.Li, atom.Ul, atom.Ol, atom.Dt, atom.Dd, atom.Tr, atom.Td, atom.Th,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Hr, atom.Pre, atom.Blockquote,
		atom.Section, atom.Article, atom.Figure, atom.Figcaption:
		return true
	}
	return false
}
