package main

import (
	"context"
	"fmt"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/bibfile"
	"github.com/offprint/offprint/sqlite"
)

type importCmd struct {
	Files  []string `arg:"" name:"file" help:"Files to import, plain or compressed by gzip; - is standard input."`
	Format string   `env:"-" enum:",jsonl,bibtex,ris" default:"" placeholder:"FORMAT" help:"Form of the files: jsonl, bibtex or ris. Without it, each file's name or content tells."`
}

// Run imports the files. A record that is left out is no failure of the whole.
func (c importCmd) Run(ctx context.Context, e *env) error {
	return e.withStore(ctx, func(store *sqlite.Store) error {
		p := newProgress(e.stderr, "import")
		im := bibfile.Import{
			Store: store, Format: bibfile.Format(c.Format), Stdin: e.stdin,
			Bad: func(bad *bibfile.RecordError) { fmt.Fprintln(p, printable(bad.Error())) },
			Progress: func(at bibfile.Progress) {
				p.update(step{Done: at.Read, Total: at.Total, Count: int64(at.Records()), Unit: "papers"})
			},
		}
		at, err := im.Run(ctx, c.Files)
		p.finish()
		fmt.Fprintf(e.stdout, "%s; %s bad records left out\n", counts(at.PutResult), grouped(int64(at.Bad)))
		return err
	})
}

// counts says what was stored.
func counts(r offprint.PutResult) string {
	return fmt.Sprintf("%s added, %s updated, %s unchanged", grouped(int64(r.Added)), grouped(int64(r.Updated)), grouped(int64(r.Unchanged)))
}
