package bibfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offprint/offprint"
)

// memory is a store that keeps papers in a map, and fails as it is told to.
type memory struct {
	offprint.PaperStore // the methods that an import does not use
	mu                  sync.Mutex
	papers              map[string]*offprint.Paper
	sizes               []int // of the calls that succeeded
	fail                func(papers []offprint.Paper) error
}

func (m *memory) PutPapers(ctx context.Context, papers []offprint.Paper) (res offprint.PutResult, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		err = m.fail(papers)
	}
	if err = errors.Join(err, ctx.Err()); err != nil {
		return res, err
	}
	if m.papers == nil {
		m.papers = map[string]*offprint.Paper{}
	}
	m.sizes = append(m.sizes, len(papers))
	for _, p := range papers {
		if old := m.papers[p.Key]; old == nil {
			m.papers[p.Key] = &p
			res.Added++
		} else if old.Merge(&p) {
			res.Updated++
		} else {
			res.Unchanged++
		}
	}
	return res, nil
}

func (m *memory) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.papers)
}

// writeFile writes a file into a folder of the test's own.
func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func jsonLines(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "{\"id\": \"2503.%05d\", \"listed\": \"2025-03-03\", \"title\": \"Paper %d\"}\n", i, i)
	}
	return b.String()
}

func TestImport(t *testing.T) {
	dir := t.TempDir()
	files := []string{
		writeFile(t, dir, "a.jsonl", jsonLines(0, 3)+"nonsense\n"+jsonLines(3, 5000)),
		writeFile(t, dir, "b.bib", "@misc{a, title={B}}\n@misc{b, author={X}}\n"),
		writeFile(t, dir, "c.ris.gz", zipped(t, "TY  - UNPB\nTI  - C\nER  - \n")),
		"-",
	}
	store := &memory{}
	var bad []string
	var last Progress
	im := Import{
		Store: store,
		Bad:   func(e *RecordError) { bad = append(bad, strings.TrimPrefix(e.Error(), dir+string(filepath.Separator))) },
		Progress: func(p Progress) {
			if p.Records() < last.Records() || p.Added > store.count() {
				t.Errorf("progress is %+v after %+v, with %d stored", p, last, store.count())
			}
			last = p
		},
	}
	for run, want := range []offprint.PutResult{{Added: 5003}, {Unchanged: 5003}} {
		im.Stdin = strings.NewReader(`{"id": "2504.00001", "title": "From standard input"}`)
		bad, last = nil, Progress{}
		p, err := im.Run(t.Context(), files)
		if err != nil {
			t.Fatal(err)
		}
		if p.PutResult != want || p.Bad != 2 {
			t.Errorf("run %d: %+v, want %+v and 2 bad", run, p, want)
		}
		if last.PutResult != want || last.Bad != 2 || last.Read == 0 || last.Total != 0 {
			t.Errorf("run %d: last progress is %+v, want %+v, 2 bad and no total", run, last, want)
		}
		if len(bad) != 2 || !strings.HasPrefix(bad[0], "a.jsonl:4: ") || !strings.HasPrefix(bad[1], "b.bib:2: ") {
			t.Errorf("run %d: bad records are %q", run, bad)
		}
	}
	if most := slices.Max(store.sizes); most > batchRecords {
		t.Errorf("a batch of %d papers", most)
	}

	last = Progress{}
	p, err := im.Run(t.Context(), files[:3])
	if err != nil || p.Read != p.Total || p.Total == 0 {
		t.Errorf("without standard input: %+v, %v; want everything read of a known total", p, err)
	}
}

func TestImportOfMissingFiles(t *testing.T) {
	dir := t.TempDir()
	good := writeFile(t, dir, "a.jsonl", jsonLines(0, 10))
	whole := zipped(t, jsonLines(10, 20))
	cut := writeFile(t, dir, "b.jsonl.gz", whole[:len(whole)-9])
	other := writeFile(t, dir, "c.jsonl", jsonLines(20, 30))
	for _, name := range []string{filepath.Join(dir, "none.bib"), dir} {
		store := &memory{}
		_, err := (&Import{Store: store}).Run(t.Context(), []string{good, name})
		if err == nil || !strings.Contains(err.Error(), name) || store.count() != 0 {
			t.Errorf("%s: %v with %d papers stored, want an error and none", name, err, store.count())
		}
	}
	store := &memory{}
	p, err := (&Import{Store: store}).Run(t.Context(), []string{good, cut, other})
	if err == nil || !strings.Contains(err.Error(), cut) {
		t.Errorf("a damaged file: %v, want an error that names it", err)
	}
	if p.Added < 20 || p.Added != store.count() {
		t.Errorf("a damaged file: %+v, with %d stored; want the papers of the others", p, store.count())
	}
}

func TestImportLeavesOutWhatCannotBeStored(t *testing.T) {
	for _, fault := range []error{offprint.Errorf(offprint.KindInvalid, "Not this one."), errors.New("constraint failed")} {
		poison := []string{"Paper 17", "Paper 18", "Paper 900", "Paper 4999"}
		store := &memory{fail: func(papers []offprint.Paper) error {
			for _, p := range papers {
				if slices.Contains(poison, p.Title) {
					return fault
				}
			}
			return nil
		}}
		var lines []int
		im := Import{Store: store, Stdin: strings.NewReader(jsonLines(0, 5000)), Bad: func(e *RecordError) {
			if !errors.Is(e, fault) {
				t.Errorf("reported %v, want %v", e, fault)
			}
			lines = append(lines, e.Line)
		}}
		p, err := im.Run(t.Context(), []string{"-"})
		if err != nil || p.Added != 4996 || p.Bad != 4 || store.count() != 4996 {
			t.Errorf("%v: %+v, %v, with %d stored; want 4,996 and 4 bad", fault, p, err, store.count())
		}
		if want := []int{18, 19, 901, 5000}; !slices.Equal(lines, want) {
			t.Errorf("%v: bad lines %v, want %v", fault, lines, want)
		}
	}
}

func TestImportStopsWhenTheStoreIsBroken(t *testing.T) {
	fault := errors.New("the disk is full")
	calls := 0
	store := &memory{fail: func([]offprint.Paper) error { calls++; return fault }}
	p, err := (&Import{Store: store, Stdin: strings.NewReader(jsonLines(0, 5000))}).Run(t.Context(), []string{"-"})
	if !errors.Is(err, fault) || p.Added != 0 || p.Bad >= maxFaults || calls > 30 {
		t.Errorf("%+v, %v after %d calls; want the fault after a few", p, err, calls)
	}
}

func TestImportInterrupted(t *testing.T) {
	for at := 1; at <= 4; at++ {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		store := &memory{fail: func([]offprint.Paper) error {
			if calls++; calls == at {
				cancel() // while the transaction runs: it must be completed
			}
			return nil
		}}
		p, err := (&Import{Store: store, Stdin: strings.NewReader(jsonLines(0, 9000))}).Run(ctx, []string{"-"})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted in transaction %d: %v", at, err)
		}
		if p.Added != at*batchRecords || p.Added != store.count() {
			t.Errorf("interrupted in transaction %d: counted %d, stored %d, want %d", at, p.Added, store.count(), at*batchRecords)
		}
		cancel()
	}
}

// Papers that trickle in are stored soon, not when a batch is full.
func TestImportOfSlowInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		in, out := io.Pipe()
		done := make(chan error)
		go func() {
			_, err := (&Import{Store: store, Stdin: in}).Run(t.Context(), []string{"-"})
			done <- err
		}()
		for i := range 3 {
			if _, err := io.WriteString(out, jsonLines(i, i+1)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if n := store.count(); n != i {
				t.Errorf("%d papers are stored at once, want %d", n, i)
			}
			time.Sleep(batchDelay + time.Millisecond)
			synctest.Wait()
			if n := store.count(); n != i+1 {
				t.Errorf("%d papers are stored after a while, want %d", n, i+1)
			}
		}
		if err := out.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkImportMonths(b *testing.B) {
	files := months(b)
	for b.Loop() {
		p, err := (&Import{Store: &memory{}}).Run(b.Context(), files)
		if err != nil || p.Bad > 0 {
			b.Fatalf("%+v, %v", p, err)
		}
		b.ReportMetric(float64(p.Records())/p.Elapsed.Seconds(), "papers/s")
	}
}
