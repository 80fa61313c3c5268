package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

// How long one-time links work.
const (
	signInValid  = 30 * time.Minute
	addressValid = 24 * time.Hour
	signUpValid  = 24 * time.Hour
	inviteValid  = 14 * 24 * time.Hour
)

// routeAccount adds signing in and out, new accounts, and all settings.
func (s *Server) routeAccount(handle func(string, handlerFunc)) {
	handle("GET /sign-in", s.inSession(s.signInForm))
	handle("POST /sign-in", s.inSession(s.slow(s.requestSignIn)))
	handle("GET /sign-in/sent", s.inSession(s.signInSent))
	handle("GET /sign-in/goodbye", s.inSession(s.goodbye))
	handle("GET /sign-in/{secret}", s.inSession(s.slow(s.confirmSignIn)))
	handle("POST /sign-in/{secret}", s.inSession(s.slow(s.signIn)))
	handle("POST /sign-out", s.inSession(s.signOut))
	handle("GET /sign-up", s.inSession(s.signInForm))
	handle("GET /owner/{secret}", s.inSession(s.slow(s.ownerForm)))
	handle("POST /owner/{secret}", s.inSession(s.slow(s.becomeOwner)))
	handle("GET /invite/{secret}", s.inSession(s.slow(s.inviteForm)))
	handle("POST /invite/{secret}", s.inSession(s.slow(s.acceptInvite)))
	s.routeSettings(handle)
	s.routeSearches(handle)
	s.routePrograms(handle)
	s.routeModeration(handle)
}

// inSession wraps a handler of pages that are nobody else's business: no cache
// keeps them, and a program with an API token, which has no session and must
// not get at the account itself, is turned away.
func (s *Server) inSession(h handlerFunc) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		if !s.hasSession(r) {
			return offprint.Errorf(offprint.KindForbidden, "An API token cannot do this: open the page in a browser.")
		}
		return h(w, r)
	}
}

// private is inSession for who has signed in.
func (s *Server) private(h handlerFunc) handlerFunc { return s.inSession(s.needReader(h)) }

type signInPage struct {
	Email, Next, Problem string
	Mail                 bool // links can be mailed
	SignUp               bool // anybody may have an account
}

func (s *Server) signInPage(r *http.Request) signInPage {
	return signInPage{
		Email: r.PostFormValue("email"), Next: localPath(r.FormValue("next"), ""),
		Mail: s.SendSignIn != nil, SignUp: s.SignUp == SignUpOpen,
	}
}

func (s *Server) signInForm(w http.ResponseWriter, r *http.Request) error {
	if readerOf(r.Context()) != nil {
		redirectBack(w, r, "/")
		return nil
	}
	s.render(w, r, http.StatusOK, "sign-in", page{Title: "Sign in", Content: s.signInPage(r)})
	return nil
}

// requestSignIn mails a link to an address that has an account, or may have
// one. Its answer, and how long that takes, are the same for every address.
func (s *Server) requestSignIn(w http.ResponseWriter, r *http.Request) error {
	if s.SendSignIn == nil {
		return offprint.Errorf(offprint.KindInvalid, "No mail is set up here, so no link can be sent.")
	}
	p := s.signInPage(r)
	email, err := offprint.CleanEmail(p.Email)
	if err != nil {
		_, p.Problem = statusOf(err)
		s.render(w, r, http.StatusBadRequest, "sign-in", page{Title: "Sign in", Content: p})
		return nil
	}
	if !s.limits.mayMail(email) {
		s.tooMany(w, r, mailsEvery)
		return nil
	}
	s.background(r.Context(), "sign-in mail", func(ctx context.Context) error {
		return s.sendSignIn(ctx, email, p.Next)
	})
	http.Redirect(w, r, "/sign-in/sent", http.StatusSeeOther)
	return nil
}

// background goes on after the answer to a request, so that nobody can measure
// how long it takes. What goes wrong is logged.
func (s *Server) background(ctx context.Context, what string, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	go func() {
		defer cancel()
		if err := do(ctx); err != nil {
			s.Log.ErrorContext(ctx, what, "error", err)
		}
	}()
}

func (s *Server) signInSent(w http.ResponseWriter, r *http.Request) error {
	s.notice(w, r, "Look in your inbox", "If that address may sign in here, a link is on its way to it. It works once, for half an hour.")
	return nil
}

// sendSignIn mails a known address a link to sign in and, where anybody may
// sign up, an unknown one a link to an account. Others get nothing.
func (s *Server) sendSignIn(ctx context.Context, email, next string) error {
	reader, err := s.Store.ReaderByEmail(ctx, email)
	var link string
	switch {
	case err == nil && reader.Suspended:
		return nil
	case err == nil:
		link, err = s.newLink(ctx, "/sign-in/", signInValid, offprint.Token{Purpose: offprint.PurposeSignIn, Email: email})
		if next != "" {
			link += "?next=" + url.QueryEscape(next)
		}
	case offprint.KindOf(err) == offprint.KindNotFound && s.SignUp == SignUpOpen:
		link, err = s.newLink(ctx, "/invite/", signUpValid, offprint.Token{Purpose: offprint.PurposeInvite, Email: email, Role: offprint.RoleReader})
	case offprint.KindOf(err) == offprint.KindNotFound:
		return nil
	}
	if err != nil {
		return err
	}
	return s.SendSignIn(ctx, email, link)
}

// newLink stores a token and returns the only link that has its secret.
func (s *Server) newLink(ctx context.Context, path string, valid time.Duration, t offprint.Token) (string, error) {
	secret := offprint.NewSecret()
	t.Hash, t.Created = offprint.HashSecret(secret), s.now()
	t.Expires = t.Created.Add(valid)
	return s.BaseURL + path + secret, s.Store.CreateToken(ctx, t)
}

var errStaleLink = offprint.Errorf(offprint.KindNotFound, "This link has been used already, or is too old. Ask for a new one.")

// token returns the token of the address's secret, which stays usable.
func (s *Server) token(r *http.Request, purpose offprint.Purpose) (*offprint.Token, error) {
	t, err := s.Store.Token(r.Context(), offprint.HashSecret(r.PathValue("secret")), s.now())
	switch {
	case err != nil && offprint.KindOf(err) == offprint.KindNotFound:
		return nil, errStaleLink
	case err != nil:
		return nil, err
	case t.Purpose != purpose:
		return nil, errStaleLink
	}
	return t, nil
}

// useToken uses the token of the address's secret up.
func (s *Server) useToken(r *http.Request, purpose offprint.Purpose) (*offprint.Token, error) {
	t, err := s.token(r, purpose) // a token for something else is not used up
	if err != nil {
		return nil, err
	}
	t, err = s.Store.UseToken(r.Context(), t.Hash, s.now())
	if err != nil && offprint.KindOf(err) == offprint.KindNotFound {
		return nil, errStaleLink
	}
	return t, err
}

// confirmPage asks for a click before something happens: mail scanners open
// links, and must not use them up.
type confirmPage struct {
	Heading, Lede string
	Action        string // address of the form
	Next          string
	Button        string
}

func (s *Server) confirm(w http.ResponseWriter, r *http.Request, p confirmPage) {
	p.Action, p.Next = r.URL.Path, localPath(r.FormValue("next"), "")
	s.render(w, r, http.StatusOK, "confirm", page{Title: p.Heading, Content: p})
}

// notice is a page of a heading and a sentence.
func (s *Server) notice(w http.ResponseWriter, r *http.Request, heading, sentence string) {
	s.render(w, r, http.StatusOK, "notice", page{Title: heading, Content: sentence})
}

// signsIn returns whom a sign-in token is for. One without an address, which
// only the command line makes, is for the first owner.
func (s *Server) signsIn(ctx context.Context, t *offprint.Token) (*offprint.Reader, error) {
	var reader *offprint.Reader
	var err error
	if t.Email != "" {
		reader, err = s.Store.ReaderByEmail(ctx, t.Email)
	} else {
		reader, err = s.firstOwner(ctx)
	}
	if err != nil && offprint.KindOf(err) == offprint.KindNotFound || err == nil && reader.Suspended {
		return nil, offprint.Errorf(offprint.KindForbidden, "This account cannot sign in. Ask the owner of this Offprint.")
	}
	return reader, err
}

func (s *Server) firstOwner(ctx context.Context) (*offprint.Reader, error) {
	readers, err := s.Store.Readers(ctx)
	if err != nil {
		return nil, err
	}
	for i := range readers {
		if readers[i].Role == offprint.RoleOwner {
			return &readers[i], nil
		}
	}
	return nil, offprint.Errorf(offprint.KindNotFound, "There is no owner yet.")
}

func (s *Server) confirmSignIn(w http.ResponseWriter, r *http.Request) error {
	t, err := s.token(r, offprint.PurposeSignIn)
	if err != nil {
		return err
	}
	reader, err := s.signsIn(r.Context(), t)
	if err != nil {
		return err
	}
	// The name keeps somebody from being signed in to another's account unawares.
	s.confirm(w, r, confirmPage{
		Heading: "Sign in", Lede: "You are about to sign in here as " + who(reader) + ".", Button: "Sign in",
	})
	return nil
}

// who names a reader with the address, if there is one.
func who(r *offprint.Reader) string {
	if r.Email == "" {
		return r.Name
	}
	return r.Name + " (" + r.Email + ")"
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	t, err := s.useToken(r, offprint.PurposeSignIn)
	if err != nil {
		return err
	}
	reader, err := s.signsIn(r.Context(), t)
	if err != nil {
		return err
	}
	if err := s.startSession(r, reader); err != nil {
		return err
	}
	redirectBack(w, r, "/")
	return nil
}

// startSession makes the request's session the reader's, under a new token and
// without anything that was in it before.
func (s *Server) startSession(r *http.Request, reader *offprint.Reader) error {
	ctx, now := r.Context(), s.now()
	if err := s.sessions.Clear(ctx); err != nil {
		return err
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return err
	}
	s.sessions.Put(ctx, sessionReader, reader.ID)
	s.sessions.Put(ctx, sessionID, offprint.NewSecret())
	s.sessions.Put(ctx, sessionCreated, now)
	s.sessions.Put(ctx, sessionSeen, now)
	s.sessions.Put(ctx, sessionAgent, browser(r.UserAgent()))
	return nil
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.sessions.Destroy(r.Context()); err != nil {
		return err
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func (s *Server) goodbye(w http.ResponseWriter, r *http.Request) error {
	s.notice(w, r, "Your account is deleted", "Everything that was stored for it is gone. Thank you for reading here.")
	return nil
}

// endSessions ends the sessions of a reader whose id is picked.
func (s *Server) endSessions(ctx context.Context, readerID int64, pick func(id string) bool) error {
	var tokens []string
	err := s.sessions.Iterate(ctx, func(ctx context.Context) error {
		if s.sessions.GetInt64(ctx, sessionReader) == readerID && pick(s.sessions.GetString(ctx, sessionID)) {
			tokens = append(tokens, s.sessions.Token(ctx))
		}
		return nil
	})
	for _, t := range tokens {
		// Tokens come hashed from Iterate, and scs would hash them again.
		err = errors.Join(err, s.Store.DeleteSession(ctx, t))
	}
	return err
}

func everySession(string) bool { return true }

// browser names a browser and its system as people do, from what it calls
// itself. Each claims to be many: the first that fits is the one.
func browser(agent string) string {
	name := firstFit(agent, "Edg", "Edge", "OPR", "Opera", "SamsungBrowser", "Samsung Internet", "Firefox", "Firefox", "FxiOS", "Firefox", "CriOS", "Chrome", "Chrome", "Chrome", "Safari", "Safari")
	system := firstFit(agent, "iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "CrOS", "ChromeOS", "Macintosh", "macOS", "Linux", "Linux")
	switch {
	case name != "" && system != "":
		return name + " on " + system
	case name != "":
		return name
	case system != "":
		return "A browser on " + system
	}
	return "An unknown browser"
}

// firstFit returns the name that follows the first word that s contains.
func firstFit(s string, wordsAndNames ...string) string {
	for i := 0; i < len(wordsAndNames); i += 2 {
		if strings.Contains(s, wordsAndNames[i]) {
			return wordsAndNames[i+1]
		}
	}
	return ""
}
