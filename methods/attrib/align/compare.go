package align

import (
	"context"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
)

// Ridge is the penalty of [Compare]'s prediction from all units. Without any, a
// unit that hardly ever acts on the inputs of the fit can spoil the others.
const Ridge = 1e-3

// Options are the choices of [Compare].
type Options struct {
	Sizes []int  // how many units of A may predict one of B, ascending; nil stands for 1, 2, 4, 8
	Seed  uint64 // of the rotation and the order
}

// Report says what two networks share. The lists have one value for each live
// unit of A, largest first.
type Report struct {
	Bipartite []float64 // correlations of the one-to-one match
	Semi      []float64 // of the best partners
	Rotated   []float64 // of the one-to-one match with a rotation of B
	Null      []float64 // of the one-to-one match with B on other inputs

	Sizes []int
	R2    []float64 // for each size, of the units of B, mean
	All   float64   // from all units of A
}

// Compare matches and predicts on the activations fitA [n x s1] and fitB [n x
// s2], and reports on testA [m x s1] and testB [m x s2], which are of other
// inputs. Units that are dead in the first are left out.
func Compare(ctx context.Context, fitA, fitB, testA, testB *mat.Dense, opts Options) (*Report, error) {
	if err := check(fitA, fitB); err != nil {
		return nil, err
	}
	if err := check(testA, testB); err != nil {
		return nil, err
	}
	if opts.Sizes == nil {
		opts.Sizes = []int{1, 2, 4, 8}
	}
	fit, test := [2]*mat.Dense{fitA, fitB}, [2]*mat.Dense{testA, testB}
	for i := range fit {
		_, s := fit[i].Dims()
		if _, t := test[i].Dims(); t != s {
			return nil, fmt.Errorf("align: %d units to choose by and %d to report on", s, t)
		}
		live, err := Live(fit[i])
		if err != nil {
			return nil, err
		}
		if len(live) == 0 {
			return nil, fmt.Errorf("align: all %d units are dead", s)
		}
		fit[i], test[i] = Units(fit[i], live), Units(test[i], live)
	}

	r := &Report{Sizes: slices.Clone(opts.Sizes)}
	var err error
	if r.Bipartite, r.Semi, err = matches(fit[0], fit[1], test[0], test[1]); err != nil {
		return nil, err
	}
	turned := func(b *mat.Dense) *mat.Dense { return Rotate(b, random.New(opts.Seed, 0)) }
	if r.Rotated, _, err = matches(fit[0], turned(fit[1]), test[0], turned(test[1])); err != nil {
		return nil, err
	}
	rng := random.New(opts.Seed, 1)
	if r.Null, _, err = matches(fit[0], Shuffle(fit[1], rng), test[0], Shuffle(test[1], rng)); err != nil {
		return nil, err
	}
	few, err := Greedy(ctx, fit[0], fit[1], opts.Sizes)
	if err != nil {
		return nil, err
	}
	all, err := LeastSquares(fit[0], fit[1], Ridge)
	if err != nil {
		return nil, err
	}
	for _, l := range append(few, all) {
		r2, err := l.R2(test[0], test[1])
		if err != nil {
			return nil, err
		}
		r.R2 = append(r.R2, mean(r2))
	}
	r.All, r.R2 = r.R2[len(few)], r.R2[:len(few)]
	return r, nil
}

// matches returns the correlations on test inputs of the two matches that are
// chosen on others, largest first.
func matches(fitA, fitB, testA, testB *mat.Dense) (bipartite, semi []float64, err error) {
	choose, err := Correlate(fitA, fitB)
	if err != nil {
		return nil, nil, err
	}
	report, err := Correlate(testA, testB)
	if err != nil {
		return nil, nil, err
	}
	match, _, err := Bipartite(choose)
	if err != nil {
		return nil, nil, err
	}
	bipartite, semi = Matched(report, match), Matched(report, Semi(choose))
	for _, v := range [][]float64{bipartite, semi} {
		slices.Sort(v)
		slices.Reverse(v)
	}
	return bipartite, semi, nil
}

func mean(x []float64) float64 {
	sum := 0.
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
