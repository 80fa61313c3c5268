package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// BenchmarkImport stores the 54,002 records in a new store.
func BenchmarkImport(b *testing.B) {
	papers := needRealPapers(b)
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "offprint.db")
		s, err := Open(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		importAll(b, s, papers)
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(info.Size())/1e6, "MB")
	}
	b.ReportMetric(float64(len(papers)*b.N)/b.Elapsed().Seconds(), "papers/s")
}

// BenchmarkImportAgain stores them again, which changes nothing.
func BenchmarkImportAgain(b *testing.B) {
	s, papers := realStore(b, 1)
	for b.Loop() {
		importAll(b, s, papers)
	}
	b.ReportMetric(float64(len(papers)*b.N)/b.Elapsed().Seconds(), "papers/s")
}

// realStore returns a store with one of n of the records, and votes for some.
func realStore(b *testing.B, n int) (*Store, []offprint.Paper) {
	b.Helper()
	var papers []offprint.Paper
	for i, p := range needRealPapers(b) {
		if i%n == 0 {
			papers = append(papers, p)
		}
	}
	s := openTemp(b)
	importAll(b, s, papers)
	r := &offprint.Reader{Name: "ann", Role: offprint.RoleOwner}
	if err := s.CreateReader(b.Context(), r); err != nil {
		b.Fatal(err)
	}
	for id := int64(7); id < int64(len(papers)-20); id += int64(len(papers) / 200) {
		if _, err := s.SetMark(b.Context(), r.ID, id, offprint.MarkVote, true, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
	return s, papers
}

// BenchmarkPages gives the cost of what pages are made of, over a tenth and all
// of the records.
func BenchmarkPages(b *testing.B) {
	for _, n := range []int{10, 1} {
		s, papers := realStore(b, n)
		pages := []struct {
			name string
			run  func(i int) error
		}{
			{"day", listPages(b, s, papers, func(p offprint.Paper) offprint.PaperQuery {
				return offprint.PaperQuery{First: p.Listed, Last: p.Listed, Sort: offprint.SortTrending, ReaderID: 1}
			})},
			{"month", listPages(b, s, papers, func(p offprint.Paper) offprint.PaperQuery {
				m := offprint.SpanOf(offprint.UnitMonth, p.Listed)
				return offprint.PaperQuery{First: m.First, Last: m.Last, Sort: offprint.SortVotes, ReaderID: 1}
			})},
			{"category", listPages(b, s, papers, func(p offprint.Paper) offprint.PaperQuery {
				return offprint.PaperQuery{Category: p.Categories[0], ReaderID: 1}
			})},
			{"category-trending", listPages(b, s, papers, func(p offprint.Paper) offprint.PaperQuery {
				return offprint.PaperQuery{Category: p.Categories[0], Sort: offprint.SortTrending, ReaderID: 1}
			})},
			{"author", listPages(b, s, papers, func(p offprint.Paper) offprint.PaperQuery {
				return offprint.PaperQuery{Author: p.Authors[len(p.Authors)-1], ReaderID: 1}
			})},
			{"library", listPages(b, s, papers, func(offprint.Paper) offprint.PaperQuery {
				return offprint.PaperQuery{Shelf: offprint.MarkVote, ReaderID: 1}
			})},
			{"paper", func(i int) error {
				_, err := s.Paper(b.Context(), papers[i].ArXivID)
				return err
			}},
			{"categories", func(int) error {
				_, err := s.Categories(b.Context())
				return err
			}},
			{"authors", func(i int) error {
				_, err := s.AuthorsLike(b.Context(), papers[i].Authors[0][:2], 50)
				return err
			}},
			{"vote", func(i int) error {
				_, err := s.SetMark(b.Context(), 1, int64(i+1), offprint.MarkVote, i%2 == 0, time.Now())
				return err
			}},
		}
		for _, page := range pages {
			b.Run(fmt.Sprintf("%s/papers=%d", page.name, len(papers)), func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					if err := page.run(i * 7919 % (len(papers) - 20)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func listPages(b *testing.B, s *Store, papers []offprint.Paper, query func(p offprint.Paper) offprint.PaperQuery) func(i int) error {
	return func(i int) error {
		_, err := s.Papers(b.Context(), query(papers[i]))
		return err
	}
}
