package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/bibfile"
	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/taxonomy"
)

// routePaper adds a paper's page and what a reader does there.
func (s *Server) routePaper(handle func(string, handlerFunc)) {
	handle("GET /paper/{key}", s.paper)
	handle("GET /paper/{archive}/{number}", s.paperByOldID)
	handle("GET /paper/{key}/bibtex", s.cite("application/x-bibtex", ".bib", bibfile.WriteBibTeX))
	handle("GET /paper/{key}/ris", s.cite("application/x-research-info-systems", ".ris", bibfile.WriteRIS))
	handle("POST /paper/{key}/mark", s.needReader(s.markPaper))
	handle("POST /paper/{key}/tags", s.needReader(s.tagPaper))
	handle("POST /paper/{key}/note", s.needReader(s.notePaper))
	handle("POST /paper/{key}/comments", s.needReader(s.slow(s.postComment)))
	handle("GET /comment/{id}/edit", s.needReader(s.editCommentForm))
	handle("POST /comment/{id}/edit", s.needReader(s.editComment))
	handle("POST /comment/{id}/delete", s.needReader(s.deleteComment))
	handle("GET /comment/{id}/report", s.needReader(s.reportCommentForm))
	handle("POST /comment/{id}/report", s.needReader(s.slow(s.reportComment)))
}

type paperPage struct {
	*offprint.Paper
	State        offprint.State
	TitleHTML    template.HTML
	Byline       template.HTML
	AbstractHTML template.HTML
	SummaryHTML  template.HTML
	CommentHTML  template.HTML
	NoteHTML     template.HTML
	Founding     *offprint.FoundingPaper
	Lab          *lab.Entry  // when its method runs here
	Latest       *reportView // of its runs
	MayRun       bool
	Sources      []sourceLink
	BibTeX, RIS  string
	Related      []relatedPaper
	Guess        []taxonomy.Guess // of categories, where its source gave none
	Thread       []*comment
	MayComment   bool
	Tags         string // the reader's, as typed
	Known        []string
}

// relatedPaper is a paper that another one's page names.
type relatedPaper struct {
	Key       string
	TitleHTML template.HTML
	Byline    string
	Why       template.HTML
}

// shownRelated is how many papers a paper's page names.
const shownRelated = 8

// showLearned adds what has been learned of a paper.
func (s *Server) showLearned(r *http.Request, c *paperPage) error {
	if !s.Engine.Ready() {
		return nil
	}
	related, err := s.Engine.Related(r.Context(), c.Paper, readerID(r.Context()), shownRelated)
	if err != nil {
		return err
	}
	for _, p := range related.Items {
		c.Related = append(c.Related, relatedPaper{p.Key, mathHTML(p.Title), shortByline(p.Authors), why(related.Reasons[p.ID])})
	}
	if len(c.Categories) == 0 {
		c.Guess = s.Engine.GuessCategories(c.Paper)
	}
	return nil
}

// shortByline is the first author and how many there are more.
func shortByline(authors []string) string {
	switch len(authors) {
	case 0:
		return ""
	case 1:
		return authors[0]
	case 2:
		return authors[0] + " and " + authors[1]
	}
	return authors[0] + " and " + strconv.Itoa(len(authors)-1) + " others"
}

// sourceLink leads to a paper somewhere else.
type sourceLink struct {
	Name, URL string
}

// paperByOldID leads to a paper by an arXiv id from before 2007, which has a
// slash: /paper/hep-th/9901001.
func (s *Server) paperByOldID(w http.ResponseWriter, r *http.Request) error {
	id, _, ok := offprint.ParseArXivID(r.PathValue("archive") + "/" + r.PathValue("number"))
	if !ok {
		return offprint.Errorf(offprint.KindNotFound, "There is no page at this address.")
	}
	p, err := s.Store.Paper(r.Context(), id)
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/paper/"+p.Key, http.StatusMovedPermanently)
	return nil
}

func (s *Server) paper(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	p, err := s.Store.Paper(ctx, r.PathValue("key"))
	if err != nil {
		return err
	}
	if p.Key != r.PathValue("key") { // found by another of its identifiers
		http.Redirect(w, r, "/paper/"+p.Key, http.StatusMovedPermanently)
		return nil
	}
	c := paperPage{
		Paper:        p,
		TitleHTML:    mathHTML(p.Title),
		Byline:       byline(p.Authors, 200),
		AbstractHTML: mathHTML(p.Abstract),
		SummaryHTML:  mathHTML(p.Summary),
		CommentHTML:  mathHTML(p.Comment),
		Sources:      sourceLinks(p),
	}
	if f, ok := offprint.FoundingByKey(p.Key); ok {
		c.Founding = &f
		if err := s.showLab(r, &c); err != nil {
			return err
		}
	}
	if err := s.showLearned(r, &c); err != nil {
		return err
	}
	var b strings.Builder
	if err := bibfile.WriteBibTeX(&b, p); err != nil {
		return fmt.Errorf("BibTeX of %s: %w", p.Key, err)
	}
	c.BibTeX = b.String()
	b.Reset()
	if err := bibfile.WriteRIS(&b, p); err != nil {
		return fmt.Errorf("RIS of %s: %w", p.Key, err)
	}
	c.RIS = b.String()
	if p.Comments > 0 {
		comments, err := s.Store.Comments(ctx, p.ID)
		if err != nil {
			return err
		}
		c.Thread = thread(comments, readerOf(ctx))
	}
	if reader := readerOf(ctx); reader != nil {
		c.MayComment = true
		if c.State, err = s.Store.State(ctx, reader.ID, p.ID); err != nil {
			return err
		}
		c.NoteHTML = markdown(c.State.Note)
		c.Tags = strings.Join(c.State.Tags, ", ")
		tags, err := s.Store.Tags(ctx, reader.ID)
		if err != nil {
			return err
		}
		for _, t := range tags {
			c.Known = append(c.Known, t.Name)
		}
	}
	s.render(w, r, http.StatusOK, "paper", page{
		Title: p.Title, Canonical: "/paper/" + p.Key, Description: clipText(p.Abstract+p.Summary, 160),
		Content: c,
	})
	return nil
}

// showLab adds what the lab knows of a founding paper.
func (s *Server) showLab(r *http.Request, c *paperPage) error {
	if s.Lab == nil {
		return nil
	}
	e, err := s.Lab.entry(c.Founding.Slug)
	if err != nil || e.Reproduction == nil {
		return nil //nolint:nilerr // a paper that the lab does not have is shown without it
	}
	latest, err := s.Lab.Archive.Latest(e.Slug)
	if err != nil {
		return err
	}
	c.Lab, c.MayRun = &e, s.Lab.mayRun(readerOf(r.Context()))
	c.Latest, err = viewOf(latest)
	return err
}

// sourceLinks are the places where a paper can be read, best first.
func sourceLinks(p *offprint.Paper) []sourceLink {
	var links []sourceLink
	if p.ArXivID != "" {
		links = append(links,
			sourceLink{"arXiv:" + p.ArXivID, "https://arxiv.org/abs/" + p.ArXivID},
			sourceLink{"PDF", "https://arxiv.org/pdf/" + p.ArXivID})
	}
	if p.DOI != "" {
		links = append(links, sourceLink{"doi:" + p.DOI, "https://doi.org/" + (&url.URL{Path: p.DOI}).EscapedPath()})
	}
	for _, o := range p.Origins {
		u, err := url.Parse(o.URL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || strings.HasSuffix(u.Hostname(), "arxiv.org") || strings.HasSuffix(u.Hostname(), "doi.org") {
			continue
		}
		links = append(links, sourceLink{u.Hostname(), o.URL})
	}
	return links
}

// cite answers with a paper's reference as a file.
func (s *Server) cite(contentType, ext string, write func(w io.Writer, p *offprint.Paper) error) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := s.Store.Paper(r.Context(), r.PathValue("key"))
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", contentType+"; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="`+p.Key+ext+`"`)
		return write(w, p)
	}
}

// markPaper puts a mark on a paper ("save"), or takes it off ("-save"). The
// page's script asks for JSON, a form comes back to where it was.
func (s *Server) markPaper(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	name, off := strings.CutPrefix(r.FormValue("mark"), "-")
	mark, err := offprint.ParseMark(name)
	if err != nil {
		return err
	}
	on := !off
	p, err := s.Store.Paper(ctx, r.PathValue("key"))
	if err != nil {
		return err
	}
	votes, err := s.Store.SetMark(ctx, readerID(ctx), p.ID, mark, on, s.now())
	if err != nil {
		return err
	}
	if wantsJSON(r) {
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(map[string]any{"mark": mark, "on": on, "votes": votes})
	}
	redirectBack(w, r, "/paper/"+p.Key)
	return nil
}

func (s *Server) tagPaper(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	p, err := s.Store.Paper(ctx, r.PathValue("key"))
	if err != nil {
		return err
	}
	tags, err := cleanTags(strings.Split(r.FormValue("tags"), ","))
	if err != nil {
		return err
	}
	if err := s.Store.SetTags(ctx, readerID(ctx), p.ID, tags); err != nil {
		return err
	}
	redirectBack(w, r, "/paper/"+p.Key)
	return nil
}

// cleanTags tidies tags as they were typed, and leaves empty ones out.
func cleanTags(typed []string) ([]string, error) {
	var tags []string
	for _, t := range typed {
		if t = strings.TrimSpace(t); t == "" {
			continue
		}
		tag, err := offprint.CleanTag(t)
		if err != nil {
			return nil, err
		}
		tags = append(tags, tag)
	}
	return tags, nil
}

func (s *Server) notePaper(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	p, err := s.Store.Paper(ctx, r.PathValue("key"))
	if err != nil {
		return err
	}
	note := strings.TrimSpace(strings.ReplaceAll(r.FormValue("note"), "\r\n", "\n"))
	if err := s.Store.SetNote(ctx, readerID(ctx), p.ID, note); err != nil {
		return err
	}
	redirectBack(w, r, "/paper/"+p.Key)
	return nil
}

// clipText shortens a text at a word.
func clipText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	if i := strings.LastIndexByte(s[:limit], ' '); i > 0 {
		return s[:i] + "…"
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
