package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
)

// record is what the measurements need of a paper.
type record struct {
	ID         string   `json:"id"`
	Listed     string   `json:"listed"`
	Title      string   `json:"title"`
	Authors    []string `json:"authors"`
	Categories []string `json:"categories"`
	Abstract   string   `json:"abstract"`
	line       []byte
}

func readRecords(files []string) ([]record, error) {
	var records []record
	for _, name := range files {
		if err := func() error {
			f, err := os.Open(name)
			if err != nil {
				return err
			}
			defer f.Close()
			z, err := gzip.NewReader(f)
			if err != nil {
				return err
			}
			lines := bufio.NewScanner(z)
			lines.Buffer(nil, 16<<20)
			for lines.Scan() {
				rec := record{line: append([]byte(nil), lines.Bytes()...)}
				if err := json.Unmarshal(rec.line, &rec); err != nil {
					return err
				}
				records = append(records, rec)
			}
			return lines.Err()
		}(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return records, nil
}

// writeEvery writes every nth record as JSON lines, so that the smaller store
// has as many days as the large one.
func writeEvery(name string, records []record, n int) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	for i := 0; i < len(records); i += n {
		if _, err := fmt.Fprintf(w, "%s\n", records[i].line); err != nil {
			return err
		}
	}
	return w.Flush()
}

// query makes a search of two to five neighbouring words of a title; every
// second one has a filter, or a quoted phrase, as well.
func query(rng *rand.Rand, records []record) string {
	for {
		rec := records[rng.IntN(len(records))]
		words := strings.Fields(strings.Map(func(c rune) rune {
			if strings.ContainsRune(`"():*$\{}`, c) {
				return -1
			}
			return c
		}, rec.Title))
		n := 2 + rng.IntN(4)
		if len(words) < n {
			continue
		}
		at := rng.IntN(len(words) - n + 1)
		words = words[at : at+n]
		if strings.HasPrefix(words[0], "-") {
			continue
		}
		q := strings.Join(words, " ")
		switch rng.IntN(12) {
		case 0:
			q += " cat:" + rec.Categories[0]
		case 1:
			q += " -cat:cs.CV"
		case 2:
			q += " after:2025-10"
		case 3:
			q += " before:2026-01 has:code"
		case 4:
			q += ` author:"` + strings.ReplaceAll(rec.Authors[0], `"`, "") + `"`
		case 5:
			q = `"` + q + `"`
		}
		return q
	}
}
