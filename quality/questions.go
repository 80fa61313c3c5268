package quality

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
	"github.com/offprint/offprint/rank"
)

const wrongReplies = .1 // of a simulated reader's

// Questions simulates new readers: each likes one category, or two, and answers
// about papers of the month before the tested one, one reply in ten wrong. What
// the answers so far make of the tested month is compared with what random
// questions make of it, and with ten papers that are known to be liked.
func (b *Bench) Questions(ctx context.Context) error {
	b.Heading("The first questions: a new reader's answers, then %s ranked (nDCG@50)", b.Month)
	from, dim := b.LastMonth(), b.Encoder.Dim()
	readers := b.newReaders()
	if len(readers) == 0 {
		b.Note("no category is of the size of a tag", "")
		return nil
	}
	ids := make([]int64, b.Test-from)
	place := make(map[int64]int, len(ids))
	for i := range ids {
		ids[i] = b.Papers[from+i].ID
		place[ids[i]] = from + i
	}
	q, err := rank.NewQuestions(ctx, b.Vectors[from*dim:b.Test*dim], dim, ids, b.Seed)
	if err != nil {
		return err
	}
	chosen := func(_ *rand.Rand, answers []rank.Answer) (int64, bool) { return q.Next(answers) }
	drawn := func(rng *rand.Rand, answers []rank.Answer) (int64, bool) {
		papers := q.Papers()
		for {
			id := papers[rng.IntN(len(papers))]
			if !slices.ContainsFunc(answers, func(a rank.Answer) bool { return a.ID == id }) {
				return id, true
			}
		}
	}
	for _, way := range []struct {
		name string
		next func(*rand.Rand, []rank.Answer) (int64, bool)
	}{{"chosen", chosen}, {"random", drawn}} {
		course, yes := make([][]float64, rank.MaxQuestions+1), 0 // [answers][reader]
		for n, r := range readers {
			rng := random.New(b.Seed, uint64(n))
			var answers []rank.Answer
			for {
				if err := ctx.Err(); err != nil {
					return err
				}
				taste := q.Taste(answers)
				course[len(answers)] = append(course[len(answers)], b.foundBy(r, taste.Like))
				id, ok := int64(0), false
				if len(answers) < rank.MaxQuestions {
					id, ok = way.next(rng, answers)
				}
				if !ok {
					break
				}
				a := rank.Answer{ID: id, Reply: rank.No}
				if b.inAny(place[id], r.categories) != (rng.Float64() < wrongReplies) {
					a.Reply = rank.Yes
					yes++
				}
				answers = append(answers, a)
			}
			for k := len(answers) + 1; k <= rank.MaxQuestions; k++ { // nothing changes any more
				course[k] = append(course[k], course[len(answers)][n])
			}
		}
		for _, k := range []int{0, 1, 3, 5, 7, rank.MaxQuestions} {
			mean, _ := eval.MeanSD(course[k])
			b.Note(fmt.Sprintf("%s questions, %d answers: mean, worst reader", way.name, k), fmt.Sprintf("%.3f %.3f", mean, slices.Min(course[k])))
		}
		b.Note(way.name+" questions: yes, of ten", fmt.Sprintf("%.1f", float64(yes)/float64(len(readers))))
	}
	var known []float64
	for _, r := range readers {
		centre := make([]float32, dim)
		for _, i := range r.examples {
			vector.AddScaled(centre, 1, b.Row(i))
		}
		known = append(known, b.foundBy(r, func(v []float32) float64 { return float64(vector.Dot(centre, v)) }))
	}
	mean, _ := eval.MeanSD(known)
	b.Note("ten liked papers, their centroid: mean, worst reader", fmt.Sprintf("%.3f %.3f", mean, slices.Min(known)))
	return nil
}

// newReader is a simulated one.
type newReader struct {
	categories []string
	examples   []int        // ten papers that they like
	relevant   map[int]bool // places in Tested()
}

// newReaders are three readers of each category that makes a tag, and three of
// each of these with the third after it.
func (b *Bench) newReaders() []newReader {
	const each = 10
	tasks := b.TagTasks(each)
	var readers []newReader
	for _, t := range tasks {
		readers = append(readers, newReader{[]string{t.Category}, t.Examples, t.Relevant})
	}
	for i, t := range tasks {
		other := tasks[(i+3*tagDraws)%len(tasks)]
		if other.Category == t.Category {
			continue
		}
		r := newReader{[]string{t.Category, other.Category}, slices.Concat(t.Examples[:each/2], other.Examples[:each/2]), map[int]bool{}}
		for _, task := range []TagTask{t, other} {
			for at := range task.Relevant {
				r.relevant[at] = true
			}
		}
		readers = append(readers, r)
	}
	return readers
}

// inAny says whether a paper is in one of the categories.
func (b *Bench) inAny(i int, categories []string) bool {
	return slices.ContainsFunc(b.Papers[i].Categories, func(c string) bool { return slices.Contains(categories, c) })
}

// foundBy is the nDCG@50 of the tested month in the order of a score.
func (b *Bench) foundBy(r newReader, score func(v []float32) float64) float64 {
	scores := make([]float64, len(b.Papers)-b.Test)
	for i := range scores {
		scores[i] = score(b.Row(b.Test + i))
	}
	return eval.NDCG(eval.Top(scores, 50, nil), r.relevant, 50)
}
