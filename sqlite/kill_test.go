package sqlite

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/offprint/offprint"
)

// killedImport names the environment variable with which this test's binary is
// the child that imports.
const killedImport = "OFFPRINT_TEST_IMPORT"

func TestMain(m *testing.M) {
	if path := os.Getenv(killedImport); path != "" {
		importForever(path)
	}
	os.Exit(m.Run())
}

// importForever stores batch after batch, and prints the number of papers that
// are stored after each.
func importForever(path string) {
	ctx := context.Background()
	s, err := Open(ctx, path)
	if err != nil {
		panic(err)
	}
	for {
		n, err := s.PaperCount(ctx)
		if err != nil {
			panic(err)
		}
		if _, err := s.PutPapers(ctx, testPapers(n, 100)); err != nil {
			panic(err)
		}
		fmt.Println(n + 100)
	}
}

// A process that is killed at any moment while it imports loses nothing that it
// has reported, and leaves no half of a batch.
func TestKilledImport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offprint.db")
	reported := 0
	for i := range 8 {
		reported = max(reported, runKilled(t, path, 1+i%3, time.Duration(i*i)*time.Millisecond))
		if err := Verify(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.PaperCount(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n < reported || n%100 != 0 {
			t.Errorf("%d papers after %d were reported", n, reported)
		}
		for _, p := range testPapers(0, n) {
			if _, err := s.Paper(t.Context(), p.ArXivID); err != nil {
				t.Fatalf("paper %s of %d: %v", p.ArXivID, n, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// runKilled runs the child until it has reported so many batches and some time
// more, kills it, and returns the last number that it reported.
func runKilled(t *testing.T, path string, batches int, more time.Duration) int {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), killedImport+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	reported := 0
	lines := bufio.NewScanner(out)
	for i := 0; lines.Scan(); i++ {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatalf("the child says %q", lines.Text())
		}
		reported = n
		if i == batches {
			time.AfterFunc(more, func() { _ = child.Process.Kill() })
		}
	}
	_ = child.Wait() // killed
	if reported == 0 {
		t.Fatal("the child stored nothing")
	}
	return reported
}

// testPapers returns n papers, from a number on.
func testPapers(from, n int) []offprint.Paper {
	var papers []offprint.Paper
	for i := from; i < from+n; i++ {
		papers = append(papers, offprint.Paper{
			ArXivID: fmt.Sprintf("2601.%05d", i), Title: fmt.Sprintf("The paper with the number %d", i), Authors: []string{fmt.Sprint("Author ", i%37), "Kurt Gödel"},
			Abstract: "An abstract of some words that are the same for all.", Categories: []string{"cs.CL"}, Listed: offprint.Date(20000 + i%10),
			Origins: []offprint.Origin{{Source: "arxiv"}},
		})
	}
	return papers
}
