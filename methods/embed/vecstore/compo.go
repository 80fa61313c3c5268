package vecstore

import "math"

// compo is CompoEmb, compositional embeddings by quotient and remainder: with
// the smallest c that meets the budget,
//
//	e(x) = Q[x div c] * R[x mod c]   (by elements),   Q [ceil(n/c) x d], R [c x d],
//
// which is different for all x. The first values are from N(0, sigma), so that
// products have the deviation sigma: at 0 a product has no gradient.
type compo struct {
	q, r *matrix
	c    int32
}

func newCompo(s Spec) (scheme, error) {
	n, err := s.rows()
	if err != nil {
		return nil, err
	}
	for c := 1; c < n; c++ {
		if (s.Rows+c-1)/c+c <= n {
			return newQuotientRemainder(s, c)
		}
	}
	return nil, errTooSmall(s)
}

func newQuotientRemainder(s Spec, c int) (*compo, error) {
	sd := math.Sqrt(s.InitStd)
	q, err := newMatrix(s, (s.Rows+c-1)/c, s.Dim, sd, 0)
	if err != nil {
		return nil, err
	}
	r, err := newMatrix(s, c, s.Dim, sd, 1)
	return &compo{q, r, int32(c)}, err
}

func (t *compo) read(x int32, out []float32) {
	q, r := t.q.row(x/t.c), t.r.row(x%t.c)
	for j := range out {
		out[j] = q[j] * r[j]
	}
}

func (t *compo) rows(ids []int32, out []float32) {
	for i, x := range ids {
		t.read(x, out[i*t.q.dim:(i+1)*t.q.dim])
	}
}

func (t *compo) learn(ids []int32, grad []float32, lr float64) {
	d := t.q.dim
	dq, dr := make([]float32, d), make([]float32, d)
	for i, x := range ids {
		q, r := t.q.row(x/t.c), t.r.row(x%t.c)
		for j, g := range grad[i*d : (i+1)*d] {
			dq[j], dr[j] = g*r[j], g*q[j]
		}
		t.q.opt.Add(x/t.c, 1, dq)
		t.r.opt.Add(x%t.c, 1, dr)
	}
	t.q.step(lr)
	t.r.step(lr)
}

func (t *compo) parameters() int { return t.q.bytes() + t.r.bytes() }

func (t *compo) store() (reader, Size) {
	return &compo{t.q.copyOf(), t.r.copyOf(), t.c}, Size{Values: t.parameters()}
}
