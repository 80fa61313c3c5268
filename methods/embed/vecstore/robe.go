package vecstore

import (
	"math/rand/v2"

	"github.com/offprint/offprint/methods/random"
)

// robe is ROBE: all rows are read out of one circular array A of M numbers, in
// runs of w = d/Z, here with Z = 1 as in the study's runs. Number k = c w + o of
// row x is
//
//	e(x)_k = s(x, k) A[((a x + b c + e + o) mod P) mod M],
//	s(x, k) = 2 (((a' x + b' k + e') mod P) mod 2) - 1,
//
// with a prime P and random coefficients below it.
type robe struct {
	a    *matrix // one row
	g    []float32
	d, w int
	at   [3]uint64 // a, b, e
	sign [3]uint64 // a', b', e'
}

// robePrime is P.
const robePrime = 2038074743

func newRobe(s Spec) (scheme, error) { return newRuns(s, 1) }

func newRuns(s Spec, runs int) (*robe, error) {
	m := s.floats()
	if m < 1 {
		return nil, errTooSmall(s)
	}
	a, err := newMatrix(s, 1, m, s.InitStd, 0)
	if err != nil {
		return nil, err
	}
	rng := random.New(s.Seed, 1)
	return &robe{a: a, g: make([]float32, m), d: s.Dim, w: s.Dim / runs, at: coefficients(rng), sign: coefficients(rng)}, nil
}

func coefficients(rng *rand.Rand) (c [3]uint64) {
	for i := range c {
		c[i] = 1 + rng.Uint64N(robePrime-1)
	}
	return c
}

// each calls f with the place in the array of each number of a row, and its
// sign.
func (t *robe) each(x int32, f func(k, at int, sign float32)) {
	m := uint64(len(t.a.w))
	sign := (t.sign[0]*uint64(x) + t.sign[2]) % robePrime
	for k := range t.d {
		c, o := k/t.w, k%t.w
		at := (t.at[0]*uint64(x) + t.at[1]*uint64(c) + t.at[2] + uint64(o)) % robePrime % m
		f(k, int(at), float32(2*int((sign+t.sign[1]*uint64(k))%robePrime%2)-1))
	}
}

func (t *robe) read(x int32, out []float32) {
	t.each(x, func(k, at int, sign float32) { out[k] = sign * t.a.w[at] })
}

func (t *robe) rows(ids []int32, out []float32) {
	for i, x := range ids {
		t.read(x, out[i*t.d:(i+1)*t.d])
	}
}

func (t *robe) learn(ids []int32, grad []float32, lr float64) {
	clear(t.g)
	for i, x := range ids {
		g := grad[i*t.d:]
		t.each(x, func(k, at int, sign float32) { t.g[at] += sign * g[k] })
	}
	t.a.opt.Add(0, 1, t.g)
	t.a.step(lr)
}

func (t *robe) parameters() int { return t.a.bytes() }

func (t *robe) store() (reader, Size) {
	s := *t
	s.a, s.g = t.a.copyOf(), nil
	return &s, Size{Values: t.a.bytes(), Index: 8 * (len(t.at) + len(t.sign))}
}
