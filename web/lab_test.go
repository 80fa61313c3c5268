package web

import (
	"bufio"
	"context"
	"log/slog"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/queue"
	"github.com/offprint/offprint/methods"
)

// labSite is a site whose lab has one paper, which runs the shell script.
func labSite(t *testing.T, script string) *site {
	t.Helper()
	archive := lab.Archive{Dir: t.TempDir()}
	q := queue.New(archive, slog.New(slog.DiscardHandler), func(ctx context.Context, _ string, _ lab.Options) *exec.Cmd {
		return exec.CommandContext(ctx, "sh", "-c", script)
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); q.Run(ctx, 1) }()
	t.Cleanup(func() { cancel(); <-done })
	var entries []lab.Entry
	for _, f := range offprint.FoundingList() {
		e := lab.Entry{FoundingPaper: f, State: lab.NotYet}
		if f.Slug == "mrl" {
			e.State = lab.Reproduced
			e.Reproduction = &lab.Reproduction{
				Slug: "mrl", Claim: "It holds.", Method: "MRL", Package: "methods/eval",
				Broken: []lab.BrokenVariant{{Name: "no-x", What: "Leaves out x."}},
			}
		}
		entries = append(entries, e)
	}
	return newSite(t, func(c *Config) {
		c.Lab = &Lab{Entries: entries, Archive: archive, Queue: q, Source: methods.Source}
	})
}

// Events reach the reader as they happen, not when there are enough of them.
func TestLabEventsAtOnce(t *testing.T) {
	s := labSite(t, `echo '{"progress":{"done":0.25,"message":"begun"}}'; sleep 30`)
	owner := s.signedIn(s.reader("Ada", "ada@example.org", offprint.RoleOwner))
	job := owner.post("/lab/mrl/run", "full", "0", "seed", "7")
	if job.status != http.StatusOK || !strings.HasPrefix(job.path, "/lab/jobs/") {
		t.Fatalf("run: %d at %q", job.status, job.path)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+job.path+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := owner.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	found := false
	for !found && lines.Scan() {
		found = strings.Contains(lines.Text(), `"message":"begun"`)
	}
	if !found {
		t.Fatalf("no event within 10 s: %v", lines.Err())
	}
	owner.post(job.path + "/cancel")
}

func TestLabIsForTheOwner(t *testing.T) {
	s := labSite(t, "exit 1")
	for path, want := range map[string]int{
		"/lab": 200, "/lab/mrl": 200, "/lab/source/mrl": 200, "/lab/fusegpt": 200, "/lab/none": 404, "/lab/source/fusegpt": 404,
		"/lab/reports/x": 400, "/lab/reports/20260305T000000.000-mrl": 404,
	} {
		if got := s.visitor().get(path); got.status != want {
			t.Errorf("%s: %d, want %d", path, got.status, want)
		}
	}
	owner := s.signedIn(s.reader("Ada", "ada@example.org", offprint.RoleOwner))
	reader := s.signedIn(s.reader("Bea", "bea@example.org", offprint.RoleReader))
	if got := reader.post("/lab/mrl/run"); got.status != http.StatusForbidden {
		t.Errorf("a reader's run: %d, want 403", got.status)
	}
	for form, want := range map[[2]string]int{{"broken", "other"}: 400, {"seed", "-1"}: 400, {"broken", "no-x"}: 200} {
		if got := owner.post("/lab/mrl/run", form[0], form[1]); got.status != want {
			t.Errorf("run with %s: %d, want %d", form, got.status, want)
		}
	}
}
