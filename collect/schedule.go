package collect

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/outbound"
)

const (
	firstRetry = 5 * time.Minute
	longest    = 24 * time.Hour // between two runs, whatever happens
)

// pause is how long to wait after a success: as configured, or longer if the
// source's own notBefore says so.
func (c *Collector) pause(kind offprint.SourceKind, notBefore time.Time) time.Duration {
	usual := time.Hour
	if kind == offprint.SourceArXiv {
		usual = 6 * time.Hour
	}
	usual = cmp.Or(c.Every[kind], usual)
	if notBefore.IsZero() {
		return usual
	}
	return max(usual, min(notBefore.Sub(c.now()), longest))
}

// retry is how long to wait after the given number of failures in a row, of
// which err is the last: 5 minutes, doubled for each, give or take a quarter,
// at least what the server asks for, and at most a day.
func retry(failures int, err error) time.Duration {
	wait := longest
	if n := failures - 1; n < 10 {
		wait = firstRetry << max(n, 0)
	}
	wait = wait*3/4 + rand.N(wait/2)
	if e, ok := errors.AsType[*outbound.StatusError](err); ok {
		wait = max(wait, e.RetryAfter)
	}
	return min(wait, longest)
}

// nameOf is a source's name for people.
func nameOf(src offprint.Source) string {
	if src.Name != "" {
		return src.Name
	}
	if u, err := url.Parse(src.URL); err == nil && u.Host != "" {
		return u.Hostname()
	}
	return string(src.Kind)
}
