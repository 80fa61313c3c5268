package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/offprint/offprint"
)

// handlerFunc answers a request or returns why it cannot: see [Server.fail].
type handlerFunc func(w http.ResponseWriter, r *http.Request) error

// routes returns the mux with all of the server's addresses. Each group stands
// in the file named after it.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h handlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			noteRoute(r)
			err := readForm(r)
			if err == nil {
				err = h(w, r)
			}
			if err != nil {
				s.fail(w, r, err)
			}
		})
	}
	s.routeStatic(handle)
	s.routeHealth(handle)
	s.routeLists(handle)                 // /, /day, /week, /month, /search, /category, /author, /founding
	s.routePaper(handle)                 // /paper/{key}: the page, marks, tags, notes, comments
	s.routeLibrary(handle)               // /library, /submit
	s.routeAccount(handle)               // /sign-in, /owner, /invite, /settings
	s.routeForYou(handle)                // /for-you, /tag
	s.routeTopics(handle)                // /topics, /topic, /learned
	s.routeDigest(handle)                // /subscribe, /digest
	s.routeSources(handle)               // /sources
	s.routeLab(handle)                   // /lab
	s.routeFeeds(handle)                 // /feed
	s.routeAPI(handle)                   // /api
	s.routeNotFound(handle, mux.Handler) // everything else
	return mux
}

// readForm reads the form of a request that has one, before its handler: one
// that is too large or cut off is refused, for its fields would look empty and
// empty what is stored.
func readForm(r *http.Request) error {
	if r.Method != http.MethodPost {
		return nil
	}
	err := r.ParseForm()
	if err == nil && strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		err = r.ParseMultipartForm(maxBody)
	}
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return offprint.Errorf(offprint.KindInvalid, "The form is malformed: open the page again.")
}
