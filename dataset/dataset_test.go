package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// TestSetsAsPublished reads every set that is on this machine and compares it
// with what its publishers say of it.
func TestSetsAsPublished(t *testing.T) {
	for _, s := range All() {
		t.Run(s.Name, func(t *testing.T) {
			if _, err := Find(s.Name); err != nil {
				t.Skip(err)
			}
			if err := Verify(s.Name); err != nil {
				t.Fatal(err)
			}
		})
	}
	counts := []struct {
		name string
		read func() (int, error)
		want int
	}{
		{"digits", func() (int, error) { x, err := ReadTable("digits"); return rows(x), err }, 1797},
		{"cora", func() (int, error) {
			g, err := ReadGraph("cora")
			if err != nil {
				return 0, err
			}
			return len(g.Undirected()), nil
		}, 5278},
		{"blogcatalog", func() (int, error) {
			g, err := ReadGraph("blogcatalog")
			if err != nil {
				return 0, err
			}
			return len(g.Undirected()), nil
		}, 333983},
		{"movielens-100k", func() (int, error) {
			m, err := ReadMovieLens()
			if err != nil {
				return 0, err
			}
			return len(m.Train) + len(m.Test), nil
		}, 100000},
		{"gowalla", func() (int, error) {
			x, err := ReadGowalla()
			if err != nil {
				return 0, err
			}
			return len(x.Train) + len(x.Test), nil
		}, 1027370},
		{"lastfm", func() (int, error) {
			x, err := ReadLastFM()
			if err != nil {
				return 0, err
			}
			return x.Users, nil
		}, 1892},
		{"papers", func() (int, error) { r, err := ReadPapers("2025-12", "2025-12"); return min(len(r), 1), err }, 1},
		{"tinyshakespeare", func() (int, error) { s, err := ReadText("tinyshakespeare"); return len(s), err }, 1115394},
	}
	for _, c := range counts {
		t.Run(c.name+"/count", func(t *testing.T) {
			n, err := c.read()
			if _, ok := errors.AsType[*MissingError](err); ok {
				t.Skip(err)
			}
			if err != nil || n != c.want {
				t.Errorf("%d, %v; want %d", n, err, c.want)
			}
		})
	}
}

func rows(x *Table) int {
	if x == nil {
		return 0
	}
	return len(x.X)
}

func TestBadLinesAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		file, content string
		read          func(dir string) error
		want          string
	}{
		"number": {"t.csv", "x0,y\n1,2\n3,z\n", func(d string) error { _, err := readTable(d, "t.csv"); return err }, "t.csv:3: \"z\" is not a number"},
		"short":  {"t.csv", "x0,y\n1\n", func(d string) error { _, err := readTable(d, "t.csv"); return err }, "t.csv:2: 1 values, want 2"},
		"header": {"t.csv", "1,2\n", func(d string) error { _, err := readTable(d, "t.csv"); return err }, "t.csv:1:"},
		"node":   {"nodes.tsv", "1\t0\tnone\t\n", func(d string) error { _, err := readGraph(d); return err }, "nodes.tsv:1: node \"1\", want 0"},
		"split":  {"nodes.tsv", "0\t0\tmaybe\t\n", func(d string) error { _, err := readGraph(d); return err }, "nodes.tsv:1:"},
		"item":   {"train.txt", "0 1 x\n", func(d string) error { _, err := readInteractions(d); return err }, "train.txt:1: \"x\" is not a whole number"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := c.read(dir); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want it to contain %q", err, c.want)
			}
		})
	}
}

// TestFetchResumes cuts a download off, goes on with it, and refuses a file
// whose checksum is wrong.
func TestFetchResumes(t *testing.T) {
	body := bytes.Repeat([]byte("offprint "), 10_000)
	sum := sha256.Sum256(body)
	served := body
	cut := true
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if cut {
			w.Header().Set("Content-Length", "90000")
			_, _ = w.Write(served[:30_000])
			return // the rest never comes
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(served))
	}))
	defer srv.Close()
	dir := t.TempDir()
	f := File{Name: "f.txt", SHA256: hex.EncodeToString(sum[:]), URL: srv.URL}
	if err := fetchFile(t.Context(), srv.Client(), dir, f, nil); err == nil {
		t.Fatal("a file that was cut off is taken for whole")
	}
	part, err := os.Stat(filepath.Join(dir, "f.txt.part"))
	if err != nil || part.Size() != 30_000 {
		t.Fatalf("kept %v, %v; want the 30,000 bytes that arrived", part, err)
	}
	cut = false
	var first int64
	if err := fetchFile(t.Context(), srv.Client(), dir, f, func(_ string, n, _ int64) {
		if first == 0 {
			first = n
		}
	}); err != nil {
		t.Fatal(err)
	}
	if first <= 30_000 {
		t.Errorf("the first bytes came at %d: it began anew", first)
	}
	got, err := os.ReadFile(filepath.Join(dir, "f.txt"))
	if err != nil || !bytes.Equal(got, body) {
		t.Fatalf("content differs, %v", err)
	}
	served = append([]byte("x"), body...)
	f.Name = "g.txt"
	if err := fetchFile(t.Context(), srv.Client(), dir, f, nil); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("error %v, want one about the checksum", err)
	}
}

func TestMissingSaysWhatToDo(t *testing.T) {
	for _, s := range All() {
		msg := (&MissingError{s}).Error()
		if !strings.Contains(msg, "offprint data fetch "+s.Name) && !strings.Contains(msg, "OFFPRINT_DATA") {
			t.Errorf("%s: %q does not say what to do", s.Name, msg)
		}
	}
}

func TestMonthsCountFromTheNewest(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("OFFPRINT_DATA", dir)
	line := `{"id": "2401.00001", "listed": "2024-01-02", "title": "A title", "abstract": "Words."}` + "\n"
	for _, name := range []string{"2024-01.jsonl", "2023-12.jsonl", "2024-03.jsonl", "notes.txt"} {
		path := filepath.Join(dir, "papers", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(line), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for back, want := range []string{"2024-03", "2024-01", "2023-12"} {
		if got, err := PaperMonth(back); err != nil || got != want {
			t.Errorf("PaperMonth(%d) = %q, %v; want %q", back, got, err, want)
		}
	}
	if _, err := PaperMonth(3); offprint.KindOf(err) != offprint.KindNotFound {
		t.Errorf("a fourth month of three: %v", err)
	}
	if r, err := ReadPapers("2023-12", "2024-01"); err != nil || len(r) != 2 {
		t.Errorf("%d records, %v; want 2", len(r), err)
	}
}
