package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/bibfile"
	"github.com/offprint/offprint/sqlite"
)

type exportCmd struct {
	Format string `env:"-" enum:"jsonl,bibtex,ris" default:"jsonl" placeholder:"FORMAT" help:"Form of the papers: ${enum}."`
	Reader string `env:"-" placeholder:"EMAIL" help:"Write everything that this reader has, as JSON, instead of the papers."`
	Output string `env:"-" short:"o" placeholder:"FILE" help:"File to write, at once when it is complete; standard output if absent."`
}

func (c exportCmd) Run(ctx context.Context, e *env) error {
	return e.withStore(ctx, func(store *sqlite.Store) error {
		return writeOutput(c.Output, e.stdout, func(w io.Writer) error {
			if c.Reader != "" {
				return exportReader(ctx, store, c.Reader, w)
			}
			return exportPapers(ctx, store, bibfile.Format(c.Format), w)
		})
	})
}

func exportPapers(ctx context.Context, store offprint.Store, format bibfile.Format, w io.Writer) error {
	write := map[bibfile.Format]func(io.Writer, *offprint.Paper) error{
		bibfile.JSONL: bibfile.WriteJSONL, bibfile.BibTeX: bibfile.WriteBibTeX, bibfile.RIS: bibfile.WriteRIS,
	}[format]
	return store.AllPapers(ctx, func(p *offprint.Paper) error { return write(w, p) })
}

func exportReader(ctx context.Context, store offprint.Store, email string, w io.Writer) error {
	email, err := offprint.CleanEmail(email)
	if err != nil {
		return err
	}
	reader, err := store.ReaderByEmail(ctx, email)
	if err != nil {
		return err
	}
	data, err := store.ReaderData(ctx, reader.ID)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(data)
}

// writeOutput has f write to stdout, or to a file that appears under its name
// when it is complete.
func writeOutput(path string, stdout io.Writer, f func(io.Writer) error) error {
	if path == "" {
		return writeBuffered(stdout, f)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // for the user alone
	if err != nil {
		return fmt.Errorf("%s cannot be written: %s", path, reasonOf(err))
	}
	defer os.Remove(tmp.Name()) // renamed by then, if all went well
	if err := errors.Join(writeBuffered(tmp, f), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func writeBuffered(out io.Writer, f func(io.Writer) error) error {
	w := bufio.NewWriterSize(out, 64<<10)
	return errors.Join(f(w), w.Flush())
}
