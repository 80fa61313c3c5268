package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"
)

// setting is a flag that can also be given in the environment and in the
// configuration file, with the commands that have it.
type setting struct {
	*kong.Flag
	commands []string // empty: all
}

// settings returns the settings of the command line in the order of its
// declaration. Commands that share a setting declare it alike.
func settings(app *kong.Application) []setting {
	var list []setting
	var visit func(node *kong.Node)
	visit = func(node *kong.Node) {
		for _, f := range node.Flags {
			if len(f.Envs) == 0 || f.Hidden {
				continue
			}
			i := slices.IndexFunc(list, func(s setting) bool { return s.Name == f.Name })
			if i < 0 {
				i = len(list)
				list = append(list, setting{Flag: f})
			}
			if node.Type == kong.CommandNode {
				list[i].commands = append(list[i].commands, node.Path())
			}
		}
		for _, child := range node.Children {
			visit(child)
		}
	}
	visit(app.Node)
	return list
}

// configError is a fault in the configuration file.
type configError struct {
	file string
	err  error
}

func (e *configError) Error() string { return fmt.Sprintf("%s: %v", e.file, e.err) }
func (e *configError) Unwrap() error { return e.err }

// configFile is a configuration file as a source of flags that neither the
// command line nor the environment gives.
type configFile map[string]any

// BeforeResolve reads the configuration file, once it is known which.
func (c *cli) BeforeResolve(ctx *kong.Context) error {
	given := map[string]string{}
	for _, f := range ctx.Model.Flags {
		given[f.Name] = fmt.Sprint(ctx.FlagValue(f))
	}
	candidates := []string{filepath.Join(given["data"], "offprint.toml"), "/etc/offprint.toml"}
	if given["config"] != "" {
		candidates = []string{given["config"]}
	}
	for _, path := range candidates {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) && given["config"] == "" {
			continue
		}
		if err != nil {
			return &configError{path, errors.New("it cannot be read: " + reasonOf(err))}
		}
		defer file.Close()
		values, err := readConfig(file, ctx.Model)
		if err != nil {
			return &configError{path, err}
		}
		ctx.AddResolver(values)
		return nil
	}
	return nil
}

// readConfig reads a configuration file and checks all of it, also what the
// present command does not use.
func readConfig(r io.Reader, app *kong.Application) (configFile, error) {
	const limit = 1 << 20
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if len(text) > limit {
		return nil, errors.New("it is larger than 1 MiB")
	}
	values := configFile{}
	if _, err := toml.Decode(string(text), &values); err != nil {
		if e, ok := errors.AsType[toml.ParseError](err); ok {
			return nil, fmt.Errorf("line %d: %s", e.Position.Line, cmp.Or(e.Message, "it is not TOML"))
		}
		return nil, err
	}
	known := map[string]setting{}
	for _, s := range settings(app) {
		if s.Name != "config" {
			known[s.Name] = s
		}
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		s, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("there is no setting %q; docs/configuration.md lists them", name)
		}
		if values[name], err = convert(s, values[name]); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return values, nil
}

// convert turns a value of TOML into one that kong reads for the flag, and
// reads it on trial.
func convert(s setting, value any) (any, error) {
	want := "a string"
	var text any
	switch kind := s.Target.Kind(); {
	case s.IsBool():
		want = "true or false"
		if b, ok := value.(bool); ok {
			text = b
		}
	case s.IsSlice():
		want = "a list of strings"
		if list, ok := value.([]any); ok {
			parts := make([]string, len(list))
			for i := range list {
				if parts[i], ok = list[i].(string); !ok {
					return nil, fmt.Errorf("it must be %s", want)
				}
			}
			text = strings.Join(parts, ",")
		}
	case kind == reflect.Int && s.Target.Type() == reflect.TypeFor[int]():
		want = "a whole number"
		if n, ok := value.(int64); ok {
			text = fmt.Sprint(n)
		}
	default: // durations, levels and so on are strings
		if t, ok := value.(string); ok {
			text = t
		}
	}
	if text == nil {
		return nil, fmt.Errorf("it must be %s", want)
	}
	if s.Enum != "" && !s.EnumMap()[fmt.Sprint(text)] {
		return nil, fmt.Errorf("it must be one of %s", strings.Join(s.EnumSlice(), ", "))
	}
	trial := reflect.New(s.Target.Type()).Elem()
	err := s.Mapper.Decode(&kong.DecodeContext{
		Value: s.Value, Scan: kong.Scan().PushTyped(text, kong.FlagValueToken),
	}, trial)
	return text, err
}

// Validate implements [kong.Resolver]; [readConfig] has checked everything.
func (configFile) Validate(*kong.Application) error { return nil }

// Resolve implements [kong.Resolver]. The environment goes before the file.
func (c configFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, ok := os.LookupEnv(name); ok {
			return nil, nil
		}
	}
	return c[flag.Name], nil
}

// reasonOf returns an error of the file system without the path, which the
// message around it has.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// secret is a password: it never shows in a log.
type secret string

func (secret) String() string { return "(secret)" }
