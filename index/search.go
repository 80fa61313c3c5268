package index

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/offprint/offprint/methods/vector"
)

// Hit is a paper that was found.
type Hit struct {
	ID    int64
	Score float32 // cosine
}

// better orders hits: the higher score first, and among equals the lower ID.
func better(a, b Hit) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
}

// sharedRows is how many rows are worth another processor.
const sharedRows = 1 << 17

// Search returns those k papers whose vectors have the highest cosine with q,
// best first, of those that keep says true of, or of all where it is nil. It
// leaves none out. Of q the first Dim numbers count; nothing is near to a q of 0.
//
// It calls keep from several goroutines, and only for papers that are about to be
// among the best. Where few are kept it is called for most: [Index.Scores] of
// those few is faster.
func (x *Index) Search(q []float32, k int, keep func(id int64) bool) ([]Hit, error) {
	query, err := x.query(q)
	if err != nil || query == nil || k < 1 {
		return nil, err
	}
	s := x.snapshot()
	parts := max(1, min(runtime.GOMAXPROCS(0), s.rows/sharedRows))
	found := make([]best, parts)
	var wg sync.WaitGroup
	for p := range parts {
		wg.Go(func() {
			found[p] = s.scan(query, p*len(s.chunks)/parts, (p+1)*len(s.chunks)/parts, k, keep)
		})
	}
	wg.Wait()
	hits := found[0].all
	for _, f := range found[1:] {
		hits = append(hits, f.all...)
	}
	slices.SortFunc(hits, better)
	return hits[:min(k, len(hits))], nil
}

// Scores returns the cosines of q with the vectors of some papers, 0 for one that
// is not there.
func (x *Index) Scores(q []float32, ids []int64) ([]float32, error) {
	scores := make([]float32, len(ids))
	if err := x.check(q); err != nil {
		return nil, err
	}
	q = slices.Clone(q[:x.dim])
	if vector.Normalize(q) == 0 {
		return scores, nil
	}
	s, slots := x.find(ids...)
	v := make([]float32, x.dim)
	for i, slot := range slots {
		if slot >= 0 {
			c, row := s.at(slot)
			c.codes.decode(v, row)
			scores[i] = vector.Dot(q, v)
		}
	}
	return scores, nil
}

func (x *Index) query(q []float32) (*query, error) {
	if err := x.check(q); err != nil {
		return nil, err
	}
	return newQuery(q[:x.dim]), nil
}

func (x *Index) check(q []float32) error {
	if len(q) < x.dim {
		return fmt.Errorf("index: a query of %d numbers, where %d are kept", len(q), x.dim)
	}
	for _, f := range q[:x.dim] {
		if f := float64(f); math.IsNaN(f) || math.IsInf(f, 0) {
			return errors.New("index: the query is not finite")
		}
	}
	return nil
}

// scan returns the k best of some chunks. A row's cosine is at most
//
//	<q_h, u_h> + |q_t| |u_t|   and then   <q, u>,
//
// h being the head and t the tail, each product being that of a query in whole
// numbers and so off by as much as that is. Only what could still be among the
// best goes on to the next.
func (s snapshot) scan(q *query, from, to, k int, keep func(int64) bool) best {
	b := best{n: k, floor: float32(math.Inf(-1))}
	var heads, tails [chunkRows]int32
	var left [chunkRows]int
	v := make([]float32, len(q.v))
	for at := from; at < to; at++ {
		c := s.chunks[at]
		in := min(chunkRows, s.rows-at*chunkRows)
		vector.DotsInt4(heads[:in], c.codes.heads, headBytes, q.head.codes)
		n := 0
		for i, dot := range heads[:in] {
			if q.head.product(dot)*c.codes.length(i)+q.head.off+q.tailLength*float32(c.codes.rest[i]) >= b.floor {
				left[n] = i
				n++
			}
		}
		switch tail := tailBytes(len(q.v)); {
		case tail == 0:
		case n > in/4: // going through all is as fast
			vector.DotsInt4(tails[:in], c.codes.tails, tail, q.tail.codes)
		default:
			for _, i := range left[:n] {
				vector.DotsInt4(tails[i:i+1], c.codes.tail(i), tail, q.tail.codes)
			}
		}
		for _, i := range left[:n] {
			score := (q.head.product(heads[i]) + q.tail.product(tails[i])) * c.codes.length(i)
			if score+q.head.off+q.tail.off < b.floor || keep != nil && !keep(c.ids[i]) {
				continue
			}
			c.codes.decode(v, i)
			b.add(Hit{c.ids[i], vector.Dot(q.v, v)})
		}
	}
	return b
}

// best is a heap of the n best hits, the worst on top.
type best struct {
	n     int
	floor float32 // what a hit needs to be added
	all   []Hit
}

func (b *best) add(h Hit) {
	switch {
	case len(b.all) < b.n:
		b.all = append(b.all, h)
		for i := len(b.all) - 1; i > 0; {
			up := (i - 1) / 2
			if better(b.all[i], b.all[up]) <= 0 {
				break
			}
			b.all[i], b.all[up] = b.all[up], b.all[i]
			i = up
		}
	case better(h, b.all[0]) < 0:
		b.all[0] = h
		for i := 0; ; {
			worst := i
			for _, down := range [2]int{2*i + 1, 2*i + 2} {
				if down < len(b.all) && better(b.all[down], b.all[worst]) > 0 {
					worst = down
				}
			}
			if worst == i {
				break
			}
			b.all[i], b.all[worst] = b.all[worst], b.all[i]
			i = worst
		}
	}
	if len(b.all) == b.n {
		b.floor = b.all[0].Score
	}
}
