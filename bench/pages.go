package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// command prepares a run of the binary with its output thrown away.
func command(ctx context.Context, bin string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// server is a running offprint serve.
type server struct {
	cmd   *exec.Cmd
	base  string
	start time.Duration // from the start of the process to the first page
}

func startServer(ctx context.Context, bin, data string) (*server, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	s := &server{cmd: command(ctx, bin, "serve", "--data", data, "--addr", addr, "--train", "never"), base: "http://" + addr}
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for time.Since(begin) < 20*time.Second {
		if _, err := get(ctx, http.DefaultClient, s.base+"/"); err == nil {
			s.start = time.Since(begin)
			return s, nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	s.stop()
	return nil, fmt.Errorf("offprint serve gave no page within 20 s")
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(os.Interrupt)
	_ = s.cmd.Wait() // its status after an interrupt says nothing
}

// rss is the server's resident memory in MB.
func (s *server) rss() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kb); n == 1 {
			return kb / 1024, nil
		}
	}
	return 0, fmt.Errorf("no VmRSS")
}

// target is a page under measurement.
type target struct {
	name    string
	address func(*rand.Rand) string
	scan    time.Duration // what reading all papers for it takes
}

func benchPages(ctx context.Context, r *report, bin, full, tenth string, records []record, seconds, conns int) error {
	scanList, scanSearch := scans(records)
	r.note("scan of all papers: a day, sorted", ms(scanList))
	r.note("scan of all papers: a search", ms(scanSearch))

	var days []string
	for _, rec := range records {
		days = append(days, rec.Listed)
	}
	slices.Sort(days)
	days = slices.Compact(days)

	d := time.Duration(seconds) * time.Second
	medians := map[string][2]time.Duration{}
	for i, data := range []string{full, tenth} {
		s, err := startServer(ctx, bin, data)
		if err != nil {
			return err
		}
		stored := records
		if i == 1 {
			stored = nil
			for j := 0; j < len(records); j += 10 {
				stored = append(stored, records[j])
			}
		}
		targets := []target{
			{"day page", func(rng *rand.Rand) string {
				sort := []string{"", "?sort=time", "?sort=votes"}[rng.IntN(3)]
				return s.base + "/day/" + days[rng.IntN(len(days))] + sort
			}, scanList},
			{"paper page", func(rng *rand.Rand) string {
				return s.base + "/paper/" + stored[rng.IntN(len(stored))].ID
			}, scanList},
			{"search, 2 to 5 words, half with filters", func(rng *rand.Rand) string {
				return s.base + "/search?q=" + url.QueryEscape(query(rng, stored))
			}, scanSearch},
		}
		err = func() error {
			defer s.stop()
			if i == 0 {
				r.figure("start to first page", ms(s.start), "< 500 ms", s.start < 500*time.Millisecond)
			}
			for _, t := range targets {
				if _, err := load(ctx, conns, time.Second, t.address); err != nil { // warm up
					return err
				}
				one, err := load(ctx, 1, time.Second, t.address)
				if err != nil {
					return err
				}
				all, err := load(ctx, conns, d, t.address)
				if err != nil {
					return err
				}
				m := medians[t.name]
				m[i] = one.mean()
				medians[t.name] = m
				if i == 1 {
					continue
				}
				r.note(t.name+": requests a second", fmt.Sprintf("%.0f", float64(len(all.times))/d.Seconds()))
				r.figure(t.name+": median", ms(all.at(.5)), "< 10 ms", all.at(.5) < 10*time.Millisecond)
				r.figure(t.name+": 99th percentile", ms(all.at(.99)), "< 40 ms", all.at(.99) < 40*time.Millisecond)
				times := float64(t.scan) / float64(one.at(.5))
				r.figure(t.name+": one connection, against a scan", fmt.Sprintf("%.0fx", times), "> 50x faster", times > 50)
			}
			if i == 0 {
				mb, err := s.rss()
				if err != nil {
					return err
				}
				r.figure("resident memory after that", fmt.Sprintf("%.0f MB", mb), "< 200 MB", mb < 200)
			}
			return nil
		}()
		if err != nil {
			return err
		}
	}
	for _, name := range []string{"day page", "paper page", "search, 2 to 5 words, half with filters"} {
		ratio := float64(medians[name][0]) / float64(medians[name][1])
		r.figure(name+": 54,002 over 5,400", fmt.Sprintf("%.2f", ratio), "< 2", ratio < 2)
	}
	return nil
}

// scans measures what a service that looks at every paper for every page needs:
// for a list, decoding the records and sorting them; for a search, going
// through all of their words.
func scans(records []record) (list, search time.Duration) {
	start := time.Now()
	rows := make([]record, len(records))
	for i, rec := range records {
		rows[i] = rec
		rows[i].Title = strings.Clone(rec.Title)
		rows[i].Abstract = strings.Clone(rec.Abstract)
		rows[i].Authors = slices.Clone(rec.Authors)
	}
	slices.SortFunc(rows, func(a, b record) int { return strings.Compare(b.Listed+b.ID, a.Listed+a.ID) })
	list = time.Since(start)

	start = time.Now()
	words := []string{"diffusion", "language", "models"}
	found := 0
	for _, rec := range records {
		text := strings.ToLower(rec.Title + " " + strings.Join(rec.Authors, " ") + " " + rec.Abstract)
		score := 0
		for _, w := range strings.Fields(text) {
			for _, q := range words {
				if strings.Trim(w, ".,;:()") == q {
					score++
				}
			}
		}
		if score >= len(words) {
			found++
		}
	}
	return list, time.Since(start)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/1e6) }
