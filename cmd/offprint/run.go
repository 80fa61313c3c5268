package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/catalogue"
)

type runCmd struct {
	Slug    string `arg:"" optional:"" help:"Paper to run, as in \"offprint list\"."`
	All     bool   `env:"-" help:"Run every reproduction."`
	Full    bool   `env:"-" help:"Run at the size that a patient reader wants."`
	Seed    uint64 `env:"-" placeholder:"N" help:"First of the seeds (default 0)."`
	Broken  string `env:"-" placeholder:"NAME" help:"Run this broken variant of the method, which must fail a check."`
	JSON    bool   `env:"-" name:"json" help:"Write the report as JSON."`
	Out     string `env:"-" placeholder:"DIR" help:"Write the report (HTML and JSON) and its plots (SVG) to this folder."`
	Against string `env:"-" placeholder:"FILE" help:"Compare with an earlier report (JSON)."`
	Events  bool   `env:"-" hidden:"" help:"Write each event as a line of JSON."`
}

// labFolder is where reports are kept, below the data folder.
const labFolder = "lab"

// errChecks is the failure of a run whose checks do not all hold. The report
// has said so.
var errChecks = errors.New("not every check holds")

// Validate is called by kong.
func (c *runCmd) Validate() error {
	switch {
	case c.All == (c.Slug != ""):
		return errors.New("name a paper (\"offprint list\" shows them) or give --all")
	case c.All && (c.Broken != "" || c.Against != ""):
		return errors.New("--broken and --against go with a single paper")
	}
	return nil
}

// Run runs one reproduction, or all of them one after the other.
func (c *runCmd) Run(ctx context.Context, e *env) error {
	if c.All {
		return c.all(ctx, e)
	}
	rep, err := catalogue.BySlug(c.Slug)
	if err != nil {
		return err
	}
	var before *lab.Report
	if c.Against != "" {
		if before, err = readReport(c.Against); err != nil {
			return err
		}
	}
	report, err := c.one(ctx, e, rep)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := report.WriteJSON(e.stdout); err != nil {
			return err
		}
	} else if !c.Events {
		if err := report.WriteText(e.stdout); err != nil {
			return err
		}
		if before != nil {
			if err := writeChanges(e, before, report); err != nil {
				return err
			}
		}
	}
	return failure(ctx, report)
}

// failure is what a command ends with after a report.
func failure(ctx context.Context, report *lab.Report) error {
	switch report.Outcome {
	case lab.Passed:
		return nil
	case lab.Failed:
		return errChecks
	case lab.Cancelled:
		return ctx.Err()
	default:
		return errors.New(report.Reason)
	}
}

// one runs a reproduction, shows its progress, and keeps its report.
func (c *runCmd) one(ctx context.Context, e *env, rep lab.Reproduction) (*lab.Report, error) {
	opts := lab.Options{Full: c.Full, Seed: c.Seed, Broken: c.Broken}
	if c.Events {
		lowPriority()
		enc := json.NewEncoder(e.stdout)
		return lab.Execute(ctx, rep, opts, func(ev lab.Event) { _ = enc.Encode(ev) }) // whoever listened has gone: the run is ended by its signal
	}
	p := newProgress(e.stderr, "run "+rep.Slug)
	report, err := lab.Execute(ctx, rep, opts, func(ev lab.Event) {
		if ev.Progress != nil {
			p.update(step{Done: int64(1000 * ev.Progress.Done), Total: 1000, Text: printable(ev.Progress.Message)})
		}
	})
	p.finish()
	if err != nil {
		return nil, err
	}
	archive := lab.Archive{Dir: filepath.Join(e.Data, labFolder)}
	if err := archive.Save(report); err != nil {
		return nil, err
	}
	dir, name := filepath.Join(archive.Dir, report.Slug), report.ID
	if c.Out != "" {
		dir, name = c.Out, report.Slug
	}
	return report, writeFiles(report, dir, name, c.Out != "")
}

// writeFiles writes a report as a page, and its plots; its JSON too when asked.
func writeFiles(report *lab.Report, dir, name string, asJSON bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	write := func(file string, f func(*os.File) error) error {
		out, err := os.Create(filepath.Join(dir, file))
		if err != nil {
			return err
		}
		return errors.Join(f(out), out.Close())
	}
	if asJSON {
		if err := write(name+".json", func(f *os.File) error { return report.WriteJSON(f) }); err != nil {
			return err
		}
	}
	for _, p := range report.Plots {
		svg, err := p.SVG()
		if err != nil {
			return err
		}
		if err := write(name+"-"+p.Name+".svg", func(f *os.File) error { _, err := f.Write(svg); return err }); err != nil {
			return err
		}
	}
	return write(name+".html", func(f *os.File) error { return report.WriteHTML(f) })
}

// all runs every reproduction and ends with a table. It fails if a check did.
func (c *runCmd) all(ctx context.Context, e *env) error {
	reps := catalogue.All()
	var reports []*lab.Report
	failed := 0
	start := time.Now()
	for _, rep := range reps {
		report, err := c.one(ctx, e, rep)
		if err != nil {
			return err
		}
		reports = append(reports, report)
		if !c.JSON && !c.Events {
			fmt.Fprintf(e.stdout, "%-16s %-9s %s\n", report.Slug, report.Outcome, report.Took.Round(100*time.Millisecond))
		}
		switch report.Outcome {
		case lab.Failed, lab.Errored:
			failed++
		case lab.Cancelled:
			return ctx.Err()
		}
	}
	if c.JSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(reports); err != nil {
			return err
		}
	} else if !c.Events {
		skipped := 0
		for _, r := range reports {
			if r.Outcome == lab.Skipped {
				skipped++
				fmt.Fprintf(e.stdout, "%s skipped: %s\n", r.Slug, r.Reason)
			}
		}
		fmt.Fprintf(e.stdout, "%d run, %d failed, %d skipped in %s\n", len(reports)-skipped, failed, skipped, time.Since(start).Round(time.Second))
	}
	if failed > 0 {
		return errChecks
	}
	return nil
}

func readReport(name string) (*lab.Report, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rep, err := lab.ReadReport(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rep, nil
}

// writeChanges compares a report with an earlier one.
func writeChanges(e *env, before, after *lab.Report) error {
	changes := lab.Compare(before, after)
	fmt.Fprintf(e.stdout, "\nAgainst %s (%s):\n", before.ID, before.Version)
	if len(changes) == 0 {
		_, err := fmt.Fprintln(e.stdout, "no figure in common")
		return err
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tbefore\tnow\tchange")
	for _, c := range changes {
		fmt.Fprintf(w, "%s, %s\t%s\t%s\t%+.4g\n", c.Variant, c.Metric, c.Before.Text(), c.After.Text(), float64(c.Delta))
	}
	return w.Flush()
}

type listCmd struct {
	JSON bool `env:"-" name:"json" help:"Write the list as JSON."`
}

// listed is a paper of the founding list and how far its method has come.
type listed struct {
	Number int         `json:"number"`
	Slug   string      `json:"slug"`
	Family string      `json:"family"`
	State  lab.State   `json:"state"`
	Latest lab.Outcome `json:"latest,omitempty"` // of the runs on this machine
	Title  string      `json:"title"`
}

// Run lists the founding list: what can be run, and what is still to come.
func (c listCmd) Run(e *env) error {
	archive := lab.Archive{Dir: filepath.Join(e.Data, labFolder)}
	var rows []listed
	for _, entry := range catalogue.List() {
		row := listed{entry.Number, entry.Slug, entry.Family, entry.State, "", entry.Title}
		latest, err := archive.Latest(entry.Slug)
		if err != nil {
			return err
		}
		if latest != nil {
			row.Latest = latest.Outcome
		}
		rows = append(rows, row)
	}
	if c.JSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(rows)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tslug\tfamily\tstate\tlast run\ttitle")
	for _, r := range rows {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\n", r.Number, r.Slug, r.Family, r.State, r.Latest, shorten(r.Title, 72))
	}
	return w.Flush()
}

// shorten cuts a title at a word.
func shorten(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit])
		return s[:max(0, strings.LastIndexByte(s, ' '))] + " …"
	}
	return s
}
