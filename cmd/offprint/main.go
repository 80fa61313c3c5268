// Command offprint is a self-hosted Daily Papers: it collects papers, shows a
// page a day, and mails a digest. "offprint help" lists what it can do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"
	_ "time/tzdata" // time zones of readers, on machines without them

	"github.com/alecthomas/kong"
)

//go:generate go run . settings --output ../../docs/configuration.md

// version is set by the build: see the Makefile.
var version = "dev"

// The exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2 // the command line or the configuration is wrong
)

func main() {
	if slices.ContainsFunc(os.Args[1:], computes) {
		withoutFMA()
	}
	// The first signal ends the work in good order; after it, a second one kills.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// computes says whether a command spends its time in products of matrices.
func computes(arg string) bool {
	return slices.Contains([]string{"serve", "run", "train", "bench"}, arg)
}

// env is what a command works with.
type env struct {
	globals
	stdin          io.Reader
	stdout, stderr io.Writer
	log            *slog.Logger
}

// run executes one command line and returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	var c cli
	shown := false // help, which kong prints while it parses
	parser, err := newParser(&c, defaultData(),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { shown = true }))
	if err != nil {
		panic(err) // the declarations in cli.go are wrong
	}
	command, err := parser.Parse(args)
	if err == nil && !shown {
		e := &env{globals: c.globals, stdin: stdin, stdout: stdout, stderr: stderr, log: newLog(c.globals, stderr)}
		command.BindTo(ctx, (*context.Context)(nil))
		err = command.Run(e)
	}
	_, badUsage := errors.AsType[*kong.ParseError](err)
	_, badConfig := errors.AsType[*configError](err)
	switch {
	case err == nil || shown:
		return exitOK
	case badConfig:
		fmt.Fprintf(stderr, "offprint: %v\n", err)
		return exitUsage
	case badUsage:
		fmt.Fprintf(stderr, "offprint: %v\nRun \"offprint %s--help\" to see how it is used.\n", err, commandOf(err))
		return exitUsage
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "offprint: interrupted")
	default:
		fmt.Fprintf(stderr, "offprint: %v\n", err)
	}
	return exitFailed
}

// commandOf returns the command that a parse error is about, with a space after it.
func commandOf(err error) string {
	if e, ok := errors.AsType[*kong.ParseError](err); ok && e.Context != nil {
		if node := e.Context.Selected(); node != nil {
			return node.Path() + " "
		}
	}
	return ""
}

func newLog(g globals, w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: g.LogLevel}
	if g.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
