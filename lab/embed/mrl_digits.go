package embed

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/train/optimizer"

	"github.com/offprint/offprint/dataset"
	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/methods/backend"
	"github.com/offprint/offprint/methods/embed/mrl"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/train"
)

// The second half of the reproduction classifies digits by prefixes of the last
// hidden layer of a perceptron, with one head a size (MRL), with one matrix for
// all (MRL-E), and with a perceptron of its own for each size.
var digitSizes = mrl.Sizes{2, 4, 8, 16, 32}

const (
	variantMRLE   = "MRL-E"
	metricCascade = "digits, cascade"
	metricDims    = "digits, mean size of the cascade"
)

func digitsAt(m int) string { return fmt.Sprintf("digits, %d dimensions", m) }

// split is a share of the digits.
type split struct {
	x []float32 // [n x 64], 0 to 1
	y []int32
}

func (s split) tensors(rows []int) []*tensors.Tensor {
	return []*tensors.Tensor{
		tensors.FromFlatDataAndDimensions(train.Gather(nil, s.x, 64, rows), len(rows), 64),
		tensors.FromFlatDataAndDimensions(train.Gather(nil, s.y, 1, rows), len(rows)),
	}
}

// splitDigits returns 1,000 training, 300 held-out and 497 test images.
func splitDigits(seed uint64) (fit, held, test split, err error) {
	table, err := dataset.ReadTable("digits")
	if err != nil {
		return split{}, split{}, split{}, err
	}
	for i, row := range random.New(seed, 25).Perm(len(table.X)) {
		s := &test
		if i < 1000 {
			s = &fit
		} else if i < 1300 {
			s = &held
		}
		for _, v := range table.X[row] {
			s.x = append(s.x, float32(v/16))
		}
		s.y = append(s.y, int32(table.Y[row]))
	}
	return fit, held, test, nil
}

func mrlDigits(ctx context.Context, r *lab.Run, seed uint64, progress func(done float64, what string)) error {
	fit, held, test, err := splitDigits(seed)
	if err != nil {
		return err
	}
	runs := float64(len(digitSizes) + 2)
	for i, v := range []struct {
		name      string
		efficient bool
	}{{variantMRL, false}, {variantMRLE, true}} {
		probs, err := trainDigits(ctx, fit, digitSizes, v.efficient, seed, []split{held, test}, func(done float64) {
			progress((float64(i)+done)/runs, "digits, "+v.name)
		})
		if err != nil {
			return err
		}
		for k, m := range digitSizes {
			r.Metric(digitsAt(m), v.name, seed, accuracy(probs[1][k], test.y), "")
		}
		right, dims, err := cascade(probs[0], held.y, probs[1], test.y)
		if err != nil {
			return err
		}
		r.Metric(metricCascade, v.name, seed, right, "")
		r.Metric(metricDims, v.name, seed, dims, "")
	}
	for i, m := range digitSizes {
		probs, err := trainDigits(ctx, fit, mrl.Sizes{m}, false, seed, []split{test}, func(done float64) {
			progress((2+float64(i)+done)/runs, fmt.Sprintf("digits, %d dimensions alone", m))
		})
		if err != nil {
			return err
		}
		r.Metric(digitsAt(m), variantFF, seed, accuracy(probs[0][0], test.y), "")
	}
	return nil
}

// trainDigits trains a perceptron and returns the probabilities
// [split][size][example][class] of other images.
func trainDigits(ctx context.Context, fit split, sizes mrl.Sizes, efficient bool, seed uint64, others []split, progress func(done float64)) ([][][][]float32, error) {
	store := model.NewStore()
	if err := store.SetRNGStateFromSeed(int64(seed)); err != nil {
		return nil, err
	}
	logits := func(s *model.Scope, x *graph.Node) []*graph.Node {
		h := activation.Relu(layers.DenseWithBias(s.In("hidden"), x, 64))
		return mrl.Heads(s.In("heads"), layers.DenseWithBias(s.In("z"), h, sizes.Full()), sizes, 10, efficient)
	}
	step, err := train.NewStep(store, optimizer.Adam().LearningRate(3e-3).Done(), func(s *model.Scope, in []*graph.Node) *graph.Node {
		return mrl.CrossEntropy(logits(s, in[0]), in[1], nil)
	})
	if err != nil {
		return nil, err
	}
	loop := train.Loop{
		Examples: len(fit.y), Batch: 64, Epochs: 60, Rand: random.New(seed, 2500),
		Progress: func(done, _ float64) { progress(done) },
	}
	if err := loop.Run(ctx, func(rows []int) (float64, error) { return step.Call(fit.tensors(rows)...) }); err != nil {
		return nil, err
	}
	b, err := backend.Get()
	if err != nil {
		return nil, err
	}
	predict, err := model.NewExec(b, store, func(s *model.Scope, x *graph.Node) []*graph.Node {
		ps := logits(s, x)
		for i := range ps {
			ps[i] = graph.Softmax(ps[i], -1)
		}
		return ps
	})
	if err != nil {
		return nil, err
	}
	var probs [][][][]float32
	for _, o := range others {
		out, err := predict.Call(tensors.FromFlatDataAndDimensions(o.x, len(o.y), 64))
		if err != nil {
			return nil, err
		}
		var sizes [][][]float32
		for _, t := range out {
			sizes = append(sizes, t.Value().([][]float32))
		}
		probs = append(probs, sizes)
	}
	return probs, nil
}

func accuracy(probs [][]float32, y []int32) float64 {
	right := 0
	for i, p := range probs {
		best := 0
		for k := range p {
			if p[k] > p[best] {
				best = k
			}
		}
		if best == int(y[i]) {
			right++
		}
	}
	return float64(right) / float64(len(y))
}

// cascade learns thresholds on held-out images and returns its accuracy and mean
// size on the test images.
func cascade(held [][][]float32, heldY []int32, test [][][]float32, y []int32) (right, dims float64, err error) {
	classes := make([]int, len(heldY))
	for i, c := range heldY {
		classes[i] = int(c)
	}
	c, err := mrl.FitCascade(held, classes)
	if err != nil {
		return 0, 0, err
	}
	for i := range y {
		class, size := c.Classify(func(s int) []float32 { return test[s][i] })
		if class == int(y[i]) {
			right++
		}
		dims += float64(digitSizes[size])
	}
	return right / float64(len(y)), dims / float64(len(y)), nil
}

func checkDigits(r *lab.Run) {
	full := digitsAt(digitSizes.Full())
	for _, v := range []string{variantMRL, variantMRLE} {
		for _, m := range digitSizes[1:] {
			r.AtLeast(fmt.Sprintf("digits, %d dimensions: %s - trained at that size", m, v), r.Mean(digitsAt(m), v)-r.Mean(digitsAt(m), variantFF), -.02)
		}
		r.AtLeast(fmt.Sprintf("digits, cascade: %s - full size", v), r.Mean(metricCascade, v)-r.Mean(full, v), -.025)
		r.AtMost(fmt.Sprintf("digits, cascade: mean size of %s", v), r.Mean(metricDims, v), 8)
	}
	r.Note("At 2 dimensions the digits are beyond a shared vector: MRL %.3f, MRL-E %.3f, trained alone %.3f.", r.Mean(digitsAt(2), variantMRL), r.Mean(digitsAt(2), variantMRLE), r.Mean(digitsAt(2), variantFF))
}
