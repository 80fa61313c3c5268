package web

import (
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/engine"
	"github.com/offprint/offprint/texmath"
)

// list is a page of papers, ready for the template, and the address of the next.
//
// The papers' elements are written here and not by a template: a list has 25 of
// them, and their template took a third of the time of a day's page.
type list struct {
	Papers template.HTML
	Next   string
}

// shownAuthors is how many names a card gives before "… 12 more".
const shownAuthors = 6

// teaserShown is how much of an abstract a card has: a little more than the
// three lines that are seen. Bytes.
const teaserShown = 320

// newList writes the papers of a page. mark, if not nil, shows a text with a
// search's matches marked.
func newList(p offprint.PaperPage, here *url.URL, mark func(string) template.HTML) list {
	return newListWhy(engine.Page{PaperPage: p}, here, mark)
}

// newListWhy is newList with the reasons why papers are there.
func newListWhy(p engine.Page, here *url.URL, mark func(string) template.HTML) list {
	if mark == nil {
		mark = texmath.HTML
	}
	var b strings.Builder
	b.Grow(2200 * len(p.Items))
	back := template.HTMLEscapeString(here.RequestURI())
	for i := range p.Items {
		item := &p.Items[i]
		writeCard(&b, item, why(p.Reasons[item.ID]), back, mark)
	}
	l := list{Papers: template.HTML(b.String())} //nolint:gosec // writeCard escapes each part
	if p.Next != "" {
		q := here.Query()
		q.Set("cursor", p.Next)
		l.Next = here.Path + "?" + q.Encode()
	}
	return l
}

// writeCard writes a paper's element: a form with its marks as buttons, around
// title, authors, teaser, facts and why it is there. back is the escaped address
// that the form comes back to.
func writeCard(b *strings.Builder, p *offprint.PaperItem, why template.HTML, back string, mark func(string) template.HTML) {
	key := template.HTMLEscapeString(p.Key)
	write := func(parts ...string) {
		for _, s := range parts {
			b.WriteString(s)
		}
	}
	write(`<li id="p-`, key, `"><article class="paper`)
	if p.State.Read {
		write(` is-read`)
	}
	write(`" data-key="`, key, `"><form method="post" action="/paper/`, key, `/mark"><input type="hidden" name="next" value="`, back, `#p-`, key, `">`)
	votes := strconv.Itoa(p.Votes)
	write(`<div class="vote"><button name="mark" value="`, markValue(offprint.MarkVote, p.State.Voted), `" aria-label="Vote for this paper; `, votes, ` so far"><span class="n">`, votes, `</span></button></div><div>`)
	write(`<h2><a class="open" href="/paper/`, key, `">`, string(mark(p.Title)), "</a></h2>\n<p class=\"byline\">", string(byline(p.Authors, shownAuthors)), "</p>\n")
	teaser := p.Abstract
	if teaser == "" {
		teaser = p.Summary
	}
	if teaser != "" {
		write(`<p class="teaser">`, string(mark(clipText(teaser, teaserShown))), "</p>\n")
	}
	write(`<p class="meta">`, string(facts(&p.Paper)))
	for _, t := range p.State.Tags {
		write(`<a class="tag" href="/library?tags=`, template.HTMLEscapeString(url.QueryEscape(t)), `">`, template.HTMLEscapeString(t), `</a>`)
	}
	for _, m := range markButtons(p.State) {
		write(` <button class="act" name="mark" value="`, markValue(m.Mark, m.On), `">`, m.Label, `</button>`)
	}
	write("</p>")
	if why != "" {
		write(`<p class="why">`, string(why), `</p>`)
	}
	write("</div></form></article></li>\n")
}

// markValue is the value of a button that puts a mark on a paper, or takes it
// off, and whether it is pressed.
func markValue(m offprint.Mark, on bool) string {
	if on {
		return "-" + string(m) + `" aria-pressed="true`
	}
	return string(m) + `" aria-pressed="false`
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
