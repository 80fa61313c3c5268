// Package datamodel attributes a model's outputs to the examples that it was
// trained on: a linear function predicts what the outputs would be, had the model
// been trained on other examples. It is the first half of Attribute-to-Delete:
// Machine Unlearning via Datamodel Matching (2024, arXiv:2410.23232), whose second
// half is package unlearn; datamodels are of Ilyas and others (2022,
// arXiv:2202.00622).
//
// A training algorithm, run on random subsets S_t of n examples, each with a share
// alpha of them, gives outputs f(S_t), the logits of some inputs for instance.
// With the mask 1_t in {0,1}^n of a subset, each output has
//
//	f(S_t) ~ b + beta . 1_t,
//	beta = argmin 1/M sum_t (f(S_t) - b - beta . 1_t)^2 + lambda alpha (1 - alpha) |beta|^2,   (1)
//
// so that beta_i is how much example i adds to the output, and without the
// examples F the outputs of a model are
//
//	f(theta) - sum_{i in F} beta_i.                                         (2)
//
// All outputs share one Cholesky factor: with M_c, Z_c the masks and the outputs
// less their means, beta = (M_c^T M_c / M + lambda alpha (1 - alpha) I)^-1 M_c^T Z_c / M.
//
// A datamodel holds for one recipe of training and one set of examples, needs
// clearly more runs than examples ([Sample] makes them, side by side), and is exact
// where outputs are linear in the mask. Where F is most of what supports a class it
// fails. The penalty is chosen on held-out runs ([Validate]): too large a one
// shrinks every change.
//
// Difference from the paper: the penalty is a ridge, where the paper takes the
// LASSO of the datamodels' own paper, or features of gradients.
package datamodel

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/random"
)

// Trainer trains a model on the examples with these indices, which ascend, and
// returns its outputs on whatever inputs are of interest: always the same number
// of them in the same order. The seed decides all that is random. It may be called
// from several goroutines at a time.
type Trainer func(ctx context.Context, subset []int, seed uint64) ([]float64, error)

// Runs are models that were trained on subsets.
type Runs struct {
	Masks   *mat.Dense // [runs x examples]; 1 if the run had the example
	Outputs *mat.Dense // [runs x outputs]
}

// Masks returns masks [m x n] of subsets of round(alpha n) examples.
func Masks(n, m int, alpha float64, rng *rand.Rand) (*mat.Dense, error) {
	k := int(math.Round(alpha * float64(n)))
	if n < 1 || m < 1 || !(alpha > 0 && alpha < 1) || k < 1 || k >= n {
		return nil, fmt.Errorf("datamodel: %d subsets with a share %v of %d examples", m, alpha, n)
	}
	masks := mat.NewDense(m, n, nil)
	for t := range m {
		row := masks.RawRowView(t)
		for _, i := range random.Sample(rng, n, k) {
			row[i] = 1
		}
	}
	return masks, nil
}

// Sample trains m models on random shares alpha of n examples, as many at a time
// as there are cores. The seed decides the subsets and the models' seeds. Progress
// may be nil; it is told the share that is done.
func Sample(ctx context.Context, n, m int, alpha float64, seed uint64, train Trainer, progress func(done float64)) (*Runs, error) {
	masks, err := Masks(n, m, alpha, random.New(seed, 0))
	if err != nil {
		return nil, err
	}
	outputs := make([][]float64, m)
	var mu sync.Mutex
	done := 0
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for t := range m {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			var subset []int
			for i, in := range masks.RawRowView(t) {
				if in == 1 {
					subset = append(subset, i)
				}
			}
			out, err := train(ctx, subset, random.Mix(uint64(t), seed))
			if err != nil {
				return fmt.Errorf("run %d: %w", t, err)
			}
			outputs[t] = out
			mu.Lock()
			defer mu.Unlock()
			done++
			if progress != nil {
				progress(float64(done) / float64(m))
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	r := &Runs{masks, mat.NewDense(m, max(1, len(outputs[0])), nil)}
	for t, out := range outputs {
		if len(out) != len(outputs[0]) || len(out) == 0 {
			return nil, fmt.Errorf("datamodel: run %d has %d outputs, and run 0 has %d", t, len(out), len(outputs[0]))
		}
		r.Outputs.SetRow(t, out)
	}
	return r, r.check()
}

func (r *Runs) check() error {
	m, n := r.Masks.Dims()
	if k, _ := r.Outputs.Dims(); k != m {
		return fmt.Errorf("datamodel: %d masks for the outputs of %d runs", m, k)
	}
	if m < 2 {
		return fmt.Errorf("datamodel: %d run", m)
	}
	for t := range m {
		for i := range n {
			if v := r.Masks.At(t, i); v != 0 && v != 1 {
				return fmt.Errorf("datamodel: run %d has %v in the mask of example %d", t, v, i)
			}
		}
		for k, v := range r.Outputs.RawRowView(t) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("datamodel: output %d of run %d is %v", k, t, v)
			}
		}
	}
	return nil
}

// some are the runs with these indices.
func (r *Runs) some(runs []int) *Runs {
	pick := func(from *mat.Dense) *mat.Dense {
		_, cols := from.Dims()
		out := mat.NewDense(len(runs), cols, nil)
		for i, t := range runs {
			out.SetRow(i, from.RawRowView(t))
		}
		return out
	}
	return &Runs{pick(r.Masks), pick(r.Outputs)}
}

// Datamodel predicts outputs from the examples that a model is trained on.
type Datamodel struct {
	Beta *mat.Dense // [examples x outputs]: what each example adds to each output
	Bias []float64  // [outputs], without any example
}

// Fit fits equation 1. Lambda may be 0 if there are more runs than examples and
// the masks are independent.
func Fit(runs *Runs, lambda float64) (*Datamodel, error) {
	if err := runs.check(); err != nil {
		return nil, err
	}
	f, err := newFit(runs)
	if err != nil {
		return nil, err
	}
	return f.solve(lambda)
}

// fit is what fits with several penalties share.
type fit struct {
	gram            *mat.SymDense // M_c^T M_c / M
	cross           *mat.Dense    // M_c^T Z_c / M
	maskMean, zMean []float64
	variance        float64 // alpha (1 - alpha)
}

func newFit(runs *Runs) (*fit, error) {
	m, n := runs.Masks.Dims()
	masks, maskMean := centred(runs.Masks)
	z, zMean := centred(runs.Outputs)
	f := &fit{mat.NewSymDense(n, nil), &mat.Dense{}, maskMean, zMean, 0}
	f.gram.SymOuterK(1/float64(m), masks.T())
	f.cross.Mul(masks.T(), z)
	f.cross.Scale(1/float64(m), f.cross)
	alpha := 0.
	for _, v := range maskMean {
		alpha += v / float64(n)
	}
	if f.variance = alpha * (1 - alpha); f.variance == 0 {
		return nil, fmt.Errorf("datamodel: all runs had the same examples")
	}
	return f, nil
}

func (f *fit) solve(lambda float64) (*Datamodel, error) {
	if lambda < 0 || math.IsNaN(lambda) {
		return nil, fmt.Errorf("datamodel: a penalty of %v", lambda)
	}
	n := f.gram.SymmetricDim()
	a := mat.NewSymDense(n, nil)
	a.CopySym(f.gram)
	for i := range n {
		a.SetSym(i, i, a.At(i, i)+lambda*f.variance)
	}
	var chol mat.Cholesky
	if !chol.Factorize(a) {
		return nil, fmt.Errorf("datamodel: the masks of the runs do not determine %d examples: more runs or a larger penalty", n)
	}
	d := &Datamodel{&mat.Dense{}, slices.Clone(f.zMean)}
	if err := chol.SolveTo(d.Beta, f.cross); err != nil {
		return nil, fmt.Errorf("datamodel: the masks of the runs hardly determine %d examples: %w", n, err)
	}
	for i, p := range f.maskMean {
		for k, v := range d.Beta.RawRowView(i) {
			d.Bias[k] -= p * v
		}
	}
	return d, nil
}

// centred returns m less the means of its columns.
func centred(m *mat.Dense) (*mat.Dense, []float64) {
	rows, cols := m.Dims()
	mean := make([]float64, cols)
	for i := range rows {
		for j, v := range m.RawRowView(i) {
			mean[j] += v / float64(rows)
		}
	}
	out := mat.DenseCopyOf(m)
	for i := range rows {
		row := out.RawRowView(i)
		for j := range row {
			row[j] -= mean[j]
		}
	}
	return out, mean
}

// Validate returns, for each penalty, the share of the outputs' variance that is
// predicted for runs that were left out of the fit, in so many folds, at least 2.
// The best penalty is the one to [Fit] with. A part of the outputs, a slice of the
// columns, is enough to tell.
func Validate(ctx context.Context, runs *Runs, lambdas []float64, folds int) ([]float64, error) {
	if err := runs.check(); err != nil {
		return nil, err
	}
	m, _ := runs.Masks.Dims()
	if folds < 2 || m/folds < 1 || len(lambdas) == 0 {
		return nil, fmt.Errorf("datamodel: %d folds of %d runs, for %d penalties", folds, m, len(lambdas))
	}
	wrong, all := make([]float64, len(lambdas)), 0.
	for fold := range folds {
		var in, out []int
		for t := range m {
			if t%folds == fold {
				out = append(out, t)
			} else {
				in = append(in, t)
			}
		}
		f, err := newFit(runs.some(in))
		if err != nil {
			return nil, err
		}
		held := runs.some(out)
		for i := range out {
			for k, v := range held.Outputs.RawRowView(i) {
				all += (v - f.zMean[k]) * (v - f.zMean[k])
			}
		}
		for l, lambda := range lambdas {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			d, err := f.solve(lambda)
			if err != nil {
				return nil, err
			}
			var p mat.Dense
			p.Mul(held.Masks, d.Beta)
			for i := range out {
				for k, v := range held.Outputs.RawRowView(i) {
					e := v - d.Bias[k] - p.At(i, k)
					wrong[l] += e * e
				}
			}
		}
	}
	for l := range wrong {
		wrong[l] = 1 - wrong[l]/all
	}
	return wrong, nil
}

// Removed returns the sum of beta over the examples with the indices forget, for
// each output: what equation 2 takes off.
func (d *Datamodel) Removed(forget []int) ([]float64, error) {
	n, outputs := d.Beta.Dims()
	sum := make([]float64, outputs)
	for _, i := range forget {
		if i < 0 || i >= n {
			return nil, fmt.Errorf("datamodel: example %d of %d", i, n)
		}
		for k, v := range d.Beta.RawRowView(i) {
			sum[k] += v
		}
	}
	return sum, nil
}

// Predict returns the outputs of a model that is trained on the examples with the
// indices subset.
func (d *Datamodel) Predict(subset []int) ([]float64, error) {
	out, err := d.Removed(subset)
	if err != nil {
		return nil, err
	}
	for k, b := range d.Bias {
		out[k] += b
	}
	return out, nil
}

// Causes returns the k examples that add most to an output, largest first: those
// that made the model say so.
func (d *Datamodel) Causes(output, k int) ([]int, error) {
	n, outputs := d.Beta.Dims()
	if output < 0 || output >= outputs {
		return nil, fmt.Errorf("datamodel: output %d of %d", output, outputs)
	}
	return eval.Top(mat.Col(make([]float64, n), output, d.Beta), k, nil), nil
}
