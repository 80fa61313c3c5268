package neuralcompile

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/graph"
)

// leakySlope is that of the leaky relu below 0, as in GATv2.
const leakySlope = .2

// Head is an attention head, whose key is that of the package comment: the
// smallest is selected.
type Head struct {
	Query, Key []float64  // q, k [columns of the state]
	Edge       [2]float64 // u, of the edge's weight and of being the self edge
	Bias       float64    // b
	Beta       float64    // sharpness

	NodeValue *mat.Dense // V [values x columns]
	EdgeValue *mat.Dense // U [values x 2]
}

// Layer updates all nodes: Update maps [x_i, values of head 0, of head 1, ...] to
// the next x_i.
type Layer struct {
	Heads  []Head
	Update []ReLULayer
}

// Limits say which graphs a program fits. Its weights depend on them.
type Limits struct {
	Nodes     int     // at most
	MaxWeight float64 // of an edge; for Bellman-Ford alone
	Step      float64 // all edges' weights are multiples of it; for Bellman-Ford alone
}

func (l Limits) check() error {
	if l.Nodes < 1 {
		return fmt.Errorf("neuralcompile: graphs of at most %d nodes", l.Nodes)
	}
	return nil
}

// Program is an algorithm as weights. It is data: change a weight, and it
// computes something else.
type Program struct {
	Limits  Limits
	Columns []string // of the state, such as "index" and "parent"
	Layers  []Layer  // applied in turn, a round
	Rounds  func(nodes int) int

	start     func(x []float64, node int, isSource bool) // fills a node's first state
	weighted  bool
	unreached float64 // Bellman-Ford: the distance of a node that was not reached
}

// Column is the number of a column of the state, and -1 if there is none of this
// name.
func (p *Program) Column(name string) int {
	for i, c := range p.Columns {
		if c == name {
			return i
		}
	}
	return -1
}

// Init returns the first state [nodes x columns], or an error if the graph does
// not fit.
func (p *Program) Init(g *graph.Graph, source int) (*mat.Dense, error) {
	if err := checkSource(g, source); err != nil {
		return nil, err
	}
	n := g.Len()
	if n > p.Limits.Nodes {
		return nil, fmt.Errorf("neuralcompile: a graph of %d nodes; the program is for %d", n, p.Limits.Nodes)
	}
	x := mat.NewDense(n, len(p.Columns), nil)
	var near []edge
	for i := range n {
		p.start(x.RawRowView(i), i, i == source)
		if !p.weighted {
			continue
		}
		near = edges(near, g, i)
		for _, e := range near {
			steps := e.weight / p.Limits.Step
			if e.weight > p.Limits.MaxWeight || math.Abs(steps-math.Round(steps)) > 1e-6*steps { // weights are float32
				return nil, fmt.Errorf("neuralcompile: an edge of weight %v; the program is for multiples of %v up to %v", e.weight, p.Limits.Step, p.Limits.MaxWeight)
			}
		}
	}
	return x, nil
}

// Run returns the last state and the trace: the first state and that after each
// round, each [nodes x columns].
func (p *Program) Run(g *graph.Graph, source int) (state *mat.Dense, trace []*mat.Dense, err error) {
	state, err = p.Init(g, source)
	if err != nil {
		return nil, nil, err
	}
	trace = append(trace, state)
	for range p.Rounds(g.Len()) {
		if state, err = p.Round(g, state); err != nil {
			return nil, nil, err
		}
		trace = append(trace, state)
	}
	return state, trace, nil
}

// Round applies all layers once.
func (p *Program) Round(g *graph.Graph, state *mat.Dense) (*mat.Dense, error) {
	for i := range p.Layers {
		next, err := p.Layers[i].forward(g, state)
		if err != nil {
			return nil, fmt.Errorf("layer %d: %w", i, err)
		}
		state = next
	}
	return state, nil
}

// Attention returns alpha [nodes x nodes] of a layer's head in the round that
// begins with a state.
func (p *Program) Attention(g *graph.Graph, state *mat.Dense, layer, head int) (*mat.Dense, error) {
	if layer < 0 || layer >= len(p.Layers) || head < 0 || head >= len(p.Layers[layer].Heads) {
		return nil, fmt.Errorf("neuralcompile: no head %d of layer %d", head, layer)
	}
	for i := range layer {
		next, err := p.Layers[i].forward(g, state)
		if err != nil {
			return nil, err
		}
		state = next
	}
	if err := p.Layers[layer].check(g, state); err != nil {
		return nil, err
	}
	n := g.Len()
	alpha := mat.NewDense(n, n, nil)
	var near []edge
	var a []float64
	for i := range n {
		near, a = p.Layers[layer].Heads[head].attend(g, state, i, near, a)
		for k, e := range near {
			alpha.Set(i, e.to, a[k])
		}
	}
	return alpha, nil
}

func (l *Layer) check(g *graph.Graph, state *mat.Dense) error {
	if rows, _ := state.Dims(); rows != g.Len() {
		return fmt.Errorf("neuralcompile: states of %d nodes for a graph of %d", rows, g.Len())
	}
	_, columns := state.Dims()
	for k, h := range l.Heads {
		values, of := h.NodeValue.Dims()
		edgeValues, features := h.EdgeValue.Dims()
		if len(h.Query) != columns || len(h.Key) != columns || of != columns || edgeValues != values || features != 2 {
			return fmt.Errorf("neuralcompile: head %d does not fit states of %d columns", k, columns)
		}
	}
	return nil
}

// attend appends to near[:0] the edges to the nodes that node i attends to, itself
// last, and to alpha[:0] their shares.
func (h *Head) attend(g *graph.Graph, state *mat.Dense, i int, near []edge, alpha []float64) ([]edge, []float64) {
	near = append(edges(near, g, i), edge{to: i})
	alpha = alpha[:0]
	top := math.Inf(-1)
	for _, e := range near {
		key := h.Bias + h.Edge[0]*e.weight
		if e.to == i {
			key += h.Edge[1]
		}
		for c, x := range state.RawRowView(i) {
			key += h.Query[c] * x
		}
		for c, x := range state.RawRowView(e.to) {
			key += h.Key[c] * x
		}
		if key < 0 {
			key *= leakySlope
		}
		alpha = append(alpha, -h.Beta*key)
		top = max(top, -h.Beta*key)
	}
	sum := 0.
	for k, s := range alpha {
		alpha[k] = math.Exp(s - top)
		sum += alpha[k]
	}
	for k := range alpha {
		alpha[k] /= sum
	}
	return near, alpha
}

func (l *Layer) forward(g *graph.Graph, state *mat.Dense) (*mat.Dense, error) {
	if err := l.check(g, state); err != nil {
		return nil, err
	}
	var next *mat.Dense
	var near []edge
	var alpha, x []float64
	for i := range g.Len() {
		x = append(x[:0], state.RawRowView(i)...)
		for k := range l.Heads {
			h := &l.Heads[k]
			near, alpha = h.attend(g, state, i, near, alpha)
			values, _ := h.NodeValue.Dims()
			for v := range values {
				m := 0.
				for k, e := range near {
					if alpha[k] == 0 {
						continue
					}
					value := h.EdgeValue.At(v, 0) * e.weight
					if e.to == i {
						value += h.EdgeValue.At(v, 1)
					}
					for c, w := range h.NodeValue.RawRowView(v) {
						if w != 0 {
							value += w * state.At(e.to, c)
						}
					}
					m += alpha[k] * value
				}
				x = append(x, m)
			}
		}
		y, err := apply(l.Update, x)
		if err != nil {
			return nil, err
		}
		if next == nil {
			next = mat.NewDense(g.Len(), len(y), nil)
		}
		next.SetRow(i, y)
	}
	return next, nil
}
