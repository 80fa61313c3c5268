package dcdm

import (
	"context"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// Options of [Train].
type Options struct {
	Grids    []int   // sides of the grids to train on, in turns; nil for 16 and 32
	Steps    int     // 0 for 240
	Batch    int     // samples a step; 0 for 8
	LR       float64 // of Adam, falling to zero with a cosine; 0 for 4e-3
	Channels int     // 0 for 8
	Levels   int     // of resolution; 0 for 3
	ReLU     bool    // an activation after the first of each two convolutions
	Seed     uint64

	// Samples draws training vectors of length 1 for a grid of n x n cells; nil for
	// [SineModes].
	Samples func(n int) (Sampler, error)

	OnStep func(done, loss float64) // if set, called after each step
}

func (o Options) withDefaults() Options {
	if o.Grids == nil {
		o.Grids = []int{16, 32}
	}
	if o.Steps == 0 {
		o.Steps = 240
	}
	if o.Batch == 0 {
		o.Batch = 8
	}
	if o.LR == 0 {
		o.LR = 4e-3
	}
	if o.Channels == 0 {
		o.Channels = 8
	}
	if o.Levels == 0 {
		o.Levels = 3
	}
	if o.Samples == nil {
		o.Samples = func(n int) (Sampler, error) { return SineModes(n), nil }
	}
	return o
}

// Net proposes directions on grids of any size that 2^(levels-1) divides.
type Net struct {
	exec  *model.Exec
	sides int // what must divide a grid's side
}

// Train trains a net for Poisson's equation on whole grids, by equation 3.
// Options that make no sense are errors. A Net without training, to compare with,
// has Steps -1. The coarsest of the training grids should have some cells
// inside: with 2 x 2, all border, some nets fail on larger ones.
func Train(ctx context.Context, o Options) (*Net, error) {
	o = o.withDefaults()
	if o.Batch < 1 || o.Channels < 1 || o.Levels < 1 || o.Levels > 16 || !(o.LR > 0) {
		return nil, fmt.Errorf("dcdm: batches of %d, %d channels, %d levels, learning rate %v", o.Batch, o.Channels, o.Levels, o.LR)
	}
	net := &Net{sides: 1 << (o.Levels - 1)}
	draw := make([]Sampler, len(o.Grids))
	for i, n := range o.Grids {
		if err := net.check(n); err != nil {
			return nil, err
		}
		if o.Steps > 0 {
			var err error
			if draw[i], err = o.Samples(n); err != nil {
				return nil, err
			}
		}
	}
	rng := random.New(o.Seed, 45)
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(int64(rng.Uint64() >> 1)); err != nil {
		return nil, fmt.Errorf("dcdm: %w", err)
	}
	step, err := train.NewStep(store, optimizer.Adam().LearningRate(o.LR).Done(), func(s *model.Scope, in []*graph.Node) *graph.Node {
		optimizer.LearningRateVar(s, dtypes.Float32, o.LR).SetNodeValue(in[1])
		return Loss(in[0], forward(s.In("net"), in[0], o))
	})
	if err != nil {
		return nil, fmt.Errorf("dcdm: %w", err)
	}
	for k := range o.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		g := k % len(o.Grids)
		n := o.Grids[g]
		batch, sample := make([]float32, 0, o.Batch*n*n), make([]float64, n*n)
		for range o.Batch {
			draw[g](rng, sample)
			for _, v := range sample {
				batch = append(batch, float32(v))
			}
		}
		rate := o.LR / 2 * (1 + math.Cos(math.Pi*float64(k)/float64(o.Steps)))
		loss, err := step.Call(tensors.FromFlatDataAndDimensions(batch, o.Batch, n, n, 1), tensors.FromScalar(float32(rate)))
		if err != nil {
			return nil, fmt.Errorf("dcdm: %w", err)
		}
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return nil, fmt.Errorf("dcdm: the loss is %v in step %d", loss, k+1)
		}
		if o.OnStep != nil {
			o.OnStep(float64(k+1)/float64(o.Steps), loss)
		}
	}
	b, err := backend.Get()
	if err != nil {
		return nil, fmt.Errorf("dcdm: %w", err)
	}
	net.exec, err = model.NewExec(b, store, func(s *model.Scope, in []*graph.Node) *graph.Node { return forward(s.In("net"), in[0], o) })
	if err != nil {
		return nil, fmt.Errorf("dcdm: %w", err)
	}
	return net, nil
}

func (n *Net) check(grid int) error {
	if grid < 1 || grid%n.sides != 0 {
		return fmt.Errorf("dcdm: a net for %d x %d cells: %d must divide them", grid, grid, n.sides)
	}
	return nil
}

// Loss is equation 3 for samples b and proposals f, both [B, n, n, 1], on whole
// grids.
func Loss(b, f *graph.Node) *graph.Node {
	af := laplacian(f)
	dot := func(x, y *graph.Node) *graph.Node {
		return graph.ReduceAndKeep(graph.Mul(x, y), graph.ReduceSum, 1, 2, 3)
	}
	a := graph.Div(dot(b, f), graph.AddScalar(dot(f, af), 1e-30))
	off := graph.Sub(b, graph.Mul(a, af))
	return graph.DivScalar(graph.ReduceAllSum(graph.Square(off)), float64(b.Shape().Dim(0)))
}

// laplacian is A x for x [B, n, n, 1].
func laplacian(x *graph.Node) *graph.Node {
	n := x.Shape().Dim(1)
	p := padded(x)
	sum := graph.MulScalar(x, 4)
	for _, at := range [][2]int{{0, 1}, {2, 1}, {1, 0}, {1, 2}} {
		sum = graph.Sub(sum, window(p, at[0], at[1], n))
	}
	return sum
}

// padded has a border of zeros. GoMLX's Pad has no gradient.
func padded(x *graph.Node) *graph.Node {
	g, d := x.Graph(), x.Shape().Dimensions
	row := graph.Zeros(g, shapes.Make(x.DType(), d[0], 1, d[2], d[3]))
	x = graph.Concatenate([]*graph.Node{row, x, row}, 1)
	column := graph.Zeros(g, shapes.Make(x.DType(), d[0], d[1]+2, 1, d[3]))
	return graph.Concatenate([]*graph.Node{column, x, column}, 2)
}

// window is the n x n cells of a padded grid from (i, j) on.
func window(p *graph.Node, i, j, n int) *graph.Node {
	return graph.Slice(p, graph.AxisRange(), graph.AxisRange(i, i+n), graph.AxisRange(j, j+n), graph.AxisRange())
}

// forward is the net: [B, n, n, 1] to the same. A first convolution; on each level
// on the way down two more, with their input added, and a mean over 2 x 2; on the
// way up each value four times, plus what was there on the way down, and two more
// convolutions; a weighted sum of the channels. No biases.
func forward(s *model.Scope, x *graph.Node, o Options) *graph.Node {
	count := 0
	weights := func(d ...int) *graph.Node {
		fan := 1.
		for _, v := range d[:len(d)-1] {
			fan *= float64(v)
		}
		bound := 1 / math.Sqrt(fan)
		count++
		return s.In("conv_%d", count).WithInitializer(initializer.RandomUniformFn(s, -bound, bound)).VariableWithShape("weights", shapes.Make(x.DType(), d...)).NodeValue(x.Graph())
	}
	c := o.Channels
	conv := func(x *graph.Node) *graph.Node { return convolve(x, weights(3, 3, x.Shape().Dim(-1), c)) }
	block := func(x *graph.Node) *graph.Node {
		h := conv(x)
		if o.ReLU {
			h = graph.Max(h, graph.ZerosLike(h))
		}
		return graph.Add(x, conv(h))
	}
	x = conv(x)
	var kept []*graph.Node
	for range o.Levels - 1 {
		x = block(x)
		kept = append(kept, x)
		d := x.Shape().Dimensions
		x = graph.ReduceMean(graph.Reshape(x, d[0], d[1]/2, 2, d[2]/2, 2, c), 2, 4)
	}
	x = block(x)
	for i := len(kept) - 1; i >= 0; i-- {
		d := x.Shape().Dimensions
		x = graph.BroadcastToDims(graph.Reshape(x, d[0], d[1], 1, d[2], 1, c), d[0], d[1], 2, d[2], 2, c)
		x = block(graph.Add(graph.Reshape(x, d[0], 2*d[1], 2*d[2], c), kept[i]))
	}
	d := x.Shape().Dimensions
	out := graph.MatMul(graph.Reshape(x, d[0]*d[1]*d[2], c), weights(c, 1))
	return graph.Reshape(out, d[0], d[1], d[2], 1)
}

// convolve is a 3 x 3 convolution with zeros around: nine shifted copies beside
// each other and one product. GoMLX's own took 54 ms where this takes 1.6 (forward,
// 16 grids of 32 x 32, 8 channels).
func convolve(x, w *graph.Node) *graph.Node {
	d, out := x.Shape().Dimensions, w.Shape().Dim(-1)
	p := padded(x)
	var parts []*graph.Node
	for i := range 3 {
		for j := range 3 {
			parts = append(parts, window(p, i, j, d[1]))
		}
	}
	all := graph.Reshape(graph.Concatenate(parts, -1), d[0]*d[1]*d[2], 9*d[3])
	return graph.Reshape(graph.MatMul(all, graph.Reshape(w, 9*d[3], out)), d[0], d[1], d[2], out)
}

// On returns the net's directions for an equation. It may be used by one
// goroutine at a time.
func (n *Net) On(p *Poisson) (Direction, error) {
	if err := n.check(p.n); err != nil {
		return nil, err
	}
	return &netOn{n, p, make([]float32, p.Size())}, nil
}

type netOn struct {
	net *Net
	p   *Poisson
	in  []float32
}

func (d *netOn) Propose(dst, r []float64) error {
	for i, v := range r {
		d.in[i] = float32(v)
	}
	out, err := d.net.exec.Call1(tensors.FromFlatDataAndDimensions(d.in, 1, d.p.n, d.p.n, 1))
	if err != nil {
		return fmt.Errorf("dcdm: %w", err)
	}
	err = tensors.ConstFlatData(out, func(f []float32) {
		for i, v := range f {
			dst[i] = float64(v)
		}
	})
	if err != nil {
		return fmt.Errorf("dcdm: %w", err)
	}
	d.p.Restrict(dst)
	return out.FinalizeAll()
}
