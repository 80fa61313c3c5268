package rec

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/rec/m2trec"
	"github.com/offprint/offprint/methods/text"
	"github.com/offprint/offprint/methods/vector"
)

// evenings are the ratings of movielens-100k as sessions: those of a user
// without a pause of an hour. Unlike authors' papers, most of the movies come
// again, so that ids can be learned of those that come often.
type evenings struct {
	metadata    []m2trec.Item
	fields      []m2trec.Field
	train, test []m2trec.Session
	seen        []int // by movie, how often it was a target of train
}

func loadEvenings() (*evenings, error) {
	const pause, least, history = 3600, 3, 8
	data, err := dataset.ReadMovieLens()
	if err != nil {
		return nil, err
	}
	e := &evenings{seen: make([]int, len(data.Movies))}

	var titles [][]string
	for _, m := range data.Movies {
		titles = append(titles, text.Tokens(m.Title))
	}
	vocab := text.NewVocabulary(titles, 2, 1<<20)
	words := vocab.TFIDF(titles)
	years := numbers{}
	for i, m := range data.Movies {
		var genres []int32
		for g, has := range m.Genres {
			if has {
				genres = append(genres, int32(g))
			}
		}
		w, a := words.Row(i)
		e.metadata = append(e.metadata, m2trec.Item{
			Fields:  []m2trec.Bag{{Values: genres}, {Values: []int32{years.of(fmt.Sprint(m.Year))}}, {Values: w, Weights: a}},
			Classes: []int32{genres[0]},
		})
	}
	e.fields = []m2trec.Field{
		{Name: "genres", Vocab: len(data.Genres), Dim: 16},
		{Name: "year", Vocab: len(years), Dim: 16},
		{Name: "words", Vocab: words.Cols, Dim: 32},
	}

	ratings := slices.Concat(data.Train, data.Test)
	slices.SortFunc(ratings, func(a, b dataset.Rating) int {
		return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Time, b.Time), cmp.Compare(a.Movie, b.Movie))
	})
	type evening struct {
		start  int64
		movies []int32
	}
	var all []evening
	for i, r := range ratings {
		if i == 0 || r.User != ratings[i-1].User || r.Time-ratings[i-1].Time > pause {
			all = append(all, evening{start: r.Time})
		}
		all[len(all)-1].movies = append(all[len(all)-1].movies, r.Movie)
	}
	all = slices.DeleteFunc(all, func(s evening) bool { return len(s.movies) < least })
	// The last fifth, by time, is to be foretold.
	slices.SortStableFunc(all, func(a, b evening) int { return cmp.Compare(a.start, b.start) })
	for i, s := range all {
		for n := 1; n < len(s.movies); n++ {
			x := m2trec.Session{History: s.movies[max(0, n-history):n], Target: s.movies[n]}
			if i < len(all)*4/5 {
				e.train = append(e.train, x)
				e.seen[x.Target]++
			} else {
				e.test = append(e.test, x)
			}
		}
	}
	return e, nil
}

// frequency is a range of how often a movie was a target in training.
type frequency struct {
	name     string
	from, to int
}

var frequencies = []frequency{{"0", 0, 0}, {"1-2", 1, 2}, {"3-9", 3, 9}, {"10 and more", 10, 1 << 30}}

// byFrequency compares ids, metadata and both on movies, by how often training
// saw them.
func byFrequency(ctx context.Context, r *lab.Run, base m2trec.Config) error {
	e, err := loadEvenings()
	if err != nil {
		return err
	}
	rng := random.New(0, 1903)
	train := draw(rng, e.train, 24_000)
	// As many of each group as there are, up to a thousand: most are frequent.
	var test []m2trec.Session
	group := func(s m2trec.Session) int {
		n := e.seen[s.Target]
		return slices.IndexFunc(frequencies, func(f frequency) bool { return n >= f.from && n <= f.to })
	}
	for g := range frequencies {
		var of []m2trec.Session
		for _, s := range e.test {
			if group(s) == g {
				of = append(of, s)
			}
		}
		test = append(test, draw(rng, of, 1000)...)
	}
	ids, both := make([]m2trec.Item, len(e.metadata)), make([]m2trec.Item, len(e.metadata))
	for i, it := range e.metadata {
		id := m2trec.Bag{Values: []int32{int32(i)}}
		ids[i] = m2trec.Item{Fields: []m2trec.Bag{id}, Classes: it.Classes}
		both[i] = m2trec.Item{Fields: append([]m2trec.Bag{id}, it.Fields...), Classes: it.Classes}
	}
	id := m2trec.Field{Name: "id", Vocab: len(ids), Dim: 64}
	base.Tasks = []m2trec.Task{{Name: "genre", Classes: e.fields[0].Vocab, Weight: .5}}
	base.Epochs = 4
	models := []struct {
		name   string
		items  []m2trec.Item
		fields []m2trec.Field
	}{
		{"movies: ids", ids, []m2trec.Field{id}},
		{"movies: metadata", e.metadata, e.fields},
		{"movies: ids and metadata", both, append([]m2trec.Field{id}, e.fields...)},
	}
	metric := func(g string) string { return hr20 + ", target seen " + g + " times" }
	err = r.EachSeed(ctx, 3, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		for i, m := range models {
			c := base
			c.Seed, c.Fields = seed, m.fields
			c.Progress = func(done float64) { progress((float64(i)+done)/float64(len(models)), m.name) }
			trained, err := m2trec.Fit(ctx, m.items, train, c, nil)
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			ranks, err := rankAll(trained, m.items, test)
			if err != nil {
				return fmt.Errorf("%s: %w", m.name, err)
			}
			for g, k := range frequencies {
				var of []float64
				for j, s := range test {
					if group(s) == g {
						of = append(of, ranks[j])
					}
				}
				r.Metric(metric(k.name), m.name, seed, eval.HitRate(of, 20), "")
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	rare := metric(frequencies[1].name)
	r.AtLeast("movies: "+rare+", metadata above ids", r.Mean(rare, models[1].name)-r.Mean(rare, models[0].name), .01)
	p := plot.Plot{
		Name: "hit-rate-by-frequency", Title: "Movies: ids are for what came often, metadata for what did not",
		X: plot.Axis{Label: "how often training saw the next movie"}, Y: plot.Axis{Label: hr20},
	}
	for _, g := range frequencies {
		p.X.Labels = append(p.X.Labels, g.name)
	}
	for _, m := range models {
		b := plot.Bar{Name: strings.TrimPrefix(m.name, "movies: "), Method: m.name == models[1].name}
		for _, g := range frequencies {
			b.Y = append(b.Y, r.Mean(metric(g.name), m.name))
		}
		p.Bars = append(p.Bars, b)
	}
	r.Plot(p)
	return nil
}

// rankAll returns the targets' ranks among all items but those of the history.
func rankAll(m *m2trec.Model, items []m2trec.Item, test []m2trec.Session) ([]float64, error) {
	histories := make([][]m2trec.Item, len(test))
	for i, s := range test {
		for _, j := range s.History {
			histories[i] = append(histories[i], items[j])
		}
	}
	out, err := m.Read(histories)
	if err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(items))
	for i, it := range items {
		if vectors[i], err = m.ItemVector(it); err != nil {
			return nil, err
		}
	}
	ranks, scores := make([]float64, len(test)), make([]float32, len(items))
	for i, s := range test {
		for j, x := range vectors {
			scores[j] = vector.Dot(out[i].Vector, x)
		}
		for _, h := range s.History {
			scores[h] = -2 // below any cosine: nobody rates a movie twice
		}
		ranks[i] = eval.Rank(scores, int(s.Target))
	}
	return ranks, nil
}
