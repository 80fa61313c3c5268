// Package queue runs reproductions in the background, one at a time by default,
// each in a process of its own: a run that grows or hangs does not harm the
// server, and is cancelled by ending its process.
package queue

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/lab"
)

// State is where a job stands.
type State string

// The states of a [Job].
const (
	Waiting State = "waiting"
	Running State = "running"
	Ended   State = "ended"
)

// Job is a run that was asked for.
type Job struct {
	ID       string
	Slug     string
	Options  lab.Options
	By       int64 // reader who asked
	State    State
	Asked    time.Time
	Started  time.Time // zero while it waits
	Progress lab.Progress
	Report   *lab.Report // once it has ended; nil when it could not be run
	Problem  string      // why there is no report
}

// Limits on what waits and on what is remembered.
const (
	maxWaiting    = 20
	maxEnded      = 50
	killAfter     = 5 * time.Second
	maxEventBytes = 32 << 20
)

// Queue runs jobs. Create it with [New].
type Queue struct {
	archive lab.Archive
	log     *slog.Logger
	command func(ctx context.Context, slug string, o lab.Options) *exec.Cmd

	mu       sync.Mutex
	next     int
	jobs     []*job // in the order in which they were asked for
	wake     chan struct{}
	watchers map[*watcher]struct{}
}

type job struct {
	Job
	run    context.Context    // of its process, once it runs
	cancel context.CancelFunc // ends run
	done   bool               // asked to be cancelled
}

type watcher struct {
	id string
	ch chan struct{} // something has changed
}

// New returns a queue that keeps reports in archive. command makes the process
// that runs a reproduction and writes a [lab.Event] as a line of JSON to its
// standard output for all that happens: see [Command].
func New(archive lab.Archive, log *slog.Logger, command func(ctx context.Context, slug string, o lab.Options) *exec.Cmd) *Queue {
	return &Queue{archive: archive, log: log, command: command, wake: make(chan struct{}, 1), watchers: map[*watcher]struct{}{}}
}

// Command returns a function for [New] that runs "BIN run SLUG --events".
func Command(bin string) func(ctx context.Context, slug string, o lab.Options) *exec.Cmd {
	return func(ctx context.Context, slug string, o lab.Options) *exec.Cmd {
		args := []string{"run", slug, "--events", "--seed", strconv.FormatUint(o.Seed, 10)}
		if o.Full {
			args = append(args, "--full")
		}
		if o.Broken != "" {
			args = append(args, "--broken", o.Broken)
		}
		return exec.CommandContext(ctx, bin, args...)
	}
}

// Run runs jobs, at most parallel at a time, until ctx is done; then it ends
// those that run.
func (q *Queue) Run(ctx context.Context, parallel int) {
	var wg sync.WaitGroup
	for range max(1, parallel) {
		wg.Go(func() {
			for ctx.Err() == nil {
				j := q.take(ctx)
				if j == nil {
					select {
					case <-ctx.Done():
					case <-q.wake:
					case <-time.After(time.Second):
					}
					continue
				}
				q.run(ctx, j)
			}
		})
	}
	wg.Wait()
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range q.jobs { // nobody will run them: let go of those who watch
		if j.State == Waiting {
			j.State, j.Problem = Ended, "The server stopped before it began."
			q.changed(j)
		}
	}
}

// Add asks for a run. The same run that still waits is not asked for twice.
func (q *Queue) Add(slug string, o lab.Options, by int64) (Job, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	waiting := 0
	for _, j := range q.jobs {
		if j.State == Waiting {
			waiting++
		}
		if j.State != Ended && j.Slug == slug && j.Options == o {
			return j.Job, nil
		}
	}
	if waiting >= maxWaiting {
		return Job{}, offprint.Errorf(offprint.KindTooMany, "%d runs wait already. Try again when some have ended.", waiting)
	}
	q.next++
	j := &job{Job: Job{ID: strconv.Itoa(q.next), Slug: slug, Options: o, By: by, State: Waiting, Asked: time.Now()}}
	q.jobs = append(q.jobs, j)
	q.forget()
	select {
	case q.wake <- struct{}{}:
	default:
	}
	q.changed(j)
	return j.Job, nil
}

// forget drops the oldest of the jobs that have ended.
func (q *Queue) forget() {
	ended := 0
	for _, j := range q.jobs {
		if j.State == Ended {
			ended++
		}
	}
	q.jobs = slices.DeleteFunc(q.jobs, func(j *job) bool {
		if j.State == Ended && ended > maxEnded {
			ended--
			return true
		}
		return false
	})
}

// Cancel ends a job that waits or runs. What was measured is kept.
func (q *Queue) Cancel(id string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range q.jobs {
		if j.ID != id {
			continue
		}
		switch j.State {
		case Waiting:
			j.State, j.Problem = Ended, "Cancelled before it began."
			q.changed(j)
		case Running:
			j.done = true
			j.cancel()
		}
		return nil
	}
	return offprint.Errorf(offprint.KindNotFound, "That run is not known any more.")
}

// Jobs returns the jobs, newest first.
func (q *Queue) Jobs() []Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out []Job
	for _, j := range slices.Backward(q.jobs) {
		out = append(out, j.Job)
	}
	return out
}

// Job returns a job, and before it how many others run or wait.
func (q *Queue) Job(id string) (j Job, ahead int, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, o := range q.jobs {
		if o.ID == id {
			return o.Job, ahead, nil
		}
		if o.State != Ended {
			ahead++
		}
	}
	return Job{}, 0, offprint.Errorf(offprint.KindNotFound, "That run is not known any more.")
}

// Watch calls f with the job now and after each change, until it has ended, ctx
// is done or f fails.
func (q *Queue) Watch(ctx context.Context, id string, f func(j Job, ahead int) error) error {
	w := &watcher{id, make(chan struct{}, 1)}
	q.mu.Lock()
	q.watchers[w] = struct{}{}
	q.mu.Unlock()
	defer func() {
		q.mu.Lock()
		delete(q.watchers, w)
		q.mu.Unlock()
	}()
	for {
		j, ahead, err := q.Job(id)
		if err != nil {
			return err
		}
		if err := f(j, ahead); err != nil || j.State == Ended {
			return err
		}
		select {
		case <-w.ch:
		case <-time.After(15 * time.Second): // a sign of life
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// changed wakes those who watch the job, and those who wait behind it.
func (q *Queue) changed(j *job) {
	for w := range q.watchers {
		if w.id == j.ID || j.State == Ended {
			select {
			case w.ch <- struct{}{}:
			default:
			}
		}
	}
}

// take moves the oldest waiting job to running.
func (q *Queue) take(ctx context.Context) *job {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range q.jobs {
		if j.State == Waiting {
			j.State, j.Started = Running, time.Now()
			j.run, j.cancel = context.WithCancel(ctx)
			q.changed(j)
			return j
		}
	}
	return nil
}

// run runs a job's process to its end.
func (q *Queue) run(ctx context.Context, j *job) {
	report, err := q.process(j)
	if report != nil {
		if saveErr := q.archive.Save(report); saveErr != nil {
			q.log.ErrorContext(ctx, "report not kept", "id", report.ID, "error", saveErr)
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	j.cancel()
	j.State, j.Report = Ended, report
	switch {
	case report != nil:
	case j.done:
		j.Problem = "Cancelled before anything was measured."
	case err != nil:
		j.Problem = "It could not be run: " + err.Error()
		q.log.WarnContext(ctx, "run", "slug", j.Slug, "error", err)
	}
	q.changed(j)
}

// process starts the process, follows its events and returns its report.
func (q *Queue) process(j *job) (*lab.Report, error) {
	cmd := q.command(j.run, j.Slug, j.Options)
	interruptible(cmd)
	cmd.WaitDelay = killAfter
	var stderr strings.Builder
	cmd.Stderr = &limited{w: &stderr, left: 4000}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var report *lab.Report
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, 64<<10), maxEventBytes)
	for lines.Scan() {
		var e lab.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			continue // not an event: something that a library printed
		}
		if e.Report != nil {
			report = e.Report
		}
		if e.Progress != nil {
			q.mu.Lock()
			j.Progress = *e.Progress
			q.changed(j)
			q.mu.Unlock()
		}
	}
	err = errors.Join(lines.Err(), cmd.Wait())
	if report != nil { // a failed check is an exit status, not a fault
		return report, nil
	}
	if s := strings.TrimSpace(stderr.String()); s != "" {
		return nil, fmt.Errorf("%s", s)
	}
	if err == nil {
		err = errors.New("it ended without a report")
	}
	return nil, err
}

// limited keeps the first bytes of what is written.
type limited struct {
	w    *strings.Builder
	left int
}

func (l *limited) Write(b []byte) (int, error) {
	n := min(len(b), l.left)
	l.w.Write(b[:n])
	l.left -= n
	return len(b), nil
}
