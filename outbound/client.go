// Package outbound makes the HTTP client for all requests to other people's
// servers: sources of papers, and webhooks. Their addresses come from readers
// and from other servers, so the client trusts neither the address nor the
// answer.
//
//   - Addresses are checked when a connection is made, after the name has been
//     resolved, so that a name cannot lead into the private network, not even by
//     resolving differently a second time. [AllowPrivate] lifts this for the
//     requests of one context.
//   - Only http and https, any port; at most five redirects, each checked in the
//     same way, and none of them is given credentials.
//   - Time limits on connecting, on the header, on silence inside the body and
//     on the whole; a size limit on the body as it is after decompression.
//   - No proxy, whatever the environment says: a proxy resolves names on its
//     own, and the check would see the proxy's address alone.
//   - No cookies.
//   - Some hosts are asked one request at a time and no faster than they want:
//     see [Pace].
package outbound

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/offprint/offprint"
)

// MaxRedirects is how many redirects are followed for one request.
const MaxRedirects = 5

// Options sets up a client. The zero value of a limit stands for its default.
type Options struct {
	UserAgent string // see [UserAgent]; used where a request has none of its own

	// AllowPrivate lets all of the client's requests reach any address that
	// [AllowPrivate] does.
	AllowPrivate bool

	MaxBody        int64         // bytes of a body, decompressed; 32 MiB
	ConnectTimeout time.Duration // for resolving, connecting and TLS, each; 10 s
	HeaderTimeout  time.Duration // from the request's end to the answer's header; 2 min
	IdleTimeout    time.Duration // without a byte of the body; 30 s
	Timeout        time.Duration // for everything, redirects and waiting for a turn included; 10 min

	Pace []Pace
}

// UserAgent returns an honest User-Agent: what this is, where to read about it
// and whom to write to. An empty url or contact is left out.
func UserAgent(version, url, contact string) string {
	var about []string
	if url != "" {
		about = append(about, "+"+url)
	}
	if contact != "" {
		about = append(about, contact)
	}
	s := "Offprint/" + version
	if len(about) > 0 {
		s += " (" + strings.Join(about, "; ") + ")"
	}
	// A line break would end the header field.
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

// New returns a client that keeps the package's promises. It may be shared, and
// should be: paces hold among the requests of one client.
func New(o Options) *http.Client {
	o.MaxBody = orDefault(o.MaxBody, 32<<20)
	o.ConnectTimeout = orDefault(o.ConnectTimeout, 10*time.Second)
	o.HeaderTimeout = orDefault(o.HeaderTimeout, 2*time.Minute)
	o.IdleTimeout = orDefault(o.IdleTimeout, 30*time.Second)
	o.Timeout = orDefault(o.Timeout, 10*time.Minute)
	t := &transport{
		options: o,
		public:  newTransport(o, net.Dialer{Control: refusePrivate}),
		private: newTransport(o, net.Dialer{Control: refuseLinkLocal}),
	}
	for _, p := range o.Pace {
		t.gates = append(t.gates, newGate(p))
	}
	return &http.Client{Transport: t, CheckRedirect: checkRedirect, Timeout: o.Timeout}
}

func orDefault[T int64 | time.Duration](v, fallback T) T {
	if v <= 0 {
		return fallback
	}
	return v
}

func newTransport(o Options, d net.Dialer) *http.Transport {
	d.Timeout = o.ConnectTimeout
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            d.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    o.ConnectTimeout,
		ResponseHeaderTimeout:  o.HeaderTimeout,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        time.Minute,
		MaxIdleConns:           20,
		MaxIdleConnsPerHost:    2,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

type privateKey struct{}

// AllowPrivate returns a context whose requests may reach private and loopback
// addresses, redirects included. It is for an address that whoever runs the
// server has marked as meant. Link-local addresses stay out of reach: that is
// where clouds hand out a machine's credentials, and nothing to read.
func AllowPrivate(ctx context.Context) context.Context {
	return context.WithValue(ctx, privateKey{}, true)
}

// transport has a pool of connections for each of the two rules, since a
// connection that was allowed must not be reused by a request that would not be.
type transport struct {
	options         Options
	public, private *http.Transport
	gates           []*gate
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.roundTrip(req)
	if err != nil && req.Body != nil {
		_ = req.Body.Close() // a RoundTripper closes it in any case; twice does no harm
	}
	return resp, err
}

func (t *transport) roundTrip(req *http.Request) (*http.Response, error) {
	if s := req.URL.Scheme; s != "http" && s != "https" {
		return nil, offprint.Errorf(offprint.KindInvalid, "Only http and https addresses can be fetched.")
	}
	leave := func() {}
	for _, g := range t.gates {
		if g.covers(req.URL.Hostname()) {
			if err := g.enter(req.Context()); err != nil {
				return nil, fmt.Errorf("waiting for a turn at %s: %w", g.host, err)
			}
			leave = g.leave
			break
		}
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	out := req.Clone(ctx)
	if out.Header.Get("User-Agent") == "" {
		out.Header.Set("User-Agent", t.options.UserAgent)
	}
	base := t.public
	if allowed, _ := ctx.Value(privateKey{}).(bool); allowed || t.options.AllowPrivate {
		base = t.private
	}
	resp, err := base.RoundTrip(out)
	if err != nil {
		cancel(nil)
		leave()
		return nil, err
	}
	resp.Body = newBody(ctx, resp.Body, t.options.MaxBody, t.options.IdleTimeout, cancel, leave)
	return resp, nil
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (t *transport) CloseIdleConnections() {
	t.public.CloseIdleConnections()
	t.private.CloseIdleConnections()
}

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > MaxRedirects {
		return offprint.Errorf(offprint.KindInvalid, "The address redirects more than %d times.", MaxRedirects)
	}
	req.URL.User = nil
	for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization", "Referer"} {
		req.Header.Del(name)
	}
	return nil
}
