// Package web serves Offprint over HTTP: the pages, the feeds, the JSON API and
// sign-in. Templates and static files are embedded. It knows the domain and
// nothing of any database; what it needs done elsewhere (mail, fetching a
// paper, background work) it is given as functions in [Config].
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/engine"
)

// SignUp says who may create an account.
type SignUp string

// The ways to an account.
const (
	SignUpInvite SignUp = "invite" // by the owner's invitation (the default)
	SignUpOpen   SignUp = "open"   // anybody with a mail address
)

// Config is what a [Server] needs.
type Config struct {
	Store   offprint.Store
	Log     *slog.Logger          // slog.Default when nil
	Metrics prometheus.Registerer // no metrics when nil
	Version string

	BaseURL        string         // the service's address as readers see it, such as https://papers.example.org; for links in mail and feeds
	SignUp         SignUp         // SignUpInvite when empty
	Private        bool           // pages are for signed-in readers only
	TrustedProxies []netip.Prefix // peers whose X-Forwarded-For is believed

	// SendSignIn mails a one-time link; nil when no mail is configured.
	SendSignIn func(ctx context.Context, email, link string) error
	// AddPaper fetches one paper by arXiv id or address and stores it.
	AddPaper func(ctx context.Context, ref string) (*offprint.Paper, error)
	// SyncSource asks for a source to be read soon. It does not wait.
	SyncSource func(ctx context.Context, id int64) error
	// Digests manages subscriptions; nil when no mail is configured.
	Digests Digests
	// Lab shows and runs the papers of the founding list; nil leaves it out.
	Lab *Lab
	// Engine answers with what has been learned from the papers; nil leaves it out.
	Engine *engine.Engine
	// TestWebhook sends a webhook a trial event. It does not wait.
	TestWebhook func(ctx context.Context, id int64) error
}

// Digests is what the pages need of the digest service.
type Digests interface {
	// Subscribe records a pending subscription and mails its address a link to confirm.
	Subscribe(ctx context.Context, s offprint.Subscription) error
	// Confirm makes the subscription with the secret active.
	Confirm(ctx context.Context, secret string) (*offprint.Subscription, error)
	// Update changes what the subscription with the secret asks for.
	Update(ctx context.Context, secret string, s offprint.Subscription) error
	// Unsubscribe ends the subscription with the secret. Doing it twice is fine.
	Unsubscribe(ctx context.Context, secret string) error
}

// Server answers requests. Create it with [New].
type Server struct {
	Config
	base      *url.URL
	sessions  *scs.SessionManager
	templates templates
	assets    assets
	handler   http.Handler
	limits    limits
	metrics   *metrics

	days           derived[[]offprint.DayCount]
	categoryCounts derived[[]offprint.Count]
	feedChanges    feedChanges
	now            func() time.Time
}

// New returns a server. It reads nothing from the store yet.
func New(cfg Config) (*Server, error) {
	if cfg.Store == nil {
		return nil, errors.New("web: no store")
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.SignUp == "" {
		cfg.SignUp = SignUpInvite
	}
	base, err := url.Parse(strings.TrimSuffix(cfg.BaseURL, "/"))
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, fmt.Errorf("web: base URL %q: want an address such as https://papers.example.org", cfg.BaseURL)
	}
	cfg.BaseURL = base.String()
	s := &Server{Config: cfg, base: base, now: time.Now}
	s.sessions = newSessions(cfg.Store, base.Scheme == "https")
	s.metrics = newMetrics(cfg.Metrics)
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if s.templates, err = s.parseTemplates(); err != nil {
		return nil, err
	}
	s.handler = s.middleware(s.routes())
	return s, nil
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }
