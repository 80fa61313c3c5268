package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// benchImport imports the records, then lets the sqlite3 command line insert
// the same rows into the same schema in one go.
func benchImport(ctx context.Context, r *report, bin, data string, files []string, records int) error {
	start := time.Now()
	cmd := command(ctx, bin, append([]string{"import", "--data", data}, files...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("import: %w\n%s", err, out)
	}
	took := time.Since(start)
	r.note("import", fmt.Sprintf("%.2f s", took.Seconds()))
	r.note("import: records a second", fmt.Sprintf("%.0f", float64(records)/took.Seconds()))

	store := filepath.Join(data, "offprint.db")
	info, err := os.Stat(store)
	if err != nil {
		return err
	}
	r.note("store on disk", fmt.Sprintf("%.0f MB", float64(info.Size())/1e6))
	if _, err := exec.LookPath("sqlite3"); err != nil {
		fmt.Println("sqlite3 is not installed: the import is not compared")
		return nil
	}

	// The rows as SQL text, which is what the command line reads.
	dump := filepath.Join(data, "dump.sql")
	if err := sqlite3(ctx, "", store, ".output "+dump+"\n.dump\n"); err != nil {
		return err
	}
	defer os.Remove(dump)
	start = time.Now()
	if err := sqlite3(ctx, dump, filepath.Join(data, "again.db"), ""); err != nil {
		return err
	}
	again := time.Since(start)
	r.note("sqlite3: the same rows, ready-made index", fmt.Sprintf("%.2f s", again.Seconds()))

	// The index is part of the work: once more with SQLite's own full-text
	// index, made while inserting, in place of the rows that ours consists of.
	words := filepath.Join(data, "words.sql")
	if err := sqlite3(ctx, "", store, ".output "+words+"\n.mode insert text\nselect id, title, authors, abstract from paper;\n"); err != nil {
		return err
	}
	defer os.Remove(words)
	text, err := os.ReadFile(words)
	if err != nil {
		return err
	}
	rows := filepath.Join(data, "rows.sql")
	if err := withoutPostings(dump, rows, text); err != nil {
		return err
	}
	defer os.Remove(rows)
	start = time.Now()
	if err := sqlite3(ctx, rows, filepath.Join(data, "fts.db"), ""); err != nil {
		return err
	}
	indexed := time.Since(start)
	r.note("sqlite3: the same rows, FTS5 made on the way", fmt.Sprintf("%.2f s", indexed.Seconds()))
	ratio := float64(took) / float64(indexed)
	r.figure("import over sqlite3 with FTS5", fmt.Sprintf("%.2f", ratio), "< 3", ratio < 3)
	ratio = float64(took) / float64(again)
	r.figure("import over sqlite3 with the index ready-made", fmt.Sprintf("%.2f", ratio), "< 3", ratio < 3)
	return nil
}

// withoutPostings copies a dump without our index's rows, and adds an FTS5
// table over the text.
func withoutPostings(dump, out string, text []byte) error {
	b, err := os.ReadFile(dump)
	if err != nil {
		return err
	}
	var w bytes.Buffer
	for line := range bytes.Lines(b) {
		if bytes.HasPrefix(line, []byte("INSERT INTO posting ")) || bytes.HasPrefix(line, []byte("INSERT INTO segment ")) ||
			bytes.HasPrefix(line, []byte("COMMIT;")) {
			continue
		}
		w.Write(line)
	}
	w.WriteString("CREATE VIRTUAL TABLE text USING fts5(title, authors, abstract, content='', tokenize='porter unicode61');\n")
	w.Write(bytes.ReplaceAll(text, []byte("INSERT INTO text VALUES("), []byte("INSERT INTO text(rowid,title,authors,abstract) VALUES(")))
	w.WriteString("COMMIT;\n")
	return os.WriteFile(out, w.Bytes(), 0o600)
}

// sqlite3 runs the command line on a database, with a file or a text as its input.
func sqlite3(ctx context.Context, file, db, input string) error {
	cmd := exec.CommandContext(ctx, "sqlite3", "-batch", db)
	cmd.Stdin = strings.NewReader("PRAGMA journal_mode=wal;\n" + input)
	if file != "" {
		cmd.Stdin = strings.NewReader("PRAGMA journal_mode=wal;\n.read " + file + "\n")
	}
	cmd.Stdout = nil
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("sqlite3: %w: %.500s", err, errs.String())
	}
	return nil
}
