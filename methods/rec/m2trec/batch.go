package m2trec

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/offprint/offprint/methods/vector"
)

// batch is the input of a step: sessions, padded to one length.
type batch struct {
	size, length, dim int
	history           []float32 // [size x length x dim]
	valid             []bool    // [size x length]
	target            []float32 // [size x dim]
	same              []bool    // [size x size], off the diagonal
	classes           [][]int32 // by task, [size]

	sessions [][]int32           // each with its history, then its target
	items    []int32             // those of the batch, each once, in the order of their first use
	vectors  map[int32][]float32 // theirs: many are in several sessions
}

func newBatch(size, length, dim, tasks int) *batch {
	b := &batch{
		size: size, length: length, dim: dim,
		history:  make([]float32, size*length*dim),
		valid:    make([]bool, size*length),
		target:   make([]float32, size*dim),
		same:     make([]bool, size*size),
		sessions: make([][]int32, size),
	}
	for range tasks {
		b.classes = append(b.classes, make([]int32, size))
	}
	return b
}

// batches deals the sessions to batches at random, those with histories of about
// the same length together: most are short, and padding costs as much as items.
func (c Config) batches(sessions []Session, rng *rand.Rand) [][]int {
	order := rng.Perm(len(sessions))
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(c.padded(len(sessions[a].History)), c.padded(len(sessions[b].History)))
	})
	// The sessions that no whole batch is left for are random ones.
	for n := len(order) % c.Batch; n > 0; n-- {
		i := rng.IntN(len(order))
		order = slices.Delete(order, i, i+1)
	}
	return slices.Collect(slices.Chunk(order, c.Batch))
}

// padded is the length to which a history of n items is padded, a power of two:
// each length is another graph.
func (c Config) padded(n int) int {
	p := 1
	for p < n {
		p *= 2
	}
	return min(p, c.MaxLen)
}

// clear empties the batch for histories of up to length items.
func (b *batch) clear(length int) {
	b.length = length
	b.history = b.history[:b.size*length*b.dim]
	b.valid = b.valid[:b.size*length]

	clear(b.history)
	clear(b.valid)
	clear(b.target)
	clear(b.same)
}

// fill puts some sessions into the batch.
func (b *batch) fill(m *Model, items []Item, sessions []Session, rows []int) {
	length := 1
	for _, row := range rows {
		length = max(length, m.config.padded(len(sessions[row].History)))
	}
	b.clear(length)
	b.items, b.vectors = b.items[:0], map[int32][]float32{}
	of := func(i int32) []float32 {
		x, ok := b.vectors[i]
		if !ok {
			x = make([]float32, b.dim)
			m.gather(x, items[i])
			b.items, b.vectors[i] = append(b.items, i), x
		}
		return x
	}
	for r, row := range rows {
		s := sessions[row]
		h := s.History[max(0, len(s.History)-b.length):]
		b.sessions[r] = append(append(b.sessions[r][:0], h...), s.Target)
		for t, i := range h {
			b.valid[r*b.length+t] = true
			copy(b.history[(r*b.length+t)*b.dim:], of(i))
		}
		copy(b.target[r*b.dim:], of(s.Target))
		for k := range b.classes {
			b.classes[k][r] = items[s.Target].Classes[k]
		}
		for q, other := range rows {
			b.same[r*b.size+q] = q != r && sessions[other].Target == s.Target
		}
	}
}

// sum turns the vectors of the batch's items into their gradients, given those
// of the histories and the targets.
func (b *batch) sum(history, target []float32) {
	for _, v := range b.vectors {
		clear(v)
	}
	for r, items := range b.sessions {
		n := len(items) - 1
		for t, i := range items[:n] {
			vector.AddScaled(b.vectors[i], 1, history[(r*b.length+t)*b.dim:][:b.dim])
		}
		vector.AddScaled(b.vectors[items[n]], 1, target[r*b.dim:][:b.dim])
	}
}

func (b *batch) historyTensor() *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(b.history, b.size, b.length, b.dim)
}

func (b *batch) validTensor() *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(b.valid, b.size, b.length)
}

// inputs are those of the loss.
func (b *batch) inputs() []*tensors.Tensor {
	in := []*tensors.Tensor{
		b.historyTensor(),
		tensors.FromFlatDataAndDimensions(b.target, b.size, b.dim),
		b.validTensor(),
		tensors.FromFlatDataAndDimensions(b.same, b.size, b.size),
	}
	for _, c := range b.classes {
		in = append(in, tensors.FromFlatDataAndDimensions(c, b.size))
	}
	return in
}
