package semid

import "github.com/offprint/offprint/methods/random"

// Pieces splits a semantic ID into pieces, each a row of an embedding table. An
// item's vector is the sum of its pieces' rows. A code is a symbol of its level:
// code 7 of level 0 and code 7 of level 1 have nothing to do with each other.
type Pieces interface {
	Split(id []uint16) []uint32
}

// NGram has all runs of N successive codes as pieces, hashed into Rows rows.
type NGram struct {
	N    int
	Rows uint32
	Seed uint64
}

// Split implements [Pieces]. An ID shorter than N has no pieces.
func (g NGram) Split(id []uint16) []uint32 {
	var rows []uint32
	for l := 0; l+g.N <= len(id); l++ {
		rows = append(rows, hash(l, id[l:l+g.N], g.Seed)%g.Rows)
	}
	return rows
}

// Prefixes has all prefixes of an ID as pieces, hashed into Rows rows.
type Prefixes struct {
	Rows uint32
	Seed uint64
}

// Split implements [Pieces].
func (p Prefixes) Split(id []uint16) []uint32 {
	var rows []uint32
	for n := range id {
		rows = append(rows, hash(0, id[:n+1], p.Seed)%p.Rows)
	}
	return rows
}

// hash is that of a run of codes which starts at a level.
func hash(level int, codes []uint16, seed uint64) uint32 {
	h := random.Mix(uint64(level)<<32|uint64(len(codes)), seed)
	for _, c := range codes {
		h = random.Mix(uint64(c), h)
	}
	return uint32(h >> 32)
}
