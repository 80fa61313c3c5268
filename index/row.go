package index

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/offprint/offprint/methods/vector"
)

// A row is in two parts, so that a scan reads one of them: the head has the first
// 62 numbers and the length, 64 bytes, which is what a processor fetches at once;
// the tail has the rest, filled up to a multiple of what it multiplies at once.
const (
	headDims  = 62
	headBytes = 64
	step      = 32
)

type shape struct{ dim, tail int }

func shapeOf(dim int) shape {
	return shape{dim, (max(0, dim-headDims) + step - 1) / step * step}
}

func (s shape) bytes() int { return headBytes + s.tail }

// rows are the codes of a chunk.
type rows struct {
	shape
	heads, tails []byte
}

func newRows(dim int) rows {
	s := shapeOf(dim)
	return rows{s, make([]byte, chunkRows*headBytes), make([]byte, chunkRows*s.tail)}
}

func (r rows) clone() rows {
	return rows{r.shape, slices.Clone(r.heads), slices.Clone(r.tails)}
}

func (r rows) head(i int) []byte { return r.heads[i*headBytes : (i+1)*headBytes] }

func (r rows) tail(i int) []byte { return r.tails[i*r.shape.tail : (i+1)*r.shape.tail] }

func (r rows) copyRow(i int, from rows, j int) {
	copy(r.head(i), from.head(j))
	copy(r.tail(i), from.tail(j))
}

// largest is the largest code, and unit the value of a length's last digit: the
// inverse of a length is between 1/127 sqrt(dim) and 1/127.
const (
	largest = 127
	unit    = 1. / (largest * math.MaxUint16)
)

// encode sets row i to the direction of v.
func (r rows) encode(i int, v []float32) {
	head, tail := r.head(i), r.tail(i)
	clear(head)
	clear(tail)
	most := 0.
	for _, f := range v {
		most = max(most, math.Abs(float64(f)))
	}
	if most == 0 {
		return
	}
	sum := 0.
	for j, f := range v {
		c := math.Round(float64(f) / most * largest)
		sum += c * c
		if j < headDims {
			head[j] = byte(int8(c))
		} else {
			tail[j-headDims] = byte(int8(c))
		}
	}
	binary.LittleEndian.PutUint16(head[headDims:], uint16(math.Round(1/(math.Sqrt(sum)*unit))))
}

// scale is the inverse of row i's length.
func (r rows) scale(i int) float32 {
	return unit * float32(binary.LittleEndian.Uint16(r.heads[i*headBytes+headDims:]))
}

// decode sets v to row i.
func (r rows) decode(v []float32, i int) {
	head, tail, scale := r.head(i), r.tail(i), r.scale(i)
	n := min(len(v), headDims)
	for j := range v[:n] {
		v[j] = scale * float32(int8(head[j]))
	}
	for j := range v[n:] {
		v[n+j] = scale * float32(int8(tail[j]))
	}
}

// query is a vector of length 1 that rows are compared with: as it is, and its
// head in whole numbers.
type query struct {
	v    []float32
	head [headBytes]int16 // the length's place is 0
	unit float32          // what head is multiplied with, and a head's row
}

// newQuery returns the query of v's direction; it is nil for 0.
func newQuery(v []float32) *query {
	q := &query{v: slices.Clone(v)}
	if length := vector.Normalize(q.v); length == 0 {
		return nil
	}
	most := float32(0)
	head := q.v[:min(len(v), headDims)]
	for _, f := range head {
		most = max(most, f, -f)
	}
	if most == 0 {
		return q
	}
	for j, f := range head {
		q.head[j] = int16(math.Round(float64(f / most * math.MaxInt16)))
	}
	q.unit = most / math.MaxInt16 * unit
	return q
}
