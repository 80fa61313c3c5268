package embed

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"golang.org/x/sync/errgroup"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/lab/plot"
	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/embed/contrast"
	"github.com/offprint/offprint/methods/embed/mrl"
	"github.com/offprint/offprint/methods/embed/starbucks"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
	"github.com/offprint/offprint/methods/train"
	"github.com/offprint/offprint/methods/vector"
)

// Starbucks reproduces the training of one encoder for a list of depths and
// widths, on titles and abstracts.
var Starbucks = lab.Reproduction{
	Slug:     "starbucks",
	Claim:    "Training one encoder on a fixed list of depths and widths, all in every step, beats drawing a random one for each step, and masked pre-training on the same sizes adds to it.",
	State:    lab.Reproduced,
	Method:   variantSMAE,
	Package:  "methods/embed/starbucks",
	Time:     40 * time.Second,
	FullTime: 4 * time.Minute,
	DataSets: []string{"papers"},
	Run:      runStarbucks,
	Broken: []lab.BrokenVariant{
		{Name: "full-size-loss", What: "SRL applies its loss to the full size alone"},
		{Name: "no-pretraining", What: "the masked pre-training is left out"},
	},
}

const (
	variantFullOnly = "full size only"
	variantTwoD     = "2D Matryoshka"
	variantSRL      = "SRL"
	variantSMAE     = "SMAE + SRL"
	variantSeparate = "separate models"

	metricMeanMRR = "MRR, mean of the sizes"
)

var cups = []starbucks.Size{{Layer: 1, Dim: 8}, {Layer: 2, Dim: 16}, {Layer: 3, Dim: 32}, {Layer: 4, Dim: 64}, {Layer: 5, Dim: 96}, {Layer: 6, Dim: 128}}

// scale is the size of a run. The default has half of the pairs, batches and
// hidden units of the full one, for a third of its time.
type scale struct {
	pairs, batch int
	encoder      starbucks.ResidualMLP
}

var (
	fastScale = scale{3000, 128, starbucks.ResidualMLP{In: 256, Dim: 128, Hidden: 128, Layers: 6}}
	fullScale = scale{6000, 256, starbucks.ResidualMLP{In: 256, Dim: 128, Hidden: 256, Layers: 6}}
)

// Of the pre-training.
const (
	maskedWords = 1024
	encoderMask = .2
	decoderMask = .4
)

func mrrOf(s starbucks.Size) string {
	return fmt.Sprintf("MRR, %d layers, %d dimensions", s.Layer, s.Dim)
}

func runStarbucks(ctx context.Context, r *lab.Run) error {
	seeds, size := 3, fastScale
	if r.Full {
		size = fullScale
	}
	if r.Broken != "" {
		seeds = 1
	}
	r.Progress(0, "reading the records")
	bed, err := loadPairs(ctx, lastMonths)
	if err != nil {
		return err
	}
	dense, err := bed.dense(ctx, size.encoder.In)
	if err != nil {
		return err
	}
	lexical := bed.lexical()
	if err := r.EachSeed(ctx, seeds, func(ctx context.Context, seed uint64, progress func(float64, string)) error {
		s := &starbucksSeed{Run: r, scale: size, bed: bed, dense: dense, seed: seed, progress: progress}
		return s.run(ctx)
	}); err != nil {
		return err
	}

	twoD, srl, smae := r.Values(metricMeanMRR, variantTwoD), r.Values(metricMeanMRR, variantSRL), r.Values(metricMeanMRR, variantSMAE)
	for i, seed := range r.Seeds(seeds) {
		r.AtLeast(fmt.Sprintf("seed %d, mean of the sizes: SRL - 2D Matryoshka", seed), srl[i]-twoD[i], .01)
		if r.Full {
			r.AtLeast(fmt.Sprintf("seed %d, mean of the sizes: SMAE + SRL - SRL", seed), smae[i]-srl[i], .006)
		}
	}
	// At the small scale the gain of one seed is too noisy for a bar: .004 to .020.
	r.AtLeast("mean of the sizes: SMAE + SRL - SRL", r.Mean(metricMeanMRR, variantSMAE)-r.Mean(metricMeanMRR, variantSRL), .006)
	r.AtLeast("smallest size: SRL - full size only", r.Mean(mrrOf(cups[0]), variantSRL)-r.Mean(mrrOf(cups[0]), variantFullOnly), .08)
	if r.Full {
		r.AtLeast("mean of the sizes: SMAE + SRL - separate models", r.Mean(metricMeanMRR, variantSMAE)-r.Mean(metricMeanMRR, variantSeparate), -.02)
	}
	last := mrrOf(cups[len(cups)-1])
	if !r.Full {
		r.Note("This is half of the full scale. With --full (%d pairs, %d hidden units) SMAE + SRL is checked in every seed, and against models trained separately for each size.", fullScale.pairs, fullScale.encoder.Hidden)
	}
	r.Note("At the full size one pays: %.3f, against %.3f for a model trained at that size alone; and TF-IDF cosine is at %.3f.", r.Mean(last, variantSMAE), r.Mean(last, variantFullOnly), lexical)
	plotStarbucks(r, size.encoder)
	return nil
}

// denseTexts are the pairs as dense vectors: 16 times the TF-IDF row in the LSA
// of abstracts and titles, scaled to length 1.
type denseTexts struct {
	basis                        []float32 // [V x dim]
	dim                          int
	trainQ, trainD, testQ, testD []float32
}

func (p *pairs) dense(ctx context.Context, dim int) (*denseTexts, error) {
	v, err := p.lsaStacked(ctx, dim)
	if err != nil {
		return nil, err
	}
	rows, _ := v.Dims()
	t := &denseTexts{basis: make([]float32, rows*dim), dim: dim}
	for i := range rows {
		for j := range dim {
			t.basis[i*dim+j] = float32(v.At(i, j))
		}
	}
	project := func(x *sparse.Matrix) []float32 {
		z := make([]float32, x.Rows*dim)
		x.Mul(z, t.basis, dim)
		t.scale(z)
		return z
	}
	t.trainQ, t.trainD, t.testQ, t.testD = project(p.TrainQ), project(p.TrainD), project(p.TestQ), project(p.TestD)
	return t, nil
}

func (t *denseTexts) scale(z []float32) {
	vector.NormalizeRows(z, t.dim)
	for i := range z {
		z[i] *= 16
	}
}

// starbucksSeed is the work of one seed.
type starbucksSeed struct {
	*lab.Run
	scale
	bed      *pairs
	dense    *denseTexts
	seed     uint64
	progress func(done float64, what string)

	mu   sync.Mutex
	done float64
}

// pairLoss is a loss of the states of titles and abstracts, and of the constants
// that it drew for the step.
type pairLoss func(q, d, constants []*graph.Node) *graph.Node

func (s *starbucksSeed) run(ctx context.Context) error {
	full := func(q, d, _ []*graph.Node) *graph.Node {
		return contrast.InfoNCE(q[len(q)-1], d[len(d)-1], temperature)
	}
	srl := func(q, d, _ []*graph.Node) *graph.Node {
		return starbucks.SRL{Sizes: cups, Temperature: temperature, KLWeight: 1}.Loss(q, d)
	}
	twoD := func(q, d, c []*graph.Node) *graph.Node {
		return starbucks.TwoD{Temperature: temperature, KLWeight: 1}.Loss(q, d, c[0], c[1])
	}
	if s.Is("full-size-loss") {
		srl = full
	}
	draws := random.New(s.seed, 46)
	variants := []starbucksVariant{
		{name: variantFullOnly, loss: full, share: .12},
		{name: variantTwoD, loss: twoD, constants: func() []*tensors.Tensor { return s.drawSize(draws) }, share: .12},
		{name: variantSRL, loss: srl, share: .12},
		{name: variantSMAE, loss: srl, pretrain: !s.Is("no-pretraining"), share: .64},
	}
	// The last takes about as long as the others together.
	g, both := errgroup.WithContext(ctx)
	g.Go(func() error {
		for i := range len(variants) - 1 {
			if err := variants[i].train(both, s); err != nil {
				return err
			}
		}
		return nil
	})
	g.Go(func() error { return variants[len(variants)-1].train(both, s) })
	if err := g.Wait(); err != nil {
		return err
	}
	for _, v := range variants {
		s.report(v)
	}
	if s.Full {
		return s.separate(ctx)
	}
	return nil
}

// starbucksVariant is a way to train the encoder, and then its MRR by size.
type starbucksVariant struct {
	name      string
	loss      pairLoss
	constants func() []*tensors.Tensor
	pretrain  bool
	share     float64 // of the seed's time
	mrr       []float64
}

func (v *starbucksVariant) train(ctx context.Context, s *starbucksSeed) error {
	m, err := s.newModel(s.encoder)
	if err != nil {
		return err
	}
	tune := v.share
	if v.pretrain {
		tune = .14
		if err := m.pretrain(ctx, v.share-tune); err != nil {
			return err
		}
	}
	if err := m.fineTune(ctx, v.loss, v.constants, tune, v.name); err != nil {
		return err
	}
	v.mrr, err = m.mrr(cups)
	return err
}

// progressOf returns a function for a part that takes a share of the seed's time.
func (s *starbucksSeed) progressOf(share float64, what string) func(done float64) {
	last := 0.
	return func(done float64) {
		s.mu.Lock()
		s.done += (done - last) * share
		last = done
		now := s.done
		s.mu.Unlock()
		s.progress(min(1, now), what)
	}
}

// separate trains a model for each size alone, no deeper than it.
func (s *starbucksSeed) separate(ctx context.Context) error {
	sum := 0.0
	for _, size := range cups {
		e := s.encoder
		e.Layers = size.Layer
		m, err := s.newModel(e)
		if err != nil {
			return err
		}
		loss := func(q, d, _ []*graph.Node) *graph.Node {
			return contrast.InfoNCE(size.Cut(q), size.Cut(d), temperature)
		}
		if err := m.fineTune(ctx, loss, nil, 0, fmt.Sprintf("%d layers alone", size.Layer)); err != nil {
			return err
		}
		v, err := m.mrr([]starbucks.Size{size})
		if err != nil {
			return err
		}
		s.Metric(mrrOf(size), variantSeparate, s.seed, v[0], "")
		sum += v[0]
	}
	s.Metric(metricMeanMRR, variantSeparate, s.seed, sum/float64(len(cups)), "")
	return nil
}

// drawSize is a step's layer below the last and width below the full one.
func (s scale) drawSize(rng *rand.Rand) []*tensors.Tensor {
	layer, width := make([]float32, s.encoder.Layers-1), make([]float32, s.encoder.Dim)
	layer[rng.IntN(len(layer))] = 1
	for i := range cups[rng.IntN(len(cups)-1)].Dim {
		width[i] = 1
	}
	return []*tensors.Tensor{tensors.FromFlatDataAndDimensions(layer, len(layer)), tensors.FromFlatDataAndDimensions(width, len(width))}
}

// starbucksModel is an encoder being trained.
type starbucksModel struct {
	*starbucksSeed
	encoder starbucks.ResidualMLP
	store   *model.Store
}

func (s *starbucksSeed) newModel(e starbucks.ResidualMLP) (*starbucksModel, error) {
	store := model.NewStore()
	return &starbucksModel{s, e, store}, store.SetRNGStateFromSeed(int64(s.seed))
}

func (m *starbucksModel) states(s *model.Scope, x *graph.Node) []*graph.Node {
	return m.encoder.States(s.In("encoder"), x)
}

// train runs the loop with Adam, whose moments it discards at the end.
func (m *starbucksModel) train(ctx context.Context, epochs int, inputs func(rows []int) []*tensors.Tensor, loss func(s *model.Scope, in []*graph.Node) *graph.Node, share float64, what string) error {
	adam := optimizer.Adam().LearningRate(2e-3).Done()
	step, err := train.NewStep(m.store, adam, loss)
	if err != nil {
		return err
	}
	progress := m.progressOf(share, what)
	loop := train.Loop{
		Examples: m.pairs, Batch: m.batch, Epochs: epochs, Rand: random.New(m.seed, 4600),
		Progress: func(done, _ float64) { progress(done) },
	}
	if err := loop.Run(ctx, func(rows []int) (float64, error) { return step.Call(inputs(rows)...) }); err != nil {
		return err
	}
	return adam.Clear(m.store.RootScope())
}

func (m *starbucksModel) fineTune(ctx context.Context, loss pairLoss, constants func() []*tensors.Tensor, share float64, what string) error {
	dim := m.dense.dim
	var x []float32
	inputs := func(rows []int) []*tensors.Tensor {
		x = train.Gather(x, m.dense.trainQ, dim, rows)
		x = append(x, train.Gather(nil, m.dense.trainD, dim, rows)...)
		in := []*tensors.Tensor{tensors.FromFlatDataAndDimensions(x, 2*len(rows), dim)}
		if constants != nil {
			in = append(in, constants()...)
		}
		return in
	}
	return m.train(ctx, 4, inputs, func(s *model.Scope, in []*graph.Node) *graph.Node {
		q, d := starbucks.Halves(m.states(s, in[0]))
		return loss(q, d, in[1:])
	}, share, what)
}

// pretrain runs SMAE on the abstracts.
func (m *starbucksModel) pretrain(ctx context.Context, share float64) error {
	smae := starbucks.SMAE{Sizes: cups, Hidden: m.encoder.Hidden, Words: maskedWords}
	rng := random.New(m.seed, 4601)
	inputs := func(rows []int) []*tensors.Tensor {
		x, dropped := m.masked(rng, rows, encoderMask)
		y, more := m.masked(rng, rows, decoderMask)
		return []*tensors.Tensor{
			tensors.FromFlatDataAndDimensions(x, len(rows), m.dense.dim), tensors.FromFlatDataAndDimensions(y, len(rows), m.dense.dim),
			tensors.FromFlatDataAndDimensions(dropped, len(rows), maskedWords), tensors.FromFlatDataAndDimensions(more, len(rows), maskedWords),
		}
	}
	return m.train(ctx, 6, inputs, func(s *model.Scope, in []*graph.Node) *graph.Node {
		return smae.Loss(s.In("smae"), m.states(s, in[0]), in[1], in[2], in[3])
	}, share, "masked pre-training")
}

// masked drops words of abstracts and returns what is left as dense vectors, and
// the dropped ones among the most frequent words as targets.
func (m *starbucksModel) masked(rng *rand.Rand, rows []int, p float64) (x, dropped []float32) {
	x, dropped = make([]float32, len(rows)*m.dense.dim), make([]float32, len(rows)*maskedWords)
	for i, r := range rows {
		words, weights := m.bed.TrainD.Row(r)
		kept, out := starbucks.Mask(rng, len(words), p)
		for _, k := range kept {
			w := int(words[k])
			vector.AddScaled(x[i*m.dense.dim:(i+1)*m.dense.dim], weights[k], m.dense.basis[w*m.dense.dim:(w+1)*m.dense.dim])
		}
		// Words are numbered by frequency.
		out = slices.DeleteFunc(out, func(k int) bool { return int(words[k]) >= maskedWords })
		for _, k := range out {
			dropped[i*maskedWords+int(words[k])] = 1 / float32(len(out))
		}
	}
	m.dense.scale(x)
	return x, dropped
}

// report puts the figures of a variant into the table.
func (s *starbucksSeed) report(v starbucksVariant) {
	sum := 0.0
	for i, size := range cups {
		s.Metric(mrrOf(size), v.name, s.seed, v.mrr[i], "")
		sum += v.mrr[i]
	}
	s.Metric(metricMeanMRR, v.name, s.seed, sum/float64(len(cups)), "")
}

func (m *starbucksModel) mrr(sizes []starbucks.Size) ([]float64, error) {
	b, err := backend.Get()
	if err != nil {
		return nil, err
	}
	encode, err := model.NewExec(b, m.store, m.states)
	if err != nil {
		return nil, err
	}
	states := func(x []float32) ([][]float32, error) {
		out, err := encode.Call(tensors.FromFlatDataAndDimensions(x, len(x)/m.dense.dim, m.dense.dim))
		if err != nil {
			return nil, err
		}
		flat := make([][]float32, len(out))
		for i, t := range out {
			if flat[i], err = tensors.CopyFlatData[float32](t); err != nil {
				return nil, err
			}
		}
		return flat, nil
	}
	q, err := states(m.dense.testQ)
	if err != nil {
		return nil, err
	}
	d, err := states(m.dense.testD)
	if err != nil {
		return nil, err
	}
	v := make([]float64, len(sizes))
	for i, s := range sizes {
		dim := m.encoder.Dim
		v[i] = mrr(mrl.TruncateRows(q[s.Layer-1], dim, s.Dim), mrl.TruncateRows(d[s.Layer-1], dim, s.Dim), s.Dim)
	}
	return v, nil
}

// plotStarbucks draws the sizes by what they cost: a text's layers, and its
// comparison with 10,000 others.
func plotStarbucks(r *lab.Run, e starbucks.ResidualMLP) {
	cost := make([]float64, len(cups))
	names := make([]string, len(cups))
	macs := func(s starbucks.Size) float64 {
		return float64(e.In*e.Dim + 2*s.Layer*e.Dim*e.Hidden + 10_000*s.Dim)
	}
	for i, s := range cups {
		cost[i], names[i] = macs(s)/macs(cups[len(cups)-1]), mrrOf(s)
	}
	p := plot.Plot{
		Name: "mrr-by-size", Title: "Finding abstracts by titles at six sizes of one encoder",
		X: plot.Axis{Label: "cost of a query among 10,000 abstracts, of the full size", Log: true},
		Y: plot.Axis{Label: "mean reciprocal rank"},
	}
	for _, v := range []string{variantSMAE, variantSRL, variantTwoD, variantFullOnly, variantSeparate} {
		if line := r.Series(v, cost, names); len(line.X) > 0 {
			p.Lines = append(p.Lines, line)
		}
	}
	r.Plot(p)
}
