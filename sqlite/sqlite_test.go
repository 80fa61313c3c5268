package sqlite

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// openTemp opens a new store that is closed with the test.
func openTemp(tb testing.TB) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), filepath.Join(tb.TempDir(), "offprint.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

var realPapers = sync.OnceValue(func() []offprint.Paper {
	dir := os.Getenv("OFFPRINT_DATA")
	if dir == "" {
		dir = "../../shared/data"
	}
	files, err := filepath.Glob(filepath.Join(dir, "papers", "*.jsonl.gz"))
	if err != nil {
		panic(err)
	}
	var papers []offprint.Paper
	for _, name := range files {
		papers = append(papers, readPapers(name)...)
	}
	return papers
})

func readPapers(name string) (papers []offprint.Paper) {
	f, err := os.Open(name)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r struct {
			ID, Title, Comment, Abstract string
			Listed                       offprint.Date
			Authors, Categories          []string
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			panic(err)
		}
		papers = append(papers, offprint.Paper{
			ArXivID: r.ID, Title: r.Title, Comment: r.Comment, Abstract: r.Abstract, Listed: r.Listed, Authors: r.Authors, Categories: r.Categories,
			Origins: []offprint.Origin{{Source: "arxiv", URL: "https://arxiv.org/abs/" + r.ID, Seen: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}},
		})
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
	return papers
}

// needRealPapers returns the 54,002 records, or skips.
func needRealPapers(tb testing.TB) []offprint.Paper {
	tb.Helper()
	papers := realPapers()
	if len(papers) == 0 {
		tb.Skip("the records are not here: set OFFPRINT_DATA to a folder with papers/*.jsonl.gz")
	}
	return papers
}

const batch = 2000

func importAll(tb testing.TB, s *Store, papers []offprint.Paper) {
	tb.Helper()
	for start := 0; start < len(papers); start += batch {
		if _, err := s.PutPapers(tb.Context(), papers[start:min(start+batch, len(papers))]); err != nil {
			tb.Fatal(err)
		}
	}
}
