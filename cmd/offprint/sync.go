package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/collect"
	"github.com/offprint/offprint/sqlite"
)

type syncCmd struct {
	fetchSettings

	Sources []int64 `arg:"" optional:"" name:"source" help:"Numbers of sources (see offprint source list) to read now, due or not. Without them, all that are due."`
}

func (c syncCmd) Run(ctx context.Context, e *env) error {
	return e.withStore(ctx, func(store *sqlite.Store) error {
		sources, err := store.Sources(ctx)
		if err != nil {
			return err
		}
		if len(sources) == 0 {
			return offprint.Errorf(offprint.KindNotFound, "there is no source yet: add one, such as \"offprint source add arxiv:cs.CL\".")
		}
		p := newProgress(e.stderr, "sync")
		collector := newCollector(store, c.client(), e.quietLog(p))
		read := reportSync(collector, p, e.stdout)
		err = e.newHarvesting().do(func() error {
			if len(c.Sources) == 0 {
				return collector.Run(ctx)
			}
			var failed []error
			for _, id := range c.Sources {
				failed = append(failed, collector.RunSource(ctx, id))
			}
			return errors.Join(failed...)
		})
		p.finish()
		if err == nil && *read == 0 {
			fmt.Fprintf(e.stdout, "No source is due before %s. Name those that are to be read all the same.\n", moment(nextDue(sources)))
		}
		return err
	})
}

// reportSync shows how far the sources have come, and what each has brought.
// It returns the number of those that were read.
func reportSync(c *collect.Collector, p *progress, stdout io.Writer) (read *int) {
	read = new(int)
	at := map[int64]collect.Progress{}
	c.Progress = func(now collect.Progress) { // never twice at once
		at[now.Source.ID] = now
		var all step
		for _, s := range at {
			all.Done += int64(s.Done)
			all.Total += int64(s.Total)
		}
		all.Count, all.Unit = all.Done, "records"
		p.update(all)
		if now.Finished {
			*read++
			result := counts(now.Stored)
			if now.Err != nil {
				result += "; not complete"
			}
			p.finish()
			fmt.Fprintf(stdout, "%s: %s\n", printable(sourceName(now.Source)), result)
		}
	}
	return read
}

// nextDue is when the next source is due; zero if all are paused.
func nextDue(sources []offprint.Source) time.Time {
	var next time.Time
	for _, s := range sources {
		if !s.Paused && (next.IsZero() || s.NextRun.Before(next)) {
			next = s.NextRun
		}
	}
	return next
}

// quietLog logs warnings and errors only, for commands that tell the rest in
// their own words; with --log-level debug, everything.
func (e *env) quietLog(w io.Writer) *slog.Logger {
	g := e.globals
	if g.LogLevel >= slog.LevelInfo {
		g.LogLevel = max(g.LogLevel, slog.LevelWarn)
	}
	return newLog(g, w)
}
