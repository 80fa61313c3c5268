package vecstore

import (
	"math"
	"slices"
)

// deepLight is DeepLight: the full table is learned, and while it learns, its
// smallest values become 0: after a first tenth of the steps, every tenth step
// the smallest |e| of the table, so that the share
//
//	R_t = R (1 - e^(-7 t/T)),   R = 1 - budget,
//
// is 0 after t of the other T steps. A value may grow again until the next time.
// What is kept are the values left, R exactly, and a mask.
type deepLight struct {
	*shared
	s    Spec
	step int
}

const (
	deepLightWarm  = 10 // one step in so many, at the start
	deepLightEvery = 10
	deepLightPace  = 7 // leaves .001 of R to the end
)

func newDeepLight(s Spec) (scheme, error) {
	full, err := newFull(s)
	if err != nil {
		return nil, err
	}
	if s.Steps == 0 {
		s.Steps = 1000
	}
	return &deepLight{shared: full.(*shared), s: s}, nil
}

func (t *deepLight) learn(ids []int32, grad []float32, lr float64) {
	t.shared.learn(ids, grad, lr)
	t.step++
	warm := t.s.Steps / deepLightWarm
	if t.step > warm && t.step%deepLightEvery == 0 {
		share := 1 - math.Exp(-deepLightPace*float64(t.step-warm)/float64(t.s.Steps-warm))
		prune(t.w, int((1-t.s.Budget)*share*float64(len(t.w))))
	}
}

func (t *deepLight) store() (reader, Size) {
	w := slices.Clone(t.w)
	prune(w, len(w)-t.s.floats())
	return newSparseRows(w, t.dim)
}

// prune sets the n smallest |w| to 0.
func prune(w []float32, n int) {
	if n <= 0 {
		return
	}
	abs := make([]float32, len(w))
	for i, v := range w {
		abs[i] = max(v, -v)
	}
	limit := slices.Clone(abs)
	slices.Sort(limit)
	bound := limit[n-1]
	ties := 0 // of those at the bound, how many go
	for _, v := range limit[:n] {
		if v == bound {
			ties++
		}
	}
	for i, v := range abs {
		switch {
		case v < bound:
			w[i] = 0
		case v == bound && ties > 0:
			w[i] = 0
			ties--
		}
	}
}

// sparseRows are the values that are not 0, and a mask of where they were: a bit
// a value of the full table. Rows of compressed columns would take more as long
// as more than some hundredth of the values is left.
type sparseRows struct {
	dim    int
	mask   *bitset
	values []float32
}

func newSparseRows(w []float32, dim int) (reader, Size) {
	s := &sparseRows{dim: dim, mask: newBitset(len(w), func(i int) bool { return w[i] != 0 })}
	for _, v := range w {
		if v != 0 {
			s.values = append(s.values, v)
		}
	}
	return s, Size{Values: 4 * len(s.values), Index: s.mask.bytes()}
}

func (s *sparseRows) rows(ids []int32, out []float32) {
	clear(out)
	for _, x := range ids {
		at := int(x) * s.dim
		k := s.mask.rank(at)
		for j := range s.dim {
			if s.mask.has(at + j) {
				out[j] = s.values[k]
				k++
			}
		}
		out = out[s.dim:]
	}
}

// autoSrh is AutoSrh: ids in six groups of equal size by frequency, with a gate
// for each dimension of a group,
//
//	e(x) = E_x * alpha_g.
//
// The table is learned first alone, then in turns with the gates, which learn on
// validation data by plain gradient steps: a group's gradient over its mean
// absolute value, with an l1 term, and cut off to [0, 1]. Then the table is
// learned anew with fixed gates, and at the very end the smallest |E * alpha| are
// dropped until the budget is met.
type autoSrh struct {
	*shared
	s     Spec
	group []int8
	alpha []float32 // [6 x d]
	buf   []float32
}

const (
	autoSrhGroups = 6
	autoSrhRate   = 5e-3
	autoSrhL1     = 1e-5
)

func newAutoSrh(s Spec) (scheme, error) {
	order, err := s.byCount()
	if err != nil {
		return nil, err
	}
	full, err := newFull(s)
	if err != nil {
		return nil, err
	}
	t := &autoSrh{shared: full.(*shared), s: s, group: make([]int8, s.Rows), alpha: make([]float32, autoSrhGroups*s.Dim)}
	for rank, x := range order {
		t.group[x] = int8(rank * autoSrhGroups / s.Rows)
	}
	for i := range t.alpha {
		t.alpha[i] = 1
	}
	return t, nil
}

func (t *autoSrh) stages() []stage {
	return []stage{
		{share: .5},
		{share: .5, second: validationPass, end: func(scorer) (scheme, error) { return t.anew() }},
		{share: 1, fresh: true},
	}
}

// anew is the scheme with new values and the gates that were found.
func (t *autoSrh) anew() (scheme, error) {
	next, err := newAutoSrh(t.s)
	if err == nil {
		next.(*autoSrh).alpha = t.alpha
	}
	return next, err
}

func (t *autoSrh) gates(x int32) []float32 {
	g := int(t.group[x])
	return t.alpha[g*t.dim : (g+1)*t.dim]
}

func (t *autoSrh) rows(ids []int32, out []float32) {
	t.shared.rows(ids, out)
	t.gate(ids, out)
}

// gate multiplies rows with the gates of their ids.
func (t *autoSrh) gate(ids []int32, rows []float32) {
	for i, x := range ids {
		a := t.gates(x)
		for j := range a {
			rows[i*t.dim+j] *= a[j]
		}
	}
}

func (t *autoSrh) learn(ids []int32, grad []float32, lr float64) {
	t.buf = append(t.buf[:0], grad...)
	t.gate(ids, t.buf)
	t.shared.learn(ids, t.buf, lr)
}

func (t *autoSrh) adjust(ids []int32, grad []float32, _ float64) {
	g := make([]float32, len(t.alpha))
	for i, x := range ids {
		at := int(t.group[x]) * t.dim
		for j, e := range t.row(x) {
			g[at+j] += grad[i*t.dim+j] * e
		}
	}
	for lo := 0; lo < len(g); lo += t.dim {
		mean := float32(1e-8)
		for _, v := range g[lo : lo+t.dim] {
			mean += max(v, -v) / float32(t.dim)
		}
		for j, v := range g[lo : lo+t.dim] {
			a := t.alpha[lo+j] - autoSrhRate*(v/mean+autoSrhL1)
			t.alpha[lo+j] = max(0, min(1, a))
		}
	}
}

func (t *autoSrh) parameters() int { return t.bytes() + 4*len(t.alpha) + len(t.group) }

func (t *autoSrh) store() (reader, Size) {
	w := slices.Clone(t.w)
	for x := range t.group {
		t.gate([]int32{int32(x)}, w[x*t.dim:(x+1)*t.dim])
	}
	prune(w, len(w)-t.s.floats())
	return newSparseRows(w, t.dim)
}
