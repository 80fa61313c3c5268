package vecstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/lowrank"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/text"
	"github.com/offprint/offprint/methods/vector"
)

// BenchmarkStep is a step of a batch of 512 examples of 8 fields, as the click
// model has them, on tables of 3,745 rows of 16: "full" is the plain table that
// the others are to be held against.
func BenchmarkStep(b *testing.B) {
	s := Spec{Rows: 3745, Dim: 16, Fields: []int{943, 1682, 14, 2, 21, 795, 72, 216}, Steps: 700}
	s.Count = make([]int, s.Rows)
	rng := random.New(1, 1)
	var batches [][]int32
	for range 16 {
		var ids []int32
		for range 512 {
			at := 0
			for _, n := range s.Fields {
				few := n // half of the look-ups of a field are of a tenth of its values
				if rng.IntN(2) == 0 {
					few = max(1, n/10)
				}
				x := at + rng.IntN(few)
				ids = append(ids, int32(x))
				s.Count[x]++
				at += n
			}
		}
		batches = append(batches, ids)
	}
	x, grad := make([]float32, 4096*16), make([]float32, 4096*16)
	random.Normal(rng, grad, 1e-3)
	for _, m := range Methods() {
		s.Budget = map[string]float64{"full": 1, "int16": .5, "int8": .25, "alpt": .3125, "mde": .2, "autodim": 1, "optembed": 1}[m.Name]
		if s.Budget == 0 {
			s.Budget = .1
		}
		b.Run(m.Name, func(b *testing.B) {
			t, err := New(m.Name, s)
			if err != nil {
				b.Fatal(err)
			}
			steps := 0
			for b.Loop() {
				ids := batches[steps%len(batches)]
				steps++
				if err := errors.Join(t.Lookup(ids, x), t.Accumulate(ids, grad)); err != nil {
					b.Fatal(err)
				}
				t.Step(1e-3)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
			b.ReportMetric(float64(t.ParameterBytes()), "parameter-bytes")
		})
	}
}

// corpus is the papers' abstracts as vectors by latent semantic analysis, with
// titles as queries: real vectors have directions that matter more than others,
// and neighbours.
var corpus = sync.OnceValues(func() (c struct{ docs, queries []float32 }, err error) {
	const dim = 128
	records, err := dataset.ReadPapers("", "")
	if err != nil {
		return c, err
	}
	var abstracts, titles [][]string
	for i, r := range records {
		abstracts = append(abstracts, text.Tokens(r.Abstract))
		if i%270 == 0 {
			titles = append(titles, text.Tokens(r.Title))
		}
	}
	v := text.NewVocabulary(abstracts[:6000], 5, 8192)
	_, _, basis, err := lowrank.SVD(context.Background(), v.TFIDF(abstracts[:6000]), dim, random.New(0, 0))
	if err != nil {
		return c, err
	}
	table := make([]float32, len(v.Words)*dim)
	for i, x := range basis.RawMatrix().Data {
		table[i] = float32(x)
	}
	encode := func(texts [][]string) []float32 {
		x := v.TFIDF(texts)
		out := make([]float32, x.Rows*dim)
		x.Mul(out, table, dim)
		vector.NormalizeRows(out, dim)
		return out
	}
	c.docs, c.queries = encode(abstracts), encode(titles)
	return c, nil
})

// BenchmarkSearch finds the ten nearest of the papers' vectors, on one
// goroutine: exactly in float32, and from codes, of which the best are ranked
// again in float32 until the recall is the same.
func BenchmarkSearch(b *testing.B) {
	c, err := corpus()
	if missing, ok := errors.AsType[*dataset.MissingError](err); ok {
		b.Skip(missing)
	}
	if err != nil {
		b.Fatal(err)
	}
	const dim, k = 128, 10
	n, queries := len(c.docs)/dim, len(c.queries)/dim
	query := func(i int) []float32 { return c.queries[i%queries*dim : (i%queries+1)*dim] }
	scores := make([]float32, n)
	exact := func(q []float32) ([]Hit, error) {
		for i := range scores {
			scores[i] = vector.Dot(q, c.docs[i*dim:])
		}
		return hits(scores, k), nil
	}
	truth := make([][]Hit, queries)
	for i := range truth {
		truth[i], _ = exact(query(i))
	}
	bench := func(name string, bytes int, search func(q []float32) ([]Hit, error)) {
		b.Run(name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				if _, err := search(query(i)); err != nil {
					b.Fatal(err)
				}
				i++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "queries/s")
			found := 0
			for i, want := range truth {
				got, err := search(query(i))
				if err != nil {
					b.Fatal(err)
				}
				for _, h := range got {
					if slices.ContainsFunc(want, func(w Hit) bool { return w.ID == h.ID }) {
						found++
					}
				}
			}
			b.ReportMetric(float64(found)/float64(k*queries), "recall@10")
			b.ReportMetric(float64(bytes), "bytes/vector")
		})
	}
	bench("float32", 4*dim, exact)

	int8Rows, err := NewUniformRows(dim, 8)
	if err != nil {
		b.Fatal(err)
	}
	fit := c.docs[:6000*dim]
	pq8, err := NewPQ(b.Context(), fit, dim, 32, 256, 6, random.New(0, 1))
	if err != nil {
		b.Fatal(err)
	}
	pq4, err := NewPQ(b.Context(), fit, dim, 32, 16, 10, random.New(0, 1))
	if err != nil {
		b.Fatal(err)
	}
	codes4, err := EncodeAll(pq4, c.docs)
	if err != nil {
		b.Fatal(err)
	}
	blocks, err := NewBlocks(pq4, codes4)
	if err != nil {
		b.Fatal(err)
	}
	inBlocks := func(q []float32, _ []byte, k int) ([]Hit, error) { return blocks.Scan(q, k) }
	for _, s := range []struct {
		name  string
		codec Codec
		scan  func(q []float32, codes []byte, k int) ([]Hit, error)
		keeps []int
	}{
		{"int8", int8Rows, int8Rows.Scan, []int{10, 20}},
		{"pq-32x8", pq8, pq8.Scan, []int{100, 300}},
		{"pq-32x4", pq4, pq4.Scan, []int{1000}},
		{"pq-32x4-blocks", pq4, inBlocks, []int{300, 1000}},
	} {
		codes, err := EncodeAll(s.codec, c.docs)
		if err != nil {
			b.Fatal(err)
		}
		for _, keep := range s.keeps {
			bench(fmt.Sprintf("%s-best-%d", s.name, keep), s.codec.Bytes(), func(q []float32) ([]Hit, error) {
				found, err := s.scan(q, codes, keep)
				return Rerank(q, c.docs, found, k), err
			})
		}
	}
}
