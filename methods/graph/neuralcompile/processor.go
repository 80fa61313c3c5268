package neuralcompile

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
	gomlx "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/graph"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// stream is the random stream of this method: the paper's number.
const stream = 54

// Example is a graph with what an algorithm does on it from a source: the first
// state and those after each round, as [BreadthFirst], [Relax] and [DepthFirst]
// return them.
type Example struct {
	Graph  *graph.Graph
	Source int
	Trace  []State
}

// Parents are those of the last state.
func (e Example) Parents() []int { return e.Trace[len(e.Trace)-1].Parents }

// Config says what to learn, and how.
type Config struct {
	Hidden int // width of a node's state; 32
	Rounds int // of messages, with the same weights; 6, with Traces 1

	// Traces has the network learn each step of the algorithm from its true state
	// before and after, Rounds of messages a step; at the end it goes on from its
	// own. Without them it learns the parents at the end alone, and has all its
	// rounds for that.
	Traces bool

	Steps  int     // 200
	Batch  int     // graphs a step, with traces steps of the algorithm; 16
	LR     float64 // of Adam, at first; falls linearly to a tenth; .003
	Clip   float64 // largest length of a gradient; 1
	Seed   uint64
	OnStep func(done, loss float64) // if set, called after each step
}

func (c Config) withDefaults() Config {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&c.Hidden, 32)
	def(&c.Steps, 200)
	def(&c.Batch, 16)
	if c.Traces {
		def(&c.Rounds, 1)
	}
	def(&c.Rounds, 6)
	if c.LR == 0 {
		c.LR = .003
	}
	if c.Clip == 0 {
		c.Clip = 1
	}
	return c
}

func (c Config) check() error {
	if c.Hidden < 1 || c.Rounds < 1 || c.Steps < 0 || c.Batch < 1 || !(c.LR > 0) || !(c.Clip > 0) {
		return fmt.Errorf("neuralcompile: hidden %d, %d rounds, %d steps of %d, learning rate %v, clip %v", c.Hidden, c.Rounds, c.Steps, c.Batch, c.LR, c.Clip)
	}
	return nil
}

// Processor is a trained network of the form of the package comment, with as many
// units of score as its states are wide. A node's states go through a relu; its
// parent is the arg max of
//
//	u leaky( A x_i + C x_j + E e_ij )   over neighbours and itself,
//
// and its inputs are index / nodes, whether it is the source, and with traces its
// state; edges have [joined, is self, weight], and with traces whether j is the
// parent of i. It may be used by one goroutine at a time.
type Processor struct {
	config Config
	store  *model.Store
	exec   *model.Exec
}

// Train trains a processor on graphs of one size.
func Train(ctx context.Context, examples []Example, c Config) (*Processor, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := checkExamples(examples); err != nil {
		return nil, err
	}
	rng := random.New(c.Seed, stream)
	p := &Processor{config: c, store: model.NewStore()}
	if err := p.store.SetRNGStateFromSeed(int64(rng.Uint64() >> 1)); err != nil {
		return nil, fmt.Errorf("neuralcompile: %w", err)
	}
	adam, ok := optimizer.Adam().LearningRate(c.LR).Done().(gradientOptimizer)
	if !ok {
		return nil, fmt.Errorf("neuralcompile: Adam takes no gradients")
	}
	step, err := train.NewStep(p.store, clipped{adam, c.Clip}, func(s *model.Scope, in []*gomlx.Node) *gomlx.Node {
		optimizer.LearningRateVar(s, dtypes.Float32, c.LR).SetNodeValue(in[5])
		return build(s.In("processor"), c, in[0], in[1], in[2]).loss(in[2], in[3], in[4])
	})
	if err != nil {
		return nil, fmt.Errorf("neuralcompile: %w", err)
	}
	b := newBatch(c.Batch, examples[0].Graph.Len(), c.Traces)
	for k := range c.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b.reset()
		for range c.Batch {
			e := examples[rng.IntN(len(examples))]
			if !c.Traces {
				b.add(e.Graph, e.Source, State{}, State{}, e.Parents())
				continue
			}
			// One step in all is that the last state stays.
			t := rng.IntN(len(e.Trace))
			after := e.Trace[min(t+1, len(e.Trace)-1)]
			b.add(e.Graph, e.Source, e.Trace[t], after, after.Parents)
		}
		done := float64(k) / float64(c.Steps)
		lr := tensors.FromScalar(float32(c.LR * (1 - .9*done)))
		loss, err := step.Call(append(append(b.inputs(), b.targets()...), lr)...)
		if err != nil {
			return nil, fmt.Errorf("neuralcompile: %w", err)
		}
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return nil, fmt.Errorf("neuralcompile: the loss is %v in step %d", loss, k+1)
		}
		if c.OnStep != nil {
			c.OnStep(float64(k+1)/float64(c.Steps), loss)
		}
	}
	back, err := backend.Get()
	if err != nil {
		return nil, fmt.Errorf("neuralcompile: %w", err)
	}
	p.exec, err = model.NewExec(back, p.store, func(s *model.Scope, in []*gomlx.Node) []*gomlx.Node {
		net := build(s.In("processor"), c, in[0], in[1], in[2])
		out := []*gomlx.Node{gomlx.ArgMax(net.pointer, -1)}
		if c.Traces {
			out = append(out, net.next)
		}
		return append(out, net.attention...)
	})
	if err != nil {
		return nil, fmt.Errorf("neuralcompile: %w", err)
	}
	return p, nil
}

func checkExamples(examples []Example) error {
	if len(examples) == 0 {
		return fmt.Errorf("neuralcompile: no examples")
	}
	for i, e := range examples {
		if err := checkSource(e.Graph, e.Source); err != nil {
			return fmt.Errorf("example %d: %w", i, err)
		}
		n := e.Graph.Len()
		if n != examples[0].Graph.Len() {
			return fmt.Errorf("neuralcompile: examples of %d and %d nodes", examples[0].Graph.Len(), n)
		}
		if len(e.Trace) == 0 {
			return fmt.Errorf("neuralcompile: example %d has no trace", i)
		}
		for _, s := range e.Trace {
			if len(s.Parents) != n || len(s.Reached) != n || s.Distance != nil && len(s.Distance) != n {
				return fmt.Errorf("neuralcompile: example %d has states of another size", i)
			}
			for k, parent := range s.Parents {
				if parent != k && (parent < 0 || parent >= n || !e.Graph.Adjacent(k, parent)) {
					return fmt.Errorf("neuralcompile: example %d: %d is no neighbour of %d", i, parent, k)
				}
			}
		}
	}
	return nil
}

// Result is what a processor makes of a gomlx.
type Result struct {
	Parents   []int
	Attention []*mat.Dense // [nodes x nodes] of each round
	next      []float32
}

// call runs the network for graphs of one size, with states if there are traces.
func (p *Processor) call(examples []Example, states []State) ([]Result, error) {
	n := examples[0].Graph.Len()
	b := newBatch(len(examples), n, p.config.Traces)
	for i, e := range examples {
		var s State
		if p.config.Traces {
			s = states[i]
		}
		b.add(e.Graph, e.Source, s, State{}, nil)
	}
	var args []any
	for _, t := range b.inputs() {
		args = append(args, t)
	}
	out, err := p.exec.Call(args...)
	if err != nil {
		return nil, fmt.Errorf("neuralcompile: %w", err)
	}
	parents, err := tensors.CopyFlatData[int32](out[0])
	if err != nil {
		return nil, fmt.Errorf("neuralcompile: %w", err)
	}
	var floats [][]float32
	for _, o := range out[1:] {
		f, err := tensors.CopyFlatData[float32](o)
		if err != nil {
			return nil, fmt.Errorf("neuralcompile: %w", err)
		}
		floats = append(floats, f)
	}
	for _, o := range out {
		if err := o.FinalizeAll(); err != nil {
			return nil, fmt.Errorf("neuralcompile: %w", err)
		}
	}
	results := make([]Result, len(examples))
	for i := range results {
		r := &results[i]
		for _, q := range parents[i*n : (i+1)*n] {
			r.Parents = append(r.Parents, int(q))
		}
		rounds := floats
		if p.config.Traces {
			r.next, rounds = floats[0][i*n*stateWidth:(i+1)*n*stateWidth], floats[1:]
		}
		for _, f := range rounds {
			alpha := mat.NewDense(n, n, nil)
			for k, v := range f[i*n*n : (i+1)*n*n] {
				alpha.RawMatrix().Data[k] = float64(v)
			}
			r.Attention = append(r.Attention, alpha)
		}
	}
	return results, nil
}

// Predict returns what the processor makes of graphs of one size, which may be
// another than that of the training. With traces it takes one step of the
// algorithm, from the first state of each trace.
func (p *Processor) Predict(examples []Example) ([]Result, error) {
	if err := checkExamples(examples); err != nil {
		return nil, err
	}
	states := make([]State, len(examples))
	for i, e := range examples {
		states[i] = e.Trace[0]
	}
	return p.call(examples, states)
}

// RollOut lets a processor that was trained with traces go on alone for some
// steps, from the first state of each example. It returns each example's states,
// the first included. Whether nodes are reached, and who has the token, is
// rounded after each step; a distance is not.
func (p *Processor) RollOut(ctx context.Context, examples []Example, steps int) ([][]State, error) {
	if !p.config.Traces {
		return nil, fmt.Errorf("neuralcompile: the processor was trained without traces")
	}
	if err := checkExamples(examples); err != nil {
		return nil, err
	}
	states := make([]State, len(examples))
	traces := make([][]State, len(examples))
	for i, e := range examples {
		states[i] = e.Trace[0]
		traces[i] = []State{states[i]}
	}
	for range steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		results, err := p.call(examples, states)
		if err != nil {
			return nil, err
		}
		for i, r := range results {
			states[i] = states[i].after(r)
			traces[i] = append(traces[i], states[i])
		}
	}
	return traces, nil
}

// after is the state that the network says comes after s.
func (s State) after(r Result) State {
	s = s.clone()
	s.Parents = slices.Clone(r.Parents)
	best := float32(math.Inf(-1))
	for i := range s.Reached {
		s.Reached[i] = r.next[i*stateWidth] >= .5
		second := r.next[i*stateWidth+1]
		switch {
		case s.Distance != nil && s.Reached[i]:
			s.Distance[i] = float64(second)
		case s.Distance != nil:
			s.Distance[i] = math.Inf(1)
		case s.Token >= 0 && second > best:
			best = second
		}
	}
	if s.Token >= 0 {
		for i := range s.Reached {
			if r.next[i*stateWidth+1] == best {
				s.Token = i
			}
		}
	}
	return s
}
