package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/outbound"
)

type dataCmd struct {
	List  dataListCmd  `cmd:"" help:"List the data sets and where they are."`
	Path  dataPathCmd  `cmd:"" help:"Print the folder of a data set."`
	Fetch dataFetchCmd `cmd:"" help:"Fetch a data set from its home into the cache."`
}

type dataListCmd struct{}

// Run lists every data set, with its folder or "not here".
func (dataListCmd) Run(e *env) error {
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "name\twhat\trows\tlicence\tfolder")
	for _, s := range dataset.All() {
		dir, err := dataset.Find(s.Name)
		if _, missing := errors.AsType[*dataset.MissingError](err); missing {
			dir = "not here"
		} else if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", s.Name, s.What, s.Rows, s.Licence, dir)
	}
	return w.Flush()
}

type dataPathCmd struct {
	Name string `arg:"" help:"Data set."`
}

// Run prints the folder of a set, after comparing its files with their checksums.
func (c dataPathCmd) Run(e *env) error {
	dir, err := dataset.Find(c.Name)
	if err != nil {
		return err
	}
	if err := dataset.Verify(c.Name); err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.stdout, dir)
	return err
}

type dataFetchCmd struct {
	Name string `arg:"" help:"Data set."`
}

// Run fetches a set, going on where an earlier try was cut off.
func (c dataFetchCmd) Run(ctx context.Context, e *env) error {
	client := outbound.New(outbound.Options{UserAgent: outbound.UserAgent(version, "", ""), MaxBody: 1 << 30})
	p := newProgress(e.stderr, "fetch "+c.Name)
	dir, err := dataset.Fetch(ctx, client, c.Name, func(file string, done, total int64) {
		p.update(step{Done: done, Total: total, Text: file})
	})
	p.finish()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.stdout, dir)
	return err
}
