package outbound

import (
	"context"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// Pace keeps to what a host asks of programs: one request at a time, the answer
// read to its end before the next, and starts at least Interval apart.
// Redirects count. Separate processes do not know of one another.
type Pace struct {
	Host     string // with all of its subdomains, counted together
	Interval time.Duration
}

type gate struct {
	host    string
	slot    chan struct{}
	limiter *rate.Limiter
}

func newGate(p Pace) *gate {
	return &gate{strings.ToLower(p.Host), make(chan struct{}, 1), rate.NewLimiter(rate.Every(p.Interval), 1)}
}

func (g *gate) covers(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host == g.host || strings.HasSuffix(host, "."+g.host)
}

// enter waits for the caller's turn, which lasts until leave.
func (g *gate) enter(ctx context.Context) error {
	select {
	case g.slot <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := g.limiter.Wait(ctx); err != nil {
		g.leave()
		return err
	}
	return nil
}

func (g *gate) leave() { <-g.slot }
