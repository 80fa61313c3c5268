package quality

import (
	"context"
	"fmt"

	"github.com/offprint/offprint/encode"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

const (
	replacedBar = .95 // of the nDCG of an index that is encoded again
	alignTexts  = 20000
	grown       = 1.2 // times, when a new encoder is trained, as in package engine
)

// Replacement measures what a new encoder finds in an index that the one before
// has made: that one has learned from the first five sixths of the papers, after
// which a new one is due.
func (b *Bench) Replacement(ctx context.Context) error {
	b.Heading("Replacement: a new encoder's queries among the vectors of the one before")
	tasks := b.TagTasks(10)
	if len(tasks) == 0 {
		b.Note("no category is a tag here: see “By tag”", "")
		return nil
	}
	old := make([]encode.Text, int(float64(b.Test)/grown))
	for i := range old {
		old[i] = TextOf(&b.Papers[i])
	}
	before, _, err := encode.Train(ctx, old, encode.Config{Dim: b.Encoder.Dim(), Seed: b.Seed})
	if err != nil {
		return err
	}
	sample := make([]encode.Text, 0, alignTexts)
	for _, i := range random.New(b.Seed, 41).Perm(b.Test)[:min(alignTexts, b.Test)] {
		sample = append(sample, TextOf(&b.Papers[i]))
	}
	aligned, err := b.Encoder.Align(before, sample)
	if err != nil {
		return err
	}
	from := b.LastMonth()
	rows := func(e *encode.Encoder) []float32 {
		var all []float32
		for i := from; i < len(b.Papers); i++ {
			all = append(all, e.Encode(TextOf(&b.Papers[i]))...)
		}
		return all
	}
	oldRows, newRows, turned := rows(before), rows(b.Encoder), rows(aligned)
	var x, y []float32
	for _, t := range sample {
		x, y = append(x, before.Encode(t)...), append(y, b.Encoder.Encode(t)...)
	}
	bridge, err := encode.NewBridge(x, y, b.Encoder.Dim(), b.Encoder.Dim())
	if err != nil {
		return err
	}
	var crossed []float32
	for i := range len(oldRows) / b.Encoder.Dim() {
		crossed = append(crossed, bridge.Cross(oldRows[i*b.Encoder.Dim():(i+1)*b.Encoder.Dim()])...)
	}
	half := make([]float32, len(oldRows)) // every other row is encoded again
	d := b.Encoder.Dim()
	for i := range len(half) / d {
		src := crossed
		if i%2 == 0 {
			src = newRows
		}
		copy(half[i*d:(i+1)*d], src[i*d:(i+1)*d])
	}
	measure := func(queries, index []float32, dims int) (float64, error) {
		got, err := b.measureTags(ctx, tasks, func(t TagTask) ([]float32, error) {
			q := make([]float32, dims)
			for _, i := range t.Examples {
				vector.AddScaled(q, 1, queries[(i-from)*d:(i-from)*d+dims])
			}
			s := make([]float32, len(b.Tested()))
			for i := range s {
				row := index[(b.Test-from+i)*d : (b.Test-from+i)*d+dims]
				if n := vector.Norm(row); n > 0 {
					s[i] = vector.Dot(q, row) / n
				}
			}
			return s, nil
		})
		return got.nDCG, err
	}
	for _, dims := range []int{d, d / 2} {
		again, err := measure(newRows, newRows, dims)
		if err != nil {
			return err
		}
		show := func(name string, queries, index []float32) (float64, error) {
			got, err := measure(queries, index, dims)
			b.Note(name, fmt.Sprintf("%.3f, %.3f of it", got, got/again))
			return got, err
		}
		b.Note(fmt.Sprintf("%d numbers, all encoded again: nDCG@50", dims), fmt.Sprintf("%.3f", again))
		if _, err := show("the one before, queries and index", oldRows, oldRows); err != nil {
			return err
		}
		if _, err := show("new queries in the old index as it is", newRows, oldRows); err != nil {
			return err
		}
		if _, err := show("new queries, turned to the old vectors", turned, oldRows); err != nil {
			return err
		}
		if _, err := show("old vectors over the bridge, half encoded again", newRows, half); err != nil {
			return err
		}
		got, err := show("old vectors over the bridge", newRows, crossed)
		if err != nil {
			return err
		}
		if dims == d {
			b.Figure("share of the nDCG that is kept", fmt.Sprintf("%.3f", got/again), fmt.Sprint(replacedBar), got >= replacedBar*again)
		}
	}
	return nil
}
