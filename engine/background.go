package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/methods/vector"
	"github.com/offprint/offprint/rank"
)

// spreadPapers is how many papers tell how all are spread.
const spreadPapers = 10_000

// syncBackground learns how papers are spread, once their vectors are there.
func (e *Engine) syncBackground(ctx context.Context) error {
	m := e.ready()
	if m == nil || m.spread.Load() != nil || m.index.Len() < FewestPapers || m.index.StaleLen() > m.index.Len()/2 {
		return nil
	}
	ids := m.index.IDs()
	slices.Sort(ids) // some from all times
	n, d := min(spreadPapers, len(ids)), m.index.Dim()
	vectors := make([]float32, n*d)
	for i := range n {
		m.index.Vector(ids[i*len(ids)/n], vectors[i*d:(i+1)*d])
	}
	b, err := rank.NewBackground(ctx, vectors, d)
	if err != nil {
		return fmt.Errorf("learn how papers are spread: %w", err)
	}
	m.spread.Store(b)
	return nil
}

// background is what profiles know of all papers, and of what authors wrote
// before a day. It is nil until there are enough.
func (e *Engine) background(m *model, before offprint.Date) *rank.Background {
	spread := m.spread.Load()
	if spread == nil {
		return nil
	}
	b := *spread
	d := m.index.Dim()
	b.Near = func(v []float32, n int) [][]float32 {
		found, err := m.index.Search(v, n, nil)
		if err != nil {
			return nil // v is not finite: nothing is near
		}
		near := make([][]float32, len(found))
		for i, h := range found {
			near[i] = make([]float32, d)
			m.index.Vector(h.ID, near[i])
		}
		return near
	}
	b.Earlier = func(author int32, q []float32) (sum float32, papers int) {
		ids := e.earlier(author, before)
		scores, err := m.index.Scores(q, ids)
		if err != nil {
			return 0, 0
		}
		for _, s := range scores {
			sum += s
		}
		return sum * vector.Norm(q), len(ids) // a cosine's q has length 1
	}
	return &b
}

// mostEarlier is how many of an author's papers count.
const mostEarlier = 20

// earlier returns an author's papers of before a day, the newest first.
func (e *Engine) earlier(author int32, before offprint.Date) []int64 {
	e.mu.RLock()
	defer e.mu.RUnlock()
	var ids []int64
	for _, id := range slices.Backward(e.papers.by[author]) {
		if day := e.papers.rows[id].day; day != 0 && day < before {
			ids = append(ids, id)
		}
		if len(ids) == mostEarlier {
			break
		}
	}
	return ids
}
