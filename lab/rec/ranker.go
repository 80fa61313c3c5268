package rec

import (
	"context"
	"math/rand/v2"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
	"github.com/offprint/offprint/methods/vector"
)

// The ranking model of paper 48: P(click) from [u, v, u*v] for a reader's
// vector u and an item's v, through one hidden layer.
const (
	rankDim    = 16
	rankHidden = 32
	rankRate   = .01
	rankDecay  = 1e-5
	rankBatch  = 1024
	rankEpochs = 5
	rankInit   = .01 // standard deviation of the vectors' initial values: the best for random IDs of .01 to .4
)

// itemVectors give the items' vectors to the ranking model, and learn.
type itemVectors interface {
	lookup(items []int32, out []float32) // out [items x rankDim]
	accumulate(items []int32, grad []float32)
	step()
}

// table is rows of vectors that learn.
type table struct {
	w   []float32
	opt *adam.Rows
}

func newTable(rows int, rng *rand.Rand) (*table, error) {
	t := &table{w: make([]float32, rows*rankDim)}
	random.Normal(rng, t.w, rankInit)
	var err error
	if t.opt, err = adam.NewRows(t.w, rankDim, rankRate); err != nil {
		return nil, err
	}
	t.opt.Decay = rankDecay
	return t, nil
}

func (t *table) row(r uint32) []float32 { return t.w[int(r)*rankDim : (int(r)+1)*rankDim] }

// pieceVectors are sums of the rows of the items' pieces.
type pieceVectors struct {
	*table
	pieces [][]uint32 // by item
}

func (p *pieceVectors) lookup(items []int32, out []float32) {
	clear(out)
	for i, item := range items {
		for _, r := range p.pieces[item] {
			vector.AddScaled(out[i*rankDim:(i+1)*rankDim], 1, p.row(r))
		}
	}
}

func (p *pieceVectors) accumulate(items []int32, grad []float32) {
	for i, item := range items {
		for _, r := range p.pieces[item] {
			p.opt.Add(int32(r), 1, grad[i*rankDim:(i+1)*rankDim])
		}
	}
}

func (p *pieceVectors) step() { p.opt.Step() }

// contentVectors are a linear layer on the items' contents.
type contentVectors struct {
	layer    *mlp.Layer
	contents []float32 // [items x layer.In]
	x, dx    []float32 // of a batch
}

func (c *contentVectors) gather(items []int32) {
	c.x = c.x[:0]
	for _, i := range items {
		c.x = append(c.x, c.contents[int(i)*c.layer.In:(int(i)+1)*c.layer.In]...)
	}
}

func (c *contentVectors) lookup(items []int32, out []float32) {
	c.gather(items)
	c.layer.Forward(out, c.x)
}

func (c *contentVectors) accumulate(items []int32, grad []float32) {
	c.gather(items)
	c.layer.ZeroGradient()
	c.dx = c.layer.Backward(c.dx, c.x, grad)
}

func (c *contentVectors) step() { c.layer.Step(rankRate, rankDecay) }

// ranker is the model.
type ranker struct {
	users *table
	items itemVectors
	net   *mlp.Net
}

func newRanker(users int, items itemVectors, rng *rand.Rand) (*ranker, error) {
	m := &ranker{items: items}
	var err error
	if m.users, err = newTable(users, rng); err != nil {
		return nil, err
	}
	m.net, err = mlp.New(3*rankDim, rankHidden, rankRate, rankDecay, rng)
	return m, err
}

// inputs sets x to [u, v, u*v] of pairs, and v to v.
func (m *ranker) inputs(users, items []int32, x, v []float32) {
	m.items.lookup(items, v)
	for i, user := range users {
		u, w, out := m.users.row(uint32(user)), v[i*rankDim:(i+1)*rankDim], x[i*3*rankDim:(i+1)*3*rankDim]
		copy(out, u)
		copy(out[rankDim:], w)
		for j := range u {
			out[2*rankDim+j] = u[j] * w[j]
		}
	}
}

// fit trains the model on impressions.
func (m *ranker) fit(ctx context.Context, on impressions, rng *rand.Rand) error {
	var users, items []int32
	var y []float32
	x, v := make([]float32, rankBatch*3*rankDim), make([]float32, rankBatch*rankDim)
	dx, du := make([]float32, len(x)), make([]float32, rankDim)
	loop := train.Loop{Examples: len(on.clicked), Batch: rankBatch, Epochs: rankEpochs, Rand: rng}
	return loop.Run(ctx, func(rows []int) (float64, error) {
		users = train.Gather(users, on.user, 1, rows)
		items = train.Gather(items, on.item, 1, rows)
		y = train.Gather(y, on.clicked, 1, rows)
		m.inputs(users, items, x, v)
		loss, err := m.net.Step(x, y, dx)
		if err != nil {
			return 0, err
		}
		for i, user := range users {
			u, w, d := m.users.row(uint32(user)), v[i*rankDim:(i+1)*rankDim], dx[i*3*rankDim:(i+1)*3*rankDim]
			for j := range u {
				du[j] = d[j] + d[2*rankDim+j]*w[j]
				w[j] = d[rankDim+j] + d[2*rankDim+j]*u[j] // from here on the gradient of v
			}
			m.users.opt.Add(user, 1, du)
		}
		m.items.accumulate(items, v)
		m.users.opt.Step()
		m.items.step()
		return loss, nil
	})
}

// scores are the logits of pairs of users and items.
func (m *ranker) scores(users, items []int32) ([]float32, error) {
	x, v := make([]float32, len(users)*3*rankDim), make([]float32, len(users)*rankDim)
	m.inputs(users, items, x, v)
	return m.net.Logits(x)
}

// auc is the area under the ROC curve on the impressions for which keep holds
// (all, if nil).
func (m *ranker) auc(on impressions, keep func(item int32) bool) (float64, error) {
	var users, items []int32
	var clicked []bool
	for i, item := range on.item {
		if keep == nil || keep(item) {
			users, items, clicked = append(users, on.user[i]), append(items, item), append(clicked, on.clicked[i] == 1)
		}
	}
	z, err := m.scores(users, items)
	if err != nil {
		return 0, err
	}
	return eval.AUC(z, clicked), nil
}
