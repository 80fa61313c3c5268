package quality

import (
	"context"
	"fmt"
	"slices"

	"github.com/offprint/offprint/index"
	"github.com/offprint/offprint/methods/embed/vecstore"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

const (
	fewerBytes     = 8   // times, than float32
	keptCompressed = .98 // of the nDCG
	pqTexts        = 10000
	nearestPapers  = 10
	nearestQueries = 100
)

// Compression measures what vectors lose in fewer bytes: in the tag task, where
// both the examples and what is ranked are as they are stored, and in the ten
// papers nearest to one.
func (b *Bench) Compression(ctx context.Context) error {
	b.Heading("Compression: the vectors of %d papers in fewer bytes", len(b.Papers))
	tasks := b.TagTasks(10)
	if len(tasks) == 0 {
		b.Note("no category is a tag here: see “By tag”", "")
		return nil
	}
	dim := b.Encoder.Dim()
	queries := random.New(b.Seed, 17).Perm(len(b.Tested()))[:nearestQueries]
	near := b.nearest(b.Vectors, queries)
	measure := func(rows []float32) (nDCG, recall float64, err error) {
		got, err := b.measureTags(ctx, tasks, func(t TagTask) ([]float32, error) { return b.scoresBy(rows, t), nil })
		if err != nil {
			return 0, 0, err
		}
		for i, found := range b.nearest(rows, queries) {
			for _, p := range found {
				if slices.Contains(near[i], p) {
					recall += 1. / float64(nearestPapers*len(queries))
				}
			}
		}
		return got.nDCG, recall, nil
	}
	whole, _, err := measure(b.Vectors)
	if err != nil {
		return err
	}
	b.Note("bytes a paper", "nDCG@50, recall@10")
	b.Note(fmt.Sprintf("%d: float32", 4*dim), fmt.Sprintf("%.3f 1.000", whole))

	formats, err := b.formats(ctx)
	if err != nil {
		return err
	}
	for _, f := range formats {
		codes, err := vecstore.EncodeAll(f.codec, b.Vectors)
		if err != nil {
			return err
		}
		rows, err := vecstore.DecodeAll(f.codec, codes)
		if err != nil {
			return err
		}
		vector.NormalizeRows(rows, dim)
		nDCG, recall, err := measure(rows)
		if err != nil {
			return err
		}
		b.Note(fmt.Sprintf("%d: %s", f.codec.Bytes(), f.name), fmt.Sprintf("%.3f %.3f", nDCG, recall))
	}

	x, rows, err := b.indexed()
	if err != nil {
		return err
	}
	nDCG, recall, err := measure(rows)
	if err != nil {
		return err
	}
	b.Note(fmt.Sprintf("%d: the index, %d numbers of 4 bits", x.RowBytes(), x.Dim()), fmt.Sprintf("%.3f %.3f", nDCG, recall))
	fewer := float64(4*dim) / float64(x.RowBytes())
	b.Figure("float32's bytes over the index's", fmt.Sprintf("%.1f", fewer), fmt.Sprint(fewerBytes), fewer >= fewerBytes)
	b.Figure("share of its nDCG@50 that is kept", fmt.Sprintf("%.3f", nDCG/whole), fmt.Sprint(keptCompressed), nDCG >= keptCompressed*whole)
	return nil
}

type format struct {
	name  string
	codec vecstore.Codec
}

// formats are what the index might have been made of.
func (b *Bench) formats(ctx context.Context) ([]format, error) {
	dim := b.Encoder.Dim()
	var all []format
	add := func(name string, numbers int, codec vecstore.Codec, err error) error {
		if err != nil {
			return fmt.Errorf("quality: %s: %w", name, err)
		}
		all = append(all, format{name, vecstore.Prefix{Inner: codec, Full: dim}})
		return nil
	}
	for _, share := range []int{1, 2, 4} {
		n := dim / share
		codec, err := vecstore.NewUniformRows(n, 8)
		if err := add(fmt.Sprintf("%d numbers of 8 bits", n), n, codec, err); err != nil {
			return nil, err
		}
	}
	codec, err := vecstore.NewUniformRows(dim, 4)
	if err := add(fmt.Sprintf("%d numbers of 4 bits", dim), dim, codec, err); err != nil {
		return nil, err
	}
	if dim%4 != 0 {
		return all, nil
	}
	pq, err := vecstore.NewPQ(ctx, b.Vectors[:min(pqTexts, b.Test)*dim], dim, dim/4, 256, 4, random.New(b.Seed, 18))
	if err := add("product quantisation, a byte for 4 numbers", dim, pq, err); err != nil {
		return nil, err
	}
	return all, nil
}

// indexed returns an index of all papers by their places, and what it has of
// their vectors [papers x Encoder.Dim()], filled up with zeros.
func (b *Bench) indexed() (*index.Index, []float32, error) {
	dim := b.Encoder.Dim()
	x, err := index.New(index.Kept(dim), "")
	if err != nil {
		return nil, nil, err
	}
	rows := make([]float32, len(b.Papers)*dim)
	for i := range b.Papers {
		if err := x.Add(int64(i), b.Row(i)); err != nil {
			return nil, nil, err
		}
		x.Vector(int64(i), rows[i*dim:i*dim+x.Dim()])
	}
	return x, rows, nil
}

// scoresBy ranks the tested month by the mean of a task's examples, all as they
// are in rows.
func (b *Bench) scoresBy(rows []float32, t TagTask) []float32 {
	dim := b.Encoder.Dim()
	q := make([]float32, dim)
	for _, i := range t.Examples {
		vector.AddScaled(q, 1, rows[i*dim:(i+1)*dim])
	}
	return dots(q, rows[b.Test*dim:])
}

// nearest are the papers whose rows are nearest to some papers of the tested
// month, but for these themselves.
func (b *Bench) nearest(rows []float32, tested []int) [][]int {
	found := make([][]int, len(tested))
	for i, p := range tested {
		found[i] = eval.Top(dots(b.Row(b.Test+p), rows), nearestPapers, func(j int) bool { return j == b.Test+p })
	}
	return found
}

// dots are the products of q with each row.
func dots(q, rows []float32) []float32 {
	s := make([]float32, len(rows)/len(q))
	for i := range s {
		s[i] = vector.Dot(q, rows[i*len(q):(i+1)*len(q)])
	}
	return s
}
