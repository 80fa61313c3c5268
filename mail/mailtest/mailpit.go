// Package mailtest runs a real mail server, Mailpit, for tests, and a proxy in
// front of it that is slow or cuts connections.
package mailtest

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options say how the server is to be.
type Options struct {
	StartTLS bool   // offer STARTTLS, and insist on it
	TLS      bool   // TLS from the start
	Login    string // "user:password" that is asked for; empty for none
	Chaos    bool   // allow [Server.Chaos]
}

// Server is a running Mailpit.
type Server struct {
	Host  string
	Port  int
	Roots *x509.CertPool // trusts its certificate; nil without TLS

	api string
}

// binary builds Mailpit, which the go command keeps in its cache.
var binary = sync.OnceValues(func() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "tool", "-n", "mailpit")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("build mailpit: %w: %s", err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
})

// Start runs a server until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	// The ports are free when they are chosen, but somebody else may be quicker.
	for range 5 {
		if s := start(t, path, o); s != nil {
			return s
		}
	}
	t.Fatal("mailpit does not start")
	return nil
}

func start(t testing.TB, path string, o Options) *Server {
	smtp, web := freePort(t), freePort(t)
	s := &Server{Host: "127.0.0.1", Port: smtp, api: fmt.Sprintf("http://127.0.0.1:%d/api/v1/", web)}
	args := []string{
		"--smtp", fmt.Sprintf("127.0.0.1:%d", smtp), "--listen", fmt.Sprintf("127.0.0.1:%d", web),
		"--database", filepath.Join(t.TempDir(), "mailpit.db"), "--max", "0",
		"--smtp-disable-rdns", "--disable-version-check", "--smtp-strict-rfc-headers", "--quiet",
	}
	if o.StartTLS || o.TLS {
		cert, key, roots := certificate(t)
		s.Roots = roots
		args = append(args, "--smtp-tls-cert", cert, "--smtp-tls-key", key)
	}
	if o.StartTLS {
		args = append(args, "--smtp-require-starttls")
	}
	if o.TLS {
		args = append(args, "--smtp-require-tls")
	}
	if o.Login != "" {
		file := filepath.Join(t.TempDir(), "logins")
		if err := os.WriteFile(file, []byte(o.Login+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--smtp-auth-file", file)
		if s.Roots == nil {
			args = append(args, "--smtp-auth-allow-insecure")
		}
	}
	if o.Chaos {
		args = append(args, "--enable-chaos")
	}
	var output bytes.Buffer
	cmd := exec.CommandContext(t.Context(), path, args...) // killed when the test ends
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	for {
		select {
		case <-exited:
			t.Logf("mailpit: %s", output.String())
			return nil
		case <-time.After(20 * time.Millisecond):
		}
		if _, err := s.do(t, http.MethodGet, "info", nil); err != nil {
			continue
		}
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", smtp))
		if err != nil {
			continue
		}
		_ = conn.Close()
		t.Cleanup(func() { <-exited })
		return s
	}
}

func freePort(t testing.TB) int {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// Chaos makes the server answer each sender and each recipient with an error,
// such as 451 or 550; 0 for none.
func (s *Server) Chaos(t testing.TB, sender, recipient int) {
	t.Helper()
	type trigger struct{ ErrorCode, Probability int }
	of := func(code int) trigger {
		if code == 0 {
			return trigger{451, 0}
		}
		return trigger{code, 100}
	}
	body, err := json.Marshal(map[string]trigger{"Sender": of(sender), "Recipient": of(recipient)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.do(t, http.MethodPut, "chaos", body); err != nil {
		t.Fatal(err)
	}
}

// Mail is a message that the server has taken.
type Mail struct {
	ID     string // the server's own
	To     string
	Header netmail.Header
	Text   string
	HTML   string
	Raw    string
}

// Count returns how many messages the server has taken, by recipient and
// Message-ID.
func (s *Server) Count(t testing.TB) map[[2]string]int {
	t.Helper()
	n := map[[2]string]int{}
	for _, m := range s.list(t) {
		n[[2]string{m.To[0].Address, m.MessageID}]++
	}
	return n
}

// Mails returns the messages that the server has taken, oldest first.
func (s *Server) Mails(t testing.TB) []Mail {
	t.Helper()
	var mails []Mail
	for _, m := range s.list(t) {
		raw := s.get(t, "message/"+m.ID+"/raw")
		parsed, err := netmail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("message %s: %v\n%s", m.ID, err, raw)
		}
		var body struct{ Text, HTML string }
		if err := json.Unmarshal(s.get(t, "message/"+m.ID), &body); err != nil {
			t.Fatal(err)
		}
		mails = append([]Mail{{
			ID: m.ID, To: m.To[0].Address, Header: parsed.Header, Raw: string(raw),
			Text: strings.ReplaceAll(body.Text, "\r\n", "\n"), HTML: strings.ReplaceAll(body.HTML, "\r\n", "\n"),
		}}, mails...)
	}
	return mails
}

// Unsupported returns how much of the message's HTML and CSS mail programs do
// not know, in percent of what is used times the programs, by Mailpit's tables.
func (s *Server) Unsupported(t testing.TB, id string) float64 {
	t.Helper()
	var check struct {
		Total struct{ Unsupported float64 }
	}
	if err := json.Unmarshal(s.get(t, "message/"+id+"/html-check"), &check); err != nil {
		t.Fatal(err)
	}
	return check.Total.Unsupported
}

type summary struct {
	ID, MessageID string
	To            []struct{ Address string }
}

func (s *Server) list(t testing.TB) []summary {
	t.Helper()
	var all []summary
	for {
		var page struct{ Messages []summary }
		if err := json.Unmarshal(s.get(t, "messages?limit=500&start="+strconv.Itoa(len(all))), &page); err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Messages...)
		if len(page.Messages) < 500 {
			return all
		}
	}
}

func (s *Server) get(t testing.TB, path string) []byte {
	t.Helper()
	body, err := s.do(t, http.MethodGet, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func (s *Server) do(t testing.TB, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(t.Context(), method, s.api+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("mailpit: %s: %s %s", path, resp.Status, answer)
	}
	return answer, err
}
