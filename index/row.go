package index

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/offprint/offprint/methods/vector"
)

// A row is in two parts, so that a scan reads one of them: the head has the first
// 124 numbers and the length, 64 bytes, which is what a processor fetches at once;
// the tail has the rest. Both are of blocks as [vector.DotsInt4] takes them, with
// codes in the low bits of 32 bytes and in the high bits of the same. The head's
// second block has 30 such bytes, and then the length.
const (
	headDims   = 124
	headBytes  = 64
	lengthAt   = headBytes - 2
	blockBytes = vector.Int4Block / 2
	levels     = 16
	odd        = levels - 1 // the largest of the numbers that codes stand for
)

// tailBytes is the size of a row's tail.
func tailBytes(dim int) int {
	return (max(0, dim-headDims) + vector.Int4Block - 1) / vector.Int4Block * blockBytes
}

// blockOf returns those of a vector's numbers that block b has in its low bits
// and in its high bits. None are left for blocks that a shorter vector has not.
func blockOf[T any](v []T, b int) (low, high []T) {
	from, width := b*vector.Int4Block, blockBytes
	switch {
	case b == 1:
		width = lengthAt - blockBytes
	case b > 1:
		from -= 2 * (headBytes - lengthAt)
	}
	cut := func(at int) int { return min(at, len(v)) }
	return v[cut(from):cut(from+width)], v[cut(from+width):cut(from+2*width)]
}

// rows are the rows of a chunk.
type rows struct {
	dim          int
	heads, tails []byte
	rest         []byte // length of a row without its head, in restUnit, rounded up
}

const restUnit = 1. / 254 // of a byte, with room for a length that was rounded up

func newRows(dim int) rows {
	return rows{dim, make([]byte, chunkRows*headBytes), make([]byte, chunkRows*tailBytes(dim)), make([]byte, chunkRows)}
}

func (r rows) clone() rows {
	return rows{r.dim, slices.Clone(r.heads), slices.Clone(r.tails), slices.Clone(r.rest)}
}

func (r rows) head(i int) []byte { return r.heads[i*headBytes : (i+1)*headBytes] }

func (r rows) tail(i int) []byte {
	n := tailBytes(r.dim)
	return r.tails[i*n : (i+1)*n]
}

// block is block b of row i.
func (r rows) block(i, b int) []byte {
	if b < headBytes/blockBytes {
		return r.head(i)[b*blockBytes : (b+1)*blockBytes]
	}
	b -= headBytes / blockBytes
	return r.tail(i)[b*blockBytes : (b+1)*blockBytes]
}

// blocks is the number of a row's blocks.
func (r rows) blocks() int { return (headBytes + tailBytes(r.dim)) / blockBytes }

func (r rows) copyRow(i int, from rows, j int) {
	copy(r.head(i), from.head(j))
	copy(r.tail(i), from.tail(j))
	r.rest[i] = from.rest[j]
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
	for b := range r.blocks() {
		codes := r.block(i, b)
		low, high := blockOf(v, b)
		for j, f := range low {
			codes[j] = byte(code(float64(f) * step))
		}
		for j, f := range high {
			codes[j] |= byte(code(float64(f)*step) << 4)
		}
	}
	binary.LittleEndian.PutUint16(head[lengthAt:], uint16(math.Round(math.Sqrt(float64(r.dim))*math.MaxUint16/length)))
	r.measure(i)
}

// measure sets rest of row i, and says whether the row's length is right.
func (r rows) measure(i int) bool {
	v := make([]float32, r.dim)
	r.decode(v, i)
	r.rest[i] = byte(min(math.MaxUint8, math.Ceil(float64(vector.Norm(v[min(r.dim, headDims):]))/restUnit)))
	return r.length(i) == 0 || math.Abs(float64(vector.Norm(v))-1) < 1e-3
}

// code is the level that a number is in, in units of the levels' distance.
func code(f float64) int {
	return min(max(int(math.Floor(f))+levels/2, 0), levels-1)
}

// unit is the value of a length's last digit: the inverse of a length is from
// 1/15 to 1 over the root of the dimensions.
func unit(dim int) float32 { return float32(1 / (math.MaxUint16 * math.Sqrt(float64(dim)))) }

// length is what is kept of row i's length, in units of [unit].
func (r rows) length(i int) float32 {
	return float32(binary.LittleEndian.Uint16(r.heads[i*headBytes+lengthAt:]))
}

// decode sets v to row i.
func (r rows) decode(v []float32, i int) {
	var values [levels]float32
	for c := range values {
		values[c] = unit(r.dim) * r.length(i) * float32(2*c-odd)
	}
	for b := range r.blocks() {
		codes := r.block(i, b)
		low, high := blockOf(v, b)
		for j := range low {
			low[j] = values[codes[j]&(levels-1)]
		}
		for j := range high {
			high[j] = values[codes[j]>>4]
		}
	}
}

// query is a vector of length 1 that rows are compared with: as it is, and in
// whole numbers.
type query struct {
	v          []float32
	head, tail part
	tailLength float32 // of v without its head, in units of rows.rest
}

// part is a query's head or tail in whole numbers.
type part struct {
	codes []int8
	bias  int32   // what the codes' zero adds to twice a product
	unit  float32 // of twice a product, times a row's length
	off   float32 // the most that a row's product can be too small
}

// product is that with a row of codes, but for the row's length.
func (p *part) product(dot int32) float32 { return p.unit * float32(2*dot-p.bias) }

// slack is more than what the sums of float32 are off by.
const slack = 1e-5

// newQuery returns the query of v's direction; it is nil for 0.
func newQuery(v []float32) *query {
	q := &query{v: slices.Clone(v)}
	if length := vector.Normalize(q.v); length == 0 {
		return nil
	}
	codes := make([]int8, 2*(headBytes+tailBytes(len(v))))
	h := min(len(v), headDims)
	q.head = newPart(codes[:2*headBytes], q.v, 0, h)
	q.tail = newPart(codes[2*headBytes:], q.v, h, len(v))
	q.tailLength = vector.Norm(q.v[h:]) * restUnit
	return q
}

// newPart has the numbers of v between two places.
func newPart(codes []int8, v []float32, from, to int) part {
	p := part{codes: codes, off: slack}
	most := float32(0)
	for _, f := range v[from:to] {
		most = max(most, f, -f)
	}
	if most == 0 {
		return p
	}
	whole := make([]int8, len(v))
	square := 0.
	for j, f := range v[from:to] {
		c := math.Round(float64(f / most * math.MaxInt8))
		whole[from+j] = int8(c)
		p.bias += odd * int32(c)
		d := float64(f) - c*float64(most)/math.MaxInt8
		square += d * d
	}
	first := from / headDims * headBytes / blockBytes
	for b := range len(codes) / vector.Int4Block {
		low, high := blockOf(whole, first+b)
		copy(codes[b*vector.Int4Block:], low)
		copy(codes[b*vector.Int4Block+blockBytes:], high)
	}
	p.unit = most / math.MaxInt8 * unit(len(v))
	p.off += float32(math.Sqrt(square))
	return p
}
