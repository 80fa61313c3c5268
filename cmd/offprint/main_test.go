package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// buildBinary builds the program once for all tests.
var buildBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "offprint-test-")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "offprint")
	out, err := exec.Command("go", "build", "-ldflags", "-X main.version=v1.2.3-test", "-o", bin, ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("go build: %w\n%s", err, out)
	}
	return bin, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if bin, err := buildBinary(); err == nil {
		os.RemoveAll(filepath.Dir(bin))
	}
	os.Exit(code)
}

// box is a data folder and the program to use it with.
type box struct {
	*testing.T
	bin, data string
}

func newBox(t *testing.T) *box {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs the program: not with -short")
	}
	bin, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	t.Parallel()
	return &box{t, bin, filepath.Join(t.TempDir(), "data")}
}

func (b *box) command(args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	b.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, b.bin, args...)
	cmd.Env = append(os.Environ(), "OFFPRINT_DATA_DIR="+b.data)
	return cmd
}

// run runs a command line and returns what it printed and its exit status.
func (b *box) run(stdin io.Reader, args ...string) (stdout, stderr string, status int) {
	b.Helper()
	var out, errs bytes.Buffer
	cmd := b.command(args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &errs
	err := cmd.Run()
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return out.String(), errs.String(), e.ExitCode()
	} else if err != nil {
		b.Fatal(err)
	}
	return out.String(), errs.String(), 0
}

// ok runs a command line that must succeed and returns what it printed.
func (b *box) ok(args ...string) string {
	b.Helper()
	out, errs, status := b.run(nil, args...)
	if status != 0 {
		b.Fatalf("offprint %s: status %d\n%s%s", strings.Join(args, " "), status, out, errs)
	}
	return out
}

// process is a command that runs beside the test.
type process struct {
	*exec.Cmd
	t     *testing.T
	lines chan string // of its standard output
	errs  bytes.Buffer
}

func (b *box) start(args ...string) *process {
	b.Helper()
	p := &process{Cmd: b.command(args...), t: b.T, lines: make(chan string, 1000)}
	out, err := p.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	p.Stderr = &p.errs
	if err := p.Start(); err != nil {
		b.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			p.lines <- scan.Text()
		}
	}()
	b.Cleanup(func() { p.Process.Kill(); p.Wait() })
	return p
}

// expect waits for a line of the output that matches, and returns the match.
func (p *process) expect(pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	for line := range p.lines {
		if m := re.FindStringSubmatch(line); m != nil {
			return m[len(m)-1]
		}
	}
	p.Wait()
	p.t.Fatalf("it ended without printing %q\n%s", pattern, p.errs.String())
	panic("unreachable")
}

// end sends a signal and returns the exit status.
func (p *process) end(sig os.Signal) int {
	p.t.Helper()
	if err := p.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
	for range p.lines { // Wait closes the pipe
	}
	p.Wait()
	return p.ProcessState.ExitCode()
}

func (b *box) serve(args ...string) (p *process, base string) {
	b.Helper()
	p = b.start(append([]string{"serve", "--addr", "127.0.0.1:0"}, args...)...)
	return p, p.expect(`^Offprint is at (http://127\.0\.0\.1:\d+)$`)
}

func (b *box) get(url string) (status int, body string) {
	b.Helper()
	resp, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// records writes n papers as JSON lines.
func (b *box) records(n int) string {
	b.Helper()
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, `{"id": "2503.%05d", "title": "On the number %d and its neighbours", "authors": ["Ada Lovelace"], "abstract": "We count to %d.", "categories": ["math.NT"], "listed": "2025-03-05"}`+"\n", i, i, i)
	}
	path := filepath.Join(b.TempDir(), "papers.jsonl")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

func TestUsage(t *testing.T) {
	b := newBox(t)
	for _, c := range []struct {
		args   string
		status int
		stdout string // patterns
		stderr string
	}{
		{"", 0, `(?s)Usage: offprint .*serve .*restore `, `^$`},
		{"help", 0, `Usage: offprint `, `^$`},
		{"help source add", 0, `Usage: offprint source add `, `^$`},
		{"help fly", 2, `^$`, `^offprint: unexpected argument fly`},
		{"version", 0, `^offprint v1\.2\.3-test\n$`, `^$`},
		{"fly", 2, `^$`, `^offprint: unexpected argument fly`},
		{"serve --fly", 2, `^$`, `^offprint: unknown flag --fly\nRun "offprint serve --help"`},
		{"source", 2, `^$`, `^offprint: expected one of "add", `},
		{"serve --sign-up nobody", 2, `^$`, `sign-up must be one of "invite","open"`},
		{"serve --sync-every 1s", 2, `^$`, `sync-every must be 10s at least`},
		{"serve --trusted-proxy here", 2, `^$`, `trusted-proxy`},
		{"serve --base-url ftp://x --addr 127.0.0.1:0", 2, `^$`, `^offprint: --base-url: .*without a path`},
		{"serve --addr 127.0.0.1:0 --smtp-host x --smtp-password p --smtp-password-file f", 1, `^$`, `give one`},
		{"import no-such-file", 1, ``, `^offprint: .*no-such-file`},
		{"sync", 1, `^$`, `^offprint: there is no source yet`},
		{"add not-a-paper", 1, `^$`, `^offprint: "not-a-paper" is not an arXiv id`},
		{"invite nobody", 1, `^$`, `^offprint: `},
		{"sign-in nobody@example.org", 1, `^$`, `^offprint: `},
		{"source remove 7", 1, `^$`, `There is no such source`},
		{"digest send", 1, `^$`, `^offprint: No mail server`},
		{"restore no-such-file", 1, `^$`, `^offprint: `},
		{"export --reader nobody@example.org", 1, `^$`, `^offprint: `},
		{"version --config no-such-file", 2, `^$`, `^offprint: no-such-file: it cannot be read: `},
	} {
		stdout, stderr, status := b.run(nil, strings.Fields(c.args)...)
		if status != c.status || !regexp.MustCompile(c.stdout).MatchString(stdout) || !regexp.MustCompile(c.stderr).MatchString(stderr) {
			t.Errorf("offprint %s: status %d, stdout %q, stderr %q", c.args, status, stdout, stderr)
		}
		if strings.Contains(stderr, "goroutine ") || strings.Count(stderr, "\n") > 3 {
			t.Errorf("offprint %s prints more than a sentence: %s", c.args, stderr)
		}
	}
}

func TestServe(t *testing.T) {
	b := newBox(t)
	p, base := b.serve()
	owner := p.expect(`^  (http://\S+/owner/\S+)$`)
	if status, body := b.get(base + "/"); status != 200 || !strings.Contains(body, "Learngene Pool") {
		t.Errorf("the first page: %d\n%.300s", status, body)
	}
	if status, _ := b.get(base + "/readyz"); status != 200 {
		t.Errorf("/readyz: %d", status)
	}
	if status, _ := b.get(owner); status != 200 {
		t.Errorf("the owner link: %d", status)
	}

	if _, stderr, status := b.run(nil, "serve", "--addr", "127.0.0.1:0"); status != 1 || !strings.Contains(stderr, "serves the data folder") {
		t.Errorf("serving twice: %d %s", status, stderr)
	}
	addr := strings.TrimPrefix(base, "http://")
	if _, stderr, status := b.run(nil, "serve", "--data", t.TempDir(), "--addr", addr); status != 1 || !strings.Contains(stderr, "choose another address with --addr") {
		t.Errorf("an address in use: %d %s", status, stderr)
	}
	if status := p.end(syscall.SIGTERM); status != 0 {
		t.Errorf("SIGTERM: status %d\n%s", status, p.errs.String())
	}

	p, _ = b.serve() // still nobody's
	if again := p.expect(`^  (http://\S+/owner/\S+)$`); again == owner {
		t.Error("the owner link is the same again")
	}
	if status := p.end(os.Interrupt); status != 0 {
		t.Errorf("SIGINT: status %d\n%s", status, p.errs.String())
	}
	if info, err := os.Stat(b.data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder: %v, %v", info.Mode(), err)
	}
}

func TestMetrics(t *testing.T) {
	b := newBox(t)
	// Ports that are free now; another program could only take them in between.
	free := httptest.NewServer(nil)
	addr := free.Listener.Addr().String()
	free.Close()
	p, base := b.serve("--metrics-addr", addr)
	p.expect(`/owner/`)
	if status, _ := b.get(base + "/metrics"); status != 404 {
		t.Errorf("metrics among the pages: %d", status)
	}
	if status, body := b.get("http://" + addr + "/metrics"); status != 200 || !strings.Contains(body, "process_resident_memory_bytes") {
		t.Errorf("metrics: %d", status)
	}
}

func TestImportAndExport(t *testing.T) {
	b := newBox(t)
	file := b.records(500)
	if out := b.ok("import", file); out != "500 added, 0 updated, 0 unchanged; 0 bad records left out\n" {
		t.Errorf("first: %s", out)
	}
	if out := b.ok("import", file); out != "0 added, 0 updated, 500 unchanged; 0 bad records left out\n" {
		t.Errorf("again: %s", out)
	}
	out, stderr, status := b.run(strings.NewReader("{\n"), "import", "--format", "jsonl", "-")
	if status != 0 || !strings.HasSuffix(out, "; 1 bad records left out\n") || !strings.Contains(stderr, ":1: ") {
		t.Errorf("a bad line: %d %s%s", status, out, stderr)
	}

	all := b.ok("export")
	if n := strings.Count(all, "\n"); n != 500 {
		t.Errorf("exported %d lines", n)
	}
	for format, entry := range map[string]string{"bibtex": "\n@", "ris": "\nTY  - "} {
		path := filepath.Join(b.TempDir(), "all")
		b.ok("export", "--format", format, "-o", path)
		text, err := os.ReadFile(path)
		if n := strings.Count("\n"+string(text), entry); err != nil || n != 500 {
			t.Errorf("%s: %d entries, %v", format, n, err)
		}
	}

	// What is exported is what was imported.
	copied := &box{t, b.bin, filepath.Join(t.TempDir(), "data")}
	path := filepath.Join(t.TempDir(), "all.jsonl")
	if err := os.WriteFile(path, []byte(all), 0o600); err != nil {
		t.Fatal(err)
	}
	copied.ok("import", path)
	if again := copied.ok("export"); again != all {
		t.Error("export, import, export is not the identity")
	}
}

// What was reported before the interruption is there after it.
func TestImportInterrupted(t *testing.T) {
	b := newBox(t)
	const n = 20_000
	file := b.records(n)
	for _, sig := range []os.Signal{os.Interrupt, os.Kill} {
		t.Run(sig.String(), func(t *testing.T) {
			b := &box{t, b.bin, filepath.Join(t.TempDir(), "data")}
			p := b.start("import", file)
			// The first batch is in once the exporter, another process, sees it.
			for seen := 0; seen == 0; {
				seen = strings.Count(b.ok("export"), "\n")
			}
			if err := p.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			var reported int
			for line := range p.lines {
				fmt.Sscanf(strings.ReplaceAll(line, ",", ""), "%d added", &reported)
			}
			p.Wait()
			stored := strings.Count(b.ok("export"), "\n")
			if status := p.ProcessState.ExitCode(); sig == os.Interrupt && (status != 1 || reported != stored) && stored != n {
				t.Errorf("status %d, %d reported, %d stored\n%s", status, reported, stored, p.errs.String())
			}
			if stored == n {
				t.Log("the import was faster than the signal")
			}
			if out := b.ok("import", file); !strings.HasPrefix(out, fmt.Sprintf("%s added, 0 updated, %s unchanged", grouped(int64(n-stored)), grouped(int64(stored)))) {
				t.Errorf("the rest: %s", out)
			}
		})
	}
}

func TestBackupAndRestore(t *testing.T) {
	b := newBox(t)
	b.ok("import", b.records(300))
	p, base := b.serve()
	p.expect(`/owner/`)

	// A backup of a store that is served and imported into is one moment of it.
	importing := b.start("import", b.records(6000))
	backup := filepath.Join(t.TempDir(), "backup")
	b.ok("backup", backup)
	if status, _ := b.get(base + "/"); status != 200 {
		t.Errorf("a page beside it: %d", status)
	}
	importing.expect(`added`)
	if _, stderr, status := b.run(nil, "backup", backup); status != 1 || !strings.Contains(stderr, "exists") {
		t.Errorf("a backup over another: %d %s", status, stderr)
	}
	if _, stderr, status := b.run(nil, "restore", "--force", backup); status != 1 || !strings.Contains(stderr, "in use") {
		t.Errorf("restoring what is served: %d %s", status, stderr)
	}
	if status := p.end(os.Interrupt); status != 0 {
		t.Errorf("status %d", status)
	}

	other := &box{t, b.bin, filepath.Join(t.TempDir(), "data")}
	other.ok("restore", backup)
	had := other.ok("export")
	if n := strings.Count(had, "\n"); n < 300+63 {
		t.Errorf("the backup has %d papers", n)
	}
	if all := b.ok("export"); !containsLines(all, had) {
		t.Error("the backup has papers that the store has not")
	}

	if _, stderr, status := other.run(nil, "restore", backup); status != 1 || !strings.Contains(stderr, "--force") {
		t.Errorf("restoring over a store: %d %s", status, stderr)
	}
	// A backup that is damaged is found out, and the store stays.
	text, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	for at := 4096 * 3; at < len(text); at += 4096 * 7 {
		copy(text[at:], "damaged by the test")
	}
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, status := other.run(nil, "restore", "--force", broken); status != 1 || !strings.Contains(stderr, "is not restored") {
		t.Errorf("a damaged backup: %d %s", status, stderr)
	}
	if other.ok("export") != had {
		t.Error("a refused backup has changed the store")
	}

	other.ok("import", other.records(10_000))
	other.ok("restore", "--force", backup)
	if other.ok("export") != had {
		t.Error("the store is not what the backup was")
	}
	aside, err := filepath.Glob(filepath.Join(other.data, storeFile+".before-*"))
	if err != nil || len(aside) == 0 {
		t.Errorf("the former store is not kept: %v, %v", aside, err)
	}
}

// containsLines reports whether each line of part is one of all.
func containsLines(all, part string) bool {
	lines := map[string]bool{}
	for line := range strings.Lines(all) {
		lines[line] = true
	}
	for line := range strings.Lines(part) {
		if !lines[line] {
			return false
		}
	}
	return true
}

const feedText = `<?xml version="1.0"?><rss version="2.0"><channel><title>Letters</title><link>https://example.org/</link>
<item><title>A letter on the weather of distant places</title><link>https://example.org/1</link><pubDate>Wed, 05 Mar 2025 10:00:00 GMT</pubDate><description>It rains.</description></item>
</channel></rss>`

func TestSources(t *testing.T) {
	b := newBox(t)
	feed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ua := r.UserAgent(); !strings.Contains(ua, "Offprint") || !strings.Contains(ua, "me@example.org") {
			t.Errorf("User-Agent: %s", ua)
		}
		w.Header().Set("Content-Type", "application/rss+xml")
		io.WriteString(w, feedText)
	}))
	defer feed.Close()

	if _, stderr, status := b.run(nil, "source", "add", feed.URL); status != 1 || !strings.Contains(stderr, "private network") {
		t.Errorf("a private address: %d %s", status, stderr)
	}
	if out := b.ok("source", "add", "--allow-private", "--contact", "me@example.org", feed.URL); out != "Source 1: Letters\n" {
		t.Errorf("add: %s", out)
	}
	if out := b.ok("source", "add", "--since", "2025-03-01", "arxiv:cs.CL", "arXiv:hep-th"); out != "Source 2: arXiv cs.CL, hep-th\n" {
		t.Errorf("add: %s", out)
	}
	b.ok("source", "pause", "2") // arXiv is not there
	if out := b.ok("sync", "--contact", "me@example.org"); out != "Letters: 1 added, 0 updated, 0 unchanged\n" {
		t.Errorf("sync: %s", out)
	}
	if out := b.ok("sync"); !strings.HasPrefix(out, "No source is due before ") {
		t.Errorf("sync again: %s", out)
	}
	list := b.ok("source", "list")
	if !regexp.MustCompile(`(?m)^1 +feed +Letters +1 .* ok$`).MatchString(list) || !regexp.MustCompile(`(?m)^2 +arxiv +arXiv cs.CL, hep-th +0 .* paused$`).MatchString(list) {
		t.Errorf("list:\n%s", list)
	}

	feed.Close()
	if out, stderr, status := b.run(nil, "sync", "1"); status != 1 || !strings.Contains(stderr, "refuses connections") {
		t.Errorf("a source that fails: %d %s%s", status, out, stderr)
	}
	if list := b.ok("source", "list"); !strings.Contains(list, "failed 1 times, last at ") {
		t.Errorf("list:\n%s", list)
	}
	b.ok("source", "remove", "1")
	if n := strings.Count(b.ok("export"), "\n"); n != 1 {
		t.Errorf("%d papers stay", n)
	}
}

func TestReaders(t *testing.T) {
	b := newBox(t)
	link := strings.TrimSpace(b.ok("invite", "--base-url", "https://papers.example.org/", "Eve@Example.org"))
	if !regexp.MustCompile(`^https://papers\.example\.org/invite/[\w-]{43}$`).MatchString(link) {
		t.Errorf("link: %s", link)
	}
	p, base := b.serve()
	p.expect(`/owner/`)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(base+strings.TrimPrefix(link, "https://papers.example.org"), map[string][]string{"name": {"Eve"}, "email": {"eve@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("accepting the invitation: %s", resp.Status)
	}
	if list := b.ok("reader", "list"); !regexp.MustCompile(`(?m)^eve@example\.org +Eve +reader .* active$`).MatchString(list) {
		t.Errorf("list:\n%s", list)
	}
	if out := b.ok("export", "--reader", "eve@example.org"); !strings.Contains(out, `"email": "eve@example.org"`) {
		t.Errorf("export: %s", out)
	}
	b.ok("reader", "suspend", "eve@example.org")
	if list := b.ok("reader", "list"); !strings.Contains(list, " suspended\n") {
		t.Errorf("list:\n%s", list)
	}
	b.ok("reader", "resume", "eve@example.org")
	if link := b.ok("sign-in", "eve@example.org"); !strings.HasPrefix(link, "http://127.0.0.1:8080/sign-in/") {
		t.Errorf("link: %s", link)
	}
}

func TestDigest(t *testing.T) {
	b := newBox(t)
	b.ok("import", b.records(30))
	if out := b.ok("digest", "preview", "--count", "5"); !strings.Contains(out, "Subject: ") || strings.Count(out, "\n    We count to ") != 5 {
		t.Errorf("preview:\n%s", out)
	}
	if out := b.ok("digest", "preview", "--html"); !strings.Contains(out, "<html") {
		t.Errorf("preview:\n%s", out)
	}
	if out := b.ok("digest", "send", "--dry-run"); strings.Count(out, "\n") != 1 {
		t.Errorf("dry run:\n%s", out)
	}
	if out := b.ok("digest", "list"); strings.Count(out, "\n") != 1 {
		t.Errorf("list:\n%s", out)
	}
}
