package quality

import (
	"context"
	"fmt"
	"math"

	"github.com/offprint/offprint/collab"
	"github.com/offprint/offprint/methods/random"
)

const (
	voters      = 60
	votesEach   = 40
	forgotten   = 10   // readers who go, one after the other
	forgetError = 1e-6 // of a score
)

// Forgetting deletes readers and compares what is left with a model that never saw
// them: simulated readers vote for papers of a category. A model with them still in
// it is the ceiling.
func (b *Bench) Forgetting(ctx context.Context) error {
	b.Heading("Forgetting: %d of %d readers, who like a category each", forgotten, voters)
	tasks := b.TagTasks(1)
	if len(tasks) == 0 {
		b.Note("no category is of the size of a tag", "")
		return nil
	}
	from, rng := b.LastMonth(), random.New(b.Seed, 61)
	var votes []collab.Vote
	for r := range voters {
		category := []string{tasks[r*tagDraws%len(tasks)].Category}
		var liked []int
		for i := from; i < b.Test; i++ {
			if b.inAny(i, category) {
				liked = append(liked, i)
			}
		}
		for _, k := range rng.Perm(len(liked))[:min(votesEach, len(liked))] {
			votes = append(votes, collab.Vote{Reader: int64(r + 1), Paper: int64(liked[k])})
		}
	}
	vectors := func(paper int64, v []float32) bool { copy(v, b.Row(int(paper))); return true }
	with, err := collab.Train(ctx, votes, b.Encoder.Dim(), vectors)
	if err != nil {
		return err
	}
	// What the models make of the tested month, for those who stay.
	apart := func(x, y *collab.Model) float64 {
		most := 0.
		for r := forgotten + 1; r <= voters; r++ {
			tx, ty := x.Taste(int64(r)), y.Taste(int64(r))
			for i := b.Test; i < len(b.Papers); i += 10 {
				sx, sy := float32(0), float32(0)
				if tx != nil {
					sx = tx.Score(int64(i), b.Row(i))
				}
				if ty != nil {
					sy = ty.Score(int64(i), b.Row(i))
				}
				most = max(most, math.Abs(float64(sx-sy)))
			}
		}
		return most
	}
	after := with
	for r := 1; r <= forgotten; r++ {
		if after, err = after.Forget(ctx, int64(r)); err != nil {
			return err
		}
	}
	var stay []collab.Vote
	for _, v := range votes {
		if v.Reader > forgotten {
			stay = append(stay, v)
		}
	}
	never, err := collab.Train(ctx, stay, b.Encoder.Dim(), vectors)
	if err != nil {
		return err
	}
	b.Note("largest difference of a score to a model that never saw them", "")
	b.Note("nothing done", fmt.Sprintf("%.2g", apart(with, never)))
	left := apart(after, never)
	b.Figure("forgotten", fmt.Sprintf("%.2g", left), fmt.Sprintf("%.0e", forgetError), left <= forgetError)
	return nil
}
