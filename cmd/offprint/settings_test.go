package main

import (
	"bytes"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// parse parses a command line with a configuration file of the given text.
func parse(t *testing.T, config string, args ...string) (*cli, string, error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "offprint.toml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var c cli
	k, err := newParser(&c, dir, kong.Exit(func(int) { t.Error("exit") }))
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Parse(args)
	return &c, path, err
}

func TestPrecedence(t *testing.T) {
	const file = `addr = "127.0.0.1:1"`
	for _, c := range []struct {
		name, config, env string
		args              []string
		want              string
	}{
		{"default", "", "", nil, "127.0.0.1:8080"},
		{"file", file, "", nil, "127.0.0.1:1"},
		{"environment", file, "127.0.0.1:2", nil, "127.0.0.1:2"},
		{"flag", file, "127.0.0.1:2", []string{"--addr", "127.0.0.1:3"}, "127.0.0.1:3"},
		{"flag over file", file, "", []string{"--addr=127.0.0.1:3"}, "127.0.0.1:3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.env != "" {
				t.Setenv("OFFPRINT_ADDR", c.env)
			}
			got, _, err := parse(t, c.config, append([]string{"serve"}, c.args...)...)
			if err != nil || got.Serve.Addr != c.want {
				t.Errorf("%q, %v; want %q", got.Serve.Addr, err, c.want)
			}
		})
	}
}

func TestConfigFile(t *testing.T) {
	t.Setenv("OFFPRINT_DATA", "/the/data/sets") // is not the folder of the store
	c, path, err := parse(t, `
log-level = "debug"
log-format = "json"
private = true
sync-every = "90s"
smtp-port = 2525
smtp-password = "hunter2"
trusted-proxy = ["10.0.0.0/8", "::1/128"]
`, "serve")
	if err != nil {
		t.Fatal(err)
	}
	s := c.Serve
	if c.LogLevel != slog.LevelDebug || c.LogFormat != "json" || !s.Private || s.SyncEvery != 90*time.Second ||
		s.SMTPPort != 2525 || s.SMTPPassword != "hunter2" || c.Data != filepath.Dir(path) {
		t.Errorf("%+v", c)
	}
	if len(s.TrustedProxy) != 2 || s.TrustedProxy[1] != netip.MustParsePrefix("::1/128") {
		t.Errorf("trusted-proxy: %v", s.TrustedProxy)
	}
}

func TestConfigFileRefused(t *testing.T) {
	for _, c := range []struct{ config, want string }{
		{`listen = "127.0.0.1:1"`, `there is no setting "listen"`},
		{`config = "other.toml"`, `there is no setting "config"`},
		{`force = true`, `there is no setting "force"`}, // a flag of one command, but no setting
		{`[smtp]`, `there is no setting "smtp"`},
		{`addr = 8080`, `addr: it must be a string`},
		{`private = "yes"`, `private: it must be true or false`},
		{`smtp-port = "25"`, `smtp-port: it must be a whole number`},
		{`sync-every = 300`, `sync-every: it must be a string`},
		{`sync-every = "often"`, `sync-every: `},
		{`sign-up = "closed"`, `sign-up: it must be one of invite, open`},
		{`trusted-proxy = ["here"]`, `trusted-proxy: `},
		{`trusted-proxy = [1]`, `trusted-proxy: it must be a list of strings`},
		{"private = true\naddr = ", `line 2: `},
	} {
		t.Run(c.config, func(t *testing.T) {
			// Whatever the command is: a fault is found before it matters.
			_, path, err := parse(t, c.config, "version")
			if err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s: %s", err, path, c.want)
			}
		})
	}
}

func TestConfigFileNamed(t *testing.T) {
	named := filepath.Join(t.TempDir(), "x.toml")
	if _, _, err := parse(t, "", "version", "--config", named); err == nil || !strings.Contains(err.Error(), named) {
		t.Errorf("a missing file that was named: %v", err)
	}
	if err := os.WriteFile(named, []byte(`addr = "127.0.0.1:4"`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("OFFPRINT_CONFIG", named)
	c, _, err := parse(t, `addr = "127.0.0.1:1"`, "serve")
	if err != nil || c.Serve.Addr != "127.0.0.1:4" {
		t.Errorf("%q, %v", c.Serve.Addr, err)
	}
}

// Commands that share a setting must mean the same by it.
func TestSettingsAgree(t *testing.T) {
	k, err := newParser(&cli{}, "x")
	if err != nil {
		t.Fatal(err)
	}
	for _, first := range settings(k.Model) {
		if first.Help == "" {
			t.Errorf("%s has no help", first.Name)
		}
		_ = kong.Visit(k.Model, func(v kong.Visitable, next kong.Next) error {
			if f, ok := v.(*kong.Flag); ok && f.Name == first.Name {
				if f.Help != first.Help || f.Default != first.Default || f.Target.Type() != first.Target.Type() {
					t.Errorf("%s is declared in two ways", f.Name)
				}
			}
			return next(nil)
		})
	}
}

func TestConfigurationPage(t *testing.T) {
	k, err := newParser(&cli{}, "~/.local/share/offprint")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	writeSettings(&want, k.Model)
	got, err := os.ReadFile("../../docs/configuration.md")
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("docs/configuration.md is not up to date: run make generate (%v)", err)
	}
}

func TestSiteURL(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "http://127.0.0.1:8080",
		"https://papers.example.org":    "https://papers.example.org",
		"HTTPS://papers.example.org:1/": "https://papers.example.org:1",
		"http://[::1]:8080":             "http://[::1]:8080",

		"papers.example.org":          "",
		"javascript:alert(1)":         "",
		"https://example.org/papers":  "",
		"https://example.org?":        "",
		"https://example.org#x":       "",
		"https://ann:pw@example.org":  "",
		"https://example.org\r\nX: y": "",
	} {
		c, _, err := parse(t, "", "serve", "--base-url", text)
		if (err == nil) != (want != "") || err == nil && c.Serve.baseURL() != want {
			t.Errorf("%q: %q, %v; want %q", text, c.Serve.baseURL(), err, want)
		}
	}
}
