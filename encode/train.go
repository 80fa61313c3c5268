package encode

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/offprint/offprint/methods/embed/bag"
	"github.com/offprint/offprint/methods/embed/mrl"
	"github.com/offprint/offprint/methods/lowrank"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/sparse"
	"github.com/offprint/offprint/methods/text"
	"github.com/offprint/offprint/methods/train"
	"github.com/offprint/offprint/methods/vector"
)

// Config says how an encoder is trained. The zero value of a field takes the
// default, which was the best of those measured on 48,000 records.
type Config struct {
	Dim    int    // of a vector, 256
	Words  int    // at most, 20,000
	Epochs int    // 5
	Batch  int    // 256
	Seed   uint64 // of batches and splits

	// Progress, if set, is told which share of the work is done.
	Progress func(done float64, what string)
	// Checkpoint, if set, is called after each epoch but the last with the
	// encoder so far, which must not be kept. Its error ends the training.
	Checkpoint func(epoch int, e *Encoder) error
	// Resume goes on from a checkpoint, after its epoch. The words are taken
	// from it, and the optimiser starts afresh.
	Resume *Encoder
	Epoch  int
}

const (
	rate        = 1e-3
	temperature = .1
	fewest      = 3 // texts that a word must be in
	basisTexts  = 20000
	examples    = 12 // of what was learned, in the report
)

func (c *Config) defaults() {
	set := func(v *int, to int) {
		if *v == 0 {
			*v = to
		}
	}
	set(&c.Dim, 256)
	set(&c.Words, 20000)
	set(&c.Epochs, 5)
	set(&c.Batch, 256)
	if c.Progress == nil {
		c.Progress = func(float64, string) {}
	}
}

// Report is what a training says of itself.
type Report struct {
	Texts, Words int
	Loss         []float64    // mean of each epoch
	Neighbours   []Neighbours // examples of words that came to lie together
}

// Train learns an encoder from texts alone. It starts from latent semantic
// analysis and then learns, by contrast with the other texts of a batch
// (InfoNCE at several prefixes of the vectors), two things in turn:
//
//   - that two random halves of a text's words belong together. The halves are
//     disjoint, so that no word can find itself and what is left is meaning;
//   - that a title belongs to the words of its abstract that it does not have.
//
// Halves came out better than titles against whole abstracts, which words in
// common solve within an epoch; shared authors as pairs taught names, not
// subjects.
func Train(ctx context.Context, texts []Text, c Config) (*Encoder, Report, error) {
	c.defaults()
	if len(texts) < 2*c.Batch {
		return nil, Report{}, fmt.Errorf("encode: %d texts, and training needs %d", len(texts), 2*c.Batch)
	}
	c.Progress(0, "reading words")
	all, titles := make([][]string, len(texts)), make([][]string, len(texts))
	for i, t := range texts {
		if err := ctx.Err(); err != nil {
			return nil, Report{}, err
		}
		all[i], titles[i] = terms(t), terms(Text{Title: t.Title})
	}
	e, table, err := start(ctx, all, c)
	if err != nil {
		return nil, Report{}, err
	}
	x := e.matrix(all)
	title := e.matrix(titles)
	body := without(x, title)
	report := Report{Texts: len(texts), Words: len(e.words)}

	trainer, err := bag.NewTrainer(table, rate)
	if err != nil {
		return nil, Report{}, err
	}
	sizes := mrl.Halvings(c.Dim, max(1, c.Dim/4))
	loss, err := train.NewLoss(2, func(in []*graph.Node) *graph.Node {
		return mrl.Contrastive(in[0], in[1], sizes, nil, temperature)
	})
	if err != nil {
		return nil, Report{}, err
	}
	q, d := make([]float32, c.Batch*c.Dim), make([]float32, c.Batch*c.Dim)
	for epoch := c.Epoch; epoch < c.Epochs; epoch++ {
		rng := random.New(c.Seed, 1+uint64(epoch))
		sum, steps := 0., 0
		loop := train.Loop{Examples: x.Rows, Batch: c.Batch, Epochs: 1, Rand: rng, Progress: func(done, _ float64) {
			c.Progress(.1+.9*(float64(epoch)+done)/float64(c.Epochs), fmt.Sprintf("epoch %d of %d", epoch+1, c.Epochs))
		}}
		err := loop.Run(ctx, func(rows []int) (float64, error) {
			left, right := title, body
			if steps%3 != 0 {
				left, right = halves(x, rows, rng)
				rows = count(len(rows))
			}
			steps++
			if err := table.EncodeRows(q, left, rows); err != nil {
				return 0, err
			}
			if err := table.EncodeRows(d, right, rows); err != nil {
				return 0, err
			}
			l, grads, err := loss.Call(tensors.FromFlatDataAndDimensions(q, len(rows), c.Dim), tensors.FromFlatDataAndDimensions(d, len(rows), c.Dim))
			if err != nil {
				return 0, err
			}
			sum += l
			return l, trainer.Step(bag.Part{X: left, Rows: rows, Grad: grads[0]}, bag.Part{X: right, Rows: rows, Grad: grads[1]})
		})
		if err != nil {
			return nil, report, err
		}
		report.Loss = append(report.Loss, sum/float64(steps))
		if err := e.center(x); err != nil {
			return nil, report, err
		}
		if c.Checkpoint != nil && epoch+1 < c.Epochs {
			if err := c.Checkpoint(epoch+1, e); err != nil {
				return nil, report, fmt.Errorf("encode: keep a checkpoint: %w", err)
			}
		}
	}
	report.Neighbours = e.Learned(examples)
	return e, report, nil
}

// start makes the encoder that training begins with, and a view of its table for
// the trainer.
func start(ctx context.Context, all [][]string, c Config) (*Encoder, *bag.Encoder, error) {
	if c.Resume != nil {
		if c.Resume.dim != c.Dim {
			return nil, nil, fmt.Errorf("encode: a checkpoint of %d dimensions, to go on with %d", c.Resume.dim, c.Dim)
		}
		e := *c.Resume
		e.table, e.mean = slices.Clone(e.table), slices.Clone(e.mean)
		return &e, &bag.Encoder{Vocab: len(e.words), Dim: e.dim, E: e.table}, nil
	}
	v := text.NewVocabulary(all, fewest, c.Words)
	if len(v.Words) < c.Dim {
		return nil, nil, fmt.Errorf("encode: %d words are in %d texts or more, and %d dimensions need as many words", len(v.Words), fewest, c.Dim)
	}
	e := &Encoder{dim: c.Dim, words: v.Words, mean: make([]float32, c.Dim), index: numbered(v.Words)}
	for _, idf := range v.IDF {
		e.idf = append(e.idf, float32(idf))
	}
	c.Progress(.03, "latent semantic analysis")
	sample := all
	if len(all) > basisTexts {
		sample = make([][]string, basisTexts)
		for i, j := range random.New(c.Seed, 0).Perm(len(all))[:basisTexts] {
			sample[i] = all[j]
		}
	}
	_, _, basis, err := lowrank.SVD(ctx, e.matrix(sample), c.Dim, random.New(c.Seed, 0))
	if err != nil {
		return nil, nil, fmt.Errorf("encode: %w", err)
	}
	table, err := bag.FromBasis(basis, c.Dim, 1)
	if err != nil {
		return nil, nil, fmt.Errorf("encode: %w", err)
	}
	e.table = table.E
	return e, table, nil
}

func numbered(words []string) map[string]int32 {
	index := make(map[string]int32, len(words))
	for i, w := range words {
		index[w] = int32(i)
	}
	return index
}

// matrix has the weights of each text's terms, rows of length 1.
func (e *Encoder) matrix(texts [][]string) *sparse.Matrix {
	m := &sparse.Matrix{Rows: len(texts), Cols: len(e.words), RowPtr: make([]int32, 1, len(texts)+1)}
	for _, t := range texts {
		from := len(m.Val)
		for _, w := range e.weights(t) {
			m.Col, m.Val = append(m.Col, w.word), append(m.Val, w.weight)
		}
		vector.Normalize(m.Val[from:])
		m.RowPtr = append(m.RowPtr, int32(len(m.Col)))
	}
	return m
}

// center sets the mean to that of the rows' vectors.
func (e *Encoder) center(x *sparse.Matrix) error {
	z, err := (&bag.Encoder{Vocab: len(e.words), Dim: e.dim, E: e.table}).Encode(x)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	vector.NormalizeRows(z, e.dim)
	clear(e.mean)
	for i := range x.Rows {
		vector.AddScaled(e.mean, 1/float32(x.Rows), z[i*e.dim:(i+1)*e.dim])
	}
	return nil
}

// without has the rows of x less the columns that the same row of y has, scaled
// to length 1 again.
func without(x, y *sparse.Matrix) *sparse.Matrix {
	out := &sparse.Matrix{Rows: x.Rows, Cols: x.Cols, RowPtr: make([]int32, 1, x.Rows+1)}
	for i := range x.Rows {
		cols, vals := x.Row(i)
		others, _ := y.Row(i)
		from := len(out.Val)
		for k, c := range cols {
			if _, both := slices.BinarySearch(others, c); !both {
				out.Col, out.Val = append(out.Col, c), append(out.Val, vals[k])
			}
		}
		vector.Normalize(out.Val[from:])
		out.RowPtr = append(out.RowPtr, int32(len(out.Col)))
	}
	return out
}

// halves puts each column of some rows of x into one of two matrices, by the
// toss of a coin, and scales the rows to length 1.
func halves(x *sparse.Matrix, rows []int, rng *rand.Rand) (a, b *sparse.Matrix) {
	a = &sparse.Matrix{Rows: len(rows), Cols: x.Cols, RowPtr: make([]int32, 1, len(rows)+1)}
	b = &sparse.Matrix{Rows: len(rows), Cols: x.Cols, RowPtr: make([]int32, 1, len(rows)+1)}
	for _, r := range rows {
		cols, vals := x.Row(r)
		for k, c := range cols {
			m := a
			if rng.Uint64()&1 == 0 {
				m = b
			}
			m.Col, m.Val = append(m.Col, c), append(m.Val, vals[k])
		}
		for _, m := range []*sparse.Matrix{a, b} {
			vector.Normalize(m.Val[m.RowPtr[len(m.RowPtr)-1]:])
			m.RowPtr = append(m.RowPtr, int32(len(m.Col)))
		}
	}
	return a, b
}

func count(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}
