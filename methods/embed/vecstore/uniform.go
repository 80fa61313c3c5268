package vecstore

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/offprint/offprint/methods/vector"
)

// Uniform keeps a vector's numbers as whole multiples of a step, in 4, 8 or 16
// bits: v = s round(v/s), cut off at +-(2^(b-1) - 1) s.
type Uniform struct {
	dim, bits int
	step      float32 // 0: each vector has its own, before its numbers' codes
}

// NewUniform returns a codec with one step for all vectors, such that the
// largest number of train [n x dim] has the largest code.
func NewUniform(train []float32, dim, bits int) (*Uniform, error) {
	u, err := NewUniformRows(dim, bits)
	if err != nil {
		return nil, err
	}
	if u.step = stepOf(train, bits); u.step == 0 {
		return nil, fmt.Errorf("vecstore: no training vectors but 0")
	}
	return u, nil
}

// NewUniformRows returns a codec with a step for each vector, such that its
// largest number has the largest code. It takes four bytes a vector more.
func NewUniformRows(dim, bits int) (*Uniform, error) {
	if dim < 1 || bits != 4 && bits != 8 && bits != 16 {
		return nil, fmt.Errorf("vecstore: %d numbers in %d bits each, want 4, 8 or 16 bits", dim, bits)
	}
	return &Uniform{dim: dim, bits: bits}, nil
}

// stepOf is the step with which the largest number has the largest code.
func stepOf(v []float32, bits int) float32 {
	most := float32(0)
	for _, x := range v {
		most = max(most, x, -x)
	}
	return most / float32(int(1)<<(bits-1)-1)
}

// Dim is the length of a vector.
func (u *Uniform) Dim() int { return u.dim }

// Bytes is bits/8 a number, and four for a step of its own.
func (u *Uniform) Bytes() int { return u.head() + (u.dim*u.bits+7)/8 }

// Shared is the one step, if there is one.
func (u *Uniform) Shared() int { return 4 - u.head() }

// head is where a code's numbers begin.
func (u *Uniform) head() int {
	if u.step == 0 {
		return 4
	}
	return 0
}

// Encode implements [Codec].
func (u *Uniform) Encode(code []byte, v []float32) error {
	if err := checkCode(u, v, code); err != nil {
		return err
	}
	step := u.step
	if step == 0 {
		step = stepOf(v, u.bits)
		binary.LittleEndian.PutUint32(code, math.Float32bits(step))
	}
	code = code[u.head():]
	clear(code)
	if step == 0 {
		return nil
	}
	top := float64(int(1)<<(u.bits-1) - 1)
	for i, x := range v {
		c := int(max(-top, min(top, math.RoundToEven(float64(x/step)))))
		switch u.bits {
		case 4:
			code[i/2] |= byte(c&15) << (i % 2 * 4)
		case 8:
			code[i] = byte(int8(c))
		case 16:
			binary.LittleEndian.PutUint16(code[2*i:], uint16(int16(c)))
		}
	}
	return nil
}

// Decode implements [Codec].
func (u *Uniform) Decode(v []float32, code []byte) error {
	if err := checkCode(u, v, code); err != nil {
		return err
	}
	step := u.stepIn(code)
	code = code[u.head():]
	for i := range v {
		switch u.bits {
		case 4:
			v[i] = float32(int8(code[i/2]>>(i%2*4)<<4)>>4) * step
		case 8:
			v[i] = float32(int8(code[i])) * step
		case 16:
			v[i] = float32(int16(binary.LittleEndian.Uint16(code[2*i:]))) * step
		}
	}
	return nil
}

func (u *Uniform) stepIn(code []byte) float32 {
	if u.step != 0 {
		return u.step
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(code))
}

// Scan returns the k vectors with the largest inner product with q, from codes
// of 8 bits, which are not decoded: q is rounded to 16 bits and the products are
// those of whole numbers.
func (u *Uniform) Scan(q []float32, codes []byte, k int) ([]Hit, error) {
	if u.bits != 8 || u.dim > 511 {
		return nil, fmt.Errorf("vecstore: a scan of %d numbers in %d bits, want up to 511 in 8", u.dim, u.bits)
	}
	if len(q) != u.dim || len(codes)%u.Bytes() != 0 {
		return nil, fmt.Errorf("vecstore: a query of %d numbers and %d bytes of codes, want %d and codes of %d", len(q), len(codes), u.dim, u.Bytes())
	}
	scale := stepOf(q, 16)
	wide := make([]int16, len(q))
	if scale > 0 {
		for i, x := range q {
			wide[i] = int16(math.RoundToEven(float64(x / scale)))
		}
	}
	n := len(codes) / u.Bytes()
	if n == 0 {
		return nil, nil
	}
	dots := make([]int32, n)
	vector.DotsInt8(dots, codes[u.head():], u.Bytes(), wide)
	scores := make([]float32, n)
	for i, d := range dots {
		step := u.step
		if step == 0 {
			step = math.Float32frombits(binary.LittleEndian.Uint32(codes[i*(u.dim+4):]))
		}
		scores[i] = float32(d) * scale * step
	}
	return hits(scores, k), nil
}
