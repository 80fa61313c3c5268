package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/offprint/offprint/quality"
	"github.com/offprint/offprint/sqlite"
)

type benchCmd struct {
	Only []string `env:"-" placeholder:"NAME,..." help:"Measure these alone: ${sections}."`
	Seed uint64   `env:"-" default:"1" placeholder:"N" help:"Seed of all randomness."`
	JSON string   `env:"-" name:"json" placeholder:"FILE" help:"Write the figures to this file as well, as JSON."`
}

// errBars is the failure of a measurement that misses a bar. The output has
// said which.
var errBars = errors.New("not every bar is met")

// benchFigures are what --json writes.
type benchFigures struct {
	Month   string           `json:"month"` // tested
	Learned int              `json:"learned"`
	Tested  int              `json:"tested"`
	Seed    uint64           `json:"seed"`
	Bars    int              `json:"bars"`
	Missed  int              `json:"missed"`
	Figures []quality.Result `json:"figures"`
}

// Run measures what is learned from the store's papers: on the newest month, by
// an encoder that has learned from those before. The store stays as it is.
func (c benchCmd) Run(ctx context.Context, e *env) error {
	sections, err := quality.Choose(c.Only)
	if err != nil {
		return err
	}
	var records *quality.Records
	if err := e.withStore(ctx, func(store *sqlite.Store) error {
		records, err = quality.Read(ctx, store)
		return err
	}); err != nil {
		return err
	}
	p := newProgress(e.stderr, "bench")
	defer p.finish()
	show := func(done float64, what string) {
		p.update(step{Done: int64(1000 * done), Total: 1000, Text: what})
	}
	// What is printed stands above the line that shows the progress.
	above := writerFunc(func(line []byte) (int, error) {
		p.finish()
		return e.stdout.Write(line)
	})
	b, err := quality.Train(ctx, records, c.Seed, above, show)
	if err != nil {
		return err
	}
	if err := b.Run(ctx, sections, show); err != nil {
		return err
	}
	p.finish()
	if c.JSON != "" {
		if err := writeOutput(c.JSON, e.stdout, func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetIndent("", "  ")
			return enc.Encode(benchFigures{
				records.Month, records.Test, len(records.Tested()), c.Seed, b.Bars, b.Missed, b.Results,
			})
		}); err != nil {
			return err
		}
	}
	if b.Missed > 0 {
		fmt.Fprintf(e.stdout, "\n%d of %d bars missed\n", b.Missed, b.Bars)
		return errBars
	}
	if b.Bars > 0 {
		fmt.Fprintf(e.stdout, "\nall %d bars met\n", b.Bars)
	}
	return nil
}

// writerFunc is a function as a writer.
type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
