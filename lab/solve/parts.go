package solve

import (
	"context"
	"fmt"

	"github.com/offprint/offprint/lab"
)

// part is a piece of a seed's work.
type part struct {
	name string
	run  func(ctx context.Context, seed uint64) error
}

// eachSeed runs the parts one after the other for each of n seeds.
func eachSeed(ctx context.Context, r *lab.Run, n int, parts []part) error {
	return r.EachSeed(ctx, n, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		for i, p := range parts {
			progress(float64(i)/float64(len(parts)), p.name)
			if err := p.run(ctx, seed); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
		return nil
	})
}
