package diffumatch

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// stream is the random stream of this method: the paper's number.
const stream = 50

// Config says how a prior is trained. Zero values take the defaults.
type Config struct {
	Hidden int     // width of the two hidden layers; 256
	Steps  int     // 1500; below 0: none, which leaves the denoiser untrained
	Batch  int     // maps a step; 128
	LR     float64 // of Adam; 1e-3
	Spread float64 // sd, that of the absolute values; measured if 0
	Seed   uint64
	OnStep func(done, loss float64) // if set, called after each step
}

func (c Config) withDefaults() Config {
	for v, d := range map[*int]int{&c.Hidden: 256, &c.Steps: 1500, &c.Batch: 128} {
		if *v == 0 {
			*v = d
		}
	}
	if c.LR == 0 {
		c.LR = 1e-3
	}
	c.Steps = max(0, c.Steps)
	return c
}

// Prior is a trained denoiser of absolute values of maps [k x k]. It is for one
// goroutine at a time.
type Prior struct {
	k   int
	sd  float64
	net *denoiser
}

// Train trains a prior on functional maps, all [k x k], of which it sees the
// absolute values.
func Train(ctx context.Context, maps []*mat.Dense, c Config) (*Prior, error) {
	c = c.withDefaults()
	if c.Hidden < 1 || c.Batch < 1 || !(c.LR > 0) || !(c.Spread >= 0) {
		return nil, fmt.Errorf("diffumatch: %d hidden units, batches of %d, learning rate %v, spread %v", c.Hidden, c.Batch, c.LR, c.Spread)
	}
	data, k, err := absolute(maps)
	if err != nil {
		return nil, err
	}
	p := &Prior{k: k, sd: c.Spread}
	if p.sd == 0 {
		sum, squares := 0., 0.
		for _, v := range data {
			sum += float64(v)
			squares += float64(v) * float64(v)
		}
		n := float64(len(data))
		p.sd = math.Sqrt(squares/n - sum*sum/(n*n))
	}
	if !(p.sd > 0) {
		return nil, fmt.Errorf("diffumatch: maps whose entries are all alike")
	}
	rng := random.New(c.Seed, stream)
	size := k * k
	if p.net, err = newDenoiser(size, c.Hidden, rng); err != nil {
		return nil, err
	}
	x, want := make([]float32, c.Batch*size), make([]float32, c.Batch*size)
	sigma := make([]float64, c.Batch)
	for step := range c.Steps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i := range c.Batch {
			clean := data[rng.IntN(len(maps))*size:][:size]
			sigma[i] = math.Exp(-1.2 + 1.2*rng.NormFloat64())
			s, sd := sigma[i], p.sd
			root := math.Hypot(s, sd)
			// The loss w |D - clean|^2 is |N - want|^2 for this target of N.
			for j, v := range clean {
				noisy := float64(v) + s*rng.NormFloat64()
				x[i*size+j] = float32(noisy / root)
				want[i*size+j] = float32((float64(v) - sd*sd/(root*root)*noisy) * root / (s * sd))
			}
		}
		loss := p.net.step(x, want, sigma, c.LR)
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return nil, fmt.Errorf("diffumatch: the loss is %v in step %d", loss, step+1)
		}
		if c.OnStep != nil {
			c.OnStep(float64(step+1)/float64(c.Steps), loss)
		}
	}
	return p, nil
}

// absolute are the entries' absolute values, map by map.
func absolute(maps []*mat.Dense) (data []float32, k int, err error) {
	if len(maps) == 0 {
		return nil, 0, fmt.Errorf("diffumatch: no maps")
	}
	k, _ = maps[0].Dims()
	for i, m := range maps {
		if r, c := m.Dims(); r != k || c != k {
			return nil, 0, fmt.Errorf("diffumatch: map %d is %d x %d, not %d x %d", i, r, c, k, k)
		}
		for r := range k {
			for _, v := range m.RawRowView(r) {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return nil, 0, fmt.Errorf("diffumatch: map %d is not finite", i)
				}
				data = append(data, float32(math.Abs(v)))
			}
		}
	}
	return data, k, nil
}

// denoise returns D of noisy absolute values [n x k^2], in the room of dst.
func (p *Prior) denoise(dst, x []float32, sigma []float64) []float32 {
	size := p.k * p.k
	dst = append(dst[:0], x...)
	for i, s := range sigma {
		scale(dst[i*size:][:size], 1/math.Hypot(s, p.sd))
	}
	y := p.net.forward(dst, sigma)
	for i, s := range sigma {
		root := math.Hypot(s, p.sd)
		row := dst[i*size:][:size]
		scale(row, p.sd*p.sd/root) // x / root so far
		vector.AddScaled(row, float32(s*p.sd/root), y[i*size:][:size])
	}
	return dst
}

// Denoise is D of noisy absolute values [k x k] at a level of noise > 0.
func (p *Prior) Denoise(x *mat.Dense, sigma float64) (*mat.Dense, error) {
	data, err := p.entries(x)
	if err != nil {
		return nil, err
	}
	if !(sigma > 0) || math.IsInf(sigma, 1) {
		return nil, fmt.Errorf("diffumatch: noise of %v", sigma)
	}
	return p.matrix(p.denoise(nil, data, []float64{sigma})), nil
}

func (p *Prior) entries(x *mat.Dense) ([]float32, error) {
	if r, c := x.Dims(); r != p.k || c != p.k {
		return nil, fmt.Errorf("diffumatch: a map of %d x %d for a prior of %d x %d", r, c, p.k, p.k)
	}
	data := make([]float32, 0, p.k*p.k)
	for i := range p.k {
		for _, v := range x.RawRowView(i) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("diffumatch: a map that is not finite")
			}
			data = append(data, float32(v))
		}
	}
	return data, nil
}

func (p *Prior) matrix(data []float32) *mat.Dense {
	m := mat.NewDense(p.k, p.k, nil)
	for i, v := range data {
		m.RawMatrix().Data[i] = float64(v)
	}
	return m
}

// Mask is the penalty [k x k] of the entries of a raw map, with noise sigma (the
// paper has 1) and a number of draws (200): rows and columns as the map's. Its
// least entry is 0; its scale is absorbed by the weight lambda.
func (p *Prior) Mask(raw *mat.Dense, sigma float64, draws int, rng *rand.Rand) (*mat.Dense, error) {
	c, err := p.entries(raw)
	if err != nil {
		return nil, err
	}
	if !(sigma > 0) || math.IsInf(sigma, 1) || draws < 1 {
		return nil, fmt.Errorf("diffumatch: %d draws with noise of %v", draws, sigma)
	}
	size := len(c)
	y, levels := make([]float32, draws*size), make([]float64, draws)
	for i := range draws {
		levels[i] = sigma
		for j, v := range c {
			y[i*size+j] = float32(math.Abs(math.Abs(float64(v)) + sigma*rng.NormFloat64()))
		}
	}
	clean := p.denoise(nil, y, levels)
	removed, mean := make([]float64, size), make([]float64, size)
	for i := range y {
		removed[i%size] += math.Abs(float64(y[i] - clean[i]))
		mean[i%size] += float64(y[i])
	}
	mask := mat.NewDense(p.k, p.k, nil)
	for j := range size {
		mask.RawMatrix().Data[j] = math.Sqrt(removed[j] / (2 * sigma * mean[j]))
	}
	least := mat.Min(mask)
	mask.Apply(func(_, _ int, v float64) float64 { return v - least }, mask)
	return mask, nil
}

// Gradient is the distillation's gradient by the entries of a map, sign(C) G
// [k x k], with the range of the noise (the paper has 1) and a number of draws
// (32).
func (p *Prior) Gradient(c *mat.Dense, noise float64, draws int, rng *rand.Rand) (*mat.Dense, error) {
	values, err := p.entries(c)
	if err != nil {
		return nil, err
	}
	if !(noise >= 0) || math.IsInf(noise, 1) || draws < 1 {
		return nil, fmt.Errorf("diffumatch: %d draws with noise up to %v", draws, noise)
	}
	size := len(values)
	x, levels := make([]float32, draws*size), make([]float64, draws)
	for i := range draws {
		levels[i] = .01 + noise*rng.Float64()
		for j, v := range values {
			x[i*size+j] = float32(math.Abs(float64(v)) + levels[i]*rng.NormFloat64())
		}
	}
	clean := p.denoise(nil, x, levels)
	g := mat.NewDense(p.k, p.k, nil)
	data := g.RawMatrix().Data
	for i, v := range clean {
		data[i%size] -= float64(v) / float64(draws)
	}
	for j, v := range values {
		data[j] += math.Abs(float64(v))
		if v < 0 {
			data[j] = -data[j]
		}
	}
	return g, nil
}

func scale(x []float32, s float64) {
	for i := range x {
		x[i] *= float32(s)
	}
}

// frequencies of the features of the noise.
var frequencies = []float64{1, 2, 4, 8}

// denoiser is N: two hidden layers of relu units, the second added to the first,
// each of which sees cos and sin of multiples of ln(sigma)/4.
type denoiser struct {
	in, mid, out           *mlp.Layer
	levelIn, levelMid      *mlp.Layer
	level, h1, h2, a, y, d []float32
}

func newDenoiser(size, hidden int, rng *rand.Rand) (*denoiser, error) {
	n := &denoiser{}
	for _, l := range []struct {
		to      **mlp.Layer
		in, out int
	}{
		{&n.in, size, hidden}, {&n.levelIn, 2 * len(frequencies), hidden},
		{&n.mid, hidden, hidden}, {&n.levelMid, 2 * len(frequencies), hidden}, {&n.out, hidden, size},
	} {
		layer, err := mlp.NewLayer(l.in, l.out, rng)
		if err != nil {
			return nil, fmt.Errorf("diffumatch: %w", err)
		}
		*l.to = layer
	}
	return n, nil
}

func (n *denoiser) layers() []*mlp.Layer {
	return []*mlp.Layer{n.in, n.levelIn, n.mid, n.levelMid, n.out}
}

// forward returns N for each row of x, scaled already, with its noise.
func (n *denoiser) forward(x []float32, sigma []float64) []float32 {
	n.level = n.level[:0]
	for _, s := range sigma {
		for _, f := range frequencies {
			sin, cos := math.Sincos(f * math.Log(s) / 4)
			n.level = append(n.level, float32(cos), float32(sin))
		}
	}
	n.h1 = n.in.Forward(n.h1, x)
	n.a = n.levelIn.Forward(n.a, n.level)
	vector.AddScaled(n.h1, 1, n.a)
	mlp.ReLU(n.h1)
	n.h2 = n.mid.Forward(n.h2, n.h1)
	n.a = n.levelMid.Forward(n.a, n.level)
	vector.AddScaled(n.h2, 1, n.a)
	mlp.ReLU(n.h2)
	n.a = append(n.a[:0], n.h1...)
	vector.AddScaled(n.a, 1, n.h2)
	n.y = n.out.Forward(n.y, n.a)
	return n.y
}

// gradient sets the gradients of the mean squared distance to want, and returns
// the distance.
func (n *denoiser) gradient(x, want []float32, sigma []float64) float64 {
	for _, l := range n.layers() {
		l.ZeroGradient()
	}
	y := n.forward(x, sigma)
	loss := 0.
	for i, w := range want {
		e := y[i] - w
		loss += float64(e) * float64(e) / float64(len(want))
		y[i] = 2 * e / float32(len(want))
	}
	sum := n.out.Backward(nil, n.a, y) // by h1 + h2
	d := append(n.d[:0], sum...)
	mlp.BackReLU(d, n.h2)
	n.levelMid.Backward(nil, n.level, d)
	vector.AddScaled(sum, 1, n.mid.Backward(nil, n.h1, d))
	mlp.BackReLU(sum, n.h1)
	n.levelIn.Backward(nil, n.level, sum)
	n.in.Backward(nil, x, sum)
	n.d = d
	return loss
}

func (n *denoiser) step(x, want []float32, sigma []float64, lr float64) float64 {
	loss := n.gradient(x, want, sigma)
	for _, l := range n.layers() {
		l.Step(lr, 0)
	}
	return loss
}
