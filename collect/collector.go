// Package collect runs the sources: when each is due, what to do when it
// fails, and what to tell of it.
package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/outbound"
)

// Collector brings papers from all sources into the store. Its methods may be
// called from several goroutines. The fields are set before the first call;
// Store and Fetchers are required.
type Collector struct {
	Store    offprint.Store
	Fetchers map[offprint.SourceKind]offprint.Fetcher

	// Lookup gets papers from arXiv by id, for Add; nil if that cannot be done.
	Lookup func(ctx context.Context, ids ...string) ([]offprint.Paper, error)

	// Every is how long after a success a source is due again. Without an entry
	// it is 6 hours for arXiv, which changes once a day, and an hour for others.
	Every map[offprint.SourceKind]time.Duration

	// Budget is the longest run of one source. A source that has more goes on
	// in the next run, so that a harvest of years does not keep the others
	// waiting. 0 is no limit.
	Budget time.Duration

	Progress func(Progress)   // called for each batch and at the end, never twice at once; may be nil
	Now      func() time.Time // time.Now if nil
	Log      *slog.Logger     // slog.Default() if nil

	progress sync.Mutex

	mu      sync.Mutex
	running map[int64]bool
}

// Progress is how far a source's run has come.
type Progress struct {
	Source      offprint.Source
	Done, Total int                // records; Total is 0 if unknown
	Stored      offprint.PutResult // in this run
	Finished    bool
	Err         error // why it failed, if it is finished and did
}

// atOnce is how many sources are read at once. They are different servers;
// those that are not are kept apart by package outbound.
const atOnce = 4

// Run reads every source that is due and not paused. It returns the failures,
// joined, or the context's error if that has ended; a source that fails does
// not keep others from being read.
func (c *Collector) Run(ctx context.Context) error {
	sources, err := c.Store.Sources(ctx)
	if err != nil {
		return fmt.Errorf("collect: %w", err)
	}
	var (
		wg       sync.WaitGroup
		slots    = make(chan struct{}, atOnce)
		failures = make([]error, len(sources))
	)
	for i, src := range sources {
		if src.Paused || src.NextRun.After(c.now()) {
			continue
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			if c.start(src.ID) { // else it is being read already
				defer c.stop(src.ID)
				failures[i] = c.run(ctx, src)
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(failures...)
}

// RunSource reads one source now, due or not, paused or not. While it is being
// read by this collector already, that is a [offprint.KindConflict].
func (c *Collector) RunSource(ctx context.Context, id int64) error {
	src, err := c.Store.Source(ctx, id)
	if err != nil {
		return err
	}
	if !c.start(id) {
		return offprint.Errorf(offprint.KindConflict, "%s is being read already.", nameOf(*src))
	}
	defer c.stop(id)
	return c.run(ctx, *src)
}

// start makes the caller the one that reads the source, unless another does.
func (c *Collector) start(id int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running[id] {
		return false
	}
	if c.running == nil {
		c.running = map[int64]bool{}
	}
	c.running[id] = true
	return true
}

func (c *Collector) stop(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, id)
}

// errBudget ends a run that has used up its time; its work is stored.
var errBudget = errors.New("the run's time is used up")

// run reads a source and records how that went.
func (c *Collector) run(ctx context.Context, src offprint.Source) error {
	started := c.now()
	p := Progress{Source: src}
	after, err := c.fetch(ctx, src, func(place offprint.Source, b offprint.Batch) error {
		r, err := c.Store.PutBatch(ctx, place, b)
		if err != nil {
			return fmt.Errorf("storing what it brought: %w", err)
		}
		p.Done, p.Total = b.Done, b.Total
		p.Stored.Added += r.Added
		p.Stored.Updated += r.Updated
		p.Stored.Unchanged += r.Unchanged
		c.report(p)
		if c.Budget > 0 && place.Cursor != "" && c.now().Sub(started) >= c.Budget {
			return errBudget
		}
		return nil
	})
	stopped := err != nil && ctx.Err() != nil // by us: the source is not to blame
	recorded := c.record(ctx, src.ID, func(s *offprint.Source) {
		s.LastRun = started
		switch {
		case stopped:
		case errors.Is(err, errBudget):
			s.LastError, s.Failures = "", 0
			s.NextRun = c.now()
		case err != nil:
			s.LastError = outbound.Explain(err)
			s.Failures++
			s.NextRun = c.now().Add(retry(s.Failures, err))
		default:
			if s.Name == "" {
				s.Name = after.Name
			}
			s.LastSuccess, s.LastError, s.Failures = c.now(), "", 0
			s.NextRun = c.now().Add(c.pause(s.Kind, after.NextRun))
		}
	})
	if errors.Is(err, errBudget) {
		err = nil
	}
	switch {
	case stopped:
		err = ctx.Err()
	case offprint.KindOf(recorded) == offprint.KindNotFound:
		err = nil // its owner has deleted it meanwhile
	case err != nil:
		err = &failure{nameOf(src), outbound.Explain(err), errors.Join(err, recorded)}
	default:
		err = recorded
	}
	p.Finished, p.Err = true, err
	c.report(p)
	c.log().InfoContext(ctx, "source read", "source", nameOf(src), "added", p.Stored.Added, "updated", p.Stored.Updated,
		"seconds", c.now().Sub(started).Round(time.Millisecond).Seconds(), "error", errText(err))
	return err
}

// fetch calls the source's fetcher. A fetcher that panics, on input that nobody
// thought of, fails alone.
func (c *Collector) fetch(ctx context.Context, src offprint.Source, store func(offprint.Source, offprint.Batch) error) (after offprint.Source, err error) {
	f := c.Fetchers[src.Kind]
	if f == nil {
		return src, offprint.Errorf(offprint.KindInvalid, "Sources of the kind %q cannot be read here.", src.Kind)
	}
	defer func() {
		if r := recover(); r != nil {
			c.log().ErrorContext(ctx, "a source's fetcher panicked", "source", nameOf(src), "panic", r, "stack", string(debug.Stack()))
			err = errors.New("reading it failed for a fault of the program, which its log describes")
		}
	}()
	return f.Fetch(ctx, src, store)
}

// record changes the source as it is now in the store: its owner may have
// changed it since the run began. It works after the context has ended too.
func (c *Collector) record(ctx context.Context, id int64, change func(*offprint.Source)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	src, err := c.Store.Source(ctx, id)
	if err != nil {
		return err
	}
	change(src)
	return c.Store.UpdateSource(ctx, src)
}

func (c *Collector) report(p Progress) {
	if c.Progress == nil {
		return
	}
	c.progress.Lock()
	defer c.progress.Unlock()
	c.Progress(p)
}

func (c *Collector) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

func (c *Collector) log() *slog.Logger {
	if c.Log != nil {
		return c.Log
	}
	return slog.Default()
}

// failure is a sentence about a source that could not be read.
type failure struct {
	name, sentence string
	err            error
}

func (f *failure) Error() string { return f.name + ": " + f.sentence }
func (f *failure) Unwrap() error { return f.err }

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
