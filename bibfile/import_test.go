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
	"testing"
	"testing/synctest"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/sqlite"
)

// recorder is a store that notes the sizes of the transactions of an import,
// and fails as it is told to.
type recorder struct {
	*sqlite.Store
	sizes []int // of the calls that succeeded
	fail  func(papers []offprint.Paper) error
}

func newRecorder(t testing.TB) *recorder {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &recorder{Store: store}
}

func (r *recorder) PutPapers(ctx context.Context, papers []offprint.Paper) (offprint.PutResult, error) {
	if r.fail != nil {
		if err := r.fail(papers); err != nil {
			return offprint.PutResult{}, err
		}
	}
	res, err := r.Store.PutPapers(ctx, papers)
	if err == nil {
		r.sizes = append(r.sizes, len(papers))
	}
	return res, err
}

func (r *recorder) count(t testing.TB) int {
	t.Helper()
	n, err := r.PaperCount(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return n
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
	store := newRecorder(t)
	var bad []string
	var last Progress
	im := Import{
		Store: store,
		Bad:   func(e *RecordError) { bad = append(bad, strings.TrimPrefix(e.Error(), dir+string(filepath.Separator))) },
		Progress: func(p Progress) {
			if p.Records() < last.Records() || p.Added > store.count(t) {
				t.Errorf("progress is %+v after %+v, with %d stored", p, last, store.count(t))
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
		store := newRecorder(t)
		_, err := (&Import{Store: store}).Run(t.Context(), []string{good, name})
		if err == nil || !strings.Contains(err.Error(), name) || store.count(t) != 0 {
			t.Errorf("%s: %v with %d papers stored, want an error and none", name, err, store.count(t))
		}
	}
	store := newRecorder(t)
	p, err := (&Import{Store: store}).Run(t.Context(), []string{good, cut, other})
	if err == nil || !strings.Contains(err.Error(), cut) {
		t.Errorf("a damaged file: %v, want an error that names it", err)
	}
	if p.Added < 20 || p.Added != store.count(t) {
		t.Errorf("a damaged file: %+v, with %d stored; want the papers of the others", p, store.count(t))
	}
}

func TestImportLeavesOutWhatCannotBeStored(t *testing.T) {
	for _, fault := range []error{offprint.Errorf(offprint.KindInvalid, "Not this one."), errors.New("constraint failed")} {
		poison := []string{"Paper 17", "Paper 18", "Paper 900", "Paper 4999"}
		store := newRecorder(t)
		store.fail = func(papers []offprint.Paper) error {
			for _, p := range papers {
				if slices.Contains(poison, p.Title) {
					return fault
				}
			}
			return nil
		}
		var lines []int
		im := Import{Store: store, Stdin: strings.NewReader(jsonLines(0, 5000)), Bad: func(e *RecordError) {
			if !errors.Is(e, fault) {
				t.Errorf("reported %v, want %v", e, fault)
			}
			lines = append(lines, e.Line)
		}}
		p, err := im.Run(t.Context(), []string{"-"})
		if err != nil || p.Added != 4996 || p.Bad != 4 || store.count(t) != 4996 {
			t.Errorf("%v: %+v, %v, with %d stored; want 4,996 and 4 bad", fault, p, err, store.count(t))
		}
		if want := []int{18, 19, 901, 5000}; !slices.Equal(lines, want) {
			t.Errorf("%v: bad lines %v, want %v", fault, lines, want)
		}
	}
}

func TestImportStopsWhenTheStoreIsBroken(t *testing.T) {
	fault := errors.New("the disk is full")
	calls := 0
	store := newRecorder(t)
	store.fail = func([]offprint.Paper) error { calls++; return fault }
	p, err := (&Import{Store: store, Stdin: strings.NewReader(jsonLines(0, 5000))}).Run(t.Context(), []string{"-"})
	if !errors.Is(err, fault) || p.Added != 0 || p.Bad >= maxFaults || calls > 30 {
		t.Errorf("%+v, %v after %d calls; want the fault after a few", p, err, calls)
	}
}

func TestImportInterrupted(t *testing.T) {
	for at := 1; at <= 4; at++ {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		store := newRecorder(t)
		store.fail = func([]offprint.Paper) error {
			if calls++; calls == at {
				cancel() // while the transaction runs: it must be completed
			}
			return nil
		}
		p, err := (&Import{Store: store, Stdin: strings.NewReader(jsonLines(0, 9000))}).Run(ctx, []string{"-"})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted in transaction %d: %v", at, err)
		}
		if p.Added != at*batchRecords || p.Added != store.count(t) {
			t.Errorf("interrupted in transaction %d: counted %d, stored %d, want %d", at, p.Added, store.count(t), at*batchRecords)
		}
		cancel()
	}
}

// Papers that trickle in are stored soon, not when a batch is full.
func TestImportOfSlowInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newRecorder(t)
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
			if n := store.count(t); n != i {
				t.Errorf("%d papers are stored at once, want %d", n, i)
			}
			time.Sleep(batchDelay + time.Millisecond)
			synctest.Wait()
			if n := store.count(t); n != i+1 {
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

// The same work in three formats is one paper, and importing an export changes
// nothing but where the papers come from.
func TestImportOfExports(t *testing.T) {
	dir := t.TempDir()
	store := newRecorder(t)
	im := Import{Store: store, Stdin: strings.NewReader(
		`{"id": "2503.00001", "listed": "2025-03-03", "title": "On the round trip of papers", "authors": ["Jane Doe"], "categories": ["cs.DL"], "abstract": "One.", "published": "2025-03-01T10:00:00Z"}
{"id": "10.1000/x", "title": "A second and longer title", "authors": ["Jane Doe", "Ludwig van Beethoven"], "journal": "J"}`)}
	if _, err := im.Run(t.Context(), []string{"-"}); err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(io.Writer, *offprint.Paper) error{"a.jsonl": WriteJSONL, "a.bib": WriteBibTeX} {
		var out strings.Builder
		if err := store.AllPapers(t.Context(), func(p *offprint.Paper) error { return write(&out, p) }); err != nil {
			t.Fatal(err)
		}
		file := writeFile(t, dir, name, out.String())
		for run, want := range []offprint.PutResult{{Updated: 2}, {Unchanged: 2}} {
			if p, err := im.Run(t.Context(), []string{file}); err != nil || p.Bad > 0 || p.PutResult != want {
				t.Errorf("%s, run %d: %+v, %v; want %+v of\n%s", name, run, p, err, want, &out)
			}
		}
	}
}

// A month of the real papers, twice.
func TestImportOfAMonth(t *testing.T) {
	file := months(t)[0]
	store := newRecorder(t)
	im := Import{Store: store, Bad: func(e *RecordError) { t.Error(e) }}
	first, err := im.Run(t.Context(), []string{file})
	if err != nil || first.Added+first.Updated+first.Unchanged == 0 || first.Added != store.count(t) {
		t.Fatalf("%+v, %v, with %d stored", first, err, store.count(t))
	}
	second, err := im.Run(t.Context(), []string{file})
	if err != nil || second.Added+second.Updated > 0 || second.Unchanged != first.Records() {
		t.Errorf("the second time: %+v, %v; want all unchanged", second, err)
	}
}

// BenchmarkImportMonths imports the real months into a fresh store.
func BenchmarkImportMonths(b *testing.B) {
	files := months(b)
	for b.Loop() {
		b.StopTimer()
		store := newRecorder(b)
		b.StartTimer()
		p, err := (&Import{Store: store}).Run(b.Context(), files)
		if err != nil || p.Bad > 0 {
			b.Fatalf("%+v, %v", p, err)
		}
		b.ReportMetric(float64(p.Records())/p.Elapsed.Seconds(), "papers/s")
	}
}
