package web

import "net/http"

// handlerFunc answers a request or returns why it cannot: see [Server.fail].
type handlerFunc func(w http.ResponseWriter, r *http.Request) error

// routes returns the mux with all of the server's addresses. Each group stands
// in the file named after it.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, h handlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			noteRoute(r)
			if err := h(w, r); err != nil {
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
	s.routeDigest(handle)                // /subscribe, /digest
	s.routeSources(handle)               // /sources
	s.routeLab(handle)                   // /lab
	s.routeFeeds(handle)                 // /feed
	s.routeAPI(handle)                   // /api
	s.routeNotFound(handle, mux.Handler) // everything else
	return mux
}
