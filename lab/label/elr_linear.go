package label

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// The linear model of the paper's theory: x = s v + sigma g with the true label
// s = +-1, |v| = 1 and g ~ N(0, I), in more dimensions than there are points, of
// which a share has the other label. It is fitted by gradient descent on the
// logistic loss from 0.
const (
	linearPoints  = 500
	linearDim     = 1000
	linearSigma   = .25
	linearFlipped = .3
	linearRate    = .5
)

// linearSteps are those after which the model is looked at.
var linearSteps = []int{1, 3, 10, 30, 100, 300}

func linearRight(step int) string {
	return fmt.Sprintf("linear model, wrong labels corrected after %d steps", step)
}

func linearCosine(step int) string {
	return fmt.Sprintf("linear model, cosine of step %d with the truth", step)
}

func (r *elrRun) linear(ctx context.Context, seed uint64) error {
	rng := random.New(seed, 473)
	x := mat.NewDense(linearPoints, linearDim, nil)
	truth, given := make([]float64, linearPoints), make([]float64, linearPoints)
	for i := range truth {
		truth[i] = 1
		if rng.IntN(2) == 0 {
			truth[i] = -1
		}
		given[i] = truth[i]
		if rng.Float64() < linearFlipped {
			given[i] = -truth[i]
		}
		row := x.RawRowView(i)
		for j := range row {
			row[j] = linearSigma * rng.NormFloat64()
		}
		row[0] += truth[i] // v is the first direction: all others are alike
	}
	w := mat.NewVecDense(linearDim, nil)
	var margin, step mat.VecDense
	pull := mat.NewVecDense(linearPoints, nil)
	for k := 1; k <= slices.Max(linearSteps); k++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		margin.MulVec(x, w)
		for i, y := range given {
			pull.SetVec(i, y/(1+math.Exp(y*margin.AtVec(i)))/linearPoints)
		}
		step.MulVec(x.T(), pull)
		w.AddScaledVec(w, linearRate, &step)
		if !slices.Contains(linearSteps, k) {
			continue
		}
		margin.MulVec(x, w)
		flipped, right := 0., 0.
		for i, s := range truth {
			if given[i] != s {
				flipped++
				if margin.AtVec(i)*s > 0 {
					right++
				}
			}
		}
		r.Metric(linearRight(k), linearModel, seed, right/flipped, "")
		r.Metric(linearCosine(k), linearModel, seed, step.AtVec(0)/mat.Norm(&step, 2), "")
	}
	return nil
}

const linearModel = "logistic regression"
