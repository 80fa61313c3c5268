package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// benchLearned measures the pages that use what is learned from the papers: one
// connection, since these bars are about what a reader waits for.
func benchLearned(ctx context.Context, r *report, bin, data string, records []record, seconds int) error {
	start := time.Now()
	if err := command(ctx, bin, "train", "--data", data).Run(); err != nil {
		return fmt.Errorf("offprint train: %w", err)
	}
	took := time.Since(start)
	r.figure("train on all papers", took.Round(time.Second).String(), "< 20 min", took < 20*time.Minute)
	s, err := startServer(ctx, bin, data)
	if err != nil {
		return err
	}
	defer s.stop()
	r.figure("start to first page, with an engine", ms(s.start), "< 500 ms", s.start < 500*time.Millisecond)
	for first := ""; ; {
		_, err := get(ctx, http.DefaultClient, s.base+"/topics")
		if err == nil {
			break
		}
		if first = err.Error(); time.Since(start)-took > 5*time.Minute {
			return fmt.Errorf("nothing is learned: %s", first)
		}
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(20 * time.Second) // the first index
	for _, t := range []target{
		{name: "paper page, with what is related", address: func(rng *rand.Rand) string {
			return s.base + "/paper/" + records[rng.IntN(len(records))].ID
		}},
		{name: "search by words and meaning", address: func(rng *rand.Rand) string {
			return s.base + "/search?q=" + url.QueryEscape(query(rng, records))
		}},
		{name: "search for what is similar", address: func(rng *rand.Rand) string {
			return s.base + "/search?q=similar:" + records[rng.IntN(len(records))].ID
		}},
	} {
		if _, err := load(ctx, 1, time.Second, t.address); err != nil {
			return err
		}
		one, err := load(ctx, 1, time.Duration(seconds)*time.Second, t.address)
		if err != nil {
			return err
		}
		r.note(t.name+": median", ms(one.at(.5)))
		r.figure(t.name+": 99th percentile", ms(one.at(.99)), "< 20 ms", one.at(.99) < 20*time.Millisecond)
	}
	mb, err := s.rss()
	if err != nil {
		return err
	}
	r.figure("resident memory with everything on", fmt.Sprintf("%.0f MB", mb), "< 350 MB", mb < 350)
	return nil
}
