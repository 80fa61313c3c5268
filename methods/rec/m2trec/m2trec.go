// Package m2trec predicts the next item of a session from what is known of the
// items, without item ids: "M2TRec: Metadata-aware Multi-task Transformer for
// Large-scale and Cold-start free Session-based Recommendations" (2022,
// arXiv:2209.11824).
//
// An item's vector is a function of its metadata, so that an item listed a
// minute ago has one, and the model does not grow with the catalogue. A
// transformer reads the vectors of a session's items, and its output is compared
// with those of the candidates; the category of the next item is predicted too.
//
// Item i with fields f, each a few values v with weights a and a table E_f:
//
//	x_i = [sum_v a_v E_1[v] | sum_v a_v E_2[v] | ...]                     in R^d
//	z   = mean_t H_t,  H = encoder(x_{i_1} + p_1, ..., x_{i_n} + p_n)
//	score(i) = cos(z, x_i) / T
//	L = CE(scores of the batch's targets) + sum_c w_c CE(W_c z + b_c)
//
// p are learned positions and encoder is a stack of transformer blocks, norms
// after the parts, padding masked. Other sessions' targets in the batch are the
// negatives; equal ones are masked. Without layers z is the plain mean of x.
//
// Differences from the paper: how it scores the next item could not be found
// out; tied metadata vectors are the reading under which it needs no ids. Numbers
// of layers and weights of tasks are not known either. The blocks start near the
// identity, with a tenth of the usual weights.
//
// The tables are plain Go with Adam by rows, since a batch has few of the
// vocabulary's words; all that is dense is one GoMLX graph.
package m2trec

import (
	"context"
	"fmt"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/rec"
	"github.com/offprint/offprint/methods/train"
	"github.com/offprint/offprint/methods/transformer"
	"github.com/offprint/offprint/methods/vector"
)

// stream is the random stream of this method: the paper's number.
const stream = 19

// Field is one kind of metadata. Categories, words and numbers are all bags of
// values: a category is a value, a text is its words with their idf as weights,
// and a number is the value 0 with the number as weight.
type Field struct {
	Name  string
	Vocab int // values are 0..Vocab-1
	Dim   int // of the field's part of the item's vector

	// Init is the table [Vocab x Dim] to start from; nil for N(0, .1^2).
	Init []float32
}

// Task is a further prediction about the next item: one of Classes classes.
type Task struct {
	Name    string
	Classes int
	Weight  float64 // of its loss; the next item's has weight 1
}

// Bag is what an item has in one field.
type Bag struct {
	Values  []int32
	Weights []float32 // nil for equal ones with sum 1
}

// Item is an item's metadata.
type Item struct {
	Fields  []Bag   // one for each field
	Classes []int32 // its class in each task; not needed of items that are only read or ranked
}

// Session is a history of items, earliest first, and the item that came next,
// by index.
type Session struct {
	History []int32
	Target  int32
}

// Config says what to learn, and how. All but Tasks, Layers and Progress must be
// set.
type Config struct {
	Fields      []Field
	Tasks       []Task
	MaxLen      int // of a history; the last items are taken
	Layers      int // of the transformer; 0 for the mean of the history
	Heads       int
	Temperature float64
	LR          float64 // of Adam
	Batch       int     // sessions a step; an epoch leaves out those beyond whole batches
	Epochs      int
	Seed        uint64

	Progress func(done float64) // called after each step with the share that is done
}

// dim is the length of an item's vector.
func (c Config) dim() int {
	d := 0
	for _, f := range c.Fields {
		d += f.Dim
	}
	return d
}

// residual starts the transformer near the identity: with the usual weights it
// first spoils what the items' vectors say already.
const residual = .1

func (c Config) encoder() transformer.Config {
	return transformer.Config{Layers: c.Layers, Dim: c.dim(), Heads: c.Heads, Inner: 2 * c.dim(), Residual: residual}
}

func (c Config) check() error {
	if len(c.Fields) == 0 || c.MaxLen < 1 || c.Batch < 1 || c.Epochs < 0 {
		return fmt.Errorf("m2trec: %d fields, %d items of history, batch %d, %d epochs", len(c.Fields), c.MaxLen, c.Batch, c.Epochs)
	}
	if !(c.Temperature > 0) || !(c.LR > 0) {
		return fmt.Errorf("m2trec: temperature %v, learning rate %v", c.Temperature, c.LR)
	}
	for _, f := range c.Fields {
		if f.Vocab < 1 || f.Dim < 1 || f.Init != nil && len(f.Init) != f.Vocab*f.Dim {
			return fmt.Errorf("m2trec: field %q of %d values and %d dimensions starts from %d numbers", f.Name, f.Vocab, f.Dim, len(f.Init))
		}
	}
	for _, t := range c.Tasks {
		if t.Classes < 1 || !(t.Weight >= 0) {
			return fmt.Errorf("m2trec: task %q of %d classes with weight %v", t.Name, t.Classes, t.Weight)
		}
	}
	if err := c.encoder().Check(); err != nil {
		return fmt.Errorf("m2trec: %w", err)
	}
	return nil
}

// checkItem returns an error if an item's metadata do not fit the fields.
func (c Config) checkItem(it Item, classes bool) error {
	if len(it.Fields) != len(c.Fields) {
		return fmt.Errorf("m2trec: an item with %d fields, want %d", len(it.Fields), len(c.Fields))
	}
	for i, b := range it.Fields {
		if b.Weights != nil && len(b.Weights) != len(b.Values) {
			return fmt.Errorf("m2trec: field %q with %d values and %d weights", c.Fields[i].Name, len(b.Values), len(b.Weights))
		}
		for _, v := range b.Values {
			if v < 0 || int(v) >= c.Fields[i].Vocab {
				return fmt.Errorf("m2trec: value %d of field %q, which has %d", v, c.Fields[i].Name, c.Fields[i].Vocab)
			}
		}
	}
	if !classes {
		return nil
	}
	if len(it.Classes) != len(c.Tasks) {
		return fmt.Errorf("m2trec: an item with %d classes for %d tasks", len(it.Classes), len(c.Tasks))
	}
	for i, k := range it.Classes {
		if k < 0 || int(k) >= c.Tasks[i].Classes {
			return fmt.Errorf("m2trec: class %d of task %q, which has %d", k, c.Tasks[i].Name, c.Tasks[i].Classes)
		}
	}
	return nil
}

// Model is a trained model. It may be used from several goroutines.
type Model struct {
	config Config
	dim    int
	tables [][]float32 // by field, [Vocab x Dim]
	store  *model.Store
	read   *model.Exec // sessions to vectors and classes
}

// Fit learns a model of sessions over items. onEpoch, if set, is called after
// each epoch, counted from 1, with the model so far, and says whether to go on.
func Fit(ctx context.Context, items []Item, sessions []Session, c Config, onEpoch func(epoch int, m *Model) (bool, error)) (*Model, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	for _, it := range items {
		if err := c.checkItem(it, true); err != nil {
			return nil, err
		}
	}
	if len(sessions) < c.Batch {
		return nil, fmt.Errorf("m2trec: %d sessions for batches of %d", len(sessions), c.Batch)
	}
	for _, s := range sessions {
		for _, i := range append(slices.Clip(s.History), s.Target) {
			if i < 0 || int(i) >= len(items) {
				return nil, fmt.Errorf("m2trec: item %d of %d in a session", i, len(items))
			}
		}
		if len(s.History) == 0 {
			return nil, fmt.Errorf("m2trec: a session without history")
		}
	}
	rng := random.New(c.Seed, stream)
	m := &Model{config: c, dim: c.dim(), store: model.NewStore()}
	if err := m.store.SetRNGStateFromSeed(int64(rng.Uint64() >> 1)); err != nil {
		return nil, fmt.Errorf("m2trec: %w", err)
	}
	var opts []*adam.Rows
	for _, f := range c.Fields {
		table := slices.Clone(f.Init)
		if table == nil {
			table = make([]float32, f.Vocab*f.Dim)
			random.Normal(rng, table, .1)
		}
		opt, err := adam.NewRows(table, f.Dim, c.LR)
		if err != nil {
			return nil, fmt.Errorf("m2trec: field %q: %w", f.Name, err)
		}
		m.tables, opts = append(m.tables, table), append(opts, opt)
	}
	if err := m.compile(); err != nil {
		return nil, err
	}
	step, err := train.NewJointStep(m.store, optimizer.Adam().LearningRate(c.LR).Done(), 2, m.loss)
	if err != nil {
		return nil, fmt.Errorf("m2trec: %w", err)
	}
	b := newBatch(c.Batch, c.MaxLen, m.dim, len(c.Tasks))
	for epoch := 1; epoch <= c.Epochs; epoch++ {
		batches := c.batches(sessions, rng)
		loop := train.Loop{Examples: len(batches), Batch: 1, Epochs: 1, Rand: rng, Progress: func(done, _ float64) {
			if c.Progress != nil {
				c.Progress((float64(epoch-1) + done) / float64(c.Epochs))
			}
		}}
		err := loop.Run(ctx, func(i []int) (float64, error) {
			b.fill(m, items, sessions, batches[i[0]])
			loss, grads, err := step.Call(b.inputs()...)
			if err != nil {
				return 0, err
			}
			b.sum(grads[0], grads[1])
			for _, i := range b.items {
				m.scatter(opts, items[i], b.vectors[i])
			}
			for _, o := range opts {
				o.Step()
			}
			return loss, nil
		})
		if err != nil {
			return nil, err
		}
		if onEpoch == nil {
			continue
		}
		if more, err := onEpoch(epoch, m); err != nil || !more {
			return m, err
		}
	}
	return m, nil
}

// Parameters is the number of learned numbers. It does not depend on the items.
func (m *Model) Parameters() int {
	n := 0
	for _, t := range m.tables {
		n += len(t)
	}
	for v := range m.store.Scope(scope).IterVariables() {
		if v.Trainable {
			n += v.Shape().Size()
		}
	}
	return n
}

// ItemVector is the vector of any item, of length 1, or 0 if nothing is known of
// it.
func (m *Model) ItemVector(it Item) ([]float32, error) {
	if err := m.config.checkItem(it, false); err != nil {
		return nil, err
	}
	x := make([]float32, m.dim)
	m.gather(x, it)
	vector.Normalize(x)
	return x, nil
}

// gather adds an item's vector to x.
func (m *Model) gather(x []float32, it Item) {
	at := 0
	for f, b := range it.Fields {
		d := m.config.Fields[f].Dim
		for k, v := range b.Values {
			vector.AddScaled(x[at:at+d], b.weight(k), m.tables[f][int(v)*d:(int(v)+1)*d])
		}
		at += d
	}
}

// scatter adds the gradient of an item's vector to the tables' gradients.
func (m *Model) scatter(opts []*adam.Rows, it Item, g []float32) {
	at := 0
	for f, b := range it.Fields {
		d := m.config.Fields[f].Dim
		for k, v := range b.Values {
			opts[f].Add(v, b.weight(k), g[at:at+d])
		}
		at += d
	}
}

func (b Bag) weight(k int) float32 {
	if b.Weights == nil {
		return 1 / float32(len(b.Values))
	}
	return b.Weights[k]
}

// Outlook is what the model expects after a session.
type Outlook struct {
	Vector  []float32   // the session's, of length 1: its product with an item's vector is the item's score
	Classes [][]float32 // by task, the probabilities of its classes
}

// Read reads sessions. Each history has at least one item; the last MaxLen count.
func (m *Model) Read(histories [][]Item) ([]Outlook, error) {
	c := m.config
	for _, h := range histories {
		if len(h) == 0 {
			return nil, fmt.Errorf("m2trec: a session without history")
		}
		for _, it := range h {
			if err := c.checkItem(it, false); err != nil {
				return nil, err
			}
		}
	}
	out := make([]Outlook, 0, len(histories))
	b := newBatch(c.Batch, c.MaxLen, m.dim, 0)
	for part := range slices.Chunk(histories, c.Batch) {
		b.clear(c.MaxLen)
		for i, h := range part {
			for t, it := range h[max(0, len(h)-c.MaxLen):] {
				b.valid[i*c.MaxLen+t] = true
				m.gather(b.history[(i*c.MaxLen+t)*m.dim:][:m.dim], it)
			}
		}
		res, err := m.read.Call(b.historyTensor(), b.validTensor())
		if err != nil {
			return nil, fmt.Errorf("m2trec: %w", err)
		}
		flat := make([][]float32, len(res))
		for i, r := range res {
			if flat[i], err = tensors.CopyFlatData[float32](r); err != nil {
				return nil, fmt.Errorf("m2trec: %w", err)
			}
		}
		for i := range part {
			o := Outlook{Vector: flat[0][i*m.dim : (i+1)*m.dim]}
			for t, task := range c.Tasks {
				o.Classes = append(o.Classes, flat[1+t][i*task.Classes:(i+1)*task.Classes])
			}
			out = append(out, o)
		}
	}
	return out, nil
}

// Recommend returns the k best of the candidates after a session, best first, by
// their index.
func (m *Model) Recommend(history, candidates []Item, k int) ([]rec.Hit, error) {
	out, err := m.Read([][]Item{history})
	if err != nil {
		return nil, err
	}
	scores := make([]float32, len(candidates))
	for i, it := range candidates {
		x, err := m.ItemVector(it)
		if err != nil {
			return nil, err
		}
		scores[i] = vector.Dot(out[0].Vector, x)
	}
	return rec.Recommend(scores, nil, k), nil
}

// scope has the graph's variables.
const scope = "/m2trec"

// compile prepares reading sessions.
func (m *Model) compile() error {
	b, err := backend.Get()
	if err != nil {
		return err
	}
	m.read, err = model.NewExec(b, m.store, func(s *model.Scope, history, valid *graph.Node) []*graph.Node {
		z := m.session(s, history, valid)
		out := []*graph.Node{unit(z)}
		for i, t := range m.config.Tasks {
			out = append(out, graph.Softmax(m.head(s, i, t, z), -1))
		}
		return out
	})
	if err != nil {
		return fmt.Errorf("m2trec: %w", err)
	}
	return nil
}

// session is z [batch, dim] of histories [batch, MaxLen, dim].
func (m *Model) session(s *model.Scope, history, valid *graph.Node) *graph.Node {
	if m.config.Layers == 0 {
		return transformer.Mean(history, valid)
	}
	s = s.At("m2trec")
	x := transformer.AddPositions(s, history, m.config.MaxLen)
	return transformer.Mean(m.config.encoder().Encode(s.In("encoder"), x, transformer.Mask{Valid: valid}), valid)
}

// head is the logits [batch, classes] of a task.
func (m *Model) head(s *model.Scope, i int, t Task, z *graph.Node) *graph.Node {
	return transformer.Dense(s.At("m2trec").In("task_%d", i), z, t.Classes)
}

// loss takes histories, targets [batch, dim], valid, same [batch, batch] (true
// where two targets are one item) and, for each task, classes [batch].
func (m *Model) loss(s *model.Scope, in []*graph.Node) *graph.Node {
	history, target, valid, same := in[0], in[1], in[2], in[3]
	z := m.session(s, history, valid)
	scores := graph.MulScalar(graph.Einsum("id,jd->ij", unit(z), unit(target)), 1/m.config.Temperature)
	scores = graph.Where(same, graph.MulScalar(graph.OnesLike(scores), -1e9), scores)
	n := scores.Shape().Dim(0)
	loss := crossEntropy(scores, graph.Iota(scores.Graph(), shapes.Make(dtypes.Int32, n), 0), n)
	for i, t := range m.config.Tasks {
		if t.Weight > 0 {
			loss = graph.Add(loss, graph.MulScalar(crossEntropy(m.head(s, i, t, z), in[4+i], t.Classes), t.Weight))
		}
	}
	return loss
}

// crossEntropy is the mean over rows of -log softmax(logits)[class].
func crossEntropy(logits, class *graph.Node, classes int) *graph.Node {
	picked := graph.Mul(graph.LogSoftmax(logits, -1), graph.OneHot(class, classes, logits.DType()))
	return graph.Neg(graph.ReduceAllMean(graph.ReduceSum(picked, -1)))
}

// unit scales rows to length 1.
func unit(x *graph.Node) *graph.Node {
	const tiny = 1e-12 // of the square: a row of zeros stays one
	return graph.Div(x, graph.Sqrt(graph.AddScalar(graph.ReduceAndKeep(graph.Square(x), graph.ReduceSum, -1), tiny)))
}
