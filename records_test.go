package offprint

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
)

// realPapers returns the records of arXiv that development is tried on, cleaned,
// and skips the test where they are not at hand.
func realPapers(tb testing.TB) []Paper {
	tb.Helper()
	papers, err := loadRecords()
	if err != nil {
		tb.Fatal(err)
	}
	if len(papers) == 0 {
		tb.Skip("no real records: set OFFPRINT_DATA to the folder that holds papers/YYYY-MM.jsonl.gz")
	}
	return papers
}

var loadRecords = sync.OnceValues(func() ([]Paper, error) {
	files, err := filepath.Glob(filepath.Join(cmp.Or(os.Getenv("OFFPRINT_DATA"), "../shared/data"), "papers", "*.jsonl.gz"))
	if err != nil {
		return nil, err
	}
	var papers []Paper
	for _, name := range files {
		if papers, err = appendRecords(papers, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return papers, nil
})

func appendRecords(papers []Paper, name string) ([]Paper, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var r struct {
			ID, Title, Comment, Abstract string
			Listed                       Date
			Authors, Categories          []string
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, err
		}
		p := Paper{ArXivID: r.ID, Title: r.Title, Authors: r.Authors, Abstract: r.Abstract, Comment: r.Comment, Categories: r.Categories, Listed: r.Listed}
		if err := p.Clean(); err != nil {
			return nil, err
		}
		papers = append(papers, p)
	}
	return papers, lines.Err()
}

// Works that were submitted to arXiv twice share a key, and nothing else does:
// the pairs were looked at one by one.
func TestTitleKeyOnRealRecords(t *testing.T) {
	papers := realPapers(t)
	same := map[string]string{ // by the later id
		"2509.25393": "2509.18176",
		"2510.15349": "2506.03197",
		"2510.03122": "2506.06035",
		"2601.11002": "2509.21801",
		"2510.09354": "2507.12759",
	}
	byKey := make(map[string]string)
	empty := 0
	for _, p := range papers {
		key := TitleKey(p.Title, p.Authors)
		if key == "" {
			empty++
			continue
		}
		if other, ok := byKey[key]; ok && same[max(p.ArXivID, other)] != min(p.ArXivID, other) {
			t.Errorf("%s and %s share the key %q", other, p.ArXivID, key)
		}
		byKey[key] = p.ArXivID
	}
	if empty > len(papers)/100 {
		t.Errorf("%d of %d records have no key", empty, len(papers))
	}
	t.Logf("%d records, %d keys, %d without", len(papers), len(byKey), empty)
}

// Cleaning a real record loses nothing of it, and is done once.
func TestCleanOnRealRecords(t *testing.T) {
	links, keys := 0, make(map[string]bool)
	for _, p := range realPapers(t) {
		again := p
		if err := again.Clean(); err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("%s changes again: %v", p.ArXivID, err)
		}
		if p.ArXivID == "" || p.Listed == 0 || p.Abstract == "" || len(p.Authors) == 0 || len(p.Categories) == 0 || keys[p.Key] {
			t.Errorf("%s lost something, or its key is not its own: %+v", p.Key, p)
		}
		for _, c := range p.Categories {
			if got := cleanCategory(c); got != c {
				t.Errorf("category %q becomes %q", c, got)
			}
		}
		keys[p.Key] = true
		if len(p.Links) > 0 {
			links++
		}
	}
	if links < len(keys)/5 {
		t.Errorf("%d of %d records have links, which is too few", links, len(keys))
	}
	t.Logf("%d of %d records have links", links, len(keys))
}

func BenchmarkClean(b *testing.B) {
	papers := realPapers(b)
	i := 0
	for b.Loop() {
		p := papers[i%len(papers)]
		if err := p.Clean(); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkIdentifiers(b *testing.B) {
	papers := realPapers(b)
	i := 0
	for b.Loop() {
		papers[i%len(papers)].Identifiers()
		i++
	}
}
