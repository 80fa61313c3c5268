package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/catalogue"
	"github.com/offprint/offprint/lab/queue"
	"github.com/offprint/offprint/methods"
	"github.com/offprint/offprint/web"
)

// labSettings are the settings of running papers from their pages.
type labSettings struct {
	LabRuns     string `enum:"owner,readers" default:"owner" placeholder:"WHO" help:"Who may run papers from their pages: owner or readers."`
	LabParallel int    `default:"1" placeholder:"N" help:"How many papers run at the same time."`
}

// lab makes the lab for the pages. Runs are processes of this same binary.
func (c *labSettings) lab(e *env) (*web.Lab, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program, to run papers with it: %w", err)
	}
	archive := lab.Archive{Dir: filepath.Join(e.Data, labFolder)}
	return &web.Lab{
		Entries: catalogue.List(), Archive: archive, Source: methods.Source, Open: c.LabRuns == "readers",
		Queue: queue.New(archive, e.log, queue.Command(self)),
	}, nil
}
