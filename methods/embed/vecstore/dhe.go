package vecstore

import (
	"math"
	"slices"

	"github.com/offprint/offprint/methods/mlp"
	"github.com/offprint/offprint/methods/random"
)

// deepHash is DHE, deep hash embeddings: no table at all, but a network on k
// hashes of the id,
//
//	v_j(x) = 2 (((a_j x + b_j) mod p_j) mod m) / (m - 1) - 1,   m = 10^6,
//	e(x) = W3 f(BN(W2 f(BN(W1 v + b1)) + b2)) + b3,   f(z) = z tanh(ln(1 + e^z)),
//
// with primes p_j above m, batch norms BN, and layers as wide as the budget
// allows. The paper has k = 1024 and five hidden layers; here k = 64 and two.
//
// The products are Go and no graph: a batch has another number of distinct ids
// each time, for which a graph would be compiled again or padded and masked.
type deepHash struct {
	dim, width int
	hash       []hashFunc
	layers     []*mlp.Layer
	norms      []*batchNorm
	decay      float64
	last       []int32       // of rows
	acts       []activations // of rows, which learn goes back through
}

type hashFunc struct{ a, b, p uint64 }

const (
	dheHashes = 64
	dheHidden = 2
	dheRange  = 1_000_000
)

func newDeepHash(s Spec) (scheme, error) {
	size := func(w int) int { // parameters, without the hashes
		return (dheHashes+1)*w + (dheHidden-1)*(w+1)*w + (w+1)*s.Dim + dheHidden*2*w
	}
	w := 0
	for size(w+1) <= s.floats() {
		w++
	}
	if w == 0 {
		return nil, errTooSmall(s)
	}
	rng := random.New(s.Seed, 0)
	t := &deepHash{dim: s.Dim, width: w, decay: s.Decay}
	for p := uint64(dheRange); len(t.hash) < dheHashes; p++ {
		if isPrime(p) {
			t.hash = append(t.hash, hashFunc{1 + rng.Uint64N(dheRange-1), 1 + rng.Uint64N(dheRange-1), p})
		}
	}
	in := dheHashes
	for k := range dheHidden + 1 {
		out := w
		if k == dheHidden {
			out = s.Dim
		} else {
			n, err := newBatchNorm(s, w)
			if err != nil {
				return nil, err
			}
			t.norms = append(t.norms, n)
		}
		l, err := mlp.NewLayer(in, out, rng)
		if err != nil {
			return nil, err
		}
		t.layers = append(t.layers, l)
		in = w
	}
	return t, nil
}

func isPrime(n uint64) bool {
	for d := uint64(2); d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return n > 1
}

// hashInputs are the inputs v of ids, [len(ids) x k].
func hashInputs(hash []hashFunc, ids []int32) []float32 {
	v := make([]float32, 0, len(ids)*len(hash))
	for _, x := range ids {
		for _, h := range hash {
			n := (h.a*uint64(x) + h.b) % h.p % dheRange
			v = append(v, 2*float32(n)/(dheRange-1)-1)
		}
	}
	return v
}

// activations are what the way back needs of a hidden layer, [n x width].
type activations struct {
	in       []float32 // [n x inputs]
	xhat     []float32 // normalised
	out, der []float32 // f and its derivative

	mean, variance, inv []float32 // [width], before; inv is 1 / deviation
}

// forward returns the rows of ids, normalised by their own means and deviations,
// and what it went through.
func (t *deepHash) forward(ids []int32) ([]float32, []activations) {
	in := hashInputs(t.hash, ids)
	acts := make([]activations, len(t.norms))
	for k, bn := range t.norms {
		a := &acts[k]
		a.in = in
		a.xhat = t.layers[k].Forward(nil, in)
		a.mean, a.variance = moments(a.xhat, t.width)
		a.inv = standardise(a.xhat, a.mean, a.variance)
		a.out, a.der = bn.affine(a.xhat), make([]float32, len(a.xhat))
		for i, z := range a.out {
			a.out[i], a.der[i] = mish(z)
		}
		in = a.out
	}
	return t.layers[len(t.norms)].Forward(nil, in), acts
}

func (t *deepHash) rows(ids []int32, out []float32) {
	rows, acts := t.forward(ids)
	copy(out, rows)
	t.last, t.acts = append(t.last[:0], ids...), acts
}

func (t *deepHash) learn(ids []int32, grad []float32, lr float64) {
	if !slices.Equal(ids, t.last) { // several look-ups make up this step
		_, t.acts = t.forward(ids)
	}
	t.backward(grad)
	for _, l := range t.layers {
		l.Step(lr, t.decay)
	}
	for _, bn := range t.norms {
		bn.gamma.step(lr)
		bn.beta.step(lr)
	}
	t.last, t.acts = t.last[:0], nil
}

// backward adds the gradients of all parameters for grad, that of the rows which
// t.acts is of.
func (t *deepHash) backward(grad []float32) {
	acts := t.acts
	g := t.layers[len(acts)].Backward(nil, acts[len(acts)-1].out, grad)
	for k := len(acts) - 1; k >= 0; k-- {
		a := acts[k]
		for i, d := range a.der {
			g[i] *= d
		}
		t.norms[k].follow(a.mean, a.variance)
		t.norms[k].backAffine(g, a.xhat)
		backNormalise(g, a.xhat, a.inv)
		g = t.layers[k].Backward(nil, a.in, g)
	}
}

func (t *deepHash) parameters() int {
	n := 0
	for _, l := range t.layers {
		n += 4 * (len(l.W) + len(l.B))
	}
	return n + 16*len(t.norms)*t.width // with the running values
}

func (t *deepHash) store() (reader, Size) {
	s := &hashNet{hash: t.hash}
	size := Size{Index: 24 * len(t.hash)}
	for k, l := range t.layers {
		c := &mlp.Layer{In: l.In, Out: l.Out, W: slices.Clone(l.W), B: slices.Clone(l.B)}
		if k < len(t.norms) {
			t.norms[k].foldInto(c)
		}
		s.layers = append(s.layers, c)
		size.Values += 4 * (len(c.W) + len(c.B))
	}
	return s, size
}

// hashNet is the network without its norms.
type hashNet struct {
	hash   []hashFunc
	layers []*mlp.Layer
}

func (s *hashNet) rows(ids []int32, out []float32) {
	const batch = 256
	for ; len(ids) > 0; ids = ids[min(batch, len(ids)):] {
		now := ids[:min(batch, len(ids))]
		h := hashInputs(s.hash, now)
		for k, l := range s.layers {
			h = l.Forward(nil, h)
			if k == len(s.layers)-1 {
				break
			}
			for j, v := range h {
				h[j], _ = mish(v)
			}
		}
		out = out[copy(out, h):]
	}
}

// mish is f(z) = z tanh(ln(1 + e^z)) and its derivative.
func mish(z float32) (f, der float32) {
	if z > 20 {
		return z, 1
	}
	e := float32(math.Exp(float64(z)))
	t := e * (e + 2) / (e*(e+2) + 2)
	return z * t, t + z*(1-t*t)*e/(1+e)
}
