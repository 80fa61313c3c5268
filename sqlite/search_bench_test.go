package sqlite

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/fulltext"
)

// BenchmarkBuildSegment builds segments of 2,000 papers, without a database.
func BenchmarkBuildSegment(b *testing.B) {
	papers := needRealPapers(b)
	for i := range papers {
		papers[i].ID = int64(i + 1)
	}
	at := 0
	for b.Loop() {
		var builder fulltext.Builder
		for range 2000 {
			builder.Add(&papers[at%len(papers)])
			at++
		}
		if _, err := builder.Build(func(int, []byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(at), "µs/paper")
}

// BenchmarkSearch measures searches of all records, one after the other.
func BenchmarkSearch(b *testing.B) {
	papers := needRealPapers(b)
	s := openTemp(b)
	start := time.Now()
	importAll(b, s, papers)
	b.Logf("imported in %v", time.Since(start))
	var size int64
	var segments int
	err := s.readers.QueryRow(`SELECT sum(length(data)), (SELECT count(*) FROM segment) FROM posting`).Scan(&size, &segments)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d segments, %.1f MB", segments, float64(size)/1e6)

	r := rand.New(rand.NewPCG(1, 2))
	fromTitles := func(n int) []string {
		var queries []string
		for range 500 {
			words := strings.Fields(papers[r.IntN(len(papers))].Title)
			k := min(n, len(words))
			at := r.IntN(len(words) - k + 1)
			queries = append(queries, strings.Join(words[at:at+k], " "))
		}
		return queries
	}
	filtered := func() []string {
		var queries []string
		for _, q := range fromTitles(2) {
			queries = append(queries, q+[]string{" cat:cs.CL", " -cat:cs.CV", " after:2025-10", " author:wang", " cat:cs before:2025-09"}[r.IntN(5)])
		}
		return queries
	}
	for _, c := range []struct {
		name    string
		queries []string
		sort    offprint.Sort
	}{
		{"words=2", fromTitles(2), offprint.SortRelevance},
		{"words=3", fromTitles(3), offprint.SortRelevance},
		{"words=5", fromTitles(5), offprint.SortRelevance},
		{"filtered", filtered(), offprint.SortRelevance},
		{"time", fromTitles(2), offprint.SortTime},
		{"trending", fromTitles(2), offprint.SortTrending},
		{"model", []string{"model"}, offprint.SortRelevance},
		{"language-models", []string{"language models"}, offprint.SortRelevance},
		{"large-language-models", []string{"large language models"}, offprint.SortRelevance},
		{"phrase", []string{`"large language models"`}, offprint.SortRelevance},
		{"compound", []string{`gpt-4`}, offprint.SortRelevance},
		{"prefix", []string{`transf*`}, offprint.SortRelevance},
		{"prefix-short", []string{`co*`}, offprint.SortRelevance},
		{"author", []string{`author:"wei wang"`}, offprint.SortTime},
		{"category", []string{`cat:cs.CL`}, offprint.SortTime},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			i, found := 0, 0
			for b.Loop() {
				text := c.queries[i%len(c.queries)]
				i++
				q, err := offprint.ParseQuery(text)
				if err != nil {
					continue // an odd title
				}
				start := time.Now()
				err = s.read(b.Context(), "search", func(tx *sql.Tx) error {
					_, n, err := s.search.search(b.Context(), tx, q, searchFilter{}, c.sort, 0, 25)
					found += n
					return err
				})
				if err != nil {
					b.Fatal(fmt.Errorf("%s: %w", text, err))
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
			b.ReportMetric(float64(found)/float64(i), "matches")
		})
	}
}
