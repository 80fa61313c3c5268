package digest

import (
	"embed"
	"html/template"
	"net/url"
	"strconv"
	"strings"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/texmath"
)

// view is an edition as it is shown.
type view struct {
	Site        string // the service's host
	Name        string
	Title       string
	About       string
	Page        string // address of the span's page
	Papers      []paperView
	Manage      string
	Unsubscribe string
}

type paperView struct {
	Number  int
	Title   string
	URL     string
	Authors string
	Facts   []string // categories, votes, comments
	Teaser  string
	Links   []linkView
}

type linkView struct{ Name, URL string }

// teaserLength is about three lines of a mail, in characters.
const teaserLength = 240

func (s *Service) view(e *edition) *view {
	v := &view{
		Site: s.base.Host, Name: e.name(), Title: e.title(), About: e.about(),
		Page:   s.link(e.span.Path()),
		Manage: s.link("digest", "manage", e.sub.Secret), Unsubscribe: s.link("digest", "unsubscribe", e.sub.Secret),
	}
	if e.sub.Query != "" {
		v.Page = s.link("search") + "?q=" + url.QueryEscape(within(e.sub.Query, e.span))
	}
	for i := range e.papers {
		v.Papers = append(v.Papers, s.paperView(i+1, &e.papers[i].Paper))
	}
	return v
}

// within narrows a search to a span.
func within(query string, span offprint.Span) string {
	q, err := offprint.ParseQuery(query)
	if err != nil {
		return query
	}
	q.After = max(q.After, span.First)
	if end := span.Last + 1; q.Before == 0 || q.Before > end {
		q.Before = end
	}
	return q.String()
}

func (s *Service) paperView(number int, p *offprint.Paper) paperView {
	abstract := p.Abstract
	if abstract == "" {
		abstract = p.Summary
	}
	v := paperView{
		Number: number, Title: strings.Join(strings.Fields(texmath.Text(p.Title)), " "), URL: s.link("paper", p.Key),
		Authors: byline(p.Authors), Teaser: shorten(texmath.Text(abstract), teaserLength),
	}
	if len(p.Categories) > 0 {
		v.Facts = append(v.Facts, strings.Join(p.Categories[:min(len(p.Categories), 3)], ", "))
	}
	if p.Votes > 0 {
		v.Facts = append(v.Facts, plural(p.Votes, "vote"))
	}
	if p.Comments > 0 {
		v.Facts = append(v.Facts, plural(p.Comments, "comment"))
	}
	for _, l := range p.Links {
		if l.Kind == offprint.LinkCode {
			v.Links = append(v.Links, linkView{"Code", l.URL})
			break
		}
	}
	return v
}

//go:embed templates/*.html
var templateFiles embed.FS

var templates = template.Must(template.ParseFS(templateFiles, "templates/*.html"))

func (v *view) html() (string, error) {
	var b strings.Builder
	err := templates.ExecuteTemplate(&b, "digest.html", v)
	return b.String(), err
}

func (v *view) text() string {
	var b strings.Builder
	b.WriteString(wrap(v.Name+", "+v.Title, "", ""))
	b.WriteString(wrap(v.About, "", ""))
	b.WriteString(v.Page + "\n")
	b.WriteString(strings.Repeat("=", lineWidth) + "\n")
	for _, p := range v.Papers {
		const indent = "    "
		b.WriteByte('\n')
		number := strconv.Itoa(p.Number) + ". "
		b.WriteString(wrap(p.Title, strings.Repeat(" ", max(0, len(indent)-len(number)))+number, indent))
		if p.Authors != "" {
			b.WriteString(wrap(p.Authors, indent, indent))
		}
		if len(p.Facts) > 0 {
			b.WriteString(wrap(strings.Join(p.Facts, " · "), indent, indent))
		}
		if p.Teaser != "" {
			b.WriteString("\n" + wrap(p.Teaser, indent, indent) + "\n")
		}
		b.WriteString(indent + p.URL + "\n")
		for _, l := range p.Links {
			b.WriteString(indent + l.Name + ":\n" + indent + l.URL + "\n")
		}
	}
	// What follows "-- " is taken as a signature: small, and not quoted in answers.
	b.WriteString("\n-- \n")
	b.WriteString(wrap("You get this because this address subscribed to it at "+v.Site+".", "", ""))
	b.WriteString("Change it:\n" + v.Manage + "\nUnsubscribe:\n" + v.Unsubscribe + "\n")
	return b.String()
}
