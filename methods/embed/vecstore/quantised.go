package vecstore

import (
	"math"
	"math/rand/v2"
	"slices"
	"unsafe"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/random"
)

// quantised is INT8 and INT16: the table has no full-precision copy, its values
// are on the grid s {-2^(b-1), ..., 2^(b-1) - 1} with one step s, and a row that
// an optimiser step moved returns to the grid by random rounding,
//
//	v = s clamp(floor(v/s + u)),   u uniform on [0, 1),
//
// which is right on average: rounded to the nearest, steps of less than s/2 would
// be lost. The moments of Adam stay in float32.
type quantised[C int8 | int16] struct {
	dim   int
	code  []C // [n x dim]
	scale float32
	opt   *adam.Moments
	rng   *rand.Rand
}

// The grids' steps.
const (
	int8Step  = .01
	int16Step = .001
)

func newInt8(s Spec) (scheme, error)  { return newQuantised[int8](s, int8Step) }
func newInt16(s Spec) (scheme, error) { return newQuantised[int16](s, int16Step) }

func newQuantised[C int8 | int16](s Spec, step float32) (*quantised[C], error) {
	if 4*s.floats() < s.Rows*s.Dim*codeBytes[C]() {
		return nil, errTooSmall(s)
	}
	t := &quantised[C]{dim: s.Dim, code: make([]C, s.Rows*s.Dim), scale: step, rng: random.New(s.Seed, 1)}
	var err error
	if t.opt, err = adam.NewMoments(s.Rows, s.Dim, 0); err != nil {
		return nil, err
	}
	t.opt.Decay = float32(s.Decay)
	first := make([]float32, s.Dim)
	rng := random.New(s.Seed, 0)
	for x := range s.Rows {
		random.Normal(rng, first, s.InitStd)
		t.save(int32(x), first)
	}
	return t, nil
}

// codeBytes is the size of a code.
func codeBytes[C int8 | int16]() int { return int(unsafe.Sizeof(C(0))) }

// top is the largest code.
func top[C int8 | int16]() float32 { return float32(int(1)<<(8*codeBytes[C]()-1) - 1) }

// round returns v/scale as a code: at random, or the nearest without an rng.
func round[C int8 | int16](v, scale float32, rng *rand.Rand) C {
	u := float32(.5)
	if rng != nil {
		u = rng.Float32()
	}
	return C(math.Floor(float64(clamp[C](v/scale + u))))
}

// clamp limits a quotient to the codes.
func clamp[C int8 | int16](q float32) float32 { return max(-top[C]()-1, min(top[C](), q)) }

func (t *quantised[C]) row(x int32) []C { return t.code[int(x)*t.dim : (int(x)+1)*t.dim] }

func (t *quantised[C]) save(x int32, v []float32) {
	row := t.row(x)
	for j := range row {
		row[j] = round[C](v[j], t.scale, t.rng)
	}
}

func (t *quantised[C]) read(x int32, out []float32) {
	for j, c := range t.row(x) {
		out[j] = float32(c) * t.scale
	}
}

func (t *quantised[C]) rows(ids []int32, out []float32) {
	for i, x := range ids {
		t.read(x, out[i*t.dim:(i+1)*t.dim])
	}
}

func (t *quantised[C]) learn(ids []int32, grad []float32, lr float64) {
	for i, x := range ids {
		t.opt.Add(x, 1, grad[i*t.dim:(i+1)*t.dim])
	}
	t.opt.LR = lr
	t.opt.Step(t.read, t.save)
}

func (t *quantised[C]) parameters() int { return codeBytes[C]()*len(t.code) + 4 }

func (t *quantised[C]) store() (reader, Size) {
	return &quantised[C]{dim: t.dim, code: slices.Clone(t.code), scale: t.scale}, Size{Values: t.parameters()}
}

// alpt is ALPT, adaptive low-precision training: 8 bits with a step s_x for each
// row that is learned, too. After a row has moved, a second pass over the same
// batch sees it rounded to the nearest, s round(clamp(e/s)), and the step's
// gradient is that of LSQ: per element, with q = e/s,
//
//	de/ds = round(q) - q inside of the grid, and the grid's end outside,
//
// times 1/sqrt(n d (2^(b-1) - 1)) for n rows. Then the row is rounded at random.
type alpt struct {
	quantised[int8]
	scales *matrix // [n x 1]

	moved []int32 // rows that are not on the grid yet
	e     []float32
	place []int32 // of a row in moved, from 1
}

const (
	alptRate = 2e-5 // learning rate of the steps
	alptMin  = 1e-4 // smallest step
)

func newALPT(s Spec) (scheme, error) {
	if 4*s.floats() < s.Rows*(s.Dim+4) {
		return nil, errTooSmall(s)
	}
	full := s
	full.Budget = 1
	q, err := newQuantised[int8](full, int8Step)
	if err != nil {
		return nil, err
	}
	t := &alpt{quantised: *q, place: make([]int32, s.Rows)}
	if t.scales, err = newMatrix(s, s.Rows, 1, 0, 0); err != nil {
		return nil, err
	}
	t.scales.opt.Decay = 0
	for x := range t.scales.w {
		t.scales.w[x] = int8Step
	}
	return t, nil
}

func (t *alpt) stages() []stage { return []stage{{share: 1, second: samePass}} }

func (t *alpt) read(x int32, out []float32) {
	s := t.scales.w[x]
	if p := t.place[x]; p > 0 {
		for j, v := range t.e[int(p-1)*t.dim : int(p)*t.dim] {
			out[j] = float32(round[int8](v, s, nil)) * s
		}
		return
	}
	for j, c := range t.row(x) {
		out[j] = float32(c) * s
	}
}

func (t *alpt) rows(ids []int32, out []float32) {
	for i, x := range ids {
		t.read(x, out[i*t.dim:(i+1)*t.dim])
	}
}

func (t *alpt) learn(ids []int32, grad []float32, lr float64) {
	t.settle()
	for i, x := range ids {
		t.opt.Add(x, 1, grad[i*t.dim:(i+1)*t.dim])
	}
	t.opt.LR = lr
	t.opt.Step(t.read, func(x int32, e []float32) {
		t.moved = append(t.moved, x)
		t.e = append(t.e, e...)
	})
	for i, x := range t.moved {
		t.place[x] = int32(i + 1)
	}
}

func (t *alpt) adjust(ids []int32, grad []float32, _ float64) {
	scale := float32(1 / math.Sqrt(float64(float32(len(ids)*t.dim)*top[int8]())))
	for i, x := range ids {
		p := int(t.place[x])
		if p == 0 {
			continue
		}
		e := t.e[(p-1)*t.dim : p*t.dim]
		t.scales.opt.Add(x, scale, []float32{stepGradient(e, grad[i*t.dim:(i+1)*t.dim], t.scales.w[x])})
	}
	t.scales.step(alptRate)
	for _, x := range ids {
		t.scales.w[x] = max(alptMin, t.scales.w[x])
	}
	t.settle()
}

// stepGradient is the gradient of the step s of a row e, rounded to the nearest,
// for the gradient g of the rounded row.
func stepGradient(e, g []float32, s float32) float32 {
	sum := float32(0)
	for j, v := range e {
		q := v / s
		if c := clamp[int8](q); c != q {
			sum += g[j] * c
			continue
		}
		sum += g[j] * (float32(round[int8](v, s, nil)) - q)
	}
	return sum
}

// settle puts the rows that moved on their grids.
func (t *alpt) settle() {
	for i, x := range t.moved {
		row := t.row(x)
		for j, v := range t.e[i*t.dim : (i+1)*t.dim] {
			row[j] = round[int8](v, t.scales.w[x], t.rng)
		}
		t.place[x] = 0
	}
	t.moved, t.e = t.moved[:0], t.e[:0]
}

func (t *alpt) parameters() int { return len(t.code) + t.scales.bytes() }

func (t *alpt) store() (reader, Size) {
	t.settle()
	return &scaledRows{t.dim, slices.Clone(t.code), slices.Clone(t.scales.w)}, Size{Values: t.parameters()}
}

// scaledRows are codes with a step for each row.
type scaledRows struct {
	dim   int
	code  []int8
	scale []float32
}

func (s *scaledRows) rows(ids []int32, out []float32) {
	for _, x := range ids {
		for j, c := range s.code[int(x)*s.dim : (int(x)+1)*s.dim] {
			out[j] = float32(c) * s.scale[x]
		}
		out = out[s.dim:]
	}
}
