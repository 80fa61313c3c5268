package vecstore

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/offprint/offprint/methods/eval"
	"github.com/offprint/offprint/methods/vector"
)

// Codec keeps vectors that are there already, each in the same number of bytes.
// Its methods are safe from several goroutines.
type Codec interface {
	Dim() int    // length of a vector
	Bytes() int  // of a code
	Shared() int // bytes that all vectors share, such as codebooks
	// Encode sets code [Bytes] to that of v [Dim].
	Encode(code []byte, v []float32) error
	// Decode sets v [Dim] to the vector of code [Bytes], nearly what was encoded.
	Decode(v []float32, code []byte) error
}

// EncodeAll returns the codes of the rows of a matrix, one after the other.
func EncodeAll(c Codec, rows []float32) ([]byte, error) {
	d, b := c.Dim(), c.Bytes()
	if len(rows)%d != 0 {
		return nil, fmt.Errorf("vecstore: %d numbers are not vectors of %d", len(rows), d)
	}
	codes := make([]byte, len(rows)/d*b)
	for i := range len(rows) / d {
		if err := c.Encode(codes[i*b:(i+1)*b], rows[i*d:(i+1)*d]); err != nil {
			return nil, err
		}
	}
	return codes, nil
}

// DecodeAll returns the vectors of codes, row by row.
func DecodeAll(c Codec, codes []byte) ([]float32, error) {
	d, b := c.Dim(), c.Bytes()
	if len(codes)%b != 0 {
		return nil, fmt.Errorf("vecstore: %d bytes are not codes of %d", len(codes), b)
	}
	rows := make([]float32, len(codes)/b*d)
	for i := range len(codes) / b {
		if err := c.Decode(rows[i*d:(i+1)*d], codes[i*b:(i+1)*b]); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// checkCode checks the sizes that a codec is called with.
func checkCode(c Codec, v []float32, code []byte) error {
	if len(v) != c.Dim() || len(code) != c.Bytes() {
		return fmt.Errorf("vecstore: a vector of %d numbers and a code of %d bytes, want %d and %d", len(v), len(code), c.Dim(), c.Bytes())
	}
	return nil
}

// Hit is a vector found by a scan.
type Hit struct {
	ID    int // its place among the codes
	Score float32
}

// hits are the k highest scores, the highest first.
func hits(scores []float32, k int) []Hit {
	top := eval.Top(scores, k, nil)
	out := make([]Hit, len(top))
	for i, id := range top {
		out[i] = Hit{id, scores[id]}
	}
	return out
}

// Rerank returns the k best of some hits by their inner product with q, from the
// rows [n x len(q)] that the hits are of.
func Rerank(q, rows []float32, found []Hit, k int) []Hit {
	again := make([]Hit, len(found))
	for i, h := range found {
		again[i] = Hit{h.ID, vector.Dot(q, rows[h.ID*len(q):])}
	}
	slices.SortFunc(again, func(a, b Hit) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return a.ID - b.ID
	})
	return again[:min(k, len(again))]
}

// Prefix keeps the first numbers of each vector, in the form of another codec:
// for vectors whose first dimensions are the more important ones. What is cut
// off is decoded as 0.
type Prefix struct {
	Inner Codec // of the first Inner.Dim() numbers
	Full  int   // length of the vectors
}

// Dim is the length of a vector.
func (p Prefix) Dim() int { return p.Full }

// Bytes is the size of a code.
func (p Prefix) Bytes() int { return p.Inner.Bytes() }

// Shared is that of the inner codec.
func (p Prefix) Shared() int { return p.Inner.Shared() }

// Encode implements [Codec].
func (p Prefix) Encode(code []byte, v []float32) error {
	if err := p.check(v, code); err != nil {
		return err
	}
	return p.Inner.Encode(code, v[:p.Inner.Dim()])
}

// Decode implements [Codec].
func (p Prefix) Decode(v []float32, code []byte) error {
	if err := p.check(v, code); err != nil {
		return err
	}
	clear(v)
	return p.Inner.Decode(v[:p.Inner.Dim()], code)
}

func (p Prefix) check(v []float32, code []byte) error {
	if p.Inner.Dim() > p.Full {
		return fmt.Errorf("vecstore: a prefix of %d of %d numbers", p.Inner.Dim(), p.Full)
	}
	return checkCode(p, v, code)
}

// Plain keeps float32 as it is: the codec of so many numbers.
type Plain int

// Dim is the length of a vector.
func (p Plain) Dim() int { return int(p) }

// Bytes is four a number.
func (p Plain) Bytes() int { return 4 * int(p) }

// Shared is nothing.
func (p Plain) Shared() int { return 0 }

// Encode implements [Codec].
func (p Plain) Encode(code []byte, v []float32) error {
	if err := checkCode(p, v, code); err != nil {
		return err
	}
	for i, x := range v {
		binary.LittleEndian.PutUint32(code[4*i:], math.Float32bits(x))
	}
	return nil
}

// Decode implements [Codec].
func (p Plain) Decode(v []float32, code []byte) error {
	if err := checkCode(p, v, code); err != nil {
		return err
	}
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(code[4*i:]))
	}
	return nil
}

// SVD keeps a vector's coordinates along the directions in which some training
// vectors are largest, in float32.
type SVD struct {
	dim, rank int
	v         []float32 // [rank x dim]
}

// NewSVD fits the first right singular vectors of train [n x dim].
func NewSVD(train []float32, dim, rank int) (*SVD, error) {
	if dim < 1 || len(train) == 0 || len(train)%dim != 0 || rank < 1 || rank > dim {
		return nil, fmt.Errorf("vecstore: rank %d of %d numbers in vectors of %d", rank, len(train), dim)
	}
	x := mat.NewDense(len(train)/dim, dim, nil)
	for i, v := range train {
		x.RawMatrix().Data[i] = float64(v)
	}
	gram := mat.NewSymDense(dim, nil)
	gram.SymOuterK(1, x.T())
	var eig mat.EigenSym
	if !eig.Factorize(gram, true) {
		return nil, fmt.Errorf("vecstore: the training vectors have no singular vectors")
	}
	var vectors mat.Dense
	eig.VectorsTo(&vectors)
	s := &SVD{dim, rank, make([]float32, rank*dim)}
	for r := range rank {
		for j := range dim {
			s.v[r*dim+j] = float32(vectors.At(j, dim-1-r)) // eigenvalues ascend
		}
	}
	return s, nil
}

// Dim is the length of a vector.
func (s *SVD) Dim() int { return s.dim }

// Bytes is four a coordinate.
func (s *SVD) Bytes() int { return 4 * s.rank }

// Shared is the size of the directions.
func (s *SVD) Shared() int { return 4 * len(s.v) }

// Encode implements [Codec].
func (s *SVD) Encode(code []byte, v []float32) error {
	if err := checkCode(s, v, code); err != nil {
		return err
	}
	for r := range s.rank {
		binary.LittleEndian.PutUint32(code[4*r:], math.Float32bits(vector.Dot(v, s.v[r*s.dim:])))
	}
	return nil
}

// Decode implements [Codec].
func (s *SVD) Decode(v []float32, code []byte) error {
	if err := checkCode(s, v, code); err != nil {
		return err
	}
	clear(v)
	for r := range s.rank {
		vector.AddScaled(v, math.Float32frombits(binary.LittleEndian.Uint32(code[4*r:])), s.v[r*s.dim:(r+1)*s.dim])
	}
	return nil
}

// Largest keeps the numbers of a vector that are largest in size, in float32,
// with the place of each.
type Largest struct {
	dim, keep, place int
}

// NewLargest returns a codec that keeps so many numbers of each vector.
func NewLargest(dim, keep int) (*Largest, error) {
	if keep < 1 || keep > dim || dim > 1<<16 {
		return nil, fmt.Errorf("vecstore: %d of %d numbers", keep, dim)
	}
	if dim <= 256 {
		return &Largest{dim, keep, 1}, nil
	}
	return &Largest{dim, keep, 2}, nil
}

// Dim is the length of a vector.
func (l *Largest) Dim() int { return l.dim }

// Bytes is five a number that is kept, or six in vectors of more than 256.
func (l *Largest) Bytes() int { return l.keep * (4 + l.place) }

// Shared is nothing.
func (l *Largest) Shared() int { return 0 }

// Encode implements [Codec].
func (l *Largest) Encode(code []byte, v []float32) error {
	if err := checkCode(l, v, code); err != nil {
		return err
	}
	abs := make([]float32, len(v))
	for i, x := range v {
		abs[i] = max(x, -x)
	}
	for k, i := range eval.Top(abs, l.keep, nil) {
		at := code[k*(4+l.place):]
		binary.LittleEndian.PutUint32(at, math.Float32bits(v[i]))
		at[4] = byte(i)
		if l.place == 2 {
			at[5] = byte(i >> 8)
		}
	}
	return nil
}

// Decode implements [Codec].
func (l *Largest) Decode(v []float32, code []byte) error {
	if err := checkCode(l, v, code); err != nil {
		return err
	}
	clear(v)
	for k := range l.keep {
		at := code[k*(4+l.place):]
		i := int(at[4])
		if l.place == 2 {
			i |= int(at[5]) << 8
		}
		if i >= l.dim {
			return fmt.Errorf("vecstore: a code with the place %d in a vector of %d", i, l.dim)
		}
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(at))
	}
	return nil
}
