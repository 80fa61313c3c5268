package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/encode"
	"github.com/offprint/offprint/encode/sentence"
	"github.com/offprint/offprint/index"
	"github.com/offprint/offprint/taxonomy"
	"github.com/offprint/offprint/topics"
)

const (
	indexFile = "index.bin"
	followed  = "index.json" // how far the index has come: written after it
	saveEvery = 5 * time.Minute
)

// progress says how far the index has followed the store.
type progress struct {
	Since int64 `json:"since"` // generation of the store
}

// Sync brings the engine in step with the store: it takes up what has been
// learned since, and indexes papers that are new or have changed. Under a new
// encoder all papers are encoded again, a few at a time. It is cheap when there
// is nothing to do.
func (e *Engine) Sync(ctx context.Context) error {
	e.syncing.Lock()
	defer e.syncing.Unlock()
	if err := e.reload(ctx); err != nil {
		e.Log.WarnContext(ctx, "what was learned cannot be read and has to be learned again", "error", err)
	}
	e.mu.RLock()
	current, coming := e.model, e.coming
	e.mu.RUnlock()
	if err := e.follow(ctx, current); err != nil {
		return err
	}
	if coming != nil {
		if err := e.follow(ctx, coming); err != nil {
			return err
		}
		e.mu.Lock()
		e.model, e.coming = coming, nil
		e.mu.Unlock()
		e.Log.InfoContext(ctx, "a new encoder has taken over", "papers", coming.index.Len())
	}
	return errors.Join(e.drawGraph(ctx), e.syncBackground(ctx), e.syncQuestions(ctx), e.syncReaders(ctx), e.save(false))
}

// drawGraph draws the graph of authors anew when papers have come.
func (e *Engine) drawGraph(ctx context.Context) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.drawn == e.papers.changes {
		return nil
	}
	g, err := e.papers.graph(ctx)
	if err == nil {
		e.graph.Store(g)
		e.drawn = e.papers.changes
	}
	return err
}

// reload reads what was learned, unless it is what is in use.
func (e *Engine) reload(ctx context.Context) error {
	l, err := readLearned(e.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	e.mu.RLock()
	current, coming := e.model, e.coming
	e.mu.RUnlock()
	if current != nil && current.learned.same(l) || coming != nil && coming.learned.same(l) {
		return nil
	}
	m, err := e.read(l)
	if err != nil {
		return err
	}
	if current == nil {
		if m.index, err = index.Open(filepath.Join(e.Dir, indexFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			e.Log.Warn("the index of papers cannot be used and is made again", "error", err)
		}
	} else if current.learned.Encoder == l.Encoder {
		m.index = current.index
	} else if l.From == "" && current.learned.From == "" { // a few seconds
		if err := e.takeOver(ctx, current, m); err != nil {
			return err
		}
	}
	if m.index != nil && m.index.Dim() == m.dims() && m.index.Encoder() == l.Encoder {
		if current == nil || current.learned.Encoder == l.Encoder {
			m.indexed = readProgress(e.Dir).Since
		}
	} else {
		if m.index, err = index.New(m.dims(), l.Encoder); err != nil {
			return err
		}
		if current != nil { // it goes on answering until the new index is full
			e.mu.Lock()
			e.coming = m
			e.mu.Unlock()
			return nil
		}
	}
	e.mu.Lock()
	e.model, e.coming = m, nil
	e.mu.Unlock()
	e.Log.Info("what has been learned is in use", "learned", l.Time, "papers", l.Papers, "dimensions", l.Dim, "topics", l.Topics)
	return nil
}

// dims is how many numbers of a vector the index keeps: of an encoder that is
// trained here the first, for its vectors are nested.
func (m *model) dims() int {
	if m.learned.From != "" {
		return m.learned.Dim
	}
	return index.Kept(m.learned.Dim)
}

// same says whether two trainings are one.
func (l Learned) same(m Learned) bool { return l.Encoder == m.Encoder && l.Time.Equal(m.Time) }

// read reads the files of what was learned. Without topics or categories the
// rest still works.
func (e *Engine) read(l Learned) (*model, error) {
	m := &model{learned: l, indexed: -1, since: -1}
	if l.From != "" {
		s, err := sentence.Open(l.From)
		if err != nil {
			return nil, err
		}
		m.encoder = s
	} else {
		trained, err := readFile(filepath.Join(e.Dir, l.file("encoder")), encode.Read)
		if err != nil {
			return nil, err
		}
		m.encoder = trained
	}
	if m.encoder.Fingerprint() != l.Encoder || m.encoder.Dim() != l.Dim {
		return nil, errors.New("the encoder is not the one that was learned")
	}
	var err error
	if m.topics, err = readFile(filepath.Join(e.Dir, l.file("topics")), topics.Read); err != nil {
		e.Log.Warn("topics cannot be read", "error", err)
	}
	if l.Guesses {
		if m.guesser, err = readFile(filepath.Join(e.Dir, l.file("categories")), taxonomy.Read); err != nil {
			e.Log.Warn("the guesses of categories cannot be read", "error", err)
		}
	}
	return m, nil
}

func readProgress(dir string) progress {
	p := progress{Since: -1}
	if b, err := os.ReadFile(filepath.Join(dir, followed)); err != nil || json.Unmarshal(b, &p) != nil {
		return progress{Since: -1}
	}
	return p
}

// atOnce is how many papers are encoded before others get a turn.
const atOnce = 200

// follow encodes what is new for a model. All papers pass once after a start,
// so that their days and authors are known; those whose vector is there already
// are not encoded again.
func (e *Engine) follow(ctx context.Context, m *model) error {
	if m == nil {
		return nil
	}
	stale := make(map[int64]bool)
	for _, id := range m.index.Stale(m.index.StaleLen()) {
		stale[id] = true
	}
	if len(stale) > 0 {
		m.since = -1
	}
	n := 0
	return e.Store.PapersChanged(ctx, m.since, func(p *offprint.Paper, generation int64) error {
		e.mu.Lock()
		e.papers.put(p)
		e.mu.Unlock()
		if generation > m.indexed || stale[p.ID] || !m.index.Has(p.ID) {
			if err := m.index.Add(p.ID, m.encoder.Encode(TextOf(p))); err != nil {
				return fmt.Errorf("index %s: %w", p.Key, err)
			}
			e.changed = true
			if n++; n%atOnce == 0 {
				select {
				case <-time.After(time.Millisecond): // pages go first
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		m.since = generation
		return nil
	})
}

// save writes the index if it has changed, but not all the time.
func (e *Engine) save(now bool) error {
	e.mu.RLock()
	m := e.model
	e.mu.RUnlock()
	if m == nil || !e.changed || !now && e.Now().Sub(e.saved) < saveEvery {
		return nil
	}
	if err := m.index.Save(filepath.Join(e.Dir, indexFile)); err != nil {
		return err
	}
	err := writeFile(filepath.Join(e.Dir, followed), func(w io.Writer) error {
		return json.NewEncoder(w).Encode(progress{max(m.since, m.indexed)})
	})
	if err == nil {
		e.changed, e.saved = false, e.Now()
	}
	return err
}

// Close saves what has changed. The engine must not be used afterwards.
func (e *Engine) Close() error {
	e.syncing.Lock()
	defer e.syncing.Unlock()
	return e.save(true)
}

// growth is by how much the store has to grow before all is learned anew, and
// retryAfter how long a training that failed is left alone.
const (
	growth     = 1.2
	retryAfter = 6 * time.Hour
)

// TrainIfDue has everything learned anew when the store has grown enough since
// the last time, and takes it up.
func (e *Engine) TrainIfDue(ctx context.Context) error {
	if e.Train == nil {
		return nil
	}
	n, err := e.Store.PaperCount(ctx)
	if err != nil || n < FewestPapers {
		return err
	}
	from := ""
	e.mu.Lock()
	if e.model != nil {
		from = e.model.learned.From
	}
	due := e.model == nil && e.coming == nil || e.coming == nil && float64(n) >= growth*float64(e.model.learned.Papers)
	if due = due && e.Now().Sub(e.tried) >= retryAfter; due {
		e.tried = e.Now()
	}
	e.mu.Unlock()
	if !due {
		return nil
	}
	e.Log.InfoContext(ctx, "learning from the papers", "papers", n)
	if err := e.Train(ctx, from); err != nil {
		return fmt.Errorf("learn from the papers: %w", err)
	}
	return e.Sync(ctx)
}
