package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

func TestParseRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"120":                           2 * time.Minute,
		" 7 ":                           7 * time.Second,
		"-5":                            0,
		"soon":                          0,
		"1.5":                           0,
		"4294967295":                    365 * 24 * time.Hour,
		"99999999999999999999":          0,
		"Thu, 05 Mar 2026 12:00:30 GMT": 30 * time.Second,
		"Thu, 05 Mar 2026 11:00:00 GMT": 0,
	} {
		if got := ParseRetryAfter(s, now); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

func FuzzParseRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Thu, 05 Mar 2026 12:00:30 GMT")
	f.Fuzz(func(t *testing.T, s string) {
		if d := ParseRetryAfter(s, time.Now()); d < 0 || d > 365*24*time.Hour {
			t.Errorf("%q gives %s", s, d)
		}
	})
}

func TestCheckStatus(t *testing.T) {
	now := time.Now()
	if err := CheckStatus(&http.Response{StatusCode: 204}, now); err != nil {
		t.Error(err)
	}
	err := CheckStatus(&http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"90"}}}, now)
	if got := Explain(err); got != "The server answered 503 Service Unavailable and asks to wait 1m30s." {
		t.Error(got)
	}
	if e, ok := errors.AsType[*StatusError](err); !ok || !e.Temporary() {
		t.Error("503 is not temporary")
	}
	if (&StatusError{Code: 404}).Temporary() {
		t.Error("404 is temporary")
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{fmt.Errorf("run: %w", offprint.Errorf(offprint.KindInvalid, "Say this.")), "Say this."},
		{&net.DNSError{Name: "nowhere.example", IsNotFound: true}, "The server's name, nowhere.example, cannot be found."},
		{&net.DNSError{Name: "x.example", IsTemporary: true}, "The server's name, x.example, cannot be looked up at the moment."},
		{fmt.Errorf("dial: %w", syscall.ECONNREFUSED), "The server refuses connections."},
		{fmt.Errorf("read: %w", io.ErrUnexpectedEOF), "The connection broke before the answer was complete."},
		{context.DeadlineExceeded, "The server took too long to answer."},
		{fmt.Errorf("get: %w", context.Canceled), "The request was stopped before it was complete."},
		{&url.Error{Op: "Get", URL: "https://example.org/?key=secret", Err: errors.New("odd thing")}, "Odd thing."},
		{errors.New(strings.Repeat("é", 400)), "É" + strings.Repeat("é", 149) + "…"},
		{errors.New(""), "Something went wrong."},
	} {
		if got := Explain(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}
