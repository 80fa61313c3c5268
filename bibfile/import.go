package bibfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"github.com/offprint/offprint"
)

// Import puts the papers of files into a store. Its fields are set before
// [Import.Run]; the callbacks are called from the goroutine that runs it.
type Import struct {
	Store  offprint.PaperStore
	Format Format    // of all files; the zero Format tells each by itself
	Stdin  io.Reader // what "-" stands for; nil for the process's own

	Bad      func(*RecordError) // told of each record that is left out; may be nil
	Progress func(Progress)     // told after each transaction; may be nil
}

// Progress is how far an import has come. What it counts is stored.
type Progress struct {
	offprint.PutResult
	Bad int // records that were left out

	Read    int64 // bytes of the files read so far, compressed where they are
	Total   int64 // bytes of all files; 0 if one of them has no size, such as a pipe
	Elapsed time.Duration
}

// Records is the number of records seen, good and bad.
func (p Progress) Records() int { return p.Added + p.Updated + p.Unchanged + p.Bad }

// Limits of a batch, which is one transaction.
const (
	batchRecords = 2000
	batchBytes   = 16 << 20
	batchDelay   = time.Second // after which slow input is stored, too
)

// Run imports the files in turn; "-" is standard input. A bad record is
// reported and left out. A file that is not there fails the run before
// anything is read; one that breaks off does not keep the others from being
// imported, and is named in the error at the end.
//
// When ctx is done, Run stops after the transaction under way: whatever the
// returned Progress counts is stored, whether the error is nil or not.
func (im *Import) Run(ctx context.Context, files []string) (Progress, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // stops the goroutines when storing fails

	run := importRun{Import: im, start: time.Now()}
	total, err := im.totalSize(files)
	if err != nil {
		return Progress{}, err
	}
	run.done.Total = total

	parsed, batches := make(chan record, 8), make(chan []record)
	var readErr error // is read once batches is closed
	go func() {
		defer close(parsed)
		readErr = run.parse(ctx, files, parsed)
	}()
	go func() {
		defer close(batches)
		collect(ctx, parsed, batches)
	}()
	for batch := range batches {
		if ctx.Err() != nil {
			break
		}
		if err := run.store(ctx, batch); err != nil {
			return run.progress(), err
		}
		if im.Progress != nil {
			im.Progress(run.progress())
		}
	}
	if err := ctx.Err(); err != nil {
		return run.progress(), err
	}
	return run.progress(), readErr
}

// totalSize checks that all files are there and adds up their sizes.
func (im *Import) totalSize(files []string) (int64, error) {
	var total int64
	known := true
	for _, name := range files {
		var info os.FileInfo
		var err error
		if name != "-" {
			info, err = os.Stat(name)
		} else if f, ok := im.stdin().(*os.File); ok {
			info, err = f.Stat()
		}
		switch {
		case err != nil:
			if wrong, ok := errors.AsType[*fs.PathError](err); ok {
				err = wrong.Err
			}
			return 0, offprint.Errorf(offprint.KindNotFound, "%s cannot be read: %v. Nothing was imported.", name, err)
		case info != nil && info.IsDir():
			return 0, offprint.Errorf(offprint.KindInvalid, "%s is a folder: name the files in it.", name)
		case info == nil || !info.Mode().IsRegular():
			known = false
		default:
			total += info.Size()
		}
	}
	if !known {
		total = 0
	}
	return total, nil
}

func (im *Import) stdin() io.Reader {
	if im.Stdin == nil {
		return os.Stdin
	}
	return im.Stdin
}

// record is a paper on its way to the store, or why it is none.
type record struct {
	paper offprint.Paper
	bad   *RecordError // nil for a good one
	size  int          // bytes that it holds on to, at most
	place
}

// place is where a record stands.
type place struct {
	file string
	line int
}

// importRun is what one call of Run keeps.
type importRun struct {
	*Import
	start  time.Time
	read   atomic.Int64 // bytes, by the parsing goroutine
	done   Progress
	faults int // failures in a row that are not a paper's own
}

func (run *importRun) progress() Progress {
	p := run.done
	p.Read, p.Elapsed = run.read.Load(), time.Since(run.start)
	return p
}

// parse sends the records of all files, and returns what broke files off.
func (run *importRun) parse(ctx context.Context, files []string, out chan<- record) error {
	var failed []error
	for _, name := range files {
		if err := run.parseFile(ctx, name, out); err != nil {
			failed = append(failed, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}

func (run *importRun) parseFile(ctx context.Context, name string, out chan<- record) error {
	in := run.stdin()
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // it was only read
		in = f
	}
	r, err := NewReader(&countingReader{in, &run.read}, name, run.Format)
	if err != nil {
		return err
	}
	for {
		p, err := r.Read()
		rec := record{paper: p, size: r.size, place: place{r.name, r.line}}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.As(err, &rec.bad) {
			return err
		}
		select {
		case out <- rec:
		case <-ctx.Done():
			return nil
		}
	}
}

// collect gathers records into batches. It hands one over when the storing
// goroutine is ready for it and it is full, has waited for batchDelay, or is
// the last; meanwhile the next one fills up.
func collect(ctx context.Context, in <-chan record, out chan<- []record) {
	var batch []record
	size := 0
	timer := time.NewTimer(batchDelay)
	defer timer.Stop()
	due := false
	for in != nil || len(batch) > 0 {
		full := len(batch) >= batchRecords || size >= batchBytes
		from, to := in, out
		if full {
			from = nil
		}
		if len(batch) == 0 || !full && !due && in != nil {
			to = nil
		}
		select {
		case rec, ok := <-from:
			if !ok {
				in = nil
				continue
			}
			if len(batch) == 0 {
				timer.Reset(batchDelay)
				due = false
			}
			batch = append(batch, rec)
			size += rec.size
		case to <- batch:
			batch, size = make([]record, 0, len(batch)), 0
		case <-timer.C:
			due = true
		case <-ctx.Done():
			return
		}
	}
}

// store reports the bad records of a batch and puts the others into the store.
func (run *importRun) store(ctx context.Context, batch []record) error {
	papers := make([]offprint.Paper, 0, len(batch))
	places := make([]place, 0, len(batch))
	for _, rec := range batch {
		if rec.bad != nil {
			run.reject(rec.bad)
			continue
		}
		papers, places = append(papers, rec.paper), append(places, rec.place)
	}
	return run.put(ctx, papers, places)
}

func (run *importRun) reject(bad *RecordError) {
	run.done.Bad++
	if run.Bad != nil {
		run.Bad(bad)
	}
}

// maxFaults is how many papers in a row may fail in the store for reasons that
// are not theirs before the store is taken to be broken.
const maxFaults = 3

// put stores papers in one transaction. If it fails, it tries each half, so
// that in the end only the papers that cannot be stored are left out.
func (run *importRun) put(ctx context.Context, papers []offprint.Paper, places []place) error {
	if len(papers) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// A transaction that has begun is completed: it takes a moment, and to
	// break it off would lose it.
	res, err := run.Store.PutPapers(context.WithoutCancel(ctx), papers)
	if err == nil {
		run.done.Added += res.Added
		run.done.Updated += res.Updated
		run.done.Unchanged += res.Unchanged
		run.faults = 0
		return nil
	}
	if n := len(papers); n > 1 {
		if err := run.put(ctx, papers[:n/2], places[:n/2]); err != nil {
			return err
		}
		return run.put(ctx, papers[n/2:], places[n/2:])
	}
	bad := &RecordError{File: places[0].file, Line: places[0].line, Err: err}
	if offprint.KindOf(err) == offprint.KindInternal {
		if run.faults++; run.faults == maxFaults {
			return fmt.Errorf("import stopped: %w", bad)
		}
	}
	run.reject(bad)
	return nil
}

// countingReader adds the bytes that it reads to n.
type countingReader struct {
	r io.Reader
	n *atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
