package graph

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/graph/lcm"
	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// The sets of training have 2 to 16 elements.
const (
	lcmLeast = 2
	lcmMost  = 16

	lcmTriples = 32 // of a batch's elements that associativity is asked of
)

// setModel classifies sets: the vectors of the values, a layer, an aggregator, and
// a perceptron on top. All aggregators have the same around them.
type setModel struct {
	dim    int
	table  []float32 // [values x dim]
	dTable []float32
	adam   *adam.Adam
	encode *mlp.Layer
	agg    aggregator
	top    [2]*mlp.Layer
}

func newSetModel(m multisets, dim int, agg aggregator, rng *rand.Rand) (*setModel, error) {
	s := &setModel{
		dim: dim, agg: agg,
		table: make([]float32, m.values*dim), dTable: make([]float32, m.values*dim), adam: adam.New(m.values*dim, 0),
	}
	random.Normal(rng, s.table, 1)
	var err error
	if s.encode, err = mlp.NewLayer(dim, dim, rng); err != nil {
		return nil, err
	}
	for i, size := range [][2]int{{agg.width * dim, 64}, {64, m.classes}} {
		if s.top[i], err = mlp.NewLayer(size[0], size[1], rng); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *setModel) layers() []*mlp.Layer {
	l := []*mlp.Layer{s.encode, s.top[0], s.top[1]}
	if s.agg.cell != nil {
		l = append(l, s.agg.cell.Input, s.agg.cell.State)
	}
	return l
}

// encoded are the vectors of values as the aggregator gets them.
func (s *setModel) encoded(values []int) (in, h []float32) {
	in = train.Gather(nil, s.table, s.dim, values)
	return in, mlp.ReLU(s.encode.Forward(nil, in))
}

// classify returns the classes of sets.
func (s *setModel) classify(x sets) ([]int, error) {
	_, h := s.encoded(x.values)
	a, _, err := s.agg.fold(h, s.dim, x.sizes)
	if err != nil {
		return nil, err
	}
	z := s.top[1].Forward(nil, mlp.ReLU(s.top[0].Forward(nil, a)))
	k := s.top[1].Out
	out := make([]int, len(x.sizes))
	for i := range out {
		for c, v := range z[i*k : (i+1)*k] {
			if v > z[i*k+out[i]] {
				out[i] = c
			}
		}
	}
	return out, nil
}

// step is a step of Adam on a batch, with gradients of length 1 at most, and the
// weight lambda of the operator's associativity.
func (s *setModel) step(x sets, lr, lambda float64) error {
	for _, l := range s.layers() {
		l.ZeroGradient()
	}
	clear(s.dTable)
	in, h := s.encoded(x.values)
	a, back, err := s.agg.fold(h, s.dim, x.sizes)
	if err != nil {
		return err
	}
	t := mlp.ReLU(s.top[0].Forward(nil, a))
	z := s.top[1].Forward(nil, t)
	if _, err := mlp.CrossEntropy(z, x.classes); err != nil {
		return err
	}
	dt := mlp.BackReLU(s.top[1].Backward(nil, t, z), t)
	dh := back(s.top[0].Backward(nil, a, dt))
	if n := min(lcmTriples, len(x.values)/3) * s.dim; lambda > 0 && n > 0 {
		_, back := lcm.Associativity(s.agg.cell.Binary, h[:n], h[n:2*n], h[2*n:3*n], s.dim)
		da, db, dc := back(lambda)
		for i, g := range [][]float32{da, db, dc} {
			for k, v := range g {
				dh[i*n+k] += v
			}
		}
	}
	dx := s.encode.Backward(nil, in, mlp.BackReLU(dh, h))
	for i, v := range x.values {
		for k, g := range dx[i*s.dim : (i+1)*s.dim] {
			s.dTable[v*s.dim+k] += g
		}
	}
	s.clip()
	s.adam.LR = lr
	s.adam.Step(s.table, s.dTable)
	for _, l := range s.layers() {
		l.Step(lr, 0)
	}
	return nil
}

// clip scales all gradients down to the length 1 together.
func (s *setModel) clip() {
	all := [][]float32{s.dTable}
	for _, l := range s.layers() {
		all = append(all, l.DW, l.DB)
	}
	length := 0.
	for _, g := range all {
		for _, v := range g {
			length += float64(v) * float64(v)
		}
	}
	if length = math.Sqrt(length); length <= 1 {
		return
	}
	for _, g := range all {
		for i := range g {
			g[i] /= float32(length)
		}
	}
}

// fit trains for a number of steps, each with sets of one random size.
func (s *setModel) fit(ctx context.Context, m multisets, steps int, lambda float64, rng *rand.Rand, progress func(done float64)) error {
	const batch, rate, last = 64, 3e-3, 3e-4
	for t := range steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		done := float64(t) / float64(steps)
		x := m.sample(batch, lcmLeast+rng.IntN(lcmMost-lcmLeast+1), rng)
		if err := s.step(x, rate+(last-rate)*done, lambda); err != nil {
			return err
		}
		if t%50 == 0 {
			progress(done)
		}
	}
	return nil
}
