// Package index finds the vectors nearest to a query among those of all papers,
// in memory.
//
// A number of a vector v is kept in four bits, as one of the odd numbers from -15
// to 15, and a vector has two bytes more for the length of these:
//
//	c_j = 2 floor(v_j/s) + 1, cut off at +-15,   u = c / |c|.
//
// The step s is the one, of a few for each vector, with which u, which is what is
// stored, comes nearest to v's direction. 252 numbers take 128 bytes, an eighth
// of what 256 take as float32. Fewer bits lose less than fewer numbers do, even
// of nested vectors (see DESIGN.md).
//
// A search finds the best of all, and is fast with nested vectors
// (methods/embed/mrl): of most rows it reads the first 124 numbers, which show
// that the others cannot help.
package index

import (
	"fmt"
	"math"
	"slices"
	"sync"
)

// Dims is how many numbers of a nested vector are worth keeping, as measured: a
// row of 128 bytes.
const Dims = 252

// Kept is how many numbers of a nested vector of dim an index should keep: all
// but four, whose place a row's length takes, so that a row has an eighth of the
// bytes that float32 would take, or less; and no more than [Dims].
func Kept(dim int) int {
	if dim <= headDims {
		return dim
	}
	return min(dim-2*(headBytes-lengthAt), Dims)
}

// mostDims is the longest vector that an index takes.
const mostDims = 1 << 12

// Index holds vectors by the IDs of their papers. It is safe for concurrent use:
// a search sees the index as it was when the search began, and waits for nobody
// who adds.
type Index struct {
	dim int

	write sync.Mutex   // held by those who change the index, one at a time
	mu    sync.RWMutex // of what follows, held only to read or set it
	now   snapshot
	slots map[int64]int32
}

// snapshot is the index at one moment. The rows it has never change.
type snapshot struct {
	encoder string
	rows    int
	stale   int // rows of an encoder before
	chunks  []*chunk
}

// chunkRows is how many rows are copied where one of them is to change. Rows
// that no snapshot has yet are written in place.
const chunkRows = 512

// chunk has the rows of 512 slots.
type chunk struct {
	ids   [chunkRows]int64
	stale [chunkRows]bool
	codes rows
}

// New returns an empty index that keeps the first dim numbers of each vector, 1
// to 4096. The encoder's name tells whose vectors they are.
func New(dim int, encoder string) (*Index, error) {
	if dim < 1 || dim > mostDims {
		return nil, fmt.Errorf("index: vectors of %d numbers; 1 to %d can be kept", dim, mostDims)
	}
	return &Index{dim: dim, now: snapshot{encoder: encoder}, slots: map[int64]int32{}}, nil
}

// Dim is how many numbers of a vector are kept.
func (x *Index) Dim() int { return x.dim }

// RowBytes is the size of a row.
func (x *Index) RowBytes() int { return headBytes + tailBytes(x.dim) }

// Len is the number of vectors.
func (x *Index) Len() int { return x.snapshot().rows }

// Encoder is the name of the encoder whose vectors are added.
func (x *Index) Encoder() string { return x.snapshot().encoder }

func (x *Index) snapshot() snapshot {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.now
}

// find returns a snapshot and the slots in it of some IDs, -1 for one that is not
// there.
func (x *Index) find(ids ...int64) (snapshot, []int32) {
	slots := make([]int32, len(ids))
	x.mu.RLock()
	defer x.mu.RUnlock()
	for i, id := range ids {
		slot, ok := x.slots[id]
		if !ok {
			slot = -1
		}
		slots[i] = slot
	}
	return x.now, slots
}

// Has says whether a paper has a vector here.
func (x *Index) Has(id int64) bool {
	_, slots := x.find(id)
	return slots[0] >= 0
}

// Vector sets dst, of Dim numbers, to the vector of a paper as it is stored, of
// length 1, or 0 where what was added was 0. It says whether the paper is there.
func (x *Index) Vector(id int64, dst []float32) bool {
	s, slots := x.find(id)
	if slots[0] < 0 {
		return false
	}
	c, i := s.at(slots[0])
	c.codes.decode(dst[:x.dim], i)
	return true
}

// Add puts a paper's vector in the place of the one it had. Of v the first Dim
// numbers count, and their direction alone. An error means that it has fewer, or
// one that is not finite.
func (x *Index) Add(id int64, v []float32) error {
	if len(v) < x.dim {
		return fmt.Errorf("index: a vector of %d numbers, where %d are kept", len(v), x.dim)
	}
	v = v[:x.dim]
	for _, f := range v {
		if f := float64(f); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("index: the vector of paper %d is not finite", id)
		}
	}
	x.write.Lock()
	defer x.write.Unlock()
	s, slots := x.find(id)
	slot := slots[0]
	if slot < 0 {
		slot = int32(s.rows)
		s.rows++
		if int(slot) == len(s.chunks)*chunkRows {
			s.chunks = append(s.chunks, &chunk{codes: newRows(x.dim)})
		}
	} else {
		s.own(slot)
	}
	c, i := s.at(slot)
	if c.stale[i] {
		s.stale--
	}
	c.ids[i], c.stale[i] = id, false
	c.codes.encode(i, v)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now, x.slots[id] = s, slot
	return nil
}

// Remove takes a paper out, if it is there. The last row takes its place.
func (x *Index) Remove(id int64) {
	x.write.Lock()
	defer x.write.Unlock()
	s, slots := x.find(id)
	hole, last := slots[0], int32(s.rows-1)
	if hole < 0 {
		return
	}
	// The last chunk is copied, too: what is added next is written to the slot
	// that older snapshots still read.
	s.own(hole, last)
	to, i := s.at(hole)
	from, j := s.at(last)
	if to.stale[i] {
		s.stale--
	}
	moved := from.ids[j]
	to.ids[i], to.stale[i] = moved, from.stale[j]
	to.codes.copyRow(i, from.codes, j)
	from.stale[j] = false
	s.rows--
	if j == 0 {
		s.chunks = s.chunks[:len(s.chunks)-1]
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now, x.slots[moved] = s, hole
	delete(x.slots, id)
}

// Replace names a new encoder, whose vectors are added from now on. Those that
// are there become stale, but stay and are found until [Index.Add] replaces
// them: the new encoder has to be aligned with the one before
// (encode.Encoder.Align).
func (x *Index) Replace(encoder string) {
	x.write.Lock()
	defer x.write.Unlock()
	s := x.snapshot()
	if s.encoder == encoder {
		return
	}
	s.chunks = slices.Clone(s.chunks)
	for k, c := range s.chunks {
		// The codes are shared, but for the last chunk's, whose free rows would
		// else be written through both.
		copied := *c
		if k == len(s.chunks)-1 {
			copied.codes = c.codes.clone()
		}
		for i := range min(chunkRows, s.rows-k*chunkRows) {
			copied.stale[i] = true
		}
		s.chunks[k] = &copied
	}
	s.encoder, s.stale = encoder, s.rows
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now = s
}

// StaleLen is how many vectors are of an encoder before the present one.
func (x *Index) StaleLen() int { return x.snapshot().stale }

// Stale returns up to n IDs of papers whose vectors are of an encoder before the
// present one.
func (x *Index) Stale(n int) []int64 {
	s := x.snapshot()
	var ids []int64
	for slot := int32(0); int(slot) < s.rows && len(ids) < min(n, s.stale); slot++ {
		if c, i := s.at(slot); c.stale[i] {
			ids = append(ids, c.ids[i])
		}
	}
	return ids
}

// IDs returns the papers that have a vector, in no order.
func (x *Index) IDs() []int64 {
	s := x.snapshot()
	ids := make([]int64, 0, s.rows)
	for k, c := range s.chunks {
		ids = append(ids, c.ids[:min(chunkRows, s.rows-k*chunkRows)]...)
	}
	return ids
}

// at is where a slot is.
func (s snapshot) at(slot int32) (*chunk, int) {
	return s.chunks[slot/chunkRows], int(slot % chunkRows)
}

// own gives the snapshot copies of the chunks that have some slots.
func (s *snapshot) own(slots ...int32) {
	old := s.chunks
	s.chunks = slices.Clone(old)
	for _, slot := range slots {
		k := slot / chunkRows
		if s.chunks[k] == old[k] {
			copied := *old[k]
			copied.codes = old[k].codes.clone()
			s.chunks[k] = &copied
		}
	}
}
