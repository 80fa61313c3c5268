package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/offprint/offprint"
)

// Files under static/vendor come from npm at build time; without them the
// pages work, with mathematics in plain type.
//
//go:embed all:static
var staticFiles embed.FS

// asset is a static file, kept in memory.
type asset struct {
	body        []byte
	contentType string
	hash        string // of the body, in its address
}

// assets maps a name below static/ to its file.
type assets map[string]asset

func loadAssets() (assets, error) {
	as := assets{}
	err := fs.WalkDir(staticFiles, "static", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := staticFiles.ReadFile(p)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		ct := mime.TypeByExtension(path.Ext(p))
		switch path.Ext(p) { // not left to the machine's tables
		case ".js", ".mjs":
			ct = "text/javascript; charset=utf-8"
		case ".css":
			ct = "text/css; charset=utf-8"
		case ".svg":
			ct = "image/svg+xml"
		case ".woff2":
			ct = "font/woff2"
		}
		as[strings.TrimPrefix(p, "static/")] = asset{body, ct, hex.EncodeToString(sum[:6])}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("web: static files: %w", err)
	}
	return as, nil
}

// path returns the address of a static file, which changes with its content, so
// that browsers may keep it for ever. A file that is not there has none.
func (as assets) path(name string) string {
	a, ok := as[name]
	if !ok {
		return ""
	}
	return "/static/" + a.hash + "/" + name
}

func isStatic(p string) bool { return strings.HasPrefix(p, "/static/") }

func (s *Server) routeStatic(handle func(string, handlerFunc)) {
	handle("GET /static/{hash}/{name...}", func(w http.ResponseWriter, r *http.Request) error {
		a, ok := s.assets[r.PathValue("name")]
		if !ok || r.PathValue("hash") != a.hash {
			return offprint.Errorf(offprint.KindNotFound, "There is no such file.")
		}
		h := w.Header()
		h.Set("Content-Type", a.contentType)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("ETag", `"`+a.hash+`"`)
		if etagMatches(r.Header.Get("If-None-Match"), `"`+a.hash+`"`) {
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
		_, err := w.Write(a.body)
		return err
	})
}
