// Package ngcf learns vectors of users and items from their interactions:
// "Neural Graph Collaborative Filtering" (2019, arXiv:1905.08108).
//
// Matrix factorisation gives each user u and item i a free vector and ranks
// items by the inner product. Here the vectors are refined by K layers of
// message passing on the bipartite graph of the interactions, so that who chose
// the same items gets similar vectors; the outputs of all layers are
// concatenated, and everything is trained with a pairwise ranking loss (BPR).
//
// With E^0 [n x d] the free vectors of the n = users + items nodes, layer k is
//
//	Paper:    E^k = leaky((L + I) E W1 + (L E * E) W2),            L = D^-1/2 A D^-1/2
//	Code:     E^k = leaky(S W1 + b1) + leaky((E * S) W2 + b2),     S = (D + I)^-1 (A + I) E
//	LightGCN: E^k = L E                                            (no weights)
//
// where E is E^{k-1}, * is elementwise, and leaky has slope .2. A node's final
// vector is [E^0 | E^1 | ... | E^K]; the code variant scales each of E^1..E^K
// to length 1 there (the unscaled one goes on to the next layer). LightGCN (2020,
// arXiv:2002.02126) takes the mean of the layers instead. With K = 0 each of
// them is matrix factorisation. The loss of B triples of a user, an item that
// it chose and one that it did not choose is
//
//	mean softplus(y_uj - y_ui) + reg (|e_u|^2 + |e_i|^2 + |e_j|^2) / (2B).
//
// Differences from the paper: [Code], the default, follows its authors' code;
// as there, the regulariser is on the looked-up final vectors (for LightGCN on
// those of E^0) and not on the weights, and layers have the width d.
//
// The gradients are written by hand: GoMLX has no sparse matrices, and a graph's
// product as gather and scatter-add took 27 ms where compressed rows take .3 ms
// (BenchmarkPropagate, 4,000 nodes, 36,000 weights, d = 32).
package ngcf

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/rec"
	"github.com/offprint/offprint/methods/vector"
)

// Variant is a rule of propagation.
type Variant int

// The variants; the package comment has their formulas.
const (
	Code     Variant = iota // as in the authors' code
	Paper                   // as in the paper
	LightGCN                // without weights and non-linearity
)

// stream is the random stream of this method: the paper's number.
const stream = 41

// Config says what to learn, and how. Dim, LR, Batch and Epochs must be set.
type Config struct {
	Variant     Variant
	Dim         int     // d, of each layer
	Layers      int     // K; 0 is matrix factorisation
	LR          float64 // of Adam
	Reg         float64 // weight of the regulariser
	Dropout     float64 // of messages: share of the values of E^1..E^K that are dropped
	EdgeDropout float64 // of nodes: share of the graph's weights that are dropped, anew each step
	Batch       int     // triples a step; the last step of an epoch has fewer
	Epochs      int
	Seed        uint64

	// Graph, unless nil, are the edges to propagate over, in place of the
	// interactions that are learned from.
	Graph [][2]int32
}

func (c Config) check() error {
	switch {
	case c.Variant < Code || c.Variant > LightGCN:
		return fmt.Errorf("ngcf: no variant %d", c.Variant)
	case c.Dim < 1 || c.Layers < 0 || c.Batch < 1 || c.Epochs < 0:
		return fmt.Errorf("ngcf: dim %d, %d layers, batch %d, %d epochs", c.Dim, c.Layers, c.Batch, c.Epochs)
	case !(c.LR > 0) || !(c.Reg >= 0):
		return fmt.Errorf("ngcf: learning rate %v, regulariser %v", c.LR, c.Reg)
	case !(c.Dropout >= 0 && c.Dropout < 1) || !(c.EdgeDropout >= 0 && c.EdgeDropout < 1):
		return fmt.Errorf("ngcf: dropout %v and %v must be within [0, 1)", c.Dropout, c.EdgeDropout)
	}
	return nil
}

// Model has the final vectors. The score of an item for a user is the inner
// product of theirs.
type Model struct {
	Users, Items, Dim int       // Dim: (Layers+1) times the layers' width; LightGCN: the width
	User, Item        []float32 // [Users x Dim], [Items x Dim], row by row
}

// Scores sets dst to a user's scores, one an item.
func (m *Model) Scores(user int, dst []float32) {
	u := m.User[user*m.Dim : (user+1)*m.Dim]
	for i := range dst {
		dst[i] = vector.Dot(u, m.Item[i*m.Dim:(i+1)*m.Dim])
	}
}

// Recommend returns the k best items for a user without those in seen, best
// first.
func (m *Model) Recommend(user int, seen []int32, k int) ([]rec.Hit, error) {
	if user < 0 || user >= m.Users {
		return nil, fmt.Errorf("ngcf: user %d of %d", user, m.Users)
	}
	scores := make([]float32, m.Items)
	m.Scores(user, scores)
	return rec.Recommend(scores, seen, k), nil
}

// Fit learns a model. onEpoch, if set, is called after each epoch, counted from
// 1, with the model so far (valid during the call, without dropout) and says
// whether to go on; model makes it, so that an epoch without a look at it costs
// nothing.
func Fit(ctx context.Context, x rec.Interactions, c Config, onEpoch func(epoch int, model func() *Model) bool) (*Model, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := x.Check(); err != nil {
		return nil, err
	}
	if len(x.Pairs) == 0 {
		return nil, fmt.Errorf("ngcf: no interactions")
	}
	chosen := x.ByUser()
	for u, items := range chosen {
		if len(items) == x.Items {
			return nil, fmt.Errorf("ngcf: user %d chose all %d items: there is nothing to rank", u, x.Items)
		}
	}
	n, err := newNet(x, c)
	if err != nil {
		return nil, err
	}
	rng := random.New(c.Seed, stream)
	n.init(rng)
	opt := adam.New(len(n.w), c.LR)
	order := make([]int, len(x.Pairs))
	for i := range order {
		order[i] = i
	}
	var triples []triple
	for epoch := 1; epoch <= c.Epochs; epoch++ {
		rng.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
		for batch := range slices.Chunk(order, c.Batch) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			triples = triples[:0]
			for _, p := range batch {
				u, i := x.Pairs[p][0], x.Pairs[p][1]
				j := int32(rng.IntN(x.Items))
				for has(chosen[u], j) {
					j = int32(rng.IntN(x.Items))
				}
				triples = append(triples, triple{int(u), x.Users + int(i), x.Users + int(j)})
			}
			if loss := n.step(triples, rng); math.IsNaN(loss) || math.IsInf(loss, 0) {
				return nil, fmt.Errorf("ngcf: the loss is %v in epoch %d", loss, epoch)
			}
			opt.Step(n.w, n.g)
		}
		if onEpoch != nil && !onEpoch(epoch, n.model) {
			break
		}
	}
	return n.model(), nil
}

func has(sorted []int32, i int32) bool {
	_, ok := slices.BinarySearch(sorted, i)
	return ok
}
