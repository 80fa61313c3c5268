// Package transformer has the blocks of a small transformer as GoMLX graph
// functions (Vaswani et al., "Attention Is All You Need", 2017,
// arXiv:1706.03762): encoder and decoder stacks with multi-head attention, norms
// before or after their parts, causal and padding masks.
//
// As GoMLX has it, wrong shapes panic while a graph is being built, which its
// Exec returns as an error. Weights are drawn as Glorot's uniform ones, biases are 0;
// all randomness comes from the store's random state.
package transformer

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
)

// Config is the form of a stack of blocks.
type Config struct {
	Layers  int
	Dim     int     // width of the vectors, a multiple of Heads
	Heads   int     // of each attention
	Inner   int     // width within the feed-forward part; 0 for 4 Dim
	PreNorm bool    // x + f(norm(x)), with a last norm after the stack, in place of norm(x + f(x))
	Dropout float64 // of each part's output, while training

	// Residual scales the initial weights of each part's last layer; 0 for 1.
	// Small ones start the stack near the identity, which short training on
	// vectors that already mean something needs.
	Residual float64

	// Activation is the feed-forward part's; nil for relu.
	Activation func(x *graph.Node) *graph.Node
}

// Check returns an error if no such stack can be built.
func (c Config) Check() error {
	switch {
	case c.Layers < 0 || c.Dim < 1 || c.Heads < 1 || c.Inner < 0:
		return fmt.Errorf("transformer: %d layers, %d dimensions, %d heads, %d inner ones", c.Layers, c.Dim, c.Heads, c.Inner)
	case c.Dim%c.Heads != 0:
		return fmt.Errorf("transformer: %d dimensions do not share out among %d heads", c.Dim, c.Heads)
	case !(c.Dropout >= 0 && c.Dropout < 1) || !(c.Residual >= 0):
		return fmt.Errorf("transformer: dropout %v must be within [0, 1), residual scale %v at least 0", c.Dropout, c.Residual)
	}
	return nil
}

// Mask says which positions an attention may look at. The zero Mask allows all.
type Mask struct {
	Valid  *graph.Node // [batch, length] bool, false for padding; nil for no padding
	Causal bool        // a position sees itself and earlier ones only
}

// Encode runs x [batch, length, Dim] through the stack, with self-attention
// under the mask. With a causal mask this is the decoder of a language model.
// Outputs at padding are of no meaning.
func (c Config) Encode(s *model.Scope, x *graph.Node, mask Mask) *graph.Node {
	return c.stack(s, x, mask, nil, Mask{})
}

// Decode is [Config.Encode] with blocks that also look at the vectors memory
// [batch, any length, Dim], such as an encoder's output.
func (c Config) Decode(s *model.Scope, x *graph.Node, mask Mask, memory *graph.Node, memoryMask Mask) *graph.Node {
	return c.stack(s, x, mask, memory, memoryMask)
}

func (c Config) stack(s *model.Scope, x *graph.Node, mask Mask, memory *graph.Node, memoryMask Mask) *graph.Node {
	if err := c.Check(); err != nil {
		panic(err)
	}
	if x.Rank() != 3 || x.Shape().Dim(-1) != c.Dim {
		panic(fmt.Errorf("transformer: input of shape %s, want [batch, length, %d]", x.Shape(), c.Dim))
	}
	for i := range c.Layers {
		l := s.In("layer_%d", i)
		x = c.part(l.In("self"), x, func(s *model.Scope, x *graph.Node) *graph.Node { return c.attend(s, x, x, mask) })
		if memory != nil {
			x = c.part(l.In("memory"), x, func(s *model.Scope, x *graph.Node) *graph.Node { return c.attend(s, x, memory, memoryMask) })
		}
		x = c.part(l.In("feed"), x, c.feed)
	}
	if c.PreNorm {
		x = Norm(s.In("norm"), x)
	}
	return x
}

// part is a residual part of a block.
func (c Config) part(s *model.Scope, x *graph.Node, f func(s *model.Scope, x *graph.Node) *graph.Node) *graph.Node {
	in := x
	if c.PreNorm {
		in = Norm(s.In("norm"), x)
	}
	x = graph.Add(x, layers.DropoutStatic(s, f(s, in), c.Dropout))
	if !c.PreNorm {
		x = Norm(s.In("norm"), x)
	}
	return x
}

func (c Config) feed(s *model.Scope, x *graph.Node) *graph.Node {
	inner, act := c.Inner, c.Activation
	if inner == 0 {
		inner = 4 * c.Dim
	}
	if act == nil {
		act = activation.Relu
	}
	return dense(s.In("out"), act(Dense(s.In("in"), x, inner)), c.Dim, c.residual())
}

func (c Config) attend(s *model.Scope, x, memory *graph.Node, mask Mask) *graph.Node {
	return dense(s.In("out"), heads(s, x, memory, c.Heads, mask), c.Dim, c.residual())
}

func (c Config) residual() float64 {
	if c.Residual == 0 {
		return 1
	}
	return c.Residual
}

// Attend is multi-head attention: each position of query [batch, m, d] gets a
// mean of the values of memory [batch, n, d], weighed by softmax(q k / sqrt(d / n))
// in each of n heads. The mask is on memory's positions. A position
// that may look at nothing gets the plain mean of all.
func Attend(s *model.Scope, query, memory *graph.Node, n int, mask Mask) *graph.Node {
	return Dense(s.In("out"), heads(s, query, memory, n, mask), query.Shape().Dim(-1))
}

// heads are the n heads' outputs, side by side.
func heads(s *model.Scope, query, memory *graph.Node, n int, mask Mask) *graph.Node {
	d := query.Shape().Dim(-1)
	if n < 1 || d%n != 0 {
		panic(fmt.Errorf("transformer: %d dimensions do not share out among %d heads", d, n))
	}
	// What comes from the same vectors is one product.
	var q, kv *graph.Node
	if query == memory {
		q = Dense(s.In("query_key_value"), query, 3*d)
		kv = columns(q, d, 3*d)
	} else {
		q = Dense(s.In("query"), query, d)
		kv = Dense(s.In("key_value"), memory, 2*d)
	}
	// A head is a slice of the vectors. One product over all heads would need
	// them on an axis before the positions', and the Go backend's transposes took
	// a third of a training step.
	out := make([]*graph.Node, n)
	width := d / n
	for h := range out {
		at := h * width
		scores := graph.Einsum("bqd,bkd->bqk", columns(q, at, at+width), columns(kv, at, at+width))
		scores = mask.apply(graph.MulScalar(scores, 1/math.Sqrt(float64(width))))
		out[h] = graph.Einsum("bqk,bkd->bqd", graph.Softmax(scores, -1), columns(kv, d+at, d+at+width))
	}
	return graph.Concatenate(out, -1)
}

// columns are some of the last axis of x [batch, length, width].
func columns(x *graph.Node, from, to int) *graph.Node {
	return graph.Slice(x, graph.AxisRange(), graph.AxisRange(), graph.AxisRange(from, to))
}

// never is a score low enough for a weight of 0, and finite: a row of nothing
// else must not divide by 0.
const never = -1e9

// apply lowers the scores [batch, queries, keys] that the mask forbids.
func (m Mask) apply(scores *graph.Node) *graph.Node {
	g, dims := scores.Graph(), scores.Shape().Dimensions
	if m.Causal {
		sq := shapes.Make(dtypes.Int32, dims...)
		later := graph.GreaterThan(graph.Iota(g, sq, 2), graph.Iota(g, sq, 1))
		scores = graph.Where(later, graph.MulScalar(graph.OnesLike(scores), never), scores)
	}
	if m.Valid != nil {
		valid := graph.BroadcastToDims(graph.Reshape(m.Valid, dims[0], 1, dims[2]), dims...)
		scores = graph.Where(valid, scores, graph.MulScalar(graph.OnesLike(scores), never))
	}
	return scores
}

// Dense is x W + b over the last axis of x, with out outputs.
func Dense(s *model.Scope, x *graph.Node, out int) *graph.Node { return dense(s, x, out, 1) }

// dense is Dense with the initial weights scaled.
func dense(s *model.Scope, x *graph.Node, out int, scale float64) *graph.Node {
	g, in := x.Graph(), x.Shape().Dim(-1)
	limit := scale * math.Sqrt(6/float64(in+out)) // Glorot's
	w := s.WithInitializer(initializer.RandomUniformFn(s, -limit, limit)).VariableWithShape("weights", shapes.Make(x.DType(), in, out))
	b := s.WithInitializer(initializer.Zero).VariableWithShape("biases", shapes.Make(x.DType(), out))
	// One product over all positions is much faster than one for each example.
	y := graph.MatMul(graph.Reshape(x, x.Shape().Size()/in, in), w.NodeValue(g))
	y = graph.Add(y, graph.ExpandAxes(b.NodeValue(g), 0))
	dims := append([]int{}, x.Shape().Dimensions...)
	dims[len(dims)-1] = out
	return graph.Reshape(y, dims...)
}

// Norm shifts and scales each vector (the last axis) to mean 0 and variance 1,
// and then by a learned gain and bias.
func Norm(s *model.Scope, x *graph.Node) *graph.Node {
	const epsilon = 1e-5
	g, d := x.Graph(), x.Shape().Dim(-1)
	row := func(name string, init model.VariableInitializer) *graph.Node {
		v := s.WithInitializer(init).VariableWithShape(name, shapes.Make(x.DType(), d))
		return graph.ExpandLeftToRank(v.NodeValue(g), x.Rank())
	}
	x = graph.Sub(x, graph.ReduceAndKeep(x, graph.ReduceMean, -1))
	sd := graph.Sqrt(graph.AddScalar(graph.ReduceAndKeep(graph.Square(x), graph.ReduceMean, -1), epsilon))
	return graph.Add(graph.Mul(graph.Div(x, sd), row("gain", initializer.One)), row("bias", initializer.Zero))
}

// AddPositions adds a learned vector for each position, at most limit of them, to x
// [batch, length, d]. They start as N(0, .02^2).
func AddPositions(s *model.Scope, x *graph.Node, limit int) *graph.Node {
	length := x.Shape().Dim(1)
	if length > limit {
		panic(fmt.Errorf("transformer: length %d, with positions for %d", length, limit))
	}
	p := s.WithInitializer(initializer.RandomNormalFn(s, .02)).VariableWithShape("positions", shapes.Make(x.DType(), limit, x.Shape().Dim(-1)))
	return graph.Add(x, graph.ExpandAxes(graph.Slice(p.NodeValue(x.Graph()), graph.AxisRange(0, length)), 0))
}

// Mean is the mean of x [batch, length, d] over the valid positions [batch,
// length] of each example; nil for all. Without any it is 0.
func Mean(x, valid *graph.Node) *graph.Node {
	if valid == nil {
		return graph.ReduceMean(x, 1)
	}
	w := graph.ConvertDType(valid, x.DType())
	n := graph.MaxScalar(graph.ReduceAndKeep(w, graph.ReduceSum, -1), 1)
	return graph.Einsum("bl,bld->bd", graph.Div(w, n), x)
}
