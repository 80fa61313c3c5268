package index

import (
	"cmp"
	"encoding/binary"
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

// A search keeps so many hits of the heads to rank them again: some for each that
// is wanted, and not too few.
const (
	shortFactor = 4
	shortLeast  = 200
)

// sharedRows is how many rows are worth another processor.
const sharedRows = 1 << 17

// Search returns those k papers whose vectors have the highest cosine with q,
// best first, of those that keep says true of, or of all where it is nil. Of q
// the first Dim numbers count. It calls keep from several goroutines, and only
// for papers that are about to be among the best. Nothing is near to a q of 0.
func (x *Index) Search(q []float32, k int, keep func(id int64) bool) ([]Hit, error) {
	query, err := x.query(q)
	if err != nil || query == nil || k < 1 {
		return nil, err
	}
	s := x.snapshot()
	short := s.scan(query, max(shortFactor*k, shortLeast), keep)
	v := make([]float32, x.dim)
	hits := make([]Hit, len(short))
	for i, c := range short {
		chunk, row := s.at(c.slot)
		chunk.codes.decode(v, row)
		hits[i] = Hit{c.ID, vector.Dot(query.v, v)}
	}
	slices.SortFunc(hits, better)
	return hits[:min(k, len(hits))], nil
}

// Scores returns the cosines of q with the vectors of some papers, 0 for one that
// is not there.
func (x *Index) Scores(q []float32, ids []int64) ([]float32, error) {
	scores := make([]float32, len(ids))
	query, err := x.query(q)
	if err != nil || query == nil {
		return scores, err
	}
	s, slots := x.find(ids...)
	v := make([]float32, x.dim)
	for i, slot := range slots {
		if slot >= 0 {
			c, row := s.at(slot)
			c.codes.decode(v, row)
			scores[i] = vector.Dot(query.v, v)
		}
	}
	return scores, nil
}

func (x *Index) query(q []float32) (*query, error) {
	if len(q) < x.dim {
		return nil, fmt.Errorf("index: a query of %d numbers, where %d are kept", len(q), x.dim)
	}
	q = q[:x.dim]
	for _, f := range q {
		if f := float64(f); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("index: the query is not finite")
		}
	}
	return newQuery(q), nil
}

// candidate is a hit by its head.
type candidate struct {
	Hit
	slot int32
}

// scan returns the n best by their heads, in no order.
func (s snapshot) scan(q *query, n int, keep func(int64) bool) []candidate {
	parts := max(1, min(runtime.GOMAXPROCS(0), s.rows/sharedRows))
	if parts == 1 {
		return s.scanChunks(q, 0, len(s.chunks), n, keep).all
	}
	found := make([]best, parts)
	var wg sync.WaitGroup
	for p := range parts {
		wg.Go(func() {
			found[p] = s.scanChunks(q, p*len(s.chunks)/parts, (p+1)*len(s.chunks)/parts, n, keep)
		})
	}
	wg.Wait()
	for _, f := range found[1:] {
		for _, c := range f.all {
			found[0].add(c)
		}
	}
	return found[0].all
}

func (s snapshot) scanChunks(q *query, from, to, n int, keep func(int64) bool) best {
	b := best{n: n, floor: float32(math.Inf(-1))}
	var dots [chunkRows]int32
	for k := from; k < to; k++ {
		c := s.chunks[k]
		in := min(chunkRows, s.rows-k*chunkRows)
		vector.DotsInt4(dots[:in], c.codes.heads, headBytes, q.head[:])
		for i, dot := range dots[:in] {
			length := binary.LittleEndian.Uint16(c.codes.heads[i*headBytes+lengthAt:])
			score := q.unit * float32(2*dot-q.bias) * float32(length)
			if score < b.floor || keep != nil && !keep(c.ids[i]) {
				continue
			}
			b.add(candidate{Hit{c.ids[i], score}, int32(k*chunkRows + i)})
		}
	}
	return b
}

// best is a heap of the n best candidates, the worst on top.
type best struct {
	n     int
	floor float32 // what a candidate needs to be added
	all   []candidate
}

func (b *best) add(c candidate) {
	if len(b.all) < b.n {
		b.all = append(b.all, c)
		for i := len(b.all) - 1; i > 0; {
			up := (i - 1) / 2
			if better(b.all[i].Hit, b.all[up].Hit) <= 0 {
				break
			}
			b.all[i], b.all[up] = b.all[up], b.all[i]
			i = up
		}
	} else {
		if better(c.Hit, b.all[0].Hit) > 0 {
			return
		}
		b.all[0] = c
		for i := 0; ; {
			worst := i
			for _, down := range [2]int{2*i + 1, 2*i + 2} {
				if down < len(b.all) && better(b.all[down].Hit, b.all[worst].Hit) > 0 {
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
