package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/dataset"
)

// grace is how long a cancelled reproduction may take to return before its
// report is written without it.
const grace = 2 * time.Second

// Execute runs a reproduction and returns its report, whatever the outcome:
// after ctx is done, the report holds what was measured until then. watch is
// called for each event, one at a time, and may be nil.
func Execute(ctx context.Context, rep Reproduction, opts Options, watch func(Event)) (*Report, error) {
	if opts.Broken != "" && !rep.hasBroken(opts.Broken) {
		return nil, offprint.Errorf(offprint.KindInvalid, "%s has no broken variant %q: it has %s.", rep.Slug, opts.Broken, rep.brokenNames())
	}
	title := rep.Slug
	if f, ok := offprint.FoundingBySlug(rep.Slug); ok {
		title = f.Title
	}
	start := time.Now()
	r := &Run{Options: opts, watch: watch, report: &Report{
		ID: start.UTC().Format("20060102T150405.000") + "-" + rep.Slug, Slug: rep.Slug, Title: title, Claim: rep.Claim, Method: rep.Method,
		Full: opts.Full, Seed: opts.Seed, Broken: opts.Broken,
		Started: start.UTC(), Version: version(), Machine: machine(),
	}}
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		done <- rep.Run(ctx, r)
	}()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		select {
		case err = <-done:
		case <-time.After(grace):
			err = ctx.Err()
		}
	}

	// From here on the report is ours: a Run that was left behind writes to a copy.
	r.mu.Lock()
	report := *r.report
	r.report = new(Report)
	r.watch = nil
	r.mu.Unlock()
	report.Took = time.Since(start)
	report.Outcome, report.Reason = outcome(ctx, &report, err)
	if watch != nil {
		watch(Event{Report: &report})
	}
	return &report, nil
}

func outcome(ctx context.Context, report *Report, err error) (Outcome, string) {
	if missing, ok := errors.AsType[*dataset.MissingError](err); ok {
		return Skipped, missing.Error()
	}
	switch {
	case ctx.Err() != nil:
		return Cancelled, ""
	case err != nil:
		return Errored, err.Error()
	case len(report.Checks) == 0:
		return Errored, "the reproduction made no check"
	}
	for _, c := range report.Checks {
		if !c.Passed {
			return Failed, ""
		}
	}
	return Passed, ""
}

func (rep Reproduction) hasBroken(name string) bool {
	for _, b := range rep.Broken {
		if b.Name == name {
			return true
		}
	}
	return false
}

func (rep Reproduction) brokenNames() string {
	var names []string
	for _, b := range rep.Broken {
		names = append(names, b.Name)
	}
	return strings.Join(names, ", ")
}

// version is the module's version or commit, as far as the build knows it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return info.Main.Version
}

func machine() Machine {
	m := Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.GOMAXPROCS(0), GoVersion: runtime.Version()}
	m.SIMD = strings.Contains(m.GoVersion, "simd")
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
				m.CPU = strings.TrimSpace(value)
				break
			}
		}
	}
	return m
}
