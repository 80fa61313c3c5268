// Package digest decides which papers to mail to whom and when, and sends them
// with package mail: each digest at most once to each address, whatever fails
// or is killed on the way.
package digest

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/mail"
)

// Config is what a [Service] needs.
type Config struct {
	Store   offprint.Store
	Mail    *mail.Sender // nil when no mail server is configured: then nothing can be sent, only previewed
	BaseURL string       // the service's address as readers see it, such as https://papers.example.org
	Log     *slog.Logger // slog.Default when nil

	// Lease is how long a claimed digest is left to the process that claimed
	// it before another takes over; 15 minutes when 0. It must be well above
	// the time that the mail server is given for one message.
	Lease time.Duration
}

// Service looks after subscriptions and sends their digests. It is safe for
// concurrent use, and any number of processes may have one on the same store.
type Service struct {
	store  offprint.Store
	mail   *mail.Sender
	base   *url.URL
	log    *slog.Logger
	lease  time.Duration
	limits limiter
	now    func() time.Time
}

// New returns a service. It reads nothing from the store yet.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil {
		return nil, errors.New("digest: no store")
	}
	base, err := url.Parse(strings.TrimSuffix(cfg.BaseURL, "/"))
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("digest: base URL %q: want an address such as https://papers.example.org", cfg.BaseURL)
	}
	s := &Service{store: cfg.Store, mail: cfg.Mail, base: base, log: cfg.Log, lease: cfg.Lease, now: time.Now}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.lease <= 0 {
		s.lease = 15 * time.Minute
	}
	return s, nil
}

// link returns the address of a page of the service.
func (s *Service) link(elem ...string) string { return s.base.JoinPath(elem...).String() }

// domain is the right-hand side of the ids of what is sent.
func (s *Service) domain() string {
	host := s.base.Hostname()
	if strings.Contains(host, ":") { // an IPv6 address
		return "localhost"
	}
	return host
}
