package lab

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// EachSeed calls f for each of n seeds, as many at a time as there are cores:
// side by side they use a machine better than the parts of one would. f says
// how far it has come with its seed, from 0 to 1, and what it does now; the
// run's progress is the mean. The first error ends the others' context and is
// returned.
//
// Every seed should report its metrics in the same order, which is then the
// order of the table.
func (r *Run) EachSeed(ctx context.Context, n int, f func(ctx context.Context, seed uint64, progress func(done float64, what string)) error) error {
	var mu sync.Mutex
	done := make([]float64, n)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, seed := range r.Seeds(n) {
		g.Go(func() error {
			err := f(ctx, seed, func(d float64, what string) {
				mu.Lock()
				done[i] = d
				sum := 0.0
				for _, v := range done {
					sum += v
				}
				mu.Unlock()
				r.Progress(sum/float64(n), "seed %d: %s", seed, what)
			})
			if err != nil {
				return fmt.Errorf("seed %d: %w", seed, err)
			}
			return nil
		})
	}
	return g.Wait()
}
