package invariance_test

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/theory/invariance"
)

// A cause x0, the target, and an effect x1 that predicts it better, but whose
// tie to it changes from environment to environment: only the cause stays.
func ExampleLearn() {
	model := invariance.SEM{
		Theta: mat.NewDense(3, 3, []float64{
			0, 0, 0,
			1, 0, 0, // y = x0 + noise
			0, 2, 0, // x1 = 2y + noise
		}),
		NoiseVar: []float64{1, 1, 1},
		Target:   1,
	}
	family := invariance.Family{Sites: []int{0, 1}, WeightRange: 2, VarLo: .5, VarHi: 2}
	drawn, err := model.Draw(family, 12, random.New(1, 0))
	if err != nil {
		fmt.Println(err)
		return
	}
	envs, err := invariance.Environments(drawn)
	if err != nil {
		fmt.Println(err)
		return
	}
	class, err := invariance.Candidates(context.Background(), envs[:4], 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	kept, err := invariance.Learn(context.Background(), class, envs[4:], .1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range kept {
		fmt.Printf("covariates %v, weights %.2f, risk %.2f\n", p.Subset, p.W, p.Risk)
	}
	// Output: covariates [0], weights [1.00], risk 1.00
}
