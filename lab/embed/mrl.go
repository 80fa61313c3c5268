package embed

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/embed/bag"
	"github.com/offprint/offprint/methods/embed/contrast"
	"github.com/offprint/offprint/methods/embed/mrl"
	"github.com/offprint/offprint/methods/train"
	"github.com/offprint/offprint/methods/vector"
)

// MRL reproduces Matryoshka Representation Learning: retrieval of abstracts by
// prefixes of one embedding, and adaptive classification of digits.
var MRL = lab.Reproduction{
	Slug:     "mrl",
	Claim:    "The first m coordinates of one embedding, trained with a loss on each prefix, do as well as an embedding trained with m coordinates alone, and much better than a cut or PCA of a plain one; a funnel over the prefixes keeps the ranking for a fraction of the work.",
	State:    lab.Reproduced,
	Method:   variantMRL,
	Package:  "methods/embed/mrl",
	Time:     30 * time.Second,
	FullTime: 10 * time.Minute,
	DataSets: []string{"papers", "digits"},
	Serves:   "the text encoder, and the search over its vectors",
	Run:      runMRL,
	Broken: []lab.BrokenVariant{
		{Name: "full-size-only", What: "the loss is applied to the full size alone, so that a prefix is a plain cut"},
		{Name: "no-renormalisation", What: "prefixes of the normalised vectors are compared as they are, not scaled to length 1 again"},
	},
}

// temperature of all contrastive losses here.
const temperature = .05

// Names of the rows.
const (
	variantMRL       = "MRL"
	variantFF        = "trained at each size"
	variantPCA       = "PCA of the plain one"
	variantTruncated = "the plain one cut"
	variantLSA       = "LSA"
	variantTFIDF     = "TF-IDF cosine"
)

func mrrAt(m int) string { return fmt.Sprintf("MRR, %d dimensions", m) }

// funnel doubles the dimensions and halves what is kept.
func funnel(s mrl.Sizes, docs int) []mrl.Stage {
	var stages []mrl.Stage
	for i, m := range s {
		stages = append(stages, mrl.Stage{Dims: m, Keep: max(1, docs*2/5>>i)})
	}
	return stages
}

func runMRL(ctx context.Context, r *lab.Run) error {
	dim, seeds, months := 128, 3, lastMonths
	if r.Full {
		dim, seeds, months = 256, 5, allMonths
	}
	if r.Broken != "" {
		seeds = 1
	}
	sizes := mrl.Halvings(dim, 8)
	r.Progress(0, "reading the records")
	bed, err := loadPairs(ctx, months)
	if err != nil {
		return err
	}
	basis, err := bed.lsa(ctx, dim)
	if err != nil {
		return err
	}
	lexical := bed.lexical()
	digits := r.Broken == ""
	err = r.EachSeed(ctx, seeds, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		share := 1.
		if digits {
			share = .8
		}
		run := mrlSeed{Run: r, bed: bed, basis: basis, sizes: sizes, seed: seed, progress: func(done float64, what string) { progress(done*share, what) }}
		if err := run.pairs(ctx); err != nil {
			return err
		}
		r.Metric(mrrAt(dim), variantTFIDF, seed, lexical, "")
		if !digits {
			return nil
		}
		return mrlDigits(ctx, r, seed, func(done float64, what string) { progress(share+done*(1-share), what) })
	})
	if err != nil {
		return err
	}

	method := func(m int) float64 { return r.Mean(mrrAt(m), variantMRL) }
	for _, m := range sizes {
		r.AtLeast(fmt.Sprintf("%d dimensions: MRL - trained at that size", m), method(m)-r.Mean(mrrAt(m), variantFF), -.025)
	}
	for _, m := range sizes[:3] {
		r.AtLeast(fmt.Sprintf("%d dimensions: MRL - cut of the plain one", m), method(m)-r.Mean(mrrAt(m), variantTruncated), .04)
		r.AtLeast(fmt.Sprintf("%d dimensions: MRL - PCA of the plain one", m), method(m)-r.Mean(mrrAt(m), variantPCA), .03)
	}
	r.AtLeast("full size: MRL - plain", method(dim)-r.Mean(mrrAt(dim), variantFF), -.015)
	r.AtLeast("funnel: share of the full MRR", r.Mean(metricFunnel, variantMRL)/method(dim), .97)
	r.AtMost("funnel: share of the multiply-adds", r.Mean(metricFunnelCost, variantMRL), .30)
	if digits {
		checkDigits(r)
	}
	r.Note("TF-IDF cosine finds more than every dense row (%.3f): a title repeats the words of its abstract. A dense encoder is a second stage here.", lexical)
	r.Note("The gain over PCA is at the small sizes: %+.3f at %d dimensions, %+.3f at %d.", method(8)-r.Mean(mrrAt(8), variantPCA), 8, method(dim/2)-r.Mean(mrrAt(dim/2), variantPCA), dim/2)
	plotMRL(r, sizes, lexical)
	return nil
}

// mrlSeed is the work of one seed on the pairs.
type mrlSeed struct {
	*lab.Run
	bed      *pairs
	basis    *mat.Dense
	sizes    mrl.Sizes
	seed     uint64
	progress func(done float64, what string)
}

func (s mrlSeed) pairs(ctx context.Context) error {
	full := s.sizes.Full()
	runs := float64(len(s.sizes) + 1)

	method := func(in []*graph.Node) *graph.Node { return mrl.Contrastive(in[0], in[1], s.sizes, nil, temperature) }
	switch {
	case s.Is("full-size-only"):
		method = func(in []*graph.Node) *graph.Node { return contrast.InfoNCE(in[0], in[1], temperature) }
	case s.Is("no-renormalisation"):
		method = func(in []*graph.Node) *graph.Node { return withoutRenormalisation(in[0], in[1], s.sizes) }
	}
	enc, err := s.train(ctx, full, method, 0, 2/runs)
	if err != nil {
		return err
	}
	q, d, err := s.bed.test(enc)
	if err != nil {
		return err
	}
	s.report(variantMRL, q, d)
	if err := s.funnels(q, d); err != nil {
		return err
	}

	for i, m := range s.sizes {
		enc, err = s.train(ctx, m, func(in []*graph.Node) *graph.Node { return contrast.InfoNCE(in[0], in[1], temperature) }, (2+float64(i))/runs, 1/runs)
		if err != nil {
			return err
		}
		if q, d, err = s.bed.test(enc); err != nil {
			return err
		}
		s.Metric(mrrAt(m), variantFF, s.seed, mrr(q, d, m), "")
	}
	// The last of them is the plain full-size encoder.
	rotate, err := principal(s.bed, enc)
	if err != nil {
		return err
	}
	s.report(variantPCA, apply(q, rotate), apply(d, rotate))
	s.report(variantTruncated, q, d)

	if enc, err = bag.FromBasis(s.basis, full, 1); err != nil {
		return err
	}
	if q, d, err = s.bed.test(enc); err != nil {
		return err
	}
	s.report(variantLSA, q, d)
	return nil
}

// train trains an encoder of dim dimensions from the LSA of the abstracts. Every
// encoder starts there: from random values all are worse, the small ones most.
func (s mrlSeed) train(ctx context.Context, dim int, f func(in []*graph.Node) *graph.Node, from, share float64) (*bag.Encoder, error) {
	enc, err := bag.FromBasis(s.basis, dim, 4)
	if err != nil {
		return nil, err
	}
	loss, err := train.NewLoss(2, f)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("training %d dimensions", dim)
	return enc, s.bed.fit(ctx, enc, loss, usualRecipe, s.seed, func(done float64) { s.progress(from+done*share, what) })
}

// report measures all prefixes of encoded titles and abstracts.
func (s mrlSeed) report(variant string, q, d []float32) {
	full := s.sizes.Full()
	for _, m := range s.sizes {
		s.Metric(mrrAt(m), variant, s.seed, mrr(mrl.TruncateRows(q, full, m), mrl.TruncateRows(d, full, m), m), "")
	}
}

const (
	metricFunnel     = "MRR, funnel"
	metricFunnelCost = "multiply-adds, funnel"
)

func adaptiveAt(keep int) string { return fmt.Sprintf("MRR, adaptive 16 dimensions, best %d", keep) }

var adaptiveKeeps = []int{50, 100, 200}

// funnels measures the adaptive searches. A document that a stage drops counts
// as not found.
func (s mrlSeed) funnels(q, d []float32) error {
	index, err := mrl.NewIndex(d, s.sizes)
	if err != nil {
		return err
	}
	measure := func(stages []mrl.Stage) (float64, error) {
		full, sum := s.sizes.Full(), 0.0
		n := len(q) / full
		for i := range n {
			hits, err := index.Funnel(q[i*full:(i+1)*full], stages)
			if err != nil {
				return 0, err
			}
			if at := slices.IndexFunc(hits, func(h mrl.Hit) bool { return h.ID == i }); at >= 0 {
				sum += 1 / float64(at+1)
			}
		}
		return sum / float64(n), nil
	}
	stages := funnel(s.sizes, index.Len())
	v, err := measure(stages)
	if err != nil {
		return err
	}
	flat := float64(index.Len() * s.sizes.Full())
	s.Metric(metricFunnel, variantMRL, s.seed, v, "")
	s.Metric(metricFunnelCost, variantMRL, s.seed, float64(index.MACs(stages))/flat, "of a full scan")
	for _, keep := range adaptiveKeeps {
		if v, err = measure([]mrl.Stage{{Dims: 16, Keep: keep}, {Dims: s.sizes.Full(), Keep: keep}}); err != nil {
			return err
		}
		s.Metric(adaptiveAt(keep), variantMRL, s.seed, v, "")
	}
	return nil
}

// withoutRenormalisation is the broken loss: cosines' shares of the prefixes.
func withoutRenormalisation(q, d *graph.Node, sizes mrl.Sizes) *graph.Node {
	u, v := contrast.Normalize(q), contrast.Normalize(d)
	var total *graph.Node
	for _, m := range sizes {
		a, b := mrl.Prefix(u, m), mrl.Prefix(v, m)
		s := contrast.Scores(a, b, temperature)
		all := graph.Add(graph.ReduceAllMean(contrast.LogSumExp(s, 0)), graph.ReduceAllMean(contrast.LogSumExp(s, 1)))
		l := graph.Sub(graph.MulScalar(all, .5), graph.DivScalar(graph.ReduceAllMean(graph.ReduceSum(graph.Mul(a, b), 1)), temperature))
		if total == nil {
			total = l
		} else {
			total = graph.Add(total, l)
		}
	}
	return total
}

// principal returns the principal directions of an encoder's training documents,
// largest first, in the columns: the eigenvectors of Z^T Z, with rows of length
// 1 and no centring, as the cosine has none.
func principal(p *pairs, enc *bag.Encoder) (*mat.Dense, error) {
	z, err := enc.Encode(p.TrainD)
	if err != nil {
		return nil, err
	}
	vector.NormalizeRows(z, enc.Dim)
	gram := mat.NewSymDense(enc.Dim, nil)
	row := make([]float64, enc.Dim)
	for i := range p.TrainD.Rows {
		for j := range row {
			row[j] = float64(z[i*enc.Dim+j])
		}
		gram.SymRankOne(gram, 1, mat.NewVecDense(enc.Dim, row))
	}
	var e mat.EigenSym
	if !e.Factorize(gram, true) {
		return nil, fmt.Errorf("no principal directions of %d vectors", p.TrainD.Rows)
	}
	var v mat.Dense
	e.VectorsTo(&v)
	out := mat.NewDense(enc.Dim, enc.Dim, nil)
	for j := range enc.Dim { // eigenvalues come ascending
		out.SetCol(j, mat.Col(nil, enc.Dim-1-j, &v))
	}
	return out, nil
}

// apply returns the rows of z times a square matrix.
func apply(z []float32, m *mat.Dense) []float32 {
	dim, _ := m.Dims()
	out := make([]float32, len(z))
	for i := 0; i < len(z); i += dim {
		for j := range dim {
			row := m.RawRowView(j)
			for k, w := range row {
				out[i+k] += z[i+j] * float32(w)
			}
		}
	}
	return out
}

func plotMRL(r *lab.Run, sizes mrl.Sizes, lexical float64) {
	x, names := make([]float64, len(sizes)), make([]string, len(sizes))
	for i, m := range sizes {
		x[i], names[i] = float64(m), mrrAt(m)
	}
	p := plot.Plot{
		Name: "mrr-by-size", Title: "Finding abstracts by titles with prefixes of one embedding",
		X:     plot.Axis{Label: "dimensions", Log: true, Ticks: x},
		Y:     plot.Axis{Label: "mean reciprocal rank"},
		Rules: []plot.Rule{{Name: variantTFIDF, Y: lexical}},
	}
	for _, v := range []string{variantMRL, variantFF, variantPCA, variantTruncated, variantLSA} {
		p.Lines = append(p.Lines, r.Series(v, x, names))
	}
	r.Plot(p)

	cost := make([]float64, len(sizes))
	for i, m := range sizes {
		cost[i] = float64(m) / float64(sizes.Full())
	}
	prefix := r.Series(variantMRL, cost, names)
	prefix.Name, prefix.Method = "prefix alone", false
	var ar plot.Series
	docs := 2000.
	for _, keep := range adaptiveKeeps {
		ar.X = append(ar.X, 16/float64(sizes.Full())+float64(keep)/docs)
		ar.Y = append(ar.Y, r.Mean(adaptiveAt(keep), variantMRL))
	}
	ar.Name = "adaptive: 16 dimensions, then all"
	r.Plot(plot.Plot{
		Name: "mrr-by-cost", Title: "What a query costs, and what it finds",
		X:     plot.Axis{Label: "multiply-adds, of a full scan", Log: true},
		Y:     plot.Axis{Label: "mean reciprocal rank"},
		Lines: []plot.Series{prefix, ar},
		Points: []plot.Series{{
			Name: "funnel", Method: true,
			X: []float64{r.Mean(metricFunnelCost, variantMRL)}, Y: []float64{r.Mean(metricFunnel, variantMRL)},
		}},
	})
}
