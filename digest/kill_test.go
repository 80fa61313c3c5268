package digest

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/mail"
	"github.com/offprint/offprint/mail/mailtest"
	"github.com/offprint/offprint/sqlite"
)

// A child process of TestKill is this test binary with these set.
const (
	childStore = "DIGEST_TEST_STORE"
	childPort  = "DIGEST_TEST_SMTP_PORT"
	childTime  = "DIGEST_TEST_TIME"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childStore); path != "" {
		if err := child(path); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child runs once over the store, as a service would.
func child(path string) error {
	ctx := context.Background()
	port, err := strconv.Atoi(os.Getenv(childPort))
	if err != nil {
		return err
	}
	now, err := time.Parse(time.RFC3339, os.Getenv(childTime))
	if err != nil {
		return err
	}
	sender, err := mail.New(mail.Config{Host: "127.0.0.1", Port: port, Security: mail.NoTLS, From: "papers@example.org", Timeout: 20 * time.Second})
	if err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	s, err := New(Config{Store: store, Mail: sender, BaseURL: baseURL, Lease: lease, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	fmt.Println("running")
	_, err = s.Run(ctx, now)
	return err
}

const lease = 5 * time.Minute

// A process is killed again and again while it sends digests through a slow
// server. No digest arrives twice, and each arrives once, but for those that
// are reported as unknown, at most one for each kill.
func TestKill(t *testing.T) {
	t.Parallel()
	subs, kills := 80, 30
	if testing.Short() {
		subs, kills = 20, 5
	}
	path := filepath.Join(t.TempDir(), "offprint.db")
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	putPapers(t, store, yesterday, 5)
	for i := range subs {
		subscribed(t, store, fmt.Sprintf("a%d@example.org", i))
	}
	server := mailtest.Start(t, mailtest.Options{})
	proxy := mailtest.NewProxy(t, server, 2*time.Millisecond)

	now := morning
	start := func() *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childStore+"="+path, childPort+"="+strconv.Itoa(proxy.Port), childTime+"="+now.Format(time.RFC3339))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Read(make([]byte, 64)); err != nil {
			t.Fatalf("the child has not come to run: %v", err)
		}
		now = now.Add(lease + time.Minute) // what the next one finds claimed is stale
		return cmd
	}
	killed := 0
	for range kills {
		cmd := start()
		time.Sleep(time.Duration(rand.Int64N(int64(100 * time.Millisecond))))
		_ = cmd.Process.Kill() // it may have ended by itself
		if cmd.Wait() != nil {
			killed++
		}
	}
	for range 2 { // the second abandons what the last kill left
		if err := start().Wait(); err != nil {
			t.Fatal(err)
		}
	}
	if killed == 0 {
		t.Error("no process was killed at work")
	}

	arrived := map[string]int{}
	for key, n := range server.Count(t) {
		arrived[key[0]] += n
	}
	unknown := 0
	all, err := store.Subscriptions(t.Context(), offprint.SubscriptionActive)
	if err != nil {
		t.Fatal(err)
	}
	for _, sub := range all {
		d := delivery(t, store, &sub)
		n := arrived[sub.Email]
		switch {
		case d.State == offprint.DeliverySent && n == 1:
		case d.State == offprint.DeliveryUnknown && n <= 1:
			unknown++
		default:
			t.Errorf("%s got %d mails, and the delivery is %+v", sub.Email, n, d)
		}
	}
	if len(all) != subs || unknown > killed {
		t.Errorf("%d subscriptions, %d unknown after %d kills", len(all), unknown, killed)
	}
	t.Logf("%d kills at work, %d of %d digests unknown", killed, unknown, subs)
}
