package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"

	"github.com/offprint/offprint"
)

//go:embed all:templates
var templateFiles embed.FS

// templates holds, for each page, the layout and partials with that page's
// content.
type templates map[string]*template.Template

// page is what the layout shows around a page's own content.
type page struct {
	Title       string // of the document, without the site's name
	Description string
	Nav         string // the entry of the main menu that is current
	Canonical   string // path; empty when the page is not for search engines
	Feed        string // path of the page's Atom feed, without its extension
	Refresh     int    // seconds until a page without script loads itself anew; 0 for never
	Content     any

	// Filled in by render.
	Reader *offprint.Reader
	Theme  string
	Flash  string
	Path   string // address to come back to after signing in or posting a form
}

// parseTemplates reads templates/layout.html, the partials (templates/_*.html)
// and each page.
func (s *Server) parseTemplates() (templates, error) {
	shared, err := template.New("layout.html").Funcs(s.templateFuncs()).ParseFS(templateFiles, "templates/layout.html", "templates/_*.html")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	ts := templates{}
	for _, f := range files {
		name := strings.TrimSuffix(path.Base(f), ".html")
		if name == "layout" || strings.HasPrefix(name, "_") {
			continue
		}
		t, err := shared.Clone()
		if err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
		if ts[name], err = t.ParseFS(templateFiles, f); err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
	}
	return ts, nil
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// render answers with a page. Nothing is sent before the whole page is there,
// so a failing template gives an error and not half a page.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	ctx := r.Context()
	p.Reader = readerOf(ctx)
	p.Path = r.URL.RequestURI()
	if r.Method != http.MethodGet {
		p.Path = "/"
	}
	if p.Reader != nil {
		p.Theme = p.Reader.Settings.Theme
		if s.hasSession(r) {
			p.Flash = s.sessions.PopString(ctx, sessionFlash)
		}
	}
	buf := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buf)
	buf.Reset()
	t, ok := s.templates[name]
	if !ok {
		panic("web: no template " + name)
	}
	if err := t.Execute(buf, p); err != nil {
		s.Log.ErrorContext(ctx, "template", "name", name, "error", err)
		http.Error(w, "Something went wrong on our side. It has been logged.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Cookie")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "private, no-cache")
	}
	if status == http.StatusOK {
		etag := etagOf(buf.Bytes())
		h.Set("ETag", etag)
		if etagMatches(r.Header.Get("If-None-Match"), etag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // the reader has gone: nothing to do
}

// etagOf is a tag that changes with the content.
func etagOf(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// etagMatches reports whether an If-None-Match header names the tag.
func etagMatches(header, etag string) bool {
	for t := range strings.SplitSeq(header, ",") {
		if strings.TrimPrefix(strings.TrimSpace(t), "W/") == etag {
			return true
		}
	}
	return false
}

// redirectBack sends a form's sender to the path in its "next" field, if that
// is a path of ours, else to fallback.
func redirectBack(w http.ResponseWriter, r *http.Request, fallback string) {
	http.Redirect(w, r, localPath(r.FormValue("next"), fallback), http.StatusSeeOther)
}

// localPath returns next if it is a path on this server, else fallback.
func localPath(next, fallback string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" ||
		!strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\n\r\t") {
		return fallback
	}
	return next
}

func queryEscape(s string) string { return url.QueryEscape(s) }
