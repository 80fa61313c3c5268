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

const (
	askedBar     = .7 // of what ten liked papers give
	wrongReplies = .1 // of a simulated reader's: one of the papers is taken for what it is not
)

// Questions simulates new readers: each likes one category, or two, and picks what
// they like of a few papers of the month before the tested one, one time in ten
// wrongly. What the picks so far make of the tested month, as a page for them, is
// compared with what random papers make of it, and with ten papers that are known
// to be liked.
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
	background, err := b.background(ctx)
	if err != nil {
		return err
	}
	chosen := func(_ *rand.Rand, answers []rank.Answer) []int64 { return q.Next(answers) }
	drawn := func(rng *rand.Rand, answers []rank.Answer) (ids []int64) {
		papers := q.Papers()
		for len(ids) < rank.Shown {
			id := papers[rng.IntN(len(papers))]
			if !slices.Contains(ids, id) && !slices.ContainsFunc(answers, func(a rank.Answer) bool { return a.ID == id }) {
				ids = append(ids, id)
			}
		}
		return ids
	}
	last := make(map[string]float64)
	for _, way := range []struct {
		name string
		next func(*rand.Rand, []rank.Answer) []int64
	}{{"chosen", chosen}, {"random", drawn}} {
		course, yes := make([][]float64, rank.MaxQuestions+1), 0 // [answers][reader]
		for n, r := range readers {
			rng := random.New(b.Seed, uint64(n))
			var answers []rank.Answer
			for k := range rank.MaxQuestions + 1 {
				if err := ctx.Err(); err != nil {
					return err
				}
				course[k] = append(course[k], b.frontPage(r, place, answers, q, background))
				if k == rank.MaxQuestions {
					break
				}
				ids := way.next(rng, answers)
				wrong := -1
				if rng.Float64() < wrongReplies && len(ids) > 0 {
					wrong = rng.IntN(len(ids))
				}
				for i, id := range ids {
					a := rank.Answer{ID: id, Reply: rank.No}
					if b.inAny(place[id], r.categories) != (i == wrong) {
						a.Reply = rank.Yes
						yes++
					}
					answers = append(answers, a)
				}
			}
		}
		for _, k := range []int{0, 1, 3, 5, 7, rank.MaxQuestions} {
			mean, _ := eval.MeanSD(course[k])
			b.Note(fmt.Sprintf("%s papers, %d questions: mean, worst reader", way.name, k), fmt.Sprintf("%.3f %.3f", mean, slices.Min(course[k])))
		}
		last[way.name], _ = eval.MeanSD(course[rank.MaxQuestions])
		b.Note(fmt.Sprintf("%s papers: picked, of %d", way.name, rank.MaxQuestions*rank.Shown), fmt.Sprintf("%.1f", float64(yes)/float64(len(readers))))
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
	b.Figure(fmt.Sprintf("after %d questions, share of that", rank.MaxQuestions), fmt.Sprintf("%.2f", last["chosen"]/mean), fmt.Sprint(askedBar), last["chosen"] >= askedBar*mean)
	b.Figure("and over random papers", fmt.Sprintf("%+.3f", last["chosen"]-last["random"]), "> 0", last["chosen"] > last["random"])
	return nil
}

// frontPage is the nDCG@50 of the tested month as a reader finds it after these
// answers: in the order for them, and before the first pick in that of what is
// like many.
func (b *Bench) frontPage(r newReader, place map[int64]int, answers []rank.Answer, q *rank.Questions, background *rank.Background) float64 {
	var t TagTask
	for _, a := range answers {
		if a.Reply == rank.Yes {
			t.Examples = append(t.Examples, place[a.ID])
		}
	}
	if len(t.Examples) == 0 {
		return b.foundBy(r, q.Taste(answers).Like)
	}
	return eval.NDCG(eval.Top(b.profileScores(t, background), 50, nil), r.relevant, 50)
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
