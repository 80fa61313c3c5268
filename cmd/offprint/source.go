package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/arxiv"
	"github.com/offprint/offprint/feed"
	"github.com/offprint/offprint/outbound"
	"github.com/offprint/offprint/sqlite"
)

type sourceCmd struct {
	Add    sourceAddCmd    `cmd:"" help:"Add a source: categories of arXiv, or a feed."`
	List   sourceListCmd   `cmd:"" help:"List the sources, and how they fare."`
	Remove sourceRemoveCmd `cmd:"" help:"Remove a source. Its papers stay."`
	Pause  sourcePauseCmd  `cmd:"" help:"Stop reading a source."`
	Resume sourceResumeCmd `cmd:"" help:"Read a paused source again."`
}

type sourceAddCmd struct {
	fetchSettings

	Sources      []string `arg:"" name:"source" help:"arxiv:CATEGORY (arxiv:cs.CL; arxiv:cs for an archive, arxiv:all for everything) or the address of a feed or of a page that has one."`
	Name         string   `env:"-" help:"Name to show; by default what the source calls itself."`
	Since        string   `env:"-" placeholder:"DATE" help:"arXiv: how far back to begin, as 2026-01-31; by default 30 days."`
	OAI          string   `env:"-" name:"oai" placeholder:"URL" default:"${oai}" help:"Address of the OAI-PMH server that arxiv: stands for."`
	AllowPrivate bool     `env:"-" help:"The address is meant to lead into a private network or to this machine."`
}

func (c sourceAddCmd) Run(ctx context.Context, e *env) error {
	if c.AllowPrivate {
		ctx = outbound.AllowPrivate(ctx)
	}
	list, err := c.sources(ctx)
	if err != nil {
		return err
	}
	return e.withStore(ctx, func(store *sqlite.Store) error {
		var failed []error
		for _, src := range list {
			if err := store.CreateSource(ctx, &src); err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", sourceName(src), err))
				continue
			}
			fmt.Fprintf(e.stdout, "Source %d: %s\n", src.ID, printable(sourceName(src)))
		}
		return errors.Join(failed...)
	})
}

// arxivCategory matches what can be a category, an archive or a set of arXiv's.
var arxivCategory = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z-]+)?$|^[A-Za-z0-9-]+(:[A-Za-z0-9-]+){1,2}$`)

// sources turns the arguments into sources: one for all categories of arXiv,
// and one for each feed, which is looked at.
func (c sourceAddCmd) sources(ctx context.Context) ([]offprint.Source, error) {
	var since time.Time
	if c.Since != "" {
		day, err := offprint.ParseDate(c.Since)
		if err != nil {
			return nil, err
		}
		since = day.Time()
	}
	axv := offprint.Source{Kind: offprint.SourceArXiv, URL: c.OAI, Since: since, AllowPrivate: c.AllowPrivate}
	var list []offprint.Source
	var categories []string
	for _, arg := range c.Sources {
		if category, ok := strings.CutPrefix(strings.ToLower(arg[:min(len(arg), 6)])+arg[min(len(arg), 6):], "arxiv:"); ok {
			if !arxivCategory.MatchString(category) {
				return nil, offprint.Errorf(offprint.KindInvalid, "arxiv:%s names no category: write arxiv:cs.CL, arxiv:cs or arxiv:all.", printable(category))
			}
			categories = append(categories, category)
			continue
		}
		src, err := c.feed(ctx, arg)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", arg, err)
		}
		list = append(list, src)
	}
	if len(categories) > 0 {
		axv.Name = cmp.Or(c.Name, "arXiv "+strings.Join(categories, ", "))
		for _, category := range categories {
			if category == "all" {
				axv.Sets, axv.Name = nil, cmp.Or(c.Name, "arXiv")
				break
			}
			axv.Sets = append(axv.Sets, arxiv.SetSpec(category))
		}
		list = append([]offprint.Source{axv}, list...)
	}
	return list, nil
}

// feed finds the feed at an address.
func (c sourceAddCmd) feed(ctx context.Context, address string) (offprint.Source, error) {
	client := feed.Client{HTTP: c.client()}
	found, err := client.Discover(ctx, address)
	if err != nil {
		if ctx.Err() != nil {
			return offprint.Source{}, ctx.Err()
		}
		return offprint.Source{}, errors.New(outbound.Explain(err))
	}
	if len(found) > 1 {
		var b strings.Builder
		for _, f := range found {
			fmt.Fprintf(&b, "\n  %s  %s", f.URL, printable(f.Title))
		}
		return offprint.Source{}, offprint.Errorf(offprint.KindInvalid, "the page has several feeds: add one of them.%s", b.String())
	}
	return offprint.Source{
		Kind: offprint.SourceFeed, URL: found[0].URL, Name: cmp.Or(c.Name, found[0].Title), AllowPrivate: c.AllowPrivate,
	}, nil
}

type sourceListCmd struct{}

func (sourceListCmd) Run(ctx context.Context, e *env) error {
	return e.withStore(ctx, func(store *sqlite.Store) error {
		sources, err := store.Sources(ctx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tKIND\tNAME\tPAPERS\tLAST SUCCESS\tNEXT\tSTATE")
		for _, s := range sources {
			state, next := "ok", moment(s.NextRun)
			switch {
			case s.Paused:
				state, next = "paused", "-"
			case s.Failures > 0:
				state = fmt.Sprintf("failed %d times, last at %s: %s", s.Failures, moment(s.LastRun), printable(s.LastError))
			case s.LastRun.IsZero():
				state, next = "new", "now"
			case s.Cursor != "":
				state = "not complete yet"
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.Kind, printable(sourceName(s)), grouped(int64(s.Papers)), moment(s.LastSuccess), next, state)
		}
		return w.Flush()
	})
}

type sourceRemoveCmd struct {
	ID int64 `arg:"" help:"Its number in offprint source list."`
}

func (c sourceRemoveCmd) Run(ctx context.Context, e *env) error {
	return e.withStore(ctx, func(store *sqlite.Store) error { return store.DeleteSource(ctx, c.ID) })
}

type sourcePauseCmd struct {
	ID int64 `arg:"" help:"Its number in offprint source list."`
}

func (c sourcePauseCmd) Run(ctx context.Context, e *env) error {
	return pauseSource(ctx, e, c.ID, true)
}

type sourceResumeCmd struct {
	ID int64 `arg:"" help:"Its number in offprint source list."`
}

func (c sourceResumeCmd) Run(ctx context.Context, e *env) error {
	return pauseSource(ctx, e, c.ID, false)
}

func pauseSource(ctx context.Context, e *env, id int64, on bool) error {
	return e.withStore(ctx, func(store *sqlite.Store) error {
		src, err := store.Source(ctx, id)
		if err != nil {
			return err
		}
		src.Paused = on
		if !on {
			src.NextRun = time.Time{} // it has waited long enough
		}
		return store.UpdateSource(ctx, src)
	})
}

func sourceName(s offprint.Source) string { return cmp.Or(s.Name, s.URL) }
