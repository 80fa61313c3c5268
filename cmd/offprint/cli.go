package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/offprint/offprint/arxiv"
	"github.com/offprint/offprint/quality"
)

// cli is the command line. A flag without env:"-" is a setting: it can also be
// given as OFFPRINT_NAME and in the configuration file, and stands in
// docs/configuration.md.
type cli struct {
	globals

	Serve    serveCmd    `cmd:"" help:"Show the papers on the web, and collect and mail in the background."`
	Import   importCmd   `cmd:"" help:"Store the papers of files: JSON lines, BibTeX or RIS."`
	Sync     syncCmd     `cmd:"" help:"Read the sources now."`
	Add      addCmd      `cmd:"" help:"Fetch single papers from arXiv and store them."`
	Source   sourceCmd   `cmd:"" help:"Say where papers come from."`
	Digest   digestCmd   `cmd:"" help:"Look at digests, and send those that are due."`
	Export   exportCmd   `cmd:"" help:"Write all papers, or everything that a reader has."`
	Backup   backupCmd   `cmd:"" help:"Copy the store into a file, also while it is served."`
	Restore  restoreCmd  `cmd:"" help:"Put a backup in the place of the store."`
	Invite   inviteCmd   `cmd:"" help:"Print a link with which somebody can create an account."`
	SignIn   signInCmd   `cmd:"" help:"Print a link that signs a reader in, where no mail is sent."`
	Reader   readerCmd   `cmd:"" help:"List and suspend readers."`
	List     listCmd     `cmd:"" help:"List the papers of the founding list, and which of them run."`
	Train    trainCmd    `cmd:"" help:"Learn from the papers in the store: search by meaning, recommendations, topics."`
	Run      runCmd      `cmd:"" help:"Run a paper: its method against its baselines, with checks and plots."`
	Bench    benchCmd    `cmd:"" help:"Measure what is learned from the papers here, on the newest month, each figure beside its bar and the baselines."`
	Dataset  dataCmd     `cmd:"" name:"data" help:"Find and fetch the data sets that papers run on."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
	Help     helpCmd     `cmd:"" help:"Show how a command is used."`
	Settings settingsCmd `cmd:"" hidden:"" help:"Write the table of settings, in Markdown."`
}

// globals are the settings of every command.
type globals struct {
	Data      string     `env:"OFFPRINT_DATA_DIR" placeholder:"DIR" default:"${data}" help:"Folder of the store and everything beside it."`
	Config    string     `placeholder:"FILE" help:"Configuration file. Without it, offprint.toml in the data folder is read if it exists, else /etc/offprint.toml."`
	LogFormat string     `placeholder:"FORMAT" enum:"text,json" default:"text" help:"Form of the log: ${enum}."`
	LogLevel  slog.Level `placeholder:"LEVEL" default:"info" help:"Least level that is logged: debug, info, warn or error."`
}

// newParser returns a parser into c. Data is the default of --data.
func newParser(c *cli, data string, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(c, append([]kong.Option{
		kong.Name("offprint"),
		kong.Description("Offprint is a daily page of papers of your own: it collects them, shows them, and mails a digest."),
		kong.Vars{"data": data, "oai": arxiv.OAIURL, "sections": strings.Join(quality.Names(), ", ")},
		kong.DefaultEnvars("OFFPRINT"),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	}, options...)...)
}

// defaultData is the folder that the XDG base directory specification names.
func defaultData() string {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "offprint")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "offprint-data"
	}
	return filepath.Join(home, ".local", "share", "offprint")
}

type versionCmd struct{}

func (versionCmd) Run(e *env) error {
	_, err := fmt.Fprintln(e.stdout, "offprint", version)
	return err
}

type helpCmd struct {
	Command []string `arg:"" optional:"" help:"Command to explain."`
}

// Run parses the command with --help, which shows it.
func (c helpCmd) Run(ctx *kong.Context) error {
	_, err := ctx.Kong.Parse(append(c.Command, "--help"))
	return err
}
