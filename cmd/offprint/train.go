package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/offprint/offprint/engine"
	"github.com/offprint/offprint/sqlite"
)

const (
	engineFolder  = "engine"     // in the data folder: what has been learned
	trainLockFile = "train.lock" // the one process that learns
)

func (e *env) engineDir() string { return filepath.Join(e.Data, engineFolder) }

type trainCmd struct {
	From       string `env:"-" placeholder:"DIR" help:"Use the sentence-transformer in this folder (model.safetensors, tokenizer.json) instead of an encoder that is trained here."`
	Afresh     bool   `env:"-" help:"Start from the beginning where a training that was cut off would go on."`
	Seed       uint64 `env:"-" default:"1" placeholder:"N" help:"Seed of all randomness."`
	Background bool   `env:"-" hidden:"" help:"Let everything else on the machine go first."`
}

// Run learns, and says what was learned. Ctrl-C keeps the epochs that are done.
func (c trainCmd) Run(ctx context.Context, e *env) error {
	if c.Background {
		lowPriority()
	}
	held, err := e.lockFolder(trainLockFile, true, "another process learns from the store in %s already: wait until it has ended.")
	if err != nil {
		return err
	}
	defer held.Close()
	return e.withStore(ctx, func(store *sqlite.Store) error {
		p := newProgress(e.stderr, "train")
		l, err := engine.Learn(ctx, store, e.engineDir(), engine.Options{
			From: c.From, Afresh: c.Afresh, Seed: c.Seed,
			Progress: func(done float64, what string) {
				p.update(step{Done: int64(1000 * done), Total: 1000, Text: what})
			},
		})
		p.finish()
		if err != nil {
			if ctx.Err() != nil {
				fmt.Fprintln(e.stderr, "What has been learned so far is kept: the same command goes on from there.")
			}
			return err
		}
		printLearned(e.stdout, l)
		return nil
	})
}

func printLearned(w io.Writer, l engine.Learned) {
	fmt.Fprintf(w, "learned from %s papers in %s\n", grouped(int64(l.Papers)), l.Took)
	if l.From != "" {
		fmt.Fprintf(w, "encoder: the sentence-transformer in %s, %d dimensions\n", l.From, l.Dim)
	} else {
		fmt.Fprintf(w, "encoder: %s words and pairs of words, %d dimensions\n", grouped(int64(l.Words)), l.Dim)
		var loss []string
		for _, v := range l.Loss {
			loss = append(loss, fmt.Sprintf("%.2f", v))
		}
		fmt.Fprintf(w, "loss of each epoch: %s\n", strings.Join(loss, ", "))
	}
	fmt.Fprintf(w, "topics: %d\n", l.Topics)
	if len(l.Examples) > 0 {
		fmt.Fprintln(w, "words that have come to mean alike:")
		for _, s := range l.Examples {
			fmt.Fprintln(w, "  "+printable(s))
		}
	}
}

// trainer returns a function that learns in a process of its own, of this same
// binary, which cannot take the server's memory; nil where that is not wanted.
func (c *serveCmd) trainer(e *env) func(ctx context.Context, from string) error {
	if c.Train == "never" {
		return nil
	}
	return func(ctx context.Context, from string) error {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program, to learn with it: %w", err)
		}
		args := []string{"train", "--background", "--data", e.Data}
		if from != "" {
			args = append(args, "--from", from)
		}
		cmd := exec.CommandContext(ctx, self, args...)
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 10 * time.Second
		out, err := cmd.StderrPipe()
		if err != nil {
			return err
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		last := ""
		for lines := bufio.NewScanner(out); lines.Scan(); {
			last = lines.Text()
			e.log.DebugContext(ctx, "training", "says", last)
		}
		if err := cmd.Wait(); err != nil {
			return errors.Join(ctx.Err(), fmt.Errorf("%w: %s", err, last))
		}
		return nil
	}
}
