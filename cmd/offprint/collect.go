package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/arxiv"
	"github.com/offprint/offprint/collect"
	"github.com/offprint/offprint/feed"
	"github.com/offprint/offprint/outbound"
)

// fetchSettings say how other people's servers are asked.
type fetchSettings struct {
	Contact string `placeholder:"ADDRESS" help:"Mail address or page at which the operators of sources can reach you; it is sent with every request."`
}

const projectURL = "https://github.com/offprint/offprint"

// client returns the one HTTP client for requests to other servers.
func (s fetchSettings) client() *http.Client {
	return outbound.New(outbound.Options{
		UserAgent: outbound.UserAgent(version, projectURL, s.Contact),
		Pace:      []outbound.Pace{arxiv.Pace},
	})
}

// newCollector returns what reads all kinds of source.
func newCollector(store offprint.Store, client *http.Client, log *slog.Logger) *collect.Collector {
	axv := &arxiv.Client{HTTP: client, Log: log}
	return &collect.Collector{
		Store: store,
		Fetchers: map[offprint.SourceKind]offprint.Fetcher{
			offprint.SourceArXiv: axv,
			offprint.SourceFeed:  &feed.Client{HTTP: client},
		},
		Lookup: axv.Lookup,
		Log:    log,
	}
}

// harvesting makes this process the only one that reads sources, for as long
// as one of its goroutines does: arXiv wants one connection from all of one's
// programs, and no source need be read twice.
type harvesting struct {
	path string // of the lock

	mu   sync.Mutex
	held *os.File
	uses int
}

var errHarvesting = offprint.Errorf(offprint.KindConflict, "another process is reading the sources just now: wait until it has finished.")

func (e *env) newHarvesting() *harvesting {
	return &harvesting{path: filepath.Join(e.Data, "collect.lock")}
}

// do calls f, or returns errHarvesting if another process is at it.
func (h *harvesting) do(f func() error) (err error) {
	if err := h.begin(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.end()) }()
	return f()
}

func (h *harvesting) begin() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.uses == 0 {
		held, ok, err := lock(h.path, true)
		if err != nil {
			return err
		}
		if !ok {
			return errHarvesting
		}
		h.held = held
	}
	h.uses++
	return nil
}

func (h *harvesting) end() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.uses--
	if h.uses > 0 {
		return nil
	}
	return h.held.Close()
}

// background returns the two ways in which the service reads sources.
func background(c *collect.Collector, h *harvesting) (due func(context.Context) error, one func(context.Context, int64) error) {
	due = func(ctx context.Context) error {
		err := h.do(func() error { return c.Run(ctx) })
		if errors.Is(err, errHarvesting) {
			return nil // what is due stays so
		}
		return err
	}
	one = func(ctx context.Context, id int64) error {
		return h.do(func() error { return c.RunSource(ctx, id) })
	}
	return due, one
}

// runBudget is how long the service reads one source before the others have
// their turn.
const runBudget = 20 * time.Minute
