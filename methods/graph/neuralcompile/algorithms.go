package neuralcompile

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Names of the columns of the programs' states. A parent is the number of a node,
// the node's own if it has none.
const (
	Index    = "index"    // the node's number
	Reached  = "reached"  // 0 or 1
	Parent   = "parent"   // number of a node
	Distance = "distance" // from the source
	Token    = "token"    // 1 where depth-first search is
	Target   = "target"   // where it would send the token from here
)

// Sharp is a beta that leaves no trace of softness where keys differ by 1.
const Sharp = 50

// selector builds a head: its key and values are sums over named columns.
type selector struct {
	p    *Program
	head Head
}

func (p *Program) newHead(beta float64, values int) selector {
	n := len(p.Columns)
	return selector{p, Head{
		Query: make([]float64, n), Key: make([]float64, n), Beta: beta,
		NodeValue: mat.NewDense(values, n, nil), EdgeValue: mat.NewDense(values, 2, nil),
	}}
}

func (s selector) key(column string, weight float64) { s.head.Key[s.p.Column(column)] = weight }

func (s selector) value(i int, column string) { s.head.NodeValue.Set(i, s.p.Column(column), 1) }

// BFS is breadth-first search from a source, in Nodes-1 rounds. A node that has a
// reached neighbour is reached, and the smallest such is its parent. Over the
// neighbours, with big = 2 Nodes,
//
//	key_ij = index_j + big (1 - reached_j)             (self: always larger)
//	r = sum alpha reached_j,   q = sum alpha index_j,
//	reached' = min(1, reached + r),   new = reached' - reached,
//	parent' = q if new, else parent.
//
// Keys differ by at least 1: beta = [Sharp] does.
func BFS(l Limits, beta float64) (*Program, error) {
	if err := checkBeta(l, beta); err != nil {
		return nil, err
	}
	n, big := float64(l.Nodes), 2*float64(l.Nodes)
	p := &Program{Limits: l, Columns: []string{Index, Reached, Parent}, Rounds: func(n int) int { return n - 1 }}
	p.start = func(x []float64, node int, isSource bool) {
		x[0], x[2] = float64(node), float64(node)
		if isSource {
			x[1] = 1
		}
	}
	h := p.newHead(beta, 2)
	h.key(Index, 1)
	h.key(Reached, -big)
	h.head.Bias, h.head.Edge[1] = big, 2*big
	h.value(0, Reached)
	h.value(1, Index)

	c := NewCircuit(len(p.Columns) + 2)
	index, reached, parent, r, q := c.Input(0), c.Input(1), c.Input(2), c.Input(3), c.Input(4)
	now := c.AtMostOne(reached.Plus(1, r))
	p.Layers = []Layer{{[]Head{h.head}, c.Compile(index, now, c.Choose(now.Plus(-1, reached), q, parent, n))}}
	return p, nil
}

// BellmanFord is the shortest paths from a source, in Nodes-1 rounds, each a
// relaxation of all edges at once. Of two heads, the first has the distances,
//
//	key_ij = d_j + w_ij (self: d_i),   d_i' = sum alpha (d_j + w_ij),
//
// with beta as sharp as asked for, and the second the parents. Its keys differ by
// less than a step of the weights between paths of one length, such that a node
// prefers no change, and then the smallest parent, with e = Step / (4 Nodes):
//
//	key_ij = d_j + w_ij + e index_j        (self: d_i + e index_i - Step/2)
//	q = sum alpha index_j,   s = alpha_ii,   parent' = parent if s, else q.
//
// Its beta is [Sharp] / e. A node that was not reached has the distance
// Nodes MaxWeight. With the first beta = 1e5 and Step = 1/1024 the distances are
// right to about 1e-12.
func BellmanFord(l Limits, beta float64) (*Program, error) {
	if err := checkBeta(l, beta); err != nil {
		return nil, err
	}
	if !(l.Step > 0) || !(l.MaxWeight >= l.Step) || math.IsInf(l.MaxWeight, 1) {
		return nil, fmt.Errorf("neuralcompile: weights that are multiples of %v up to %v", l.Step, l.MaxWeight)
	}
	n := float64(l.Nodes)
	p := &Program{
		Limits: l, Columns: []string{Index, Distance, Parent}, Rounds: func(n int) int { return n - 1 },
		weighted: true, unreached: n * l.MaxWeight,
	}
	p.start = func(x []float64, node int, isSource bool) {
		x[0], x[1], x[2] = float64(node), p.unreached, float64(node)
		if isSource {
			x[1] = 0
		}
	}
	d := p.newHead(beta, 1)
	d.key(Distance, 1)
	d.head.Edge[0] = 1
	d.value(0, Distance)
	d.head.EdgeValue.Set(0, 0, 1)

	e := l.Step / (4 * n)
	q := p.newHead(Sharp/e, 2)
	q.key(Distance, 1)
	q.key(Index, e)
	q.head.Bias, q.head.Edge = l.Step/2, [2]float64{1, -l.Step / 2} // the bias keeps keys from being negative
	q.value(0, Index)
	q.head.EdgeValue.Set(1, 1, 1)

	c := NewCircuit(len(p.Columns) + 3)
	index, parent, distance, nearest, self := c.Input(0), c.Input(2), c.Input(3), c.Input(4), c.Input(5)
	p.Layers = []Layer{{[]Head{d.head, q.head}, c.Compile(index, distance, c.Choose(self, parent, nearest, n))}}
	return p, nil
}

// DFS is depth-first search from a source on a connected graph, in index order:
// a token goes from node to node, two layers a move, at most 2 (Nodes-1) moves.
// The first layer finds where the token would go: to the smallest neighbour that
// was not reached, else back to the parent. With big = 2 Nodes, at a reached node,
//
//	key_ij = index_j + big reached_j        (self: index_i + Nodes)
//	m = sum alpha index_j,   s = alpha_ii,   target = parent if s, else m.
//
// The second moves it:
//
//	key_ij = big (1 - token_j),   t, q, o = sum alpha (target_j, index_j, token_j),
//	token' = equal(t, index) and o,   new = relu(token' - reached),
//	parent' = q if new, else parent,   reached' = min(1, reached + token').
//
// Keys differ by at least 1: beta = [Sharp] does.
func DFS(l Limits, beta float64) (*Program, error) {
	if err := checkBeta(l, beta); err != nil {
		return nil, err
	}
	n, big := float64(l.Nodes), 2*float64(l.Nodes)
	p := &Program{
		Limits: l, Columns: []string{Index, Reached, Parent, Token, Target},
		Rounds: func(n int) int { return 2 * (n - 1) },
	}
	p.start = func(x []float64, node int, isSource bool) {
		x[0], x[2], x[4] = float64(node), float64(node), float64(node)
		if isSource {
			x[1], x[3] = 1, 1
		}
	}
	h := p.newHead(beta, 2)
	h.key(Index, 1)
	h.key(Reached, big)
	h.head.Edge[1] = n - big // the key of a node that was not reached is of no consequence
	h.value(0, Index)
	h.head.EdgeValue.Set(1, 1, 1)
	c := NewCircuit(len(p.Columns) + 2)
	m, self := c.Input(5), c.Input(6)
	find := Layer{[]Head{h.head}, c.Compile(c.Input(0), c.Input(1), c.Input(2), c.Input(3), c.Choose(self, c.Input(2), m, n))}

	h = p.newHead(beta, 3)
	h.key(Token, -big)
	h.head.Bias = big
	h.value(0, Target)
	h.value(1, Index)
	h.value(2, Token)
	c = NewCircuit(len(p.Columns) + 3)
	index, reached, parent := c.Input(0), c.Input(1), c.Input(2)
	token := c.And(c.Equal(c.Input(5), index), c.Input(7))
	isNew := c.ReLU(token.Plus(-1, reached))
	move := Layer{[]Head{h.head}, c.Compile(index, c.AtMostOne(reached.Plus(1, token)), c.Choose(isNew, c.Input(6), parent, n), token, c.Input(4))}
	p.Layers = []Layer{find, move}
	return p, nil
}

func checkBeta(l Limits, beta float64) error {
	if !(beta > 0) || math.IsInf(beta, 1) {
		return fmt.Errorf("neuralcompile: beta %v", beta)
	}
	return l.check()
}
