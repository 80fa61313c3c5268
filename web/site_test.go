package web

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/sqlite"
)

// site is a server with a store of its own, as it runs in earnest.
type site struct {
	*testing.T
	server *Server
	store  offprint.Store
	url    string
	mails  chan mailed
}

// mailed is a link that the site has mailed.
type mailed struct{ to, link string }

// newSite starts a site. Mail goes to the site's channel; adjust may change more.
func newSite(t *testing.T, adjust func(*Config)) *site {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "offprint.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	ts := httptest.NewUnstartedServer(nil)
	t.Cleanup(ts.Close)
	si := &site{T: t, store: store, url: "http://" + ts.Listener.Addr().String(), mails: make(chan mailed, 100)}
	cfg := Config{
		Store: store, Log: slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn})), BaseURL: si.url,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		SendSignIn: func(_ context.Context, email, link string) error {
			si.mails <- mailed{email, link}
			return nil
		},
	}
	if adjust != nil {
		adjust(&cfg)
	}
	if si.server, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	ts.Config.Handler = si.server
	ts.Start()
	return si
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Logf("log: %s", strings.TrimSpace(string(b)))
	return len(b), nil
}

// mail waits for the next mail.
func (si *site) mail() mailed {
	si.Helper()
	select {
	case m := <-si.mails:
		return m
	case <-time.After(30 * time.Second):
		si.Fatal("no mail came")
		return mailed{}
	}
}

// link makes a one-time link, as the command line does.
func (si *site) link(path string, t offprint.Token) string {
	si.Helper()
	link, err := si.server.newLink(si.Context(), path, time.Hour, t)
	if err != nil {
		si.Fatal(err)
	}
	return strings.TrimPrefix(link, si.url)
}

// visitor is a browser with its cookies. Each of its requests comes from an
// address of its own, so that rate limits stay out of the way.
type visitor struct {
	*site
	http.Client
	jar    *cookiejar.Jar
	header http.Header // sent with each request
}

func (si *site) visitor() *visitor {
	si.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		si.Fatal(err)
	}
	v := &visitor{site: si, jar: jar, header: http.Header{"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}}}
	v.Jar = jar
	return v
}

// answer is what came back, after any redirects.
type answer struct {
	status int
	path   string // of the page in the end, with its query
	body   string
	header http.Header
}

var visits atomic.Int64

func (v *visitor) do(method, path string, form url.Values) answer {
	v.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(v.Context(), method, v.url+path, body)
	if err != nil {
		v.Fatal(err)
	}
	for k, vs := range v.header {
		req.Header[k] = vs
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	n := visits.Add(1)
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255))
	resp, err := v.Do(req)
	if err != nil {
		v.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		v.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Request.URL.RequestURI(), string(b), resp.Header}
}

func (v *visitor) get(path string) answer { v.Helper(); return v.do(http.MethodGet, path, nil) }

func (v *visitor) post(path string, fields ...string) answer {
	v.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return v.do(http.MethodPost, path, form)
}

// want fails the test unless the answer has the status and the texts.
func (v *visitor) want(a answer, status int, texts ...string) answer {
	v.Helper()
	if a.status != status {
		v.Fatalf("%s: status %d, want %d: %s", a.path, a.status, status, a.body)
	}
	for _, t := range texts {
		if !strings.Contains(a.body, t) {
			v.Fatalf("%s: no %q in\n%s", a.path, t, a.body)
		}
	}
	return a
}

// cookie is the visitor's session cookie.
func (v *visitor) cookie() string {
	u, err := url.Parse(v.url)
	if err != nil {
		v.Fatal(err)
	}
	for _, c := range v.jar.Cookies(u) {
		if c.Name == "offprint" {
			return c.Value
		}
	}
	return ""
}

// reader creates an account.
func (si *site) reader(name, email string, role offprint.Role) *offprint.Reader {
	si.Helper()
	r := &offprint.Reader{Name: name, Email: email, Role: role}
	if err := si.store.CreateReader(si.Context(), r); err != nil {
		si.Fatal(err)
	}
	return r
}

// signedIn is a visitor who has signed in as the reader.
func (si *site) signedIn(r *offprint.Reader) *visitor {
	si.Helper()
	v := si.visitor()
	v.want(v.post(si.link("/sign-in/", offprint.Token{Purpose: offprint.PurposeSignIn, Email: r.Email})), http.StatusOK)
	return v
}

// between returns what stands between two texts.
func (v *visitor) between(a answer, before, after string) string {
	v.Helper()
	_, rest, ok := strings.Cut(a.body, before)
	found, _, ok2 := strings.Cut(rest, after)
	if !ok || !ok2 {
		v.Fatalf("%s: nothing between %q and %q in\n%s", a.path, before, after, a.body)
	}
	return found
}
