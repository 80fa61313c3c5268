package permlearn

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
)

// MaxBits is the most for which all inputs are gone through.
const MaxBits = 16

// Net is a two-layer network without biases, f(x) = A relu(W x / sqrt(k)) / sqrt(m).
// Weights of a bit lie together: row i of W has what the m units take from input
// bit i, row c of A what output bit c takes from the units.
type Net struct {
	W, A     []float64 // [k x m]
	K, Width int
	Residual float64 // largest error on the unit vectors after training
	hidden   []float64
}

// NewNet draws the weights of an untrained network.
func NewNet(k, width int, rng *rand.Rand) (*Net, error) {
	if k < 2 || width < 1 {
		return nil, fmt.Errorf("permlearn: a network of width %d on %d bits", width, k)
	}
	n := &Net{W: make([]float64, k*width), A: make([]float64, k*width), K: k, Width: width, hidden: make([]float64, width), Residual: math.NaN()}
	for i := range n.W {
		n.W[i], n.A[i] = rng.NormFloat64(), rng.NormFloat64()
	}
	return n, nil
}

// Train draws a network and trains it by gradient descent on the unit vectors,
// e_i -> e_perm[i], until no output is off by more than tol or maxSteps are done.
// The step is the largest that is safe for the slowest way to converge: 40 to 100
// steps do for a tol of 1e-8.
//
// On 6 bits and 1,000 units a step is 0.1 million multiply-adds, all of them dot
// products and sums of long rows: too few for a graph to pay.
func Train(ctx context.Context, perm []int, width int, kernel Kernel, maxSteps int, tol float64, rng *rand.Rand) (*Net, error) {
	k := len(perm)
	seen := make([]bool, k)
	for _, to := range perm {
		if to < 0 || to >= k || seen[to] {
			return nil, fmt.Errorf("permlearn: %v is not a permutation", perm)
		}
		seen[to] = true
	}
	l, err := NewLimit(k, kernel)
	if err != nil {
		return nil, err
	}
	n, err := NewNet(k, width, rng)
	if err != nil {
		return nil, err
	}
	rate := float64(k) / (l.diagonal() + float64(k)*beta)
	t := newTraining(n)
	for range maxSteps {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if n.Residual = t.errors(perm); n.Residual <= tol {
			return n, nil
		}
		t.gradients()
		floats.AddScaled(n.A, -rate, t.dA)
		if kernel == NTK {
			floats.AddScaled(n.W, -rate, t.dW)
		}
	}
	n.Residual = t.errors(perm)
	return n, nil
}

// training is room for the steps.
type training struct {
	*Net
	relu, dA, dW []float64 // [k x m]
	e            []float64 // [k x k], input by output
}

func newTraining(n *Net) *training {
	return &training{Net: n, relu: make([]float64, len(n.W)), dA: make([]float64, len(n.A)), dW: make([]float64, len(n.W)), e: make([]float64, n.K*n.K)}
}

// errors has the outputs for the unit vectors less what they should be, and
// returns the largest.
func (t *training) errors(perm []int) float64 {
	for i, w := range t.W { // a unit vector takes its row of W
		t.relu[i] = max(0, w)
	}
	scale := 1 / math.Sqrt(float64(t.K)*float64(t.Width))
	largest := 0.
	for i := range t.K {
		for c := range t.K {
			e := scale * floats.Dot(t.row(t.relu, i), t.row(t.A, c))
			if perm[i] == c {
				e--
			}
			t.e[i*t.K+c] = e
			largest = max(largest, math.Abs(e))
		}
	}
	return largest
}

// gradients are those of half the sum of squared errors.
func (t *training) gradients() {
	clear(t.dA)
	clear(t.dW)
	scale := 1 / math.Sqrt(float64(t.K)*float64(t.Width))
	for i := range t.K {
		dw := t.row(t.dW, i)
		for c := range t.K {
			e := scale * t.e[i*t.K+c]
			floats.AddScaled(t.row(t.dA, c), e, t.row(t.relu, i))
			floats.AddScaled(dw, e, t.row(t.A, c))
		}
		for j, v := range t.row(t.relu, i) {
			if v == 0 {
				dw[j] = 0
			}
		}
	}
}

func (n *Net) row(m []float64, i int) []float64 { return m[i*n.Width : (i+1)*n.Width] }

// Apply writes f(x) to out, both [k]. The theory is for x of length 1.
func (n *Net) Apply(x, out []float64) error {
	if len(x) != n.K || len(out) != n.K {
		return fmt.Errorf("permlearn: %d inputs and %d outputs for a network of %d bits", len(x), len(out), n.K)
	}
	clear(n.hidden)
	for i, v := range x {
		if v != 0 {
			floats.AddScaled(n.hidden, v, n.row(n.W, i))
		}
	}
	for j, v := range n.hidden {
		n.hidden[j] = max(0, v)
	}
	scale := 1 / math.Sqrt(float64(n.K)*float64(n.Width))
	for c := range out {
		out[c] = scale * floats.Dot(n.hidden, n.row(n.A, c))
	}
	return nil
}

// Outputs are those for all nonzero inputs [2^k-1 x k]: row s-1 is that of the
// input whose bit i is set if bit i of s is, scaled to length 1.
func (n *Net) Outputs() ([]float64, error) {
	if n.K > MaxBits {
		return nil, fmt.Errorf("permlearn: all inputs of %d bits: %d will do", n.K, MaxBits)
	}
	out := make([]float64, (1<<n.K-1)*n.K)
	x := make([]float64, n.K)
	for s := 1; s < 1<<n.K; s++ {
		length := math.Sqrt(float64(bits.OnesCount(uint(s))))
		for i := range x {
			x[i] = float64(s>>i&1) / length
		}
		if err := n.Apply(x, out[(s-1)*n.K:s*n.K]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
