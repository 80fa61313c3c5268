// Package embed has the reproductions of the papers on embeddings.
package embed

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/methods/embed/bag"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/lowrank"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
	"github.com/offprint/offprint/methods/text"
	"github.com/offprint/offprint/methods/train"
	"github.com/offprint/offprint/methods/vector"
)

// pairs is the test bed of most papers here: the title of a paper is to find
// its own abstract among those of other papers, all of a later month than the
// training data. Texts are TF-IDF rows over one vocabulary.
type pairs struct {
	Vocab          *text.Vocabulary
	TrainQ, TrainD *sparse.Matrix // titles and abstracts to train on
	TestQ, TestD   *sparse.Matrix // row i of one belongs to row i of the other

	mu    sync.Mutex
	bases map[basis]*mat.Dense
}

// window says which records a bed is made of. Months count back from the newest
// of the data set, which is 0.
type window struct {
	First, Last int // months of the training records
	Test        int // month of the test records
	Train       int // how many, the first in listing order; 0 takes all
	Docs        int // likewise, of the test month
}

// lastMonths is the usual bed. Every figure on a card was seen on it.
var lastMonths = window{First: 3, Last: 1, Test: 0, Train: 6000, Docs: 2000}

// allMonths is the bed of --full.
var allMonths = window{First: 12, Last: 1, Test: 0, Docs: 2000}

// basis names a truncated SVD.
type basis struct {
	stacked bool
	rank    int
}

var beds = struct {
	sync.Mutex
	pairs map[window]*pairs
}{pairs: map[window]*pairs{}}

// loadPairs makes a bed, once in a process: "run --all" has several
// reproductions on the same. It must not be changed.
func loadPairs(ctx context.Context, w window) (*pairs, error) {
	beds.Lock()
	defer beds.Unlock()
	if p, ok := beds.pairs[w]; ok {
		return p, nil
	}
	trainQ, trainD, err := tokens(ctx, w.First, w.Last, w.Train)
	if err != nil {
		return nil, err
	}
	testQ, testD, err := tokens(ctx, w.Test, w.Test, w.Docs)
	if err != nil {
		return nil, err
	}
	both := make([][]string, len(trainQ))
	for i := range both {
		both[i] = slices.Concat(trainQ[i], trainD[i])
	}
	v := text.NewVocabulary(both, 5, 8192)
	p := &pairs{
		Vocab:  v,
		TrainQ: v.TFIDF(trainQ), TrainD: v.TFIDF(trainD),
		TestQ: v.TFIDF(testQ), TestD: v.TFIDF(testD),
		bases: map[basis]*mat.Dense{},
	}
	beds.pairs[w] = p
	return p, nil
}

// tokens returns the words of titles and abstracts.
func tokens(ctx context.Context, first, last, limit int) (titles, abstracts [][]string, err error) {
	from, err := dataset.PaperMonth(first)
	if err != nil {
		return nil, nil, err
	}
	to, err := dataset.PaperMonth(last)
	if err != nil {
		return nil, nil, err
	}
	records, err := dataset.ReadPapers(from, to)
	if err != nil {
		return nil, nil, err
	}
	if limit > len(records) {
		return nil, nil, fmt.Errorf("the data set papers has %d records of %s to %s, and this needs %d", len(records), from, to, limit)
	}
	if limit > 0 {
		records = records[:limit]
	}
	for _, r := range records {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		titles = append(titles, text.Tokens(r.Title))
		abstracts = append(abstracts, text.Tokens(r.Abstract))
	}
	return titles, abstracts, nil
}

// lsa returns the first right singular vectors [V x rank] of the training
// abstracts, largest first: latent semantic analysis.
func (p *pairs) lsa(ctx context.Context, rank int) (*mat.Dense, error) {
	return p.basis(ctx, basis{false, rank})
}

// lsaStacked is lsa of the training abstracts and titles, one under the other.
func (p *pairs) lsaStacked(ctx context.Context, rank int) (*mat.Dense, error) {
	return p.basis(ctx, basis{true, rank})
}

func (p *pairs) basis(ctx context.Context, b basis) (*mat.Dense, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v, ok := p.bases[b]; ok {
		return v, nil
	}
	x := p.TrainD
	if b.stacked {
		x = stack(p.TrainD, p.TrainQ)
	}
	_, _, v, err := lowrank.SVD(ctx, x, b.rank, random.New(0, 1))
	if err != nil {
		return nil, err
	}
	p.bases[b] = v
	return v, nil
}

// stack puts b under a.
func stack(a, b *sparse.Matrix) *sparse.Matrix {
	s := &sparse.Matrix{Rows: a.Rows + b.Rows, Cols: a.Cols}
	s.RowPtr = append(s.RowPtr, a.RowPtr...)
	for _, end := range b.RowPtr[1:] {
		s.RowPtr = append(s.RowPtr, int32(a.NNZ())+end)
	}
	s.Col = append(append(s.Col, a.Col...), b.Col...)
	s.Val = append(append(s.Val, a.Val...), b.Val...)
	return s
}

// pairRecipe is how a bag encoder is trained on the pairs.
type pairRecipe struct {
	Batch, Epochs int
	LR            float64
	Rows          int // train on the first of the pairs only; 0 takes all

	// Constants, if set, gives further inputs of the loss for a batch.
	Constants func(rows []int) []*tensors.Tensor
}

var usualRecipe = pairRecipe{Batch: 256, Epochs: 8, LR: .02}

// fit trains an encoder on the pairs in place. The loss sees the batch's titles
// and abstracts as encoded, each [Batch x Dim], and the recipe's constants. The
// rng orders the batches.
func (p *pairs) fit(ctx context.Context, enc *bag.Encoder, loss *train.Loss, recipe pairRecipe, seed uint64, progress func(done float64)) error {
	t, err := bag.NewTrainer(enc, recipe.LR)
	if err != nil {
		return err
	}
	n := p.TrainQ.Rows
	if recipe.Rows > 0 {
		n = recipe.Rows
	}
	q, d := make([]float32, recipe.Batch*enc.Dim), make([]float32, recipe.Batch*enc.Dim)
	loop := train.Loop{
		Examples: n, Batch: recipe.Batch, Epochs: recipe.Epochs, Rand: random.New(seed, 25),
		Progress: func(done, _ float64) { progress(done) },
	}
	return loop.Run(ctx, func(rows []int) (float64, error) {
		if err := enc.EncodeRows(q, p.TrainQ, rows); err != nil {
			return 0, err
		}
		if err := enc.EncodeRows(d, p.TrainD, rows); err != nil {
			return 0, err
		}
		in := []*tensors.Tensor{
			tensors.FromFlatDataAndDimensions(q, len(rows), enc.Dim),
			tensors.FromFlatDataAndDimensions(d, len(rows), enc.Dim),
		}
		if recipe.Constants != nil {
			in = append(in, recipe.Constants(rows)...)
		}
		l, grads, err := loss.Call(in...)
		if err != nil {
			return 0, err
		}
		return l, t.Step(bag.Part{X: p.TrainQ, Rows: rows, Grad: grads[0]}, bag.Part{X: p.TrainD, Rows: rows, Grad: grads[1]})
	})
}

// test returns the encoded titles and abstracts of the test month, rows of
// length 1.
func (p *pairs) test(enc *bag.Encoder) (q, d []float32, err error) {
	if q, err = enc.Encode(p.TestQ); err != nil {
		return nil, nil, err
	}
	if d, err = enc.Encode(p.TestD); err != nil {
		return nil, nil, err
	}
	vector.NormalizeRows(q, enc.Dim)
	vector.NormalizeRows(d, enc.Dim)
	return q, d, nil
}

// mrr is the mean reciprocal rank of row i of d for row i of q, by inner
// product: give rows of length 1 for the cosine. d may have more rows.
func mrr(q, d []float32, dim int) float64 {
	n := len(q) / dim
	scores := make([]float32, len(d)/dim)
	ranks := make([]float64, n)
	for i := range n {
		for j := range scores {
			scores[j] = vector.Dot(q[i*dim:(i+1)*dim], d[j*dim:(j+1)*dim])
		}
		ranks[i] = eval.Rank(scores, i)
	}
	return eval.MRR(ranks)
}

// lexical is the mean reciprocal rank of the test pairs by the cosine of their
// TF-IDF rows: the opponent of every dense encoder.
func (p *pairs) lexical() float64 {
	words := p.TestD.T()
	scores := make([]float32, p.TestD.Rows)
	ranks := make([]float64, p.TestQ.Rows)
	for i := range ranks {
		clear(scores)
		cols, vals := p.TestQ.Row(i)
		for k, w := range cols {
			docs, weights := words.Row(int(w))
			for j, doc := range docs {
				scores[doc] += vals[k] * weights[j]
			}
		}
		ranks[i] = eval.Rank(scores, i)
	}
	return eval.MRR(ranks)
}
