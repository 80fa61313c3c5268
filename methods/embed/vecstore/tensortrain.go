package vecstore

import (
	"math"

	"github.com/offprint/offprint/methods/vector"
)

// tensorTrain is TT-Rec: the table as a tensor in three cores. With
// n <= n0 n1 n2 and d = d0 d1 d2, and the largest rank r that meets the budget,
//
//	x = i0 + n0 (i1 + n1 i2),
//	e(x) = reshape( (G0[i0] G1[i1]) G2[i2] ),
//	G0[i0]: d0 x r,   G1[i1]: r x (d1 r),   G2[i2]: r x d2,
//
// where the product of the first two is read as (d0 d1) x r before the third.
// Entries of the cores are from N(0, (sigma^2/r^2)^(1/3)), which gives those of
// the table the variance sigma^2.
type tensorTrain struct {
	core [3]*matrix
	n, d [3]int
	r    int
}

func newTensorTrain(s Spec) (scheme, error) {
	n, d := ttShape(s.Rows, s.Dim)
	r := 0
	for (n[0]*d[0]+n[1]*d[1]*(r+1)+n[2]*d[2])*(r+1) <= s.floats() {
		r++
	}
	if r == 0 {
		return nil, errTooSmall(s)
	}
	return newTrain(s, n, d, r)
}

func newTrain(s Spec, n, d [3]int, r int) (*tensorTrain, error) {
	t := &tensorTrain{n: n, d: d, r: r}
	sd := math.Pow(s.InitStd*s.InitStd/float64(r*r), 1./6)
	for k, width := range []int{d[0] * r, r * d[1] * r, r * d[2]} {
		m, err := newMatrix(s, n[k], width, sd, uint64(k))
		if err != nil {
			return nil, err
		}
		t.core[k] = m
	}
	return t, nil
}

// ttShape splits rows and dimensions into three factors each: rows as evenly as
// it goes, dimensions by giving their prime factors to the last first.
func ttShape(rows, dim int) (n, d [3]int) {
	n[2] = int(math.Ceil(math.Cbrt(float64(rows))))
	n[1] = int(math.Ceil(math.Sqrt(float64(rows) / float64(n[2]))))
	n[0] = (rows + n[1]*n[2] - 1) / (n[1] * n[2])
	d = [3]int{1, 1, 1}
	at := 2
	for p := 2; dim > 1; p++ {
		for ; dim%p == 0; dim /= p {
			d[at] *= p
			at = (at + 2) % 3
		}
	}
	return n, d
}

func (t *tensorTrain) split(x int32) (i [3]int32) {
	n0, n1 := int32(t.n[0]), int32(t.n[1])
	return [3]int32{x % n0, x / n0 % n1, x / n0 / n1}
}

// compose sets mid [d0 d1 x r] and out [d] for an id.
func (t *tensorTrain) compose(x int32, mid, out []float32) {
	i := t.split(x)
	a, b, c := t.core[0].row(i[0]), t.core[1].row(i[1]), t.core[2].row(i[2])
	product(mid, a, b, t.r, t.d[1]*t.r)
	product(out, mid, c, t.r, t.d[2])
}

// product sets y [m x n] to a [m x k] times b [k x n].
func product(y, a, b []float32, k, n int) {
	clear(y)
	vector.MulAdd(y, a, b, k, n)
}

// backProduct adds a^T g to db [k x n], and sets da [m x k] to g b^T, for the
// product of a [m x k] and b [k x n] with the gradient g [m x n].
func backProduct(da, db, g, a, b []float32, k, n int) {
	vector.MulAddTrans(db, a, g, k, n)
	for i := range da {
		da[i] = vector.Dot(g[i/k*n:(i/k+1)*n], b[i%k*n:])
	}
}

func (t *tensorTrain) dim() int { return t.d[0] * t.d[1] * t.d[2] }

func (t *tensorTrain) rows(ids []int32, out []float32) {
	d := t.dim()
	mid := make([]float32, t.d[0]*t.d[1]*t.r)
	for i, x := range ids {
		t.compose(x, mid, out[i*d:(i+1)*d])
	}
}

func (t *tensorTrain) learn(ids []int32, grad []float32, lr float64) {
	d := t.dim()
	mid, dmid := make([]float32, t.d[0]*t.d[1]*t.r), make([]float32, t.d[0]*t.d[1]*t.r)
	var g [3][]float32
	for k, m := range t.core {
		g[k] = make([]float32, m.dim)
	}
	for k, x := range ids {
		i := t.split(x)
		a, b, c := t.core[0].row(i[0]), t.core[1].row(i[1]), t.core[2].row(i[2])
		product(mid, a, b, t.r, t.d[1]*t.r)
		clear(g[1])
		clear(g[2])
		backProduct(dmid, g[2], grad[k*d:(k+1)*d], mid, c, t.r, t.d[2])
		backProduct(g[0], g[1], dmid, a, b, t.r, t.d[1]*t.r)
		for j, m := range t.core {
			m.opt.Add(i[j], 1, g[j])
		}
	}
	for _, m := range t.core {
		m.step(lr)
	}
}

func (t *tensorTrain) parameters() int {
	return t.core[0].bytes() + t.core[1].bytes() + t.core[2].bytes()
}

func (t *tensorTrain) store() (reader, Size) {
	s := &tensorTrain{n: t.n, d: t.d, r: t.r}
	for k, m := range t.core {
		s.core[k] = m.copyOf()
	}
	return s, Size{Values: t.parameters()}
}
