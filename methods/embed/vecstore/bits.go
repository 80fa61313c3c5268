package vecstore

import "math/bits"

// packed are n numbers of a few bits each.
type packed struct {
	width int
	words []uint64
}

func newPacked(n, width int) *packed {
	return &packed{width, make([]uint64, (n*width+63)/64)}
}

// set writes a number once.
func (p *packed) set(i int, v uint64) {
	bit := i * p.width
	w, s := bit/64, bit%64
	p.words[w] |= v << s
	if s+p.width > 64 {
		p.words[w+1] |= v >> (64 - s)
	}
}

func (p *packed) get(i int) uint64 {
	bit := i * p.width
	w, s := bit/64, bit%64
	v := p.words[w] >> s
	if s+p.width > 64 {
		v |= p.words[w+1] << (64 - s)
	}
	return v & (1<<p.width - 1)
}

func (p *packed) bytes() int { return 8 * len(p.words) }

// bitset is a set of numbers that knows how many are below each.
type bitset struct {
	words []uint64
	below []uint32 // how many are before each block of words
	count int
}

// blockWords is how many words lie between two counts.
const blockWords = 8

func newBitset(n int, has func(i int) bool) *bitset {
	s := &bitset{words: make([]uint64, (n+63)/64)}
	for i := range n {
		if i%(64*blockWords) == 0 {
			s.below = append(s.below, uint32(s.count))
		}
		if has(i) {
			s.words[i/64] |= 1 << (i % 64)
			s.count++
		}
	}
	return s
}

func (s *bitset) has(i int) bool { return s.words[i/64]>>(i%64)&1 == 1 }

// rank is how many of the set are below i.
func (s *bitset) rank(i int) int {
	w := i / 64
	n := int(s.below[w/blockWords])
	for k := w / blockWords * blockWords; k < w; k++ {
		n += bits.OnesCount64(s.words[k])
	}
	return n + bits.OnesCount64(s.words[w]&(1<<(i%64)-1))
}

func (s *bitset) bytes() int { return 8*len(s.words) + 4*len(s.below) }
