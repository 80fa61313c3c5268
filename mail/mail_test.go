package mail

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint/mail/mailtest"
)

func sender(t *testing.T, cfg Config) *Sender {
	t.Helper()
	if cfg.From == "" {
		cfg.From = "Daily Papers <papers@example.org>"
	}
	cfg.Timeout = 10 * time.Second
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSend(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		options  mailtest.Options
		security Security
		login    bool
	}{
		{"starttls", mailtest.Options{StartTLS: true}, StartTLS, false},
		{"starttls and password", mailtest.Options{StartTLS: true, Login: "ann:sesame"}, StartTLS, true},
		{"tls", mailtest.Options{TLS: true}, TLS, false},
		{"tls and password", mailtest.Options{TLS: true, Login: "ann:sesame"}, TLS, true},
		{"plain", mailtest.Options{}, NoTLS, false},
		{"plain and password to this machine", mailtest.Options{Login: "ann:sesame"}, NoTLS, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, c.options)
			cfg := Config{Host: server.Host, Port: server.Port, Security: c.security, Roots: server.Roots}
			if c.login {
				cfg.Username, cfg.Password = "ann", "sesame"
			}
			s := sender(t, cfg)
			conn, err := s.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				if err := conn.Send(t.Context(), message(i), nil); err != nil {
					t.Fatal(err)
				}
			}
			conn.Close()
			mails := server.Mails(t)
			if len(mails) != 3 {
				t.Fatalf("%d messages arrived, want 3", len(mails))
			}
			if got := mails[0].To; got != "bob0@example.com" {
				t.Errorf("To = %q", got)
			}
		})
	}
}

func message(i int) Message {
	return Message{To: fmt.Sprintf("bob%d@example.com", i), Subject: "Papers", Text: "Hello\n", HTML: "<p>Hello</p>"}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{})
	s := sender(t, Config{Host: server.Host, Port: server.Port, Security: NoTLS, From: "Daily Papérs <Papers@Example.org>"})
	date := time.Date(2026, 3, 5, 7, 0, 0, 0, time.UTC)
	long := strings.Repeat("A very long line of text that no mail program would take as it stands, ", 40)
	err := s.Send(t.Context(), Message{
		To: "Bob@Example.com", Subject: "Daily Papers: On τ²-bench and 9 more", Text: "Größe\n.\n..\nFrom here\n" + long, HTML: "<p>Größe</p>",
		ID: "d1.2026-03-05@example.org", Date: date, ListID: "digest.papers.example.org", Unsubscribe: "https://papers.example.org/digest/unsubscribe/x-_y",
	})
	if err != nil {
		t.Fatal(err)
	}
	m := server.Mails(t)[0]
	for key, want := range map[string]string{
		"From":                  "=?utf-8?q?Daily_Pap=C3=A9rs?= <papers@example.org>",
		"To":                    "<bob@example.com>",
		"Message-Id":            "<d1.2026-03-05@example.org>",
		"Date":                  "Thu, 05 Mar 2026 07:00:00 +0000",
		"List-Id":               "<digest.papers.example.org>",
		"List-Unsubscribe":      "<https://papers.example.org/digest/unsubscribe/x-_y>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"Precedence":            "bulk",
		"Auto-Submitted":        "auto-generated",
	} {
		if got := m.Header.Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if !strings.HasPrefix(m.Text, "Größe\n.\n..\nFrom here\n"+long) {
		t.Errorf("the text has changed: %q", m.Text)
	}
	for line := range strings.Lines(m.Raw) {
		if len(line) > 1000 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

// Whatever the fields hold, the message has the headers that it is to have and
// no others, and goes to nobody else.
func TestInjection(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{})
	s := sender(t, Config{Host: server.Host, Port: server.Port, Security: NoTLS})
	const evil = "x\r\nBcc: eve@example.net\r\nX-Evil: 1\r\n\r\nbody"
	ok := Message{To: "bob@example.com", Subject: "s", Text: "t"}
	for name, m := range map[string]Message{
		"to":            {To: "bob@example.com" + evil},
		"to, two":       {To: "bob@example.com, eve@example.net"},
		"to, envelope":  {To: "bob@example.com>\r\nRCPT TO:<eve@example.net"},
		"id":            {To: ok.To, ID: evil},
		"id, bracket":   {To: ok.To, ID: "a@b>, <c@d"},
		"list":          {To: ok.To, ListID: evil},
		"unsubscribe":   {To: ok.To, Unsubscribe: "https://example.org/" + evil},
		"unsubscribe 2": {To: ok.To, Unsubscribe: "javascript:alert(1)"},
	} {
		err := s.Send(t.Context(), m)
		if e, ok := errors.AsType[*Error](err); !ok || e.Class != Permanent || e.Server {
			t.Errorf("%s: got %v, want a permanent error", name, err)
		}
	}
	m := ok
	m.Subject, m.Text, m.HTML = "Hello"+evil+"\u2028X: 1\x00", evil+"\r\n.\r\nMAIL FROM:<a@b>", evil
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	mails := server.Mails(t)
	if len(mails) != 1 {
		t.Fatalf("%d messages arrived, want 1", len(mails))
	}
	for key := range mails[0].Header {
		if strings.Contains(key, "Evil") || key == "Bcc" {
			t.Errorf("header %s was injected", key)
		}
	}
}

func TestChaos(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{Chaos: true})
	s := sender(t, Config{Host: server.Host, Port: server.Port, Security: NoTLS})
	conn, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, c := range []struct {
		sender, recipient int
		want              Error
	}{
		{0, 451, Error{Class: Temporary, Code: 451}},
		{0, 550, Error{Class: Permanent, Code: 550, NoMailbox: true}},
		{0, 552, Error{Class: Permanent, Code: 552}},
		{451, 0, Error{Class: Temporary, Code: 451, Server: true}},
		{550, 0, Error{Class: Permanent, Code: 550, Server: true}},
	} {
		server.Chaos(t, c.sender, c.recipient)
		err := conn.Send(t.Context(), message(0), func() error { t.Error("handed over"); return nil })
		check(t, err, c.want)
		// The connection goes on.
		server.Chaos(t, 0, 0)
		if err := conn.Send(t.Context(), message(1), nil); err != nil {
			t.Fatalf("after %+v: %v", c, err)
		}
	}
}

func check(t *testing.T, err error, want Error) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("got %v, want an *Error", err)
	}
	got := *e
	got.text = ""
	if got != want {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{})
	proxy := mailtest.NewProxy(t, server, 0)
	s := sender(t, Config{Host: proxy.Host, Port: proxy.Port, Security: NoTLS})
	for _, c := range []struct {
		text    string
		after   bool
		handed  bool
		arrives int
		class   Class
	}{
		{"MAIL FROM", false, false, 0, Temporary},
		{"RCPT TO", false, false, 0, Temporary},
		{"DATA", false, false, 0, Temporary},
		{"Subject: ", false, true, 0, Unknown}, // it fits one packet: its end may have arrived
		{"\r\n.\r\n", true, true, 1, Unknown},
	} {
		proxy.CutAt(c.text, c.after)
		before := len(server.Mails(t))
		handed := false
		conn, err := s.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		err = conn.Send(t.Context(), message(0), func() error { handed = true; return nil })
		conn.Close()
		check(t, err, Error{Class: c.class, Server: true})
		if handed != c.handed {
			t.Errorf("%q: handed over: %v", c.text, handed)
		}
		if !conn.Broken() || conn.Send(t.Context(), message(1), nil) == nil {
			t.Errorf("%q: the connection is still used", c.text)
		}
		if n := len(server.Mails(t)) - before; n != c.arrives {
			t.Errorf("%q: %d messages arrived, want %d", c.text, n, c.arrives)
		}
	}
}

// A message whose handing over cannot be recorded does not arrive, not even in part.
func TestHandOverFails(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{})
	s := sender(t, Config{Host: server.Host, Port: server.Port, Security: NoTLS})
	conn, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = conn.Send(t.Context(), message(0), func() error { return errors.New("disk full") })
	check(t, err, Error{Class: Temporary, Server: true})
	conn.Close()
	if err := s.Send(t.Context(), message(1)); err != nil {
		t.Fatal(err)
	}
	if mails := server.Mails(t); len(mails) != 1 || mails[0].To != "bob1@example.com" {
		t.Errorf("arrived: %+v", mails)
	}
}

func TestOpenFails(t *testing.T) {
	t.Parallel()
	starttls := mailtest.Start(t, mailtest.Options{StartTLS: true, Login: "ann:hunter2"})
	plain := mailtest.Start(t, mailtest.Options{})
	for name, c := range map[string]struct {
		cfg  Config
		want Error
	}{
		"wrong password":   {Config{Host: starttls.Host, Port: starttls.Port, Roots: starttls.Roots, Username: "ann", Password: "wr0ng"}, Error{Class: Permanent, Server: true, Code: 535}},
		"unknown issuer":   {Config{Host: starttls.Host, Port: starttls.Port, Roots: x509.NewCertPool()}, Error{Class: Temporary, Server: true}},
		"no STARTTLS":      {Config{Host: plain.Host, Port: plain.Port}, Error{Class: Temporary, Server: true}},
		"no sign-in":       {Config{Host: plain.Host, Port: plain.Port, Security: NoTLS, Username: "ann", Password: "x"}, Error{Class: Temporary, Server: true}},
		"nobody there":     {Config{Host: "127.0.0.1", Port: 1, Security: NoTLS}, Error{Class: Temporary, Server: true}},
		"plain, not TLS":   {Config{Host: plain.Host, Port: plain.Port, Security: TLS}, Error{Class: Temporary, Server: true}},
		"no sign-in given": {Config{Host: starttls.Host, Port: starttls.Port, Roots: starttls.Roots}, Error{Class: Permanent, Server: true, Code: 530}},
	} {
		err := sender(t, c.cfg).Send(t.Context(), message(0))
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Class != c.want.Class || e.Server != c.want.Server || e.Code != c.want.Code {
			t.Errorf("%s: got %#v, want %+v", name, err, c.want)
		}
		if c.cfg.Password != "" && c.cfg.Password != "x" && strings.Contains(err.Error(), c.cfg.Password) {
			t.Errorf("%s: the error holds the password: %v", name, err)
		}
	}
}

// scripted answers the commands of one connection from a script: the answer to
// a command that starts with a key, or "" to hang up. Mailpit cannot refuse
// a message after it has read it, nor echo passwords.
func scripted(t *testing.T, script map[string]string) (port int) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serveScript(conn, script)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func serveScript(conn net.Conn, script map[string]string) {
	defer func() { _ = conn.Close() }()
	answers := map[string]string{
		"EHLO": "250-localhost\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN", "AUTH": "235 2.7.0 ok", "MAIL": "250 2.1.0 ok", "RCPT": "250 2.1.5 ok",
		"DATA": "354 go on", ".": "250 2.0.0 ok", "RSET": "250 2.0.0 ok", "QUIT": "221 2.0.0 bye",
	}
	for k, v := range script {
		answers[k] = v
	}
	in := bufio.NewScanner(conn)
	say := func(s string) { _, _ = fmt.Fprintf(conn, "%s\r\n", s) }
	say("220 localhost ready")
	for body := false; in.Scan(); {
		line := in.Text()
		verb, _, _ := strings.Cut(line, " ")
		if body && line != "." {
			continue
		}
		answer := answers[verb]
		if answer == "" {
			return
		}
		say(answer)
		body = verb == "DATA" && strings.HasPrefix(answer, "354")
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, verb, answer string
		want               Error
	}{
		{"greylisted", "RCPT", "450 4.7.1 try later", Error{Class: Temporary, Code: 450}},
		{"no such user", "RCPT", "550 5.1.1 no such user", Error{Class: Permanent, Code: 550, NoMailbox: true}},
		{"no such user, without extended code", "RCPT", "550 no such user", Error{Class: Permanent, Code: 550, NoMailbox: true}},
		{"policy", "RCPT", "550 5.7.1 not wanted", Error{Class: Permanent, Code: 550}},
		{"full", "RCPT", "452 4.2.2 mailbox full", Error{Class: Temporary, Code: 452}},
		{"shutting down", "RCPT", "421 4.3.2 shutting down", Error{Class: Temporary, Code: 421, Server: true}},
		{"hangs up", "RCPT", "", Error{Class: Temporary, Server: true}},
		{"nonsense", "RCPT", "hello there", Error{Class: Temporary, Server: true}},
		{"sender refused", "MAIL", "553 5.7.1 not yours", Error{Class: Permanent, Code: 553, Server: true}},
		{"data refused", "DATA", "451 4.3.0 not now", Error{Class: Temporary, Code: 451}},
		{"spam", ".", "554 5.7.1 spam", Error{Class: Permanent, Code: 554}},
		{"disk full", ".", "452 4.3.1 no room", Error{Class: Temporary, Code: 452}},
		{"hangs up at the end", ".", "", Error{Class: Unknown, Server: true}},
		{"nonsense at the end", ".", "thanks", Error{Class: Unknown, Server: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := sender(t, Config{Host: "127.0.0.1", Port: scripted(t, map[string]string{c.verb: c.answer}), Security: NoTLS})
			check(t, s.Send(t.Context(), message(0)), c.want)
		})
	}
}

func TestNoSecretInErrors(t *testing.T) {
	t.Parallel()
	const password = "hunter2hunter2"
	for _, echo := range []string{password, "AGFubgBodW50ZXIyaHVudGVyMg==", "aHVudGVyMmh1bnRlcjI="} {
		s := sender(t, Config{
			Host: "127.0.0.1", Port: scripted(t, map[string]string{"AUTH": "535 5.7.8 wrong: \x1b[31m" + echo}), Security: NoTLS,
			Username: "ann", Password: password,
		})
		err := s.Send(t.Context(), message(0))
		if err == nil || strings.Contains(err.Error(), echo) || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("error: %v", err)
		}
	}
	cfg := Config{Host: "smtp.example.org", Username: "ann", Password: password, From: "a@b.example"}
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "cfg", cfg, "ptr", &cfg)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "cfg", cfg, "ptr", &cfg)
	_, _ = fmt.Fprintf(&out, "%v %+v %#v %s %v", cfg, cfg, cfg, cfg, &cfg)
	_ = json.NewEncoder(&out).Encode(cfg)
	if strings.Contains(out.String(), password) {
		t.Errorf("printed: %s", out.String())
	}
}

func TestNew(t *testing.T) {
	if _, err := New(Config{}); !errors.Is(err, ErrNotConfigured) {
		t.Errorf("no host: %v", err)
	}
	for name, cfg := range map[string]Config{
		"no sender":          {Host: "h"},
		"sender":             {Host: "h", From: "nobody"},
		"sender, two":        {Host: "h", From: "a@example.org, b@example.org"},
		"port":               {Host: "h", From: "a@example.org", Port: 70000},
		"security":           {Host: "h", From: "a@example.org", Security: "ssl"},
		"address, not host":  {Host: "smtp://h", From: "a@example.org"},
		"password in plain":  {Host: "h", From: "a@example.org", Security: NoTLS, Username: "u", Password: "p"},
		"sender, line break": {Host: "h", From: "\"a\r\nBcc: x@y.example\" <a@example.org>"},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for security, port := range map[Security]int{"": 587, StartTLS: 587, TLS: 465, NoTLS: 25} {
		s, err := New(Config{Host: "h", From: "A <a@example.org>", Security: security})
		if err != nil || s.cfg.Port != port || s.From() != "a@example.org" {
			t.Errorf("%q: %v, %v", security, s, err)
		}
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{})
	s := sender(t, Config{Host: server.Host, Port: server.Port, Security: NoTLS})
	conn, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(t.Context())
	// Cancelled while it is handed over: it is finished.
	if err := conn.Send(ctx, message(0), func() error { cancel(); return nil }); err != nil {
		t.Fatal(err)
	}
	check(t, conn.Send(ctx, message(1), nil), Error{Class: Temporary, Server: true})
	if n := len(server.Mails(t)); n != 1 {
		t.Errorf("%d messages arrived, want 1", n)
	}
}

func TestConsole(t *testing.T) {
	var out bytes.Buffer
	c := &Console{W: &out}
	if err := c.Send(t.Context(), Message{To: "ann@example.org", Subject: "Sign in", Text: "http://127.0.0.1:8080/x\n"}); err != nil {
		t.Fatal(err)
	}
	if want := "\nTo: ann@example.org\nSubject: Sign in\n\nhttp://127.0.0.1:8080/x\n\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
