package vecstore

import "slices"

// shared is the scheme of ids that share whole rows: e(x) = E[to(x)]. The full
// table is the case of to(x) = x.
type shared struct {
	*matrix
	to    func(id int32) int32
	index int // bytes of a map behind to
}

func newFull(s Spec) (scheme, error) {
	m, err := newMatrix(s, s.Rows, s.Dim, s.InitStd, 0)
	return &shared{matrix: m, to: func(id int32) int32 { return id }}, err
}

// newHash is the plain hash, E[x mod rows]. Ids that are numbered field by
// field are no random numbers: neighbours never collide.
func newHash(s Spec) (scheme, error) {
	n, err := s.rows()
	if err != nil {
		return nil, err
	}
	m, err := newMatrix(s, n, s.Dim, s.InitStd, 0)
	return &shared{matrix: m, to: func(id int32) int32 { return id % int32(n) }}, err
}

// newAdapt is AdaptEmb: the most frequent ids have a row of their own, for
// which half of the budget goes, and the others share the rest by (rank among
// the others) mod rows.
func newAdapt(s Spec) (scheme, error) {
	n, err := s.rows()
	if err != nil {
		return nil, err
	}
	order, err := s.byCount()
	if err != nil {
		return nil, err
	}
	hot := n / 2
	if n == s.Rows {
		hot = n
	}
	to := make([]int32, s.Rows)
	for rank, x := range order {
		to[x] = int32(rank)
		if rank >= hot {
			to[x] = int32(hot + (rank-hot)%(n-hot))
		}
	}
	return newMapped(s, n, to)
}

// newMapped is a scheme of n rows with a map.
func newMapped(s Spec, n int, to []int32) (*shared, error) {
	m, err := newMatrix(s, n, s.Dim, s.InitStd, 0)
	if err != nil {
		return nil, err
	}
	return &shared{matrix: m, to: func(id int32) int32 { return to[id] }, index: 4 * len(to)}, nil
}

func (t *shared) rows(ids []int32, out []float32) {
	for i, x := range ids {
		copy(out[i*t.dim:(i+1)*t.dim], t.row(t.to(x)))
	}
}

func (t *shared) learn(ids []int32, grad []float32, lr float64) {
	for i, x := range ids {
		t.opt.Add(t.to(x), 1, grad[i*t.dim:(i+1)*t.dim])
	}
	t.step(lr)
}

func (t *shared) parameters() int { return t.bytes() + t.index }

func (t *shared) store() (reader, Size) {
	return &shared{matrix: t.copyOf(), to: t.to}, Size{Values: t.bytes(), Index: t.index}
}

// dedup is Dedup: the full table is learned, rows that are alike become one, and
// what is left is learned further.
//
// Rows are taken by ascending upper quartile of their values. One of which at
// least the share sim of the values differ by at most fp from those of a kept
// row is replaced by it, that with the largest share first; the others are
// kept. It ends when as many rows are left as the budget has; when that does not
// happen, fp is enlarged. The study's code finds candidates by locality-sensitive
// hashing; here all kept rows are compared, which takes n x budget x d
// operations, and blocks are single rows.
type dedup struct {
	*shared
	s    Spec
	keep int
}

const (
	dedupFP      = .01
	dedupSim     = .7
	dedupEnlarge = 1.5
)

func newDedup(s Spec) (scheme, error) {
	n, err := s.rows()
	if err != nil {
		return nil, err
	}
	full, err := newFull(s)
	if err != nil {
		return nil, err
	}
	return &dedup{full.(*shared), s, n}, nil
}

func (t *dedup) stages() []stage {
	return []stage{
		{share: 1, end: func(scorer) (scheme, error) { return t.merge() }},
		{share: .5},
	}
}

// merge returns the scheme of the rows that stay.
func (t *dedup) merge() (scheme, error) {
	kept, to := mergeRows(t.w, t.dim, t.keep, dedupFP, dedupSim)
	next, err := newMapped(t.s, len(kept), to)
	if err != nil {
		return nil, err
	}
	for i, x := range kept {
		copy(next.row(int32(i)), t.row(x))
	}
	return next, nil
}

// mergeRows returns at most n rows of w to keep, and the place among them of
// the row that stands for each.
func mergeRows(w []float32, dim, n int, fp, sim float64) (kept, to []int32) {
	rows := len(w) / dim
	order := make([]int32, rows)
	upper := make([]float32, rows)
	sorted := make([]float32, dim)
	for i := range order {
		order[i] = int32(i)
		copy(sorted, w[i*dim:(i+1)*dim])
		slices.Sort(sorted)
		upper[i] = sorted[min(dim-1, dim*3/4)]
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		switch {
		case upper[a] < upper[b]:
			return -1
		case upper[a] > upper[b]:
			return 1
		}
		return 0
	})
	to = make([]int32, rows)
	for ; ; fp *= dedupEnlarge {
		kept = kept[:0]
		for i, x := range order {
			// Once the rows that are left fit, they all stay.
			if len(kept)+rows-i > n {
				if at := likest(w, dim, kept, x, float32(fp), sim); at >= 0 {
					to[x] = int32(at)
					continue
				}
			}
			to[x] = int32(len(kept))
			kept = append(kept, x)
			if len(kept) > n {
				break
			}
		}
		if len(kept) <= n {
			return kept, to
		}
	}
}

// likest returns which of the kept rows has the most values within fp of row
// x's, if these are at least the share sim, and -1 else.
func likest(w []float32, dim int, kept []int32, x int32, fp float32, sim float64) int {
	row := w[int(x)*dim : (int(x)+1)*dim]
	best, at := int(sim*float64(dim)+.999999)-1, -1
	for k, y := range kept {
		other := w[int(y)*dim : (int(y)+1)*dim]
		alike := 0
		for j, v := range row {
			if d := v - other[j]; d <= fp && d >= -fp {
				alike++
			}
		}
		if alike > best {
			best, at = alike, k
		}
	}
	return at
}
