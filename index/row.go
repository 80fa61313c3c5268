package index

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/offprint/offprint/methods/vector"
)

// A row is in two parts, so that a scan reads one of them: the head has the first
// 124 numbers and the length, 64 bytes, which is what a processor fetches at once;
// the tail has the rest. Both are in the order of [vector.DotsInt4].
const (
	headDims   = 124
	headBytes  = 64
	lengthAt   = headBytes - 2
	blockBytes = vector.Int4Block / 2
	levels     = 16
	odd        = levels - 1 // the largest of the numbers that codes stand for
)

// place is where number j is among the codes of a row: the length takes the
// place of four.
func place(j int) int {
	switch {
	case j < 64+blockBytes-2:
		return j
	case j < headDims:
		return j + 2
	}
	return j + 4
}

// half is the byte of a place and how far up in it the code is.
func half(p int) (at, shift int) {
	in := p % vector.Int4Block
	return p/vector.Int4Block*blockBytes + in%blockBytes, in / blockBytes * 4
}

// tailBytes is the size of a row's tail.
func tailBytes(dim int) int {
	return (max(0, dim-headDims) + vector.Int4Block - 1) / vector.Int4Block * blockBytes
}

// rows are the rows of a chunk.
type rows struct {
	dim          int
	heads, tails []byte
}

func newRows(dim int) rows {
	return rows{dim, make([]byte, chunkRows*headBytes), make([]byte, chunkRows*tailBytes(dim))}
}

func (r rows) clone() rows { return rows{r.dim, slices.Clone(r.heads), slices.Clone(r.tails)} }

func (r rows) head(i int) []byte { return r.heads[i*headBytes : (i+1)*headBytes] }

func (r rows) tail(i int) []byte {
	n := tailBytes(r.dim)
	return r.tails[i*n : (i+1)*n]
}

func (r rows) copyRow(i int, from rows, j int) {
	copy(r.head(i), from.head(j))
	copy(r.tail(i), from.tail(j))
}

// steps are tried for each vector, as shares of the one with which no number is
// cut off. Wide ones are for vectors without outliers.
var steps = [...]float64{1, .9, .8, .7, .6, .5, .4, .3}

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
	step, cosine, length := 0., -1., 0.
	for _, share := range steps {
		s := levels / (2 * most * share)
		dot, square := 0., 0.
		for _, f := range v {
			c := float64(2*code(float64(f)*s) - odd)
			dot += c * float64(f)
			square += c * c
		}
		if dot := dot / math.Sqrt(square); dot > cosine {
			step, cosine, length = s, dot, math.Sqrt(square)
		}
	}
	for j, f := range v {
		at, shift := half(place(j))
		part := head
		if at >= headBytes {
			part, at = tail, at-headBytes
		}
		part[at] |= byte(code(float64(f)*step) << shift)
	}
	binary.LittleEndian.PutUint16(head[lengthAt:], uint16(math.Round(math.Sqrt(float64(r.dim))*math.MaxUint16/length)))
}

// code is the level that a number is in, in units of the levels' distance.
func code(f float64) int {
	return min(max(int(math.Floor(f))+levels/2, 0), levels-1)
}

// unit is the value of a length's last digit: the inverse of a length is from
// 1/15 to 1 over the root of the dimensions.
func unit(dim int) float32 { return float32(1 / (math.MaxUint16 * math.Sqrt(float64(dim)))) }

// decode sets v to row i.
func (r rows) decode(v []float32, i int) {
	head, tail := r.head(i), r.tail(i)
	length := binary.LittleEndian.Uint16(head[lengthAt:])
	var values [levels]float32
	for c := range values {
		values[c] = unit(r.dim) * float32(length) * float32(2*c-odd)
	}
	for j := range v {
		at, shift := half(place(j))
		part := head
		if at >= headBytes {
			part, at = tail, at-headBytes
		}
		v[j] = values[part[at]>>shift&(levels-1)]
	}
}

// query is a vector of length 1 that rows are compared with: as it is, and its
// head in whole numbers.
type query struct {
	v    []float32
	head [2 * headBytes]int8
	bias int32   // what the codes' zero adds to twice a head's product
	unit float32 // of the products
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
		c := int8(math.Round(float64(f / most * math.MaxInt8)))
		q.head[place(j)] = c
		q.bias += odd * int32(c)
	}
	q.unit = most / math.MaxInt8 * unit(len(v))
	return q
}
