package mail

import (
	"crypto/x509"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

// Security says how the connection to the mail server is encrypted.
type Security string

// The ways to encrypt a connection. StartTLS and TLS check the server's
// certificate; a server that does not offer what is asked for is an error.
const (
	StartTLS Security = "starttls" // plain at first, then TLS before anything is said; port 587
	TLS      Security = "tls"      // TLS from the start; port 465
	NoTLS    Security = "none"     // for a relay on this machine or a network that is trusted; port 25
)

// Config is how to reach the mail server. However it is printed, it does not
// show the password.
type Config struct {
	Host     string         // empty for none: see [ErrNotConfigured]
	Port     int            // 0 for the usual one
	Username string         // empty for a server that asks for none
	Password string         `json:"-"`
	Security Security       // StartTLS when empty
	From     string         // sender, such as "Papers <papers@example.org>"
	Timeout  time.Duration  // of connecting, and of one message; 30 s when 0
	Roots    *x509.CertPool `json:"-"` // authorities that are trusted; nil for the system's
}

// ErrNotConfigured is what [New] returns when no mail server is given.
var ErrNotConfigured = offprint.Errorf(offprint.KindInvalid, "No mail server is set, so nothing can be mailed: set its host and the sender's address.")

// Format implements [fmt.Formatter] and leaves the password out.
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "%s (%s) as %q from %q", c.address(), c.Security, c.Username, c.From) // nothing can be done where printing fails
}

func (c Config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// Sender sends mail through one server. It is safe for concurrent use.
type Sender struct {
	cfg  Config
	from *netmail.Address
}

// New checks the configuration; it does not connect. Without a host it fails
// with [ErrNotConfigured].
func New(cfg Config) (*Sender, error) {
	if cfg.Host == "" {
		return nil, ErrNotConfigured
	}
	ports := map[Security]int{StartTLS: 587, TLS: 465, NoTLS: 25}
	if cfg.Security == "" {
		cfg.Security = StartTLS
	}
	if ports[cfg.Security] == 0 {
		return nil, offprint.Errorf(offprint.KindInvalid, "%q is not a way to encrypt mail: use starttls, tls or none.", string(cfg.Security))
	}
	if cfg.Port == 0 {
		cfg.Port = ports[cfg.Security]
	}
	if cfg.Port < 1 || cfg.Port > 65535 || strings.ContainsAny(cfg.Host, "/ @\r\n") {
		return nil, offprint.Errorf(offprint.KindInvalid, "%q and %d are not a mail server's host and port: write them as smtp.example.org and 587.", cfg.Host, cfg.Port)
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Security == NoTLS && cfg.Password != "" && !isLoopback(cfg.Host) {
		return nil, offprint.Errorf(offprint.KindInvalid, "The password would be readable on its way to %s: use starttls or tls, or leave the password out.", cfg.Host)
	}
	from, err := netmail.ParseAddress(cfg.From)
	if err == nil {
		from.Address, err = offprint.CleanEmail(from.Address)
	}
	if err != nil {
		return nil, offprint.Errorf(offprint.KindInvalid, "%q is not a sender: write it as Papers <papers@example.org>.", cfg.From)
	}
	from.Name = oneLine(from.Name)
	return &Sender{cfg: cfg, from: from}, nil
}

// From returns the sender's address, without a name.
func (s *Sender) From() string { return s.from.Address }

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
