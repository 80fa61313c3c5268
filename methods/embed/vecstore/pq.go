package vecstore

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/offprint/offprint/methods/cluster"
	"github.com/offprint/offprint/methods/vector"
)

// PQ is product quantisation (Jégou, Douze and Schmid, 2011): a vector is cut
// into parts, and each part is replaced by the nearest of its codebook's K
// centres. An inner product with a query is then a sum of look-ups,
//
//	<q, v> = sum_p T_p[k_p],   T_p[k] = <q_p, C_pk>.
//
// A part's number takes a byte, or half of one with up to 16 centres.
type PQ struct {
	dim, width int // of a vector, of a part
	books      []*cluster.KMeans
}

// NewPQ fits the codebooks of a number of parts, which divides dim, with K
// centres each, at most 256, by rounds of k-means on train [n x dim].
func NewPQ(ctx context.Context, train []float32, dim, parts, k, rounds int, rng *rand.Rand) (*PQ, error) {
	if parts < 1 || dim < 1 || dim%parts != 0 || len(train)%dim != 0 || k > 256 {
		return nil, fmt.Errorf("vecstore: %d parts with %d centres for vectors of %d, from %d numbers", parts, k, dim, len(train))
	}
	n := len(train) / dim
	p := &PQ{dim: dim, width: dim / parts}
	part := make([]float32, n*p.width)
	for b := range parts {
		for i := range n {
			copy(part[i*p.width:(i+1)*p.width], train[i*dim+b*p.width:])
		}
		m, err := cluster.Fit(ctx, part, p.width, k, rounds, rng)
		if err != nil {
			return nil, fmt.Errorf("vecstore: part %d: %w", b, err)
		}
		m.Assign = nil // as large as the training vectors
		p.books = append(p.books, m)
	}
	return p, nil
}

// Dim is the length of a vector.
func (p *PQ) Dim() int { return p.dim }

// Bytes is one a part, or half of one.
func (p *PQ) Bytes() int {
	if p.half() {
		return (len(p.books) + 1) / 2
	}
	return len(p.books)
}

func (p *PQ) half() bool { return p.books[0].K <= 16 }

// Shared is the size of the codebooks.
func (p *PQ) Shared() int { return 4 * p.books[0].K * p.dim }

// Encode implements [Codec].
func (p *PQ) Encode(code []byte, v []float32) error {
	if err := checkCode(p, v, code); err != nil {
		return err
	}
	clear(code)
	for b, m := range p.books {
		c, _ := m.Nearest(v[b*p.width : (b+1)*p.width])
		if p.half() {
			code[b/2] |= byte(c) << (b % 2 * 4)
		} else {
			code[b] = byte(c)
		}
	}
	return nil
}

// Decode implements [Codec].
func (p *PQ) Decode(v []float32, code []byte) error {
	if err := checkCode(p, v, code); err != nil {
		return err
	}
	for b, m := range p.books {
		var c int
		if p.half() {
			c = int(code[b/2] >> (b % 2 * 4) & 15)
		} else {
			c = int(code[b])
		}
		if c >= m.K {
			return fmt.Errorf("vecstore: a code with the centre %d of %d", c, m.K)
		}
		copy(v[b*p.width:(b+1)*p.width], m.Centres[c*p.width:])
	}
	return nil
}

// Scan returns the k vectors with the largest inner product with q, from codes
// that are not decoded.
func (p *PQ) Scan(q []float32, codes []byte, k int) ([]Hit, error) {
	size := p.Bytes()
	if len(q) != p.dim || len(codes)%size != 0 {
		return nil, fmt.Errorf("vecstore: a query of %d numbers and %d bytes of codes, want %d and codes of %d", len(q), len(codes), p.dim, size)
	}
	// A table for each byte of a code: of one part, or of two.
	tables := make([][256]float32, size)
	for b, m := range p.books {
		for c := range m.K {
			dot := vector.Dot(q[b*p.width:(b+1)*p.width], m.Centres[c*p.width:])
			if !p.half() {
				tables[b][c] = dot
				continue
			}
			for other := range 16 {
				if b%2 == 0 {
					tables[b/2][other<<4|c] += dot
				} else {
					tables[b/2][c<<4|other] += dot
				}
			}
		}
	}
	scores := make([]float32, len(codes)/size)
	for i := range scores {
		code := codes[i*size : (i+1)*size]
		var a, b float32 // two sums, so that the additions need not wait
		j := 0
		for ; j+2 <= len(code); j += 2 {
			a += tables[j][code[j]]
			b += tables[j+1][code[j+1]]
		}
		if j < len(code) {
			a += tables[j][code[j]]
		}
		scores[i] = a + b
	}
	return hits(scores, k), nil
}
