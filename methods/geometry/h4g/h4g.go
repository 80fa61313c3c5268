// Package h4g is radius reduction for zero-shot classification in hyperbolic
// space (H4G, 2025, arXiv:2510.12094): an item gets the class whose text is
// nearest in the Poincaré ball, also where the class was never seen in training,
// after one learned block-diagonal matrix has pulled items and class texts
// towards the origin by Möbius multiplication. Far out a distance is mostly how
// far out the two are, and the class nearest to the origin takes all; closer in,
// directions count again.
//
// With text vectors x_i of items and t_k of classes, of mean length rho after
// scaling, and geometry as in package hyperbolic,
//
//	z_i  = exp_0(x_i),  c_k = exp_0(t_k)                of mean radius 2 rho
//	z'_i = B (x) z_i = exp_0(B x_i),  c'_k = B (x) c_k
//	B    = e^s diag(B_1 .. B_{d/2}),  2 x 2 blocks, from B = I
//
// and s, the blocks and tau are trained on items of the seen classes, with the
// mean over items i and classes k of
//
//	CE(softmax(-d(z'_i, c'_k) / tau), y_i) + lambda (mean r(z') + mean r(c')).
//
// The paper's are the ball, the diagnosis, and a learnable block-diagonal scaling
// with Möbius multiplication; its section on the method was not at hand. Blocks
// of two, the factor e^s, lambda and the loss are ours, and so is the text side:
// any vectors will do.
package h4g

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/geometry/hyperbolic"
	"github.com/offprint/offprint/methods/train"
)

// Form is what of B is learned.
type Form int

// The forms: the method, and its parts for comparison.
const (
	Full      Form = iota // e^s and the blocks
	Scale                 // e^s alone: B = e^s I
	Blocks                // the blocks alone: s = 0
	Rotations             // blocks that turn: no radius can change
)

// Config says how a reducer is trained. Zeros stand for the defaults, but for
// Lambda.
type Config struct {
	Form      Form
	Rho       float64 // mean length of the tangent vectors, half the mean radius; 3
	Lambda    float64 // weight of the radii in the loss; .3 is good
	BlockRate float64 // Adam's rate for the blocks; .02
	ScaleRate float64 // for s and ln(1/tau); .1
	Steps     int     // over all items; 200
}

func (c Config) withDefaults() (Config, error) {
	set := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	set(&c.Rho, 3)
	set(&c.BlockRate, .02)
	set(&c.ScaleRate, .1)
	if c.Steps == 0 {
		c.Steps = 200
	}
	if !(c.Rho > 0) || !(c.Lambda >= 0) || !(c.BlockRate > 0) || !(c.ScaleRate > 0) || c.Steps < 1 || c.Form < Full || c.Form > Rotations {
		return c, fmt.Errorf("h4g: %+v", c)
	}
	return c, nil
}

// Reducer takes text vectors into the ball, nearer to the origin.
type Reducer struct {
	ItemScale, ClassScale float64   // of the vectors, to the mean length rho
	LogScale              float64   // s
	Blocks                []float64 // [d/2, 2, 2]: block k takes the coordinates 2k and 2k+1
	Tau                   float64   // temperature of the scores
}

// Fixed returns a reducer that is not learned: B = scale I. Scale 1 leaves the
// radii as they are. Items and classes say how long their vectors are.
func Fixed(items, classes *mat.Dense, rho, scale float64) (*Reducer, error) {
	if !(rho > 0) || !(scale > 0) {
		return nil, fmt.Errorf("h4g: a mean length of %v, times %v", rho, scale)
	}
	_, d := items.Dims()
	if _, dc := classes.Dims(); dc != d || d%2 != 0 {
		return nil, fmt.Errorf("h4g: vectors of %d and %d numbers, which must be as many and even", d, dc)
	}
	r := &Reducer{LogScale: math.Log(scale), Blocks: make([]float64, 2*d), Tau: .2}
	for k := range d / 2 {
		r.Blocks[4*k], r.Blocks[4*k+3] = 1, 1
	}
	for _, s := range []struct {
		x  *mat.Dense
		to *float64
	}{{items, &r.ItemScale}, {classes, &r.ClassScale}} {
		n, _ := s.x.Dims()
		mean := 0.0
		for i := range n {
			mean += floats.Norm(s.x.RawRowView(i), 2) / float64(n)
		}
		if !(mean > 0) || math.IsInf(mean, 1) {
			return nil, fmt.Errorf("h4g: vectors of mean length %v", mean)
		}
		*s.to = rho / mean
	}
	return r, nil
}

// Fit trains a reducer on items [n, d] of seen classes, with their text vectors
// [k, d] and the items' labels within 0..k-1. Nothing of other classes is needed.
func Fit(ctx context.Context, items, classes *mat.Dense, labels []int, config Config) (*Reducer, error) {
	c, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	r, err := Fixed(items, classes, c.Rho, 1)
	if err != nil {
		return nil, err
	}
	n, d := items.Dims()
	k, _ := classes.Dims()
	if len(labels) != n || k < 2 {
		return nil, fmt.Errorf("h4g: %d items, %d labels, %d classes", n, len(labels), k)
	}
	truth := make([]float32, n*k)
	for i, y := range labels {
		if y < 0 || y >= k {
			return nil, fmt.Errorf("h4g: label %d of item %d is not within 0..%d", y, i, k-1)
		}
		truth[i*k+y] = 1
	}
	blocks := 2 * d
	if c.Form == Rotations {
		blocks = d / 2 // angles
	}
	loss, err := train.NewLoss(2, func(in []*graph.Node) *graph.Node {
		return lossGraph(c, in[0], in[1], in[2:4], in[4:6], in[6])
	})
	if err != nil {
		return nil, err
	}
	b, s := make([]float32, blocks), []float32{0, float32(-math.Log(r.Tau))}
	if c.Form != Rotations {
		for i, v := range r.Blocks {
			b[i] = float32(v)
		}
	}
	x, y := halves(items, r.ItemScale), halves(classes, r.ClassScale)
	t := tensors.FromFlatDataAndDimensions(truth, n, k)
	optB, optS := adam.New(len(b), c.BlockRate), adam.New(len(s), c.ScaleRate)
	for range c.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l, grads, err := loss.Call(tensors.FromFlatDataAndDimensions(b, len(b)), tensors.FromFlatDataAndDimensions(s, len(s)), x[0], x[1], y[0], y[1], t)
		if err != nil {
			return nil, err
		}
		if math.IsNaN(l) || math.IsInf(l, 0) {
			return nil, errors.New("h4g: the loss is not finite: are the radii too large?")
		}
		if c.Form != Scale {
			optB.Step(b, grads[0])
		}
		if c.Form == Blocks || c.Form == Rotations {
			grads[1][0] = 0
		}
		optS.Step(s, grads[1])
	}
	r.LogScale, r.Tau = float64(s[0]), math.Exp(-float64(s[1]))
	for i, v := range b {
		if c.Form != Rotations {
			r.Blocks[i] = float64(v)
			continue
		}
		sin, cos := math.Sincos(float64(v))
		copy(r.Blocks[4*i:], []float64{cos, -sin, sin, cos})
	}
	return r, nil
}

// halves are the even and the odd coordinates of scaled vectors: [n, d/2] each.
func halves(x *mat.Dense, scale float64) [2]*tensors.Tensor {
	n, d := x.Dims()
	var out [2][]float32
	for i := range n {
		for j, v := range x.RawRowView(i) {
			out[j%2] = append(out[j%2], float32(scale*v))
		}
	}
	return [2]*tensors.Tensor{tensors.FromFlatDataAndDimensions(out[0], n, d/2), tensors.FromFlatDataAndDimensions(out[1], n, d/2)}
}

// lossGraph is the loss, computed in float64 as large radii need it.
func lossGraph(c Config, blocks, s *graph.Node, items, classes []*graph.Node, truth *graph.Node) *graph.Node {
	wide := func(x *graph.Node) *graph.Node { return graph.ConvertDType(x, dtypes.Float64) }
	entry := func(i int) *graph.Node { return graph.Reshape(graph.Slice(wide(s), graph.AxisElem(i)), 1, 1) }
	pairs := items[0].Shape().Dim(1)
	var b [4]*graph.Node // the blocks' entries, [1, d/2] each
	if c.Form == Rotations {
		angle := graph.Reshape(wide(blocks), 1, pairs)
		b[0], b[2] = graph.Cos(angle), graph.Sin(angle)
		b[1], b[3] = graph.Neg(b[2]), b[0]
	} else {
		all := graph.Reshape(wide(blocks), pairs, 4)
		for i := range b {
			b[i] = graph.Reshape(graph.Slice(all, graph.AxisRange(), graph.AxisElem(i)), 1, pairs)
		}
	}
	scale := graph.Exp(entry(0))
	// apply is B x, the even coordinates first: distances do not mind.
	apply := func(x []*graph.Node) *graph.Node {
		even, odd := wide(x[0]), wide(x[1])
		return graph.Mul(scale, graph.Concatenate([]*graph.Node{
			graph.Add(graph.Mul(b[0], even), graph.Mul(b[1], odd)),
			graph.Add(graph.Mul(b[2], even), graph.Mul(b[3], odd)),
		}, 1))
	}
	var ball hyperbolic.Ball
	v, u := apply(items), apply(classes)
	distance := ball.DistGraph(ball.Exp0Graph(v), ball.Exp0Graph(u))
	p := graph.LogSoftmax(graph.Neg(graph.Mul(distance, graph.Exp(entry(1)))), -1)
	loss := graph.Neg(graph.ReduceAllMean(graph.ReduceSum(graph.Mul(wide(truth), p), 1)))
	for _, x := range []*graph.Node{v, u} {
		length := graph.Sqrt(graph.AddScalar(graph.ReduceSum(graph.Square(x), 1), 1e-24))
		loss = graph.Add(loss, graph.MulScalar(graph.ReduceAllMean(length), 2*c.Lambda))
	}
	return graph.ConvertDType(loss, dtypes.Float32)
}

// Items takes items' vectors [n, d] to points of the ball.
func (r *Reducer) Items(x *mat.Dense) (*mat.Dense, error) { return r.apply(x, r.ItemScale) }

// Classes takes classes' vectors [k, d] to points of the ball.
func (r *Reducer) Classes(x *mat.Dense) (*mat.Dense, error) { return r.apply(x, r.ClassScale) }

func (r *Reducer) apply(x *mat.Dense, scale float64) (*mat.Dense, error) {
	n, d := x.Dims()
	if 2*d != len(r.Blocks) {
		return nil, fmt.Errorf("h4g: vectors of %d numbers, trained on %d", d, len(r.Blocks)/2)
	}
	out := mat.NewDense(n, d, nil)
	scale *= math.Exp(r.LogScale)
	v := make([]float64, d)
	for i := range n {
		row := x.RawRowView(i)
		for k := range d / 2 {
			b := r.Blocks[4*k:]
			v[2*k] = scale * (b[0]*row[2*k] + b[1]*row[2*k+1])
			v[2*k+1] = scale * (b[2]*row[2*k] + b[3]*row[2*k+1])
		}
		z, err := hyperbolic.Ball{}.Exp0(v)
		if err != nil {
			return nil, err
		}
		out.SetRow(i, z)
	}
	return out, nil
}

// Predict returns for each item [n, d] the nearest of the classes [k, d], which
// need not have been seen.
func (r *Reducer) Predict(items, classes *mat.Dense) ([]int, error) {
	z, err := r.Items(items)
	if err != nil {
		return nil, err
	}
	c, err := r.Classes(classes)
	if err != nil {
		return nil, err
	}
	return Nearest(z, c)
}

// Nearest returns for each point of the ball [n, d] the nearest of others [k, d].
func Nearest(z, c *mat.Dense) ([]int, error) {
	n, _ := z.Dims()
	k, _ := c.Dims()
	pred := make([]int, n)
	for i := range n {
		least := math.Inf(1)
		for j := range k {
			d, err := hyperbolic.Ball{}.Dist(z.RawRowView(i), c.RawRowView(j))
			if err != nil {
				return nil, err
			}
			if d < least {
				least, pred[i] = d, j
			}
		}
	}
	return pred, nil
}

// Radii are the radii of points of the ball [n, d].
func Radii(z *mat.Dense) ([]float64, error) {
	n, _ := z.Dims()
	out := make([]float64, n)
	for i := range out {
		var err error
		if out[i], err = (hyperbolic.Ball{}).Radius(z.RawRowView(i)); err != nil {
			return nil, err
		}
	}
	return out, nil
}
