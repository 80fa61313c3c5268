package quality

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/offprint/offprint/collab"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/rank"
)

const (
	collabTop   = 50  // of the ranking
	collabAsked = 40  // readers of a kind whose pages are looked at
	mostOthers  = 200 // examples from others, as in package engine
	fewCircles  = 5   // that readers of a group share
	manyCircles = 50  // strangers
	harmless    = .95 // of the order without others: what they may cost at most
	helpful     = 1.5 // times that, for twenty readers or more of a group
)

// Collab measures votes in common: simulated readers vote for half a year and in
// the tested month; the later half of each reader's votes there is to be found.
// The readers of a group have their interests among five circles of authors,
// strangers among fifty. Before anybody votes in the month all its papers are
// cold, and others help only by what they voted for earlier.
func (b *Bench) Collab(ctx context.Context) error {
	b.Heading("Votes in common: what simulated readers vote for in %s (nDCG@%d)", b.Month, collabTop)
	e, err := b.newElectorate(ctx)
	if err != nil {
		return err
	}
	if len(e.circles) < fewCircles {
		b.Note("too few authors have written several papers", "")
		return nil
	}
	background, err := b.background(ctx)
	if err != nil {
		return err
	}
	b.Note("half of the month's votes are known", "alone counted with others")
	var cold []func()
	for _, circles := range []int{fewCircles, manyCircles} {
		for _, n := range []int{2, 5, 20, 100} {
			f, err := e.inCommon(ctx, n, circles, background)
			if err != nil {
				return err
			}
			name := fmt.Sprintf("%d readers, interests among %d circles", n, circles)
			least := harmless
			if circles == fewCircles && n >= 20 {
				least = helpful
			}
			b.Figure(name, fmt.Sprintf("%.3f %.3f %.3f", f.alone, f.counted, f.with), fmt.Sprintf("%.3f", least*f.alone), f.with >= least*f.alone)
			cold = append(cold, func() {
				b.Figure(name, fmt.Sprintf("%.3f %.3f", f.coldAlone, f.coldWith), fmt.Sprintf("%.3f", harmless*f.coldAlone), f.coldWith >= harmless*f.coldAlone)
			})
		}
	}
	b.Note("none of the month's votes is known", "alone with others")
	for _, print := range cold {
		print()
	}
	return nil
}

// inCommonFigures are means of nDCG@50 in the order by a reader's own votes alone,
// by the number of others' votes, and by both with what is learned from them.
type inCommonFigures struct{ alone, counted, with, coldAlone, coldWith float64 }

// inCommon draws groups of n readers until enough are asked.
func (e *electorate) inCommon(ctx context.Context, n, circles int, background *rank.Background) (f inCommonFigures, err error) {
	asked := 0
	for group := uint64(0); asked < collabAsked; group++ {
		voters := e.voters(n, circles, random.New(random.Mix(group, e.Seed), 41))
		cold, err := e.model(ctx, voters, false)
		if err != nil {
			return f, err
		}
		warm, err := e.model(ctx, voters, true)
		if err != nil {
			return f, err
		}
		for u, v := range voters[:min(n, collabAsked-asked)] {
			asked++
			inMonth := slices.Concat(v.early, v.late)
			f.coldAlone += e.found(e.order(v.before, nil, background), inMonth, nil)
			f.coldWith += e.found(e.order(v.before, cold.Taste(int64(u)), background), inMonth, nil)

			known := slices.Concat(v.before, v.early)
			f.alone += e.found(e.order(known, nil, background), v.late, v.early)
			f.with += e.found(e.order(known, warm.Taste(int64(u)), background), v.late, v.early)
			counted := make([]float32, len(e.Tested()))
			for w := range voters {
				for _, i := range voters[w].early {
					if w != u {
						counted[i-e.Test]++
					}
				}
			}
			f.counted += e.found(counted, v.late, v.early)
		}
	}
	for _, x := range []*float64{&f.alone, &f.counted, &f.with, &f.coldAlone, &f.coldWith} {
		*x /= float64(asked)
	}
	return f, nil
}

// model learns from readers' votes before the tested month, and the early ones in it.
func (e *electorate) model(ctx context.Context, voters []voter, early bool) (*collab.Model, error) {
	var votes []collab.Vote
	for u, v := range voters {
		papers := v.before
		if early {
			papers = slices.Concat(papers, v.early)
		}
		for _, i := range papers {
			votes = append(votes, collab.Vote{Reader: int64(u), Paper: int64(i)})
		}
	}
	return e.learn(ctx, votes)
}

func (e *electorate) learn(ctx context.Context, votes []collab.Vote) (*collab.Model, error) {
	return collab.Train(ctx, votes, e.Encoder.Dim(), func(paper int64, v []float32) bool {
		copy(v, e.Row(int(paper)))
		return true
	})
}

// order scores the tested month as the service does for a reader who voted for
// these papers, and whom others tell something.
func (e *electorate) order(votes []int, taste *collab.Taste, background *rank.Background) []float32 {
	var examples []rank.Example
	add := func(i int, weight float32) {
		examples = append(examples, rank.Example{ID: int64(i), Vector: e.Row(i), Weight: weight, Authors: e.authors.of[i]})
	}
	for _, i := range votes {
		add(i, 1)
	}
	for _, x := range taste.Examples(mostOthers) {
		add(int(x.Paper), x.Weight)
	}
	papers := make([]rank.Paper, len(e.Tested()))
	for k := range papers {
		i := e.Test + k
		papers[k] = rank.Paper{ID: int64(i), Vector: e.Row(i), Authors: e.authors.of[i]}
	}
	scores := make([]float32, len(papers))
	for _, c := range rank.NewProfile(examples, time.Time{}, background).Order(papers) {
		scores[int(c.ID)-e.Test] = c.Score.Value + taste.Votes(c.ID)
	}
	return scores
}

// found is the nDCG of papers among those of the tested month but for some.
func (e *electorate) found(scores []float32, papers, without []int) float64 {
	wanted := make(map[int]bool, len(papers))
	for _, i := range papers {
		wanted[i-e.Test] = true
	}
	return eval.NDCG(eval.Top(scores, collabTop, func(k int) bool { return slices.Contains(without, e.Test+k) }), wanted, collabTop)
}
