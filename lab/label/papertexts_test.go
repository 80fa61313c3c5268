package label

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSomeMonths(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("OFFPRINT_DATA", dir)
	for _, c := range []struct {
		add         string
		first, last string
	}{
		{"2024-01", "2024-01", "2024-01"},
		{"2024-02", "2024-01", "2024-02"},
		{"2024-04", "2024-01", "2024-04"},
		{"2024-05", "2024-02", "2024-05"},
		{"2024-06", "2024-04", "2024-06"},
		{"2024-07", "2024-04", "2024-06"},
	} {
		path := filepath.Join(dir, "papers", c.add+".jsonl")
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if first, last, err := someMonths(3); err != nil || first != c.first || last != c.last {
			t.Errorf("with %s: %s to %s, %v; want %s to %s", c.add, first, last, err, c.first, c.last)
		}
	}
}
