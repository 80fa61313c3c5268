package outbound

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// StatusError is an answer that is not a success.
type StatusError struct {
	Code       int           // HTTP status
	RetryAfter time.Duration // how long the server asks to wait; 0 if it does not say
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("The server answered %d", e.Code)
	if text := http.StatusText(e.Code); text != "" {
		s += " " + text
	}
	if e.RetryAfter > 0 {
		s += " and asks to wait " + e.RetryAfter.Round(time.Second).String()
	}
	return s + "."
}

// Temporary reports whether the same request may succeed later.
func (e *StatusError) Temporary() bool {
	return e.Code == http.StatusTooManyRequests || e.Code == http.StatusRequestTimeout || e.Code >= 500 && e.Code != http.StatusNotImplemented
}

// CheckStatus returns a [StatusError] unless the answer is a success (2xx).
func CheckStatus(resp *http.Response, now time.Time) error {
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	return &StatusError{resp.StatusCode, ParseRetryAfter(resp.Header.Get("Retry-After"), now)}
}

// ParseRetryAfter reads a Retry-After field, which is a number of seconds or a
// date. It returns 0 for one that is absent, malformed or past, and at most a year.
func ParseRetryAfter(s string, now time.Time) time.Duration {
	const year = 365 * 24 * time.Hour
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseUint(s, 10, 32); err == nil {
		return min(time.Duration(n)*time.Second, year)
	}
	t, err := http.ParseTime(s)
	if err != nil {
		return 0
	}
	return min(max(t.Sub(now), 0), year)
}
