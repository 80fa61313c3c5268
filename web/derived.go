package web

import (
	"context"
	"sync"
	"time"

	"github.com/offprint/offprint"
)

// derived is something that is worked out from all papers, such as their count
// by day, and kept until papers change. While they keep changing, it is worked
// out anew for at most a twentieth of the time, and is that much behind.
type derived[T any] struct {
	mu         sync.Mutex
	value      T
	generation int64
	again      time.Time // not before
}

func (d *derived[T]) get(ctx context.Context, generation int64, load func(context.Context) (T, error)) (T, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	start := time.Now()
	if d.again.IsZero() || generation != d.generation && start.After(d.again) {
		v, err := load(ctx)
		if err != nil {
			return v, err
		}
		end := time.Now()
		d.value, d.generation, d.again = v, generation, end.Add(20*end.Sub(start))
	}
	return d.value, nil
}

// dayCounts are the days that list papers, ascending.
func (s *Server) dayCounts(ctx context.Context) ([]offprint.DayCount, error) {
	generation, err := s.Store.Generation(ctx)
	if err != nil {
		return nil, err
	}
	return s.days.get(ctx, generation, func(ctx context.Context) ([]offprint.DayCount, error) {
		return s.Store.Days(ctx, offprint.NewDate(1900, time.January, 1), offprint.NewDate(2200, time.December, 31))
	})
}

// topCategories are the n categories with the most papers.
func (s *Server) topCategories(ctx context.Context, n int) ([]categoryCount, error) {
	generation, err := s.Store.Generation(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := s.categoryCounts.get(ctx, generation, s.Store.Categories)
	if err != nil {
		return nil, err
	}
	out := make([]categoryCount, min(n, len(counts)))
	for i := range out {
		out[i] = newCategoryCount(counts[i])
	}
	return out, nil
}
