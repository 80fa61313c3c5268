package theory

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/lab"
	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/theory/pretrain"
)

// The mixture's part of the reproduction of pretraining: five Gaussians in 64
// dimensions, 4 apart, each with a value of y of its own.
const (
	mixtureK    = 5
	mixtureDim  = 64
	mixtureGap  = 4
	mixtureTest = 2000
	// mixtureDraws is how many samples of labels stand for each n, with each seed.
	mixtureDraws = 3
	// headRidge holds a head still where a component has no label.
	headRidge = .1
)

// mixtureTask is a mixture with the values of its components.
type mixtureTask struct {
	truth  *pretrain.Mixture
	values []float64
}

func newMixtureTask(rng *rand.Rand) mixtureTask {
	q := frame(mixtureDim, mixtureK, rng)
	q.Scale(mixtureGap/math.Sqrt2, q)
	return mixtureTask{&pretrain.Mixture{Means: mat.DenseCopyOf(q.T())}, normals(mixtureK, 1, rng)}
}

func (t mixtureTask) draw(n int, rng *rand.Rand) (x *mat.Dense, y []float64) {
	x, y = mat.NewDense(n, mixtureDim, normals(n*mixtureDim, 1, rng)), normals(n, math.Sqrt(labelNoise), rng)
	for i := range n {
		k := rng.IntN(mixtureK)
		y[i] += t.values[k]
		row := x.RawRowView(i)
		for j, v := range t.truth.Means.RawRowView(k) {
			row[j] += v
		}
	}
	return x, y
}

// excess is the mean squared distance of predictions from the best ones.
func excess(got, best []float64) float64 {
	sum := 0.
	for i, v := range got {
		sum += (v - best[i]) * (v - best[i])
	}
	return sum / float64(len(got))
}

// predictions are a head's for points.
func predictions(rep pretrain.Representation, h pretrain.Head, x *mat.Dense) []float64 {
	e := pretrain.Encode(rep, x)
	n, _ := x.Dims()
	out := make([]float64, n)
	for i := range out {
		out[i] = h.Predict(e.RawRowView(i))
	}
	return out
}

// withOne are points with a further coordinate that is 1.
func withOne(x *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	out := mat.NewDense(n, d+1, nil)
	out.Slice(0, n, 0, d).(*mat.Dense).Copy(x)
	for i := range n {
		out.Set(i, d, 1)
	}
	return out
}

func measureMixture(ctx context.Context, r *lab.Run, seed uint64) error {
	rng := random.New(seed, 1420)
	task := newMixtureTask(rng)
	test, _ := task.draw(mixtureTest, rng)
	best := predictions(task.truth, pretrain.Head{W: task.values}, test)
	most, _ := mixtureSizes.most()
	unlabelled, _ := task.draw(most, rng)
	learned := make([]*pretrain.Mixture, len(mixtureSizes.ms))
	for i, m := range mixtureSizes.ms {
		var err error
		if learned[i], err = pretrain.MixtureMLE(ctx, unlabelled.Slice(0, m, 0, mixtureDim).(*mat.Dense), mixtureK, 50, rng); err != nil {
			return err
		}
	}
	wide := withOne(test)
	for _, n := range mixtureSizes.ns {
		risks := map[string]float64{}
		pretrained := make([]float64, len(learned))
		for range mixtureDraws {
			x, y := task.draw(n, rng)
			head := func(rep pretrain.Representation) (float64, error) {
				h, err := pretrain.FitHead(rep, x, y, headRidge)
				if err != nil {
					return 0, err
				}
				return excess(predictions(rep, h, test), best) / mixtureDraws, nil
			}
			own, err := pretrain.MixtureMLE(ctx, x, mixtureK, 50, rng)
			if err != nil {
				return err
			}
			for name, rep := range map[string]pretrain.Representation{variantKnown: task.truth, variantLabelled: own} {
				e, err := head(rep)
				if err != nil {
					return err
				}
				risks[name] += e
			}
			for i, rep := range learned {
				e, err := head(rep)
				if err != nil {
					return err
				}
				pretrained[i] += e
			}
			paths, err := newRidge(withOne(x), y)
			if err != nil {
				return err
			}
			linear := func(penalty float64) float64 {
				var out mat.VecDense
				out.MulVec(wide, mat.NewVecDense(mixtureDim+1, paths.weights(penalty)))
				return excess(out.RawVector().Data, best) / mixtureDraws
			}
			least := math.Inf(1)
			for _, p := range penalties {
				least = min(least, linear(p))
			}
			risks[variantRidgeBest] += least
			risks[variantOLS] += linear(0)
		}
		for i, m := range mixtureSizes.ms {
			name := mixtureSizes.risk(m, n)
			r.Metric(name, variantPretrained, seed, pretrained[i], "")
			for _, v := range []string{variantKnown, variantRidgeBest, variantOLS, variantLabelled} {
				r.Metric(name, v, seed, risks[v], "")
			}
		}
	}
	return nil
}

func checkMixture(r *lab.Run) {
	m, most := mixtureSizes.most()
	for _, n := range mixtureSizes.ns {
		r.AtMost(fmt.Sprintf("mixture, m = %d, n = %d: pretrained over labels alone", m, n), mixtureSizes.overLabels(r, m, n), .5)
	}
	r.AtLeast(fmt.Sprintf("mixture, m = 64, n = %d: pretrained over labels alone, which win", most), mixtureSizes.overLabels(r, 64, most), 1.2)
}
