package subspace

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers/activation"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// Channels of the layers of a [Convolutional].
const (
	channelsLow  = 16 // at the image's size
	channelsHigh = 32 // at half of it
	channelsMap  = 8  // within the attention
)

// Convolutional is a small backbone for square images of one channel: two
// convolutions, a pooling by 2, two convolutions, which give Phi [m, m, 32] for m
// half of the image's size; then the mean over all places,
//
//	v = mean of A(Phi) Phi,   A = sigmoid(conv(relu(conv(Phi)))) in (0, 1)^(m x m),
//
// with attention, or of Phi without. It is a graph.
type Convolutional struct {
	size      int
	attention bool
	params    []param
	features  *graph.Exec // parameters, images -> v
	maps      *graph.Exec // parameters, images -> A, Phi
	loss      *train.Loss // parameters, images, gradient of v
}

// param is a tensor of weights, with its optimiser.
type param struct {
	w    []float32
	dims []int
	adam *adam.Adam
}

// tile is the number of images that a graph is made for: others are filled up.
const tile = 80

// NewConvolutional returns a backbone for images of size x size, an even number.
func NewConvolutional(size int, attention bool, rng *rand.Rand) (*Convolutional, error) {
	if size < 2 || size%2 != 0 {
		return nil, fmt.Errorf("subspace: images of size %d, which is not even", size)
	}
	c := &Convolutional{size: size, attention: attention}
	channels := []int{1, channelsLow, channelsLow, channelsHigh, channelsHigh}
	if attention {
		channels = append(channels, channelsMap, 1)
	}
	for i := range len(channels) - 1 {
		in, out := channels[i], channels[i+1]
		bound := 1 / math.Sqrt(float64(9*in))
		for _, dims := range [][]int{{9 * in, out}, {out}} {
			w := make([]float32, dims[0])
			if len(dims) == 2 {
				w = make([]float32, dims[0]*dims[1])
			}
			random.Uniform(rng, w, -bound, bound)
			c.params = append(c.params, param{w, dims, adam.New(len(w), 0)})
		}
	}
	b, err := backend.Get()
	if err != nil {
		return nil, err
	}
	if c.features, err = graph.NewExec(b, func(in []*graph.Node) *graph.Node {
		v, _, _ := c.forward(in)
		return v
	}); err != nil {
		return nil, fmt.Errorf("subspace: %w", err)
	}
	if c.maps, err = graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		_, a, phi := c.forward(in)
		return []*graph.Node{a, phi}
	}); err != nil {
		return nil, fmt.Errorf("subspace: %w", err)
	}
	c.loss, err = train.NewLoss(len(c.params), func(in []*graph.Node) *graph.Node {
		last := len(in) - 1
		v, _, _ := c.forward(in[:last])
		return graph.ReduceAllSum(graph.Mul(v, in[last]))
	})
	return c, err
}

// forward takes the parameters and then the images [n, size, size, 1].
func (c *Convolutional) forward(in []*graph.Node) (v, attention, phi *graph.Node) {
	x := in[len(in)-1]
	layer := func(x *graph.Node, i int) *graph.Node { return conv3(x, in[2*i], in[2*i+1]) }
	for i := range 4 {
		x = activation.Relu(layer(x, i))
		if i == 1 {
			n, half := x.Shape().Dimensions[0], c.size/2
			x = graph.ReduceMax(graph.Reshape(x, n, half, 2, half, 2, channelsLow), 2, 4)
		}
	}
	phi = x
	if c.attention {
		attention = graph.Sigmoid(layer(activation.Relu(layer(phi, 4)), 5))
		x = graph.Mul(graph.BroadcastToShape(attention, phi.Shape()), phi)
	} else {
		attention = graph.Zeros(phi.Graph(), shapes.Make(phi.DType(), phi.Shape().Dimensions[0], c.size/2, c.size/2, 1))
	}
	return graph.ReduceMean(x, 1, 2), attention, phi
}

// conv3 is a convolution by 3 x 3 with zeros around, as one product: k is
// [9 channels in, channels out]. GoMLX's own takes ten times as long in its Go
// backend.
func conv3(x, k, bias *graph.Node) *graph.Node {
	g, d := x.Graph(), x.Shape().Dimensions
	n, h, w, c := d[0], d[1], d[2], d[3]
	side := graph.Zeros(g, shapes.Make(x.DType(), n, 1, w, c))
	padded := graph.Concatenate([]*graph.Node{side, x, side}, 1)
	side = graph.Zeros(g, shapes.Make(x.DType(), n, h+2, 1, c))
	padded = graph.Concatenate([]*graph.Node{side, padded, side}, 2)
	var parts []*graph.Node
	for i := range 3 {
		for j := range 3 {
			parts = append(parts, graph.Slice(padded, graph.AxisRange(), graph.AxisRange(i, i+h), graph.AxisRange(j, j+w), graph.AxisRange()))
		}
	}
	out := k.Shape().Dimensions[1]
	y := graph.MatMul(graph.Reshape(graph.Concatenate(parts, -1), n*h*w, 9*c), k)
	return graph.Reshape(graph.Add(y, graph.ExpandAxes(bias, 0)), n, h, w, out)
}

// Shape implements [Backbone].
func (c *Convolutional) Shape() (in, width int) { return c.size * c.size, channelsHigh }

// inputs are the parameters, and the images filled up to whole tiles.
func (c *Convolutional) inputs(x []float32, n int) []*tensors.Tensor {
	var in []*tensors.Tensor
	for _, p := range c.params {
		in = append(in, tensors.FromFlatDataAndDimensions(p.w, p.dims...))
	}
	full := (n + tile - 1) / tile * tile
	filled := make([]float32, full*c.size*c.size)
	copy(filled, x)
	return append(in, tensors.FromFlatDataAndDimensions(filled, full, c.size, c.size, 1))
}

func (c *Convolutional) count(x []float32) (int, error) {
	if len(x) == 0 || len(x)%(c.size*c.size) != 0 {
		return 0, fmt.Errorf("subspace: %d values are not images of %d x %d", len(x), c.size, c.size)
	}
	return len(x) / (c.size * c.size), nil
}

// Features implements [Backbone].
func (c *Convolutional) Features(x []float32) ([]float32, error) {
	out, err := c.call(c.features, x, []int{channelsHigh})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// Maps returns what the images x are seen by, at half of their size: the attention
// A [n x m x m], which is 0 without attention, and Phi [n x m x m x 32].
func (c *Convolutional) Maps(x []float32) (attention, phi []float32, err error) {
	places := c.size * c.size / 4
	out, err := c.call(c.maps, x, []int{places, places * channelsHigh})
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

// call runs a graph tile by tile, and returns its outputs side by side, with so
// many values for each image.
func (c *Convolutional) call(exec *graph.Exec, x []float32, values []int) ([][]float32, error) {
	if _, err := c.count(x); err != nil {
		return nil, err
	}
	all := make([][]float32, len(values))
	for part := range slices.Chunk(x, tile*c.size*c.size) {
		rows := len(part) / (c.size * c.size)
		var in []any
		for _, t := range c.inputs(part, rows) {
			in = append(in, t)
		}
		out, err := exec.Call(in...)
		if err != nil {
			return nil, fmt.Errorf("subspace: %w", err)
		}
		for k, o := range out {
			flat, err := tensors.CopyFlatData[float32](o)
			if err != nil {
				return nil, fmt.Errorf("subspace: %w", err)
			}
			all[k] = append(all[k], flat[:rows*values[k]]...)
			if err := o.FinalizeAll(); err != nil {
				return nil, fmt.Errorf("subspace: %w", err)
			}
		}
	}
	return all, nil
}

// Step implements [Backbone]. It goes through the images anew.
func (c *Convolutional) Step(x, grad []float32, rate, decay float64) error {
	n, err := c.count(x)
	if err != nil {
		return err
	}
	if len(grad) != n*channelsHigh {
		return fmt.Errorf("subspace: %d gradients of %d images' features", len(grad), n)
	}
	full := (n + tile - 1) / tile * tile
	filled := make([]float32, full*channelsHigh) // 0 for images that are not there
	copy(filled, grad)
	_, grads, err := c.loss.Call(append(c.inputs(x, n), tensors.FromFlatDataAndDimensions(filled, full, channelsHigh))...)
	if err != nil {
		return err
	}
	for i, p := range c.params {
		for k, w := range p.w {
			grads[i][k] += float32(decay) * w
		}
		p.adam.LR = rate
		p.adam.Step(p.w, grads[i])
	}
	return nil
}
