package outbound

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// serve starts a server and a client that may reach it.
func serve(t *testing.T, o Options, h http.HandlerFunc) (*http.Client, string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	o.AllowPrivate = true
	c := New(o)
	t.Cleanup(c.CloseIdleConnections)
	return c, s.URL
}

func get(ctx context.Context, c *http.Client, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	var hits atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := New(Options{})
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1.2.3"} {
		_, err := get(t.Context(), c, "http://"+host+":"+port)
		if offprint.KindOf(err) != offprint.KindForbidden {
			t.Errorf("%s: %v", host, err)
		}
	}
	if hits.Load() != 0 {
		t.Fatalf("%d requests came through", hits.Load())
	}

	// A connection that one request was allowed is not reused by another.
	if _, err := get(AllowPrivate(t.Context()), c, s.URL); err != nil {
		t.Fatalf("allowed, but: %v", err)
	}
	if _, err := get(t.Context(), c, s.URL); offprint.KindOf(err) != offprint.KindForbidden {
		t.Errorf("after an allowed request: %v", err)
	}
}

func TestOnlyHTTP(t *testing.T) {
	c, url := serve(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "file:///etc/passwd")
		w.WriteHeader(http.StatusFound)
	})
	for _, u := range []string{"file:///etc/passwd", "ftp://example.org/", "gopher://example.org/", url} {
		if _, err := get(t.Context(), c, u); offprint.KindOf(err) != offprint.KindInvalid {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestProxyIsIgnored(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	c := New(Options{})
	if c.Transport.(*transport).public.Proxy != nil {
		t.Error("the client has a proxy")
	}
}

func TestRedirects(t *testing.T) {
	c, url := serve(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		var n int
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &n); err != nil || n == 0 {
			for _, name := range []string{"Authorization", "Cookie", "Referer"} {
				if v := r.Header.Get(name); v != "" {
					t.Errorf("%s after a redirect: %q", name, v)
				}
			}
			_, _ = io.WriteString(w, "there")
			return
		}
		http.Redirect(w, r, fmt.Sprintf("http://name:secret@%s/%d", r.Host, n-1), http.StatusFound)
	})
	url = strings.Replace(url, "http://", "http://name:secret@", 1)
	if body, err := get(t.Context(), c, url+"/5"); err != nil || body != "there" {
		t.Errorf("five redirects: %q, %v", body, err)
	}
	_, err := get(t.Context(), c, url+"/6")
	if offprint.KindOf(err) != offprint.KindInvalid || !strings.Contains(Explain(err), "redirects") {
		t.Errorf("six redirects: %v", err)
	}
	if s := Explain(err); strings.Contains(s, "secret") {
		t.Errorf("the explanation has the password: %s", s)
	}
}

func TestUserAgent(t *testing.T) {
	want := "Offprint/1.2 (+https://offprint.example; owner@example.org)"
	ua := UserAgent("1.2", "https://offprint.example", "owner@example.org\r\n")
	c, url := serve(t, Options{UserAgent: ua}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.UserAgent())
	})
	if got, err := get(t.Context(), c, url); err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	if got := UserAgent("dev", "", ""); got != "Offprint/dev" {
		t.Errorf("without anything: %q", got)
	}
}

func TestBodySize(t *testing.T) {
	const limit = 1 << 20
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(make([]byte, 50<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	c, url := serve(t, Options{MaxBody: limit}, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/exact":
			_, _ = w.Write(make([]byte, limit))
		case "/more":
			_, _ = w.Write(make([]byte, limit+1))
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(zipped.Bytes())
		}
	})
	if body, err := get(t.Context(), c, url+"/exact"); err != nil || len(body) != limit {
		t.Errorf("exactly the limit: %d bytes, %v", len(body), err)
	}
	for _, path := range []string{"/more", "/bomb"} {
		body, err := get(t.Context(), c, url+path)
		if offprint.KindOf(err) != offprint.KindTooLarge || len(body) != limit {
			t.Errorf("%s: %d bytes, %v", path, len(body), err)
		}
	}
}

func TestSilenceEnds(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	hang := func(r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}
	c, url := serve(t, Options{HeaderTimeout: 50 * time.Millisecond, IdleTimeout: 50 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = io.WriteString(w, "a little")
			_ = http.NewResponseController(w).Flush()
		}
		hang(r)
	})
	for _, path := range []string{"/header", "/body"} {
		_, err := get(t.Context(), c, url+path)
		if ne, ok := errors.AsType[net.Error](err); !ok || !ne.Timeout() {
			t.Errorf("%s: %v", path, err)
		}
		if got := Explain(err); got != "The server took too long to answer." {
			t.Errorf("%s: %s", path, got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := get(ctx, c, url+"/header"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestDrippingEnds(t *testing.T) {
	c, url := serve(t, Options{Timeout: 100 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, ".")
			_ = rc.Flush()
			time.Sleep(5 * time.Millisecond)
		}
	})
	if _, err := get(t.Context(), c, url); Explain(err) != "The server took too long to answer." {
		t.Errorf("got %v", err)
	}
}

func TestPace(t *testing.T) {
	var inside, most atomic.Int32
	c, url := serve(t, Options{Pace: []Pace{{Host: "127.0.0.1", Interval: time.Millisecond}}}, func(w http.ResponseWriter, r *http.Request) {
		n := inside.Add(1)
		defer inside.Add(-1)
		if n > most.Load() {
			most.Store(n)
		}
		if r.URL.Path == "/" { // a redirect waits for its turn as well
			http.Redirect(w, r, "/there", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "ok")
	})
	done := make(chan error)
	const requests = 8
	for range requests {
		go func() {
			_, err := get(context.Background(), c, url+"/")
			done <- err
		}()
	}
	for range requests {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if most.Load() != 1 {
		t.Errorf("%d requests at once", most.Load())
	}
}

func TestPaceCovers(t *testing.T) {
	g := newGate(Pace{Host: "arxiv.org", Interval: time.Second})
	for host, want := range map[string]bool{
		"arxiv.org": true, "export.arxiv.org": true, "RSS.arXiv.org.": true,
		"notarxiv.org": false, "arxiv.org.example": false, "": false,
	} {
		if g.covers(host) != want {
			t.Errorf("covers(%q) = %v", host, !want)
		}
	}
	if r := g.limiter; r.Burst() != 1 || r.Limit() != 1 {
		t.Errorf("limit %v, burst %d", r.Limit(), r.Burst())
	}
}

func TestPaceEndsWithItsContext(t *testing.T) {
	g := newGate(Pace{Host: "arxiv.org", Interval: time.Hour})
	if err := g.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.enter(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("while another has the turn: %v", err)
	}
	g.leave()
	if err := g.enter(ctx); err == nil {
		t.Error("the interval was not kept")
	}
	select {
	case g.slot <- struct{}{}:
	default:
		t.Error("a failed enter keeps the turn")
	}
}
