package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// progress shows how far a long command has come: on a terminal as one line
// that is drawn again and again, elsewhere as a line every ten seconds. What is
// written to it, such as a log, stands above that line. Its methods may be
// called from several goroutines.
type progress struct {
	w        io.Writer
	terminal bool
	name     string
	now      func() time.Time

	mu    sync.Mutex
	start time.Time
	shown time.Time // when the line was last drawn
	line  string    // that stands on the terminal's last line
}

// step is how far a command has come.
type step struct {
	Done, Total int64  // of what measures the way, such as bytes; Total is 0 if it is unknown
	Count       int64  // what people count
	Unit        string // of Count, such as "papers"
	Text        string // what is being done, in place of Count
}

const (
	redrawEvery = 100 * time.Millisecond // on a terminal
	reportEvery = 10 * time.Second       // elsewhere
	eraseLine   = "\r\x1b[K"
)

// newProgress returns the progress of the command with the given name, on w.
func newProgress(w io.Writer, name string) *progress {
	p := &progress{w: w, name: name, terminal: isTerminal(w), now: time.Now}
	p.start = p.now()
	p.shown = p.start
	return p
}

// isTerminal reports whether w is one that can draw a line anew.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// update shows s, unless the last one was shown only just now.
func (p *progress) update(s step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	every := reportEvery
	if p.terminal {
		every = redrawEvery
	}
	if now.Sub(p.shown) < every {
		return
	}
	p.shown = now
	if !p.terminal {
		fmt.Fprintln(p.w, p.name+": "+strings.Join(s.parts(now.Sub(p.start)), ", "))
		return
	}
	parts := append([]string{p.name}, s.parts(now.Sub(p.start))...)
	if s.Total > 0 {
		parts[0] += " " + bar(s.Done, s.Total)
	}
	p.line = strings.Join(parts, "  ")
	fmt.Fprint(p.w, eraseLine+p.line)
}

// Write writes whole lines above the line that shows the progress.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.line == "" {
		return p.w.Write(b)
	}
	fmt.Fprint(p.w, eraseLine)
	n, err := p.w.Write(b)
	fmt.Fprint(p.w, p.line)
	return n, err
}

// finish takes the line off the terminal.
func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.line != "" {
		fmt.Fprint(p.w, eraseLine)
		p.line = ""
	}
}

// parts returns the step in words: per cent, count, rate, time left.
func (s step) parts(elapsed time.Duration) []string {
	var parts []string
	if s.Total > 0 {
		parts = append(parts, fmt.Sprintf("%d%%", percent(s.Done, s.Total)))
	}
	if s.Text != "" {
		parts = append(parts, s.Text)
	} else {
		parts = append(parts, grouped(s.Count)+" "+s.Unit)
		if sec := elapsed.Seconds(); sec > 0 {
			parts = append(parts, grouped(int64(float64(s.Count)/sec))+"/s")
		}
	}
	if s.Total > 0 && s.Done > 0 && s.Done < s.Total {
		left := time.Duration(float64(elapsed) * float64(s.Total-s.Done) / float64(s.Done))
		parts = append(parts, left.Round(time.Second).String()+" left")
	}
	return parts
}

func percent(done, total int64) int {
	return int(100 * min(max(float64(done)/float64(total), 0), 1))
}

func bar(done, total int64) string {
	const width = 20
	full := percent(done, total) * width / 100
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", width-full) + "]"
}

// grouped writes 12345 as 12,345.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
