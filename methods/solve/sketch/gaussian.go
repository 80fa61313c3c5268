package sketch

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// gaussian has independent entries N(0, 1/m). They are drawn anew for each
// application, a generator a column, so that it takes no memory.
type gaussian struct {
	n, m int
	seed uint64
}

// Gaussian draws a dense sketch with entries N(0, 1/m): what theory likes best,
// at m multiply-adds for each number of what it is applied to. Zeros cost none.
func Gaussian(n, m int, rng *rand.Rand) (Sketch, error) {
	if err := checkSize(n, m); err != nil {
		return nil, err
	}
	return &gaussian{n, m, rng.Uint64()}, nil
}

func (s *gaussian) Dims() (m, n int) { return s.m, s.n }

func (s *gaussian) MACs(c int) int64 { return int64(s.m) * int64(s.n) * int64(c) }

func (s *gaussian) Apply(a *mat.Dense) (*mat.Dense, error) {
	if err := checkRows(s.n, a); err != nil {
		return nil, err
	}
	_, c := a.Dims()
	sum := mat.NewDense(c, s.m, nil) // transposed: long rows
	column := make([]float64, s.m)
	scale := 1 / math.Sqrt(float64(s.m))
	var pcg rand.PCG
	rng := rand.New(&pcg)
	for i := range s.n {
		drawn := false
		for j, v := range a.RawRowView(i) {
			if v == 0 {
				continue
			}
			if !drawn {
				drawn = true
				pcg.Seed(s.seed, uint64(i))
				for k := range column {
					column[k] = scale * rng.NormFloat64()
				}
			}
			row := sum.RawRowView(j)
			for k, g := range column {
				row[k] += v * g
			}
		}
	}
	return mat.DenseCopyOf(sum.T()), nil
}
