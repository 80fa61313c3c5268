package web

import (
	"context"
	"encoding/gob"
	"net/http"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/offprint/offprint"
)

// Keys of what a session holds.
const (
	sessionReader  = "reader"  // int64
	sessionID      = "id"      // names the session on its reader's page; not a secret
	sessionCreated = "created" // time.Time
	sessionSeen    = "seen"    // time.Time, to the hour
	sessionAgent   = "agent"   // browser, as it calls itself
	sessionFlash   = "flash"   // a sentence for the next page
)

func newSessions(store offprint.Store, secure bool) *scs.SessionManager {
	gob.Register(time.Time{}) // as scs encodes what a session holds
	m := scs.New()
	m.Store = sessionStore{store}
	m.Lifetime = 90 * 24 * time.Hour
	m.IdleTimeout = 30 * 24 * time.Hour
	m.HashTokenInStore = true
	m.Cookie.Name = "offprint"
	if secure {
		m.Cookie.Name = "__Host-offprint"
	}
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Secure = secure
	return m
}

// sessionStore keeps sessions in the store, as scs wants them.
type sessionStore struct{ store offprint.Store }

var _ scs.IterableCtxStore = sessionStore{}

func (s sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	b, err := s.store.FindSession(ctx, token, time.Now())
	return b, b != nil, err
}

func (s sessionStore) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	return s.store.PutSession(ctx, token, b, expiry)
}

func (s sessionStore) DeleteCtx(ctx context.Context, token string) error {
	return s.store.DeleteSession(ctx, token)
}

func (s sessionStore) AllCtx(ctx context.Context) (map[string][]byte, error) {
	return s.store.Sessions(ctx, time.Now())
}

// The methods without a context complete scs.Store; scs does not call them when
// those with one are there.

func (s sessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

func (s sessionStore) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}

func (s sessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

type readerKey struct{}

// readerOf returns who is asking, or nil for somebody who is not signed in.
func readerOf(ctx context.Context) *offprint.Reader {
	r, _ := ctx.Value(readerKey{}).(*offprint.Reader)
	return r
}

// readerID returns the id of who is asking, or 0.
func readerID(ctx context.Context) int64 {
	if r := readerOf(ctx); r != nil {
		return r.ID
	}
	return 0
}

// needReader wraps a handler that only a signed-in reader may use.
func (s *Server) needReader(h handlerFunc) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if readerOf(r.Context()) == nil {
			if r.Method == http.MethodGet && !wantsJSON(r) {
				http.Redirect(w, r, "/sign-in?next="+queryEscape(r.URL.RequestURI()), http.StatusSeeOther)
				return nil
			}
			return offprint.Errorf(offprint.KindUnauthorized, "Sign in to do this.")
		}
		return h(w, r)
	}
}

// needOwner wraps a handler that only an owner may use.
func (s *Server) needOwner(h handlerFunc) handlerFunc {
	return s.needReader(func(w http.ResponseWriter, r *http.Request) error {
		if readerOf(r.Context()).Role != offprint.RoleOwner {
			return offprint.Errorf(offprint.KindForbidden, "Only the owner of this Offprint may do this.")
		}
		return h(w, r)
	})
}

// identify finds out who is asking: by an API token, or by the session.
func (s *Server) identify(next http.Handler) http.Handler {
	bySession := s.sessions.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if id := s.sessions.GetInt64(ctx, sessionReader); id != 0 {
			reader, err := s.Store.Reader(ctx, id)
			switch {
			case err == nil && !reader.Suspended:
				ctx = context.WithValue(ctx, readerKey{}, reader)
				if now := s.now(); now.Sub(s.sessions.GetTime(ctx, sessionSeen)) > time.Hour {
					s.sessions.Put(ctx, sessionSeen, now)
				}
			case err == nil || offprint.KindOf(err) == offprint.KindNotFound:
				if err := s.sessions.Destroy(ctx); err != nil {
					s.fail(w, r, err)
					return
				}
			default:
				s.fail(w, r, err)
				return
			}
		}
		s.admit(next, w, r.WithContext(ctx))
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isStatic(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		secret, ok := bearer(r)
		if !ok {
			bySession.ServeHTTP(w, r)
			return
		}
		reader, err := s.readerByToken(r, secret)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), readerKey{}, reader)))
	})
}

// readerByToken finds whom an API token acts for.
func (s *Server) readerByToken(r *http.Request, secret string) (*offprint.Reader, error) {
	denied := offprint.Errorf(offprint.KindUnauthorized, "This API token is not known, or has been deleted.")
	t, err := s.Store.APITokenByHash(r.Context(), offprint.HashSecret(secret), s.now())
	if offprint.KindOf(err) == offprint.KindNotFound && err != nil {
		return nil, denied
	} else if err != nil {
		return nil, err
	}
	if !t.Write && r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil, offprint.Errorf(offprint.KindForbidden, "This API token may only read.")
	}
	reader, err := s.Store.Reader(r.Context(), t.ReaderID)
	if err != nil {
		return nil, err
	}
	if reader.Suspended {
		return nil, denied
	}
	return reader, nil
}

// bearer returns the secret of an Authorization header, if there is one.
func bearer(r *http.Request) (string, bool) {
	scheme, secret, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(secret), ok && strings.EqualFold(scheme, "Bearer")
}

// hasSession reports whether the request was identified through a session (and
// not through an API token), so that session data may be used.
func (s *Server) hasSession(r *http.Request) bool {
	_, token := bearer(r)
	return !token && !isStatic(r.URL.Path)
}

// admit lets a request through, or sends it to sign in when the pages are
// private.
func (s *Server) admit(next http.Handler, w http.ResponseWriter, r *http.Request) {
	if s.Private && readerOf(r.Context()) == nil && !isOpen(r.URL.Path) {
		if r.Method == http.MethodGet && !wantsJSON(r) {
			http.Redirect(w, r, "/sign-in?next="+queryEscape(r.URL.RequestURI()), http.StatusSeeOther)
			return
		}
		s.fail(w, r, offprint.Errorf(offprint.KindUnauthorized, "Sign in to see this."))
		return
	}
	next.ServeHTTP(w, r)
}

// isOpen reports whether a path is for everybody even when the pages are
// private: signing in, probes, and what carries a secret of its own.
func isOpen(p string) bool {
	for _, prefix := range []string{"/sign-in", "/sign-up", "/owner/", "/invite/", "/digest/", "/feed/search/", "/feed/tag/", "/healthz", "/readyz", "/robots.txt"} {
		if strings.HasPrefix(p, prefix) {
			return true
		}
	}
	return false
}
