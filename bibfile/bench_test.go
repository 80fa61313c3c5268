package bibfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// months returns the files of the real data set, or skips.
func months(tb testing.TB) []string {
	tb.Helper()
	dir := os.Getenv("OFFPRINT_DATA")
	if dir == "" {
		dir = "../../shared/data" // beside the repository
	}
	files, _ := filepath.Glob(filepath.Join(dir, "papers", "*.jsonl.gz"))
	if len(files) == 0 {
		tb.Skip("the real papers are not here: set OFFPRINT_DATA to the folder that has papers/YYYY-MM.jsonl.gz")
	}
	return files
}

// readAll reads a file to its end.
func readAll(tb testing.TB, name string) (good, bad int) {
	tb.Helper()
	f, err := os.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	r, err := NewReader(f, name, "")
	if err != nil {
		tb.Fatal(err)
	}
	for {
		_, err := r.Read()
		if errors.Is(err, io.EOF) {
			return good, bad
		}
		if r.err != nil {
			tb.Fatal(err)
		}
		if err == nil {
			good++
		} else {
			bad++
			tb.Log(err)
		}
	}
}

func BenchmarkReadMonths(b *testing.B) {
	files := months(b)
	n := 0
	for b.Loop() {
		for _, f := range files {
			good, _ := readAll(b, f)
			n += good
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "papers/s")
}
