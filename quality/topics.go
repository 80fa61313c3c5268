package quality

import (
	"context"
	"fmt"
	"time"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/taxonomy"
	"github.com/offprint/offprint/topics"
)

// Topics finds topics in the papers to learn from, with two seeds: how alike the
// two are says how much of them is the papers' and how much is chance.
func (b *Bench) Topics(ctx context.Context) error {
	b.Heading("Topics in the papers before %s", b.Month)
	in := topics.Input{Vectors: b.Vectors[:b.Test*b.Encoder.Dim()], Dim: b.Encoder.Dim(), Seed: b.Seed}
	for i := range b.Learn() {
		p := &b.Papers[i]
		in.Titles, in.Abstracts, in.Days = append(in.Titles, p.Title), append(in.Abstracts, p.Abstract), append(in.Days, p.Listed)
	}
	start := time.Now()
	m, err := topics.Find(ctx, in)
	if err != nil {
		return err
	}
	b.Note("topics, time", fmt.Sprintf("%d %s", len(m.Topics), since(start)))
	rising, falling := 0, 0
	for _, t := range m.Topics {
		if t.Trend.Rising {
			rising++
		}
		if t.Trend.Falling {
			falling++
		}
	}
	b.Note("rising, falling", fmt.Sprintf("%d %d", rising, falling))
	in.Seed++
	other, err := topics.Find(ctx, in)
	if err != nil {
		return err
	}
	one, two, category := make([]int, len(b.Tested())), make([]int, len(b.Tested())), make([]int, len(b.Tested()))
	numbers := map[string]int{}
	for i := range one {
		one[i], _ = m.Assign(b.Row(b.Test + i))
		two[i], _ = other.Assign(b.Row(b.Test + i))
		if c := b.Papers[b.Test+i].Categories; len(c) > 0 {
			if _, ok := numbers[c[0]]; !ok {
				numbers[c[0]] = len(numbers) + 1
			}
			category[i] = numbers[c[0]]
		}
	}
	for _, with := range []struct {
		name   string
		labels []int
	}{{"another seed's", two}, {"the first categories", category}} {
		b.Note("papers of "+b.Month+": mutual information with "+with.name, fmt.Sprintf("%.3f", eval.NMI(one, with.labels)))
	}
	return nil
}

// Categories guesses the categories of the tested month's papers.
func (b *Bench) Categories(ctx context.Context) error {
	b.Heading("Categories of the papers of %s, guessed", b.Month)
	categories := make([][]string, b.Test)
	for i := range categories {
		categories[i] = b.Papers[i].Categories
	}
	start := time.Now()
	g, err := taxonomy.Train(ctx, b.Vectors[:b.Test*b.Encoder.Dim()], b.Encoder.Dim(), categories, taxonomy.Options{Seed: b.Seed})
	if offprint.KindOf(err) == offprint.KindInvalid {
		b.Note(err.Error(), "")
		return nil
	}
	if err != nil {
		return err
	}
	b.Note("learned in", since(start))
	all, guessed, right, confident := 0, 0, 0, 0.
	for i := b.Test; i < len(b.Papers); i++ {
		if len(b.Papers[i].Categories) == 0 {
			continue
		}
		all++
		guesses := g.Guess(b.Row(i))
		if len(guesses) == 0 {
			continue
		}
		guessed++
		confident += float64(guesses[0].Confidence)
		for _, c := range b.Papers[i].Categories {
			if c == guesses[0].Category {
				right++
				break
			}
		}
	}
	if guessed == 0 {
		b.Note("no guess is certain enough to be shown", "")
		return nil
	}
	b.Note("papers with a guess", fmt.Sprintf("%.2f", float64(guessed)/float64(all)))
	b.Note("first guesses that are right, as they think", fmt.Sprintf("%.2f %.2f", float64(right)/float64(guessed), confident/float64(guessed)))
	return nil
}
