package pretrain

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/cluster"
)

// Mixture is a mixture of Gaussians of equal weight and unit variance in each
// direction. Its features are the probabilities of the components given a point,
// which sum to 1.
type Mixture struct {
	Means *mat.Dense // [K x d]; the order is any
}

// Dim implements [Representation].
func (m *Mixture) Dim() int {
	k, _ := m.Means.Dims()
	return k
}

// Encode implements [Representation].
func (m *Mixture) Encode(dst, x []float64) {
	for k := range dst {
		dist := floats.Distance(x, m.Means.RawRowView(k), 2)
		dst[k] = -dist * dist / 2
	}
	norm := floats.LogSumExp(dst)
	for k, v := range dst {
		dst[k] = math.Exp(v - norm)
	}
}

// LogLikelihood is the mean over points x [m x d], but for a constant.
func (m *Mixture) LogLikelihood(x *mat.Dense) float64 {
	n, _ := x.Dims()
	logs := make([]float64, m.Dim())
	sum := 0.
	for i := range n {
		for k := range logs {
			dist := floats.Distance(x.RawRowView(i), m.Means.RawRowView(k), 2)
			logs[k] = -dist * dist / 2
		}
		sum += floats.LogSumExp(logs) - math.Log(float64(len(logs)))
	}
	return sum / float64(n)
}

// MixtureMLE fits k components to points x [m x d] by at most iters iterations of
// expectation and maximisation, from the best of four k-means. Components that
// are some 4 standard deviations apart are found; closer ones may not be.
func MixtureMLE(ctx context.Context, x *mat.Dense, k, iters int, rng *rand.Rand) (*Mixture, error) {
	m, d, err := points(x)
	if err != nil {
		return nil, err
	}
	if k < 1 || k > m || iters < 0 {
		return nil, fmt.Errorf("pretrain: %d components of %d points in %d iterations", k, m, iters)
	}
	flat := make([]float32, 0, m*d)
	for i := range m {
		for _, v := range x.RawRowView(i) {
			flat = append(flat, float32(v))
		}
	}
	var start *cluster.KMeans
	for range 4 {
		c, err := cluster.Fit(ctx, flat, d, k, 20, rng)
		if err != nil {
			return nil, err
		}
		if start == nil || c.Inertia < start.Inertia {
			start = c
		}
	}
	out := &Mixture{Means: mat.NewDense(k, d, nil)}
	for i, v := range start.Centres {
		out.Means.RawMatrix().Data[i] = float64(v)
	}
	sums, mass, p := mat.NewDense(k, d, nil), make([]float64, k), make([]float64, k)
	for range iters {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		sums.Zero()
		clear(mass)
		for i := range m {
			row := x.RawRowView(i)
			out.Encode(p, row)
			for c, w := range p {
				if w > 1e-12 {
					mass[c] += w
					floats.AddScaled(sums.RawRowView(c), w, row)
				}
			}
		}
		moved := 0.
		for c := range k {
			if mass[c] < 1e-9 { // nobody's: stays where it is
				continue
			}
			row := sums.RawRowView(c)
			floats.Scale(1/mass[c], row)
			moved = max(moved, floats.Distance(row, out.Means.RawRowView(c), math.Inf(1)))
			copy(out.Means.RawRowView(c), row)
		}
		if moved < 1e-6 {
			break
		}
	}
	return out, nil
}
