package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

type settingsCmd struct {
	Output string `env:"-" placeholder:"FILE" help:"File to write; standard output if absent."`
}

func (c settingsCmd) Run(e *env) error {
	// Not the parser of this run: its defaults are this machine's.
	parser, err := newParser(&cli{}, "~/.local/share/offprint")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	writeSettings(&b, parser.Model)
	if c.Output == "" {
		_, err = b.WriteTo(e.stdout)
		return err
	}
	return os.WriteFile(c.Output, b.Bytes(), 0o644)
}

// writeSettings writes docs/configuration.md.
func writeSettings(w *bytes.Buffer, app *kong.Application) {
	w.WriteString(`# Configuration

<!-- Written by "make generate" from cmd/offprint; a test compares. -->

Every setting can be given in three ways. The first that gives it counts:

1. a flag of the command: ` + "`offprint serve --sign-up open`" + `
2. an environment variable: ` + "`OFFPRINT_SIGN_UP=open`" + `
3. a line of the configuration file, named as the flag: ` + "`sign-up = \"open\"`" + `

The configuration file is TOML. It is the one that ` + "`--config`" + ` names, else
` + "`offprint.toml`" + ` in the data folder, else ` + "`/etc/offprint.toml`" + `. Names that
do not exist and values that do not fit are errors. Lists are written
` + "`[\"a\", \"b\"]`" + ` in the file and ` + "`a,b`" + ` elsewhere; durations as ` + "`90s`, `15m`, `6h`" + `.

| setting | environment | default | of | meaning |
| --- | --- | --- | --- | --- |
`)
	for _, s := range settings(app) {
		of := "all commands"
		if len(s.commands) > 0 {
			of = strings.Join(s.commands, ", ")
		}
		def := ""
		if s.Default != "" {
			def = "`" + s.Default + "`"
		}
		name := "--" + s.Name
		if !s.IsBool() {
			name += " " + s.FormatPlaceHolder()
		}
		fmt.Fprintf(w, "| `%s` | `%s` | %s | %s | %s |\n", name, s.Envs[0], def, of, strings.ReplaceAll(s.Help, "|", `\|`))
	}
	w.WriteString(`
` + "`XDG_DATA_HOME`" + `, if it is set, takes the place of ` + "`~/.local/share`" + `.

The password of the mail server is best given as a file that only the service
can read (` + "`smtp-password-file`" + `): a flag shows in the list of processes.
`)
}
