package label

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/label/fewshot"
	"github.com/offprint/offprint/methods/random"
)

func (s *slkRun) plots(ctx context.Context) error {
	if err := s.plotQueries(ctx); err != nil {
		return err
	}
	if err := s.plotEpisode(ctx); err != nil {
		return err
	}
	bars := plot.Plot{Name: "accuracy", Title: "Queries labelled rightly", Y: plot.Axis{Label: "accuracy"}}
	for _, p := range s.pools {
		for _, shots := range []int{1, 5} {
			bars.X.Labels = append(bars.X.Labels, shotsOf(p, shots))
		}
	}
	for _, row := range slkRows {
		if row.name == slkAlone || row.name == slkDescent || row.name == slkKModes || row.name == slkModes {
			continue
		}
		b := plot.Bar{Name: row.name, Method: row.name == slkMeans}
		for _, m := range bars.X.Labels {
			b.Y = append(b.Y, s.Mean(m, row.name))
		}
		bars.Bars = append(bars.Bars, b)
	}
	s.Plot(bars)
	return nil
}

// plotQueries shows what more queries are worth: each is labelled with the others.
func (s *slkRun) plotQueries(ctx context.Context) error {
	counts := []int{1, 2, 5, 10, 15, 25, 40}
	p := plot.Plot{
		Name: "accuracy-by-queries", Title: "1-shot digits: what more unlabelled queries are worth",
		X: plot.Axis{Label: "queries of each class"}, Y: plot.Axis{Label: "accuracy"},
	}
	for _, row := range slkRows {
		switch row.name {
		case slkAlone, slkKMeans, slkLaplace, slkMeans:
		default:
			continue
		}
		line := plot.Series{Name: row.name, Method: row.name == slkMeans}
		for _, n := range counts {
			sum := 0.
			rng := random.New(s.Seed, 423)
			const episodes = 60
			for range episodes {
				e := s.pools[0].draw(rng, slkWays, 1, balanced(slkWays, n))
				acc, _, err := s.label(ctx, e, row)
				if err != nil {
					return err
				}
				sum += acc / episodes
			}
			line.X, line.Y = append(line.X, float64(n)), append(line.Y, sum)
		}
		p.Lines = append(p.Lines, line)
	}
	s.Plot(p)
	return nil
}

// plotEpisode shows an episode in its two main directions.
func (s *slkRun) plotEpisode(ctx context.Context) error {
	e := s.pools[0].draw(random.New(s.Seed, 424), slkWays, 1, balanced(slkWays, slkEach))
	alone, err := fewshot.NearestPrototype(e.support, e.labels, e.queries, e.k, true)
	if err != nil {
		return err
	}
	res, err := fewshot.Assign(ctx, e.support, e.labels, e.queries, e.k, fewshot.Options{CenterShift: true, Lambda: slkLambda})
	if err != nil {
		return err
	}
	all := stacked(e)
	var pc stat.PC
	if !pc.PrincipalComponents(all, nil) {
		return fmt.Errorf("an episode has no principal components")
	}
	var directions, queries mat.Dense
	pc.VectorsTo(&directions)
	plane := directions.Slice(0, directions.RawMatrix().Rows, 0, 2)
	queries.Mul(all.Slice(len(e.labels), len(e.labels)+len(e.truth), 0, all.RawMatrix().Cols), plane)
	for _, v := range []struct {
		name, title string
		labels      []int
		stars       string
		prototypes  *mat.Dense
	}{
		{"episode-nearest", "An episode, nearest prototype", alone, "example", res.First},
		{"episode-slk", "The same episode, SLK-means", res.Labels, "prototype", res.Prototypes},
	} {
		p := plot.Plot{
			Name: v.name, Title: fmt.Sprintf("%s (%.0f%% right)", v.title, 100*e.accuracy(v.labels)),
			X: plot.Axis{Label: "first principal component"}, Y: plot.Axis{Label: "second"},
		}
		wrong := plot.Series{Name: "wrong", Method: true}
		classes := make([]plot.Series, e.k)
		for i, y := range v.labels {
			to := &classes[y]
			if y != e.truth[i] {
				to = &wrong
			}
			to.X, to.Y = append(to.X, queries.At(i, 0)), append(to.Y, queries.At(i, 1))
		}
		for c := range classes {
			classes[c].Name = fmt.Sprintf("class %d", c+1)
		}
		var at mat.Dense
		at.Mul(v.prototypes, plane)
		p.Points = append(classes, plot.Series{Name: v.stars, X: mat.Col(nil, 0, &at), Y: mat.Col(nil, 1, &at)}, wrong)
		s.Plot(p)
	}
	return nil
}

// stacked is an episode's examples and, moved to their mean, its queries.
func stacked(e episode) *mat.Dense {
	var all, queries mat.Dense
	queries.CloneFrom(e.queries)
	shift, mean := fewshot.Mean(e.support), fewshot.Mean(e.queries)
	queries.Apply(func(_, j int, v float64) float64 { return v + shift[j] - mean[j] }, e.queries)
	all.Stack(e.support, &queries)
	return &all
}
