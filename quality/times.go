package quality

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/offprint/offprint/index"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
	"github.com/offprint/offprint/rank"
)

const (
	slowest      = 20 * time.Millisecond // that the 99th of a hundred may take
	slower       = 3                     // times that, with a million papers
	million      = 1_000_000
	timed        = 300 // repetitions
	timedRelated = 100 // papers found, to choose from
	timedPage    = 25
	timedLikes   = 30  // papers of the reader's
	noise        = .6  // what a repeated paper differs by, of its length
	noises       = 512 // directions of it
)

// Times measures what a page waits for: a day ranked for a reader, a search by
// meaning, papers related by text; among the papers that are here, and among a
// million, which repeat them with noise. The database is not in it.
func (b *Bench) Times(ctx context.Context) error {
	b.Heading("Time: the 99th percentile of %d, and the median", timed)
	x, err := index.New(index.Kept(b.Encoder.Dim()), "")
	if err != nil {
		return err
	}
	for i := range b.Papers {
		if err := x.Add(int64(i), b.Row(i)); err != nil {
			return err
		}
	}
	background, err := b.storedBackground(ctx, x)
	if err != nil {
		return err
	}
	scan, err := percentiles(ctx, 20, func(i int) error {
		b.nearest(b.Vectors, []int{i * 7 % len(b.Tested())})
		return nil
	})
	if err != nil {
		return err
	}
	b.Note(fmt.Sprintf("all %d vectors in float32, one after the other", len(b.Papers)), scan.String())
	for _, limit := range []time.Duration{slowest, slower * slowest} {
		if limit > slowest {
			if err := b.repeat(ctx, x, million); err != nil {
				return err
			}
		}
		for _, page := range []struct {
			name string
			do   func(int) error
		}{
			{"a day for a reader", b.timeDay(x, background)},
			{"search by meaning", b.timeSearch(x)},
			{"related by text", b.timeRelated(x)},
		} {
			took, err := percentiles(ctx, timed, page.do)
			if err != nil {
				return err
			}
			b.Figure(fmt.Sprintf("%s, %d papers", page.name, x.Len()), took.String(), limit.String(), took.p99 <= limit)
		}
	}
	return nil
}

// took is how long something took.
type took struct{ p99, median time.Duration }

func (t took) String() string {
	round := func(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
	return fmt.Sprintf("%v %v", round(t.p99), round(t.median))
}

// percentiles does something n times, after a few that do not count.
func percentiles(ctx context.Context, n int, do func(i int) error) (took, error) {
	const warm = 5
	var all []time.Duration
	for i := range n + warm {
		start := time.Now()
		if err := cmp.Or(ctx.Err(), do(i)); err != nil {
			return took{}, err
		}
		if i >= warm {
			all = append(all, time.Since(start))
		}
	}
	slices.Sort(all)
	return took{all[(99*n-1)/100], all[n/2]}, nil
}

// repeat adds papers that are like those here until there are n.
func (b *Bench) repeat(ctx context.Context, x *index.Index, n int) error {
	dim, rng := b.Encoder.Dim(), random.New(b.Seed, 19)
	directions := make([]float32, noises*dim)
	for i := range directions {
		directions[i] = float32(rng.NormFloat64())
	}
	vector.NormalizeRows(directions, dim)
	for id := x.Len(); id < n; id++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		v := slices.Clone(b.Row(id % len(b.Papers)))
		k := rng.IntN(noises)
		vector.AddScaled(v, noise, directions[k*dim:(k+1)*dim])
		if err := x.Add(int64(id), v); err != nil {
			return err
		}
	}
	return nil
}

// timeDay has one of the tested month's days ranked for a reader who likes some
// papers of the month before.
func (b *Bench) timeDay(x *index.Index, background *rank.Background) func(int) error {
	var days [][]int64
	for i := b.Test; i < len(b.Papers); i++ {
		if i == b.Test || b.Papers[i].Listed != b.Papers[i-1].Listed {
			days = append(days, nil)
		}
		days[len(days)-1] = append(days[len(days)-1], int64(i))
	}
	rng, from := random.New(b.Seed, 20), b.LastMonth()
	dim := x.Dim()
	return func(i int) error {
		examples := make([]rank.Example, 0, timedLikes)
		for range timedLikes {
			id := int64(from + rng.IntN(b.Test-from))
			v := make([]float32, dim)
			x.Vector(id, v)
			examples = append(examples, rank.Example{ID: id, Vector: v, Weight: 1})
		}
		p := rank.NewProfile(examples, time.Time{}, background)
		day := days[i%len(days)]
		vectors := make([]float32, len(day)*dim)
		papers := make([]rank.Paper, len(day))
		for k, id := range day {
			v := vectors[k*dim : (k+1)*dim]
			x.Vector(id, v)
			papers[k] = rank.Paper{ID: id, Vector: v, Authors: b.authors.of[id]}
		}
		choices := p.Order(papers)
		rank.Diverse(choices[:min(len(choices), 200)], timedPage, .1)
		return nil
	}
}

// storedBackground is the background with vectors as the index has them.
func (b *Bench) storedBackground(ctx context.Context, x *index.Index) (*rank.Background, error) {
	if b.authors == nil {
		b.authors = newBylines(b.Papers)
	}
	n, d := min(spreadPapers, b.Test), x.Dim()
	some := make([]float32, n*d)
	for i := range n {
		x.Vector(int64(i*b.Test/n), some[i*d:(i+1)*d])
	}
	background, err := rank.NewBackground(ctx, some, d)
	if err != nil {
		return nil, err
	}
	background.Near = func(v []float32, n int) [][]float32 {
		found, err := x.Search(v, n, nil)
		if err != nil {
			return nil
		}
		rows := make([][]float32, len(found))
		for i, h := range found {
			rows[i] = make([]float32, d)
			x.Vector(h.ID, rows[i])
		}
		return rows
	}
	background.Earlier = func(author int32, q []float32) (sum float32, papers int) {
		var ids []int64
		for _, i := range b.earlier(author) {
			ids = append(ids, int64(i))
		}
		scores, err := x.Scores(q, ids)
		if err != nil {
			return 0, 0
		}
		for _, s := range scores {
			sum += s
		}
		return sum * vector.Norm(q), len(ids)
	}
	return background, nil
}

// timeSearch searches for titles.
func (b *Bench) timeSearch(x *index.Index) func(int) error {
	return func(i int) error {
		t := TextOf(&b.Tested()[i*7%len(b.Tested())])
		t.Abstract, t.Comment = "", ""
		_, err := x.Search(b.Encoder.Encode(t), timedRelated, nil)
		return err
	}
}

// timeRelated finds what is like a paper that is there.
func (b *Bench) timeRelated(x *index.Index) func(int) error {
	v := make([]float32, x.Dim())
	return func(i int) error {
		id := int64(b.Test + i*11%len(b.Tested()))
		x.Vector(id, v)
		_, err := x.Search(v, timedRelated, func(other int64) bool { return other != id })
		return err
	}
}
