package web

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/engine"
	"github.com/offprint/offprint/fulltext"
)

// foundShown is how many papers a page of a search has.
const foundShown = 20

// search shows what the box finds. Without a query it shows how to ask.
func (s *Server) search(w http.ResponseWriter, r *http.Request) error {
	text := strings.TrimSpace(r.URL.Query().Get("q"))
	p := listPage{Heading: "Search", Query: text, Help: true}
	if text == "" {
		s.render(w, r, http.StatusOK, "search", page{Title: "Search", Nav: "search", Content: p})
		return nil
	}
	query, err := offprint.ParseQuery(text)
	if err != nil {
		_, p.Lede = statusOf(err)
		s.render(w, r, http.StatusBadRequest, "search", page{Title: "Search", Nav: "search", Content: p})
		return nil
	}
	if query.IsZero() {
		p.Lede = "That has nothing to search for: type a word or a filter."
		s.render(w, r, http.StatusBadRequest, "search", page{Title: "Search", Nav: "search", Content: p})
		return nil
	}
	// Somebody who pastes an arXiv id wants that paper.
	if id, _, ok := offprint.ParseArXivID(text); ok {
		if found, err := s.Store.Paper(r.Context(), id); err == nil {
			http.Redirect(w, r, "/paper/"+found.Key, http.StatusSeeOther)
			return nil
		}
	}
	sorts := []offprint.Sort{offprint.SortTime, offprint.SortTrending, offprint.SortVotes}
	if len(query.Terms)+len(query.Similar) > 0 {
		sorts = append([]offprint.Sort{offprint.SortRelevance}, sorts...)
	}
	q, err := s.listQuery(r, sorts[0])
	if err != nil {
		return err
	}
	q.Search, q.WithHidden, q.Limit = query, true, foundShown
	start := time.Now()
	papers, err := s.find(r.Context(), q)
	if err != nil {
		return err
	}
	took := time.Since(start)
	p.Help = false
	p.Lede = plural(papers.Total, "paper") + fmt.Sprintf(" in %.1f ms", float64(took.Microseconds())/1000)
	p.Nothing = "Nothing matches all of that. Try fewer words, or the start of a word with a star: retriev*."
	p.Sorts = sortTabs(r, q.Sort, sorts...)
	p.List = newListWhy(papers, r.URL, marker(query))
	p.SaveAs = readerOf(r.Context()) != nil
	s.render(w, r, http.StatusOK, "search", page{Title: text, Nav: "search", Content: p})
	return nil
}

// find searches by words and, once something has been learned, by meaning.
func (s *Server) find(ctx context.Context, q offprint.PaperQuery) (engine.Page, error) {
	if s.Engine != nil {
		return s.Engine.Search(ctx, q)
	}
	papers, err := s.Store.Papers(ctx, q)
	return engine.Page{PaperPage: papers}, err
}

// marker returns a function that shows a text with the matches of a query
// marked, as it is shown elsewhere otherwise.
func marker(q offprint.Query) func(string) template.HTML {
	return func(text string) template.HTML {
		ranges := fulltext.Highlight(text, q.Terms)
		if len(ranges) == 0 {
			return mathHTML(text)
		}
		var b strings.Builder
		done := 0
		for _, rg := range ranges {
			// A match within a formula stays unmarked, so that the formula
			// stays whole.
			if strings.Count(text[:rg.Start], "$")%2 == 1 || strings.Contains(text[rg.Start:rg.End], "$") {
				continue
			}
			b.WriteString(string(mathHTML(text[done:rg.Start])))
			b.WriteString("<mark>")
			b.WriteString(template.HTMLEscapeString(text[rg.Start:rg.End]))
			b.WriteString("</mark>")
			done = rg.End
		}
		b.WriteString(string(mathHTML(text[done:])))
		return template.HTML(b.String()) //nolint:gosec // its parts are escaped
	}
}
