package subspace

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/vector"
)

// Channels of the layers of a [Convolutional].
const (
	channelsLow  = 16 // at the image's size
	channelsHigh = 32 // at half of it
	channelsMap  = 8  // within the attention
)

// Convolutional is a small backbone for square images of one channel: a
// convolution, a pooling by 2 and two convolutions, each with a ReLU, give
// Phi [m, m, 32] for m half of the image's size; then the mean over all places,
//
//	v = mean of A(Phi) Phi,   A = sigmoid(conv(relu(conv(Phi)))) in (0, 1)^(m x m),
//
// with attention, or of Phi without. Convolutions are 3 x 3, with zeros around. By
// hand: a step with 80 images of 16 x 16 takes a quarter of the time of a graph, with
// its convolutions written as products.
type Convolutional struct {
	size        int
	low         *convolution
	high, deep  *convolution
	inner, last *convolution // of the attention; nil without

	// Of the last images:
	full, pooled, mid, phi, hidden, attention, v []float32
	source                                       []int32 // in full, of each in pooled
}

// NewConvolutional returns a backbone for images of size x size, an even number.
func NewConvolutional(size int, attention bool, rng *rand.Rand) (*Convolutional, error) {
	if size < 2 || size%2 != 0 {
		return nil, fmt.Errorf("subspace: images of size %d, which is not even", size)
	}
	c := &Convolutional{size: size}
	layers := []struct {
		to            **convolution
		side, in, out int
	}{
		{&c.low, size, 1, channelsLow},
		{&c.high, size / 2, channelsLow, channelsHigh},
		{&c.deep, size / 2, channelsHigh, channelsHigh},
		{&c.inner, size / 2, channelsHigh, channelsMap},
		{&c.last, size / 2, channelsMap, 1},
	}
	if !attention {
		layers = layers[:3]
	}
	for _, l := range layers {
		layer, err := mlp.NewLayer(9*l.in, l.out, rng)
		if err != nil {
			return nil, err
		}
		*l.to = &convolution{side: l.side, layer: layer}
	}
	return c, nil
}

// Shape implements [Backbone].
func (c *Convolutional) Shape() (in, width int) { return c.size * c.size, channelsHigh }

// Features implements [Backbone].
func (c *Convolutional) Features(x []float32) ([]float32, error) {
	if len(x)%(c.size*c.size) != 0 {
		return nil, fmt.Errorf("subspace: %d values are not images of %d x %d", len(x), c.size, c.size)
	}
	c.full = mlp.ReLU(c.low.forward(c.full, x))
	c.pool()
	c.mid = mlp.ReLU(c.high.forward(c.mid, c.pooled))
	c.phi = mlp.ReLU(c.deep.forward(c.phi, c.mid))
	places := c.size * c.size / 4
	n := len(x) / (c.size * c.size)
	c.attention = resize(c.attention, n*places)
	if c.inner == nil {
		for i := range c.attention {
			c.attention[i] = 1
		}
	} else {
		c.hidden = mlp.ReLU(c.inner.forward(c.hidden, c.phi))
		c.attention = c.last.forward(c.attention, c.hidden)
		for i, z := range c.attention {
			c.attention[i] = float32(1 / (1 + math.Exp(-float64(z))))
		}
	}
	c.v = resize(c.v, n*channelsHigh)
	clear(c.v)
	for i, a := range c.attention {
		vector.AddScaled(c.v[i/places*channelsHigh:], a/float32(places), c.phi[i*channelsHigh:(i+1)*channelsHigh])
	}
	return c.v, nil
}

// Maps returns what the images x are seen by, at half of their size: the attention
// A [n x m x m], 1 everywhere without attention, and Phi [n x m x m x 32].
func (c *Convolutional) Maps(x []float32) (attention, phi []float32, err error) {
	if _, err := c.Features(x); err != nil {
		return nil, nil, err
	}
	return slices.Clone(c.attention), slices.Clone(c.phi), nil
}

// Step implements [Backbone].
func (c *Convolutional) Step(x, grad []float32, rate, decay float64) error {
	if len(grad) != len(c.v) || len(x)/(c.size*c.size)*channelsHigh != len(grad) {
		return fmt.Errorf("subspace: %d gradients of %d features", len(grad), len(c.v))
	}
	places := c.size * c.size / 4
	dphi, da := make([]float32, len(c.phi)), make([]float32, len(c.attention))
	for i, a := range c.attention {
		dv := grad[i/places*channelsHigh : (i/places+1)*channelsHigh]
		at := i * channelsHigh
		vector.AddScaled(dphi[at:], a/float32(places), dv)
		da[i] = vector.Dot(dv, c.phi[at:at+channelsHigh]) / float32(places) * a * (1 - a)
	}
	if c.inner != nil {
		dh := mlp.BackReLU(c.last.backward(da), c.hidden)
		vector.AddScaled(dphi, 1, c.inner.backward(dh))
	}
	dmid := mlp.BackReLU(c.deep.backward(mlp.BackReLU(dphi, c.phi)), c.mid)
	dfull := make([]float32, len(c.full))
	for i, d := range c.high.backward(dmid) {
		dfull[c.source[i]] += d
	}
	c.low.backward(mlp.BackReLU(dfull, c.full))
	for _, l := range []*convolution{c.low, c.high, c.deep, c.inner, c.last} {
		if l != nil {
			l.layer.Step(rate, decay)
		}
	}
	return nil
}

// pool takes the largest of 2 x 2 places, channel by channel.
func (c *Convolutional) pool() {
	half := c.size / 2
	c.pooled, c.source = c.pooled[:0], c.source[:0]
	row := c.size * channelsLow
	for top := 0; top < len(c.full); top += 2 * row {
		for left := range half {
			for ch := range channelsLow {
				best := top + 2*left*channelsLow + ch
				for _, at := range [3]int{best + channelsLow, best + row, best + row + channelsLow} {
					if c.full[at] > c.full[best] {
						best = at
					}
				}
				c.pooled, c.source = append(c.pooled, c.full[best]), append(c.source, int32(best))
			}
		}
	}
}

// convolution is 3 x 3, for square images, as a linear layer on the places around
// each place.
type convolution struct {
	side    int
	layer   *mlp.Layer // [9 channels in x channels out]
	around  []float32  // [places x 9 channels in], of the last images
	daround []float32
}

// each calls f for each place with each of the nine around it that is within the
// image, with where their channels begin in around and in the images.
func (c *convolution) each(places int, f func(around, image int)) {
	in := c.layer.In / 9
	for p := range places {
		row, col := p/c.side%c.side, p%c.side
		for k := range 9 {
			dr, dc := k/3-1, k%3-1
			if row+dr < 0 || row+dr >= c.side || col+dc < 0 || col+dc >= c.side {
				continue
			}
			f((p*9+k)*in, (p+dr*c.side+dc)*in)
		}
	}
}

// forward returns what x [n x side x side x in] becomes, in the room of dst or in
// new room.
func (c *convolution) forward(dst, x []float32) []float32 {
	in := c.layer.In / 9
	c.around = resize(c.around, 9*len(x))
	clear(c.around)
	c.each(len(x)/in, func(around, image int) {
		copy(c.around[around:around+in], x[image:image+in])
	})
	return c.layer.Forward(dst, c.around)
}

// backward sets the layer's gradients, and returns that of the images, for the
// gradient dy of what they became.
func (c *convolution) backward(dy []float32) []float32 {
	in := c.layer.In / 9
	c.layer.ZeroGradient()
	c.daround = c.layer.Backward(c.daround, c.around, dy)
	dx := make([]float32, len(c.around)/9)
	c.each(len(dx)/in, func(around, image int) {
		for k, d := range c.daround[around : around+in] {
			dx[image+k] += d
		}
	})
	return dx
}

func resize(s []float32, n int) []float32 { return slices.Grow(s[:0], n)[:n] }
