// Command bench measures Offprint as its readers meet it: the built binary,
// over HTTP, on the real records, and prints each figure beside its bar. It
// changes nothing outside a temporary folder.
//
//	go run ./bench -bin bin/offprint -papers ../shared/data/papers
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	bin := flag.String("bin", "bin/offprint", "the binary to measure")
	papers := flag.String("papers", defaultPapers(), "folder with the monthly files of records")
	seconds := flag.Int("seconds", 8, "how long each page is asked for")
	conns := flag.Int("connections", 16, "connections that ask at once")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *bin, *papers, *seconds, *conns); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// defaultPapers is where the records are: below $OFFPRINT_DATA, or beside the checkout.
func defaultPapers() string {
	if d := os.Getenv("OFFPRINT_DATA"); d != "" {
		return filepath.Join(d, "papers")
	}
	return filepath.Join("..", "shared", "data", "papers")
}

func run(ctx context.Context, bin, papers string, seconds, conns int) error {
	files, err := filepath.Glob(filepath.Join(papers, "*.jsonl.gz"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no records (*.jsonl.gz) in %s: set OFFPRINT_DATA to the folder of the data sets", papers)
	}
	if bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "offprint-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	records, err := readRecords(files)
	if err != nil {
		return err
	}
	r := &report{}
	full, tenth := filepath.Join(dir, "full"), filepath.Join(dir, "tenth")

	fmt.Printf("%d records, %d connections, %d s a page\n\n", len(records), conns, seconds)
	if err := benchImport(ctx, r, bin, full, files, len(records)); err != nil {
		return err
	}
	small := filepath.Join(dir, "tenth.jsonl")
	if err := writeEvery(small, records, 10); err != nil {
		return err
	}
	if err := command(ctx, bin, "import", "--data", tenth, small).Run(); err != nil {
		return fmt.Errorf("importing a tenth: %w", err)
	}
	if err := benchPages(ctx, r, bin, full, tenth, records, seconds, conns); err != nil {
		return err
	}
	if err := benchLearned(ctx, r, bin, full, records, seconds); err != nil {
		return err
	}
	fmt.Println()
	if n := r.missed; n > 0 {
		return fmt.Errorf("%d of %d bars missed", n, r.bars)
	}
	fmt.Printf("all %d bars met\n", r.bars)
	return nil
}

// report prints figures and counts bars.
type report struct{ bars, missed int }

// figure prints a figure beside its bar; ok says whether the bar is met.
func (r *report) figure(name, value, bar string, ok bool) {
	mark := "ok"
	r.bars++
	if !ok {
		mark = "MISSED"
		r.missed++
	}
	fmt.Printf("%-46s %14s   bar %-18s %s\n", name, value, bar, mark)
}

// note prints a figure that has no bar.
func (r *report) note(name, value string) { fmt.Printf("%-46s %14s\n", name, value) }
