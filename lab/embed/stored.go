package embed

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/gomlx/gomlx/core/graph"
	"golang.org/x/sync/errgroup"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/embed/bag"
	"github.com/offprint/offprint/methods/embed/mrl"
	"github.com/offprint/offprint/methods/embed/vecstore"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
	"github.com/offprint/offprint/methods/vector"
)

// storedVectors is the bed of codecs: the documents of a Matryoshka encoder, to
// be found by the test titles.
type storedVectors struct {
	seed    uint64
	queries []float32 // [titles x storedDim]
	docs    []float32 // [abstracts x storedDim], the titles' own first
	fit     []float32 // those of docs that codecs are fitted on
}

const storedDim = 128

func loadStoredVectors(ctx context.Context, seed uint64, progress func(done float64)) (*storedVectors, error) {
	bed, err := loadPairs(ctx, lastMonths)
	if err != nil {
		return nil, err
	}
	basis, err := bed.lsa(ctx, storedDim)
	if err != nil {
		return nil, err
	}
	enc, err := bag.FromBasis(basis, storedDim, 4)
	if err != nil {
		return nil, err
	}
	loss, err := train.NewLoss(2, func(in []*graph.Node) *graph.Node {
		return mrl.Contrastive(in[0], in[1], mrl.Halvings(storedDim, 8), nil, .05)
	})
	if err != nil {
		return nil, err
	}
	if err := bed.fit(ctx, enc, loss, usualRecipe, seed, progress); err != nil {
		return nil, err
	}
	s := &storedVectors{seed: seed}
	if s.queries, s.docs, err = bed.test(enc); err != nil {
		return nil, err
	}
	if s.fit, err = enc.Encode(bed.TrainD); err != nil {
		return nil, err
	}
	vector.NormalizeRows(s.fit, storedDim)
	s.docs = append(s.docs, s.fit...)
	return s, nil
}

// The metrics of part B.
const (
	metricBytes = "bytes a vector"
	metricFound = "MRR"
	metricKept  = "top 10 kept"
)

// The codecs that checks and plots name.
const (
	storedExact = "float32"
	storedInt8  = "int8, a step a vector"
	storedInt4  = "int4, a step a vector"
	storedPQ32  = "PQ, 32 x 8 bits"
	storedPQ16  = "PQ, 16 x 8 bits"
	storedSVD32 = "SVD, 32"
)

func storedPrefix(m int) string { return fmt.Sprintf("first %d, float32", m) }

// storedCodec makes one of the codecs.
type storedCodec struct {
	name string
	make func(ctx context.Context) (vecstore.Codec, error)
}

func (s *storedVectors) codecs() []storedCodec {
	uniform := func(bits int) func(context.Context) (vecstore.Codec, error) {
		return func(context.Context) (vecstore.Codec, error) { return vecstore.NewUniform(s.fit, storedDim, bits) }
	}
	rows := func(dim, bits int) func(context.Context) (vecstore.Codec, error) {
		return func(context.Context) (vecstore.Codec, error) {
			c, err := vecstore.NewUniformRows(dim, bits)
			if err != nil {
				return nil, err
			}
			return vecstore.Prefix{Inner: c, Full: storedDim}, nil
		}
	}
	pq := func(parts, k int) func(context.Context) (vecstore.Codec, error) {
		return func(ctx context.Context) (vecstore.Codec, error) {
			return vecstore.NewPQ(ctx, s.fit, storedDim, parts, k, 10, random.New(s.seed, 18))
		}
	}
	prefix := func(m int) func(context.Context) (vecstore.Codec, error) {
		return func(context.Context) (vecstore.Codec, error) {
			return vecstore.Prefix{Inner: vecstore.Plain(m), Full: storedDim}, nil
		}
	}
	svd := func(rank int) func(context.Context) (vecstore.Codec, error) {
		return func(context.Context) (vecstore.Codec, error) { return vecstore.NewSVD(s.fit, storedDim, rank) }
	}
	largest := func(keep int) func(context.Context) (vecstore.Codec, error) {
		return func(context.Context) (vecstore.Codec, error) { return vecstore.NewLargest(storedDim, keep) }
	}
	return []storedCodec{
		{storedExact, prefix(storedDim)},
		{"int16, one step", uniform(16)},
		{"int8, one step", uniform(8)},
		{storedInt8, rows(storedDim, 8)},
		{storedInt4, rows(storedDim, 4)},
		{storedPQ32, pq(32, 256)},
		{storedPQ16, pq(16, 256)},
		{"PQ, 32 x 4 bits", pq(32, 16)},
		{storedPrefix(64), prefix(64)},
		{storedPrefix(32), prefix(32)},
		{storedPrefix(16), prefix(16)},
		{"first 64, int8", rows(64, 8)},
		{"first 32, int8", rows(32, 8)},
		{"SVD, 64", svd(64)},
		{storedSVD32, svd(32)},
		{"largest 25%", largest(storedDim / 4)},
		{"largest 12.5%", largest(storedDim / 8)},
	}
}

// measure tries the codecs, as many at a time as there are cores.
func (s *storedVectors) measure(ctx context.Context, r *lab.Run, progress func(done float64)) error {
	codecs := s.codecs()
	exact, _, err := s.search(ctx, s.docs)
	if err != nil {
		return err
	}
	type result struct{ bytes, mrr, kept float64 }
	results := make([]result, len(codecs))
	var done atomic.Int32
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, c := range codecs {
		g.Go(func() error {
			codec, err := c.make(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			codes, err := vecstore.EncodeAll(codec, s.docs)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			docs, err := vecstore.DecodeAll(codec, codes)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			vector.NormalizeRows(docs, storedDim)
			top, ranks, err := s.search(ctx, docs)
			if err != nil {
				return err
			}
			kept := 0
			for q := range top {
				for _, id := range top[q] {
					if slices.Contains(exact[q], id) {
						kept++
					}
				}
			}
			results[i] = result{
				bytes: float64(codec.Bytes()) + float64(codec.Shared())/float64(len(docs)/storedDim),
				mrr:   eval.MRR(ranks), kept: float64(kept) / float64(10*len(top)),
			}
			progress(float64(done.Add(1)) / float64(len(codecs)))
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, c := range codecs {
		r.Metric(metricFound, c.name, s.seed, results[i].mrr, "")
		r.Metric(metricKept, c.name, s.seed, results[i].kept, "")
		r.Metric(metricBytes, c.name, s.seed, results[i].bytes, "")
	}
	return nil
}

// search returns each query's ten nearest documents and the rank of its own.
func (s *storedVectors) search(ctx context.Context, docs []float32) (top [][]int, ranks []float64, err error) {
	scores := make([]float32, len(docs)/storedDim)
	for i := range len(s.queries) / storedDim {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		q := s.queries[i*storedDim : (i+1)*storedDim]
		for j := range scores {
			scores[j] = vector.Dot(q, docs[j*storedDim:])
		}
		top = append(top, eval.Top(scores, 10, nil))
		ranks = append(ranks, eval.Rank(scores, i))
	}
	return top, ranks, nil
}

func (s *storedVectors) checks(r *lab.Run) {
	mrr := func(codec string) float64 { return r.Mean(metricFound, codec) }
	r.AtLeast("MRR: PQ 32 x 8 bits, share of float32's", mrr(storedPQ32)/mrr(storedExact), .85)
	r.AtLeast("MRR: int4 a step a vector - float32", mrr(storedInt4)-mrr(storedExact), -.02)
	r.AtLeast("MRR: int8 a step a vector - float32", mrr(storedInt8)-mrr(storedExact), -.005)
	r.AtLeast("top 10 kept by int8 a step a vector", r.Mean(metricKept, storedInt8), .97)
	r.AtMost("bytes a vector of PQ 32 x 8 bits", r.Mean(metricBytes, storedPQ32), 52)
	r.AtLeast("MRR: PQ 16 x 8 bits - the first 16 dimensions", mrr(storedPQ16)-mrr(storedPrefix(16)), .15)
	r.AtLeast("MRR: PQ 32 x 8 bits - SVD to 32 dimensions", mrr(storedPQ32)-mrr(storedSVD32), .1)
}

func (s *storedVectors) plot(r *lab.Run) {
	p := plot.Plot{
		Name: "mrr-by-bytes", Title: "Finding abstracts by titles with stored vectors",
		X: plot.Axis{Label: "bytes a vector", Log: true, Ticks: []float64{32, 64, 128, 256, 512}},
		Y: plot.Axis{Label: "mean reciprocal rank"},
	}
	series := func(name string, codecs ...string) plot.Series {
		out := plot.Series{Name: name}
		for _, c := range codecs {
			out.X = append(out.X, r.Mean(metricBytes, c))
			out.Y = append(out.Y, r.Mean(metricFound, c))
		}
		return out
	}
	method := series("fewer bits, down from 32", storedInt4, storedInt8, "int16, one step", storedExact)
	method.Method = true
	p.Lines = []plot.Series{
		method,
		series("product quantisation", storedPQ16, storedPQ32),
		series("first dimensions", storedPrefix(16), storedPrefix(32), storedPrefix(64)),
		series("first dimensions, int8", "first 32, int8", "first 64, int8"),
		series("SVD", storedSVD32, "SVD, 64"),
		series("largest values", "largest 12.5%", "largest 25%"),
	}
	r.Plot(p)
}
