// Package enginetest makes papers that have something to be learned from, for
// tests of the engine and of the pages.
package enginetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/engine"
)

// Subjects is how many subjects the papers have; paper i of [Papers] is about
// subject i modulo Subjects.
const Subjects = 8

// Newest is the day of the newest of [Papers].
var Newest = offprint.NewDate(2026, time.March, 31)

// Papers returns n papers, oldest first, over the 100 days up to [Newest]. Each
// is about one subject, and has words and authors of that subject and words that
// all have. The subjects 0 and 1 become more frequent words of titles in the end.
func Papers(n int) []offprint.Paper {
	rng := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // the same papers each time
	papers := make([]offprint.Paper, n)
	for i := range papers {
		s := i % Subjects
		text := func(words int) string {
			var b []string
			for range words {
				switch rng.IntN(3) {
				case 0:
					b = append(b, word("common", rng.IntN(60)))
				default:
					b = append(b, word(subject(s), rng.IntN(40)))
				}
			}
			return strings.Join(b, " ")
		}
		day := Newest - offprint.Date(100*(n-1-i)/n)
		papers[i] = offprint.Paper{
			ArXivID:    fmt.Sprintf("26%02d.%05d", 1+i/20000, i),
			Title:      fmt.Sprintf("On %s %s: %s", word(subject(s), 0), word(subject(s), 1+rng.IntN(3)), text(6)),
			Abstract:   text(70) + ".",
			Authors:    []string{fmt.Sprintf("Ada %s%d", subject(s), rng.IntN(20)), fmt.Sprintf("Kurt %s%d", subject(s), rng.IntN(20))},
			Categories: []string{fmt.Sprintf("cs.%c%c", 'A'+s/4, 'A'+s%4)},
			Listed:     day, Published: day.Time(), Updated: day.Time(),
			Origins: []offprint.Origin{{Source: "arxiv", Seen: day.Time()}},
		}
	}
	return papers
}

func subject(s int) string {
	return []string{"alef", "bet", "gimel", "dalet", "he", "vav", "zayin", "het"}[s]
}

// word is the k-th word of a vocabulary: letters alone.
func word(vocabulary string, k int) string {
	return vocabulary + string(rune('a'+k/20)) + string(rune('a'+k%20))
}

// Quick are options to learn from [Papers] in a second.
var Quick = engine.Options{Seed: 1, Dim: 64, Epochs: 2}

// Open puts papers into a store, learns from them, and returns an engine in step
// with them. It takes some seconds.
func Open(tb testing.TB, store offprint.Store, papers []offprint.Paper) *engine.Engine {
	tb.Helper()
	ctx := tb.Context()
	if _, err := store.PutPapers(ctx, papers); err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	if _, err := engine.Learn(ctx, store, dir, Quick); err != nil {
		tb.Fatal(err)
	}
	e, err := engine.Open(engine.Config{Store: store, Dir: dir, Now: func() time.Time { return Newest.Time().Add(12 * time.Hour) }})
	if err != nil {
		tb.Fatal(err)
	}
	if err := e.Sync(ctx); err != nil {
		tb.Fatal(err)
	}
	return e
}
