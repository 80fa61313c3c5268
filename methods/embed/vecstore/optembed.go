package vecstore

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/offprint/offprint/methods/adam"
	"github.com/offprint/offprint/methods/random"
)

// optEmbed is OptEmbed: which rows are needed at all, and how many dimensions of
// each field. A supernet learns the table with a threshold t_f a field and a
// random prefix of the dimensions each time,
//
//	e(x) = S(|E_x|_1 - t_f) E_x * [1..1 0..0],   S(z) = 1 if z > 0, else 0,
//
// where S has the gradient 2 - 4|z| for |z| <= .4, .4 up to 1 and 0 beyond, and
// the loss has the term a sum_f exp(-t_f), which lifts the thresholds. Rows below
// their threshold go; an evolutionary search chooses each field's prefix by the
// score on the validation data; and the rest is learned anew. The size is what
// comes out; there is no budget.
type optEmbed struct {
	s      Spec
	field  []int32
	e      *matrix
	t      []float32 // thresholds
	dt     []float32
	opt    *adam.Adam
	prefix []uint16 // of each id, as rows drew it last
	rng    *rand.Rand
}

const (
	optEmbedLift = 1e-3 // a
	optEmbedRate = 1e-2 // of the thresholds

	optEmbedStart       = 20 // candidates to begin with
	optEmbedParents     = 10
	optEmbedGenerations = 4
	optEmbedMutation    = .1 // probability of a field
)

func newOptEmbed(s Spec) (scheme, error) {
	e, err := newMatrix(s, s.Rows, s.Dim, s.InitStd, 0)
	if err != nil {
		return nil, err
	}
	n := len(s.Fields)
	return &optEmbed{
		s: s, field: s.field(), e: e, t: make([]float32, n), dt: make([]float32, n), opt: adam.New(n, optEmbedRate),
		prefix: make([]uint16, s.Rows), rng: random.New(s.Seed, 1),
	}, nil
}

func (t *optEmbed) stages() []stage {
	return []stage{{share: 1, end: t.search}, {share: 1, fresh: true}}
}

// above is |E_x|_1 - t_f.
func (t *optEmbed) above(x int32) float32 {
	sum := float32(0)
	for _, v := range t.e.row(x) {
		sum += max(v, -v)
	}
	return sum - t.t[t.field[x]]
}

func (t *optEmbed) rows(ids []int32, out []float32) {
	d := t.s.Dim
	clear(out)
	for i, x := range ids {
		t.prefix[x] = uint16(1 + t.rng.IntN(d))
		if t.above(x) > 0 {
			copy(out[i*d:(i+1)*d], t.e.row(x)[:t.prefix[x]])
		}
	}
}

func (t *optEmbed) learn(ids []int32, grad []float32, lr float64) {
	d := t.s.Dim
	clear(t.dt)
	de := make([]float32, d)
	for i, x := range ids {
		clear(de)
		n := int(t.prefix[x])
		e, g := t.e.row(x), grad[i*d:i*d+n]
		z := t.above(x)
		dz := float32(0) // the gradient of S, times that of the row
		for j, v := range g {
			dz += v * e[j]
			if z > 0 {
				de[j] = v
			}
		}
		switch a := max(z, -z); {
		case a <= .4:
			dz *= 2 - 4*a
		case a <= 1:
			dz *= .4
		default:
			dz = 0
		}
		for j, v := range e {
			switch {
			case v > 0:
				de[j] += dz
			case v < 0:
				de[j] -= dz
			}
		}
		t.dt[t.field[x]] -= dz
		t.e.opt.Add(x, 1, de)
	}
	for f, v := range t.t {
		t.dt[f] -= optEmbedLift * float32(math.Exp(-float64(v)))
	}
	t.e.step(lr)
	t.opt.Step(t.t, t.dt)
}

// candidate are the prefixes of all fields.
type candidate struct {
	prefix []int
	score  float64
}

// search drops the rows below their threshold and chooses the prefixes.
func (t *optEmbed) search(score scorer) (scheme, error) {
	kept := make([]bool, t.s.Rows)
	for x := range kept {
		kept[x] = t.above(int32(x)) > 0
	}
	d := t.s.Dim
	rate := func(prefix []int) (candidate, error) {
		s, err := score(func(ids []int32, out []float32) {
			clear(out)
			for i, x := range ids {
				if kept[x] {
					copy(out[i*d:(i+1)*d], t.e.row(x)[:prefix[t.field[x]]])
				}
			}
		})
		return candidate{prefix, s}, err
	}
	draw := func() int { return 1 + t.rng.IntN(d) }
	var all []candidate
	try := func(f func(field int) int) error {
		p := make([]int, len(t.s.Fields))
		for i := range p {
			p[i] = f(i)
		}
		c, err := rate(p)
		all = append(all, c)
		return err
	}
	for range optEmbedStart {
		if err := try(func(int) int { return draw() }); err != nil {
			return nil, err
		}
	}
	for g := 0; ; g++ {
		slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
		if g == optEmbedGenerations {
			break
		}
		all = all[:optEmbedParents]
		parent := func() []int { return all[t.rng.IntN(optEmbedParents)].prefix }
		for range optEmbedParents {
			a, b, c := parent(), parent(), parent()
			if err := try(func(f int) int {
				if t.rng.Float64() < optEmbedMutation {
					return draw()
				}
				return a[f]
			}); err != nil {
				return nil, err
			}
			if err := try(func(f int) int {
				if t.rng.IntN(2) == 0 {
					return b[f]
				}
				return c[f]
			}); err != nil {
				return nil, err
			}
		}
	}
	return newPrefixes(t.s, kept, all[0].prefix)
}

func (t *optEmbed) parameters() int { return t.e.bytes() + 4*len(t.t) }

func (t *optEmbed) store() (reader, Size) { panic("vecstore: OptEmbed is kept after its search") }

// prefixes is the scheme of some rows, with the first dimensions of each field;
// the others are 0.
type prefixes struct {
	dim    int
	field  []int32
	offset []int
	prefix []int // of each field
	kept   *bitset
	before []int // kept rows before each field
	e      []*matrix
}

func newPrefixes(s Spec, kept []bool, prefix []int) (*prefixes, error) {
	t := &prefixes{dim: s.Dim, field: s.field(), offset: s.offsets(), prefix: prefix, kept: newBitset(s.Rows, func(i int) bool { return kept[i] })}
	for f, n := range s.Fields {
		count := 0
		for _, k := range kept[t.offset[f] : t.offset[f]+n] {
			if k {
				count++
			}
		}
		m, err := newMatrix(s, count, prefix[f], s.InitStd, uint64(f))
		if err != nil {
			return nil, err
		}
		t.e = append(t.e, m)
		t.before = append(t.before, t.kept.rank(t.offset[f]))
	}
	return t, nil
}

// at returns the table and row of an id, which must be kept.
func (t *prefixes) at(x int32) (*matrix, int32) {
	f := t.field[x]
	return t.e[f], int32(t.kept.rank(int(x)) - t.before[f])
}

func (t *prefixes) read(x int32, out []float32) {
	clear(out)
	if t.kept.has(int(x)) {
		m, r := t.at(x)
		copy(out, m.row(r))
	}
}

func (t *prefixes) rows(ids []int32, out []float32) {
	for i, x := range ids {
		t.read(x, out[i*t.dim:(i+1)*t.dim])
	}
}

func (t *prefixes) learn(ids []int32, grad []float32, lr float64) {
	for i, x := range ids {
		if t.kept.has(int(x)) {
			m, r := t.at(x)
			m.opt.Add(r, 1, grad[i*t.dim:i*t.dim+m.dim])
		}
	}
	for _, m := range t.e {
		m.step(lr)
	}
}

func (t *prefixes) parameters() int {
	n := 0
	for _, m := range t.e {
		n += m.bytes()
	}
	return n
}

func (t *prefixes) store() (reader, Size) {
	s := *t
	s.e = nil
	for _, m := range t.e {
		s.e = append(s.e, m.copyOf())
	}
	return &s, Size{Values: t.parameters(), Index: t.kept.bytes() + 8*3*len(t.e)}
}
