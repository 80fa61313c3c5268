package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/encode"
	"github.com/offprint/offprint/index"
)

// bridgePapers is how many papers both encoders read for a bridge between them.
const bridgePapers = 8000

var errEnough = errors.New("enough")

// takeOver makes the index of a new encoder from that of the one before: each
// vector crosses a bridge between the two, so that all papers can be found at once,
// and is stale until its paper is encoded again.
func (e *Engine) takeOver(ctx context.Context, before, m *model) error {
	from, to := before.index.Dim(), m.dims()
	var x, y []float32
	every := max(1, before.index.Len()/bridgePapers)
	n := 0
	err := e.Store.AllPapers(ctx, func(p *offprint.Paper) error {
		if n++; n%every != 0 {
			return nil
		}
		t := TextOf(p)
		x, y = append(x, before.encoder.Encode(t)[:from]...), append(y, m.encoder.Encode(t)[:to]...)
		if len(x) >= bridgePapers*from {
			return errEnough
		}
		return ctx.Err()
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	bridge, err := encode.NewBridge(x, y, from, to)
	if err != nil {
		return err
	}
	ix, err := index.New(to, before.learned.Encoder)
	if err != nil {
		return err
	}
	v := make([]float32, from)
	for _, id := range before.index.IDs() {
		if !before.index.Vector(id, v) {
			continue
		}
		if err := ix.Add(id, bridge.Cross(v)); err != nil {
			return fmt.Errorf("take over a vector: %w", err)
		}
	}
	ix.Replace(m.learned.Encoder)
	m.index, m.indexed = ix, before.since
	return nil
}
