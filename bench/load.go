package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// latency is a distribution of times.
type latency struct{ times []time.Duration }

func (l *latency) at(q float64) time.Duration {
	return l.times[min(len(l.times)-1, int(q*float64(len(l.times))))]
}

func (l *latency) mean() time.Duration {
	var sum time.Duration
	for _, t := range l.times {
		sum += t
	}
	return sum / time.Duration(len(l.times))
}

// load asks for addresses over the given number of connections, each as soon
// as the one before has been read to its end, and returns the sorted times.
// What is asked for comes from address, with a generator of its own for each
// connection.
func load(ctx context.Context, conns int, d time.Duration, address func(*rand.Rand) string) (*latency, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ctx, cancel := context.WithTimeout(ctx, d+30*time.Second)
	defer cancel()

	var (
		mu    sync.Mutex
		all   latency
		first error
		wg    sync.WaitGroup
	)
	end := time.Now().Add(d)
	for i := range conns {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			var times []time.Duration
			var err error
			for err == nil && time.Now().Before(end) {
				var t time.Duration
				if t, err = get(ctx, client, address(rng)); err == nil {
					times = append(times, t)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all.times = append(all.times, times...)
			if first == nil {
				first = err
			}
		})
	}
	wg.Wait()
	if first != nil {
		return nil, first
	}
	slices.Sort(all.times)
	return &all, nil
}

func get(ctx context.Context, client *http.Client, address string) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, err
	}
	if resp.StatusCode >= 400 {
		return 0, fmt.Errorf("%s: %s", address, resp.Status)
	}
	return time.Since(start), nil
}
