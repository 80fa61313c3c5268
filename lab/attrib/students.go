package attrib

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// The teacher of bed L8 is a network whose units are known: 8 rectified units of
// 16 inputs, with a sum of signs on top and no biases. What its students learn
// can be compared with the truth.
const (
	teacherIn    = 16
	teacherUnits = 8
)

type teacher struct {
	units []float32 // [teacherIn x teacherUnits]
	sign  []float32
}

func newTeacher(seed uint64) teacher {
	rng := random.New(seed, 4002)
	t := teacher{make([]float32, teacherIn*teacherUnits), make([]float32, teacherUnits)}
	random.Normal(rng, t.units, 1/math.Sqrt(teacherIn))
	for k := range t.sign {
		t.sign[k] = 1
		if rng.IntN(2) == 0 {
			t.sign[k] = -1
		}
	}
	return t
}

// activations are those of the units for inputs x, and the outputs y.
func (t teacher) activations(x []float32) (h, y []float32) {
	l := mlp.Layer{In: teacherIn, Out: teacherUnits, W: t.units, B: make([]float32, teacherUnits)}
	h = mlp.ReLU(l.Forward(nil, x))
	for i := 0; i < len(h); i += teacherUnits {
		var sum float32
		for k, s := range t.sign {
			sum += s * h[i+k]
		}
		y = append(y, sum)
	}
	return h, y
}

// student trains a network of so many hidden units on a teacher's outputs, and
// returns its activations for the inputs probe.
func (t teacher) student(ctx context.Context, width int, seed uint64, probe []float32) ([]float32, error) {
	const points, batch, epochs, rate, lastRate = 4000, 128, 97, 5e-3, 5e-4 // 3,007 steps
	rng := random.New(seed, 4003)
	x := make([]float32, points*teacherIn)
	random.Normal(rng, x, 1)
	_, y := t.activations(x)
	hidden, err := mlp.NewLayer(teacherIn, width, rng)
	if err != nil {
		return nil, err
	}
	last, err := mlp.NewLayer(width, 1, rng)
	if err != nil {
		return nil, err
	}
	clear(hidden.B)
	clear(last.B)
	var bx, by, h, out, dh, dx []float32
	lr := rate
	loop := train.Loop{Examples: points, Batch: batch, Epochs: epochs, Rand: rng, Progress: func(done, _ float64) {
		if done > 2./3 {
			lr = lastRate
		}
	}}
	err = loop.Run(ctx, func(rows []int) (float64, error) {
		bx, by = train.Gather(bx, x, teacherIn, rows), train.Gather(by, y, 1, rows)
		hidden.ZeroGradient()
		last.ZeroGradient()
		h = mlp.ReLU(hidden.Forward(h, bx))
		out = last.Forward(out, h)
		loss := 0.
		for i := range out {
			d := out[i] - by[i]
			loss += float64(d*d) / batch
			out[i] = 2 * d / batch
		}
		dh = mlp.BackReLU(last.Backward(dh, h, out), h)
		dx = hidden.Backward(dx, bx, dh)
		clear(hidden.DB) // no biases
		clear(last.DB)
		hidden.Step(lr, 0)
		last.Step(lr, 0)
		return loss, nil
	})
	if err != nil {
		return nil, err
	}
	return mlp.ReLU(hidden.Forward(nil, probe)), nil
}

// dense is a matrix of rows of this width.
func dense(x []float32, width int) *mat.Dense {
	out := mat.NewDense(len(x)/width, width, nil)
	for i, v := range x {
		out.RawMatrix().Data[i] = float64(v)
	}
	return out
}
