package quality

import (
	"context"
	"fmt"
	"slices"

	"github.com/offprint/offprint"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/rank"
)

const (
	relatedQueries = 500
	relatedFound   = 20
	relatedDepth   = 100
	keptSubject    = .95 // of what text alone finds of the same subject
)

// Related measures what is related to a paper: one of its authors, who has earlier
// papers, is struck from it, and those papers are looked for by text, by the
// authors who are left, and by both. As authors find authors, what is of the same
// category counts, too.
func (b *Bench) Related(ctx context.Context) error {
	b.Heading("Related: the earlier papers of an author who is struck from a paper of %s", b.Month)
	if b.authors == nil {
		b.authors = newBylines(b.Papers)
	}
	bylines := make([]rank.Byline, len(b.Papers))
	for i := range b.Papers {
		bylines[i].Paper = int64(i)
		for _, name := range b.Papers[i].Authors {
			bylines[i].Authors = append(bylines[i].Authors, offprint.FoldName(name))
		}
	}
	type query struct {
		paper    int
		relevant map[int]bool
	}
	var queries []query
	for _, k := range random.New(b.Seed, 51).Perm(len(b.Tested())) {
		i := b.Test + k
		for at, a := range b.authors.of[i] {
			earlier := b.earlier(a)
			if len(earlier) < 2 || len(b.Papers[i].Authors) > mostAuthors || len(b.authors.of[i]) != len(bylines[i].Authors) {
				continue
			}
			q := query{i, make(map[int]bool)}
			for _, e := range earlier {
				q.relevant[e] = true
			}
			bylines[i].Authors = slices.Delete(slices.Clone(bylines[i].Authors), at, at+1)
			queries = append(queries, q)
			break
		}
		if len(queries) == relatedQueries {
			break
		}
	}
	if len(queries) == 0 {
		b.Note("no author of the month has earlier papers", "")
		return nil
	}
	graph, err := rank.NewAuthors(ctx, bylines)
	if err != nil {
		return err
	}
	learn := b.Vectors[:b.Test*b.Encoder.Dim()]
	weights := []float64{0, .1, .2, rank.AuthorWeight, 1}
	sums, alone := make([]float64, len(weights)), 0.
	subject, subjectAlone := make([]float64, len(weights)), 0.
	for _, q := range queries {
		if err := ctx.Err(); err != nil {
			return err
		}
		s := dots(b.Row(q.paper), learn)
		var text []rank.Hit
		for _, i := range eval.Top(s, relatedDepth, nil) {
			text = append(text, rank.Hit{ID: int64(i), Score: float64(s[i])})
		}
		authors := graph.Shared(int64(q.paper), relatedDepth)
		share := func(found []rank.RelatedPaper) float64 {
			n := 0
			for _, r := range found {
				if q.relevant[int(r.ID)] {
					n++
				}
			}
			return float64(n) / float64(min(len(q.relevant), relatedFound)) / float64(len(queries))
		}
		same := func(found []rank.RelatedPaper) float64 {
			n := 0
			for _, r := range found {
				if c := b.Papers[q.paper].Categories; len(c) > 0 && b.inAny(int(r.ID), c[:1]) {
					n++
				}
			}
			return float64(n) / float64(max(1, len(found))) / float64(len(queries))
		}
		for k, w := range weights {
			found := rank.Related(text, authors, w, relatedFound)
			sums[k], subject[k] = sums[k]+share(found), subject[k]+same(found)
		}
		found := rank.Related(nil, authors, 1, relatedFound)
		alone, subjectAlone = alone+share(found), subjectAlone+same(found)
	}
	b.Note(fmt.Sprintf("%d papers: recall@%d, share of the same first category", len(queries), relatedFound), "")
	b.Note("by the authors who are left", fmt.Sprintf("%.3f %.3f", alone, subjectAlone))
	for k, w := range weights {
		b.Note(fmt.Sprintf("by text, and by authors with weight %g", w), fmt.Sprintf("%.3f %.3f", sums[k], subject[k]))
	}
	at := slices.Index(weights, rank.AuthorWeight)
	b.Figure("recall over text alone", fmt.Sprintf("%+.3f", sums[at]-sums[0]), "> 0", sums[at] > sums[0])
	b.Figure("share of the same subject that is kept", fmt.Sprintf("%.3f", subject[at]/subject[0]), fmt.Sprint(keptSubject), subject[at] >= keptSubject*subject[0])
	return nil
}
