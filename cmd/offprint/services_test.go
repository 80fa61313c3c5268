package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/mail/mailtest"
	"github.com/offprint/offprint/sqlite"
	"github.com/offprint/offprint/webhook"
)

// fill opens the box's store, has f fill it, and closes it.
func (b *box) fill(f func(*sqlite.Store) error) {
	b.Helper()
	store, err := sqlite.Open(b.Context(), filepath.Join(b.data, storeFile))
	if err != nil {
		b.Fatal(err)
	}
	if err := f(store); err != nil {
		b.Fatal(err)
	}
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
}

func paperOf(day offprint.Date) offprint.Paper {
	return offprint.Paper{
		Title: "On the composition of the daily digest", Authors: []string{"Ada Lovelace"}, ArXivID: "2503.01234",
		Abstract: "We compose.", Listed: day, Origins: []offprint.Origin{{Source: "test"}},
	}
}

// The settings of mail reach the mail server, and a digest goes out once.
func TestMail(t *testing.T) {
	b := newBox(t)
	server := mailtest.Start(t, mailtest.Options{Login: "papers:hunter2"})
	now := time.Now().UTC()
	b.fill(func(store *sqlite.Store) error {
		if _, err := store.PutPapers(t.Context(), []offprint.Paper{paperOf(offprint.DateOf(now) - 1)}); err != nil {
			return err
		}
		reader := offprint.Reader{Name: "Eve", Email: "eve@example.org", Role: offprint.RoleOwner}
		if err := store.CreateReader(t.Context(), &reader); err != nil {
			return err
		}
		return store.CreateSubscription(t.Context(), &offprint.Subscription{
			Email: "ada@example.org", Frequency: offprint.Daily, TimeZone: "UTC", Count: 10, State: offprint.SubscriptionActive,
			Secret: offprint.NewSecret(), Created: now.AddDate(0, 0, -3), Confirmed: now.AddDate(0, 0, -3),
		})
	})
	password := filepath.Join(t.TempDir(), "password")
	config := fmt.Sprintf(`
mail-from = "Papers <papers@example.org>"
smtp-host = %q
smtp-port = %d
smtp-security = "none"
smtp-user = "papers"
smtp-password-file = %q
base-url = "https://papers.example.org"
`, server.Host, server.Port, password)
	for path, text := range map[string]string{password: "hunter2\n", filepath.Join(b.data, "offprint.toml"): config} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	if out := b.ok("digest", "send", "--dry-run"); !strings.Contains(out, "ada@example.org") || !strings.Contains(out, "send: ") {
		t.Errorf("dry run:\n%s", out)
	}
	if n := len(server.Mails(t)); n != 0 {
		t.Fatalf("a dry run sent %d mails", n)
	}
	b.ok("digest", "send")
	b.ok("digest", "send")
	mails := server.Mails(t)
	if len(mails) != 1 || mails[0].To != "ada@example.org" || !strings.Contains(mails[0].Text, "https://papers.example.org/paper/2503.01234") {
		t.Fatalf("mails: %+v", mails)
	}

	// The same settings serve for links to sign in.
	p := b.start("serve", "--addr", "127.0.0.1:0", "--base-url", "", "--log-level", "debug")
	base := p.expect(`^Offprint is at (http://\S+)$`)
	resp, err := http.PostForm(base+"/sign-in", map[string][]string{"email": {"eve@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for len(server.Mails(t)) < 2 {
		time.Sleep(50 * time.Millisecond)
	}
	_, secret, ok := strings.Cut(server.Mails(t)[1].Text, base+"/sign-in/")
	if secret, _, _ = strings.Cut(secret, "\n"); !ok || len(secret) < 43 {
		t.Errorf("%s: %s", resp.Status, server.Mails(t)[1].Text)
	}
	p.end(os.Interrupt)
	for _, hidden := range []string{"hunter2", secret[:43]} {
		if strings.Contains(p.errs.String(), hidden) {
			t.Errorf("the log has the secret %s", hidden)
		}
	}
}

// A webhook is told of a new day by the running service.
func TestWebhook(t *testing.T) {
	b := newBox(t)
	const key = "s3cret"
	told := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		sec, errTime := strconv.ParseInt(r.Header.Get(webhook.HeaderTimestamp), 10, 64)
		if err != nil || errTime != nil || r.Header.Get(webhook.HeaderSignature) != webhook.Sign(key, time.Unix(sec, 0), body) {
			t.Errorf("signature %q of %s", r.Header.Get(webhook.HeaderSignature), body)
		}
		told <- string(body)
	}))
	defer receiver.Close()
	today := offprint.DateOf(time.Now().UTC())
	var hook offprint.Webhook
	b.fill(func(store *sqlite.Store) error {
		reader := offprint.Reader{Name: "Eve", Email: "eve@example.org", Role: offprint.RoleOwner}
		if err := store.CreateReader(t.Context(), &reader); err != nil {
			return err
		}
		hook = offprint.Webhook{ReaderID: reader.ID, URL: receiver.URL, Secret: key, Events: []offprint.WebhookEvent{offprint.EventDay}}
		if err := store.CreateWebhook(t.Context(), &hook); err != nil {
			return err
		}
		_, err := store.PutPapers(t.Context(), []offprint.Paper{paperOf(today)})
		return err
	})

	p, base := b.serve("--private-webhook")
	select {
	case body := <-told:
		if want := fmt.Sprintf(`{"event":"day","day":"%s","papers":1,"url":"%s/day/%s"}`, today, base, today); body != want {
			t.Errorf("told %s, want %s", body, want)
		}
	case <-time.After(50 * time.Second):
		t.Fatal("nothing was told")
	}
	if status := p.end(os.Interrupt); status != 0 {
		t.Errorf("status %d", status)
	}
}
