package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/offprint/offprint"
)

// routeLibrary adds a reader's own papers, and submitting one.
func (s *Server) routeLibrary(handle func(string, handlerFunc)) {
	handle("GET /library", s.needReader(s.library))
	handle("POST /library/tags", s.needReader(s.renameTag))
	handle("GET /submit", s.needReader(s.submitForm))
	handle("POST /submit", s.needReader(s.slow(s.submit)))
	handle("GET /help", s.help)
}

type libraryPage struct {
	listPage
	Shelves []tab
	Tags    []categoryCount
	Expr    string // the condition on tags, as typed
	Tag     string // when Expr is a single tag
}

// shelves are the parts of a library, in the order of its tabs.
var shelves = []struct {
	name, label, nothing string
	query                func(*offprint.PaperQuery)
}{
	{"saved", "Saved", "Nothing is saved yet. Press s on a paper, or Save below it.", func(q *offprint.PaperQuery) { q.Shelf = offprint.MarkSave }},
	{"read", "Read", "Nothing is marked as read yet.", func(q *offprint.PaperQuery) { q.Shelf = offprint.MarkRead }},
	{"voted", "Voted", "You have not voted yet. Press v on a paper.", func(q *offprint.PaperQuery) { q.Shelf = offprint.MarkVote }},
	{"noted", "Notes", "No paper has a note of yours yet.", func(q *offprint.PaperQuery) { q.Noted = true }},
	{"hidden", "Hidden", "Nothing is hidden.", func(q *offprint.PaperQuery) { q.Shelf = offprint.MarkHide }},
}

func (s *Server) library(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v := r.URL.Query()
	q, err := s.listQuery(r, offprint.SortTime)
	if err != nil {
		return err
	}
	p := libraryPage{listPage: listPage{Heading: "Library"}, Expr: strings.TrimSpace(v.Get("tags"))}
	shelf, err := narrow(&q, v.Get("shelf"), p.Expr)
	if err != nil {
		return err
	}
	if tag, ok := q.Tags.(offprint.HasTag); ok {
		p.Tag = string(tag)
	}
	p.Nothing = "No paper’s tags fit that."
	for _, sh := range shelves {
		p.Shelves = append(p.Shelves, tab{sh.label, "/library?shelf=" + sh.name, sh.name == shelf})
		if sh.name == shelf {
			p.Nothing = sh.nothing
		}
	}
	papers, err := s.Store.Papers(ctx, q)
	if err != nil {
		return err
	}
	p.List = newList(papers, r.URL, nil)
	tags, err := s.Store.Tags(ctx, q.ReaderID)
	if err != nil {
		return err
	}
	for _, t := range tags {
		p.Tags = append(p.Tags, categoryCount{t.Name, "/library?tags=" + url.QueryEscape(t.Name), thousands(t.Papers), ""})
	}
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, r, http.StatusOK, "library", page{Title: "Library", Nav: "library", Content: p})
	return nil
}

// narrow limits a query to a shelf of the library and to a condition on tags;
// without both, to what is saved. It returns the shelf.
func narrow(q *offprint.PaperQuery, shelf, tags string) (string, error) {
	if q.Sort == offprint.SortRelevance {
		return "", offprint.Errorf(offprint.KindInvalid, "A library has no order by relevance: use time, trending or votes.")
	}
	q.WithHidden = true
	var err error
	if q.Tags, err = offprint.ParseTagExpr(tags); err != nil {
		return "", err
	}
	if shelf == "" && q.Tags != nil {
		return "", nil
	}
	shelf = cmp.Or(shelf, "saved")
	for _, sh := range shelves {
		if sh.name == shelf {
			sh.query(q)
			return shelf, nil
		}
	}
	return "", offprint.Errorf(offprint.KindInvalid, "A library has no shelf of that name: use saved, read, voted, noted or hidden.")
}

// renameTag renames a tag on all papers, or removes it when the new name is empty.
func (s *Server) renameTag(w http.ResponseWriter, r *http.Request) error {
	from, to := r.FormValue("from"), strings.TrimSpace(r.FormValue("to"))
	if to != "" {
		var err error
		if to, err = offprint.CleanTag(to); err != nil {
			return err
		}
	}
	if err := s.Store.RenameTag(r.Context(), readerID(r.Context()), from, to); err != nil {
		return err
	}
	if to == "" {
		http.Redirect(w, r, "/library", http.StatusSeeOther)
	} else {
		http.Redirect(w, r, "/library?tags="+url.QueryEscape(to), http.StatusSeeOther)
	}
	return nil
}

type submitPage struct {
	Ref, Problem string
	Ready        bool // papers can be fetched
}

func (s *Server) submitForm(w http.ResponseWriter, r *http.Request) error {
	s.render(w, r, http.StatusOK, "submit", page{Title: "Submit a paper", Content: submitPage{Ref: r.URL.Query().Get("ref"), Ready: s.AddPaper != nil}})
	return nil
}

// submit fetches a paper by its arXiv id or address, unless it is here already.
func (s *Server) submit(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	ref := strings.TrimSpace(r.FormValue("ref"))
	p, err := s.findOrFetch(ctx, ref)
	if err != nil {
		status, message := statusOf(err)
		if status >= http.StatusInternalServerError {
			s.Log.WarnContext(ctx, "submit", "error", err)
		}
		s.render(w, r, status, "submit", page{Title: "Submit a paper", Content: submitPage{Ref: ref, Problem: message, Ready: true}})
		return nil
	}
	http.Redirect(w, r, "/paper/"+p.Key, http.StatusSeeOther)
	return nil
}

// findOrFetch returns the paper of an arXiv id or address, which is fetched
// unless it is here already.
func (s *Server) findOrFetch(ctx context.Context, ref string) (*offprint.Paper, error) {
	if id, _, ok := offprint.ParseArXivID(ref); ok {
		if p, err := s.Store.Paper(ctx, id); err == nil {
			return p, nil
		}
	}
	if s.AddPaper == nil {
		return nil, offprint.Errorf(offprint.KindInvalid, "This Offprint does not fetch papers.")
	}
	p, err := s.AddPaper(ctx, ref)
	if err != nil && offprint.KindOf(err) == offprint.KindInternal {
		return nil, &statusError{http.StatusBadGateway, "arXiv could not be asked just now. Try again in a few minutes.", err}
	}
	return p, err
}

// help explains the keys and the search.
func (s *Server) help(w http.ResponseWriter, r *http.Request) error {
	s.render(w, r, http.StatusOK, "help", page{Title: "Help", Canonical: "/help"})
	return nil
}

// routeNotFound answers for every other address, and for the methods that an
// address does not take, which find asks the mux for.
func (s *Server) routeNotFound(handle func(string, handlerFunc), find func(*http.Request) (http.Handler, string)) {
	const everything = "/"
	handle(everything, func(w http.ResponseWriter, r *http.Request) error {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := find(other); pattern != everything {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			return offprint.Errorf(offprint.KindNotFound, "There is no page at this address.")
		}
		return methodNotAllowed(w, allowed)
	})
}
