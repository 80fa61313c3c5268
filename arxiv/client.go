// Package arxiv brings papers from arXiv: [Client.Fetch] harvests by OAI-PMH,
// and [Client.Lookup] gets single papers from the Atom API.
//
// arXiv asks programs for one connection at a time and one request every three
// seconds, over all of its interfaces and all of one's machines
// (https://info.arxiv.org/help/api/tou.html). The HTTP client keeps to that if
// it was made with [Pace]; its requests then share one limiter however many
// goroutines make them, feeds from arXiv included. Separate processes do not
// know of one another: beside a server that collects, a second process should
// do no more than look up single papers.
package arxiv

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/outbound"
)

// arXiv's own addresses.
const (
	OAIURL = "https://oaipmh.arxiv.org/oai"
	APIURL = "https://export.arxiv.org/api/query"
)

// Pace is how arXiv wants to be asked.
var Pace = outbound.Pace{Host: "arxiv.org", Interval: 3 * time.Second}

// Client talks to arXiv, or to an OAI-PMH server that offers arXiv's metadata
// format. Its methods may be called from several goroutines. Only HTTP is
// required.
type Client struct {
	HTTP *http.Client // from package outbound, with Pace

	API string           // address of the Atom API; APIURL if empty
	Now func() time.Time // time.Now if nil

	// A request that fails for a passing reason (a broken connection, a
	// truncated or malformed answer, a busy server) is made again, at most
	// Retries times. The wait starts at RetryWait and doubles, or is what the
	// server asks for in Retry-After; if that is over MaxWait, the run ends with
	// an error that carries it. Zero values mean 5, 3 s and 5 min; negative
	// Retries mean none.
	Retries   int
	RetryWait time.Duration
	MaxWait   time.Duration

	Log *slog.Logger // for records that are skipped; slog.Default() if nil

	maxPages int // of one list; 5,000 if 0
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

func (c *Client) log() *slog.Logger {
	if c.Log != nil {
		return c.Log
	}
	return slog.Default()
}

// get fetches url until decode has accepted the answer or trying again is of
// no use. decode sees the status too, as protocols put errors under several; it
// returns an [outbound.StatusError] for one that it cannot use.
func (c *Client) get(ctx context.Context, url string, decode func(status int, body io.Reader) error) error {
	retries, wait, longest := c.Retries, c.RetryWait, c.MaxWait
	if retries == 0 {
		retries = 5
	}
	if wait == 0 {
		wait = 3 * time.Second
	}
	if longest == 0 {
		longest = 5 * time.Minute
	}
	for attempt := 0; ; attempt++ {
		err := c.getOnce(ctx, url, decode)
		if err == nil || attempt >= retries || !passing(ctx, err) {
			return err
		}
		pause := wait<<min(attempt, 10) + rand.N(wait)
		if e, ok := errors.AsType[*outbound.StatusError](err); ok && e.RetryAfter > 0 {
			if e.RetryAfter > longest {
				return err
			}
			pause = e.RetryAfter
		}
		c.log().InfoContext(ctx, "arXiv: trying again", "wait", min(pause, longest), "error", outbound.Explain(err))
		select {
		case <-time.After(min(pause, longest)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *Client) getOnce(ctx context.Context, url string, decode func(int, io.Reader) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return offprint.Errorf(offprint.KindInvalid, "The source's address is malformed: give one such as %s.", OAIURL)
	}
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if err := outbound.CheckStatus(resp, c.now()); err != nil {
		// The body may say more than the status, but not of a server in trouble.
		if e, ok := errors.AsType[*outbound.StatusError](err); !ok || e.Temporary() {
			return err
		}
	}
	return decode(resp.StatusCode, resp.Body)
}

// passing reports whether a request that ended with err may succeed if it is
// repeated.
func passing(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	if _, ok := errors.AsType[*offprint.Error](err); ok {
		return false
	}
	if e, ok := errors.AsType[*outbound.StatusError](err); ok {
		return e.Temporary()
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return !e.IsNotFound
	}
	return true
}
