package vecstore

import (
	"math"
	"slices"

	"github.com/offprint/offprint/methods/random"
	"github.com/offprint/offprint/methods/vector"
)

// mixed is the scheme of fields with dimensions of their own: field f has a
// table E_f [n_f x d_f] and, where d_f < d, a projection P_f [d_f x d],
//
//	e(x) = E_f[x] P_f  (+ b_f).
//
// MDE, mixed-dimension embeddings, sets the dimensions by the size of the fields,
//
//	d_f = 2^round(log2(max(1, d (n_min/n_f)^alpha))),
//
// so that the smallest has all of them, with the smallest alpha of [0, 1] that
// meets the budget.
type mixed struct {
	dim     int
	field   []int32
	offset  []int
	e       []*matrix
	p, bias []*denseParameters // nil where d_f = d
}

func newMDE(s Spec) (scheme, error) {
	widths := func(alpha float64) (w []int, floats int) {
		smallest := slices.Min(s.Fields)
		for _, n := range s.Fields {
			d := float64(s.Dim) * math.Pow(float64(smallest)/float64(n), alpha)
			df := min(s.Dim, 1<<int(math.Round(math.Log2(max(1, d)))))
			if n == smallest {
				df = s.Dim
			}
			w = append(w, df)
			floats += n * df
			if df < s.Dim {
				floats += df * s.Dim
			}
		}
		return w, floats
	}
	low, high := 0., 1.
	if _, n := widths(high); n > s.floats() {
		return nil, errTooSmall(s)
	}
	if _, n := widths(low); n <= s.floats() {
		high = low
	}
	for high-low > 1e-9 {
		if _, n := widths((low + high) / 2); n <= s.floats() {
			high = (low + high) / 2
		} else {
			low = (low + high) / 2
		}
	}
	w, _ := widths(high)
	return newMixed(s, w, false)
}

func newMixed(s Spec, widths []int, bias bool) (*mixed, error) {
	t := &mixed{dim: s.Dim, field: s.field(), offset: s.offsets()}
	for f, n := range s.Fields {
		e, err := newMatrix(s, n, widths[f], s.InitStd, uint64(2*f))
		if err != nil {
			return nil, err
		}
		var p, b *denseParameters
		if widths[f] < s.Dim {
			if p, err = newDense(s, widths[f]*s.Dim); err != nil {
				return nil, err
			}
			random.Normal(random.New(s.Seed, uint64(2*f+1)), p.p, 1/math.Sqrt(float64(widths[f])))
			if bias {
				if b, err = newDense(s, s.Dim); err != nil {
					return nil, err
				}
			}
		}
		t.e, t.p, t.bias = append(t.e, e), append(t.p, p), append(t.bias, b)
	}
	return t, nil
}

func (t *mixed) read(x int32, out []float32) {
	f := t.field[x]
	e := t.e[f].row(x - int32(t.offset[f]))
	if t.p[f] == nil {
		copy(out, e)
		return
	}
	product(out, e, t.p[f].p, len(e), t.dim)
	if t.bias[f] != nil {
		vector.AddScaled(out, 1, t.bias[f].p)
	}
}

func (t *mixed) rows(ids []int32, out []float32) {
	for i, x := range ids {
		t.read(x, out[i*t.dim:(i+1)*t.dim])
	}
}

func (t *mixed) learn(ids []int32, grad []float32, lr float64) {
	de := make([]float32, t.dim)
	for i, x := range ids {
		f := t.field[x]
		g := grad[i*t.dim : (i+1)*t.dim]
		at := x - int32(t.offset[f])
		if t.p[f] == nil {
			t.e[f].opt.Add(at, 1, g)
			continue
		}
		e := t.e[f].row(at)
		backProduct(de[:len(e)], t.p[f].g, g, e, t.p[f].p, len(e), t.dim)
		t.e[f].opt.Add(at, 1, de[:len(e)])
		if t.bias[f] != nil {
			vector.AddScaled(t.bias[f].g, 1, g)
		}
	}
	for f := range t.e {
		t.e[f].step(lr)
		for _, p := range []*denseParameters{t.p[f], t.bias[f]} {
			if p != nil {
				p.step(lr)
			}
		}
	}
}

func (t *mixed) parameters() int {
	n := 0
	for f := range t.e {
		n += t.e[f].bytes()
		for _, p := range []*denseParameters{t.p[f], t.bias[f]} {
			if p != nil {
				n += 4 * len(p.p)
			}
		}
	}
	return n
}

func (t *mixed) store() (reader, Size) {
	// The field of an id is not counted: callers know it, and here it is found
	// by the fields' offsets.
	s := &mixed{dim: t.dim, field: t.field, offset: t.offset}
	for f := range t.e {
		s.e = append(s.e, t.e[f].copyOf())
		for _, c := range []struct {
			from *denseParameters
			to   *[]*denseParameters
		}{{t.p[f], &s.p}, {t.bias[f], &s.bias}} {
			if c.from == nil {
				*c.to = append(*c.to, nil)
			} else {
				*c.to = append(*c.to, c.from.copyOf())
			}
		}
	}
	return s, Size{Values: t.parameters(), Index: 8 * len(t.offset)}
}
