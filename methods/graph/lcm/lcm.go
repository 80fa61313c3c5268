// Package lcm aggregates sets of vectors with a learned binary operator (Learnable
// Commutative Monoids for Graph Neural Networks, 2022, arXiv:2212.08541): the
// operator is commutative by construction and associative by training, and is
// applied in a balanced binary tree. It counts and compares as a recurrent
// network does, in ceil(log2 n) steps that wait for each other in place of n.
//
// The operator is made of a GRU cell with the input a and the state b, in R^d,
//
//	r = sig(W_ir a + b_ir + W_hr b + b_hr)
//	z = sig(W_iz a + b_iz + W_hz b + b_hz)
//	c = tanh(W_in a + b_in + r (W_hn b + b_hn))
//	G(a, b) = (1 - z) c + z b                                               (1)
//	a + b   = (G(a, b) + G(b, a)) / 2                                       (2)
//
// ([GRU.Binary]). A set is folded level by level: positions 0 and 1, 2 and 3, ...
// are joined, and an odd last element is carried to the next level ([Fold]).
// Associativity is soft,
//
//	L = mean |(a + b) + c - a + (b + c)|^2                                  (3)
//
// ([Associativity]), or comes of giving each set in another order at each step of
// training, which costs nothing. What is folded is therefore commutative at each
// node of the tree, but not invariant to the order of the set: it only comes near.
// Give the elements in a fixed order where a result must be reproduced.
//
// The rival is the cell itself, one element after the other ([Recurrent]):
// s_t = G(x_t, s_{t-1}), s_0 = 0.
//
// Each function returns its result and a function that goes back, once: from the
// gradient of the result it returns that of the arguments, and adds those of the
// weights to the cell's layers. Sets of any sizes are folded together, level by
// level, without padding. In a GoMLX graph they need padding and a graph for each
// size, and a step takes several times as long, for tanh and the many small nodes
// (see BenchmarkStep).
//
// Differences from the paper: none in the operator; the identity element is not
// learned: an empty set gives 0.
package lcm

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/offprint/offprint/methods/mlp"
)

// Op is a binary operator on the rows of a and b [rows x d], of the same number.
// Back takes the gradient of the result [rows x d] and returns those of a and b; it
// is called once at most.
type Op func(a, b []float32) (out []float32, back func(dout []float32) (da, db []float32))

// GRU is the cell of equation 1. It is for one goroutine at a time.
type GRU struct {
	Dim   int
	Input *mlp.Layer // to r, z and c, [Dim x 3 Dim]
	State *mlp.Layer

	free [][]float32 // room of calls that have gone back
}

// NewGRU returns a cell with weights and biases from the uniform distribution on
// +-1/sqrt(dim).
func NewGRU(dim int, rng *rand.Rand) (*GRU, error) {
	in, err := mlp.NewLayer(dim, 3*dim, rng)
	if err != nil {
		return nil, fmt.Errorf("lcm: %w", err)
	}
	state, err := mlp.NewLayer(dim, 3*dim, rng)
	if err != nil {
		return nil, fmt.Errorf("lcm: %w", err)
	}
	return &GRU{Dim: dim, Input: in, State: state}, nil
}

// room returns n numbers of any value: most of the memory of training would be
// garbage after each step otherwise.
func (g *GRU) room(n int) []float32 {
	for i := len(g.free) - 1; i >= 0; i-- {
		if r := g.free[i]; cap(r) >= n {
			g.free = slices.Delete(g.free, i, i+1)
			return r[:n]
		}
	}
	return make([]float32, n)
}

// Cell is equation 1, an [Op] that is not commutative.
func (g *GRU) Cell(a, b []float32) (out []float32, back func([]float32) (da, db []float32)) {
	d := g.Dim
	gates := g.Input.Forward(g.room(3*len(a)), a) // r, z and c of each row
	state := g.State.Forward(g.room(3*len(b)), b)
	out = make([]float32, len(a))
	for i := range len(a) / d {
		p, q := gates[3*i*d:3*(i+1)*d], state[3*i*d:3*(i+1)*d]
		h, y := b[i*d:(i+1)*d], out[i*d:(i+1)*d]
		for j := range y {
			r, z := sigmoid(p[j]+q[j]), sigmoid(p[d+j]+q[d+j])
			c := 2*sigmoid(2*(p[2*d+j]+r*q[2*d+j])) - 1 // tanh
			p[j], p[d+j], p[2*d+j] = r, z, c
			y[j] = (1-z)*c + z*h[j]
		}
	}
	return out, func(dout []float32) (da, db []float32) {
		dGates, dState, direct := g.room(len(gates)), g.room(len(gates)), g.room(len(b))
		for i := range len(a) / d {
			p, q := gates[3*i*d:3*(i+1)*d], state[3*i*d:3*(i+1)*d]
			dp, dq := dGates[3*i*d:3*(i+1)*d], dState[3*i*d:3*(i+1)*d]
			h, dy := b[i*d:(i+1)*d], dout[i*d:(i+1)*d]
			for j, v := range dy {
				r, z, c := p[j], p[d+j], p[2*d+j]
				dc := v * (1 - z) * (1 - c*c)
				dr := dc * q[2*d+j] * r * (1 - r)
				dz := v * (h[j] - c) * z * (1 - z)
				dp[j], dp[d+j], dp[2*d+j] = dr, dz, dc
				dq[j], dq[d+j], dq[2*d+j] = dr, dz, dc*r
				direct[i*d+j] = v * z
			}
		}
		da, db = g.Input.Backward(nil, a, dGates), g.State.Backward(nil, b, dState)
		for i, v := range direct {
			db[i] += v
		}
		g.free = append(g.free, gates, state, dGates, dState, direct)
		return da, db
	}
}

// Binary is equation 2, the commutative [Op].
func (g *GRU) Binary(a, b []float32) (out []float32, back func([]float32) (da, db []float32)) {
	n := len(a)
	both, backBoth := g.Cell(slices.Concat(a, b), slices.Concat(b, a))
	out = make([]float32, n)
	for i := range out {
		out[i] = (both[i] + both[n+i]) / 2
	}
	return out, func(dout []float32) (da, db []float32) {
		half := make([]float32, 2*n)
		for i, v := range dout {
			half[i], half[n+i] = v/2, v/2
		}
		dInput, dState := backBoth(half)
		da, db = dInput[:n:n], dInput[n:]
		for i := range da {
			da[i] += dState[n+i]
			db[i] += dState[i]
		}
		return da, db
	}
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

// Depth is how many times an operator is applied one after the other in the fold
// of n elements: ceil(log2 n), and 0 for none.
func Depth(n int) int {
	if n < 1 {
		return 0
	}
	return bits.Len(uint(n - 1))
}

// Back goes back through an aggregation: from the gradient of the results [sets x
// d] to that of the elements.
type Back func(dout []float32) (dx []float32)

// check tells whether x [elements x d] has the elements of sets of these sizes.
func check(x []float32, d int, sizes []int) error {
	total := 0
	for _, n := range sizes {
		if n < 0 {
			return fmt.Errorf("lcm: a set of %d elements", n)
		}
		total += n
	}
	if d < 1 || len(x) != total*d {
		return fmt.Errorf("lcm: %d numbers for %d elements of %d", len(x), total, d)
	}
	return nil
}
