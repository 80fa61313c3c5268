package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/rank"
)

const (
	askedDays   = 31   // papers to ask about are of the newest days
	askedPapers = 4000 // and not more
	fewestAsked = 300
)

// questions are what a new reader is asked, and what it was made from.
type questions struct {
	*rank.Questions
	encoder string
	newest  offprint.Date
}

// syncQuestions chooses papers to ask about when there is a new day, or a new
// encoder whose index is full.
func (e *Engine) syncQuestions(ctx context.Context) error {
	e.mu.RLock()
	m, t := e.model, e.papers
	e.mu.RUnlock()
	if m == nil {
		return nil
	}
	e.mu.RLock()
	today := offprint.DateOf(e.Now()) + 1
	newest := offprint.Date(0)
	for d := range t.days {
		if d <= today && len(t.days[d]) > 0 {
			newest = max(newest, d)
		}
	}
	ids := t.within(newest-askedDays+1, newest)
	e.mu.RUnlock()
	if old := e.asks.Load(); old != nil && old.newest == newest && old.encoder == m.learned.Encoder {
		return nil
	}
	ids = slices.DeleteFunc(ids, func(id int64) bool { return !m.index.Has(id) })
	if ids = ids[:min(len(ids), askedPapers)]; len(ids) < fewestAsked {
		return nil
	}
	d := m.index.Dim()
	vectors := make([]float32, len(ids)*d)
	for i, id := range ids {
		m.index.Vector(id, vectors[i*d:(i+1)*d])
	}
	q, err := rank.NewQuestions(ctx, vectors, d, ids, 1)
	if err != nil {
		return fmt.Errorf("choose questions: %w", err)
	}
	e.asks.Store(&questions{q, m.learned.Encoder, newest})
	return nil
}

// NextQuestion returns the papers of which a new reader is to pick those that
// they like, after some answers. There are none when enough is known.
func (e *Engine) NextQuestion(ctx context.Context, answers []rank.Answer) ([]offprint.PaperItem, error) {
	q := e.asks.Load()
	if q == nil {
		return nil, offprint.Errorf(offprint.KindNotFound, "There are not enough papers of the last weeks to ask about: vote for some that you like instead.")
	}
	ids := q.Next(answers)
	if len(ids) == 0 {
		return nil, nil
	}
	page, err := e.Store.Papers(ctx, offprint.PaperQuery{IDs: ids, Sort: offprint.SortGiven, Limit: len(ids)})
	return page.Items, err
}
