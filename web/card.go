package web

import (
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/texmath"
)

// card is a paper in a list. Its parts are made here rather than in the
// template: a list has hundreds of them, and a template's actions cost more
// than writing escaped text.
type card struct {
	Key        string
	State      offprint.State
	Votes      int
	TitleHTML  template.HTML
	TeaserHTML template.HTML
	Byline     template.HTML
	Facts      template.HTML
	Next       string // where a form of the card comes back to
}

// list is a page of cards and the address of the next.
type list struct {
	Items []card
	Next  string
}

// shownAuthors is how many names a card gives before "and 12 more".
const shownAuthors = 6

// newList makes the cards of a page. mark, if not nil, shows a text with a
// search's matches marked.
func newList(p offprint.PaperPage, here *url.URL, mark func(string) template.HTML) list {
	l := list{Items: make([]card, len(p.Items))}
	back := here.RequestURI()
	for i := range p.Items {
		l.Items[i] = newCard(&p.Items[i], mark)
		l.Items[i].Next = back + "#" + anchor(p.Items[i].Key)
	}
	if p.Next != "" {
		q := here.Query()
		q.Set("cursor", p.Next)
		l.Next = here.Path + "?" + q.Encode()
	}
	return l
}

// anchor is the id of a card's element.
func anchor(key string) string { return "p-" + key }

func newCard(p *offprint.PaperItem, mark func(string) template.HTML) card {
	c := card{Key: p.Key, State: p.State, Votes: p.Votes}
	teaser := p.Abstract
	if teaser == "" {
		teaser = p.Summary
	}
	if mark != nil {
		c.TitleHTML, c.TeaserHTML = mark(p.Title), mark(teaser)
	} else {
		c.TitleHTML, c.TeaserHTML = texmath.HTML(p.Title), texmath.HTML(teaser)
	}
	c.Byline = byline(p.Authors, shownAuthors)
	c.Facts = facts(&p.Paper)
	return c
}

// byline links the authors' pages; at most limit names are shown, and the last
// one always, for it is often the one that people look for.
func byline(authors []string, limit int) template.HTML {
	var b strings.Builder
	for i, a := range authors {
		if len(authors) > limit+1 && i >= limit-1 && i < len(authors)-1 {
			if i == limit-1 {
				fmt.Fprintf(&b, ", … %d more", len(authors)-limit)
			}
			continue
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(`<a href="/author/`)
		b.WriteString(template.HTMLEscapeString(url.PathEscape(a)))
		b.WriteString(`">`)
		b.WriteString(template.HTMLEscapeString(a))
		b.WriteString(`</a>`)
	}
	return template.HTML(b.String()) //nolint:gosec // every part is escaped above
}

// facts is the line under a card: day, categories, code, comments.
func facts(p *offprint.Paper) template.HTML {
	var b strings.Builder
	if p.Listed != 0 {
		b.WriteString(`<a href="/day/` + p.Listed.String() + `">` + p.Listed.Time().Format("2 Jan 2006") + `</a>`)
	} else if !p.Published.IsZero() {
		b.WriteString(`<span>` + strconv.Itoa(p.Published.Year()) + `</span>`)
	}
	for i, c := range p.Categories {
		if i == 4 {
			break
		}
		b.WriteString(`<a class="chip" href="/category/` + template.HTMLEscapeString(url.PathEscape(c)) + `">` + template.HTMLEscapeString(c) + `</a>`)
	}
	for _, l := range p.Links {
		if l.Kind == offprint.LinkCode {
			b.WriteString(`<a class="chip code" rel="noreferrer nofollow" href="` + template.HTMLEscapeString(l.URL) + `">code</a>`)
			break
		}
	}
	if p.Comments > 0 {
		b.WriteString(`<a href="/paper/` + p.Key + `#comments">` + plural(p.Comments, "comment") + `</a>`)
	}
	if p.Withdrawn {
		b.WriteString(`<strong class="bad">withdrawn</strong>`)
	}
	return template.HTML(b.String()) //nolint:gosec // every part is escaped above, or made by us
}

// plural writes "1 paper" or "54,002 papers".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "ry"); ok { // category
		noun = stem + "rie"
	}
	return thousands(n) + " " + noun + "s"
}

// thousands writes 54002 as 54,002.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
