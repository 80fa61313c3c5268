package queue

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/lab"
)

// TestMain is also the process that the queue starts in these tests.
func TestMain(m *testing.M) {
	if slug := os.Getenv("QUEUE_TEST_RUN"); slug != "" {
		child(slug)
		return
	}
	os.Exit(m.Run())
}

// child does as "offprint run SLUG --events": "ok" ends with a report, "slow"
// goes on until it is interrupted, "crash" prints and fails.
func child(slug string) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	out := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(out)
	emit := func(e lab.Event) {
		_ = enc.Encode(e)
		_ = out.Flush()
	}
	fmt.Println("a line that is no event")
	emit(lab.Event{Progress: &lab.Progress{Done: .25, Message: "begun"}})
	rep := &lab.Report{ID: time.Now().UTC().Format("20060102T150405.000") + "-" + slug, Slug: slug, Outcome: lab.Passed}
	switch slug {
	case "slow":
		<-ctx.Done()
		rep.Outcome = lab.Cancelled
	case "crash":
		fmt.Fprintln(os.Stderr, "no backend")
		os.Exit(1)
	}
	emit(lab.Event{Report: rep})
}

func start(t *testing.T, parallel int) *Queue {
	t.Helper()
	q := New(lab.Archive{Dir: t.TempDir()}, slog.New(slog.DiscardHandler), func(ctx context.Context, slug string, _ lab.Options) *exec.Cmd {
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), "QUEUE_TEST_RUN="+slug)
		return cmd
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); q.Run(ctx, parallel) }()
	t.Cleanup(func() { cancel(); <-done })
	return q
}

// wait follows a job until f is content.
func wait(t *testing.T, q *Queue, id string, f func(Job) bool) Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var last Job
	found := fmt.Errorf("found")
	err := q.Watch(ctx, id, func(j Job, _ int) error {
		last = j
		if f(j) {
			return found
		}
		return nil
	})
	if err != found { //nolint:errorlint // the very one
		t.Fatalf("job %+v, %v", last, err)
	}
	return last
}

func ended(j Job) bool { return j.State == Ended }

func TestRunsAndKeepsTheReport(t *testing.T) {
	q := start(t, 1)
	j, err := q.Add("ok", lab.Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	end := wait(t, q, j.ID, ended)
	if end.Report == nil || end.Report.Outcome != lab.Passed {
		t.Fatalf("ended as %+v", end)
	}
	if latest, err := q.archive.Latest("ok"); err != nil || latest == nil {
		t.Errorf("archive: %v, %v", latest, err)
	}
}

func TestOneAtATimeAndCancel(t *testing.T) {
	q := start(t, 1)
	slow, err := q.Add("slow", lab.Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := q.Add("slow", lab.Options{}, 2)
	if err != nil || again.ID != slow.ID {
		t.Errorf("the same run asked for twice: %+v, %v", again, err)
	}
	next, err := q.Add("ok", lab.Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	wait(t, q, slow.ID, func(j Job) bool { return j.Progress.Message == "begun" })
	if j, ahead, err := q.Job(next.ID); err != nil || j.State != Waiting || ahead != 1 {
		t.Errorf("the second is %s with %d ahead, %v; want waiting behind one", j.State, ahead, err)
	}
	if err := q.Cancel(slow.ID); err != nil {
		t.Fatal(err)
	}
	if end := wait(t, q, slow.ID, ended); end.Report == nil || end.Report.Outcome != lab.Cancelled {
		t.Errorf("cancelled as %+v: what was measured must be kept", end)
	}
	wait(t, q, next.ID, ended)
}

func TestCancelWhileWaiting(t *testing.T) {
	q := start(t, 1)
	slow, err := q.Add("slow", lab.Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	next, err := q.Add("ok", lab.Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Cancel(next.ID); err != nil {
		t.Fatal(err)
	}
	if end := wait(t, q, next.ID, ended); end.Report != nil {
		t.Errorf("it ran: %+v", end)
	}
	if err := q.Cancel(slow.ID); err != nil {
		t.Fatal(err)
	}
}

func TestCrashSaysWhy(t *testing.T) {
	q := start(t, 1)
	j, err := q.Add("crash", lab.Options{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if end := wait(t, q, j.ID, ended); end.Report != nil || !strings.Contains(end.Problem, "no backend") {
		t.Errorf("ended as %+v, want the reason", end)
	}
}

func TestTooManyWait(t *testing.T) {
	q := New(lab.Archive{Dir: t.TempDir()}, slog.New(slog.DiscardHandler), nil)
	for i := range maxWaiting {
		if _, err := q.Add("ok", lab.Options{Seed: uint64(i)}, 1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := q.Add("ok", lab.Options{Seed: 99}, 1); offprint.KindOf(err) != offprint.KindTooMany {
		t.Errorf("error %v, want too many", err)
	}
	if err := q.Cancel("none"); offprint.KindOf(err) != offprint.KindNotFound {
		t.Errorf("error %v, want not found", err)
	}
}
