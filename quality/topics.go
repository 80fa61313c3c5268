package quality

import (
	"context"
	"fmt"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/methods/cluster"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/label/lls"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/topics"
)

const (
	shiftKinds  = 200 // of papers, whose shares shift
	shiftPrefix = 64  // numbers of a vector that tell kinds apart
	mostLinked  = 4   // papers of an author: of more, it may be several authors
)

// Topics measures the themes: whether another seed finds the same, and whether
// papers of the tested month that have an author in common fall together more
// often than others do. The baseline is latent label shift: what becomes more and
// less frequent together.
func (b *Bench) Topics(ctx context.Context) error {
	b.Heading("Topics: found before %s, asked about its %d papers", b.Month, len(b.Tested()))
	dim := b.Encoder.Dim()
	in := topics.Input{Vectors: b.Vectors[:b.Test*dim], Dim: dim}
	for _, p := range b.Learn() {
		in.Titles, in.Abstracts, in.Days = append(in.Titles, p.Title), append(in.Abstracts, p.Abstract), append(in.Days, p.Listed)
	}
	var found [2][]int
	number := 0
	for s := range found {
		start := time.Now()
		in.Seed = b.Seed + uint64(s)
		m, err := topics.Find(ctx, in)
		if offprint.KindOf(err) == offprint.KindInvalid {
			b.Note(err.Error(), "")
			return nil
		}
		if err != nil {
			return err
		}
		for i := range b.Tested() {
			k, _ := m.Assign(b.Row(b.Test + i))
			found[s] = append(found[s], k)
		}
		if number = len(m.Topics); s == 0 {
			b.Note(fmt.Sprintf("finding %d topics", number), since(start))
			rising, falling := 0, 0
			for _, t := range m.Topics {
				if t.Trend.Rising {
					rising++
				}
				if t.Trend.Falling {
					falling++
				}
			}
			b.Note("of which rise, fall", fmt.Sprintf("%d, %d", rising, falling))
		}
	}
	b.Note("another seed finds the same (NMI)", fmt.Sprintf("%.3f", eval.NMI(found[0], found[1])))
	together, chance := b.together(found[0])
	b.Note("papers with an author in common, in one topic", fmt.Sprintf("%.3f", together))
	b.Note("any two papers in one topic", fmt.Sprintf("%.3f", chance))
	shift, err := b.shiftTopics(ctx, number)
	if err != nil {
		return err
	}
	if shift == nil {
		b.Note("too few weeks for latent label shift", "")
		return nil
	}
	together, chance = b.together(shift)
	b.Note("by latent label shift: with an author in common", fmt.Sprintf("%.3f", together))
	b.Note("by latent label shift: any two", fmt.Sprintf("%.3f", chance))
	return nil
}

// together are the shares of pairs of papers in one topic: of pairs with an
// author in common, and of all.
func (b *Bench) together(topic []int) (linked, all float64) {
	by, size := make(map[string][]int), make(map[int]float64)
	for i, p := range b.Tested() {
		size[topic[i]]++
		for _, a := range p.Authors {
			by[a] = append(by[a], i)
		}
	}
	var same, pairs float64
	for _, papers := range by {
		if len(papers) > mostLinked {
			continue
		}
		for i := range papers {
			for j := range i {
				pairs++
				if topic[papers[i]] == topic[papers[j]] {
					same++
				}
			}
		}
	}
	n := float64(len(topic))
	for _, s := range size {
		all += s * (s - 1) / (n * (n - 1))
	}
	return same / max(pairs, 1), all
}

// shiftTopics are the topics of the tested papers by latent label shift: shares of
// kinds in weeks, factorised. It is nil where there are fewer weeks than topics.
func (b *Bench) shiftTopics(ctx context.Context, number int) ([]int, error) {
	dim := b.Encoder.Dim()
	prefix := min(dim, shiftPrefix)
	var x []float32
	for i := range b.Learn() {
		x = append(x, b.Row(i)[:prefix]...)
	}
	first := b.Papers[0].Listed
	weeks := int(b.Papers[b.Test-1].Listed-first)/7 + 1
	if number = min(number, weeks); number < 4 || b.Test < shiftKinds {
		return nil, nil
	}
	kinds, err := cluster.Fit(ctx, x, prefix, shiftKinds, 10, random.New(b.Seed, 0))
	if err != nil {
		return nil, err
	}
	shares, total := mat.NewDense(shiftKinds, weeks, nil), make([]float64, weeks)
	for i, k := range kinds.Assign {
		w := int(b.Papers[i].Listed-first) / 7
		shares.Set(int(k), w, shares.At(int(k), w)+1)
		total[w]++
	}
	shares.Apply(func(_, w int, v float64) float64 { return v / max(total[w], 1) }, shares)
	of, over, _, err := lls.NMF(ctx, shares, number, lls.NMFOptions{Restarts: 1, Sweeps: 100, Seed: b.Seed})
	if err != nil {
		return nil, err
	}
	topic := make([]int, shiftKinds)
	for k := range topic {
		best := -1.
		for y := range number {
			if s := of.At(k, y) * mat.Sum(over.RowView(y)); s > best {
				best, topic[k] = s, y
			}
		}
	}
	found := make([]int, len(b.Tested()))
	for i := range found {
		k, _ := kinds.Nearest(b.Row(b.Test + i)[:prefix])
		found[i] = topic[k]
	}
	return found, nil
}
