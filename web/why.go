package web

import (
	"html/template"
	"strings"

	"github.com/offprint/offprint/engine"
)

// shownLike is how many of the papers that one is like a card names.
const shownLike = 2

// why says why a paper is in a list, or nothing.
func why(r engine.Reason) template.HTML {
	var parts []string
	if len(r.Like) > 0 {
		var links []string
		for _, p := range r.Like[:min(shownLike, len(r.Like))] {
			links = append(links, `<a href="/paper/`+template.HTMLEscapeString(p.Key)+`">`+string(mathHTML(p.Title))+`</a>`)
		}
		parts = append(parts, "like "+strings.Join(links, " and "))
	}
	if len(r.Authors) > 0 {
		parts = append(parts, "by "+template.HTMLEscapeString(strings.Join(r.Authors[:min(3, len(r.Authors))], ", ")))
	}
	if r.Common {
		parts = append(parts, "liked by readers who vote as you do")
	}
	if r.Meaning {
		parts = append(parts, "by what it is about, not by these words")
	}
	if len(r.Words) > 0 {
		parts = append(parts, "<em>"+template.HTMLEscapeString(strings.Join(r.Words, ", "))+"</em>")
	}
	if len(parts) == 0 {
		return ""
	}
	return template.HTML(strings.Join(parts, " · ")) //nolint:gosec // its parts are escaped
}
