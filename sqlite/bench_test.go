package sqlite

import (
	"os"
	"path/filepath"
	"testing"
)

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
		b.ReportMetric(float64(len(papers)*b.N)/b.Elapsed().Seconds(), "papers/s")
	}
}
