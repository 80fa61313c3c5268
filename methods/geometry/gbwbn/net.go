package gbwbn

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/geometry/spd"
	"github.com/offprint/offprint/methods/train"
)

// Config says what a classifier is made of and how it is trained. Zeros stand
// for the defaults.
type Config struct {
	Dim    int     // rows of the matrices after the projection; 0 for as many as before
	Norm   Norm    // for matrices of size Dim; nil for none
	Floor  float64 // least eigenvalue before the logarithm; 1e-5
	LR     float64 // of Adam; 5e-3
	Batch  int     // 60
	Epochs int     // 20
	Clip   float64 // greatest length of the gradient; 5

	// Progress, if set, is called after each epoch, from 1, with the classifier as
	// it is then.
	Progress func(epoch int, c *Classifier) error
}

func (c Config) withDefaults() Config {
	set := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	set(&c.Floor, 1e-5)
	set(&c.LR, 5e-3)
	set(&c.Clip, 5)
	if c.Batch == 0 {
		c.Batch = 60
	}
	if c.Epochs == 0 {
		c.Epochs = 20
	}
	return c
}

// Classifier is a trained network: projection, normalisation, logarithm, softmax.
type Classifier struct {
	Classes int

	n, dim     int
	projection *spd.Var // free; the columns of Q are made orthonormal
	norm       Norm
	floor      float64
	weights    *mat.Dense // [classes, dim * dim]
	biases     []float64
	gw         *mat.Dense // gradients
	gb         []float64
}

// Fit trains a classifier of SPD matrices of one size, such as covariances, with
// labels within 0..classes-1.
func Fit(ctx context.Context, xs []*mat.SymDense, labels []int, classes int, config Config, rng *rand.Rand) (*Classifier, error) {
	c := config.withDefaults()
	if len(xs) == 0 || len(xs) != len(labels) || classes < 2 {
		return nil, fmt.Errorf("gbwbn: %d matrices, %d labels of %d classes", len(xs), len(labels), classes)
	}
	n := xs[0].SymmetricDim()
	if c.Dim == 0 {
		c.Dim = n
	}
	if c.Dim < 1 || c.Dim > n || c.Batch < 1 || c.Batch > len(xs) || c.Epochs < 1 || !(c.LR > 0) || !(c.Clip > 0) || !(c.Floor > 0) {
		return nil, fmt.Errorf("gbwbn: %d dimensions of %d, batches of %d of %d matrices, %d epochs, rate %v, clipping at %v, eigenvalues from %v",
			c.Dim, n, c.Batch, len(xs), c.Epochs, c.LR, c.Clip, c.Floor)
	}
	if err := check(xs, n); err != nil {
		return nil, err
	}
	for i, y := range labels {
		if y < 0 || y >= classes {
			return nil, fmt.Errorf("gbwbn: label %d of matrix %d is not within 0..%d", y, i, classes-1)
		}
	}
	net := &Classifier{
		Classes: classes, n: n, dim: c.Dim, norm: c.Norm, floor: c.Floor,
		weights: mat.NewDense(classes, c.Dim*c.Dim, nil), biases: make([]float64, classes),
		gw: mat.NewDense(classes, c.Dim*c.Dim, nil), gb: make([]float64, classes),
	}
	start := mat.NewDense(n, c.Dim, nil)
	for i := range n {
		for j := range c.Dim {
			start.Set(i, j, rng.NormFloat64())
		}
	}
	// From orthonormal columns, so that all seeds take steps of one size.
	net.projection = spd.NewVar(new(spd.Tape).Orthonormal(spd.Const(start)).X)
	bound := 1 / float64(c.Dim) // 1 / sqrt(inputs)
	for k := range classes {
		for j := range c.Dim * c.Dim {
			net.weights.Set(k, j, bound*(2*rng.Float64()-1))
		}
	}

	params, grads := net.params()
	opts := make([]*adam.Of[float64], len(params))
	for i, p := range params {
		opts[i] = adam.NewOf[float64](len(p), c.LR)
	}
	steps := len(xs) / c.Batch
	step := 0
	loop := train.Loop{Examples: len(xs), Batch: c.Batch, Epochs: c.Epochs, Rand: rng}
	err := loop.Run(ctx, func(batch []int) (float64, error) {
		in, y := make([]*mat.SymDense, len(batch)), make([]int, len(batch))
		for k, i := range batch {
			in[k], y[k] = xs[i], labels[i]
		}
		for _, g := range grads {
			clear(g)
		}
		loss, err := net.step(in, y)
		if err != nil {
			return 0, err
		}
		length := 0.0
		for _, g := range grads {
			length += floats.Dot(g, g)
		}
		if length = math.Sqrt(length); length > c.Clip {
			for _, g := range grads {
				floats.Scale(c.Clip/length, g)
			}
		}
		for i, p := range params {
			opts[i].Step(p, grads[i])
		}
		if step++; step%steps == 0 && c.Progress != nil {
			return loss, c.Progress(step/steps, net)
		}
		return loss, nil
	})
	if err != nil {
		return nil, err
	}
	return net, nil
}

// check says which matrix is not as it should be.
func check(xs []*mat.SymDense, n int) error {
	for i, x := range xs {
		if x.SymmetricDim() != n {
			return fmt.Errorf("gbwbn: matrix %d is of size %d, not %d", i, x.SymmetricDim(), n)
		}
		if _, err := spd.Sqrt(x); err != nil {
			return fmt.Errorf("gbwbn: matrix %d: %w", i, err)
		}
	}
	return nil
}

// params are all parameters with their gradients.
func (c *Classifier) params() (params, grads [][]float64) {
	vars := []*spd.Var{c.projection}
	if c.norm != nil {
		vars = append(vars, c.norm.Params()...)
	}
	for _, v := range vars {
		params, grads = append(params, v.X.RawMatrix().Data), append(grads, v.G.RawMatrix().Data)
	}
	return append(params, c.weights.RawMatrix().Data, c.biases), append(grads, c.gw.RawMatrix().Data, c.gb)
}

// features records the network up to the softmax: dim x dim matrices.
func (c *Classifier) features(t *spd.Tape, xs []*mat.SymDense, train bool) ([]*spd.Var, error) {
	q := t.Orthonormal(c.projection)
	qt := t.Transpose(q)
	zs := make([]*spd.Var, len(xs))
	for i, x := range xs {
		zs[i] = t.Congruence(qt, spd.Const(x))
	}
	if c.norm != nil {
		zs = c.norm.Forward(t, zs, train)
	}
	for i, z := range zs {
		zs[i] = t.Apply(spd.Logarithm(c.floor), z)
	}
	return zs, t.Err()
}

// step adds the gradients of a batch's mean loss, and returns the loss.
func (c *Classifier) step(xs []*mat.SymDense, labels []int) (float64, error) {
	t := new(spd.Tape)
	zs, err := c.features(t, xs, true)
	if err != nil {
		return 0, err
	}
	share := 1 / float64(len(xs))
	loss := 0.0
	for i, z := range zs {
		p := c.logits(z)
		lse := floats.LogSumExp(p)
		loss += share * (lse - p[labels[i]])
		for k := range p {
			p[k] = share * math.Exp(p[k]-lse)
		}
		p[labels[i]] -= share
		flat, g := z.X.RawMatrix().Data, z.G.RawMatrix().Data
		for k, d := range p {
			c.gb[k] += d
			floats.AddScaled(c.gw.RawRowView(k), d, flat)
			floats.AddScaled(g, d, c.weights.RawRowView(k))
		}
	}
	t.Backward()
	if err := t.Err(); err != nil {
		return 0, err
	}
	return loss, nil
}

func (c *Classifier) logits(z *spd.Var) []float64 {
	out := make([]float64, c.Classes)
	for k := range out {
		out[k] = floats.Dot(c.weights.RawRowView(k), z.X.RawMatrix().Data) + c.biases[k]
	}
	return out
}

// Predict returns the classes of some matrices.
func (c *Classifier) Predict(xs []*mat.SymDense) ([]int, error) {
	if err := check(xs, c.n); err != nil {
		return nil, err
	}
	if len(xs) == 0 {
		return nil, nil
	}
	zs, err := c.features(new(spd.Tape), xs, false)
	if err != nil {
		return nil, err
	}
	pred := make([]int, len(zs))
	for i, z := range zs {
		pred[i] = floats.MaxIdx(c.logits(z))
	}
	return pred, nil
}
