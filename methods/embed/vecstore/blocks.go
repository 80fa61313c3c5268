package vecstore

import (
	"fmt"
	"math"

	"github.com/offprint/offprint/methods/vector"
)

// Blocks are the codes of a [PQ] with up to 16 centres a part, in an order in
// which the processor looks 32 of them up at once (after André, Kermarrec and Le
// Scouarnec, 2015). The tables of a query are rounded to bytes for it, so its
// scores are coarse: take some hundred hits and [Rerank] them.
type Blocks struct {
	pq    *PQ
	n     int
	codes []byte // as vector.SumLookups wants them
}

// NewBlocks orders codes of p, which has an even number of parts, up to 256.
func NewBlocks(p *PQ, codes []byte) (*Blocks, error) {
	parts, size := len(p.books), p.Bytes()
	if !p.half() || parts%2 != 0 || parts > 256 {
		return nil, fmt.Errorf("vecstore: blocks of codes of %d parts with %d centres, want an even number up to 256, and up to 16", parts, p.books[0].K)
	}
	if len(codes)%size != 0 {
		return nil, fmt.Errorf("vecstore: %d bytes are not codes of %d", len(codes), size)
	}
	b := &Blocks{pq: p, n: len(codes) / size}
	const block = vector.LookupBlock
	b.codes = make([]byte, (b.n+block-1)/block*block*size)
	for i := range b.n {
		at := i % 16 * 2
		if i%block >= 16 {
			at++
		}
		for j, c := range codes[i*size : (i+1)*size] {
			b.codes[i/block*block*size+j*block+at] = c
		}
	}
	return b, nil
}

// Bytes is the size of the blocks.
func (b *Blocks) Bytes() int { return len(b.codes) }

// Scan returns nearly those k vectors that have the largest inner product with
// q.
func (b *Blocks) Scan(q []float32, k int) ([]Hit, error) {
	if len(q) != b.pq.dim {
		return nil, fmt.Errorf("vecstore: a query of %d numbers, want %d", len(q), b.pq.dim)
	}
	tables, step, base := b.tables(q)
	sums := make([]uint16, len(b.codes)/b.pq.Bytes())
	vector.SumLookups(sums, b.codes, tables)
	sums = sums[:b.n]
	found := make([]Hit, 0, min(max(k, 0), b.n))
	for _, i := range topSums(sums, 255*len(b.pq.books), cap(found)) {
		found = append(found, Hit{int(i), base + step*float32(sums[i])})
	}
	return found, nil
}

// tables are the inner products of a query's parts with their centres, less the
// smallest of the part, in steps of 1/255 of the widest range.
func (b *Blocks) tables(q []float32) (tables []byte, step, base float32) {
	p := b.pq
	exact := make([]float32, 16*len(p.books))
	for i, m := range p.books {
		t := exact[16*i : 16*i+m.K]
		least, most := float32(math.Inf(1)), float32(math.Inf(-1))
		for c := range t {
			t[c] = vector.Dot(q[i*p.width:(i+1)*p.width], m.Centres[c*p.width:])
			least, most = min(least, t[c]), max(most, t[c])
		}
		for c := range t {
			t[c] -= least
		}
		base += least
		step = max(step, (most-least)/255)
	}
	tables = make([]byte, len(exact))
	if step > 0 {
		for i, v := range exact {
			tables[i] = byte(min(255, v/step+.5))
		}
	}
	return tables, step, base
}

// topSums returns the places of the k largest of sums, of at most most, the
// largest first and the first first among equals.
func topSums(sums []uint16, most, k int) []int32 {
	if k == 0 {
		return nil
	}
	count := make([]int32, most+1)
	for _, s := range sums {
		count[s]++
	}
	// Where each value's places begin, down to that of the k-th.
	at, bound := int32(0), most
	for s := most; s >= 0 && int(at) < k; s-- {
		at, count[s], bound = at+count[s], at, s
	}
	out := make([]int32, at)
	for i, s := range sums {
		if int(s) >= bound {
			out[count[s]] = int32(i)
			count[s]++
		}
	}
	return out[:k]
}
