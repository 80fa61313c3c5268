package mlp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// Layer is Y = X W + b for the rows of a batch X [n x In], with its gradients:
//
//	dL/dW = X^T dL/dY,   dL/db = sum dL/dY,   dL/dX = dL/dY W^T.
//
// It is fastest when In and Out are multiples of 32. It is for one goroutine at
// a time; several may call Forward as long as none learns.
type Layer struct {
	In, Out int
	W       []float32 // [In x Out], row by row
	B       []float32 // [Out]
	DW, DB  []float32 // gradients, summed since ZeroGradient

	across []float32 // W^T
	w, b   *adam.Adam
}

// NewLayer returns a layer with weights from the uniform distribution on
// +-1/sqrt(in).
func NewLayer(in, out int, rng *rand.Rand) (*Layer, error) {
	if in < 1 || out < 1 {
		return nil, fmt.Errorf("mlp: a layer of %d inputs and %d outputs", in, out)
	}
	l := &Layer{
		In: in, Out: out, W: make([]float32, in*out), B: make([]float32, out),
		DW: make([]float32, in*out), DB: make([]float32, out),
		w: adam.New(in*out, 0), b: adam.New(out, 0),
	}
	bound := 1 / math.Sqrt(float64(in))
	random.Uniform(rng, l.W, -bound, bound)
	random.Uniform(rng, l.B, -bound, bound)
	return l, nil
}

// Forward returns Y [n x Out] in the room of dst, or in new room.
func (l *Layer) Forward(dst, x []float32) []float32 {
	n := len(x) / l.In
	dst = resize(dst, n*l.Out)
	if l.Out == 1 {
		for i := range dst {
			dst[i] = l.B[0] + vector.Dot(l.W, x[i*l.In:(i+1)*l.In])
		}
		return dst
	}
	for i := range n {
		copy(dst[i*l.Out:], l.B)
	}
	vector.MulAdd(dst, x, l.W, l.In, l.Out)
	return dst
}

// Backward adds the gradients of W and b for dL/dY [n x Out] at X, and returns
// dL/dX [n x In] in the room of dst, or in new room.
func (l *Layer) Backward(dst, x, dy []float32) []float32 {
	n := len(x) / l.In
	dst = resize(dst, n*l.In)
	clear(dst)
	if l.Out == 1 {
		for i, d := range dy {
			l.DB[0] += d
			vector.AddScaled(l.DW, d, x[i*l.In:(i+1)*l.In])
			vector.AddScaled(dst[i*l.In:(i+1)*l.In], d, l.W)
		}
		return dst
	}
	for i := range n {
		vector.AddScaled(l.DB, 1, dy[i*l.Out:(i+1)*l.Out])
	}
	vector.MulAddTrans(l.DW, x, dy, l.In, l.Out)
	l.across = resize(l.across, len(l.W))
	for i := range l.In {
		for j, w := range l.W[i*l.Out : (i+1)*l.Out] {
			l.across[j*l.In+i] = w
		}
	}
	vector.MulAdd(dst, dy, l.across, l.Out, l.In)
	return dst
}

// Step moves W and b by one step of Adam at the rate lr, with a weight decay
// that is added to their gradients.
func (l *Layer) Step(lr, decay float64) {
	l.w.LR, l.b.LR = lr, lr
	vector.AddScaled(l.DW, float32(decay), l.W)
	vector.AddScaled(l.DB, float32(decay), l.B)
	l.w.Step(l.W, l.DW)
	l.b.Step(l.B, l.DB)
}

// ZeroGradient clears the gradients of W and b.
func (l *Layer) ZeroGradient() {
	clear(l.DW)
	clear(l.DB)
}

// ReLU sets x to max(0, x) in place and returns it.
func ReLU(x []float32) []float32 {
	for i, v := range x {
		x[i] = max(0, v)
	}
	return x
}

// BackReLU sets the gradient of ReLU's result y to that of its argument, in
// place, and returns it.
func BackReLU(dy, y []float32) []float32 {
	for i, v := range y {
		if v == 0 {
			dy[i] = 0
		}
	}
	return dy
}

func resize(s []float32, n int) []float32 { return slices.Grow(s[:0], n)[:n] }
