package vecstore

import (
	"math"
	"math/rand/v2"

	"github.com/offprint/offprint/methods/random"
)

// autoDim is AutoDim: each field has a table of every candidate dimension
// c = 2, 4, ..., d and takes the mixture
//
//	e(x) = sum_c p_fc BN(E_fc[x] W_fc),
//	p_f  = softmax((ln softmax(alpha_f) + G) / tau),   G Gumbel noise,
//
// where BN is a batch norm without parameters, which removes a bias as well.
// The tables learn on training data and alpha on validation data, in turns
// (the first-order form). Then each field keeps the dimension with its largest
// alpha, and all is learned anew as a [mixed] scheme with biases. The size is
// what comes out; there is no budget.
type autoDim struct {
	s      Spec
	field  []int32
	offset []int
	widths []int // the candidates
	e      [][]*matrix
	w      [][]*denseParameters
	alpha  [][]float64
	p      [][]float64 // of the last rows
	rng    *rand.Rand
	step   int
}

const (
	autoDimRate = .5 // of alpha, by plain gradient steps: hundreds must do
	autoDimTau  = 1.28e-5
)

func newAutoDim(s Spec) (scheme, error) {
	t := &autoDim{s: s, field: s.field(), offset: s.offsets(), rng: random.New(s.Seed, 1)}
	for c := 2; c < s.Dim; c *= 2 {
		t.widths = append(t.widths, c)
	}
	t.widths = append(t.widths, s.Dim)
	stream := uint64(2)
	for _, n := range s.Fields {
		var es []*matrix
		var ws []*denseParameters
		for _, c := range t.widths {
			e, err := newMatrix(s, n, c, s.InitStd, stream)
			if err != nil {
				return nil, err
			}
			w, err := newDense(s, c*s.Dim)
			if err != nil {
				return nil, err
			}
			random.Normal(random.New(s.Seed, stream+1), w.p, 1/math.Sqrt(float64(c)))
			es, ws = append(es, e), append(ws, w)
			stream += 2
		}
		t.e, t.w = append(t.e, es), append(t.w, ws)
		t.alpha = append(t.alpha, make([]float64, len(t.widths)))
		t.p = append(t.p, make([]float64, len(t.widths)))
	}
	return t, nil
}

func (t *autoDim) stages() []stage {
	return []stage{
		{share: 1, second: validationPass, end: func(scorer) (scheme, error) { return newMixed(t.s, t.chosen(), true) }},
		{share: 1, fresh: true},
	}
}

// chosen are the dimensions with the largest alpha.
func (t *autoDim) chosen() []int {
	var w []int
	for _, a := range t.alpha {
		best := 0
		for c, v := range a {
			if v > a[best] {
				best = c
			}
		}
		w = append(w, t.widths[best])
	}
	return w
}

func (t *autoDim) tau() float64 { return max(.01, 1-autoDimTau*float64(t.step)) }

// softmax of alpha, in place.
func softmax(z []float64) {
	sum := 0.
	most := math.Inf(-1)
	for _, v := range z {
		most = max(most, v)
	}
	for i, v := range z {
		z[i] = math.Exp(v - most)
		sum += z[i]
	}
	for i := range z {
		z[i] /= sum
	}
}

// byField returns which of the ids are of each field.
func (t *autoDim) byField(ids []int32) [][]int {
	of := make([][]int, len(t.e))
	for i, x := range ids {
		of[t.field[x]] = append(of[t.field[x]], i)
	}
	return of
}

// candidate returns the normalised vectors of a candidate for some of the ids,
// with its inverse deviations and the rows of its table.
func (t *autoDim) candidate(f, c int, ids []int32, which []int) (xhat, inv, e []float32) {
	w, d := t.widths[c], t.s.Dim
	e = make([]float32, len(which)*w)
	for k, i := range which {
		copy(e[k*w:(k+1)*w], t.e[f][c].row(ids[i]-int32(t.offset[f])))
	}
	xhat = make([]float32, len(which)*d)
	product(xhat, e, t.w[f][c].p, w, d)
	mean, variance := moments(xhat, d)
	return xhat, standardise(xhat, mean, variance), e
}

func (t *autoDim) rows(ids []int32, out []float32) {
	clear(out)
	d := t.s.Dim
	for f, which := range t.byField(ids) {
		if len(which) == 0 {
			continue
		}
		// ln softmax(alpha) is alpha up to a constant, which the softmax removes.
		for c, a := range t.alpha[f] {
			gumbel := -math.Log(-math.Log(1 - t.rng.Float64()))
			t.p[f][c] = (a + gumbel) / t.tau()
		}
		softmax(t.p[f])
		for c, p := range t.p[f] {
			xhat, _, _ := t.candidate(f, c, ids, which)
			for k, i := range which {
				for j, v := range xhat[k*d : (k+1)*d] {
					out[i*d+j] += float32(p) * v
				}
			}
		}
	}
}

func (t *autoDim) learn(ids []int32, grad []float32, lr float64) {
	d := t.s.Dim
	for f, which := range t.byField(ids) {
		if len(which) == 0 {
			continue
		}
		for c, p := range t.p[f] {
			w := t.widths[c]
			xhat, inv, e := t.candidate(f, c, ids, which)
			g := make([]float32, len(xhat))
			for k, i := range which {
				for j := range d {
					g[k*d+j] = float32(p) * grad[i*d+j]
				}
			}
			backNormalise(g, xhat, inv)
			de := make([]float32, len(e))
			backProduct(de, t.w[f][c].g, g, e, t.w[f][c].p, w, d)
			for k, i := range which {
				t.e[f][c].opt.Add(ids[i]-int32(t.offset[f]), 1, de[k*w:(k+1)*w])
			}
			t.e[f][c].step(lr)
			t.w[f][c].step(lr)
		}
	}
	t.step++
}

// adjust moves alpha: with s_c = sum <de, BN_c>, the gradient of a softmax.
func (t *autoDim) adjust(ids []int32, grad []float32, _ float64) {
	d := t.s.Dim
	for f, which := range t.byField(ids) {
		if len(which) == 0 {
			continue
		}
		s, mean := make([]float64, len(t.widths)), 0.
		for c, p := range t.p[f] {
			xhat, _, _ := t.candidate(f, c, ids, which)
			for k, i := range which {
				for j := range d {
					s[c] += float64(xhat[k*d+j] * grad[i*d+j])
				}
			}
			mean += p * s[c]
		}
		for c, p := range t.p[f] {
			t.alpha[f][c] -= autoDimRate * p * (s[c] - mean) / t.tau()
		}
	}
}

func (t *autoDim) parameters() int {
	n := 0
	for f := range t.e {
		for c := range t.widths {
			n += t.e[f][c].bytes() + 4*len(t.w[f][c].p)
		}
	}
	return n
}

func (t *autoDim) store() (reader, Size) { panic("vecstore: AutoDim is kept after its search") }
