package dcdm_test

import (
	"context"
	"fmt"

	"github.com/offprint/offprint/methods/solve/dcdm"
)

// A heat source in the middle of a plate, solved with the preconditioner of
// multigrid as the one who proposes directions.
func ExampleSolve() {
	const n = 64
	p, err := dcdm.NewPoisson(n, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	b := make([]float64, n*n)
	b[n/2*n+n/2] = 1
	f, err := dcdm.NewMultigrid(p)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := dcdm.Solve(context.Background(), p, b, f, 2, dcdm.Stop{Tol: 1e-6})
	fmt.Println(r.Converged, r.Iterations() < 20, err)
	// Output: true true <nil>
}
