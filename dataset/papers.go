package dataset

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/offprint/offprint"
)

// Record is an arXiv listing record of the set papers.
type Record struct {
	ID         string        `json:"id"`
	Listed     offprint.Date `json:"listed"`
	Title      string        `json:"title"`
	Authors    []string      `json:"authors"`
	Categories []string      `json:"categories"` // primary first
	Comment    string        `json:"comment"`
	Abstract   string        `json:"abstract"`
}

// PaperMonths lists the months that the set papers has, such as 2025-12,
// ascending.
func PaperMonths() ([]string, error) {
	dir, err := Find("papers")
	if err != nil {
		return nil, err
	}
	return monthsIn(dir)
}

func monthsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var months []string
	for _, e := range entries {
		if month, ok := strings.CutSuffix(strings.TrimSuffix(e.Name(), ".gz"), ".jsonl"); ok {
			months = append(months, month)
		}
	}
	slices.Sort(months)
	return slices.Compact(months), nil
}

// PaperMonth is a month of the set papers, counted back from its newest, which
// is 0: test beds that name their months so work on whatever records there are.
func PaperMonth(back int) (string, error) {
	months, err := PaperMonths()
	if err != nil {
		return "", err
	}
	if back < 0 || back >= len(months) {
		return "", offprint.Errorf(offprint.KindNotFound, "The data set papers has %d months, and this needs %d: add files YYYY-MM.jsonl.", len(months), back+1)
	}
	return months[len(months)-1-back], nil
}

// ReadPapers reads the records of the months from first to last, such as
// 2025-12 to 2026-02, in listing order. Empty ends take in all there are.
func ReadPapers(first, last string) ([]Record, error) {
	dir, err := Find("papers")
	if err != nil {
		return nil, err
	}
	months, err := monthsIn(dir)
	if err != nil {
		return nil, err
	}
	for _, m := range []string{first, last} {
		if m != "" && !slices.Contains(months, m) {
			return nil, offprint.Errorf(offprint.KindNotFound, "The data set papers in %s has no month %s.", dir, m)
		}
	}
	var records []Record
	for _, m := range months {
		if first != "" && m < first || last != "" && m > last {
			continue
		}
		if err := eachLine(dir, m+".jsonl", func(_ int, line string) error {
			var r Record
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				return err
			}
			if r.ID == "" || r.Title == "" {
				return fmt.Errorf("a record without id or title")
			}
			records = append(records, r)
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// ReadText reads a plain text: tinyshakespeare.
func ReadText(name string) (string, error) {
	dir, err := Find(name)
	if err != nil {
		return "", err
	}
	r, p, err := open(dir, name+".txt")
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, 64<<20))
	if err != nil {
		return "", fmt.Errorf("%s: %w", filepath.Base(p), err)
	}
	return string(b), nil
}
