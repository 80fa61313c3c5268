package engine

import (
	"context"
	"fmt"

	"github.com/offprint/offprint/collab"
)

// common is what readers have in common, and what it was made from.
type common struct {
	*collab.Model
	encoder    string
	generation int64 // of the store
}

// syncReaders learns anew what readers have in common, when anything has changed
// that they may have said. It takes milliseconds, so there is no file of it: what
// a reader has said is in the store and nowhere else.
func (e *Engine) syncReaders(ctx context.Context) error {
	m := e.ready()
	if m == nil {
		return nil
	}
	generation, err := e.Store.Generation(ctx)
	if err != nil {
		return err
	}
	if old := e.common.Load(); old != nil && old.generation == generation && old.encoder == m.learned.Encoder {
		return nil
	}
	acts, err := e.Store.Acts(ctx, 0)
	if err != nil {
		return err
	}
	var votes []collab.Vote // which are public; what readers save, tag and hide is theirs
	for _, a := range acts {
		if !a.Vote.IsZero() {
			votes = append(votes, collab.Vote{Reader: a.ReaderID, Paper: a.PaperID})
		}
	}
	c, err := collab.Train(ctx, votes, m.index.Dim(), m.index.Vector)
	if err != nil {
		return fmt.Errorf("learn what readers have in common: %w", err)
	}
	e.common.Store(&common{c, m.learned.Encoder, generation})
	return nil
}

// taste is what other readers tell one, or nil.
func (e *Engine) taste(m *model, readerID int64) *collab.Taste {
	c := e.common.Load()
	if c == nil || c.encoder != m.learned.Encoder {
		return nil
	}
	return c.Taste(readerID)
}

// Forget takes what was learned from a reader out of everything, once they have
// been deleted from the store. Nothing else that is learned knows of readers: the
// encoder, topics and categories come from the papers alone.
func (e *Engine) Forget(ctx context.Context, readerID int64) error {
	if e == nil {
		return nil
	}
	e.syncing.Lock() // no Sync may store what it learned with them
	defer e.syncing.Unlock()
	c := e.common.Load()
	if c == nil {
		return nil
	}
	without, err := c.Forget(ctx, readerID)
	if err != nil {
		return fmt.Errorf("forget a reader: %w", err)
	}
	e.common.Store(&common{without, c.encoder, c.generation})
	return nil
}
