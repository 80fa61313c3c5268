package main

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	var out strings.Builder
	clock := time.Unix(1000, 0)
	newTest := func(terminal bool) *progress {
		out.Reset()
		p := newProgress(&out, "import")
		p.terminal, p.now, p.start, p.shown = terminal, func() time.Time { return clock }, clock, clock
		return p
	}

	p := newTest(true)
	clock = clock.Add(10 * time.Second)
	p.update(step{Done: 250, Total: 1000, Count: 12345, Unit: "papers"})
	p.update(step{Done: 251, Total: 1000, Count: 12346, Unit: "papers"}) // too soon
	fmt.Fprintln(p, "a.bib:1: no title")
	p.finish()
	const line = "import [#####...............]  25%  12,345 papers  1,234/s  30s left"
	if want := eraseLine + line + eraseLine + "a.bib:1: no title\n" + line + eraseLine; out.String() != want {
		t.Errorf("on a terminal: %q, want %q", out.String(), want)
	}
	fmt.Fprint(p, "done\n")
	if !strings.HasSuffix(out.String(), eraseLine+"done\n") {
		t.Errorf("after the end: %q", out.String())
	}

	p = newTest(false)
	for range 25 {
		clock = clock.Add(time.Second)
		p.update(step{Count: 7, Unit: "papers"})
	}
	fmt.Fprint(p, "a log line\n")
	p.finish()
	if want := "import: 7 papers, 0/s\nimport: 7 papers, 0/s\na log line\n"; out.String() != want {
		t.Errorf("in a file: %q, want %q", out.String(), want)
	}
}

func TestProgressFromManyGoroutines(t *testing.T) {
	var out strings.Builder // the race detector sees whether it is guarded
	p := newProgress(&out, "sync")
	p.terminal, p.shown = true, time.Time{}
	log := slog.New(slog.NewTextHandler(p, nil))
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			log.Info("a line")
			p.update(step{Done: int64(i), Total: 8, Count: int64(i), Unit: "papers"})
		})
	}
	group.Wait()
	p.finish()
	if n := strings.Count(out.String(), "msg=\"a line\"\n"); n != 8 {
		t.Errorf("%d log lines came through whole, want 8", n)
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -123456: "-123,456"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is written %s, want %s", n, got, want)
		}
	}
}
