package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/offprint/offprint"
)

// maxBody limits a request's body; pages and API take nothing larger.
const maxBody = 1 << 20

// contentSecurityPolicy lets a page load only what this server has: no inline
// script or style, nothing from elsewhere, no frame.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// middleware wraps the routes with what every request needs, outermost first.
func (s *Server) middleware(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	// One-click unsubscribing (RFC 8058) is a POST from a mail service, and
	// the secret in its address is the proof.
	crossOrigin.AddInsecureBypassPattern("POST /digest/unsubscribe/{secret}")
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, offprint.Errorf(offprint.KindForbidden, "This form was sent from another site. Open the page here and try again."))
	}))

	h := s.identify(next)
	h = s.limitRate(h)
	h = crossOrigin.Handler(h)
	h = s.secure(h)
	if gz, err := gzhttp.NewWrapper(gzhttp.MinSize(1400), gzhttp.CompressionLevel(1), gzhttp.SuffixETag("-gzip")); err == nil {
		h = unlessStream(h, plainTags(gz(h)))
	}
	return s.observe(h)
}

// unlessStream passes requests for server-sent events to plain: compression
// would hold events back until it has enough of them.
func unlessStream(plain, compressed http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			plain.ServeHTTP(w, r)
			return
		}
		compressed.ServeHTTP(w, r)
	})
}

// compression is what the wrapper adds to the tag of a compressed answer.
var compression = strings.NewReplacer(`-gzip"`, `"`, `-zstd"`, `"`)

// plainTags takes what compression added to a tag off those that come back, so
// that handlers know them again.
func plainTags(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if tags := r.Header.Get("If-None-Match"); tags != "" {
			r.Header.Set("If-None-Match", compression.Replace(tags))
		}
		next.ServeHTTP(w, r)
	})
}

// secure sets the headers that keep a browser strict, and limits the body.
func (s *Server) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), interest-cohort=()")
		if s.base.Scheme == "https" {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		next.ServeHTTP(w, r)
	})
}

// statusWriter remembers what was answered.
type statusWriter struct {
	http.ResponseWriter
	status int
	bytes  int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += n
	return n, err
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// observe turns a panic into a 500, logs each request and counts it. Paths may
// hold secrets (sign-in links, feeds), so the route's pattern is logged, not
// the path.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		sw := &statusWriter{ResponseWriter: w}
		route := new(string)
		r = r.WithContext(context.WithValue(r.Context(), routeKey{}, route))
		defer func() {
			if p := recover(); p != nil {
				if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				s.Log.ErrorContext(r.Context(), "panic", "route", *route, "error", fmt.Sprint(p), "stack", string(debug.Stack()))
				if sw.status == 0 {
					http.Error(sw, "Something went wrong on our side. It has been logged.", http.StatusInternalServerError)
				}
			}
			took := time.Since(start)
			s.count(*route, sw.status, took)
			level := slog.LevelDebug
			if sw.status >= 500 {
				level = slog.LevelWarn
			}
			s.Log.Log(r.Context(), level, "request", "method", r.Method, "route", *route, "status", sw.status, "bytes", sw.bytes, "took", took)
		}()
		next.ServeHTTP(sw, r)
	})
}

type routeKey struct{}

// noteRoute records which pattern answers a request, for observe.
func noteRoute(r *http.Request) {
	if route, ok := r.Context().Value(routeKey{}).(*string); ok {
		*route = r.Pattern
	}
}

// clientAddr is the address that a request comes from: the peer's, or what a
// trusted proxy says of it.
func (s *Server) clientAddr(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusted(addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap()
	}
	return addr
}

func (s *Server) trusted(a netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
